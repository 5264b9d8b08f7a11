import { AMOUNT_MAX } from '../domain/amounts';
import type { MoneyScale } from '../domain/assets';
import type { EngineCommand } from '../domain/commands';
import { LOG_ENTRY_VERSION } from '../domain/layouts';
import { tradesOf, type EntryEvent, type LogEntry, type LoggedCommand } from '../domain/log-entry';
import type { AccountState, Balance, Funds } from '../domain/money';
import { isOpen, type Order, type OrderReference } from '../domain/order';
import { isUnfunded, partnerId } from '../domain/order-list';
import { RESULT_CODES } from '../domain/result-code';
import { comparableEvents } from '../reference/comparable';
import { LogAudit } from '../reference/log-audit';
import { ReferenceShard } from '../reference/shard';
import type { ShardState } from '../reference/state';
import type { ReplayedTrade } from './compare-shard';
import { firstDifference } from './difference';

const UNLIMITED = Number.MAX_SAFE_INTEGER;

const CANCELS: ReadonlySet<LogEntry['kind']> = new Set(['cancel', 'mass_cancel', 'due', 'kill']);

/**
 * Whether a cancelled order has surely held something that it alone held. What waits for a price and then trades at any holds what it may
 * spend, or sell, where it says so; of a pair the other one may go on holding it all, and what a first is to bring nobody holds yet.
 */
function heldSomething(order: LogEntry['orders'][number]): boolean {
  const { side, priceTicks, quantityLots, traits } = order;
  if (partnerId(order) !== null || isUnfunded(order)) return false;
  if (priceTicks !== null) return true;
  return side === 'buy' ? traits.budget !== undefined : quantityLots > 0;
}

/**
 * Plays a journal through the reference book: each entry's command is carried out by the plain book, under the limits
 * that the entry tells, and must give that very entry again, event for event. What the book then holds is what the venue
 * must hold.
 */
export class JournalReplay {
  private readonly audit = new LogAudit();
  /** Limits are settings of their time: each entry tells its own. */
  private readonly limits = {
    fillsPerOrderMax: UNLIMITED, openOrdersPerClientMax: UNLIMITED, icebergPartsMax: UNLIMITED, backlogMax: UNLIMITED, idempotencyTtlS: 0, auctionPage: 1,
    funds: 'off' as Funds,
  };
  private readonly shard: ReferenceShard;
  private readonly done = new Map<string, Order>();
  /** The first cancel that released nothing since a command told that money was kept, if it is the last word on it. */
  private silent: { readonly sequence: number; readonly epoch: string } | null = null;
  /** Of every instrument, oldest first. */
  readonly trades = new Map<string, ReplayedTrade[]>();
  /** Log sequence at which each idempotency key was used last. */
  readonly keys = new Map<string, number>();
  entries = 0;
  sequence = 0;
  timeUs = 0;

  /**
   * @param complain takes what is wrong as it is found: ahead of what follows from it elsewhere
   * @param scales of every instrument that has ever traded with money
   */
  constructor(private readonly complain: (problem: string) => void, scales: ReadonlyMap<string, MoneyScale>) {
    this.shard = new ReferenceShard(this.limits, scales);
  }

  /** @param epoch the life of the shard that the entry is of, '' where there was but one */
  add(entry: LogEntry, epoch = ''): void {
    if (entry.sequence <= this.sequence) {
      this.complain(`entry ${entry.sequence} follows ${this.sequence}`);
      return;
    }
    // Missing ones are told of elsewhere; the entries behind them can still be judged.
    for (; this.sequence + 1 < entry.sequence; this.sequence++) this.shard.skipEntry();
    this.sequence = entry.sequence;
    this.timeUs = entry.timeUs;
    this.entries++;
    if (entry.idempotency !== null) this.keys.set(entry.idempotency, entry.sequence);
    for (const trade of tradesOf(entry)) {
      const trades = this.trades.get(trade.instrument);
      const replayed = { trade, sequence: entry.sequence };
      if (trades === undefined) this.trades.set(trade.instrument, [replayed]);
      else trades.push(replayed);
    }
    try {
      for (const problem of this.audit.add(entry)) this.complain(problem);
      this.followFunds(entry, epoch);
      const difference = this.repeat(entry);
      if (difference !== null) this.complain(`entry ${entry.sequence} (${entry.kind} of ${entry.orders.map((order) => `order ${order.orderId}`).join(', ')}) is not what the reference book makes of it: ${difference}`);
      this.retire(entry);
    } catch (error) {
      this.complain(`entry ${entry.sequence} cannot be carried out: ${(error as Error).message}`);
    }
  }

