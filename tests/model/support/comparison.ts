import { SHARD_LAYOUT_VERSION } from '../../../src/domain/layouts';
import type { Crossing } from '../../../src/domain/auction';
import type { CommandResult, EngineCommand } from '../../../src/domain/commands';
import { isPlain } from '../../../src/domain/instrument-rules';
import { decodeLogEntry, tradesOf, type LogEntry } from '../../../src/domain/log-entry';
import type { MoneyScale } from '../../../src/domain/assets';
import { FUNDS_CODE, type Balance, type Funds } from '../../../src/domain/money';
import { isOpen, type Trade } from '../../../src/domain/order';
import { LIST_ROLE_CODE, siblingIds } from '../../../src/domain/order-list';
import type { Engine } from '../../../src/engine/engine';
import type { FunctionLibrary } from '../../../src/engine/library';
import type { RedisConnection } from '../../../src/engine/redis-connection';
import { comparableEvents } from '../../../src/reference/comparable';
import { invariantProblems } from '../../../src/reference/invariants';
import { LogAudit } from '../../../src/reference/log-audit';
import { ReferenceShard, type Moment } from '../../../src/reference/shard';
import type { ShardState } from '../../../src/reference/state';
import { firstDifference } from '../../engine/support/difference';
import { readShard, type LiveShard } from '../../engine/support/read-shard';
import { dropShard, engineOn, EPOCH, TEST_LIMITS } from '../../engine/support/test-shard';
import { MoneyScenario } from './money-scenario';
import type { BreachStep, MoneyCommandStep, MoneyProfile, MoneySequence } from './money-steps';
import { Pairs } from './pairs';
import { Scenario, spanOf, startOfTime } from './scenario';
import type { CommandStep, PersistStep, Profile, Sequence, TimeStep } from './steps';

/** Engine and reference disagree, or the engine's state breaks a rule. */
export class ModelDifference extends Error {
  override readonly name = 'ModelDifference';
}

/** How often each outcome was seen, by name: a generator that never gets somewhere tests nothing there. */
export type Coverage = Map<string, number>;

/** Answers and entries are compared at once; all that Redis holds is, for the time it takes, only so often. */
const STATE_EVERY = 2;
/** Entries that Redis trims at once; it drops only whole blocks of them (stream-node-max-entries). */
const TRIM_BLOCK = 100;
const NEWS_PAGE = 5_000;
/** What an audit finds, where it does. */
const FOUND = 'a unit too much';
/** Clock of the engine against ours: one machine, so only rounding is between them. */
const CLOCK_SLACK_US = 1_000_000;
/** An engine goes on by itself with what a command has begun. */
const GO_ON_WAIT_MS = 5_000;

/**
 * Runs a sequence on the engine and on the reference book and compares every answer, every log
 * entry and, every few batches and at the end, all that Redis holds.
 * @throws ModelDifference at the first difference
 */
export async function compareSequence(
  redis: RedisConnection, library: FunctionLibrary, shard: string, sequence: Sequence | MoneySequence, coverage?: Coverage,
): Promise<void> {
  const run = new ComparedRun(redis, library, shard, sequence.profile, coverage);
  try {
    await run.begin();
    let turn = 0;
    for (const batch of batchesOf(sequence)) {
      if (Array.isArray(batch)) await run.commands(batch);
      else if (batch.op === 'persist') await run.persist(batch);
      else if (batch.op === 'time') await run.time(batch);
      else await run.breach(batch);
      if (++turn % STATE_EVERY === 0) await run.compareState(false);
    }
    await run.compareState(true);
  } catch (error) {
    // What stopped the shard says more than that it stands.
    const fault = (await redis.send(['HGET', `{${shard}}:meta`, 'fault'], 5_000)) as string | null;
    throw fault === null ? error : new ModelDifference(`${(error as Error).message}; the engine stopped itself: ${fault}`);
  } finally {
    run.close();
    await dropShard(redis, shard);
  }
}

