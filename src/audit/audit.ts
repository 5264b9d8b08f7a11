import type { MoneyScale } from '../domain/assets';
import { decodeLogEntry, epochOfPayload, type LogEntry } from '../domain/log-entry';
import { learnScale } from '../domain/postings';
import { FUNDS, FUNDS_CODE, type Funds } from '../domain/money';
import { invariantProblems } from '../reference/invariants';
import type { AuditedCheckpoint, AuditedEntry, AuditedFill, AuditedRecord, AuditedShard, FundsSwitch, ReferenceDigests } from './audited';
import { AlgoCheck } from './compare-algos';
import { compareControls, compareMoney, compareReferences, NO_MONEY } from './compare-money';
import { MoneyRecordCheck } from './compare-money-record';
import { compareCandleRows, compareOrderRows, compareTradeRows } from './compare-record';
import { compareBands, compareCatalogue, compareKeys, compareState, compareTape, type ReplayedShard } from './compare-shard';
import { Finding, type Check } from './finding';
import { JournalReplay } from './journal-replay';
import { ReplayedMoney } from './replayed-money';

export type { Check } from './finding';

export interface AuditOptions {
  readonly idempotencyTtlS: number;
  /** By instrument, of every one that has traded with money. */
  readonly scales: ReadonlyMap<string, MoneyScale>;
  readonly digests: ReferenceDigests;
}

/** Keys this close to the end of their lifetime may be there or not. */
const LIFETIME_MARGIN_US = 60_000_000;
const MICROSECONDS = 1e6;

/**
 * Audits a venue from its own records: the journal is played through the reference book, and what that
 * comes to must be what Postgres and Redis hold. Redis must have been read before Postgres.
 */
export async function auditVenue(record: AuditedRecord, shard: AuditedShard, options: AuditOptions): Promise<Check[]> {
  return new VenueAudit(record, shard, options).run();
}

/** One audit, step by step. */
class VenueAudit {
  private readonly lineage = new Finding('checkpoint and log agree');
  private readonly journal = new Finding('journal without gaps, every entry follows from those before');
  private readonly letters = new Finding('no entry in dead letters');
  private readonly redis = new Finding('redis: orders, books, queues, depths, listings and counters equal the replay');
  private readonly redisMoney = new Finding('redis: accounts, balances, holds, groups of fees, pending transfers and references equal the replay');
  private readonly keys = new Finding('redis: no key without an owner, every structure tells the same');
  private readonly idempotency = new Finding('redis: idempotency keys point at their entries');
  private readonly catalogue = new Finding('redis and postgres: instruments equal the replay');
  private readonly tape = new Finding('redis: recent trades equal the replay');
  private readonly orders = new Finding('postgres: orders equal the replay');
  private readonly controls = new Finding('postgres: controls of accounts equal the replay');
  private readonly trades = new Finding('postgres: trades equal the replay');
  private readonly candles = new Finding('postgres: candles equal the replayed trades');

  private readonly replay: JournalReplay;
  private readonly money: ReplayedMoney;
  private readonly recordMoney: MoneyRecordCheck;
  /** Those of instruments that the log makes are added on the way. */
  private readonly scales: Map<string, MoneyScale>;
  private readonly algos: AlgoCheck;
  private readonly timesUs: number[] = [];
  private readonly redisSequence: number;
  /** Log sequence up to which Redis has let go of what Postgres holds. */
  private readonly persisted: number;
  private readonly redisFunds: Funds;
  private atRedis: ReplayedShard | null = null;
  /** Those that the replay has not reached yet. */
  private readonly switches: FundsSwitch[] = [];

  constructor(private readonly record: AuditedRecord, private readonly shard: AuditedShard, private readonly options: AuditOptions) {
    this.scales = new Map(options.scales);
    const complain = (problem: string): void => this.journal.add(problem);
    this.replay = new JournalReplay(complain, this.scales);
    this.money = new ReplayedMoney(this.scales, this.replay, complain);
    this.recordMoney = new MoneyRecordCheck(record, this.replay, this.money);
    this.algos = new AlgoCheck(record, (clientId, key) => options.digests.key(clientId, key));
    this.redisSequence = shard.state.sequence;
    this.persisted = Number(shard.meta.persisted);
    // Layouts of before version 4 kept no money.
    this.redisFunds = FUNDS[Number(shard.meta.funds ?? FUNDS_CODE.off)] ?? 'off';
  }

  async run(): Promise<Check[]> {
    const checkpoint = await this.record.checkpoint();
    if (checkpoint === null) {
      this.lineage.add('postgres has no checkpoint');
      return [this.lineage];
    }
    this.compareLineage(checkpoint);
    // Postgres first, to its checkpoint; then what only Redis' log has.
    this.switches.push(...await this.record.fundsSwitches());
    await this.playJournal(checkpoint.sequence);
    this.takeFunds(checkpoint.sequence);
    await this.compareRecord();
    this.playLog();
    this.compareRedis();
    const { recordMoney } = this;
    return [
      this.lineage, this.journal, this.letters, this.redis, this.redisMoney, this.keys, this.idempotency, this.catalogue, this.tape, this.orders, this.controls, this.trades, this.candles,
      recordMoney.accounts, recordMoney.fills, recordMoney.transfers, recordMoney.positions, recordMoney.snapshots,
      this.algos.finding,
    ];
  }

