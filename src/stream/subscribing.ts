import type { Instrument } from '../domain/instruments';
import { ownAccount, type Caller } from '../domain/principal';
import { refusalOf } from '../domain/refusal';
import { RESULT_CODES } from '../domain/result-code';
import type { Subscriber } from './audience';
import type { Checked, Opened, Request } from './dialect';
import type { FanOut } from './fan-out';
import { followed, followedByPowers, mayFollow } from './following';
import type { MarketFollower } from './market-follower';
import type { Refusal, Reference } from './news';
import type { StreamOptions } from './options';
import type { Resumption } from './resumption';
import type { SlowSubscribers } from './slow-subscribers';
import type { StreamPosition } from './stream-position';
import { isOfAccount, isSame, isSamePair, type InstrumentSubscription, type Subscription } from './subscriptions';
import type { Telling } from './telling';
import type { Topics } from './topics';

/** Pause before what could not begin is tried again. */
const RETRY_MS = 250;

/** Keeps what somebody follows by an operator's powers. @throws Refusal where it cannot be kept in time */
export type KeepFollowed = (caller: Caller, subscriptions: readonly Subscription[]) => Promise<void>;

/** What subscribers ask for, on connecting and later. */
export class Subscribing {
  /** Where that is kept. */
  keepFollowed: KeepFollowed = () => Promise.resolve();
  /** Who waits for accounts that could not be read. */
  private readonly waiting = new Set<Subscriber>();

  constructor(
    private readonly topics: Topics,
    private readonly fanOut: FanOut,
    private readonly follower: MarketFollower,
    private readonly telling: Telling,
    private readonly slow: SlowSubscribers,
    private readonly resumption: Resumption,
    private readonly options: StreamOptions,
  ) {}

  /** What a connection follows from its beginning. It gets nothing while what it asks for is not understood. */
  begin(subscriber: Subscriber, start: Opened['start']): void {
    if ('error' in start) {
      this.telling.refusal(subscriber, start.error);
      return;
    }
    const { wanted, since, isNamed } = start.value;
    if (isNamed) {
      this.subscribe(subscriber, wanted, since, null);
      return;
    }
    const own = followed(subscriber.who.principal, wanted, false);
    const subscriptions = 'refused' in own ? [] : own.subscriptions;
    if (subscriptions.length > this.options.subscriptionsMax) this.telling.refusal(subscriber, this.tooMany(null));
    else this.follow(subscriber, [], subscriptions, since);
  }

  /** @param text of a message; null for one that is no text */
  receive(subscriber: Subscriber, text: string | null): void {
    if (subscriber.isLeaving) return;
    subscriber.isAlive = true;
    const { messagesPerSecond } = this.options;
    if (!subscriber.mayAsk(messagesPerSecond)) {
      this.telling.refusal(subscriber, { code: 'rate_limited', messagesPerSecond, reference: null });
      this.telling.drop(subscriber, 'rate_limited');
      return;
    }
    if (subscriber.requests === null) {
      this.answer(subscriber, subscriber.session.read(text));
      this.slow.holdBack(subscriber);
    } else if (subscriber.requests.length < messagesPerSecond) {
      subscriber.requests.push(text);
    } else {
      this.telling.drop(subscriber, 'rate_limited');
    }
  }

  private answer(subscriber: Subscriber, checked: Checked<Request>): void {
    if ('error' in checked) {
      this.telling.refusal(subscriber, checked.error);
      return;
    }
    const request = checked.value;
    if (request.op === 'auth') void this.holdingBack(subscriber, () => this.authenticate(subscriber, request));
    else if (request.op === 'ping') this.telling.notice(subscriber, { is: 'pong', reference: request.reference });
    // What that brings may be much, and the client does not take what it has.
    else if (this.slow.isOverfull(subscriber)) this.slow.drop(subscriber);
    else if (request.op === 'subscribe') this.subscribe(subscriber, request.wanted, request.since, request.reference);
    else this.unsubscribe(subscriber, request);
  }

  /** Does something for a subscriber; what it asks for meanwhile waits for that. */
  private async holdingBack(subscriber: Subscriber, work: () => Promise<void>): Promise<void> {
    subscriber.requests = [];
    await work();
    this.answerWaiting(subscriber);
    this.isAwaitedBack(subscriber);
  }