/** Cuts a sequence into batches of its profile's sizes; what is no command stands alone. */
function* batchesOf({ profile, steps }: Sequence | MoneySequence): Generator<(CommandStep | MoneyCommandStep)[] | PersistStep | BreachStep | TimeStep> {
  let batch: (CommandStep | MoneyCommandStep)[] = [];
  let turn = 0;
  let isBreached = false;
  for (const step of steps) {
    // An audit that finds the same again changes nothing.
    if (step.op === 'breach' && step.isFound === isBreached) continue;
    if (step.op === 'instrument' && !profile.isRuled) continue;
    if (step.op === 'time' && !profile.isTimed) continue;
    if (step.op === 'breach') isBreached = step.isFound;
    if (step.op === 'persist' || step.op === 'breach' || step.op === 'time') {
      if (batch.length > 0) yield batch;
      yield step;
      batch = [];
      continue;
    }
    batch.push(step);
    if (batch.length < (profile.batchSizes[turn % profile.batchSizes.length] as number)) continue;
    yield batch;
    batch = [];
    turn++;
  }
  if (batch.length > 0) yield batch;
}

class ComparedRun {
  private readonly engine: Engine;
  private readonly reference: ReferenceShard;
  private readonly scenario: Scenario;
  private readonly funds: Funds;
  /** Whether every command is a call of its own, so that its moment is known even where no entry tells it. */
  private readonly isOneByOne: boolean;
  /** Whether the shard's clock is set here, and stands still: its time is known. */
  private readonly isTimed: boolean;
  private readonly scales: ReadonlyMap<string, MoneyScale>;
  /** Of each account and asset, what the entries so far have told. */
  private readonly balances = new Map<string, Balance>();
  private readonly audit = new LogAudit();
  /** Every entry since the beginning; Redis keeps a tail of them. */
  private readonly log: LogEntry[] = [];
  /** Trades of each instrument, newest first, and how many of them Redis may have let go of. */
  private readonly trades = new Map<string, Trade[]>();
  private persisted = 0;
  /** Whether an audit has found something. */
  private isStopped = false;
  /** Whether an iceberg has ever waited. */
  private hides = false;
  /** Entries before this one may have been trimmed. */
  private logStart = 1;
  private comparedTo = 0;
  /** When the leases of connections end. */
  private readonly leases = new Map<string, number>();
  /** Entries that are read and not compared yet, by sequence. */
  private readonly news = new Map<number, LogEntry>();
  private timeUs = 0;
  private batch = 0;
  private readonly digests = new Set<string>();
  private readonly pairs = new Pairs();

  constructor(
    private readonly redis: RedisConnection, library: FunctionLibrary, private readonly shard: string,
    profile: Profile | MoneyProfile, private readonly coverage?: Coverage,
  ) {
    const limits = {
      fillsPerOrderMax: profile.fillsMax,
      triggersPerCommandMax: profile.triggersMax,
      openOrdersPerClientMax: profile.openOrdersMax,
      icebergPartsMax: profile.partsMax,
      backlogMax: profile.backlogMax,
      idempotencyTtlS: profile.ttlS,
    };
    this.isTimed = profile.isTimed;
    this.engine = engineOn(redis, shard, { library, limits: { ...limits, duePage: profile.duePage, auctionPage: profile.auctionPage, commandsPerCallMax: TEST_LIMITS.commandsPerCallMax } });
    this.isOneByOne = profile.batchSizes.every((size) => size === 1);
    this.scenario = 'funds' in profile ? new MoneyScenario(profile, this.isOneByOne || this.isTimed) : new Scenario(profile);
    this.funds = 'funds' in profile ? profile.funds : 'off';
    this.scales = this.scenario instanceof MoneyScenario ? this.scenario.scales : new Map();
    this.reference = new ReferenceShard({ ...limits, auctionPage: profile.auctionPage, funds: this.funds }, this.scales);
  }

  async begin(): Promise<void> {
    await this.engine.initialise(EPOCH, this.funds);
    if (this.scales.size > 0) await this.engine.register(this.scales);
    this.timeUs = (await this.engine.meta())?.timeUs ?? 0;
    if (this.isTimed) await this.setTime(startOfTime(this.timeUs));
    if (this.scenario instanceof MoneyScenario) await this.submit(this.scenario.opening());
  }

  close(): void {
    this.engine.close();
  }

  async commands(steps: readonly (CommandStep | MoneyCommandStep)[]): Promise<void> {
    const { scenario } = this;
    await this.submit(steps.map((step) => (
      scenario instanceof MoneyScenario ? scenario.moneyCommand(step as MoneyCommandStep, this.log.length, this.timeUs) : scenario.command(step as CommandStep, this.log.length, this.timeUs)
    )));
  }

