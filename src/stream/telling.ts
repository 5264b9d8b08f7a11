import { NOTHING_AWAITED, type Subscriber, type Topic } from './audience';
import type { EndReason } from './dialect';
import type { FanOut } from './fan-out';
import type { MarketFollower } from './market-follower';
import { Message } from './message';
import type { Notice, Refusal, ResyncReason } from './news';
import type { StreamObserver } from './options';
import type { Topics } from './topics';

/** Longest wait for a client to take what waits for it and the close behind that. */
const DROP_GRACE_MS = 2_000;

/** Tells one subscriber what is for it alone: answers, what a topic begins with, and that it is over. */
export class Telling {
  constructor(
    private readonly topics: Topics,
    private readonly fanOut: FanOut,
    private readonly follower: MarketFollower,
    private readonly observer: StreamObserver,
  ) {}

  notice(subscriber: Subscriber, notice: Notice): void {
    this.fanOut.flush();
    if (!subscriber.link.isOpen) return;
    const { epoch } = this.follower.position;
    const { sequence, bookSequence } = subscriber.backlog?.stands ?? this.follower.position;
    subscriber.write([new Message({ kind: 'notice', notice, epoch, sequence: Math.min(sequence, bookSequence), timeUs: Date.now() * 1_000 })]);
    this.observer.sent(1);
  }

  refusal(subscriber: Subscriber, refusal: Refusal): void {
    this.notice(subscriber, { is: 'refused', refusal });
  }

  resync(subscriber: Subscriber, reason: ResyncReason): void {
    this.notice(subscriber, { is: 'resync', reason });
    this.observer.resynced();
  }

  /** What topics begin with. Nothing may wait to be told. */
  first(subscriber: Subscriber, topics: readonly Topic[]): void {
    this.messages(subscriber, topics.flatMap((topic) => this.topics.firstOf(topic)));
  }

  /** Messages behind which it has been told everything. */
  messages(subscriber: Subscriber, messages: readonly Message[]): void {
    subscriber.write(messages);
    this.mark(subscriber);
    this.observer.sent(messages.length);
  }

  /** Lets a subscriber know that it has been told everything, unless something is still to begin. */
  mark(subscriber: Subscriber): void {
    if (subscriber.awaiting.length === 0) subscriber.link.mark(this.follower.position);
  }

  /** From here on it is told nothing. */
  leave(subscriber: Subscriber): void {
    subscriber.isLeaving = true;
    subscriber.backlog = null;
    subscriber.awaiting = NOTHING_AWAITED;
    this.fanOut.groups.leave(subscriber);
  }

  /** Closes behind what waits for it. */
  end(subscriber: Subscriber, reason: EndReason): void {
    this.leave(subscriber);
    subscriber.link.close(subscriber.session.encoder.farewell(reason));
  }

  /** Closes a subscriber that does not keep to the rules; one that does not even take that is cut off. */
  drop(subscriber: Subscriber, reason: EndReason): void {
    this.end(subscriber, reason);
    setTimeout(() => subscriber.link.destroy(), DROP_GRACE_MS).unref();
  }
}
