import type { Channel } from '../domain/channels';
import type { Instrument } from '../domain/instruments';
import { presentCandle, presentTicker } from '../dialects/native/present-market';
import type { Market } from './market';
import type { IntervalCandle, MarketStatistics, StatisticsListener } from './market-statistics';
import type { ChannelMessage } from './messages';

/** The stream as the source of a channel sees it. */
export interface FedStream {
  feed(channel: Channel, first: (instrument: string) => readonly ChannelMessage[]): void;
  publish(channel: Channel, instrument: string, make: () => readonly ChannelMessage[]): void;
}

/** Feeds the channels `ticker` and `candles`. */
export class MarketChannels implements StatisticsListener {
  private readonly bySymbol: ReadonlyMap<string, Instrument>;
  /** The ticker of each instrument as every follower has it, to tell it again only when it differs; none where they may not have the same. */
  private readonly told = new Map<string, string>();

  constructor(
    instruments: readonly Instrument[],
    private readonly stream: FedStream,
    private readonly market: Market,
    private readonly statistics: MarketStatistics,
  ) {
    this.bySymbol = new Map(instruments.map((instrument) => [instrument.instrument, instrument]));
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

  private message(type: string, data: unknown): ChannelMessage {
    return { type, sequence: this.market.sequence, timeUs: this.market.timeUs, data };
  }

  private instrument(name: string): Instrument {
    return this.bySymbol.get(name) as Instrument;
  }

  private candle(name: string, { interval, candle }: IntervalCandle, isClosed: boolean): ChannelMessage {
    return this.message('candle', { interval, ...presentCandle(candle, this.instrument(name)), closed: isClosed });
  }

  private ticker(name: string): unknown {
    const book = this.market.book(name);
    return presentTicker(this.statistics.last(name), book?.bids.top(1)[0], book?.asks.top(1)[0], this.statistics.day(name), this.instrument(name));
  }

  private firstTicker(name: string): ChannelMessage[] {
    const ticker = this.statistics.isComplete ? this.ticker(name) : null;
    // Those that follow it already were told another one, or none was: whatever it becomes is told to all of them.
    if (ticker === null || JSON.stringify(ticker) !== this.told.get(name)) this.told.delete(name);
    return ticker === null ? [] : [this.message('ticker', ticker)];
  }

  private nextTicker(name: string): ChannelMessage[] {
    const ticker = this.ticker(name);
    const text = JSON.stringify(ticker);
    if (text === this.told.get(name)) return [];
    this.told.set(name, text);
    return [this.message('ticker', ticker)];
  }
}