  private async submit(commands: readonly EngineCommand[]): Promise<void> {
    const earliest = Date.now() * 1000 - CLOCK_SLACK_US;
    const results = await this.engine.submitAll(commands);
    const latest = Date.now() * 1000 + CLOCK_SLACK_US;
    this.batch++;
    // Where the machine stood still, what was due is done ahead of commands that have written nothing by which it would show.
    const mayBeDue = Math.min(this.reference.firstDueUs() ?? Infinity, ...this.leases.values()) <= latest;
    if (this.isTimed || mayBeDue || !isGapless(results, this.log.length)) await this.fetchNews();
    this.takeNews(Number.POSITIVE_INFINITY, ({ kind }) => kind === 'due');
    for (const [i, command] of commands.entries()) {
      const where = `batch ${this.batch}, command ${i + 1} ${JSON.stringify(command)}`;
      const result = results[i] as CommandResult;
      const entry = writtenEntry(result);
      if (entry !== null) {
        this.takeNews(entry.sequence);
        this.news.delete(entry.sequence);
        this.follow(where, entry);
        if (!this.isTimed && (entry.timeUs < earliest || entry.timeUs > latest)) this.fail(`${where}: time ${entry.timeUs} is not now`);
      }
      const timeUs = entry === null && this.isOneByOne && !this.isTimed ? Math.max(this.timeUs, Math.min(latest, (this.reference.firstDueUs() ?? Infinity) - 1)) : this.timeUs;
      this.compareAnswer(where, this.answerOf(where, command, timeUs), result);
      this.note(command, result, commands.length);
      await this.goOn(where);
    }
    this.takeNews(Number.POSITIVE_INFINITY);
    const isLeaseOver = this.isTimed && this.leasesOf(this.reference.state()).some((timeUs) => timeUs <= this.timeUs);
    if (this.reference.isDue(this.timeUs) || isLeaseOver) this.fail(`batch ${this.batch} is done, and something is due that is not`);
  }

  /** A call auction that was ended goes on before the next command, and what trades have reached: an engine goes on with both by itself. */
  private async goOn(where: string): Promise<void> {
    const untilMs = Date.now() + GO_ON_WAIT_MS;
    while (this.reference.opening !== null || this.reference.reached !== null) {
      const next = this.log.length + 1;
      while (!this.news.has(next)) {
        const { opening, reached } = this.reference;
        if (Date.now() > untilMs) this.fail(`${where}: ${opening === null ? `order ${reached?.orderId ?? 'nobody'}, whose price was reached,` : `the call auction of ${opening}`} does not go on`);
        await this.fetchNews();
      }
      this.takeNews(next + 1);
    }
    // What only moves what trails writes no entry.
    while (await this.engine.isUnfinished()) {
      if (Date.now() > untilMs) this.fail(`${where}: what it has begun does not come to its end`);
    }
  }

  private answerOf(where: string, command: EngineCommand, timeUs: number): CommandResult {
    try {
      return this.reference.apply(command, this.moment(timeUs));
    } catch (error) {
      this.fail(`${where}: ${(error as Error).message}`);
    }
  }

  /** A clock of the test's is no clock of keys: they all are of the same second. */
  private moment(timeUs: number): Moment {
    return { timeUs, second: this.isTimed ? 0 : Math.floor(timeUs / 1e6) };
  }

  private follow(where: string, { timeUs }: LogEntry): void {
    if (timeUs < this.timeUs) this.fail(`${where}: time goes back from ${this.timeUs} to ${timeUs}`);
    if (this.isTimed && timeUs !== this.timeUs) this.fail(`${where}: time is ${timeUs}, not ${this.timeUs}`);
    this.timeUs = timeUs;
  }

  /** Reads what the log says since the last look. */
  private async fetchNews(): Promise<void> {
    for (;;) {
      const last = Math.max(this.log.length, ...this.news.keys());
      const page = await this.engine.logPage(last, NEWS_PAGE);
      for (const { payload } of page) {
        const entry = decodeLogEntry(payload);
        this.news.set(entry.sequence, entry);
      }
      if (page.length === 0) return;
    }
  }

