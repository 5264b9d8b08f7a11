import type pg from 'pg';
import type { Control } from '../domain/controls';
import type { Account, Balance, FeeGroup, Funds, Transfer } from '../domain/money';
import type { Order, Trade } from '../domain/order';
import { anchorSample, samplesKept, type BandSample } from '../domain/price-band';
import { DIRECTIONS, type Direction } from '../domain/order-type';
import type { InstrumentRules } from '../domain/instrument-rules';
import { rulesOfRow, type CatalogueRow } from './catalogue-rows';
import { isBetter } from '../domain/trailing';
import { decodeLogEntry } from '../domain/log-entry';
import { numbers, texts } from './columns';
import { controlOfRow, type ControlRow } from './control-rows';
import type { Database, NamedQuery, Row } from './database';
import { keyOfPayload, orderOfRow, tradeOfRow, type Checkpoint, type OrderRow, type TradeRow } from './history';
import { accountOfRow, feeGroupOfRow, transferOfRow, type FeeGroupRow, type TransferRowRead } from './money-rows';
import { CONTROLS } from './queries/controls';
import { CATALOGUE } from './queries/catalogue';
import { CHECKPOINT, JOURNAL_PAGE } from './queries/history';
import { FEE_GROUPS, PENDING_TRANSFERS } from './queries/money';
import {
  ACCOUNT_COUNT, ACCOUNT_PAGE, BAND_ANCHOR, BAND_SAMPLES, BEGIN_EPOCH, DEAD_LETTERS_BETWEEN, FILLED_ORDERS, FINISH_RECOVERY, IS_FROZEN, LAST_TRADE_IDS, LIVE_KEYS, NEWEST_TRADES, OPEN_ORDERS,
  OPEN_ORDER_COUNT, PENDING_ORDERS, RECORDED_FUNDS, RECORD_FUNDS, RECORD_RECOVERY, SET_FUNDS, SET_HELD, TRADES_BACK, UNCOVERED, USED_REFERENCES,
} from './queries/recovery';
import type { HeldBalance } from './money-batch';
import { waitForWriterLock } from './writer-lock';
import { upsertAccounts } from './write-money';

const STATEMENT_TIMEOUT_MS = 120_000;
const TRADES_PAGE = 1_000;
const FILLED_PAGE = 1_000;
const BEST_TRADES_PAGE = 10_000;

/** Where the trades of an entry lie: the first and the last of them. */
export interface Reach {
  readonly sequence: number;
  readonly firstTicks: number;
  readonly lastTicks: number;
}
/** A trade that is better than all behind it. */
export interface BestTrade {
  readonly sequence: number;
  readonly ticks: number;
}
/** Ahead of every order's. */
const NO_ID = '00000000-0000-0000-0000-000000000000';

/** Another process holds the shard's record and does not let go. */
export class RecordHeldError extends Error {
  constructor(shard: string) {
    super(`the record of shard ${shard} is held by another process`);
  }
}

/** An idempotency key, and the entry and second in which it was used. */
export interface LiveKey {
  readonly digest: string;
  readonly sequence: number;
  readonly second: number;
}

/** An account with what it has. */
export interface RecordedAccount {
  readonly name: string;
  /** null for one of the venue's own. */
  readonly account: Account | null;
  /** By asset. */
  readonly balances: readonly Balance[];
}

/** What happened once and may not happen again: a deposit by its reference, or the reversal of a transfer. */
export type UsedReference =
  & { readonly sequence: number; readonly second: number }
  & ({ readonly kind: 'deposit'; readonly asset: string; readonly reference: string } | { readonly kind: 'reversal'; readonly transferId: string });

/** An account beside one of its balances. The columns of either may be null. */
interface AccountPageRow extends Row {
  account: string; name: string | null; status: Account['status'] | null; credit: Account['credit']; fee_group: string; created_us: number;
  asset: string | null; total: string; held: string;
}

/** What Postgres gives to a rebuild: read on one session, which holds the right to write the shard's record. */
export class RecoverySource {
  private constructor(private readonly session: pg.Client, private readonly shard: string) {}

  /**
   * Waits until no writer works on the shard and keeps it so until `close`.
   * @throws RecordHeldError when it does not come to that in time
   */
  static async open(database: Database, shard: string, waitMs: number): Promise<RecoverySource> {
    const session = await database.session(STATEMENT_TIMEOUT_MS);
    try {
      if (!(await waitForWriterLock(session, shard, waitMs))) throw new RecordHeldError(shard);
    } catch (error) {
      await session.end();
      throw error;
    }
    return new RecoverySource(session, shard);
  }

