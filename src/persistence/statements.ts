import type { StatementLine } from '../domain/money-history';
import { closingOf, type AccountLine, type DayBounds, type Net, type SettledDay } from '../domain/settled-day';
import { queryOf, type Database, type Query, type Row } from './database';
import { entryBefore } from './entry-before';
import { CHECKPOINT } from './queries/history';
import {
  DAY_ASSETS, DAY_NETS, MOVED, SETTLED_ASSETS, SETTLED_NETS, SETTLEMENT, TOTALS_AT, WRITE_SETTLED_ASSETS, WRITE_SETTLED_NETS, WRITE_SETTLEMENT,
} from './queries/statements';

/** A day's movements of all accounts are added up in one statement. */
const SETTLE_TIMEOUT_MS = 600_000;
export const DAY_US = 86_400_000_000;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

export interface Statement extends DayBounds {
  readonly assets: readonly StatementLine[];
  /** Whether every closing is what the movements make of the opening. */
  readonly closes: boolean;
}

/** What became of a day that was to be settled. */
export interface Settling {
  /** `same`: it was settled before, and comes to the same; `differs`: it does not. */
  readonly outcome: 'written' | 'same' | 'differs';
  /** What it comes to now. */
  readonly settlement: SettledDay;
  /** Balances that do not close. */
  readonly mismatched: readonly AccountLine[];
}

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

function assetDay(row: MovedRow, opening: string, closing: string): StatementLine {
  return {
    asset: row.asset, opening, deposits: row.deposits, withdrawals: row.withdrawals, transfersIn: row.transfers_in, transfersOut: row.transfers_out,
    bought: row.bought, sold: row.sold, fees: row.fees, closing,
  };
}

const accountDay = (row: AssetDayRow): AccountLine => ({ account: row.account, ...assetDay(row, row.opening, row.closing) });

function netOfRow({ account, instrument, net_lots: netLots, net_value: netValue, fees }: NetRow): Net {
  return { account, instrument, netLots, netValue, fees };
}

/** @returns the first microsecond of a UTC day; null for what is none */
export function dayStartUs(day: string): number | null {
  const ms = DAY.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  // 31 February is read as a day of March.
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, day.length) !== day ? null : ms * 1_000;
}

/** @param day one that is one @returns the first microsecond behind it */
export function dayEndUs(day: string): number {
  const startUs = dayStartUs(day);
  if (startUs === null) throw new Error(`${day} is no day`);
  return startUs + DAY_US;
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
  settlement(day: string): Promise<SettledDay> {
    return this.long('READ ONLY', async (query) => (await this.compute(query, await this.bounds(query, day))).settlement);
  }

  /** A day as it was settled; null for one that was not. */
  settled(day: string): Promise<SettledDay | null> {
    return this.long('READ ONLY', (query) => this.stored(query, day));
  }

  /** Whether a day was settled, and whether it came out; null for one that was not. */
  async standing(day: string): Promise<'settled' | 'mismatch' | null> {
    const [row] = await this.database.query<Row & { mismatches: number }>(SETTLEMENT, [this.shard, day]);
    if (row === undefined) return null;
    return row.mismatches === 0 ? 'settled' : 'mismatch';
  }

  /** Settles a day, or compares it with what it was settled as before; nothing is changed then. */
  settle(day: string): Promise<Settling> {
    return this.long('READ WRITE', async (query) => {
      const bounds = await this.bounds(query, day);
      const before = await this.stored(query, day);
      const { settlement, mismatched } = await this.compute(query, bounds);
      if (before !== null) return { outcome: JSON.stringify(before) === JSON.stringify(settlement) ? 'same' : 'differs', settlement, mismatched };
      for (const write of [WRITE_SETTLEMENT, WRITE_SETTLED_ASSETS, WRITE_SETTLED_NETS]) {
        await query(write, [this.shard, bounds.fromSequence, bounds.toSequence, day]);
      }
      return { outcome: 'written', settlement, mismatched };
    });
  }

  private async bounds(query: Query, day: string): Promise<DayBounds> {
    const startUs = dayStartUs(day);
    if (startUs === null) throw new Error(`${day} is no day`);
    const [row] = await query<Row & { sequence: number }>(CHECKPOINT, [this.shard]);
    const end = row?.sequence ?? 0;
    return { day, fromSequence: await entryBefore(query, this.shard, startUs, end), toSequence: await entryBefore(query, this.shard, startUs + DAY_US, end) };
  }

  private async compute(query: Query, bounds: DayBounds): Promise<Omit<Settling, 'outcome'>> {
    const values = [this.shard, bounds.fromSequence, bounds.toSequence];
    const rows = await query<AssetDayRow & { closes: boolean }>(DAY_ASSETS, values);
    const nets = (await query<NetRow>(DAY_NETS, values)).map(netOfRow);
    const mismatched = rows.filter(({ closes }) => !closes).map(accountDay);
    return { settlement: { ...bounds, assets: rows.map(accountDay), nets, mismatches: mismatched.length }, mismatched };
  }

  private async stored(query: Query, day: string): Promise<SettledDay | null> {
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
      // Ahead of the moment that is seen: whoever settles at the same time waits, and then finds what was settled.
      if (access === 'READ WRITE') await session.query('LOCK TABLE settlements IN SHARE ROW EXCLUSIVE MODE');
      const result = await work(queryOf(session));
      await session.query('COMMIT');
      return result;
    } finally {
      await session.end();
    }
  }
}
