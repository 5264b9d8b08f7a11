import { firstDifference } from '../../../src/audit/difference';
import { JournalReplay } from '../../../src/audit/journal-replay';
import { ReplayedMoney } from '../../../src/audit/replayed-money';
import type { MoneyScale } from '../../../src/domain/assets';
import type { CommandResult, EngineCommand } from '../../../src/domain/commands';
import type { LogEntry } from '../../../src/domain/log-entry';
import type { Funds } from '../../../src/domain/money';
import { isOpen } from '../../../src/domain/order';
import { MoneyBatch } from '../../../src/persistence/money-batch';
import { invariantProblems } from '../../../src/reference/invariants';
import { LogAudit } from '../../../src/reference/log-audit';
import type { MoneyRules } from '../../../src/reference/money-invariants';
import { ReferenceShard, type Moment, type ReferenceLimits } from '../../../src/reference/shard';
import type { ShardState } from '../../../src/reference/state';
import { MoneyScenario } from '../../model/support/money-scenario';
import { spanOf } from '../../model/support/scenario';
import type { MoneySequence } from '../../model/support/money-steps';
import { PostingsAudit } from '../../model/support/postings';
import type { PersistStep } from '../../model/support/steps';

/** What of a shard no refusal may change. */
function matter({ catalogue, books, orders, controls, accounts, feeGroups, transfers, references }: ShardState): string {
  return JSON.stringify([catalogue, books, orders, controls, accounts, feeGroups, transfers, references]);
}

/** How often each outcome was seen, by name. */
export type Seen = Map<string, number>;

/**
 * Carries out a sequence on the reference alone. After each command its rules are asked; its log must add up by itself, and played
 * again must lead to the same.
 */
export class AlonePlay {
  private readonly scenario: MoneyScenario;
  private readonly limits: { funds: Funds } & ReferenceLimits;
  private readonly shard: ReferenceShard;
  private readonly audit = new LogAudit();
  /** Of those that come at run time as well. */
  private readonly allScales: ReadonlyMap<string, MoneyScale>;
  private readonly postings: PostingsAudit;
  private readonly replay: JournalReplay;
  private readonly recorded: ReplayedMoney;
  /** What has been found wrong with the record since it was last asked for. */
  private readonly recordProblems: string[] = [];
  private readonly replayProblems: string[] = [];
  private readonly log: LogEntry[] = [];
  private readonly digests = new Set<string>();
  private timeUs = 1_760_000_000_000_000;
  private before: string;
  private commands = 0;
  /** Each turn is a life of its own, as of a shard that is rebuilt. */
  private life = 0;

  /**
   * @param turns how money is kept from a command of that number on. What nobody asked before, whether there is cover, whether a hold
   * is too large, whether those who meet bring in enough in fees, may then be otherwise, and is not judged
   */
  constructor(private readonly sequence: MoneySequence, private readonly seen: Seen, private readonly turns: ReadonlyMap<number, Funds> = new Map()) {
    const { profile } = sequence;
    this.scenario = new MoneyScenario(profile);
    const { scales } = this.scenario;
    this.limits = {
      fillsPerOrderMax: profile.fillsMax, openOrdersPerClientMax: profile.openOrdersMax, icebergPartsMax: profile.partsMax, backlogMax: profile.backlogMax, idempotencyTtlS: profile.ttlS, auctionPage: profile.auctionPage,
      funds: profile.funds,
    };
    this.shard = new ReferenceShard(this.limits, scales);
    this.allScales = new Map([...scales, ...this.scenario.newScales]);
    this.postings = new PostingsAudit(this.allScales);
    this.replay = new JournalReplay((problem) => this.replayProblems.push(problem), scales);
    this.recorded = new ReplayedMoney(this.allScales, this.replay, (problem) => this.recordProblems.push(problem));
    this.before = matter(this.shard.state());
  }

  /** How it is, and of what its money is. */
  get outcome(): { readonly state: ShardState; readonly scales: ReadonlyMap<string, MoneyScale>; readonly funds: Funds } {
    return { state: this.shard.state(), scales: this.allScales, funds: this.limits.funds };
  }