  async close(): Promise<void> {
    await this.session.end();
  }

  private async query<T extends Row>(query: NamedQuery, values: unknown[]): Promise<T[]> {
    return (await this.session.query<T>({ ...query, values })).rows;
  }

  async checkpoint(): Promise<Checkpoint | null> {
    const [row] = await this.query<{ epoch: string; sequence: number; time_us: number }>(CHECKPOINT, [this.shard]);
    return row === undefined ? null : { epoch: row.epoch, sequence: row.sequence, timeUs: row.time_us };
  }

  /** Begins another life of the shard in the record. @returns the recovery's number */
  async beginEpoch(from: Checkpoint, epoch: string, reason: string): Promise<number> {
    const moved = await this.query(BEGIN_EPOCH, [this.shard, from.epoch, epoch]);
    if (moved.length !== 1) throw new Error('the checkpoint moved while its record was held');
    const [row] = await this.query<{ recovery_id: number }>(RECORD_RECOVERY, [this.shard, reason, from.epoch, epoch, from.sequence]);
    return (row as { recovery_id: number }).recovery_id;
  }

  async finish(recoveryId: number, openOrders: number, bookHash: string): Promise<void> {
    await this.query(FINISH_RECOVERY, [recoveryId, openOrders, bookHash]);
  }

  /** How money was kept when the record was begun, or last rebuilt from. */
  async funds(): Promise<Funds> {
    const [row] = await this.query<{ funds: Funds }>(RECORDED_FUNDS, [this.shard]);
    return row?.funds ?? 'off';
  }

  /** Whether the shard's operator has frozen it. */
  async isFrozen(): Promise<boolean> {
    const [row] = await this.query<{ frozen: boolean }>(IS_FROZEN, [this.shard]);
    return row?.frozen === true;
  }

  async openOrderCount(): Promise<number> {
    const [row] = await this.query<{ count: number }>(OPEN_ORDER_COUNT, [this.shard]);
    return row?.count ?? 0;
  }

  async controls(): Promise<Control[]> {
    return (await this.query<ControlRow>(CONTROLS, [this.shard])).map(controlOfRow);
  }

  /** All open orders, page by page: those in the book, then those that wait for a price. */
  async *openOrders(pageSize: number): AsyncGenerator<Order[]> {
    yield* this.restingOrders(pageSize);
    yield* this.pendingOrders(pageSize);
  }

  private async *pendingOrders(pageSize: number): AsyncGenerator<Order[]> {
    let behind: [string, number, string] = ['', 0, NO_ID];
    for (;;) {
      const rows = await this.query<OrderRow>(PENDING_ORDERS, [this.shard, ...behind, pageSize]);
      if (rows.length > 0) yield rows.map(orderOfRow);
      const last = rows[rows.length - 1];
      if (last === undefined || rows.length < pageSize) return;
      behind = [last.instrument, last.priority, last.order_id];
    }
  }

  /** As a rebuild asks (recovery/rebuild-waiting.ts). */
  async filledAt(orderIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const found = new Map<string, number>();
    for (let start = 0; start < orderIds.length; start += FILLED_PAGE) {
      const rows = await this.query<{ order_id: string; fill_sequence: number }>(FILLED_ORDERS, [orderIds.slice(start, start + FILLED_PAGE)]);
      for (const row of rows) found.set(row.order_id, row.fill_sequence);
    }
    return found;
  }

  /** As a rebuild asks (recovery/rebuild-waiting.ts). */
  async reaches(instrument: string): Promise<Reach[]> {
    const reaches: { sequence: number; firstTicks: number; lastTicks: number }[] = [];
    let from: number | null = null;
    let before: number | null = null;
    for (;;) {
      const rows: { trade_id: number; sequence: number; price_ticks: number }[] = await this.query(TRADES_BACK, [instrument, before, TRADES_PAGE]);
      for (const { sequence, price_ticks: ticks } of rows) {
        // What was reached ahead of an auction may have waited for the end of it.
        if (from === null && reaches[reaches.length - 1]?.sequence !== sequence) from = await this.causeOf(sequence);
        if (from !== null && sequence < from) return reaches.reverse();
        const known = reaches[reaches.length - 1];
        // Back from the last trade of each.
        if (known?.sequence === sequence) known.firstTicks = ticks;
        else reaches.push({ sequence, firstTicks: ticks, lastTicks: ticks });
      }
      const last = rows[rows.length - 1];
      if (last === undefined || rows.length < TRADES_PAGE) return reaches.reverse();
      before = last.trade_id;
    }
  }

