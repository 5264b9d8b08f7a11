import type { Channel } from '../domain/channels';
import type { Instrument } from '../domain/instruments';
import type { Backlog } from './backlog';
import type { Link } from './link';
import type { Message } from './message';
import type { Position } from './position';
import type { Checked, Request } from './requests';
import type { Subscription } from './subscriptions';

/** One channel of one instrument: what a subscription is to. */
export class Topic implements Subscription {
  private static lastId = 0;
  readonly id = ++Topic.lastId;
  /** Groups of clients that follow it. */
  readonly groups = new Set<Group>();

  constructor(
    readonly channel: Channel,
    readonly instrument: Instrument,
    /** Levels of each side, for a book that is not followed whole. */
    readonly depth: number | null = null,
  ) {}
}

/** Subscriptions that begin together: behind a position, or with everything as it is. */
export interface AwaitedStart {
  readonly wanted: readonly Subscription[];
  readonly since: Position | undefined;
}

export const NOTHING_AWAITED: readonly AwaitedStart[] = [];

/** One connection. There may be many thousands, so it holds little. */
export class Client {
  group: Group | null = null;
  /** What it subscribed to while there were no books to begin with. */
  awaiting = NOTHING_AWAITED;
  /** Levels of each side that it asked for on connecting; null for whole books. */
  depth: number | null = null;
  /** Until it subscribes by name, a client gets what a bare connection gets. */
  isBare = true;
  lastSentMs = Date.now();
  /** Whether it gave a sign of life since it was asked for one. */
  isAlive = true;
  isLeaving = false;
  /** What waits for it, while it is behind. */
  backlog: Backlog | null = null;
  /** Since when more has waited for it than may, all the time. */
  behindSinceMs: number | null = null;
  /** Nothing is read from it, since too much waits for it. */
  isHeldBack = false;
  /** Requests that wait while missed messages are told. */
  requests: Checked<Request>[] | null = null;
  /** Somebody listens for the moment in which nothing waits for it any more. */
  awaitsDrain = false;

  private windowMs = 0;
  private windowMessages = 0;

  constructor(readonly link: Link, readonly address: string) {}

  /** All that it follows, or will once that has begun. */
  get subscriptions(): readonly Subscription[] {
    return [...this.group?.topics ?? [], ...this.awaiting.flatMap(({ wanted }) => wanted)];
  }

  write(messages: readonly Message[]): void {
    if (messages.length === 0) return;
    this.lastSentMs = Date.now();
    this.link.write(joined(messages, this.link));
  }

  /** Counts a message of the client. @returns false when it is one too many for this second */
  mayAsk(perSecond: number): boolean {
    const now = Date.now();
    if (now - this.windowMs >= 1_000) {
      this.windowMs = now;
      this.windowMessages = 0;
    }
    return ++this.windowMessages <= perSecond;
  }
}

/** Messages as one buffer for a kind of link. */
export function joined(messages: readonly Message[], link: Link): Buffer {
  const [first] = messages;
  if (messages.length === 1 && first !== undefined) return link.encode(first);
  return Buffer.concat(messages.map((message) => link.encode(message)));
}

/**
 * The clients with one and the same set of subscriptions. What a turn brings is gathered for the group and put into one
 * buffer for all its clients: a client costs one write a turn, however many messages it gets.
 */
export class Group {
  readonly clients = new Set<Client>();
  readonly pending: Message[] = [];

  constructor(readonly key: string, readonly topics: readonly Topic[]) {}
}

/** Every group that has clients, by its topics. */
export class Groups {
  private readonly byKey = new Map<string, Group>();

  /** Moves a client to the group with exactly these topics. */
  join(client: Client, topics: readonly Topic[]): void {
    const sorted = [...topics].sort((a, b) => a.id - b.id);
    const key = sorted.map((topic) => topic.id).join();
    if (client.group?.key === key) return;
    this.leave(client);
    let group = this.byKey.get(key);
    if (group === undefined) {
      group = new Group(key, sorted);
      this.byKey.set(key, group);
      for (const topic of sorted) topic.groups.add(group);
    }
    group.clients.add(client);
    client.group = group;
  }

  leave(client: Client): void {
    const group = client.group;
    if (group === null) return;
    client.group = null;
    group.clients.delete(client);
    if (group.clients.size > 0) return;
    this.byKey.delete(group.key);
    for (const topic of group.topics) topic.groups.delete(group);
  }
}
