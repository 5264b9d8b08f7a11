import {
  CandleBuilder, CandleSeries, INTERVALS, INTERVAL_SECONDS, secondOf, startOf, type Candle, type Interval, type StoredCandle,
} from '../domain/candle';
import type { Trade } from '../domain/order';
import { DayWindow } from './day-window';
import { TradeTail, addTail } from './trade-tail';

export interface IntervalCandle {
  readonly interval: Interval;
  readonly candle: Candle;
}

/** A candle that was under way when everything began anew: which one, not what was in it. */
export interface OpenCandle {
  readonly interval: Interval;
  readonly startS: number;
}

interface CurrentCandle {
  readonly candle: CandleBuilder;
  isClosed: boolean;
}

/** What is kept of one instrument. */
export class InstrumentStatistics {
  readonly tail = new TradeTail();
  day = new DayWindow();
  last: Trade | null = null;
  readonly current = new Map<Interval, CurrentCandle>();
  /** Not told yet. */
  readonly closed: IntervalCandle[] = [];
  readonly changed = new Set<Interval>();

  add(trade: Trade, sequence: number): void {
    const second = secondOf(trade.executedUs);
    this.tail.add(sequence, second, trade.tradeId, trade.priceTicks, trade.quantityLots);
    this.day.addTrade(second, trade.tradeId, trade.priceTicks, trade.quantityLots);
    this.last = trade;
    for (const interval of INTERVALS) {
      this.under(interval, second).addTrade(trade.tradeId, trade.priceTicks, trade.quantityLots);
      this.changed.add(interval);
    }
  }

  /** The candle of an interval that `second` lies in; the one before it is over. */
  private under(interval: Interval, second: number): CandleBuilder {
    const start = startOf(second, INTERVAL_SECONDS[interval]);
    const current = this.current.get(interval);
    if (current?.candle.startS === start) {
      current.isClosed = false;
      return current.candle;
    }
    if (current !== undefined && !current.isClosed) this.closed.push({ interval, candle: current.candle });
    const candle = new CandleBuilder(start);
    this.current.set(interval, { candle, isClosed: false });
    return candle;
  }

  /** Candles that are over at `second`. @returns whether there are any */
  close(second: number): boolean {
    let isAny = false;
    for (const [interval, current] of this.current) {
      if (current.isClosed || current.candle.startS + INTERVAL_SECONDS[interval] > second) continue;
      current.isClosed = true;
      this.changed.delete(interval);
      this.closed.push({ interval, candle: current.candle });
      isAny = true;
    }
    return isAny;
  }

  /** Whether a candle is over by a clock that may be wrong. */
  mayClose(second: number): boolean {
    for (const [interval, current] of this.current) {
      if (!current.isClosed && current.candle.startS + INTERVAL_SECONDS[interval] <= second) return true;
    }
    return false;
  }

  /** Candles of which nobody has been told yet that they are over. */
  get open(): OpenCandle[] {
    return [
      ...this.closed.map(({ interval, candle }) => ({ interval, startS: candle.startS })),
      ...[...this.current].filter(([, { isClosed }]) => !isClosed).map(([interval, { candle }]) => ({ interval, startS: candle.startS })),
    ];
  }

  /**
   * Makes day and current candles anew: of what Postgres holds up to `sequence`, and of the tail behind it.
   * @param second the venue's time: candles that are over by it were closed before this began, but for
   * @param open those that were under way, and are told as closed where they are over now
   */
  rebuild(stored: readonly StoredCandle[], sequence: number, second: number, open: readonly OpenCandle[]): void {
    this.day = new DayWindow();
    const [minutes, seconds] = [new CandleSeries(60), new CandleSeries(1)];
    for (const { intervalS, candle } of stored) (intervalS === 1 ? seconds : minutes).addCandle(candle);
    for (const series of [minutes, seconds]) addTail(this.tail.view, sequence, 0, Infinity, series);
    for (const minute of minutes.sorted()) this.day.addCandle(minute);
    this.current.clear();
    this.closed.length = 0;
    // The tail may be ahead of the time that was asked for.
    const now = Math.max(second, seconds.sorted().at(-1)?.startS ?? 0);
    const candleOf = (interval: Interval, startS: number): CandleBuilder => {
      const length = INTERVAL_SECONDS[interval];
      const candle = new CandleBuilder(startS);
      for (const part of (length === 1 ? seconds : minutes).candles.values()) {
        if (startOf(part.startS, length) === startS) candle.addCandle(part);
      }
      return candle;
    };
    for (const { interval, startS } of open) {
      if (startS === startOf(now, INTERVAL_SECONDS[interval])) continue;
      const candle = candleOf(interval, startS);
      // A rebuild may have lost all that was in it.
      if (candle.trades > 0) this.closed.push({ interval, candle });
    }
    for (const interval of INTERVALS) {
      const candle = candleOf(interval, startOf(now, INTERVAL_SECONDS[interval]));
      if (candle.trades === 0) continue;
      this.current.set(interval, { candle, isClosed: false });
      this.changed.add(interval);
    }
  }
}