  /** As a rebuild asks: back from the newest trade, page by page, as far as the first that counts. */
  async bestTrades(instrument: string, after: number, before: number): Promise<Record<Direction, BestTrade[]>> {
    const best: Record<Direction, BestTrade[]> = { rising: [], falling: [] };
    for (let ahead: number | null = null; ;) {
      const rows: { trade_id: number; sequence: number; price_ticks: number }[] = await this.query(TRADES_BACK, [instrument, ahead, BEST_TRADES_PAGE]);
      for (const { sequence, price_ticks: ticks } of rows) {
        if (sequence <= after) return { rising: best.rising.reverse(), falling: best.falling.reverse() };
        if (sequence >= before) continue;
        for (const direction of DIRECTIONS) {
          const found = best[direction];
          if (isBetter(direction, ticks, found[found.length - 1]?.ticks ?? 0)) found.push({ sequence, ticks });
        }
      }
      const last = rows[rows.length - 1];
      if (last === undefined || rows.length < BEST_TRADES_PAGE) return { rising: best.rising.reverse(), falling: best.falling.reverse() };
      ahead = last.trade_id;
    }
  }

  /** The entry because of which an entry's order went; that entry itself, where it was a command; null for a page of an auction. */
  private async causeOf(sequence: number): Promise<number | null> {
    const [row] = await this.query<{ payload: string }>(JOURNAL_PAGE, [this.shard, sequence - 1, sequence]);
    const command = row === undefined ? null : decodeLogEntry(row.payload).command;
    if (command?.op === 'auction') return null;
    return command?.op === 'trigger' ? command.cause : sequence;
  }

  private async *restingOrders(pageSize: number): AsyncGenerator<Order[]> {
    let behind: [string, string, number, number, string] = ['', '', 0, 0, NO_ID];
    for (;;) {
      const rows = await this.query<OrderRow>(OPEN_ORDERS, [this.shard, ...behind, pageSize]);
      if (rows.length > 0) yield rows.map(orderOfRow);
      const last = rows[rows.length - 1];
      if (last === undefined || rows.length < pageSize) return;
      behind = [last.instrument, last.side, last.price_ticks ?? 0, last.priority, last.order_id];
    }
  }

  /** Idempotency keys used after `second`, page by page, oldest first: one that was used anew comes with its later use behind. */
  async *liveKeys(second: number, pageSize: number): AsyncGenerator<LiveKey[]> {
    let after = 0;
    for (;;) {
      const rows = await this.query<{ sequence: number; idempotency: string; second: number }>(LIVE_KEYS, [this.shard, after, second, pageSize]);
      const last = rows.length < pageSize ? null : (rows[rows.length - 1]?.sequence ?? null);
      const keys = [
        ...rows.map((row) => ({ digest: row.idempotency, sequence: row.sequence, second: row.second })),
        ...await this.keysOfDeadLetters(after, last, second),
      ];
      if (keys.length > 0) yield keys.sort((a, b) => a.sequence - b.sequence);
      if (last === null) return;
      after = last;
    }
  }

  /** Keys of entries that Postgres refused, behind one sequence and up to another, null for the end. */
  private async keysOfDeadLetters(after: number, upTo: number | null, second: number): Promise<LiveKey[]> {
    const letters = await this.query<{ sequence: number; payload: string }>(DEAD_LETTERS_BETWEEN, [this.shard, after, upTo]);
    return letters.flatMap(({ sequence, payload }) => {
      const key = keyOfPayload(payload);
      return key === null || key.second <= second ? [] : [{ ...key, sequence }];
    });
  }

  async lastTradeIds(): Promise<Map<string, number>> {
    const rows = await this.query<{ instrument: string; trade_id: number | null }>(LAST_TRADE_IDS, []);
    return new Map(rows.filter((row) => row.trade_id !== null).map((row) => [row.instrument, row.trade_id as number]));
  }

  /** Newest first. */
  async newestTrades(instrument: string, count: number): Promise<Trade[]> {
    return (await this.query<TradeRow>(NEWEST_TRADES, [instrument, count])).map(tradeOfRow);
  }
  /** Without the venue's own. */
  async accountCount(): Promise<number> {
    const [row] = await this.query<{ count: number }>(ACCOUNT_COUNT, [this.shard]);
    return row?.count ?? 0;
  }

