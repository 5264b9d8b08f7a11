import { decodeLogEntry, type LogEntry } from '../domain/log-entry';
import { isOpen, type Order, type Trade } from '../domain/order';
import { invariantProblems } from '../reference/invariants';
import type { ShardState } from '../reference/state';
import { firstDifference } from './difference';
import { JournalReplay } from './journal-replay';

/** One thing the audit looked at: how many, and what was wrong with them. */
export interface Check {
  readonly name: string;
  readonly count: number;
  readonly problems: readonly string[];
}

/** Postgres, in one snapshot. */
export interface AuditedRecord {
  checkpoint(): Promise<{ readonly epoch: string; readonly sequence: number } | null>;
  journal(): AsyncGenerator<{ readonly sequence: number; readonly payload: string; readonly isDeadLetter: boolean }>;
  orders(): AsyncGenerator<Order>;
  trades(): AsyncGenerator<Trade>;
}

/** Redis, at one moment. */
export interface AuditedShard {
  readonly state: ShardState;
  readonly meta: Readonly<Record<string, string>>;
  readonly log: readonly LogEntry[];
  readonly trades: ReadonlyMap<string, readonly Trade[]>;
  readonly problems: readonly string[];
}

/** Problems of one kind that are told at most: the first ones say where to look. */
const PROBLEMS_MAX = 20;

class Finding implements Check {
  readonly problems: string[] = [];
  count = 0;

  constructor(readonly name: string) {}

  add(problem: string): void {
    if (this.problems.length < PROBLEMS_MAX) this.problems.push(problem);
  }

  addDifference(what: string, expected: unknown, actual: unknown): void {
    const difference = firstDifference(expected, actual);
    if (difference !== null) this.add(`${what}${difference}`);
  }
}

/**
 * Audits a venue from its own records: the journal is played through the reference book, and what that
 * comes to must be what Postgres and Redis hold.
 */
export async function auditVenue(record: AuditedRecord, shard: AuditedShard): Promise<Check[]> {
  const lineage = new Finding('checkpoint and log agree');
  const journal = new Finding('journal without gaps, every entry follows from those before');
  const letters = new Finding('no entry in dead letters');
  const redis = new Finding('redis: book, queues, depths, listings and counters equal the replay');
  const keys = new Finding('redis: no key without an owner, every structure tells the same');
  const idempotency = new Finding('redis: idempotency keys point at their entries');
  const tape = new Finding('redis: recent trades equal the replay');
  const orders = new Finding('postgres: orders equal the replay');
  const trades = new Finding('postgres: trades equal the replay');
  const replay = new JournalReplay(PROBLEMS_MAX);

  const checkpoint = await record.checkpoint();
  if (checkpoint === null) {
    lineage.add('postgres has no checkpoint');
    return [lineage];
  }
  const { sequence, epoch } = checkpoint;
  const redisSequence = shard.state.sequence;
  lineage.count = 1;
  if (shard.meta.epoch !== epoch) lineage.add(`redis lives in epoch ${shard.meta.epoch ?? 'none'}, postgres in ${epoch}`);
  const persisted = Number(shard.meta.persisted);
  if (persisted > sequence) lineage.add(`redis let go of entries up to ${persisted}, postgres holds ${sequence}`);
  checkLog(shard, redisSequence, persisted, lineage);

  let atRedis: ReplayedShard | null = null;
  const reach = (): void => {
    if (replay.sequence === redisSequence) atRedis ??= snapshot(replay);
  };
  reach();
  // Postgres first, to its checkpoint; then what only Redis' log has.
  for await (const row of record.journal()) {
    if (row.sequence > sequence) journal.add(`entry ${row.sequence} lies beyond the checkpoint ${sequence}`);
    if (row.sequence !== replay.sequence + 1) journal.add(`entry ${row.sequence} follows ${replay.sequence}`);
    if (row.isDeadLetter) {
      letters.count++;
      letters.add(`entry ${row.sequence} was refused by postgres: "npm run dead-letters" tells why`);
    }
    const entry = decodeLogEntry(row.payload);
    if (entry.sequence !== row.sequence) journal.add(`entry ${row.sequence} calls itself ${entry.sequence}`);
    replay.add(entry);
    reach();
  }
  if (replay.sequence !== sequence) journal.add(`the journal ends at ${replay.sequence}, the checkpoint says ${sequence}`);
  await compareRecord(record, replay, orders, trades);
  for (const entry of shard.log) {
    if (entry.sequence <= replay.sequence) continue;
    replay.add(entry);
    reach();
  }
  journal.count = replay.entries;
  for (const problem of replay.problems) journal.add(problem);

  if (atRedis === null) redis.add(`redis is at sequence ${redisSequence}, the replay never came to it`);
  else compareShard(shard, atRedis, replay, { redis, tape, idempotency });
  keys.count = shard.state.orders.length;
  for (const problem of [...shard.problems, ...invariantProblems(shard.state)]) keys.add(problem);
  return [lineage, journal, letters, redis, keys, idempotency, tape, orders, trades];
}