  /** Finds out who it is. */
  private async authenticate(subscriber: Subscriber, { authenticate, reference }: Request & { readonly op: 'auth' }): Promise<void> {
    const told = await authenticate();
    if (subscriber.isLeaving) return;
    if ('error' in told) {
      this.telling.refusal(subscriber, told.error);
      return;
    }
    subscriber.who.principal = told;
    this.telling.notice(subscriber, { is: 'authenticated', username: told.person.username, account: ownAccount(told), reference });
  }

  /** Takes from a subscriber what it may not follow any more. */
  narrow(subscriber: Subscriber): void {
    const { subscriptions, who: { principal } } = subscriber;
    if (principal.kind !== 'caller' || subscriptions.every((one) => mayFollow(principal, one))) return;
    this.slow.catchUp(subscriber);
    const left = subscriptions.filter((one) => mayFollow(principal, one));
    this.follower.flush();
    this.keep(subscriber, left);
    this.telling.notice(subscriber, { is: 'subscribed', subscriptions: left, reference: null });
  }

  private subscribe(subscriber: Subscriber, asked: readonly Subscription[], since: StreamPosition | undefined, reference: Reference): void {
    const own = followed(subscriber.who.principal, asked, true);
    if ('refused' in own) {
      this.telling.refusal(subscriber, { code: own.refused, message: RESULT_CODES[own.refused].title, reference });
      return;
    }
    const wanted = own.subscriptions;
    // The first subscription by name replaces what was not named.
    const others = (): readonly Subscription[] => (
      subscriber.isBare ? [] : subscriber.subscriptions.filter((other) => !wanted.some((one) => isSamePair(one, other)))
    );
    if (others().length + wanted.length > this.options.subscriptionsMax) {
      this.telling.refusal(subscriber, this.tooMany(reference));
      return;
    }
    const begin = (): void => {
      const left = others();
      this.slow.catchUp(subscriber);
      subscriber.isBare = false;
      this.telling.notice(subscriber, { is: 'subscribed', subscriptions: [...left, ...wanted], reference });
      this.follow(subscriber, left, wanted, since);
    };
    const act = followedByPowers(subscriber.who.principal, wanted);
    if (act === null) begin();
    else void this.holdingBack(subscriber, () => this.beginKept(subscriber, () => this.keepFollowed(act.caller, act.subscriptions), begin, reference));
  }

