import { formatAmount } from '../../domain/amounts';
import type { Level } from '../../domain/book-view';
import type { Context } from '../../domain/context';
import type { Instrument } from '../../domain/instruments';
import { displayedLots } from '../../domain/iceberg';
import { formatTimeUs, type Order } from '../../domain/order';
import type { Answer } from '../../http/answer';
import { invalid } from '../../http/request-refusal';
import type { CandleReader } from '../../market/candle-reader';
import type { MarketReader } from '../../market/market-reader';
import { candlesSchema, checkQuery, querySchemas } from './check/schemas';
import { presentStaleness, presentTrade } from './present';
import { presentAuction, presentCandle, presentInstrument, presentTicker } from './present-market';

type Query = Readonly<Record<string, unknown>>;

/** The calls of market data: query strings in, answers out. All throw refusals. */
export class NativeMarket {
  private readonly queries;
  private readonly candlesQuery;

  constructor(
    private readonly market: MarketReader, private readonly candleReader: CandleReader,
    limits: { readonly orderbookLevelsMax: number; readonly tradesLimitMax: number; readonly candlesLimitMax: number },
  ) {
    this.queries = querySchemas({ levelsMax: limits.orderbookLevelsMax, tradesMax: limits.tradesLimitMax, ordersMax: 1 });
    this.candlesQuery = candlesSchema(limits.candlesLimitMax);
  }

  /** GET /public/orderbook */
  async orderbook(context: Context, query: Query): Promise<Answer> {
    const { instrument: name, levels, level } = checkQuery(this.queries.orderbook, query);
    if (level === '3') return this.singleOrders(context, name, levels);
    const { instrument, sequence, timeUs, bids, asks, checksum } = await this.market.book(context, name, level === '1' ? 1 : levels);
    return {
      status: 200,
      body: {
        instrument: name, sequence, bids: viewLevels(bids, instrument), asks: viewLevels(asks, instrument), checksum, timestamp: formatTimeUs(timeUs),
      },
    };
  }

  private async singleOrders(context: Context, name: string, levels: number): Promise<Answer> {
    const { instrument, sequence, timeUs, bids, asks, checksum, isCut } = await this.market.ordersOfBook(context, name, levels);
    const view = (orders: readonly Order[]): [price: string, quantity: string, orderId: string][] => orders.map((order) => [
      formatAmount(order.priceTicks ?? 0, instrument.tick), formatAmount(displayedLots(order), instrument.lot), order.orderId,
    ]);
    return {
      status: 200,
      body: {
        instrument: name, sequence, bids: view(bids), asks: view(asks), checksum, timestamp: formatTimeUs(timeUs), ...(isCut ? { truncated: true } : {}),
      },
    };
  }

  /** GET /public/trades */
  async trades(context: Context, query: Query): Promise<Answer> {
    const { instrument: name, limit, before = null } = checkQuery(this.queries.trades, query);
    const { instrument, trades, stale } = await this.market.trades(context, name, limit, before);
    return {
      status: 200,
      body: { instrument: name, trades: trades.map((trade) => presentTrade(trade, instrument)), ...presentStaleness(stale) },
    };
  }

  /** GET /public/ticker */
  async ticker(context: Context, query: Query): Promise<Answer> {
    const { instrument: name } = checkQuery(this.queries.ticker, query);
    const { instrument, sequence, timeUs, last, bid, ask, day, stale } = await this.market.ticker(context, name);
    return {
      status: 200,
      body: {
        instrument: name, sequence, timestamp: formatTimeUs(timeUs), ...presentTicker(last, bid, ask, day, instrument), ...presentStaleness(stale),
      },
    };
  }

  /** GET /public/candles */
  async candles(context: Context, query: Query): Promise<Answer> {
    const checked = checkQuery(this.candlesQuery, query);
    const { interval, start: startUs = null, end: endUs = null, limit, fill } = checked;
    if (startUs !== null && endUs !== null && startUs >= endUs) throw invalid([{ field: 'end', message: 'must be after start' }]);
    const { instrument, candles, stale } = await this.candleReader.candles(context, {
      instrument: checked.instrument, interval, startUs, endUs, limit, isFilled: fill === 'previous',
    });
    return {
      status: 200,
      body: {
        instrument: checked.instrument, interval, candles: candles.map((candle) => presentCandle(candle, instrument)), ...presentStaleness(stale),
      },
    };
  }

  /** GET /public/instruments/{instrument}/auction */
  async auction(context: Context, name: string): Promise<Answer> {
    const { instrument, sequence, timeUs, ...view } = await this.market.auction(context, name);
    return { status: 200, body: { instrument: name, sequence, timestamp: formatTimeUs(timeUs), ...presentAuction(view, instrument) } };
  }

  /** GET /public/instruments */
  async list(context: Context): Promise<Answer> {
    return { status: 200, body: { instruments: (await this.market.listed(context)).map(presentInstrument) } };
  }
}

function viewLevels(levels: readonly Level[], instrument: Instrument): [price: string, quantity: string][] {
  return levels.map(([ticks, lots]) => [formatAmount(ticks, instrument.tick), formatAmount(lots, instrument.lot)]);
}
