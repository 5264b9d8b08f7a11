import { queryOf, type Database, type Query, type Row } from './database';
import { entryBefore } from './entry-before';
import { CHECKPOINT } from './queries/history';
import {
  DAY_ASSETS, DAY_NETS, MOVED, SETTLED_ASSETS, SETTLED_NETS, SETTLEMENT, TOTALS_AT, WRITE_SETTLED_ASSETS, WRITE_SETTLED_NETS, WRITE_SETTLEMENT,
} from './queries/statements';

/** A day's movements of all accounts are added up in one statement. */
const SETTLE_TIMEOUT_MS = 600_000;
const DAY_US = 86_400_000_000;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/**
 * What a day was to one balance, in units. `bought` is what trades brought of the asset, `sold` what they took; fees are below zero
 * where rebates were more. At the venue's own accounts everything has the sign that it has there: deposits take from @issuance.
 */
export interface AssetDay {
  readonly asset: string;
  readonly opening: string;
  readonly deposits: string;
  readonly withdrawals: string;
  readonly transfersIn: string;
  readonly transfersOut: string;
  readonly bought: string;
  readonly sold: string;
  readonly fees: string;
  readonly closing: string;
}

/** The entries of a day: behind one sequence and up to another. */
export interface DayBounds {
  /** UTC, as YYYY-MM-DD. */
  readonly day: string;
  readonly fromSequence: number;
  readonly toSequence: number;
}

export interface Statement extends DayBounds {
  readonly assets: readonly AssetDay[];
  /** Whether every closing is what the movements make of the opening. */
  readonly closes: boolean;
}

/** What a day's trades in an instrument come to. */
export interface Net {
  readonly account: string;
  readonly instrument: string;
  readonly netLots: string;
  /** Units of the quote asset that came in, below zero where more went out; fees are apart. */
  readonly netValue: string;
  readonly fees: string;
}

export interface Settlement extends DayBounds {
  readonly assets: readonly (AssetDay & { readonly account: string })[];
  readonly nets: readonly Net[];
  /** Balances whose closing is not what the movements make of the opening, or what the record's balance says. */
  readonly mismatches: number;
}

/** `same`: it was settled before, and comes to the same. */
export type Settled = 'written' | 'same' | 'differs';

interface MovedRow extends Row {
  asset: string; deposits: string; withdrawals: string; transfers_in: string; transfers_out: string; bought: string; sold: string; fees: string;
}
interface AssetDayRow extends MovedRow {
  account: string; opening: string; closing: string;
}
interface NetRow extends Row {
  account: string; instrument: string; net_lots: string; net_value: string; fees: string;
}

const NOTHING_MOVED = { deposits: '0', withdrawals: '0', transfers_in: '0', transfers_out: '0', bought: '0', sold: '0', fees: '0' };

function assetDay(row: MovedRow, opening: string, closing: string): AssetDay {
  return {
    asset: row.asset, opening, deposits: row.deposits, withdrawals: row.withdrawals, transfersIn: row.transfers_in, transfersOut: row.transfers_out,
    bought: row.bought, sold: row.sold, fees: row.fees, closing,
  };
}

const accountDay = (row: AssetDayRow): AssetDay & { account: string } => ({ account: row.account, ...assetDay(row, row.opening, row.closing) });

function netOfRow({ account, instrument, net_lots: netLots, net_value: netValue, fees }: NetRow): Net {
  return { account, instrument, netLots, netValue, fees };
}

/** What the movements make of the opening. */
export function closingOf({ opening, deposits, withdrawals, transfersIn, transfersOut, bought, sold, fees }: Omit<AssetDay, 'asset' | 'closing'>): bigint {
  return BigInt(opening) + BigInt(deposits) - BigInt(withdrawals) + BigInt(transfersIn) - BigInt(transfersOut) + BigInt(bought) - BigInt(sold) - BigInt(fees);
}

/** @returns the first microsecond of a UTC day; null for what is none */
export function dayStartUs(day: string): number | null {
  const ms = DAY.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  // 31 February is read as a day of March.
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, day.length) !== day ? null : ms * 1_000;
}

/**
 * Statements of UTC days, of an account and of all. Of a day that is not over they tell what the record has of it. Every method throws
 * DatabaseUnavailableError while Postgres is away, and Error for what is no day.
 */
export class Statements {
  constructor(private readonly database: Database, private readonly shard: string) {}

