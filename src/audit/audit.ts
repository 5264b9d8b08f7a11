import type { MoneyScale } from '../domain/assets';
import type { StoredCandle } from '../domain/candle';
import { decodeLogEntry, epochOfPayload, type LogEntry } from '../domain/log-entry';
import type { Order, Trade } from '../domain/order';
import { invariantProblems } from '../reference/invariants';
import type { ShardState } from '../reference/state';
import { compareMoney } from './compare-money';
import { compareCandleRows, compareOrderRows, compareTradeRows } from './compare-record';
import { compareKeys, compareState, compareTape, type ReplayedShard, type ReplayedTrade } from './compare-shard';
import { Finding, PROBLEMS_MAX, type Check } from './finding';
import { JournalReplay } from './journal-replay';

export type { Check } from './finding';

/** An entry of the record; what stands beside its payload is null where it is kept in dead_letters only. */
export interface AuditedEntry {
  readonly sequence: number;
  readonly payload: string;
  readonly columns: { readonly timeUs: number; readonly kind: string; readonly idempotency: string | null } | null;
}

/** Postgres, in one snapshot. */
export interface AuditedRecord {
  checkpoint(): Promise<{ readonly epoch: string; readonly sequence: number } | null>;
  journal(): AsyncGenerator<AuditedEntry>;
  /** Log sequences of the entries that Postgres refused and nobody has dealt with. */
  openLetters(): Promise<readonly number[]>;
  orders(): AsyncGenerator<Order>;
  trades(): AsyncGenerator<ReplayedTrade>;
  candles(): AsyncGenerator<StoredCandle>;
}

/** Redis, at one moment. */
export interface AuditedShard {
  readonly state: ShardState;
  readonly meta: Readonly<Record<string, string>>;
  readonly log: readonly LogEntry[];
  /** The log's payloads as they stand in it, by sequence. */
  readonly payloads: ReadonlyMap<number, string>;
  readonly trades: ReadonlyMap<string, readonly Trade[]>;
  readonly problems: readonly string[];
}

export interface AuditOptions {
  readonly idempotencyTtlS: number;
  /** By instrument, of every one that has traded with money; without them a journal that knows money cannot be played. */
  readonly scales?: ReadonlyMap<string, MoneyScale>;
}

/** Keys this close to the end of their lifetime may be there or not. */
const LIFETIME_MARGIN_US = 60_000_000;
const MICROSECONDS = 1e6;

/**
 * Audits a venue from its own records: the journal is played through the reference book, and what that
 * comes to must be what Postgres and Redis hold. Redis must have been read before Postgres.
 */
export async function auditVenue(record: AuditedRecord, shard: AuditedShard, options: AuditOptions): Promise<Check[]> {
  const lineage = new Finding('checkpoint and log agree');
  const journal = new Finding('journal without gaps, every entry follows from those before');
  const letters = new Finding('no entry in dead letters');
  const redis = new Finding('redis: orders, books, queues, depths, listings and counters equal the replay');
  const money = new Finding('redis: accounts, balances, holds, groups of fees and pending transfers equal the replay');
  const keys = new Finding('redis: no key without an owner, every structure tells the same');
  const idempotency = new Finding('redis: idempotency keys point at their entries');
  const tape = new Finding('redis: recent trades equal the replay');
  const orders = new Finding('postgres: orders equal the replay');
  const trades = new Finding('postgres: trades equal the replay');
  const candles = new Finding('postgres: candles equal the replayed trades');

  const checkpoint = await record.checkpoint();
  if (checkpoint === null) {
    lineage.add('postgres has no checkpoint');
    return [lineage];
  }
  const { sequence, epoch } = checkpoint;
  const redisSequence = shard.state.sequence;
  const persisted = Number(shard.meta.persisted);
  lineage.count = 1;
  if (shard.meta.epoch !== epoch) lineage.add(`redis lives in epoch ${shard.meta.epoch ?? 'none'}, postgres in ${epoch}`);
  if (shard.meta.state !== 'open' && shard.meta.state !== 'frozen') lineage.add(`the shard is ${shard.meta.state ?? 'without a state'}${shard.meta.fault === undefined ? '' : `: ${shard.meta.fault}`}`);
  if (redisSequence < sequence && shard.meta.epoch !== epoch) lineage.add(`redis is at sequence ${redisSequence}, postgres at ${sequence}`);
  if (!(persisted <= sequence)) lineage.add(`redis let go of entries up to ${shard.meta.persisted ?? 'nobody knows where'}, postgres holds ${sequence}`);
  checkLog(shard, redisSequence, persisted, lineage);

  const replay = new JournalReplay(PROBLEMS_MAX, options.scales ?? new Map());
  const timesUs: number[] = [];
  let atRedis: ReplayedShard | null = null;
  const play = (entry: LogEntry, payload: string): void => {
    if (entry.sequence > redisSequence) atRedis ??= replayedShard(replay);
    timesUs[entry.sequence] = entry.timeUs;
    replay.add(entry, epochOfPayload(payload));
  };
  // Postgres first, to its checkpoint; then what only Redis' log has.
  let before = 0;
  for await (const row of record.journal()) {
    if (row.sequence > sequence) journal.add(`entry ${row.sequence} lies beyond the checkpoint ${sequence}`);
    if (row.sequence !== before + 1) journal.add(gap(before, row.sequence));
    before = row.sequence;
    const entry = read(row, journal);
    if (entry === null) continue;
    checkColumns(row, entry, journal);
    const logged = shard.payloads.get(row.sequence);
    if (logged !== undefined && logged !== row.payload) lineage.add(`entry ${row.sequence} stands in the log of redis otherwise than in the journal: ${logged} and ${row.payload}`);
    play(entry, row.payload);
  }
  if (before !== sequence) journal.add(`the journal ends at entry ${before}, the checkpoint says ${sequence}`);
  letters.count = 0;
  for (const refused of await record.openLetters()) {
    letters.count++;
    letters.add(`entry ${refused} was refused by postgres: "npm run dead-letters" tells why`);
  }
  await compareOrderRows(replay.orders(), record.orders(), orders);
  await compareTradeRows(replay.trades, record.trades(), trades);
  await compareCandleRows(replay.trades, record.candles(), candles);
  for (const entry of shard.log) {
    if (entry.sequence > before) play(entry, shard.payloads.get(entry.sequence) ?? '');
  }
  if (replay.sequence === redisSequence) atRedis ??= replayedShard(replay);
  journal.count = replay.entries;
  for (const problem of replay.problems) journal.add(problem);

  if (atRedis === null || redisSequence > replay.sequence) {
    redis.add(`redis is at sequence ${redisSequence}, journal and log end at ${replay.sequence}`);
  } else {
    compareState(atRedis, shard.state, redis);
    compareMoney(atRedis.state, shard.state, money);
    compareTime(atRedis, shard.meta, redis);
    compareTape(atRedis, shard.trades, persisted, tape);
    const oldestLivingUs = Date.now() * 1000 - options.idempotencyTtlS * MICROSECONDS + LIFETIME_MARGIN_US;
    compareKeys(atRedis, shard.state, (at) => timesUs[at] ?? 0, oldestLivingUs, idempotency);
  }
  keys.count = shard.state.orders.length;
  for (const problem of [...shard.problems, ...invariantProblems(shard.state, null)]) keys.add(problem);
  return [lineage, journal, letters, redis, money, keys, idempotency, tape, orders, trades, candles];
}

