import { CandleBuilder, startOf, type Candle, type CandleSeries } from '../domain/candle';

/** A second's trades that Postgres may not have yet, added up, and one by one. */
interface TailSecond {
  readonly candle: CandleBuilder;
  readonly firstSequence: number;
  lastSequence: number;
  /** Four numbers each: sequence, trade id, price in ticks, quantity in lots. A million of them may wait. */
  readonly trades: number[];
}

export type TailView = readonly TailSecond[];

/** The newest trades of one instrument, as far back as Postgres may not hold them. */
export class TradeTail {
  private seconds: TailSecond[] = [];

  add(sequence: number, second: number, tradeId: number, priceTicks: number, quantityLots: number): void {
    let last = this.seconds[this.seconds.length - 1];
    if (last?.candle.startS !== second) {
      last = { candle: new CandleBuilder(second), firstSequence: sequence, lastSequence: sequence, trades: [] };
      this.seconds.push(last);
    }
    last.lastSequence = sequence;
    last.candle.addTrade(tradeId, priceTicks, quantityLots);
    last.trades.push(sequence, tradeId, priceTicks, quantityLots);
  }

  /** Puts trades in front that are older than all of its own. */
  prepend(older: TradeTail): void {
    this.seconds = [...older.seconds, ...this.seconds];
  }

  get isEmpty(): boolean {
    return this.seconds.length === 0;
  }

  /**
   * The trades as they are now. Taken before Postgres is asked, it holds on to all that the answer may not contain: what
   * is let go of meanwhile stays in it.
   */
  get view(): TailView {
    return this.seconds;
  }

  /** Lets go of what Postgres holds up to `sequence`. */
  letGo(sequence: number): void {
    const first = this.seconds.findIndex((second) => second.lastSequence > sequence);
    // A new list: views keep the old one.
    if (first !== 0 && this.seconds.length > 0) this.seconds = first < 0 ? [] : this.seconds.slice(first);
  }
}

/** Adds the trades behind log sequence `after` to the candles that begin from `fromS` on and before `toS`. */
export function addTail(view: TailView, after: number, fromS: number, toS: number, series: CandleSeries): void {
  for (const { candle, firstSequence, lastSequence, trades } of view) {
    const start = startOf(candle.startS, series.intervalS);
    if (lastSequence <= after || start < fromS || start >= toS) continue;
    if (firstSequence > after) {
      series.addCandle(candle);
      continue;
    }
    // The record ends within this second: its later trades one by one.
    for (let i = 0; i < trades.length; i += 4) {
      if ((trades[i] as number) > after) series.addTrade(candle.startS, trades[i + 1] as number, trades[i + 2] as number, trades[i + 3] as number);
    }
  }
}

/** Last trade behind log sequence `after` in a second before `beforeS`, as the candle of its second's later trades. */
export function lastInTail(view: TailView, after: number, beforeS: number, series: CandleSeries): Candle | null {
  for (let i = view.length - 1; i >= 0; i--) {
    const second = view[i] as TailSecond;
    if (second.candle.startS >= beforeS) continue;
    if (second.lastSequence <= after) return null;
    addTail([second], after, 0, beforeS, series);
    return series.sorted()[0] ?? null;
  }
  return null;
}
