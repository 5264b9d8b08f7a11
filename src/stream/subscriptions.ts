import type { AccountChannel, InstrumentChannel } from '../domain/channels';
import type { Instrument } from '../domain/instruments';

/** What a client follows, or is about to: one channel of one instrument, or of one account. */
export type Subscription = InstrumentSubscription | AccountSubscription;

export interface InstrumentSubscription {
  readonly channel: InstrumentChannel;
  readonly instrument: Instrument;
  /** Levels of each side, for a book that is not followed whole. */
  readonly depth: number | null;
  /** The account whose orders alone are followed; null for whoever is told of all. */
  readonly owner: string | null;
  /** Whether it came with all instruments, which were not named: then instruments that are made later come with it, too. */
  readonly isOfAll?: boolean;
}

export interface AccountSubscription {
  readonly channel: AccountChannel;
  readonly account: string;
}

export function isOfAccount(subscription: Subscription): subscription is AccountSubscription {
  return 'account' in subscription;
}

/** What is followed, in a word: `fills:alice`, `orders:BTC-USD`, `orders:BTC-USD:alice`. */
export function nameOfSubscription(one: Subscription): string {
  if (isOfAccount(one)) return `${one.channel}:${one.account}`;
  return [one.channel, one.instrument.instrument, ...one.owner === null ? [] : [one.owner]].join(':');
}

export function isSamePair(a: Subscription, b: Subscription): boolean {
  if (a.channel !== b.channel) return false;
  return isOfAccount(a) ? isOfAccount(b) && a.account === b.account : !isOfAccount(b) && a.instrument.instrument === b.instrument.instrument && a.owner === b.owner;
}

/** Whether both follow the same in the same way. */
export function isSame(a: Subscription, b: Subscription): boolean {
  return isSamePair(a, b) && (isOfAccount(a) || isOfAccount(b) || a.depth === b.depth);
}