  /** Entries ahead of `sequence` that no command has told of: the venue did them by itself. */
  private takeNews(sequence: number, isWanted: (entry: LogEntry) => boolean = () => true): void {
    for (let entry = this.news.get(this.log.length + 1); entry !== undefined; entry = this.news.get(this.log.length + 1)) {
      if (entry.sequence >= sequence || !isWanted(entry)) return;
      this.news.delete(entry.sequence);
      this.unasked(entry);
    }
  }

  private unasked(entry: LogEntry): void {
    const where = `batch ${this.batch}, entry ${entry.sequence}`;
    this.follow(where, entry);
    const { command } = entry;
    if (command?.op !== 'due' && command?.op !== 'trigger' && command?.op !== 'auction') this.fail(`${where}: nobody asked for ${entry.kind}`);
    let expected: LogEntry;
    try {
      const moment = this.moment(entry.timeUs);
      expected = command.op === 'due' ? this.reference.fallDue(command, moment) : command.op === 'trigger' ? this.reference.trigger(moment) : this.reference.uncross(moment);
    } catch (error) {
      this.fail(`${where}: ${(error as Error).message}`);
    }
    this.compareAnswer(where, { outcome: 'logged', entry: expected }, { outcome: 'logged', entry });
    for (const order of entry.orders) this.coverage?.set(`due ${order.reason ?? ''}`, 1);
    this.countUnasked(entry);
    this.noteEntry(entry);
  }

  async time(step: TimeStep): Promise<void> {
    await this.setTime(this.timeUs + spanOf(step));
  }

  private async setTime(timeUs: number): Promise<void> {
    await this.redis.send(['HSET', this.engine.keys.meta, 'time_us', String(timeUs)], 1000);
    this.timeUs = timeUs;
  }

  /** What the writer does once it has committed, a random way behind the log. */
  async persist(step: PersistStep): Promise<void> {
    const sequence = Math.max(this.persisted, this.log.length - step.back);
    this.persisted = sequence;
    const lastTradeIds = new Map<string, number>();
    for (const [instrument, trades] of this.trades) {
      const committed = trades.find((trade) => this.sequenceOf(trade) <= sequence)?.tradeId ?? 0;
      lastTradeIds.set(instrument, committed);
      // The last one is what orders that wait for a price go by, and call auctions.
      trades.splice(Math.max(step.keepTrades, 1, (trades[0]?.tradeId ?? 0) - committed));
    }
    const done = step.forgets
      ? this.reference.state().orders.filter((order) => !isOpen(order) && order.sequence <= sequence).map((order) => order.orderId)
      : [];
    const keep = { entries: step.keepEntries, trades: step.keepTrades };
    const ended = step.forgets ? this.log.slice(0, sequence).filter(({ kind }) => kind !== 'refuse').flatMap(({ events }) => events.flatMap((event) => (
      event.type === 'transfer' && event.transfer.status !== 'pending' ? [event.transfer.transferId] : []
    ))) : [];
    if (!await this.engine.trim(EPOCH, sequence, keep, lastTradeIds, done, ended)) this.fail('persisted refuses its own epoch');
    this.reference.persisted(sequence, done, ended);
    this.logStart = Math.max(this.logStart, sequence + 1 - step.keepEntries);
    if (!step.forgets) return;
    const digests = [...this.digests];
    const dropped = await this.engine.forgetKeys(digests);
    const expected = this.reference.forgetKeys(digests, this.moment(this.timeUs).second);
    if (dropped !== expected) this.fail(`expected ${expected} keys to be dropped, got ${dropped}`);
  }

  /** What the running audit tells the shard; where no money is kept there is none. */
  async breach({ isFound }: BreachStep): Promise<void> {
    if (this.funds === 'off') return;
    if (!await this.engine.setBreach(isFound ? FOUND : null, EPOCH)) this.fail('a breach refuses its own epoch');
    this.reference.stopMoney(isFound);
    this.isStopped = isFound;
  }

