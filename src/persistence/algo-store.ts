import {
  ALGO_STATUSES, SLICE_STATUSES, afterSlice, cancelled, expired, nextMove, type Algo, type AlgoSlice, type AlgoStatus, type SliceOutcome, type SliceStatus,
} from '../domain/algo';
import type { Side } from '../domain/order';
import type { Database, Query, Row } from './database';
import * as sql from './queries/algos';

export interface AlgoRow extends Row {
  algo_id: string; client_id: string; actor: string | null; instrument: string; side: Side; quantity_lots: number; limit_ticks: number | null; duration_s: number;
  slices: number; status: string; status_reason: string | null; is_stopping: boolean; filled_lots: number; notional: string; slices_placed: number;
  slices_refused: number; refused_in_a_row: number; next_slice: number; next_us: number; created_us: number; updated_us: number;
}

export interface SliceRow extends Row {
  algo_id: string; slice: number; order_id: string; quantity_lots: number; status: string; filled_lots: number; notional: string; reason: string | null; at_us: number;
}

/** @throws Error for a word that this program does not know */
function wordOf<W extends string>(words: readonly W[], word: string): W {
  if (!(words as readonly string[]).includes(word)) throw new Error(`postgres holds an unknown word: ${word}`);
  return word as W;
}

export function algoOf(row: AlgoRow): Algo {
  return {
    algoId: row.algo_id, clientId: row.client_id, actor: row.actor, instrument: row.instrument, side: row.side, quantityLots: row.quantity_lots,
    limitTicks: row.limit_ticks, durationS: row.duration_s, slices: row.slices, status: wordOf<AlgoStatus>(ALGO_STATUSES, row.status), reason: row.status_reason,
    isStopping: row.is_stopping, filledLots: row.filled_lots, notional: row.notional, slicesPlaced: row.slices_placed, slicesRefused: row.slices_refused,
    refusedInARow: row.refused_in_a_row, nextSlice: row.next_slice, nextUs: row.next_us, createdUs: row.created_us, updatedUs: row.updated_us,
  };
}

export function sliceOf(row: SliceRow): AlgoSlice {
  return {
    algoId: row.algo_id, slice: row.slice, orderId: row.order_id, quantityLots: row.quantity_lots, status: wordOf<SliceStatus>(SLICE_STATUSES, row.status), filledLots: row.filled_lots,
    notional: row.notional, reason: row.reason, atUs: row.at_us,
  };
}

/** What is to be done of an algo now. */
export interface AlgoTask {
  readonly algo: Algo;
  /** The slice that is to be placed; null where there is none now. */
  readonly slice: AlgoSlice | null;
  /** Whether somebody may have placed it before. */
  readonly isResumed: boolean;
}

/**
 * Parent orders in Postgres: what is done of one is decided in a transaction that holds its row, so that two processes decide
 * nothing twice. Every method throws DatabaseUnavailableError while Postgres is away.
 */
export class AlgoStore {
  constructor(private readonly database: Database, private readonly shard: string) {}

  /**
   * @param idempotency digest of a client and its key, null without one
   * @returns the algo that was started, or by the same key before; null where the account has as many running as it may
   */
  start(algo: Algo, idempotency: string | null, runningMax: number): Promise<{ readonly algo: Algo; readonly isNew: boolean } | null> {
    return this.database.transaction(async (query) => {
      await query(sql.HOLD_ACCOUNT, [this.shard, algo.clientId]);
      const started = await query(sql.START, [
        algo.algoId, this.shard, algo.clientId, algo.actor, idempotency, algo.instrument, algo.side, algo.quantityLots, algo.limitTicks, algo.durationS, algo.slices,
        algo.createdUs, runningMax,
      ]);
      if (started.length === 0) {
        const [known] = idempotency === null ? [] : await query<AlgoRow>(sql.BY_KEY, [this.shard, idempotency]);
        return known === undefined ? null : { algo: algoOf(known), isNew: false };
      }
      return { algo, isNew: true };
    });
  }

  async one(algoId: string): Promise<Algo | null> {
    const [row] = await this.database.query<AlgoRow>(sql.ONE, [this.shard, algoId]);
    return row === undefined ? null : algoOf(row);
  }

  /** @param idempotency digest of a client and its key */
  async byKey(idempotency: string): Promise<Algo | null> {
    const [row] = await this.database.query<AlgoRow>(sql.BY_KEY, [this.shard, idempotency]);
    return row === undefined ? null : algoOf(row);
  }

  async slicesOf(algoId: string): Promise<readonly AlgoSlice[]> {
    return (await this.database.query<SliceRow>(sql.SLICES, [algoId])).map(sliceOf);
  }

  /** Those of a client, the newest first. @param behind id of the last one of the page before, null for the first */
  async ofClient(clientId: string, isAll: boolean, behind: string | null, limit: number): Promise<readonly Algo[]> {
    return (await this.database.query<AlgoRow>(sql.OF_CLIENT, [this.shard, clientId, isAll, behind, limit])).map(algoOf);
  }

  /** Running ones that there is something to do of up to a time. */
  async due(untilUs: number, limit: number): Promise<readonly Algo[]> {
    return (await this.database.query<AlgoRow>(sql.DUE, [this.shard, untilUs, limit])).map(algoOf);
  }