  /** @throws Error at the first thing that is wrong */
  run(): void {
    for (const command of this.scenario.opening()) this.command(command);
    for (const step of this.sequence.steps) {
      if (step.op === 'persist') this.persist(step);
      else if (step.op === 'breach') this.shard.stopMoney(step.isFound);
      else if (step.op === 'instrument' && !this.sequence.profile.isRuled) continue;
      else if (step.op === 'time') this.timeUs += spanOf(step);
      else this.command(this.scenario.moneyCommand(step, this.log.length, this.timeUs));
    }
    const difference = firstDifference(lasting(this.shard.state()), lasting(this.replay.state()), 'replayed state');
    if (difference !== null) throw new Error(difference);
  }

  private command(command: EngineCommand): void {
    const turned = this.turns.get(this.commands++);
    if (turned !== undefined) this.turn(turned);
    this.timeUs += 1 + this.log.length % 3;
    const moment = { timeUs: this.timeUs, second: Math.floor(this.timeUs / 1e6) };
    for (let due = this.shard.nextDue(this.timeUs); due !== null; due = this.shard.nextDue(this.timeUs)) {
      const entry = this.shard.fallDue(due, moment);
      const problems = [...this.problems(), ...this.entryProblems(entry)];
      if (problems.length > 0) throw new Error(`what fell due gives ${JSON.stringify(entry)}: ${problems.join('; ')}`);
      this.before = matter(this.shard.state());
      this.seen.set('entry due', (this.seen.get('entry due') ?? 0) + 1);
    }
    const result = this.shard.apply(command, moment);
    const entry = result.outcome === 'logged' || result.outcome === 'mass_cancelled' || result.outcome === 'killed' ? result.entry : null;
    const problems = this.problems();
    const now = matter(this.shard.state());
    if (entry === null || entry.kind === 'refuse' || entry.kind === 'keep') {
      if (now !== this.before) problems.push('a command that is turned down changes something');
    }
    this.before = now;
    if (entry !== null) {
      problems.push(...this.entryProblems(entry));
    }
    if ('idempotency' in command && command.idempotency !== null) this.digests.add(command.idempotency);
    this.note(command, result, entry);
    if (problems.length === 0 && this.shard.opening !== null) this.uncross();
    if (problems.length > 0) throw new Error(`${JSON.stringify(command)} gives ${JSON.stringify(result)}: ${problems.join('; ')}`);
    this.cascade(moment);
  }

  /** What trades have reached goes. */
  private cascade(moment: Moment): void {
    while (this.shard.reached !== null) {
      const entry = this.shard.trigger(moment);
      const problems = [...this.problems(), ...this.entryProblems(entry)];
      if (problems.length > 0) throw new Error(`what was reached gives ${JSON.stringify(entry)}: ${problems.join('; ')}`);
      this.before = matter(this.shard.state());
      this.seen.set('entry trigger', (this.seen.get('entry trigger') ?? 0) + 1);
    }
  }

  /** A call auction that a command has ended. */
  private uncross(): void {
    const moment = { timeUs: this.timeUs, second: Math.floor(this.timeUs / 1e6) };
    while (this.shard.opening !== null) {
      const entry = this.shard.uncross(moment);
      const problems = [...this.problems(), ...this.entryProblems(entry)];
      if (problems.length > 0) throw new Error(`a page of an auction gives ${JSON.stringify(entry)}: ${problems.join('; ')}`);
      this.seen.set('entry auction', (this.seen.get('entry auction') ?? 0) + 1);
    }
    this.before = matter(this.shard.state());
  }

  /** What is wrong with the next entry of the log. */
  private entryProblems(entry: LogEntry): string[] {
    const problems = [...this.audit.add(entry), ...this.postings.add(entry)];
    this.replay.add(entry, String(this.life));
    problems.push(...this.replayProblems.splice(0), ...this.fillProblems(entry));
    this.log.push(entry);
    return problems;
  }

