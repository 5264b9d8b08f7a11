import { AMOUNT_MAX } from '../domain/amounts';
import type { EngineCommand } from '../domain/commands';
import { tradesOf, type LogEntry } from '../domain/log-entry';
import { KIND_CODE, isOpen, kindCode, type Order } from '../domain/order';
import { LogAudit } from '../reference/log-audit';
import { ReferenceShard } from '../reference/shard';
import type { ShardState } from '../reference/state';
import type { ReplayedTrade } from './compare-shard';
import { firstDifference } from './difference';

const UNLIMITED = Number.MAX_SAFE_INTEGER;

/**
 * Plays a journal through the reference book: each entry's command is taken from the entry, carried out by
 * the plain book, and must give that very entry again. What the book then holds is what the venue must hold.
 */
export class JournalReplay {
  private readonly audit = new LogAudit();
  /** Limits are settings of their time; where one cut a command short, the entry says so. */
  private readonly limits = { fillsPerOrderMax: UNLIMITED, openOrdersPerClientMax: UNLIMITED, backlogMax: UNLIMITED, idempotencyTtlS: 0 };
  private readonly shard = new ReferenceShard(this.limits);
  private readonly done = new Map<string, Order>();
  /** Of every instrument, oldest first. */
  readonly trades = new Map<string, ReplayedTrade[]>();
  /** Log sequence at which each idempotency key was used last. */
  readonly keys = new Map<string, number>();
  readonly problems: string[] = [];
  entries = 0;
  sequence = 0;
  timeUs = 0;

  constructor(private readonly problemsMax: number) {}

  add(entry: LogEntry): void {
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
      const difference = this.repeat(entry);
      if (difference !== null) this.complain(`entry ${entry.sequence} (${entry.kind} of ${entry.orders.map((order) => `order ${order.orderId}`).join(', ')}) is not what the reference book makes of it: ${difference}`);
      this.retire(entry);
    } catch (error) {
      this.complain(`entry ${entry.sequence} cannot be carried out: ${(error as Error).message}`);
    }
  }

  private complain(problem: string): void {
    if (this.problems.length < this.problemsMax) this.problems.push(problem);
  }

  /** @returns how the reference book's own entry differs, null when it does not */
  private repeat(entry: LogEntry): string | null {
    const moment = { timeUs: entry.timeUs, second: Math.floor(entry.timeUs / 1e6) };
    if (entry.kind === 'refuse' || entry.kind === 'keep') {
      this.shard.skipEntry();
      return this.shownDifference(entry);
    }
    let own: LogEntry | null;
    if (entry.kind === 'mass_cancel') {
      own = this.shard.cancelTogether(entry.orders.map((order) => order.orderId), moment);
    } else {
      this.limits.fillsPerOrderMax = entry.orders[0]?.reason === 'fills_limit' ? entry.fills.length : UNLIMITED;
      const result = this.shard.apply(commandOf(entry), moment);
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
    // Key and request are the caller's: the reference does not know them.
    return firstDifference({ ...own, idempotency: entry.idempotency, request: entry.request }, entry);
  }

  /** An entry that changes nothing shows the order as it is. */
  private shownDifference(entry: LogEntry): string | null {
    for (const order of entry.orders) {
      const difference = firstDifference(this.shard.order(order.orderId) ?? this.done.get(order.orderId) ?? null, order, `order ${order.orderId} `);
      if (difference !== null) return difference;
    }
    return null;
  }

  /** Done orders leave the book as they leave Redis. */
  private retire(entry: LogEntry): void {
    if (entry.kind === 'refuse' || entry.kind === 'keep') return;
    const done = [...entry.orders, ...entry.fills.map((fill) => fill.maker)].filter((order) => !isOpen(order));
    for (const order of done) this.done.set(order.orderId, order);
    this.shard.persisted(entry.sequence, done.map((order) => order.orderId));
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

/** The command that an entry records. */
function commandOf(entry: LogEntry): EngineCommand {
  const order = entry.orders[0];
  if (order === undefined) throw new Error(`entry ${entry.sequence} has no order`);
  const common = { idempotency: null, request: null };
  switch (entry.kind) {
    case 'place': return {
      op: 'place', instrument: order.instrument, side: order.side,
      kind: order.type === 'market' ? KIND_CODE.market : kindCode(order.type, order.timeInForce, order.postOnly),
      priceTicks: order.priceTicks ?? 0, quantityLots: order.quantityLots, orderId: order.orderId, clientId: order.clientId,
      clientOrderId: order.clientOrderId, idempotency: null,
    };
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
