import type { AssetTable } from '../domain/asset-table';
import type { Context } from '../domain/context';
import type { InstrumentTable } from '../domain/instrument-table';
import type { Instrument } from '../domain/instruments';
import type { Position } from '../domain/money-history';
import { averageEntry, valueAt } from '../domain/position-figures';
import { requireAccount } from '../domain/principal';
import { Refusal } from '../domain/refusal';
import type { Staleness } from '../domain/staleness';
import type { MarkKind, Marks, MoneyEngine, MoneyRecord } from './ports';
import type { RecordReads } from './record-reads';

/** A position held against a price. Money is units of the quote asset. */
export interface MarkedPosition {
  readonly instrument: Instrument;
  readonly position: Position;
  readonly averagePrice: string | null;
  /** Twice the price in ticks; null without one. */
  readonly doubleTicks: bigint | null;
  /** What the open part is worth; null without a price. */
  readonly value: bigint | null;
  readonly unrealized: bigint | null;
}

export interface PositionsOf {
  /** Of the last trade that is in them, 0 without one. */
  readonly sequence: number;
  /** By instrument. */
  readonly positions: readonly MarkedPosition[];
  readonly stale: Staleness | null;
}

/** What an account has of an asset that instruments are quoted in, and what its positions in them come to. */
export interface PortfolioLine {
  readonly asset: string;
  readonly total: string;
  readonly available: string;
  readonly realized: bigint;
  readonly fees: bigint;
  /** null where an open position has no price. */
  readonly value: bigint | null;
  readonly unrealized: bigint | null;
  /** Realized and unrealized, less fees. */
  readonly totalPnl: bigint | null;
}

export interface Portfolio {
  readonly account: string;
  readonly mark: MarkKind;
  /** Of the balances. */
  readonly sequence: number;
  /** By asset. */
  readonly lines: readonly PortfolioLine[];
  readonly stale: Staleness | null;
}

/** What an account's trades come to, at the price of now. */
export class Positions {
  constructor(
    private readonly engine: Pick<MoneyEngine, 'readAccount'>, private readonly record: Pick<MoneyRecord, 'positions'>,
    private readonly reads: RecordReads, private readonly marks: Marks, private readonly instruments: InstrumentTable, private readonly assets: AssetTable,
  ) {}

  /** @throws Refusal `account_not_found` */
  async all(context: Context, account: string): Promise<PositionsOf> {
    requireAccount(context.principal, account);
    if (await this.engine.readAccount(account) === null) throw new Refusal('account_not_found');
    return this.marked(context, account, 'last');
  }

  /** @throws Refusal `account_not_found`, `instrument_not_found`, `position_not_found` for what it never traded */
  async one(context: Context, account: string, instrument: string): Promise<{ readonly position: MarkedPosition; readonly stale: Staleness | null }> {
    requireAccount(context.principal, account);
    if (!this.instruments.isRetired(instrument)) this.instruments.require(instrument);
    const { positions, stale } = await this.all(context, account);
    const position = positions.find((candidate) => candidate.position.instrument === instrument);
    if (position !== undefined) return { position, stale };
    throw new Refusal(stale === null ? 'position_not_found' : 'history_unavailable');
  }

  /** @throws Refusal `account_not_found` */
  async portfolio(context: Context, account: string, mark: MarkKind): Promise<Portfolio> {
    requireAccount(context.principal, account);
    const state = await this.engine.readAccount(account);
    if (state === null) throw new Refusal('account_not_found');
    const { positions, stale } = await this.marked(context, account, mark);
    const quotes = new Set(this.instruments.everKnown.map(({ quote }) => quote));
    const balances = new Map(state.balances.map((balance) => [balance.asset, balance]));
    const assets = new Set([...[...balances.keys()].filter((asset) => quotes.has(asset)), ...positions.map(({ instrument }) => instrument.quote)]);
    const lines = [...assets].sort().map((asset) => {
      const { total, held } = balances.get(asset) ?? { total: '0', held: '0' };
      const available = String(BigInt(total) - BigInt(held));
      return { asset, total, available, ...sumsOf(positions.filter(({ instrument }) => instrument.quote === asset)) };
    });
    return { account, mark, sequence: state.sequence, lines, stale };
  }

  private async marked(context: Context, account: string, kind: MarkKind): Promise<PositionsOf> {
    const { value, stale } = await this.reads.read(context, () => this.record.positions(account));
    const positions = await Promise.all(value.map(async (position) => this.mark(position, kind)));
    // The record keeps whole entries in their order: it has all up to the last one, and nothing behind it.
    return { sequence: Math.max(0, ...value.map((position) => position.sequence)), positions, stale };
  }

  private async mark(position: Position, kind: MarkKind): Promise<MarkedPosition> {
    const instrument = this.instruments.of(position.instrument);
    const scale = this.assets.scaleOf(instrument);
    const averagePrice = averageEntry(position, instrument, scale, {
      base: this.assets.decimalsOf(instrument.base), quote: this.assets.decimalsOf(instrument.quote),
    });
    // What is traded no more has no price of now.
    const doubleTicks = this.instruments.isRetired(position.instrument) ? null : await this.marks.doubleTicks(position.instrument, kind);
    if (position.netLots === '0') return { instrument, position, averagePrice, doubleTicks, value: 0n, unrealized: 0n };
    const value = doubleTicks === null ? null : valueAt(position.netLots, doubleTicks, scale);
    return { instrument, position, averagePrice, doubleTicks, value, unrealized: value === null ? null : value - BigInt(position.cost) };
  }
}

function sumsOf(positions: readonly MarkedPosition[]): Pick<PortfolioLine, 'realized' | 'fees' | 'value' | 'unrealized' | 'totalPnl'> {
  const sum = (of: (position: MarkedPosition) => bigint): bigint => positions.reduce((total, position) => total + of(position), 0n);
  const sumOrNull = (of: (position: MarkedPosition) => bigint | null): bigint | null => (
    positions.some((position) => of(position) === null) ? null : sum((position) => of(position) ?? 0n)
  );
  const realized = sum(({ position }) => BigInt(position.realized));
  const fees = sum(({ position }) => BigInt(position.fees));
  const unrealized = sumOrNull((position) => position.unrealized);
  return {
    realized, fees, value: sumOrNull((position) => position.value), unrealized, totalPnl: unrealized === null ? null : realized + unrealized - fees,
  };
}
