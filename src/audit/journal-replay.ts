import { AMOUNT_MAX } from '../domain/amounts';
import type { EngineCommand } from '../domain/commands';
import { tradesOf, type LogEntry } from '../domain/log-entry';
import { KIND_CODE, isOpen, kindCode, type Order, type Trade } from '../domain/order';
import { LogAudit } from '../reference/log-audit';
import { ReferenceShard } from '../reference/shard';
import type { ShardState } from '../reference/state';
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
  readonly trades = new Map<string, Trade[]>();
  /** Log sequence at which each idempotency key was used last. */
  readonly keys = new Map<string, number>();
  readonly problems: string[] = [];
  entries = 0;
  fills = 0;
  sequence = 0;

  constructor(private readonly problemsMax: number) {}

  add(entry: LogEntry): void {
    this.sequence = entry.sequence;
    this.entries++;
    this.fills += entry.fills.length;
    for (const problem of this.audit.add(entry)) this.complain(problem);
    for (const trade of tradesOf(entry)) {
      const trades = this.trades.get(trade.instrument);
      if (trades === undefined) this.trades.set(trade.instrument, [trade]);
      else trades.push(trade);
    }
    if (entry.idempotency !== null) this.keys.set(entry.idempotency, entry.sequence);
    const difference = this.repeat(entry);
    if (difference !== null) this.complain(`entry ${entry.sequence}: the reference book comes to another entry: ${difference}`);
    this.retire(entry);
  }

  private complain(problem: string): void {
    if (this.problems.length < this.problemsMax) this.problems.push(problem);
  }

  /** @returns how the reference book's own entry differs, null when it does not */
  private repeat(entry: LogEntry): string | null {
    const moment = { timeUs: entry.timeUs, second: Math.floor(entry.timeUs / 1e6) };
    if (entry.kind === 'refuse' || entry.kind === 'keep') {
      this.shard.skipEntry();
      return null;
    }
    let own: LogEntry | null = null;
    if (entry.kind === 'mass_cancel') {
      own = this.shard.cancelTogether(entry.orders.map((order) => order.orderId), moment);
    } else {
      this.limits.fillsPerOrderMax = entry.orders[0]?.reason === 'fills_limit' ? entry.fills.length : UNLIMITED;
      const result = this.shard.apply(commandOf(entry), moment);
      if (result.outcome === 'logged') own = result.entry;
      else return `${result.outcome}${result.outcome === 'refused' ? ` with ${result.code}` : ''}`;
    }
    if (own === null) return 'an order is not open';
    // Keys are the caller's business; the book does not know them.
    return firstDifference(entry, { ...own, idempotency: entry.idempotency, request: entry.request });
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

  doneOrder(orderId: string): Order | null {
    return this.done.get(orderId) ?? null;
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
