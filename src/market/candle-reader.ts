import { CandleSeries, INTERVAL_SECONDS, startOf, type Candle, type Interval } from '../domain/candle';
import type { Context } from '../domain/context';
import type { InstrumentTable } from '../domain/instrument-table';
import type { Instrument } from '../domain/instruments';
import type { Staleness } from '../domain/staleness';
import { UnavailableError } from '../domain/unavailable';

/** What Postgres holds, and up to which place of the log. */
export interface RecordedCandles {
  readonly epoch: string;
  readonly sequence: number;
  /** Oldest first. */
  readonly candles: readonly Candle[];
}

/** The newest trades, as far back as Postgres may not hold them. */
export interface UnrecordedTrades {
  /** Adds those behind log sequence `after` that are of candles from `fromS` on and before `toS`. */
  addTo(series: CandleSeries, after: number, fromS: number, toS: number): void;
  /** The last one behind log sequence `after` before `beforeS`. */
  lastBefore(after: number, beforeS: number): Candle | null;
}

export interface CandleSources {
  /**
   * Memory with everything that was acknowledged before the call.
   * @returns null where that cannot be had in time
   */
  unrecorded(instrument: string): Promise<{ readonly epoch: string; readonly trades: UnrecordedTrades } | null>;
  /** Candles that begin from `fromS` on and before `toS`; of more than `limit` the newest, or the oldest. */
  recorded(instrument: string, intervalS: number, fromS: number, toS: number, limit: number, newest: boolean): Promise<RecordedCandles>;
  recordedBefore(instrument: string, intervalS: number, beforeS: number): Promise<Candle | null>;
  /** What memory holds of an interval: all there is while Postgres is away. Oldest first. */
  remembered(instrument: string, intervalS: number): readonly Candle[];
  /** The venue's time, in seconds. */
  nowS(): number;
  staleness(): Promise<Staleness>;
}

/** Starts of candles from `fromS` on and before `toS`; of more than `limit` the newest, or the oldest. */
interface Range {
  readonly intervalS: number;
  readonly fromS: number;
  readonly toS: number;
  readonly limit: number;
  readonly newest: boolean;
}

interface Found {
  readonly candles: readonly Candle[];
  /** The last one before them, as far as one is known; asked for only to fill gaps. */
  readonly before: Candle | null;
  readonly isStale: boolean;
}

const MICROSECONDS = 1e6;

/** Candles of one interval; with a start the oldest ones behind it, else the newest ones before the end. */
export interface CandlesQuery {
  readonly instrument: string;
  readonly interval: Interval;
  /** In µs, as `endUs`; null where there is no bound. A start lies before the end. */
  readonly startUs: number | null;
  readonly endUs: number | null;
  readonly limit: number;
  /** Whether a time without trades has a candle, too, with the price before it and no volume. */
  readonly isFilled: boolean;
}

export interface CandlesPage {
  readonly instrument: Instrument;
  /** Oldest first. */
  readonly candles: readonly Candle[];
  /** Set where candles, or trades of theirs, may be missing. */
  readonly stale: Staleness | null;
}

/** Reading candles, from Postgres and, for what Postgres may not hold yet, from memory. */
export class CandleReader {
  constructor(private readonly sources: CandleSources, private readonly instruments: InstrumentTable) {}

  /** @throws Refusal `instrument_not_found` */
  async candles(_context: Context, query: CandlesQuery): Promise<CandlesPage> {
    const instrument = this.instruments.require(query.instrument);
    const range = query.isFilled ? this.slots(query) : this.range(query);
    const found = await this.find(query.instrument, range, query.isFilled);
    return {
      instrument,
      candles: query.isFilled ? fill(found, range) : found.candles,
      stale: found.isStale ? await this.sources.staleness() : null,
    };
  }

  /** Of a start the candles behind it, else those before the end. */
  private range({ interval, startUs, endUs, limit }: CandlesQuery): Range {
    const intervalS = INTERVAL_SECONDS[interval];
    return {
      intervalS,
      fromS: startUs === null ? 0 : firstFrom(startUs, intervalS),
      toS: endUs === null ? Number.MAX_SAFE_INTEGER : firstFrom(endUs, intervalS),
      limit,
      newest: startUs === null,
    };
  }

  /**
   * The same up to the candle that is under way. Where the filled candles begin is known only once it is known when the
   * first trade was; the oldest ones of the range, as many as the limit, are enough to fill a page wherever that is.
   */
  private slots(query: CandlesQuery): Range {
    const { intervalS, fromS, toS, limit } = this.range(query);
    const under = startOf(this.sources.nowS(), intervalS) + intervalS;
    const endS = Math.min(under, toS);
    return { intervalS, fromS: query.startUs === null ? Math.max(0, endS - limit * intervalS) : fromS, toS: endS, limit, newest: false };
  }

  private async find(instrument: string, range: Range, withBefore: boolean): Promise<Found> {
    const { intervalS, fromS, toS, limit, newest } = range;
    // Memory first: what Postgres takes over while it is read must not be missing from both.
    const memory = await this.sources.unrecorded(instrument);
    let recorded: RecordedCandles;
    let before: Candle | null;
    try {
      recorded = await this.sources.recorded(instrument, intervalS, fromS, toS, limit, newest);
      before = withBefore ? await this.sources.recordedBefore(instrument, intervalS, fromS) : null;
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      return this.fromMemory(instrument, range);
    }
    const series = new CandleSeries(intervalS);
    for (const candle of recorded.candles) series.addCandle(candle);
    // Sequences of another life say nothing of this one.
    const trades = memory?.epoch === recorded.epoch ? memory.trades : null;
    trades?.addTo(series, recorded.sequence, fromS, toS);
    const later = withBefore ? trades?.lastBefore(recorded.sequence, fromS) : null;
    return { candles: cut(series.sorted(), range), before: later ?? before, isStale: trades === null };
  }

  private fromMemory(instrument: string, range: Range): Found {
    const all = this.sources.remembered(instrument, range.intervalS);
    return {
      candles: cut(all.filter(({ startS }) => startS >= range.fromS && startS < range.toS), range),
      before: all.filter(({ startS }) => startS < range.fromS).at(-1) ?? null,
      isStale: true,
    };
  }
}

/** The first start that is not before a moment. */
function firstFrom(momentUs: number, intervalS: number): number {
  return Math.ceil(momentUs / (intervalS * MICROSECONDS)) * intervalS;
}

function cut(candles: readonly Candle[], { limit, newest }: Range): readonly Candle[] {
  return newest ? candles.slice(-limit) : candles.slice(0, limit);
}

/** A page with flat candles without volume where nothing was traded; it begins no earlier than the first trade ever. */
function fill({ candles, before }: Found, { intervalS, fromS, toS, limit }: Range): Candle[] {
  const byStart = new Map(candles.map((candle) => [candle.startS, candle]));
  const filled: Candle[] = [];
  let previous = before ?? candles[0];
  if (previous === undefined) return filled;
  for (let startS = before === null ? previous.startS : fromS; startS < toS && filled.length < limit; startS += intervalS) {
    previous = byStart.get(startS) ?? flat(previous, startS);
    filled.push(previous);
  }
  return filled;
}

function flat({ closeTicks, lastTradeId }: Candle, startS: number): Candle {
  return {
    startS, openTicks: closeTicks, highTicks: closeTicks, lowTicks: closeTicks, closeTicks,
    volumeLots: 0n, notional: 0n, trades: 0, firstTradeId: lastTradeId, lastTradeId,
  };
}