interface ReplayedShard {
  readonly state: ShardState;
  /** Last trade id of each instrument at that moment. */
  readonly tradeCounts: ReadonlyMap<string, number>;
}

function snapshot(replay: JournalReplay): ReplayedShard {
  return { state: replay.state(), tradeCounts: new Map([...replay.trades].map(([instrument, list]) => [instrument, list.length])) };
}

function checkLog(shard: AuditedShard, redisSequence: number, persisted: number, lineage: Finding): void {
  let before: number | null = null;
  for (const entry of shard.log) {
    if (before !== null && entry.sequence !== before + 1) lineage.add(`the log has a gap between ${before} and ${entry.sequence}`);
    before = entry.sequence;
  }
  const first = shard.log[0];
  if (persisted < redisSequence && (first === undefined || first.sequence > persisted + 1)) {
    lineage.add(`entries ${persisted + 1} to ${(first?.sequence ?? redisSequence + 1) - 1} are neither persisted nor in the log`);
  }
  if (before !== null && before !== redisSequence) lineage.add(`the log ends at ${before}, the shard's sequence is ${redisSequence}`);
}

async function compareRecord(record: AuditedRecord, replay: JournalReplay, orders: Finding, trades: Finding): Promise<void> {
  const expected = replay.orders();
  for await (const order of record.orders()) {
    orders.count++;
    const wanted = expected.get(order.orderId);
    expected.delete(order.orderId);
    if (wanted === undefined) orders.add(`order ${order.orderId} is in no journal entry`);
    else orders.addDifference(`order ${order.orderId}`, wanted, order);
  }
  for (const orderId of expected.keys()) orders.add(`order ${orderId} is missing`);

  const next = new Map<string, number>();
  for await (const trade of record.trades()) {
    trades.count++;
    const at = next.get(trade.instrument) ?? 0;
    next.set(trade.instrument, at + 1);
    const wanted = replay.trades.get(trade.instrument)?.[at];
    if (wanted === undefined) trades.add(`trade ${trade.tradeId} of ${trade.instrument} is in no journal entry`);
    else trades.addDifference(`trade ${wanted.tradeId} of ${trade.instrument}`, wanted, trade);
  }
  for (const [instrument, list] of replay.trades) {
    const found = next.get(instrument) ?? 0;
    if (found < list.length) trades.add(`${list.length - found} trades of ${instrument} are missing`);
  }
}

function compareShard(
  shard: AuditedShard, at: ReplayedShard, replay: JournalReplay, findings: { redis: Finding; tape: Finding; idempotency: Finding },
): void {
  const { redis, tape, idempotency } = findings;
  const { state } = shard;
  redis.count = at.state.orders.length;
  // Done orders stay in Redis until they are persisted; whatever stays must be right.
  redis.addDifference('open orders', at.state.orders, state.orders.filter(isOpen));
  redis.addDifference('books', at.state.books, state.books);
  redis.addDifference('listings by client', at.state.openOrders, state.openOrders);
  redis.addDifference('client order ids', at.state.clientOrderIds, state.clientOrderIds);
  redis.addDifference('trade id counters', at.state.tradeIds, state.tradeIds);
  for (const order of state.orders) {
    if (isOpen(order)) continue;
    const wanted = replay.doneOrder(order.orderId);
    if (wanted === null) redis.add(`done order ${order.orderId} is in no journal entry`);
    else redis.addDifference(`done order ${order.orderId}`, wanted, order);
  }

  for (const [instrument, list] of shard.trades) {
    const all = (replay.trades.get(instrument) ?? []).slice(0, at.tradeCounts.get(instrument) ?? 0);
    tape.count += list.length;
    tape.addDifference(`recent trades of ${instrument}`, all.slice(all.length - list.length).reverse(), list);
  }
  for (const { digest, sequence } of state.idempotency) {
    idempotency.count++;
    const wanted = replay.keys.get(digest);
    // A later use of an expired key may be known to the replay only.
    if (wanted === undefined) idempotency.add(`key ${digest} points at entry ${sequence}, which does not carry it`);
    else if (wanted !== sequence && wanted <= state.sequence) idempotency.add(`key ${digest} points at entry ${sequence}, it was used at ${wanted}`);
  }
}