  /**
   * Compares everything Redis holds with what it should, and checks what must hold of any shard.
   * @param wholeLog false looks only at the entries that came since the last look
   */
  async compareState(wholeLog: boolean): Promise<void> {
    await this.fetchNews();
    this.takeNews(Number.POSITIVE_INFINITY);
    const from = wholeLog ? 1 : this.comparedTo + 1;
    this.comparedTo = this.log.length;
    const live = await readShard(this.redis, this.shard, from);
    const expected = this.reference.state();
    const rules = this.funds === 'off' ? null : { funds: this.funds, scales: new Map([...this.scales, ...this.scenario.newScales]) };
    for (const problem of [...live.problems, ...invariantProblems(live.state, rules), ...invariantProblems(expected, rules)]) this.fail(problem);
    const difference = firstDifference(expected, this.isTimed ? withoutSeconds(live.state) : live.state, 'state');
    if (difference !== null) this.fail(difference);
    this.compareMeta(live.meta, expected);
    this.compareLog(live, from);
    for (const { instrument, state } of expected.catalogue) {
      if (state !== 'auction') continue;
      const { crossing, lastTicks } = await this.engine.readAuction(instrument);
      const last = this.trades.get(instrument)?.[0]?.priceTicks ?? null;
      const auction = firstDifference({ ...told(this.reference.crossing(instrument)), lastTicks: last }, { ...told(crossing), lastTicks }, `auction of ${instrument}`);
      if (auction !== null) this.fail(auction);
    }
    for (const instrument of new Set([...this.trades.keys(), ...live.trades.keys()])) {
      const trades = firstDifference(this.trades.get(instrument) ?? [], live.trades.get(instrument) ?? [], `trades of ${instrument}`);
      if (trades !== null) this.fail(trades);
    }
  }

  private compareAnswer(where: string, expected: CommandResult, actual: CommandResult): void {
    let wanted = expected;
    // An answer may have left the log for Postgres, but no earlier than it was let go of.
    if (expected.outcome === 'repeated' && actual.outcome === 'repeated' && actual.entry === null && actual.sequence < this.logStart) {
      wanted = { ...expected, entry: null };
    }
    const difference = firstDifference(this.comparable(wanted), this.comparable(actual), 'answer');
    if (difference !== null) this.fail(`${where}: ${difference}${'code' in actual ? ` (${actual.code})` : ''}`);
  }

  /** An answer in a form in which those of the same command are equal: balances are told in any order. */
  private comparable(result: CommandResult): unknown {
    const seconds = this.isTimed && result.outcome === 'repeated' ? { second: 0 } : {};
    if (!('entry' in result) || result.entry === null) return { ...result, ...seconds };
    const { balances: _, events, ...entry } = result.entry;
    // What a repeat tells was before others: its own order is as good as any.
    return { ...result, ...seconds, entry: { ...entry, events: comparableEvents(events, (account, asset) => this.balanceBefore(result, account, asset)) } };
  }

  private balanceBefore(result: CommandResult, account: string, asset: string): Balance {
    const known = result.outcome === 'repeated' ? undefined : this.balances.get(`${account}\u0000${asset}`);
    return known ?? { asset, total: '0', held: '0' };
  }

  /** Keeps what Redis should hold besides the reference book's state. */
  private note(command: EngineCommand, result: CommandResult, batchSize: number): void {
    if ('idempotency' in command && command.idempotency !== null) this.digests.add(command.idempotency);
    if (command.op === 'lease' && command.begins) this.leases.set(command.lease, this.timeUs + command.ttlUs);
    this.count(command, result, batchSize);
    const entry = writtenEntry(result);
    if (entry !== null) this.noteEntry(entry);
  }

  private noteEntry(entry: LogEntry): void {
    for (const problem of this.audit.add(entry)) this.fail(problem);
    this.log.push(entry);
    this.pairs.follow(entry);
    if ([...entry.orders, ...entry.fills.map(({ maker }) => maker)].some(({ traits }) => traits.shown !== undefined)) this.hides = true;
    for (const change of entry.balances) this.balances.set(`${change.account}\u0000${change.asset}`, change);
    // Recent trades are public: they tell nothing of their parties.
    for (const { makerClientId: _m, takerClientId: _t, makerFee: _f, takerFee: _g, ...trade } of tradesOf(entry)) {
      const trades = this.trades.get(trade.instrument) ?? [];
      trades.unshift(trade);
      this.trades.set(trade.instrument, trades);
    }
  }

  /** When leases end that are there: the reference does not know, since they are renewed beside the log. */
  private leasesOf({ controls }: ShardState): number[] {
    return controls.filter(({ kind }) => kind === 'lease').map(({ detail }) => this.leases.get(detail) ?? 0);
  }