  /** Begins what is an act once that is kept. */
  private async beginKept(subscriber: Subscriber, keep: () => Promise<void>, begin: () => void, reference: Reference): Promise<void> {
    try {
      await keep();
      if (!subscriber.isLeaving) begin();
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === null) throw error;
      if (!subscriber.isLeaving) this.telling.refusal(subscriber, { code: 'people_unavailable', message: refusal.message, reference });
    }
  }

  private unsubscribe(subscriber: Subscriber, { isMeant, reference }: Request & { readonly op: 'unsubscribe' }): void {
    this.slow.catchUp(subscriber);
    subscriber.isBare = false;
    const left = subscriber.subscriptions.filter((one) => !isMeant(one));
    this.follower.flush();
    this.keep(subscriber, left);
    subscriber.ofEvery = ofEvery(left, subscriber.ofEvery);
    this.telling.notice(subscriber, { is: 'subscribed', subscriptions: left, reference });
  }

  /** There is one more instrument: whoever follows every one follows it, too, as far as there is room. */
  extend(subscriber: Subscriber, instrument: Instrument): void {
    if (subscriber.isLeaving) return;
    const { subscriptions, ofEvery } = subscriber;
    const wanted = ofEvery.map((one): InstrumentSubscription => ({ ...one, instrument })).filter((one) => !subscriptions.some((other) => isSamePair(one, other)));
    if (wanted.length === 0 || subscriptions.length + wanted.length > this.options.subscriptionsMax) return;
    this.slow.catchUp(subscriber);
    this.follow(subscriber, subscriptions, wanted, undefined);
  }

  /** Gives a subscriber new subscriptions beside others that go on, or wait, as they are. */
  private follow(subscriber: Subscriber, others: readonly Subscription[], wanted: readonly Subscription[], since: StreamPosition | undefined): void {
    this.follower.flush();
    subscriber.ofEvery = ofEvery([...others, ...wanted], [...wanted, ...subscriber.ofEvery]);
    // What is only named once more is not begun anew.
    const same = since === undefined
      ? subscriber.subscriptions.filter((one) => wanted.some((other) => isSame(one, other)))
      : [];
    this.keep(subscriber, [...others, ...same]);
    const added = wanted.filter((one) => !same.some((other) => isSamePair(one, other)));
    if (added.length > 0) subscriber.awaiting = [...subscriber.awaiting, { wanted: added, since }];
    // Where something is being begun already, this comes behind it.
    if (subscriber.requests === null) void this.beginAwaited(subscriber);
  }

  /** Takes all but these subscriptions from a subscriber, whether it follows them or waits for them. */
  private keep(subscriber: Subscriber, subscriptions: readonly Subscription[]): void {
    const kept = new Set(subscriptions);
    if (subscriber.group !== null) this.fanOut.groups.join(subscriber, subscriber.group.topics.filter((topic) => kept.has(topic)));
    subscriber.awaiting = subscriber.awaiting
      .map(({ wanted, since }) => ({ wanted: wanted.filter((one) => kept.has(one)), since }))
      .filter(({ wanted }) => wanted.length > 0);
  }

  /** What a subscriber waits for may be there: that begins, unless something is being begun: then it goes on by itself. */
  isAwaitedBack(subscriber: Subscriber): void {
    if (subscriber.awaiting.length > 0 && subscriber.requests === null) void this.beginAwaited(subscriber);
  }

  /** Begins what a subscriber waits for, one after the other, as long as there are books and accounts to show. Its requests wait for the end. */
  private async beginAwaited(subscriber: Subscriber): Promise<void> {
    const { market, accounts } = this.topics;
    subscriber.requests = [];
    for (let next = subscriber.awaiting[0]; next !== undefined && market?.intact === true; next = subscriber.awaiting[0]) {
      const held = accounts.hold(next.wanted);
      try {
        if (!accounts.areKnown(next.wanted)) {
          await accounts.load(held);
          if (!accounts.areKnown(next.wanted)) {
            this.tryLater(subscriber);
            break;
          }
          // The subscriber may have left, or has to be told something else first.
          if (subscriber.awaiting[0] !== next || !market.intact) continue;
        }
        subscriber.awaiting = subscriber.awaiting.slice(1);
        if (next.since === undefined) this.beginAnew(subscriber, next.wanted);
        else await this.resumption.resume(subscriber, market, next.wanted, next.since);
      } finally {
        accounts.release(held);
      }
    }
    this.answerWaiting(subscriber);
  }

  /** Accounts could not be read. */
  private tryLater(subscriber: Subscriber): void {
    if (this.waiting.size === 0) {
      setTimeout(() => {
        const again = [...this.waiting];
        this.waiting.clear();
        for (const one of again) this.isAwaitedBack(one);
      }, RETRY_MS).unref();
    }
    this.waiting.add(subscriber);
  }

  private beginAnew(subscriber: Subscriber, wanted: readonly Subscription[]): void {
    // What others are still to be told is in what it is shown.
    this.follower.flush();
    const topics = wanted.map((one) => this.topics.of(one));
    this.fanOut.follow(subscriber, topics);
    this.telling.first(subscriber, topics);
  }

  /** Requests that came while missed messages were told. */
  private answerWaiting(subscriber: Subscriber): void {
    const waiting = subscriber.requests ?? [];
    subscriber.requests = null;
    for (const request of waiting) {
      // One of them may begin another such telling.
      const next = subscriber.requests as (string | null)[] | null;
      if (next !== null) next.push(request);
      else if (!subscriber.isLeaving) this.answer(subscriber, subscriber.session.read(request));
    }
  }

  private tooMany(reference: Reference): Refusal {
    return { code: 'subscription_limit', subscriptionsMax: this.options.subscriptionsMax, reference };
  }
}

type OfEvery = Omit<InstrumentSubscription, 'instrument'>;

/**
 * What is followed of every instrument.
 * @param left all that is followed
 * @param asked what was asked for, the last first
 */
function ofEvery(left: readonly Subscription[], asked: readonly (Subscription | OfEvery)[]): readonly OfEvery[] {
  const found = new Map<string, OfEvery>();
  for (const one of asked) {
    if (!('depth' in one)) continue;
    const { channel, depth, owner, isOfAll } = one;
    const key = `${channel}/${owner ?? ''}`;
    if (isOfAll !== true || found.has(key)) continue;
    if (left.some((other) => !isOfAccount(other) && other.channel === channel && other.owner === owner)) found.set(key, { channel, depth, owner, isOfAll });
  }
  return [...found.values()];
}
