import { decodeLogEntry, tradesOf, type LogEntry } from '../../../src/domain/log-entry';
import { formatTimeUs, type Order, type Trade } from '../../../src/domain/order';
import type { TestDatabase } from '../../support/postgres';
import { steps, type Answers } from './answers';
import type { Load } from './load';

type Text = Record<string, string | null>;

/** What Postgres holds of a shard, as text, so that no driver can round anything. */
export interface ShardRecord {
  readonly checkpoint: number;
  readonly payloads: readonly string[];
  readonly sequences: readonly number[];
  readonly orders: ReadonlyMap<string, Text>;
  readonly trades: readonly Text[];
  readonly deadLetters: readonly Text[];
}

const asText = (columns: readonly string[]): string => columns.map((column) => `${column}::text`).join(', ');

const ORDER_COLUMNS = [
  'order_id', 'client_id', 'client_order_id', 'instrument', 'side', 'type', 'time_in_force', 'post_only', 'price_ticks', 'quantity_lots',
  'filled_lots', 'notional', 'status', 'status_reason', 'sequence', 'fill_sequence', 'priority', 'created_us', 'updated_us',
];
const TRADE_COLUMNS = [
  'instrument', 'trade_id', 'price_ticks', 'quantity_lots', 'taker_side', 'maker_order_id', 'taker_order_id', 'sequence', 'executed_us',
];

export async function readRecord(database: TestDatabase): Promise<ShardRecord> {
  const [checkpoint] = await database.query<{ sequence: string }>('SELECT sequence::text FROM checkpoints');
  const journal = await database.query<{ sequence: string; payload: string }>('SELECT sequence::text, payload FROM journal ORDER BY journal.sequence');
  const orders = await database.query<Text>(`SELECT ${asText(ORDER_COLUMNS)} FROM orders`);
  const trades = await database.query<Text>(`SELECT ${asText(TRADE_COLUMNS)} FROM trades ORDER BY trades.sequence, trades.trade_id`);
  const deadLetters = await database.query<Text>(`SELECT sequence::text, payload, reason FROM dead_letters ORDER BY dead_letters.sequence`);
  return {
    checkpoint: Number(checkpoint?.sequence ?? -1),
    payloads: journal.map((row) => row.payload),
    sequences: journal.map((row) => Number(row.sequence)),
    orders: new Map(orders.map((row) => [row.order_id as string, row])),
    trades,
    deadLetters,
  };
}

const SHOWN_MAX = 10;

/** Keeps a failure readable: what differs, not two thousand rows of it. */
function few(problems: string[]): string[] {
  return problems.length <= SHOWN_MAX ? problems : [...problems.slice(0, SHOWN_MAX), `and ${problems.length - SHOWN_MAX} more`];
}

function text(value: string | number | boolean | null): string | null {
  return value === null ? null : String(value);
}

function orderText(order: Order): Text {
  return {
    order_id: order.orderId, client_id: order.clientId, client_order_id: order.clientOrderId, instrument: order.instrument,
    side: order.side, type: order.type, time_in_force: order.timeInForce, post_only: text(order.postOnly),
    price_ticks: text(order.priceTicks), quantity_lots: text(order.quantityLots), filled_lots: text(order.filledLots),
    notional: order.notional, status: order.status, status_reason: order.reason, sequence: text(order.sequence),
    fill_sequence: text(order.fillSequence), priority: text(order.priority), created_us: text(order.createdUs), updated_us: text(order.updatedUs),
  };
}

function tradeText(trade: Trade, sequence: number): Text {
  return {
    instrument: trade.instrument, trade_id: text(trade.tradeId), price_ticks: text(trade.priceTicks), quantity_lots: text(trade.quantityLots),
    taker_side: trade.takerSide, maker_order_id: trade.makerOrderId, taker_order_id: trade.takerOrderId, sequence: text(sequence),
    executed_us: text(trade.executedUs),
  };
}

