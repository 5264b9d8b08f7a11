import type { AccountChannel, InstrumentChannel } from '../domain/channels';
import type { Instrument } from '../domain/instruments';
import type { Backlog } from './backlog';
import type { StreamSession } from './dialect';
import type { Encoding } from './encoding';
import type { Who } from './following';
import type { Link } from './link';
import type { Message } from './message';
import type { StreamPosition } from './stream-position';
import type { AccountSubscription, InstrumentSubscription, Subscription } from './subscriptions';

/** What a subscription is to: all that is told of it is told to all that follow it. */
export type Topic = InstrumentTopic | AccountTopic;

abstract class Followed {
  private static lastId = 0;
  readonly id = ++Followed.lastId;
  /** Groups of subscribers that follow it. */
  readonly groups = new Set<Group>();

  /** The last one that followed it does so no longer. */
  left(): void {}
}

/** One channel of one instrument. */
export class InstrumentTopic extends Followed implements InstrumentSubscription {
  constructor(
    readonly channel: InstrumentChannel,
    readonly instrument: Instrument,
    /** Levels of each side, for a book that is not followed whole. */
    readonly depth: number | null = null,
    readonly owner: string | null = null,
    /** Forgets it: of topics that are known only while somebody follows them. */
    private readonly drop: (topic: InstrumentTopic) => void = () => undefined,
  ) {
    super();
  }

  override left(): void {
    this.drop(this);
  }
}

/** One channel of one account. There may be as many as there are names: it is known only while somebody follows it. */
export class AccountTopic extends Followed implements AccountSubscription {
  /** @param drop forgets it */
  constructor(readonly channel: AccountChannel, readonly account: string, private readonly drop: (topic: AccountTopic) => void) {
    super();
  }

  override left(): void {
    this.drop(this);
  }
}

/** Subscriptions that begin together: behind a position, or with everything as it is. */
export interface AwaitedStart {
  readonly wanted: readonly Subscription[];
  readonly since: StreamPosition | undefined;
}

export const NOTHING_AWAITED: readonly AwaitedStart[] = [];

const NOTHING_OF_EVERY: readonly Omit<InstrumentSubscription, 'instrument'>[] = [];

/** One connection. There may be many thousands, so it holds little. */
export class Subscriber {
  group: Group | null = null;
  /** What it subscribed to while there were no books to begin with. */
  awaiting = NOTHING_AWAITED;
  /** What it follows of every instrument, without having named any: of one that is made later, too. */
  ofEvery: readonly Omit<InstrumentSubscription, 'instrument'>[] = NOTHING_OF_EVERY;
  /** Until it subscribes by name, it gets what a connection gets that names nothing. */
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
  /** Texts of requests that wait while missed messages are told, or while it is found out who it is. */
  requests: (string | null)[] | null = null;
  /** Somebody listens for the moment in which nothing waits for it any more. */
  awaitsDrain = false;

  private windowMs = 0;
  private windowMessages = 0;

  constructor(readonly link: Link, readonly session: StreamSession, readonly address: string, readonly who: Who) {}

  /** How messages are put into bytes for it. */
  get encoding(): Encoding {
    return this.link.encoding;
  }

  /** All that it follows, or will once that has begun. */
  get subscriptions(): readonly Subscription[] {
    return [...this.group?.topics ?? [], ...this.awaiting.flatMap(({ wanted }) => wanted)];
  }

  write(messages: readonly Message[]): void {
    if (messages.length === 0) return;
    this.lastSentMs = Date.now();
    this.link.write(this.encoding.joined(messages));
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

/**
 * The subscribers with one and the same set of subscriptions. What a turn brings is gathered for the group and put into one
 * buffer for all that have the same encoding: a subscriber costs one write a turn, however many messages it gets.
 */
export class Group {
  readonly subscribers = new Set<Subscriber>();
  readonly pending: Message[] = [];

  constructor(readonly key: string, readonly topics: readonly Topic[]) {}
}