  /** All accounts with what they have, the venue's own among them, page by page. */
  async *accounts(pageSize: number): AsyncGenerator<RecordedAccount[]> {
    let behind = '';
    for (;;) {
      const rows = await this.query<AccountPageRow>(ACCOUNT_PAGE, [this.shard, behind, pageSize]);
      const page = new Map<string, { name: string; account: Account | null; balances: Balance[] }>();
      for (const row of rows) {
        const { account: name, status, asset, total, held } = row;
        let recorded = page.get(name);
        if (recorded === undefined) page.set(name, recorded = { name, account: status === null ? null : accountOfRow({ ...row, status }), balances: [] });
        if (asset !== null) recorded.balances.push({ asset, total, held });
      }
      if (page.size > 0) yield [...page.values()];
      const last = rows[rows.length - 1];
      if (last === undefined || page.size < pageSize) return;
      behind = last.account;
    }
  }

  /** Balances of those who need cover that hold more than they have: how many, and some of them, as account and asset. */
  async uncovered(namesMax: number): Promise<{ readonly count: number; readonly some: string[] }> {
    const rows = await this.query<{ account: string; asset: string; count: number }>(UNCOVERED, [this.shard, namesMax]);
    return { count: rows[0]?.count ?? 0, some: rows.map(({ account, asset }) => `${account} ${asset}`) };
  }

  /** Transfers and withdrawals that hold money, page by page, oldest first. */
  async *pendingTransfers(pageSize: number): AsyncGenerator<Transfer[]> {
    let after = 0;
    for (;;) {
      const rows = await this.query<TransferRowRead>(PENDING_TRANSFERS, [this.shard, after, pageSize]);
      if (rows.length > 0) yield rows.map(transferOfRow);
      const last = rows[rows.length - 1];
      if (last === undefined || rows.length < pageSize) return;
      after = last.sequence;
    }
  }

  /** Instruments that were made or changed, by name. */
  async catalogue(): Promise<InstrumentRules[]> {
    return (await this.query<CatalogueRow>(CATALOGUE, [this.shard])).map(rulesOfRow);
  }

  /** What the reference price of an instrument's band comes from, oldest first. */
  async bandSamples({ instrument, bandFrom, bandWindowS }: InstrumentRules): Promise<BandSample[]> {
    const [anchor] = await this.query<{ price_ticks: number }>(BAND_ANCHOR, [instrument, bandFrom]);
    if (anchor === undefined) return [];
    const rows = await this.query<{ second: number; price_ticks: number }>(BAND_SAMPLES, [instrument, bandFrom, bandWindowS]);
    const samples = [anchorSample({ priceTicks: anchor.price_ticks }), ...rows.map(({ second, price_ticks: priceTicks }) => ({ second, priceTicks }))];
    return [...samplesKept(samples, rows.at(-1)?.second ?? 0, bandWindowS)];
  }

  async feeGroups(): Promise<FeeGroup[]> {
    return (await this.query<FeeGroupRow>(FEE_GROUPS, [this.shard])).map(feeGroupOfRow);
  }

  /** Every reference that was ever used, page by page, oldest first. */
  async *usedReferences(pageSize: number): AsyncGenerator<UsedReference[]> {
    let after = 0;
    for (;;) {
      const rows = await this.query<{ sequence: number; second: number; asset: string; reference: string | null; reverses: string | null }>(
        USED_REFERENCES, [this.shard, after, pageSize],
      );
      if (rows.length > 0) {
        yield rows.map(({ sequence, second, asset, reference, reverses }) => (reverses === null
          ? { kind: 'deposit', sequence, second, asset, reference: reference as string } : { kind: 'reversal', sequence, second, transferId: reverses }));
      }
      const last = rows[rows.length - 1];
      if (last === undefined || rows.length < pageSize) return;
      after = last.sequence;
    }
  }

  /**
   * Says that money is kept otherwise from the checkpoint on, and brings the record to what the rebuild has computed: accounts that came
   * to be while no money was kept, and what accounts hold. In one transaction.
   * @param held what is held of those balances whose record says otherwise; the total of one that is not there is 0
   */
  async takeFunds(
    recoveryId: number, funds: Funds, { accounts, held }: { readonly accounts: readonly Account[]; readonly held: readonly Omit<HeldBalance, 'total'>[] },
  ): Promise<void> {
    await this.session.query('BEGIN');
    try {
      await this.query(SET_FUNDS, [this.shard, funds]);
      const [{ sequence }] = await this.query<{ sequence: number }>(RECORD_FUNDS, [recoveryId, funds]) as [{ sequence: number }];
      await upsertAccounts((query, values) => this.query(query, [this.shard, ...values]), accounts.map((account) => ({ account, sequence })));
      await this.query(SET_HELD, [
        this.shard, sequence, texts(held, (one) => one.account), texts(held, (one) => one.asset), numbers(held, (one) => one.held),
      ]);
      await this.session.query('COMMIT');
    } catch (error) {
      await this.session.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }
}
