import DataLoader from 'dataloader';
import { decodeLogEntry, type LogEntry, type RawLogEntry } from '../domain/log-entry';
import type { Funds } from '../domain/money';
import type { Order, OrderFees, OrderStatus, OrderType, Placing, SettledTrade, Side, StatusReason, TimeInForce, Trade } from '../domain/order';
import { traitsOfRecord } from '../domain/order-traits';
import type { Database, Row } from './database';
import {
  CHECKPOINT, CREATE_CHECKPOINT, DEAD_SEQUENCES, JOURNAL_ENTRY, JOURNAL_PAGE, LISTS_OF_CLIENT, MOVE_SWEPT, ORDERS, ORDERS_OF_CLIENT, SET_FROZEN, SWEEP_PAGE, SWEPT, TRADES, TRADES_OF_ORDER,
} from './queries/history';
import { RECORDED_FUNDS } from './queries/recovery';

export interface Checkpoint {
  readonly epoch: string;
  /** Log sequence up to which everything is committed. */
  readonly sequence: number;
  readonly timeUs: number;
}

export interface OrderRow extends Row {
  order_id: string; client_id: string; client_order_id: string | null; instrument: string; side: Side; type: OrderType;
  time_in_force: TimeInForce; post_only: boolean; price_ticks: number | null; quantity_lots: number; filled_lots: number;
  notional: string; status: OrderStatus; status_reason: StatusReason | null; sequence: number; fill_sequence: number;
  priority: number; placed_sequence: number; created_us: number; updated_us: number;
  maker_fee_rate: number | null; taker_fee_rate: number | null; fee_units: string | null; fee_millionths: number | null;
  traits: Readonly<Record<string, unknown>> | null;
}

export interface TradeRow extends Row {
  instrument: string; trade_id: number; price_ticks: number; quantity_lots: number; taker_side: Side;
  maker_order_id: string; taker_order_id: string; executed_us: number;
}

export interface SettledTradeRow extends TradeRow {
  maker_account: string; taker_account: string; maker_fee: string; taker_fee: string;
}

function feesOfRow({ maker_fee_rate: makerRate, taker_fee_rate: takerRate, fee_units: units, fee_millionths: millionths }: OrderRow): OrderFees | null {
  return makerRate === null || takerRate === null || units === null || millionths === null ? null : { makerRate, takerRate, units, millionths };
}

export function orderOfRow(row: OrderRow): Order {
  return {
    orderId: row.order_id, clientOrderId: row.client_order_id, clientId: row.client_id, instrument: row.instrument,
    side: row.side, type: row.type, timeInForce: row.time_in_force, postOnly: row.post_only, priceTicks: row.price_ticks,
    quantityLots: row.quantity_lots, filledLots: row.filled_lots, notional: row.notional, status: row.status,
    reason: row.status_reason, sequence: row.sequence, updatedUs: row.updated_us, fillSequence: row.fill_sequence,
    priority: row.priority, placedSequence: row.placed_sequence, createdUs: row.created_us,
    fees: feesOfRow(row), traits: traitsOfRecord(row.traits),
  };
}

export function tradeOfRow(row: TradeRow): Trade {
  return {
    instrument: row.instrument, tradeId: row.trade_id, priceTicks: row.price_ticks, quantityLots: row.quantity_lots,
    takerSide: row.taker_side, makerOrderId: row.maker_order_id, takerOrderId: row.taker_order_id,
    executedUs: row.executed_us,
  };
}

export function settledTradeOfRow(row: SettledTradeRow): SettledTrade {
  return {
    ...tradeOfRow(row), makerClientId: row.maker_account, takerClientId: row.taker_account, makerFee: row.maker_fee, takerFee: row.taker_fee,
  };
}

/** @returns null for an entry without a key, or one that cannot be read: it must hold up neither a rebuild nor a sweep */
export function keyOfPayload(payload: string): { readonly digest: string; readonly second: number } | null {
  try {
    const { idempotency, timeUs } = decodeLogEntry(payload);
    return idempotency === null ? null : { digest: idempotency, second: Math.floor(timeUs / 1e6) };
  } catch {
    return null;
  }
}

/** What Postgres remembers of a shard. Every method throws DatabaseUnavailableError while it is away. */
export class History {
  /** Orders that are asked for in one turn come in one query: a batch may name a thousand that Redis does not hold. */
  private readonly orders = new DataLoader<string, Order | null>((ids) => this.ordersById(ids), { cache: false, maxBatchSize: 1_000 });

  constructor(private readonly database: Database, private readonly shard: string) {}

  /** @returns null before the shard's first life. */
  async checkpoint(): Promise<Checkpoint | null> {
    const [row] = await this.database.query<{ epoch: string; sequence: number; time_us: number }>(CHECKPOINT, [this.shard]);
    return row === undefined ? null : { epoch: row.epoch, sequence: row.sequence, timeUs: row.time_us };
  }