  private compareMeta(meta: Readonly<Record<string, string>>, expected: ShardState): void {
    const wanted: Record<string, string> = {
      state: 'open', epoch: EPOCH, version: String(SHARD_LAYOUT_VERSION), funds: String(FUNDS_CODE[this.funds]), seq: String(expected.sequence), time_us: String(this.timeUs), persisted: String(this.persisted),
    };
    const due = Math.min(this.reference.firstDueUs() ?? Infinity, ...this.leasesOf(expected));
    if (Number.isFinite(due)) wanted.due_us = String(due);
    if (expected.feeGroups.length > 0) wanted.fees = '1';
    if (expected.catalogue.length > 0) wanted.rules = String(expected.catalogue.filter((rules) => !isPlain(rules)).length);
    if (this.isStopped) wanted.breach = FOUND;
    if (expected.controls.some(({ kind }) => kind === 'kill')) wanted.kills = '1';
    // Which instruments orders wait in, and which trail, is compared with the state, and what of them was reached.
    if (meta.waiting !== undefined) wanted.waiting = meta.waiting;
    if (meta.trailing !== undefined) wanted.trailing = meta.trailing;
    if (meta.suspended !== undefined) {
      wanted.suspended = meta.suspended;
      this.coverage?.set('suspended', (this.coverage.get('suspended') ?? 0) + 1);
    }
    if (this.hides) wanted.hidden = '1';
    for (const { instrument, tradeId } of expected.tradeIds) wanted[`trade_id:${instrument}`] = String(tradeId);
    // What a process was told to wait for is between it and Redis.
    const { held: _, ...rest } = meta;
    const difference = firstDifference(wanted, rest, 'meta');
    if (difference !== null) this.fail(difference);
  }

  private compareLog({ log }: LiveShard, from: number): void {
    const first = log[0]?.sequence ?? this.log.length + 1;
    if (first > Math.max(from, this.logStart)) this.fail(`the log begins at ${first}, with ${this.logStart} still to be kept`);
    if (from === 1 && first + TRIM_BLOCK < this.logStart) this.fail(`the log begins at ${first}, although ${this.logStart} was enough`);
    const difference = firstDifference(this.log.slice(first - 1), log, 'log');
    if (difference !== null) this.fail(difference);
  }

  private sequenceOf(trade: Trade): number {
    const entry = this.log.find(({ fills, orders }) => orders[0]?.instrument === trade.instrument
      && fills.some((fill) => fill.tradeId === trade.tradeId));
    return entry?.sequence ?? 0;
  }

  private count(command: EngineCommand, result: CommandResult, batchSize: number): void {
    const { coverage } = this;
    if (coverage === undefined) return;
    const seen = (name: string): void => void coverage.set(name, (coverage.get(name) ?? 0) + 1);
    seen('commands');
    for (const pair of this.pairs.ofCommand(command, result, batchSize)) seen(pair);
    seen(result.outcome === 'refused' ? `${command.op} ${result.code}` : `${command.op} ${result.outcome}`);
    const entry = writtenEntry(result);
    if (entry === null) return;
    if (entry.orders[0]?.status === 'pending' && (entry.kind === 'place' || entry.kind === 'amend')) seen(`${entry.kind} pending`);
    seen(`entry ${entry.kind}`);
    if (entry.fills.length > 0) seen(`${entry.kind} trades`);
    for (const { makerFee, maker } of entry.fills) {
      if (makerFee.startsWith('-')) seen('rebates');
      if (maker.traits.refill !== undefined && maker.priority === entry.sequence) seen('refills');
      if (maker.clientId === entry.orders[0]?.clientId) seen('self-trades');
    }
    if (new Set(entry.fills.map(({ maker }) => maker.orderId)).size < entry.fills.length) seen('several parts of an iceberg');
    for (const { account, total } of entry.balances) {
      if (BigInt(total) > 2n ** 53n) seen('balances past 2^53');
      if (BigInt(total) > 10n ** 20n) seen('balances past 10^20');
      if (total.startsWith('-') && !account.startsWith('@')) seen('balances below zero');
    }
    if (entry.kind === 'instrument' && entry.events.some((event) => event.type === 'instrument' && event.rules.openingTicks > 0)) seen('auctions');
    if (entry.kind !== 'instrument' && entry.code === 0 && entry.events.some(({ type }) => type === 'instrument')) seen(`${entry.kind} halts`);
    const [order, ...others] = entry.orders;
    const prevented = others.filter(({ reason }) => reason !== 'linked');
    this.countLinked(entry);
    if (entry.kind === 'place' || entry.kind === 'amend') {
      for (const own of prevented) seen(own.reason === null ? `${entry.kind} cuts an own order` : `${entry.kind} cancels an own order`);
      if (order !== undefined && prevented.some(({ clientId }) => clientId !== order.clientId)) seen("an owner's other account");
      if (command.op === 'place' && order !== undefined && order.quantityLots < command.quantityLots) seen('a taker is cut');
      const asked = command.op === 'place' ? command.traits.budget : undefined;
      if (asked !== undefined && order?.status === 'filled') seen('a budget is spent');
      if (asked !== undefined && order !== undefined && order.traits.budget !== asked) seen('a budget is cut');
    }
    if (order !== undefined && order.reason !== null) seen(`${entry.kind} ${order.reason}`);
    if (order !== undefined && order.notional.length > 16) seen('notional past 2^53');
  }