  statement(account: string, day: string): Promise<Statement> {
    return this.database.snapshot(async (query) => {
      const bounds = await this.bounds(query, day);
      const { fromSequence, toSequence } = bounds;
      const totals = async (sequence: number): Promise<Map<string, string>> => {
        const rows = await query<Row & { asset: string; total: string }>(TOTALS_AT, [this.shard, account, sequence]);
        return new Map(rows.map(({ asset, total }) => [asset, total]));
      };
      const [opening, closing] = [await totals(fromSequence), await totals(toSequence)];
      const moved = new Map((await query<MovedRow>(MOVED, [this.shard, account, fromSequence, toSequence])).map((row) => [row.asset, row]));
      const names = [...new Set([...opening.keys(), ...closing.keys(), ...moved.keys()])].sort();
      const assets = names.map((asset) => assetDay(moved.get(asset) ?? { asset, ...NOTHING_MOVED }, opening.get(asset) ?? '0', closing.get(asset) ?? '0'));
      return { ...bounds, assets, closes: assets.every((one) => closingOf(one) === BigInt(one.closing)) };
    });
  }

  /** What a day comes to for all accounts, as the record tells it now. */
  settlement(day: string): Promise<Settlement> {
    return this.long('READ ONLY', async (query) => this.compute(query, await this.bounds(query, day)));
  }

  /** A day as it was settled; null for one that was not. */
  settled(day: string): Promise<Settlement | null> {
    return this.long('READ ONLY', (query) => this.stored(query, day));
  }

  /** Whether a day was settled, and whether it came out; null for one that was not. */
  async standing(day: string): Promise<'settled' | 'mismatch' | null> {
    const [row] = await this.database.query<Row & { mismatches: number }>(SETTLEMENT, [this.shard, day]);
    if (row === undefined) return null;
    return row.mismatches === 0 ? 'settled' : 'mismatch';
  }

  /** Settles a day, or compares it with what it was settled as before; nothing is changed then. */
  settle(day: string): Promise<{ readonly outcome: Settled; readonly settlement: Settlement }> {
    return this.long('READ WRITE', async (query) => {
      const bounds = await this.bounds(query, day);
      const before = await this.stored(query, day);
      const settlement = await this.compute(query, bounds);
      if (before !== null) return { outcome: JSON.stringify(before) === JSON.stringify(settlement) ? 'same' : 'differs', settlement };
      for (const write of [WRITE_SETTLEMENT, WRITE_SETTLED_ASSETS, WRITE_SETTLED_NETS]) {
        await query(write, [this.shard, bounds.fromSequence, bounds.toSequence, day]);
      }
      return { outcome: 'written', settlement };
    });
  }

  private async bounds(query: Query, day: string): Promise<DayBounds> {
    const startUs = dayStartUs(day);
    if (startUs === null) throw new Error(`${day} is no day`);
    const [row] = await query<Row & { sequence: number }>(CHECKPOINT, [this.shard]);
    const end = row?.sequence ?? 0;
    return { day, fromSequence: await entryBefore(query, this.shard, startUs, end), toSequence: await entryBefore(query, this.shard, startUs + DAY_US, end) };
  }

  private async compute(query: Query, bounds: DayBounds): Promise<Settlement> {
    const values = [this.shard, bounds.fromSequence, bounds.toSequence];
    const assets = await query<AssetDayRow & { closes: boolean }>(DAY_ASSETS, values);
    const nets = await query<NetRow>(DAY_NETS, values);
    return { ...bounds, assets: assets.map(accountDay), nets: nets.map(netOfRow), mismatches: assets.filter(({ closes }) => !closes).length };
  }

  private async stored(query: Query, day: string): Promise<Settlement | null> {
    const [row] = await query<Row & { from_sequence: number; to_sequence: number; mismatches: number }>(SETTLEMENT, [this.shard, day]);
    if (row === undefined) return null;
    const assets = await query<AssetDayRow>(SETTLED_ASSETS, [this.shard, day]);
    const nets = await query<NetRow>(SETTLED_NETS, [this.shard, day]);
    return {
      day, fromSequence: row.from_sequence, toSequence: row.to_sequence, assets: assets.map(accountDay), nets: nets.map(netOfRow), mismatches: row.mismatches,
    };
  }

  /** One transaction that sees one moment, on a connection of its own. */
  private async long<T>(access: 'READ ONLY' | 'READ WRITE', work: (query: Query) => Promise<T>): Promise<T> {
    const session = await this.database.session(SETTLE_TIMEOUT_MS);
    try {
      await session.query(`BEGIN ISOLATION LEVEL REPEATABLE READ ${access}`);
      const result = await work(queryOf(session));
      await session.query('COMMIT');
      return result;
    } finally {
      await session.end();
    }
  }
}