  /** How money is kept behind the last entry, where that is known: a shard may have begun to since, and nothing have happened yet. */
  keepsMoney(funds: Funds): void {
    this.limits.funds = funds;
    this.shard.takeFunds();
  }

  /**
   * How money was kept when an entry's command was carried out. Cancels do not tell; where money is kept, an order that is cancelled held
   * some, but for one that nobody could tell the cost of (A-33).
   */
  private followFunds({ sequence, kind, command, balances, orders }: LogEntry, epoch: string): void {
    const { limits, silent } = this;
    const isTold = command !== null && 'funds' in command;
    // One that cancels nothing that held something releases nothing.
    const isCancel = CANCELS.has(kind) && (balances.length > 0 || orders.some(heldSomething));
    if (!isTold && !isCancel) return;
    const before = limits.funds;
    if (isTold) limits.funds = command.funds;
    else if (balances.length === 0) limits.funds = 'off';
    else if (before === 'off') limits.funds = 'paper';

    if (!isTold && limits.funds === 'off' && before !== 'off') this.silent = { sequence, epoch };
    if (isTold && limits.funds === 'off') this.silent = null;
    if (limits.funds === 'off' || silent === null) return;
    // A shard begins to keep money only as it is rebuilt, as another life.
    if (silent.epoch === epoch) this.complain(`entry ${silent.sequence} releases nothing, although money was kept before it and after it`);
    this.silent = null;
  }

  /** @returns how the reference book's own entry differs, null when it does not */
  private repeat(entry: LogEntry): string | null {
    const moment = { timeUs: entry.timeUs, second: Math.floor(entry.timeUs / 1e6) };
    if (entry.version < COMMANDS_TOLD_FROM) return this.repeatBefore(entry, moment);
    if (entry.command === null) throw new Error(`entry ${entry.sequence} tells no command`);
    if (entry.kind === 'refuse' && isAboutPast(entry)) {
      this.shard.skipEntry();
      return this.pastDifference(entry, entry.command);
    }
    const { reached } = this.shard;
    if (entry.command.op === 'trigger') return this.triggerDifference(entry, entry.command, moment);
    if (reached !== null && ORDER_KINDS.has(entry.kind)) this.complain(`entry ${entry.sequence} comes ahead of order ${reached.orderId}, which trades have let go`);
    const result = isUnasked(entry.command)
      ? { outcome: 'logged' as const, entry: this.carryOutUnasked(entry.command, moment) }
      : this.carryOut(entry.command, entry, moment);
    if (result.outcome === 'logged' || ((result.outcome === 'mass_cancelled' || result.outcome === 'killed') && result.entry !== null)) {
      return firstDifference(this.comparable(result.entry as LogEntry), { ...this.comparable(entry), version: LOG_ENTRY_VERSION });
    }
    this.shard.skipEntry();
    return `it is ${result.outcome}${result.outcome === 'refused' ? ` with ${result.code}` : ''}`;
  }

  /** An order goes that trades have reached, or whose list's first is filled: the one that is next here. */
  private triggerDifference(entry: LogEntry, command: Extract<LoggedCommand, { op: 'trigger' }>, moment: { timeUs: number; second: number }): string | null {
    if (this.shard.reached === null) {
      this.shard.skipEntry();
      return 'no trade has reached its price, or filled the first of its list';
    }
    this.limits.fillsPerOrderMax = command.fillsMax;
    return firstDifference(this.comparable(this.shard.trigger(moment)), { ...this.comparable(entry), version: LOG_ENTRY_VERSION });
  }

  private carryOutUnasked(command: UnaskedCommand, moment: { timeUs: number; second: number }): LogEntry {
    if (command.op === 'due') return this.shard.fallDue(command, moment);
    this.limits.auctionPage = Math.max(command.page, 1);
    return this.shard.uncross(moment);
  }

  private carryOut(command: AskedCommand, entry: LogEntry, moment: { timeUs: number; second: number }): ReturnType<ReferenceShard['apply']> {
    this.limits.fillsPerOrderMax = 'fillsMax' in command ? command.fillsMax ?? UNLIMITED : UNLIMITED;
    this.limits.openOrdersPerClientMax = command.op === 'place' || command.op === 'list' ? command.openOrdersMax ?? UNLIMITED : UNLIMITED;
    return this.shard.apply(engineCommandOf(command, entry, (order) => this.shard.named(order)?.instrument ?? null), moment);
  }

  /** An entry by its events: they are all that its other lists show. */
  private comparable(entry: LogEntry): object {
    const { version, kind, sequence, timeUs, command, code, idempotency, request } = entry;
    const events = comparableEvents(entry.events, (account, asset) => this.shard.balanceBefore(account, asset));
    return { version, kind, sequence, timeUs, command, code, events, idempotency, request };
  }

