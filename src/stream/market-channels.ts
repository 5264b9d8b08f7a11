import type { Candle } from '../domain/candle';
import type { InstrumentChannel } from '../domain/channels';
import type { InstrumentTable } from '../domain/instrument-table';
import type { InstrumentRules } from '../domain/instrument-rules';
import type { Instrument } from '../domain/instruments';
import type { Market } from '../market/market';
import type { IntervalCandle } from '../market/instrument-statistics';
import type { MarketStatistics, StatisticsListener } from '../market/market-statistics';
import type { CandleNews, ChannelNews, TickerNews } from './news';

/** The stream as the source of a channel sees it. */
export interface FedStream {
  feed(channel: InstrumentChannel, first: (instrument: string) => readonly ChannelNews[]): void;
  publish(channel: InstrumentChannel, instrument: string, make: () => readonly ChannelNews[]): void;
}

/** Feeds the channels `ticker` and `candles`, and tells how each instrument is to who begins to follow `instruments`. */
export class MarketChannels implements StatisticsListener {
  /** The ticker of each instrument as every follower has it, to tell it again only when it differs; none where they may not have the same. */
  private readonly told = new Map<string, string>();

  constructor(
    private readonly instruments: InstrumentTable,
    rulesOf: (instrument: string) => InstrumentRules,
    private readonly stream: FedStream,
    private readonly market: Market,
    private readonly statistics: MarketStatistics,
  ) {
    stream.feed('instruments', (name) => [{ kind: 'instrument', ...this.of(name), rules: rulesOf(name) }]);
    stream.feed('ticker', (name) => this.firstTicker(name));
    stream.feed('candles', (name) => this.statistics.isComplete
      ? this.statistics.current(name).map((one) => this.candle(name, one, one.isClosed))
      : []);
  }

  /** StatisticsListener */
  changed(name: string, closed: readonly IntervalCandle[], changed: readonly IntervalCandle[]): void {
    if (!this.statistics.isComplete) return;
    this.stream.publish('ticker', name, () => this.nextTicker(name));
    if (closed.length + changed.length === 0) return;
    this.stream.publish('candles', name, () => [
      ...closed.map((one) => this.candle(name, one, true)), ...changed.map((one) => this.candle(name, one, false)),
    ]);
  }

  private of(name: string): { readonly instrument: Instrument; readonly sequence: number; readonly timeUs: number } {
    return { instrument: this.instruments.of(name), sequence: this.market.sequence, timeUs: this.market.timeUs };
  }

  private candle(name: string, { interval, candle }: IntervalCandle, isClosed: boolean): CandleNews {
    return { kind: 'candle', ...this.of(name), interval, candle: asItIs(candle), isClosed };
  }

  private ticker(name: string): TickerNews {
    const book = this.market.book(name);
    const day = this.statistics.day(name);
    return {
      kind: 'ticker', ...this.of(name), last: this.statistics.last(name), bid: book?.bids.top(1)[0], ask: book?.asks.top(1)[0],
      day: day === null ? null : asItIs(day),
    };
  }

  private firstTicker(name: string): TickerNews[] {
    const ticker = this.statistics.isComplete ? this.ticker(name) : null;
    // Those that follow it already were told another one, or none was: whatever it becomes is told to all of them.
    if (ticker === null || contentOf(ticker) !== this.told.get(name)) this.told.delete(name);
    return ticker === null ? [] : [ticker];
  }

  private nextTicker(name: string): TickerNews[] {
    const ticker = this.ticker(name);
    const content = contentOf(ticker);
    if (content === this.told.get(name)) return [];
    this.told.set(name, content);
    return [ticker];
  }
}

/** A candle under way goes on changing: what is told of it is what it was. */
function asItIs(candle: Candle): Candle {
  const { startS, openTicks, highTicks, lowTicks, closeTicks, volumeLots, notional, trades, firstTradeId, lastTradeId } = candle;
  return { startS, openTicks, highTicks, lowTicks, closeTicks, volumeLots, notional, trades, firstTradeId, lastTradeId };
}

/** What a ticker tells of, to know it again by. */
function contentOf({ last, bid, ask, day }: TickerNews): string {
  return [
    last?.tradeId, last?.priceTicks, last?.quantityLots, last?.executedUs, bid?.[0], bid?.[1], ask?.[0], ask?.[1],
    day?.openTicks, day?.highTicks, day?.lowTicks, day?.closeTicks, day?.volumeLots, day?.notional, day?.trades,
  ].join();
}