function gap(before: number, next: number): string {
  if (next <= before) return `entry ${next} is there twice`;
  return next === before + 2 ? `entry ${before + 1} is missing` : `entries ${before + 1} to ${next - 1} are missing`;
}

function replayedShard(replay: JournalReplay): ReplayedShard {
  const done = new Map(replay.doneOrders);
  const state = replay.state();
  const open = new Map(state.orders.map((order) => [order.orderId, order]));
  return {
    state, timeUs: replay.timeUs, keys: new Map(replay.keys),
    trades: new Map([...replay.trades].map(([instrument, list]) => [instrument, [...list]])),
    order: (orderId) => open.get(orderId) ?? done.get(orderId) ?? null,
  };
}

function read(row: AuditedEntry, journal: Finding): LogEntry | null {
  try {
    const entry = decodeLogEntry(row.payload);
    if (entry.sequence === row.sequence) return entry;
    journal.add(`entry ${row.sequence} calls itself ${entry.sequence}`);
  } catch (error) {
    journal.add(`entry ${row.sequence} cannot be read: ${(error as Error).message}`);
  }
  return null;
}

/** A rebuild and the lookup of old answers go by the columns. */
function checkColumns({ sequence, columns }: AuditedEntry, entry: LogEntry, journal: Finding): void {
  if (columns === null) return;
  journal.addDifference(`entry ${sequence}, its columns`, { timeUs: entry.timeUs, kind: entry.kind, idempotency: entry.idempotency }, columns);
}

function checkLog(shard: AuditedShard, redisSequence: number, persisted: number, lineage: Finding): void {
  let before: number | null = null;
  for (const entry of shard.log) {
    if (before !== null && entry.sequence !== before + 1) lineage.add(`the log has a gap between entry ${before} and entry ${entry.sequence}`);
    before = entry.sequence;
  }
  const first = shard.log[0];
  if (persisted < redisSequence && (first === undefined || first.sequence > persisted + 1)) {
    lineage.add(`entries ${persisted + 1} to ${(first?.sequence ?? redisSequence + 1) - 1} are neither persisted nor in the log`);
  }
  if (before !== null && before !== redisSequence) lineage.add(`the log ends at entry ${before}, the shard's sequence is ${redisSequence}`);
}

/** The next entry's time is at least this one: behind the last entry, time could go backwards. */
function compareTime(expected: ReplayedShard, meta: Readonly<Record<string, string>>, finding: Finding): void {
  if (expected.state.sequence === 0) return;
  if (Number(meta.time_us) !== expected.timeUs) finding.add(`the shard's time is ${meta.time_us ?? 'missing'}, its last entry's is ${expected.timeUs}`);
}