  private compareLineage({ epoch, sequence, funds }: AuditedCheckpoint): void {
    const { lineage, shard: { meta }, redisSequence, persisted } = this;
    lineage.count = 1;
    if (meta.epoch !== epoch) lineage.add(`redis lives in epoch ${meta.epoch ?? 'none'}, postgres in ${epoch}`);
    if (meta.state !== 'open' && meta.state !== 'frozen') lineage.add(`the shard is ${meta.state ?? 'without a state'}${meta.fault === undefined ? '' : `: ${meta.fault}`}`);
    if (redisSequence < sequence && meta.epoch !== epoch) lineage.add(`redis is at sequence ${redisSequence}, postgres at ${sequence}`);
    if (!(persisted <= sequence)) lineage.add(`redis let go of entries up to ${meta.persisted ?? 'nobody knows where'}, postgres holds ${sequence}`);
    if (this.redisFunds !== funds) lineage.add(`funds are ${this.redisFunds} in redis, ${funds} in postgres`);
    if (meta.breach !== undefined) lineage.add(`the audit of balances has stopped orders, transfers and withdrawals: ${meta.breach}`);
    checkLog(this.shard, redisSequence, persisted, lineage);
  }

  private async playJournal(sequence: number): Promise<void> {
    const { journal } = this;
    let before = 0;
    await this.algos.begin();
    for await (const row of this.record.journal()) {
      if (row.sequence > sequence) journal.add(`entry ${row.sequence} lies beyond the checkpoint ${sequence}`);
      if (row.sequence !== before + 1) journal.add(gap(before, row.sequence));
      before = row.sequence;
      const entry = read(row, journal);
      if (entry === null) continue;
      checkColumns(row, entry, journal);
      const logged = this.shard.payloads.get(row.sequence);
      if (logged !== undefined && logged !== row.payload) this.lineage.add(`entry ${row.sequence} stands in the log of redis otherwise than in the journal: ${logged} and ${row.payload}`);
      this.algos.entry(entry);
      await this.recordMoney.entry(entry, this.play(entry, row.payload));
    }
    if (before !== sequence) journal.add(`the journal ends at entry ${before}, the checkpoint says ${sequence}`);
    for (const refused of await this.record.openLetters()) {
      this.letters.count++;
      this.letters.add(`entry ${refused} was refused by postgres: "npm run dead-letters" tells why`);
    }
  }

  /** @returns the fills that it means */
  private play(entry: LogEntry, payload: string): readonly AuditedFill[] {
    this.takeFunds(entry.sequence - 1);
    if (entry.sequence > this.redisSequence) this.reachRedis();
    this.timesUs[entry.sequence] = entry.timeUs;
    learnScale(this.scales, entry);
    this.replay.add(entry, epochOfPayload(payload));
    return this.money.add(entry);
  }

  /** The replay is where Redis is. */
  private reachRedis(): void {
    if (this.atRedis !== null) return;
    this.takeFunds(this.redisSequence);
    this.atRedis = replayedShard(this.replay);
  }

  /** Keeps money as each life of the shard did, of those that began at a log sequence or before it. */
  private takeFunds(sequence: number): void {
    for (; (this.switches[0]?.sequence ?? Infinity) <= sequence; this.switches.shift()) {
      const { funds, sequence: at } = this.switches[0] as FundsSwitch;
      this.replay.keepsMoney(funds);
      this.money.follow(at);
    }
  }

  private async compareRecord(): Promise<void> {
    const { replay, record } = this;
    compareCatalogue('postgres', replay.state().catalogue, await record.catalogue(), this.catalogue);
    await compareOrderRows(replay.orders(), record.orders(), this.orders);
    const controls = await record.controls();
    this.controls.count = controls.length;
    compareControls(replay.state().controls, controls, this.controls);
    await compareTradeRows(replay.trades, record.trades(), this.trades);
    await compareCandleRows(replay.trades, record.candles(), this.candles);
    await this.recordMoney.end(replay.state());
    this.algos.end(() => replay.orders());
  }

  private playLog(): void {
    const from = this.replay.sequence;
    for (const entry of this.shard.log) {
      if (entry.sequence > from) this.play(entry, this.shard.payloads.get(entry.sequence) ?? '');
    }
    if (this.replay.sequence === this.redisSequence) this.reachRedis();
    this.journal.count = this.replay.entries;
  }

  private compareRedis(): void {
    const { atRedis, shard, redis, redisSequence, keys } = this;
    if (atRedis === null || redisSequence > this.replay.sequence) {
      redis.add(`redis is at sequence ${redisSequence}, journal and log end at ${this.replay.sequence}`);
    } else {
      compareState(atRedis, shard.state, redis);
      compareControls(atRedis.state.controls, shard.state.controls, redis);
      compareCatalogue('redis', atRedis.state.catalogue, shard.state.catalogue, this.catalogue);
      compareBands(atRedis.state.bands, shard.state.bands, this.catalogue);
      this.compareRedisMoney(atRedis);
      compareTime(atRedis, shard.meta, redis);
      compareTape(atRedis, shard.trades, this.persisted, this.tape);
      const oldestLivingUs = Date.now() * 1000 - this.options.idempotencyTtlS * MICROSECONDS + LIFETIME_MARGIN_US;
      compareKeys(atRedis, shard.state, (at) => this.timesUs[at] ?? 0, oldestLivingUs, this.idempotency);
    }
    keys.count = shard.state.orders.length;
    // Whether everybody has what is held depends on what they were allowed when: that is for the replay of each entry to say.
    const rules = this.redisFunds === 'off' ? null : { funds: 'paper' as const, scales: this.scales };
    for (const problem of [...shard.problems, ...invariantProblems(shard.state, rules)]) keys.add(problem);
  }

  private compareRedisMoney({ state }: ReplayedShard): void {
    const isKept = this.redisFunds !== 'off';
    compareMoney(isKept ? state : NO_MONEY, this.shard.state, this.redisMoney);
    const used = isKept ? this.money.references.filter(({ sequence }) => sequence <= this.redisSequence) : [];
    compareReferences(used, this.shard.state.references, this.options.digests, this.redisMoney);
  }
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