  /**
   * A refusal that rests on what the log does not tell: that an order or a transfer is done, or not there, where whether Redis
   * still held it depends on how far the writer was; that somebody had a command fail, or all of them; or a setting of its time.
   */
  private pastDifference(entry: LogEntry, command: LoggedCommand): string | null {
    if (entry.code === CODE_FAILED || entry.code === CODE_BREACH || entry.code === CODE_PARTS) return this.shownDifference(entry);
    if (entry.code === CODE_NOT_OPEN || entry.code === CODE_LIST_NOT_OPEN) return entry.orders.length === 1 ? this.shownDifference(entry) : 'it shows no order';
    if (entry.events.length > 0) return 'it shows what is said to be missing';
    if (command.op === 'transfer_end') return this.shard.transfer(command.transferId)?.status === 'pending' ? `transfer ${command.transferId} is pending` : null;
    if (!('order' in command) || 'clientOrderId' in command.order) return null;
    const open = this.shard.named(command.order);
    const isHeld = open !== null && isOpen(open) && (command.actor === null || command.actor === open.clientId);
    return isHeld ? `order ${open.orderId} is open` : null;
  }

  /** Entries of before version 3 tell no command: it is taken from what came of it. */
  private repeatBefore(entry: LogEntry, moment: { timeUs: number; second: number }): string | null {
    if (entry.kind === 'refuse' || entry.kind === 'keep') {
      this.shard.skipEntry();
      return this.shownDifference(entry);
    }
    let own: LogEntry | null;
    if (entry.kind === 'mass_cancel') {
      own = this.shard.cancelTogether(entry.orders.map((order) => order.orderId), moment);
    } else {
      this.limits.fillsPerOrderMax = entry.orders[0]?.reason === 'fills_limit' ? entry.fills.length : UNLIMITED;
      this.limits.openOrdersPerClientMax = UNLIMITED;
      const result = this.shard.apply(commandOfOutcome(entry), moment);
      if (result.outcome === 'logged') {
        own = result.entry;
      } else {
        this.shard.skipEntry();
        return `it is ${result.outcome}${result.outcome === 'refused' ? ` with ${result.code}` : ''}`;
      }
    }
    if (own === null) {
      this.shard.skipEntry();
      return 'an order is not open';
    }
    return firstDifference(own.events.map(asBefore), entry.events.map(asBefore), 'events');
  }

  /** An entry that changes nothing shows the order as it is. */
  private shownDifference(entry: LogEntry): string | null {
    for (const order of entry.orders) {
      const known = this.shard.order(order.orderId) ?? this.done.get(order.orderId) ?? null;
      const expected = known === null || entry.version >= COMMANDS_TOLD_FROM ? known : { ...known, placedSequence: order.placedSequence };
      const difference = firstDifference(expected, order, `order ${order.orderId} `);
      if (difference !== null) return difference;
    }
    return null;
  }

  /** Done orders leave the book as they leave Redis. */
  private retire(entry: LogEntry): void {
    if (entry.kind === 'refuse' || entry.kind === 'keep') return;
    const done = [...entry.orders, ...entry.fills.map((fill) => fill.maker)].filter((order) => !isOpen(order));
    // As the book has them: entries of before version 3 do not tell where an order was placed.
    for (const order of done) this.done.set(order.orderId, this.shard.order(order.orderId) ?? order);
    this.shard.persisted(entry.sequence, done.map((order) => order.orderId));
  }

  /** How money was kept behind the last entry. */
  get funds(): Funds {
    return this.limits.funds;
  }

  account(account: string): AccountState {
    return this.shard.account(account);
  }

  balance(account: string, asset: string): Balance {
    return this.shard.balance(account, asset);
  }

  /** Everything that is open, and all counters, after the last entry. */
  state(): ShardState {
    return this.shard.state();
  }

  /** Orders that are done, as they ended. */
  get doneOrders(): ReadonlyMap<string, Order> {
    return this.done;
  }

  /** The last state of every order ever. */
  orders(): Map<string, Order> {
    const all = new Map(this.done);
    for (const order of this.shard.state().orders) all.set(order.orderId, order);
    return all;
  }
}

/** Version of the first entries that tell commands. */
const COMMANDS_TOLD_FROM = 3;

