import { formatAmount } from '../domain/amounts';
import type { Candle } from '../domain/candle';
import { CHECKSUM_LEVELS, bookChecksum } from '../domain/checksum';
import type { Instrument } from '../domain/instruments';
import { formatTimeUs, remainingLots, type Order, type Trade } from '../domain/order';
import { presentTrade } from '../domain/present';
import { presentTicker } from '../domain/present-market';
import type { BookOrders } from '../engine/engine';
import type { Answer, Staleness } from './answer';
import type { InstrumentTable } from './instrument-table';
import { checkQuery, querySchemas } from './schemas';

type Level = readonly [priceTicks: number, quantityLots: number];
type Levels = readonly Level[];

export interface BookView {
  readonly sequence: number;
  readonly timeUs: number;
  /** Best first. */
  readonly bids: Levels;
  readonly asks: Levels;
}

export interface TickerData {
  readonly sequence: number;
  readonly timeUs: number;
  readonly last: Trade | null;
  readonly bid: Level | undefined;
  readonly ask: Level | undefined;
  /** The last 24 hours in one candle; null without a trade. */
  readonly day: Candle | null;
  /** False where memory does not hold everything that was acknowledged before the call, or not all of the 24 hours. */
  readonly isWhole: boolean;
}

export interface MarketDataSources {
  /** The book at a sequence that contains everything acknowledged before the call. */
  book(instrument: string, levels: number): Promise<BookView>;
  /** Single orders of the best levels, in queue order, from what was acknowledged before the call. */
  bookOrders(instrument: string, levels: number, topLevels: number): Promise<BookOrders>;
  /** Newest first, contiguous; at least those that Postgres does not have yet. */
  recentTrades(instrument: string, count: number, before: number | null): Promise<readonly Trade[]>;
  /** Newest first. */
  olderTrades(instrument: string, before: number | null, count: number): Promise<readonly Trade[]>;
  ticker(instrument: string): Promise<TickerData>;
  isHistoryAway(error: unknown): boolean;
  staleness(): Promise<Staleness>;
  state(): Promise<string>;
}

/** What anyone may read of the market. */
export class MarketDataApi {
  private readonly queries;

  constructor(
    private readonly sources: MarketDataSources,
    private readonly instruments: InstrumentTable,
    limits: { readonly orderbookLevelsMax: number; readonly tradesLimitMax: number },
  ) {
    this.queries = querySchemas({ levelsMax: limits.orderbookLevelsMax, tradesMax: limits.tradesLimitMax, ordersMax: 1 });
  }

  /** GET /public/orderbook */
  async orderbook(query: Readonly<Record<string, unknown>>): Promise<Answer> {
    const { instrument: name, levels: asked, level } = checkQuery(this.queries.orderbook, query);
    const instrument = this.instruments.require(name);
    if (level === '3') return this.singleOrders(instrument, asked);
    const levels = level === '1' ? 1 : asked;
    // The checksum is over the top ten, even where fewer are asked for.
    const book = await this.sources.book(name, Math.max(levels, CHECKSUM_LEVELS));
    return {
      status: 200,
      body: {
        instrument: name,
        sequence: book.sequence,
        bids: viewLevels(book.bids.slice(0, levels), instrument),
        asks: viewLevels(book.asks.slice(0, levels), instrument),
        checksum: bookChecksum(book.bids, book.asks, instrument),
        timestamp: formatTimeUs(book.timeUs),
      },
    };
  }

  private async singleOrders(instrument: Instrument, levels: number): Promise<Answer> {
    const { sequence, timeUs, bids, asks } = await this.sources.bookOrders(instrument.instrument, levels, CHECKSUM_LEVELS);
    const view = (orders: readonly Order[]): [price: string, quantity: string, orderId: string][] => orders.map((order) => [
      formatAmount(order.priceTicks ?? 0, instrument.tick), formatAmount(remainingLots(order), instrument.lot), order.orderId,
    ]);
    return {
      status: 200,
      body: {
        instrument: instrument.instrument,
        sequence,
        bids: view(bids.orders),
        asks: view(asks.orders),
        checksum: bookChecksum(bids.top, asks.top, instrument),
        timestamp: formatTimeUs(timeUs),
        ...(bids.isCut || asks.isCut ? { truncated: true } : {}),
      },
    };
  }

  /** GET /public/trades */
  async trades(query: Readonly<Record<string, unknown>>): Promise<Answer> {
    const { instrument: name, limit, before } = checkQuery(this.queries.trades, query);
    const instrument = this.instruments.require(name);
    const recent = await this.sources.recentTrades(name, limit, before ?? null);
    const trades = [...recent];
    let stale: Staleness | null = null;
    const oldest = trades[trades.length - 1];
    if (trades.length < limit && oldest?.tradeId !== 1) {
      try {
        trades.push(...await this.sources.olderTrades(name, oldest?.tradeId ?? before ?? null, limit - trades.length));
      } catch (error) {
        if (!this.sources.isHistoryAway(error)) throw error;
        stale = await this.sources.staleness();
      }
    }
    return {
      status: 200,
      body: { instrument: name, trades: trades.map((trade) => presentTrade(trade, instrument)), ...stale },
    };
  }

  /** GET /public/ticker */
  async ticker(query: Readonly<Record<string, unknown>>): Promise<Answer> {
    const { instrument: name } = checkQuery(this.queries.ticker, query);
    const instrument = this.instruments.require(name);
    const { sequence, timeUs, last, bid, ask, day, isWhole } = await this.sources.ticker(name);
    return {
      status: 200,
      body: {
        instrument: name, sequence, timestamp: formatTimeUs(timeUs), ...presentTicker(last, bid, ask, day, instrument),
        ...(isWhole ? {} : await this.sources.staleness()),
      },
    };
  }

  /** GET /public/instruments */
  async list(): Promise<Answer> {
    // Steps and limits do not need Redis.
    const state = await this.sources.state().catch(() => 'unknown');
    return { status: 200, body: { instruments: this.instruments.all.map((instrument) => viewInstrument(instrument, state)) } };
  }
}

function viewLevels(levels: Levels, instrument: Instrument): [price: string, quantity: string][] {
  return levels.map(([ticks, lots]) => [formatAmount(ticks, instrument.tick), formatAmount(lots, instrument.lot)]);
}

function viewInstrument(instrument: Instrument, state: string) {
  return {
    instrument: instrument.instrument,
    base: instrument.base,
    quote: instrument.quote,
    tick_size: instrument.tick.text,
    lot_size: instrument.lot.text,
    price_min: formatAmount(instrument.priceTicksMin, instrument.tick),
    price_max: formatAmount(instrument.priceTicksMax, instrument.tick),
    quantity_min: formatAmount(instrument.quantityLotsMin, instrument.lot),
    quantity_max: formatAmount(instrument.quantityLotsMax, instrument.lot),
    state,
  };
}