  async countRunning(): Promise<number> {
    const [row] = await this.database.query<{ count: number }>(sql.COUNT_RUNNING, [this.shard]);
    return Number(row?.count);
  }

  /**
   * Decides what is next of an algo, and keeps it: the slice that is being placed, or a new one, or none yet, or that its time is over.
   * @param read as it was when it was read @param orderId of a new slice @returns null where it has ended
   */
  async advance(read: Algo, nowUs: number, orderId: string): Promise<AlgoTask | null> {
    const move = read.isStopping ? null : nextMove(read, nowUs);
    if (move?.kind === 'place') {
      const slice = newSlice(read, move, orderId, nowUs);
      const decided = await this.database.query(sql.DECIDE_AT_ONCE, [
        read.algoId, slice.slice, orderId, slice.quantityLots, read.nextSlice, read.filledLots, this.shard, nowUs,
      ]);
      if (decided.length > 0) return { algo: { ...read, nextSlice: slice.slice, updatedUs: nowUs }, slice, isResumed: false };
    }
    return this.advanceHeld(read.algoId, nowUs, orderId);
  }

  private advanceHeld(algoId: string, nowUs: number, orderId: string): Promise<AlgoTask | null> {
    return this.holding(algoId, async (query, algo) => {
      if (algo.status !== 'running') return null;
      const [placing] = await query<SliceRow>(sql.PLACING, [algoId]);
      if (placing !== undefined) return { algo, slice: sliceOf(placing), isResumed: true };
      const move = nextMove(algo, nowUs);
      switch (move.kind) {
        case 'expire': return { algo: await change(query, expired(algo, nowUs)), slice: null, isResumed: false };
        case 'wait':
          if (move.slice === algo.nextSlice) return { algo, slice: null, isResumed: false };
          return { algo: await change(query, { ...algo, nextSlice: move.slice, nextUs: move.untilUs, updatedUs: nowUs }), slice: null, isResumed: false };
        case 'place': {
          const slice = newSlice(algo, move, orderId, nowUs);
          await query(sql.DECIDE_SLICE, [algoId, slice.slice, orderId, slice.quantityLots, nowUs]);
          return { algo: await change(query, { ...algo, nextSlice: move.slice, updatedUs: nowUs }), slice, isResumed: false };
        }
      }
    });
  }

  /**
   * Keeps what came of the slice that was being placed.
   * @param read as it was when the slice was decided @returns the algo after it; null where that was known before
   */
  async note(read: Algo, slice: number, outcome: SliceOutcome, refusalsMax: number, nowUs: number): Promise<Algo | null> {
    const { status, filledLots, notional, reason } = outcome;
    if (read.status === 'running' && read.nextSlice === slice) {
      const after = afterSlice(read, slice, outcome, refusalsMax, nowUs);
      const noted = await this.database.query(sql.NOTE_AT_ONCE, [
        ...valuesOf(after), read.isStopping, slice, read.filledLots, status, filledLots, notional, reason, this.shard,
      ]);
      if (noted.length > 0) return after;
    }
    return this.holding(read.algoId, async (query, algo) => {
      const noted = await query(sql.NOTE_SLICE, [read.algoId, slice, status, filledLots, notional, reason]);
      return noted.length === 0 ? null : change(query, afterSlice(algo, slice, outcome, refusalsMax, nowUs));
    });
  }

  /** Cancels an algo, at once or as soon as it is known what came of the slice that is being placed. @returns null where it has ended before */
  askStop(algoId: string, nowUs: number): Promise<Algo | null> {
    return this.holding(algoId, async (query, algo) => {
      if (algo.status !== 'running') return null;
      const placing = await query(sql.PLACING, [algoId]);
      return change(query, placing.length === 0 ? cancelled(algo, nowUs) : { ...algo, isStopping: true, updatedUs: nowUs });
    });
  }

  /** @returns null for one that there is not, too */
  private holding<T>(algoId: string, work: (query: Query, algo: Algo) => Promise<T | null>): Promise<T | null> {
    return this.database.transaction(async (query) => {
      const [row] = await query<AlgoRow>(sql.HOLD, [this.shard, algoId]);
      return row === undefined ? null : work(query, algoOf(row));
    });
  }
}

function newSlice({ algoId }: Algo, { slice, quantityLots }: { readonly slice: number; readonly quantityLots: number }, orderId: string, atUs: number): AlgoSlice {
  return { algoId, slice, orderId, quantityLots, status: 'placing', filledLots: 0, notional: '0', reason: null, atUs };
}

/** What changes of an algo, behind its id. */
function valuesOf(algo: Algo): readonly unknown[] {
  return [
    algo.algoId, algo.status, algo.reason, algo.isStopping, algo.filledLots, algo.notional, algo.slicesPlaced, algo.slicesRefused, algo.refusedInARow, algo.nextSlice,
    algo.nextUs, algo.updatedUs,
  ];
}

async function change(query: Query, algo: Algo): Promise<Algo> {
  await query(sql.CHANGE, valuesOf(algo));
  return algo;
}