const CODE_NOT_FOUND = RESULT_CODES.order_not_found.number;
const CODE_NOT_OPEN = RESULT_CODES.order_not_open.number;
// A transfer that has ended is known here for ever: only that one is not there may be otherwise.
const CODE_TRANSFER_NOT_FOUND = RESULT_CODES.transfer_not_found.number;
const CODE_FAILED = RESULT_CODES.failure_injected.number;
const CODE_BREACH = RESULT_CODES.balance_audit_breach.number;
const CODE_PARTS = RESULT_CODES.iceberg_parts_limit.number;
const CODE_LIST_NOT_FOUND = RESULT_CODES.order_list_not_found.number;
const CODE_LIST_NOT_OPEN = RESULT_CODES.order_list_not_open.number;
const PAST: ReadonlySet<number> = new Set([CODE_NOT_FOUND, CODE_NOT_OPEN, CODE_LIST_NOT_FOUND, CODE_LIST_NOT_OPEN, CODE_TRANSFER_NOT_FOUND, CODE_FAILED, CODE_BREACH, CODE_PARTS]);

/** What does something in a book. */
const ORDER_KINDS: ReadonlySet<string> = new Set(['place', 'list', 'cancel', 'amend', 'mass_cancel']);

function isAboutPast({ code }: LogEntry): boolean {
  return PAST.has(code);
}

/** What a transfer does that happens once for ever, named here by itself. */
function onceOf({ kind, asset, reference, reverses }: Extract<LoggedCommand, { op: 'transfer' }>): string | null {
  if (kind === 'reversal') return JSON.stringify(['reversal', reverses]);
  return reference === null ? null : JSON.stringify(['reference', asset, reference]);
}

/** What entries of before version 3 tell: not where an order was placed, and of its fill before only in an amend. */
function asBefore(event: EntryEvent): unknown {
  switch (event.type) {
    case 'trade': return { ...event, maker: { ...event.maker, placedSequence: 0 } };
    case 'order': return { order: { ...event.order, placedSequence: 0 } };
    default: return event;
  }
}

/** What the engine does ahead of all commands, and what somebody asks for. */
type UnaskedCommand = Extract<LoggedCommand, { op: 'due' | 'auction' }>;
type AskedCommand = Exclude<LoggedCommand, UnaskedCommand | { readonly op: 'trigger' }>;

function isUnasked(command: LoggedCommand): command is UnaskedCommand {
  return command.op === 'due' || command.op === 'auction';
}

/** An entry's command as the book is told it. */
function engineCommandOf(command: AskedCommand, entry: LogEntry, instrumentOf: (order: OrderReference) => string | null): EngineCommand {
  const { idempotency, request } = entry;
  switch (command.op) {
    case 'place': {
      const { op, actor, instrument, side, kind, priceTicks, quantityLots, traits, orderId, clientId, clientOrderId } = command;
      return { op, actor, instrument, side, kind, priceTicks, quantityLots, traits, orderId, clientId, clientOrderId, idempotency };
    }
    case 'list': {
      const { op, actor, listId, clientId, instrument, orders } = command;
      return { op, actor, listId, clientId, instrument, orders, idempotency, request };
    }
    case 'cancel': return { ...command, idempotency, request };
    case 'amend': {
      const shown = entry.orders[0]?.instrument;
      const instrument = shown ?? instrumentOf(command.order) ?? '';
      const candidates = command.wanted === null ? [] : [{ instrument, ...command.wanted }];
      return { op: 'amend', actor: command.actor, order: command.order, candidates, idempotency, request };
    }
    case 'mass_cancel': return command;
    case 'kill':
    case 'cancel_after': return command;
    // How long it was given is not told: it is renewed beside the log.
    case 'lease': return { ...command, ttlUs: 0 };
    case 'account':
    case 'transfer_end':
    case 'fee_group':
    case 'instrument': return { ...command, idempotency, request };
    case 'transfer': return { ...command, referenceDigest: onceOf(command), idempotency, request };
  }
}

/** The command that led to an entry of before version 3. */
function commandOfOutcome(entry: LogEntry): EngineCommand {
  const order = entry.orders[0];
  if (order === undefined) throw new Error(`entry ${entry.sequence} has no order`);
  const common = { actor: null, idempotency: null, request: null };
  switch (entry.kind) {
    case 'place': {
      if (entry.command?.op !== 'place') throw new Error(`entry ${entry.sequence} tells no command`);
      return engineCommandOf(entry.command, { ...entry, idempotency: null, request: null }, () => null);
    }
    case 'cancel': return { op: 'cancel', order: { orderId: order.orderId }, ...common };
    case 'amend': return {
      op: 'amend', order: { orderId: order.orderId }, ...common,
      candidates: [{
        instrument: order.instrument, priceTicks: order.priceTicks, quantityLots: order.quantityLots, remainingLots: null,
        quantityLotsMax: AMOUNT_MAX,
      }],
    };
    default: throw new Error(`entry ${entry.sequence} is a ${entry.kind}`);
  }
}
