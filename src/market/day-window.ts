import { CandleBuilder, startOf, type Candle } from '../domain/candle';

const MINUTE_S = 60;
export const DAY_MINUTES = 1_440;

/**
 * The last 24 hours of one instrument by the minute: the minute under way and the 1,439 before it. It slides by whole
 * minutes.
 */
export class DayWindow {
  /** Oldest first; only those with trades. */
  private minutes: CandleBuilder[] = [];
  /** All of them in one; null while it has to be made anew. */
  private total: CandleBuilder | null = null;

  /** @returns start of the first minute that belongs to the window at `second` */
  static firstMinute(second: number): number {
    return startOf(second, MINUTE_S) - (DAY_MINUTES - 1) * MINUTE_S;
  }

  addTrade(second: number, tradeId: number, priceTicks: number, quantityLots: number): void {
    this.minute(second).addTrade(tradeId, priceTicks, quantityLots);
    this.total?.addTrade(tradeId, priceTicks, quantityLots);
  }

  /** @param candle of a minute or less */
  addCandle(candle: Candle): void {
    this.minute(candle.startS).addCandle(candle);
    this.total?.addCandle(candle);
  }

  /** Minutes come in their order. */
  private minute(second: number): CandleBuilder {
    const start = startOf(second, MINUTE_S);
    let last = this.minutes[this.minutes.length - 1];
    if (last?.startS !== start) this.minutes.push(last = new CandleBuilder(start));
    return last;
  }

  /** The minutes that belong to the window at `second`, oldest first. */
  minutesAt(second: number): readonly Candle[] {
    const first = DayWindow.firstMinute(second);
    const kept = this.minutes.findIndex((minute) => minute.startS >= first);
    if (kept !== 0 && this.minutes.length > 0) {
      this.minutes = kept < 0 ? [] : this.minutes.slice(kept);
      this.total = null;
    }
    return this.minutes;
  }

  /** Everything in the window at `second` as one candle, null without a trade. */
  at(second: number): Candle | null {
    const minutes = this.minutesAt(second);
    const [first] = minutes;
    if (first === undefined) return null;
    if (this.total === null) {
      this.total = new CandleBuilder(first.startS);
      for (const minute of minutes) this.total.addCandle(minute);
    }
    return this.total;
  }
}
