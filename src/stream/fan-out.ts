import type { Group, Subscriber, Topic } from './audience';
import type { Encoding } from './encoding';
import { withOwnBooksTold } from './event-ids';
import { Groups } from './groups';
import type { Link } from './link';
import type { Message } from './message';
import type { StreamObserver } from './options';

/** A turn's messages as one buffer for each encoding, made when the first subscriber needs it. */
export class SharedBytes {
  // Most groups have one encoding: what that needs stands here, all else aside.
  private encoding: Encoding | null = null;
  private bytes: Buffer | null = null;
  private others: Map<Encoding, Buffer> | null = null;

  constructor(private readonly messages: readonly Message[]) {}

  of(link: Link): Buffer {
    const { encoding } = link;
    if (this.encoding === encoding && this.bytes !== null) return this.bytes;
    if (this.encoding === null) {
      this.encoding = encoding;
      return this.bytes = this.make(link);
    }
    const others = this.others ??= new Map<Encoding, Buffer>();
    let bytes = others.get(encoding);
    if (bytes === undefined) others.set(encoding, bytes = this.make(link));
    return bytes;
  }

  private make({ encoding, kind }: Link): Buffer {
    return encoding.joined(kind === 'events' ? withOwnBooksTold(this.messages) : this.messages);
  }
}

/** Takes a turn's messages for one subscriber. */
export type Deliver = (subscriber: Subscriber, messages: readonly Message[], nowMs: number, bytes: SharedBytes) => void;

/** Gathers what a turn brings, and hands it to each group of subscribers at the turn's end. What is made for one is made for all. */
export class FanOut {
  readonly groups = new Groups();
  /** Groups with messages that leave at the end of the turn. */
  private readonly gathering = new Set<Group>();

  constructor(private readonly deliver: Deliver, private readonly observer: StreamObserver) {}

  put(topic: Topic, message: Message): void {
    if (this.gathering.size === 0) process.nextTick(() => this.flush());
    for (const group of topic.groups) {
      group.pending.push(message);
      this.gathering.add(group);
    }
  }

  /** Hands over what has been gathered, at once. */
  flush(): void {
    if (this.gathering.size === 0) return;
    const nowMs = Date.now();
    for (const group of this.gathering) {
      const messages = group.pending.splice(0);
      const bytes = new SharedBytes(messages);
      for (const subscriber of group.subscribers) this.deliver(subscriber, messages, nowMs, bytes);
      this.observer.sent(messages.length * group.subscribers.size);
    }
    this.gathering.clear();
  }

  /** Adds topics to what a subscriber follows. */
  follow(subscriber: Subscriber, topics: readonly Topic[]): void {
    this.groups.join(subscriber, [...subscriber.group?.topics ?? [], ...topics]);
  }
}
