import type { AuctionView } from '../domain/auction';
import type { BookOrders, BookView, Level } from '../domain/book-view';
import type { Candle } from '../domain/candle';
import { CHECKSUM_LEVELS, bookChecksum } from '../domain/checksum';
import type { Context } from '../domain/context';
import type { AssetTable } from '../domain/asset-table';
import type { InstrumentRules } from '../domain/instrument-rules';
import type { InstrumentTable } from '../domain/instrument-table';
import type { Instrument } from '../domain/instruments';
import { DEFAULT_FEE_GROUP, type FeeGroup, type FeeRate } from '../domain/money';
import type { Order, Trade } from '../domain/order';
import type { Staleness } from '../domain/staleness';
import { UnavailableError } from '../domain/unavailable';

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

export interface MarketSources {
  /** The book at a sequence that contains everything acknowledged before the call. */
  book(instrument: string, levels: number): Promise<BookView>;
  /** Single orders of the best levels, in queue order, from what was acknowledged before the call. */
  bookOrders(instrument: string, levels: number, topLevels: number): Promise<BookOrders>;
  /** What a call auction would come to, from what was acknowledged before the call. */
  auction(instrument: string): Promise<AuctionView>;
  /** Newest first, contiguous; at least those that Postgres does not have yet. */
  recentTrades(instrument: string, count: number, before: number | null): Promise<readonly Trade[]>;
  /** Newest first. */
  olderTrades(instrument: string, before: number | null, count: number): Promise<readonly Trade[]>;
  ticker(instrument: string): Promise<TickerData>;
  staleness(): Promise<Staleness>;
  state(): Promise<string>;
  feeGroups(): Promise<readonly FeeGroup[]>;
}

/** A book, and the checksum over its ten best levels a side, even where fewer were asked for. */
export interface Book extends BookView {
  readonly instrument: Instrument;
  readonly checksum: number;
}

export interface OrdersOfBook {
  readonly instrument: Instrument;
  readonly sequence: number;
  readonly timeUs: number;
  /** Best first, then as they queue. */
  readonly bids: readonly Order[];
  readonly asks: readonly Order[];
  readonly checksum: number;
  /** A side has more orders than are told at most. */
  readonly isCut: boolean;
}

export interface Tape {
  readonly instrument: Instrument;
  /** Newest first. */
  readonly trades: readonly Trade[];
  /** Set where older trades may be missing. */
  readonly stale: Staleness | null;
}

export interface Ticker extends TickerData {
  readonly instrument: Instrument;
  readonly stale: Staleness | null;
}

export interface ListedInstrument {
  readonly rules: InstrumentRules;
  /** Of its shard; `unknown` where that cannot be read. */
  readonly shardState: string;
  /** Of everybody's group, in millionths; null where that cannot be read. */
  readonly fees: Pick<FeeRate, 'makerRate' | 'takerRate'> | null;
}

const NO_FEES = { makerRate: 0, takerRate: 0 } as const;

/** What anyone may read of the market. All throw a Refusal `instrument_not_found`. */
export class MarketReader {
  constructor(private readonly sources: MarketSources, private readonly instruments: InstrumentTable, private readonly assets: AssetTable) {}

  /** @param levels of each side */
  async book(_context: Context, name: string, levels: number): Promise<Book> {
    const instrument = this.instruments.require(name);
    const { sequence, timeUs, bids, asks } = await this.sources.book(name, Math.max(levels, CHECKSUM_LEVELS));
    return {
      instrument, sequence, timeUs, bids: bids.slice(0, levels), asks: asks.slice(0, levels), checksum: bookChecksum(bids, asks, instrument),
    };
  }

  /** Every order of the best levels. @param levels of each side */
  async ordersOfBook(_context: Context, name: string, levels: number): Promise<OrdersOfBook> {
    const instrument = this.instruments.require(name);
    const { sequence, timeUs, bids, asks } = await this.sources.bookOrders(name, levels, CHECKSUM_LEVELS);
    return {
      instrument, sequence, timeUs, bids: bids.orders, asks: asks.orders, checksum: bookChecksum(bids.top, asks.top, instrument),
      isCut: bids.isCut || asks.isCut,
    };
  }

  async auction(_context: Context, name: string): Promise<AuctionView & { readonly instrument: Instrument }> {
    const instrument = this.instruments.require(name);
    return { instrument, ...await this.sources.auction(name) };
  }

  /** The newest trades. @param before only those ahead of this trade id, null for the newest of all */
  async trades(_context: Context, name: string, limit: number, before: number | null): Promise<Tape> {
    const instrument = this.instruments.require(name);
    const trades = [...await this.sources.recentTrades(name, limit, before)];
    let stale: Staleness | null = null;
    const oldest = trades[trades.length - 1];
    if (trades.length < limit && oldest?.tradeId !== 1) {
      try {
        trades.push(...await this.sources.olderTrades(name, oldest?.tradeId ?? before, limit - trades.length));
      } catch (error) {
        if (!(error instanceof UnavailableError)) throw error;
        stale = await this.sources.staleness();
      }
    }
    return { instrument, trades, stale };
  }

  async ticker(_context: Context, name: string): Promise<Ticker> {
    const instrument = this.instruments.require(name);
    const data = await this.sources.ticker(name);
    return { ...data, instrument, stale: data.isWhole ? null : await this.sources.staleness() };
  }

  /** The instruments that are traded. */
  async listed(context: Context): Promise<readonly ListedInstrument[]> {
    return this.withVenue(context, this.instruments.all.map(({ instrument }) => this.instruments.rulesOf(instrument, this.assets)));
  }

  /** Instruments, with how the venue is, and what is charged. */
  async withVenue(_context: Context, all: readonly InstrumentRules[]): Promise<readonly ListedInstrument[]> {
    // Steps and limits do not need Redis.
    const [shardState, groups] = await Promise.all([this.sources.state().catch(() => 'unknown'), this.sources.feeGroups().catch(() => null)]);
    const rates = groups?.find(({ group }) => group === DEFAULT_FEE_GROUP)?.rates ?? [];
    return all.map((rules) => ({
      rules, shardState,
      fees: groups === null ? null : rates.find(({ instrument }) => instrument === rules.instrument) ?? rates.find(({ instrument }) => instrument === null) ?? NO_FEES,
    }));
  }
}