  /** What the writer records of an entry's trades, against what an audit expects there. */
  private fillProblems(entry: LogEntry): string[] {
    const batch = new MoneyBatch(this.allScales);
    batch.add(entry);
    // What an entry does not tell is as it was.
    batch.settle(batch.untold.map(({ account, asset }) => ({ account, ...this.shard.balance(account, asset) })));
    const expected = this.recorded.add(entry);
    const difference = firstDifference(expected, batch.fills, 'fills');
    return [...this.recordProblems.splice(0), ...(difference === null ? [] : [difference])];
  }

  private turn(funds: Funds): void {
    this.limits.funds = funds;
    this.shard.takeFunds();
    this.replay.keepsMoney(funds);
    this.life++;
    this.before = matter(this.shard.state());
  }

  private problems(): string[] {
    if (this.turns.size === 0) return this.shard.invariants();
    const rules: MoneyRules = { funds: this.limits.funds === 'off' ? 'off' : 'paper', scales: this.allScales };
    return invariantProblems(this.shard.state(), rules).filter((problem) => !/: more (rebates than fees|than can be kept)$/.test(problem));
  }

  private persist(step: PersistStep): void {
    const sequence = Math.max(0, this.log.length - step.back);
    const done = this.shard.state().orders.filter((order) => !isOpen(order) && order.sequence <= sequence).map((order) => order.orderId);
    const ended = this.log.filter((entry) => entry.sequence <= sequence && entry.kind !== 'refuse')
      .flatMap(({ events }) => events.flatMap((event) => (event.type === 'transfer' && event.transfer.status !== 'pending' ? [event.transfer.transferId] : [])));
    this.shard.persisted(sequence, step.forgets ? done : [], step.forgets ? ended : []);
    if (step.forgets) this.shard.forgetKeys(this.digests, Math.floor(this.timeUs / 1e6));
    this.before = matter(this.shard.state());
  }

  private note(command: EngineCommand, result: CommandResult, entry: LogEntry | null): void {
    const see = (name: string): void => void this.seen.set(name, (this.seen.get(name) ?? 0) + 1);
    const op = command.op === 'transfer' ? command.kind : command.op;
    see('commands');
    see(result.outcome === 'refused' ? `${op} ${result.code}` : result.outcome === 'repeated' ? `${op} repeated by ${result.by}` : `${op} ${result.outcome}`);
    if (entry === null) return;
    see(`entry ${entry.kind}`);
    const [taker] = entry.orders;
    for (const fill of entry.fills) {
      see('trades');
      if (fill.maker.clientId === taker?.clientId) see('self-trades');
      if (fill.makerFee.startsWith('-')) see('rebates');
      if ((fill.maker.fees?.makerRate ?? 0) < -(taker?.fees?.takerRate ?? 0)) see('rebates cut short');
      if (fill.makerFee !== '0') see('maker fees');
      if (fill.takerFee !== '0') see('taker fees');
    }
    for (const event of entry.events) {
      if (event.type === 'transfer' && entry.kind === 'transfer_end') see(`ended ${event.transfer.status}`);
      if (event.type === 'transfer' && entry.kind === 'transfer_end' && event.transfer.status === 'posted' && event.transfer.amount !== event.transfer.settledAmount) see('posted in part');
      if (event.type === 'account' && entry.kind !== 'account') see(`account made by ${entry.kind}`);
      if (event.type !== 'balance') continue;
      if (BigInt(event.total) > 2n ** 53n) see('balances past 2^53');
      if (BigInt(event.total) > 10n ** 20n) see('balances past 10^20');
      if (event.total.startsWith('-') && !event.account.startsWith('@')) see('balances below zero');
    }
  }
}

/** What a journal tells: not the keys, nor what is done, nor by what digests references are known. */
function lasting(state: ShardState): object {
  const { sequence, tradeIds, catalogue, books, orders, openOrders, clientOrderIds, controls, accounts, feeGroups, transfers, references } = state;
  return {
    sequence, tradeIds, catalogue, books, orders: orders.filter(isOpen), openOrders, clientOrderIds, controls, accounts, feeGroups, transfers, references: references.length,
  };
}