  /** How money was kept when the record was begun, or last rebuilt from. */
  async funds(): Promise<Funds> {
    const [row] = await this.database.query<{ funds: Funds }>(RECORDED_FUNDS, [this.shard]);
    return row?.funds ?? 'off';
  }

  /** @returns false when the shard has a checkpoint already. */
  async createCheckpoint(epoch: string, funds: Funds): Promise<boolean> {
    return (await this.database.query(CREATE_CHECKPOINT, [this.shard, epoch, funds])).length === 1;
  }

  /** Remembers whether the shard is frozen by its operator, for a rebuild of it. */
  async setFrozen(isFrozen: boolean): Promise<void> {
    await this.database.query(SET_FROZEN, [this.shard, isFrozen]);
  }

  order(orderId: string): Promise<Order | null> {
    return this.orders.load(orderId);
  }

  private async ordersById(orderIds: readonly string[]): Promise<(Order | null)[]> {
    const rows = await this.database.query<OrderRow>(ORDERS, [orderIds]);
    const found = new Map(rows.map((row) => [row.order_id, orderOfRow(row)]));
    return orderIds.map((orderId) => found.get(orderId) ?? null);
  }

  /** The newest placed first, behind one of them. */
  async ordersOfClient(clientId: string, instrument: string | null, behind: Placing | null, limit: number): Promise<Order[]> {
    const rows = await this.database.query<OrderRow>(ORDERS_OF_CLIENT, [this.shard, clientId, instrument, behind?.sequence ?? null, behind?.orderId ?? null, limit]);
    return rows.map(orderOfRow);
  }

  /** The first orders of a client's lists, the newest placed first, behind a sequence of placing. */
  async listsOfClient(clientId: string, behind: number | null, limit: number): Promise<Order[]> {
    const rows = await this.database.query<OrderRow>(LISTS_OF_CLIENT, [this.shard, clientId, behind, limit]);
    return rows.map(orderOfRow);
  }

  /** Newest first. */
  async trades(instrument: string, before: number | null, limit: number): Promise<Trade[]> {
    return (await this.database.query<TradeRow>(TRADES, [instrument, before, limit])).map(tradeOfRow);
  }

  /** Oldest first. */
  async tradesOfOrder(orderId: string): Promise<SettledTrade[]> {
    return (await this.database.query<SettledTradeRow>(TRADES_OF_ORDER, [orderId])).map(settledTradeOfRow);
  }

  /** @param second the entry's time, in whole seconds */
  async journalEntry(sequence: number, second: number): Promise<LogEntry | null> {
    // The stored second is Redis' clock, the entry's time never goes backwards: it may be a little later.
    const [row] = await this.database.query<{ payload: string }>(JOURNAL_ENTRY, [this.shard, sequence, second]);
    return row === undefined ? null : decodeLogEntry(row.payload);
  }

  /** Entries behind `after` without a gap, oldest first; none where the journal does not go on from there. */
  async journalPage(after: number, count: number): Promise<RawLogEntry[]> {
    const rows = await this.database.query<{ sequence: number; payload: string }>(JOURNAL_PAGE, [this.shard, after, after + count]);
    const entries: RawLogEntry[] = [];
    for (const { sequence, payload } of rows) {
      // A dead letter that was written after all stands in both tables.
      if (sequence === after + entries.length) continue;
      if (sequence !== after + entries.length + 1) break;
      entries.push({ sequence, payload });
    }
    return entries;
  }

  /** Sequence up to which idempotency keys past their lifetime have been swept. */
  async sweptSequence(): Promise<number> {
    const [row] = await this.database.query<{ swept_sequence: number }>(SWEPT, [this.shard]);
    return row?.swept_sequence ?? 0;
  }

  /** Entries behind `afterSequence` and older than `second`, oldest first; the digest is null where there was no key. */
  async sweepPage(afterSequence: number, second: number, limit: number): Promise<{ sequence: number; digest: string | null }[]> {
    const rows = await this.database.query<{ sequence: number; idempotency: string | null; payload: string | null }>(
      SWEEP_PAGE, [this.shard, afterSequence, second, limit],
    );
    return rows.map(({ sequence, idempotency, payload }) => ({ sequence, digest: payload === null ? idempotency : keyOfPayload(payload)?.digest ?? null }));
  }

  async moveSwept(sequence: number): Promise<void> {
    await this.database.query(MOVE_SWEPT, [this.shard, sequence]);
  }

  /** Entries behind `afterSequence` that Postgres refused. */
  async deadSequences(afterSequence: number): Promise<Set<number>> {
    const rows = await this.database.query<{ sequence: number }>(DEAD_SEQUENCES, [this.shard, afterSequence]);
    return new Set(rows.map((row) => row.sequence));
  }
}
