import type { Channel } from '../domain/channels';
import type { Instrument } from '../domain/instruments';

/** One channel of one instrument that a client follows, or is about to. */
export interface Subscription {
  readonly channel: Channel;
  readonly instrument: Instrument;
  /** Levels of each side, for a book that is not followed whole. */
  readonly depth: number | null;
}

export function isSamePair(a: Subscription, b: Subscription): boolean {
  return a.channel === b.channel && a.instrument === b.instrument;
}