/** Whether the record says one thing: journal without gaps up to the checkpoint, orders and trades what the journal tells. */
export function inconsistencies(record: ShardRecord): string[] {
  const problems: string[] = [];
  if (record.checkpoint !== record.sequences.length) problems.push(`checkpoint ${record.checkpoint}, ${record.sequences.length} journal rows`);
  record.sequences.forEach((sequence, i) => {
    if (sequence !== i + 1) problems.push(`journal row ${i + 1} has sequence ${sequence}`);
  });
  const entries: LogEntry[] = record.payloads.map(decodeLogEntry);
  const orders = new Map<string, Text>();
  const trades: Text[] = [];
  for (const entry of entries) {
    if (entry.kind === 'refuse') continue;
    for (const order of [...entry.orders, ...entry.fills.map((fill) => fill.maker)]) orders.set(order.orderId, orderText(order));
    for (const trade of tradesOf(entry)) trades.push(tradeText(trade, entry.sequence));
  }
  for (const [id, expected] of orders) compare(problems, `order ${id}`, record.orders.get(id), expected);
  for (const id of record.orders.keys()) if (!orders.has(id)) problems.push(`order ${id} is in no journal entry`);
  if (trades.length !== record.trades.length) problems.push(`${record.trades.length} trades, the journal tells ${trades.length}`);
  trades.forEach((expected, i) => compare(problems, `trade ${expected.instrument}/${expected.trade_id}`, record.trades[i], expected));
  return few(problems);
}

function compare(problems: string[], what: string, found: Text | undefined, expected: Text): void {
  if (found === undefined) {
    problems.push(`${what} is missing`);
    return;
  }
  for (const [field, value] of Object.entries(expected)) {
    if (found[field] !== value) problems.push(`${what}: ${field} is ${found[field] ?? 'null'}, expected ${value ?? 'null'}`);
  }
}

/** Where the record differs from what was answered. @param exact nothing else has happened than what was answered */
export function differences(record: ShardRecord, answers: Answers, exact = true): string[] {
  const problems = [...answers.contradictions];
  const expected = answers.expectedOrders();
  for (const [id, order] of expected) {
    const { post_only: postOnly, ...fields } = order;
    const told = answers.orders.get(id);
    const row = record.orders.get(id);
    // Where other callers' answers are missing, an order may have gone on since it was last heard of.
    if (!exact && row !== undefined && Number(row.sequence) > (told?.sequence ?? 0)) continue;
    compare(problems, `order ${id}`, row, { ...fields, post_only: String(postOnly) });
    if (row !== undefined && Number(row.sequence) < (told?.sequence ?? 0)) problems.push(`order ${id}: sequence ${row.sequence}, answered ${told?.sequence}`);
    if (row !== undefined && formatTimeUs(Number(row.created_us)) !== told?.created_at) problems.push(`order ${id}: created_us ${row.created_us}, answered ${told?.created_at}`);
  }
  const trades = new Map(record.trades.map((trade) => [`${trade.instrument}/${trade.trade_id}`, trade]));
  if (trades.size !== record.trades.length) problems.push('a trade is in the record twice');
  for (const [key, told] of answers.trades) {
    compare(problems, `trade ${key}`, trades.get(key), {
      instrument: told.instrument, trade_id: String(told.trade_id), price_ticks: steps(told.price).toString(),
      quantity_lots: steps(told.quantity).toString(), maker_order_id: told.maker_order_id, taker_order_id: told.taker_order_id,
    });
    const row = trades.get(key);
    if (row !== undefined && formatTimeUs(Number(row.executed_us)) !== told.executed_at) problems.push(`trade ${key}: executed_us ${row.executed_us}`);
  }
  if (exact) {
    for (const id of record.orders.keys()) if (!expected.has(id)) problems.push(`order ${id} was never answered`);
    for (const key of trades.keys()) if (!answers.trades.has(key)) problems.push(`trade ${key} was never answered`);
  }
  return few(problems);
}

/** What is wrong with the record of a venue where nothing happened but a load, and with the load's answers. */
export function faultsOf(record: ShardRecord, load: Load): string[] {
  return [...load.unexpected, ...inconsistencies(record), ...differences(record, load.answers)];
}
