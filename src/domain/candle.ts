import type { Trade } from './order';

/**
 * Candles: the trades of an instrument in one interval of time, as their first, highest, lowest and last price and
 * their sums. Intervals begin at whole multiples of their length since 1970, which are UTC's seconds, minutes, hours
 * and days.
 */

export const INTERVAL_SECONDS = { '1s': 1, '1m': 60, '5m': 300, '15m': 900, '1h': 3_600, '1d': 86_400 } as const;
export type Interval = keyof typeof INTERVAL_SECONDS;
export const INTERVALS = Object.keys(INTERVAL_SECONDS) as readonly Interval[];

/** What Postgres keeps, in seconds. A longer one is made of at most 24 candles of these when it is read. */
export const STORED_INTERVALS_S = [1, 60, 3_600] as const;

/** The stored interval that candles of `intervalS` are made of: the longest that fits. */
export function storedIntervalS(intervalS: number): number {
  return [...STORED_INTERVALS_S].reverse().find((stored) => intervalS % stored === 0) ?? 1;
}

/** @returns start of the interval that a second lies in */
export function startOf(second: number, intervalS: number): number {
  return second - (second % intervalS);
}

export interface Candle {
  readonly startS: number;
  readonly openTicks: number;
  readonly highTicks: number;
  readonly lowTicks: number;
  readonly closeTicks: number;
  /** Sums outgrow 2^53. */
  readonly volumeLots: bigint;
  /** Σ price_ticks × quantity_lots. */
  readonly notional: bigint;
  readonly trades: number;
  readonly firstTradeId: number;
  readonly lastTradeId: number;
}

/** A sum of any size: a plain number for as long as that is exact, since most sums never outgrow it. */
class ExactSum {
  private low = 0;
  private high = 0n;

  add(value: number): void {
    const sum = this.low + value;
    if (sum <= Number.MAX_SAFE_INTEGER) {
      this.low = sum;
      return;
    }
    this.high += BigInt(this.low);
    this.low = value;
  }

  addProduct(a: number, b: number): void {
    const product = a * b;
    if (product <= Number.MAX_SAFE_INTEGER) this.add(product);
    else this.high += BigInt(a) * BigInt(b);
  }

  addBig(value: bigint): void {
    this.high += value;
  }

  get value(): bigint {
    return this.high + BigInt(this.low);
  }
}

/**
 * A candle in the making. Open and close go by trade id, not by the order of arrival: an entry that Postgres refused
 * may be written long after its neighbours.
 */
export class CandleBuilder implements Candle {
  openTicks = 0;
  highTicks = 0;
  lowTicks = Number.MAX_SAFE_INTEGER;
  closeTicks = 0;
  trades = 0;
  firstTradeId = Number.MAX_SAFE_INTEGER;
  lastTradeId = 0;
  private readonly volume = new ExactSum();
  private readonly value = new ExactSum();

  constructor(readonly startS: number) {}

  get volumeLots(): bigint {
    return this.volume.value;
  }

  get notional(): bigint {
    return this.value.value;
  }

  addTrade(tradeId: number, priceTicks: number, quantityLots: number): void {
    this.stretch(tradeId, tradeId, priceTicks, priceTicks, priceTicks, priceTicks);
    this.trades++;
    this.volume.add(quantityLots);
    this.value.addProduct(priceTicks, quantityLots);
  }

  addCandle(candle: Candle): void {
    this.stretch(candle.firstTradeId, candle.lastTradeId, candle.openTicks, candle.closeTicks, candle.highTicks, candle.lowTicks);
    this.trades += candle.trades;
    this.volume.addBig(candle.volumeLots);
    this.value.addBig(candle.notional);
  }

  private stretch(firstTradeId: number, lastTradeId: number, open: number, close: number, high: number, low: number): void {
    if (firstTradeId < this.firstTradeId) {
      this.firstTradeId = firstTradeId;
      this.openTicks = open;
    }
    if (lastTradeId > this.lastTradeId) {
      this.lastTradeId = lastTradeId;
      this.closeTicks = close;
    }
    if (high > this.highTicks) this.highTicks = high;
    if (low < this.lowTicks) this.lowTicks = low;
  }
}

/** Candles of one instrument and one interval, by their starts. */
export class CandleSeries {
  readonly candles = new Map<number, CandleBuilder>();
  private newest: CandleBuilder | null = null;

  constructor(readonly intervalS: number) {}

  addTrade(second: number, tradeId: number, priceTicks: number, quantityLots: number): void {
    this.at(second).addTrade(tradeId, priceTicks, quantityLots);
  }

  /** @param candle of this interval or one that it is a multiple of */
  addCandle(candle: Candle): void {
    this.at(candle.startS).addCandle(candle);
  }

  private at(second: number): CandleBuilder {
    const start = startOf(second, this.intervalS);
    // Trades come in the order of their time, mostly.
    if (this.newest?.startS === start) return this.newest;
    let candle = this.candles.get(start);
    if (candle === undefined) this.candles.set(start, candle = new CandleBuilder(start));
    this.newest = candle;
    return candle;
  }

  /** Oldest first. */
  sorted(): CandleBuilder[] {
    return [...this.candles.values()].sort((a, b) => a.startS - b.startS);
  }
}

export function secondOf(timeUs: number): number {
  return Math.floor(timeUs / 1e6);
}

export interface StoredCandle {
  readonly instrument: string;
  readonly intervalS: number;
  readonly candle: Candle;
}

const compareText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

/**
 * What trades add to the stored candles. In one order whatever the trades' is: two transactions that write the same
 * candles wait for each other instead of deadlocking.
 */
export function storedCandlesOf(trades: Iterable<Trade>): StoredCandle[] {
  const seconds = new Map<string, CandleSeries>();
  for (const trade of trades) {
    let series = seconds.get(trade.instrument);
    if (series === undefined) seconds.set(trade.instrument, series = new CandleSeries(1));
    series.addTrade(secondOf(trade.executedUs), trade.tradeId, trade.priceTicks, trade.quantityLots);
  }
  const stored: StoredCandle[] = [];
  for (const [instrument, series] of [...seconds].sort(([a], [b]) => compareText(a, b))) {
    let finer = series;
    for (const intervalS of STORED_INTERVALS_S) {
      if (intervalS !== finer.intervalS) {
        const coarser = new CandleSeries(intervalS);
        for (const candle of finer.candles.values()) coarser.addCandle(candle);
        finer = coarser;
      }
      for (const candle of finer.sorted()) stored.push({ instrument, intervalS, candle });
    }
  }
  return stored;
}
