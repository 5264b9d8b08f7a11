import type { Group, Subscriber, Topic } from './audience';
import type { Encoding } from './encoding';
import { withOwnBooksTold } from './event-ids';
import { Groups } from './groups';
import type { Message } from './message';
import type { StreamObserver } from './options';

/** Takes a turn's messages for one subscriber. @param bytes them all as bytes, which its neighbours share */
export type Deliver = (subscriber: Subscriber, messages: readonly Message[], nowMs: number, bytes: () => Buffer) => void;

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
      // Of each encoding, made when the first subscriber needs it.
      const bytes = new Map<Encoding, Buffer>();
      for (const subscriber of group.subscribers) {
        this.deliver(subscriber, messages, nowMs, () => {
          const { encoding, link } = subscriber;
          let joined = bytes.get(encoding);
          if (joined === undefined) bytes.set(encoding, joined = encoding.joined(link.kind === 'events' ? withOwnBooksTold(messages) : messages));
          return joined;
        });
      }
      this.observer.sent(messages.length * group.subscribers.size);
    }
    this.gathering.clear();
  }

  /** Adds topics to what a subscriber follows. */
  follow(subscriber: Subscriber, topics: readonly Topic[]): void {
    this.groups.join(subscriber, [...subscriber.group?.topics ?? [], ...topics]);
  }
}
