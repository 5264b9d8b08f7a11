import type { Channel } from '../domain/channels';
import type { Instrument } from '../domain/instruments';

/** One channel of one instrument that a client follows, or is about to. */
export interface Subscription {
  readonly channel: Channel;
  readonly instrument: Instrument;
  /** Levels of each side, for a book that is not followed whole. */
  readonly depth: number | null;
}

/** Subscriptions as a client is told of them: the instruments of each channel, books of another depth apart. */
export function viewSubscriptions(subscriptions: readonly Subscription[]): { channel: Channel; instruments: string[]; depth?: number }[] {
  const views = new Map<string, { channel: Channel; instruments: string[]; depth?: number }>();
  for (const { channel, instrument, depth } of subscriptions) {
    const key = `${channel}/${depth ?? ''}`;
    const view = views.get(key);
    if (view === undefined) views.set(key, { channel, instruments: [instrument.instrument], ...(depth === null ? {} : { depth }) });
    else view.instruments.push(instrument.instrument);
  }
  return [...views.values()];
}

export function isSamePair(a: Subscription, b: Subscription): boolean {
  return a.channel === b.channel && a.instrument === b.instrument;
}