  private countLinked({ kind, orders, fills }: LogEntry): void {
    const linked = orders.filter(({ reason }) => reason === 'linked');
    const seen = (name: string): void => void this.coverage?.set(name, (this.coverage.get(name) ?? 0) + 1);
    if (linked.length > 0) seen(`${kind} links`);
    if (linked.some((order) => siblingIds(order).some((orderId) => fills.some(({ maker }) => maker.orderId === orderId)))) seen(`${kind} links by a fill`);
    if (kind !== 'list') return;
    seen(`list of ${orders[0]?.traits.list ?? 'none'}`);
    if (orders[0]?.reason === 'budget_exhausted' && linked.length === 0) seen('a first by money is followed');
  }

  private countUnasked(entry: LogEntry): void {
    const { kind, fills, orders, command, events } = entry;
    const seen = (name: string): void => void this.coverage?.set(name, (this.coverage.get(name) ?? 0) + 1);
    this.countLinked(entry);
    for (const pair of this.pairs.ofEntry(entry)) seen(pair);
    seen(`entry ${kind}`);
    if (kind !== 'trigger') return;
    if (fills.length > 0) seen('trigger trades');
    if (events.some(({ type }) => type === 'instrument')) seen('trigger halts');
    const [order] = orders;
    if (order !== undefined) seen(`trigger ${order.reason ?? order.status}`);
    const [place] = orders;
    if (place !== undefined && place.traits.listRole !== undefined) seen(`trigger of a list ${place.status}`);
    if (place?.traits.listRole === LIST_ROLE_CODE.second) seen('a second goes');
    if (order?.traits.best !== undefined) seen(`trailing trigger ${order.reason ?? order.status}`);
    const cause = command?.op === 'trigger' ? this.log[command.cause - 1] : undefined;
    if (cause !== undefined) seen(`trigger by ${cause.kind}`);
  }

  private fail(what: string): never {
    throw new ModelDifference(what);
  }
}

/** Whether the entries of results follow one another, behind `sequence`. */
function isGapless(results: readonly CommandResult[], sequence: number): boolean {
  return results.map(writtenEntry).filter((entry) => entry !== null).every((entry, i) => entry.sequence === sequence + 1 + i);
}

/** What a call auction comes to, as text. */
function told(crossing: Crossing | null): Readonly<Record<string, string>> {
  return crossing === null ? {} : Object.fromEntries(Object.entries(crossing).map(([name, value]) => [name, String(value)]));
}

/** Keys and references without the second of their use. */
function withoutSeconds(state: ShardState): ShardState {
  const timeless = <T extends { readonly second: number }>(uses: readonly T[]): readonly T[] => uses.map((use) => ({ ...use, second: 0 }));
  return { ...state, idempotency: timeless(state.idempotency), references: timeless(state.references) };
}

/** The log entry that a command has written, if it has. */
function writtenEntry(result: CommandResult): LogEntry | null {
  return result.outcome === 'logged' || result.outcome === 'mass_cancelled' || result.outcome === 'killed' ? result.entry : null;
}
