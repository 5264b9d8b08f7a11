import { expandId } from './order-id';
import {
  KIND_CODE, ORDER_KINDS, REASONS, SIDES, STATUSES,
  type Order, type Side, type Trade,
} from './order';

/**
 * The shard log: one entry per state-changing command, written by the engine in the same atomic
 * step as the change itself. An entry is a JSON array, and so is an order inside it; the engine
 * builds both by joining text, so the shapes here and in lua/entry.lua are one contract.
 */

export const LOG_ENTRY_VERSION = 2;
/** Read as well, from logs and journals of before: the id of an order stood ahead of the time of its creation. */
const LOG_ENTRY_VERSION_BEFORE = 1;

export const ENTRY_KINDS = ['place', 'cancel', 'amend', 'mass_cancel', 'refuse', 'keep'] as const;
/**
 * `refuse`: a command with an idempotency key was turned down, and the log remembers the answer.
 * `keep`: an amend with an idempotency key changed nothing.
 */
export type EntryKind = (typeof ENTRY_KINDS)[number];

/** An order as stored: see {@link decodeOrder} for the positions. */
export type WireOrder = [
  filled: number, notional: string, status: number, reason: number, sequence: number, updatedUs: number,
  fillSequence: number, priority: number, price: number, quantity: number, side: number, kind: number,
  instrument: string, client: string, clientOrderId: string, createdUs: number, id: string,
];

type WireFill = [tradeId: number, price: number, quantity: number, makerPreviousFill: number, maker: WireOrder];
type WireLevel = [instrument: string, side: number, price: number, quantity: number];

type WireEntry = [
  version: number, kind: EntryKind, sequence: number, timeUs: number,
  orders: WireOrder[], fills: WireFill[], levels: WireLevel[],
  idempotency: string, request: unknown, code: number, previousFill: number, epoch: string,
];

/** An entry as the stream holds it, not decoded yet. */
export interface RawLogEntry {
  readonly sequence: number;
  readonly payload: string;
}

export interface Fill {
  readonly tradeId: number;
  readonly priceTicks: number;
  readonly quantityLots: number;
  /** The maker after this fill. */
  readonly maker: Order;
  /** Log sequence of the maker's fill before this one, 0 when this is its first. */
  readonly makerPreviousFill: number;
}

/** New total of one price level; 0 lots means that the level is gone. */
export interface LevelChange {
  readonly instrument: string;
  readonly side: Side;
  readonly priceTicks: number;
  readonly quantityLots: number;
}

export interface LogEntry {
  readonly kind: EntryKind;
  readonly sequence: number;
  readonly timeUs: number;
  /** The commanded order after the command; several for a mass cancel, none for some refusals. */
  readonly orders: readonly Order[];
  readonly fills: readonly Fill[];
  readonly levels: readonly LevelChange[];
  /** Digest of client and idempotency key, null without one. */
  readonly idempotency: string | null;
  /** What a keyed amend or cancel asked for, so that a reused key is told apart from a retry. */
  readonly request: unknown;
  /** Result code number of a refusal, else 0. */
  readonly code: number;
  /** Log sequence of the commanded order's fill before this entry, 0 when there was none. */
  readonly previousFill: number;
}

/**
 * @param wire an order's stored array
 * @returns the order, with its UUID written out
 */
export function decodeOrder(wire: WireOrder): Order {
  const kind = ORDER_KINDS[wire[11]] ?? ORDER_KINDS[0];
  return {
    orderId: expandId(wire[16]),
    clientOrderId: wire[14] === '' ? null : wire[14],
    clientId: wire[13],
    instrument: wire[12],
    side: SIDES[wire[10]] ?? 'buy',
    type: kind.type,
    timeInForce: kind.timeInForce,
    postOnly: kind.postOnly,
    priceTicks: wire[11] === KIND_CODE.market ? null : wire[8],
    quantityLots: wire[9],
    filledLots: wire[0],
    notional: wire[1],
    status: STATUSES[wire[2]] ?? 'open',
    reason: REASONS[wire[3]] ?? null,
    // 0 as long as nothing has changed since it came in.
    sequence: wire[4] || wire[7],
    updatedUs: wire[5] || wire[15],
    fillSequence: wire[6],
    priority: wire[7],
    createdUs: wire[15],
  };
}

/** @param version of the entry that holds it */
function decodeOrderOf(version: number, wire: WireOrder): Order {
  if (version === LOG_ENTRY_VERSION) return decodeOrder(wire);
  const [id, createdUs] = wire.slice(-2) as [unknown, unknown];
  return decodeOrder([...wire.slice(0, -2), createdUs, id] as WireOrder);
}

/** @param record an order as results and entries hold it: the array's inside, without brackets. */
export function decodeOrderRecord(record: string): Order {
  return decodeOrder(JSON.parse(`[${record}]`) as WireOrder);
}

/**
 * The entries decoded last, by sequence. Within a process the answer to a command, the market data and the writer see
 * the same entry one after the other, and decoding is most of what each does with it.
 */
const DECODED_MAX = 8_192;
const decoded = new Array<{ readonly payload: string; readonly entry: LogEntry } | undefined>(DECODED_MAX).fill(undefined);

/** @throws Error for an entry of a version this program does not know. */
export function decodeLogEntry(payload: string): LogEntry {
  const slot = sequenceOfPayload(payload) % DECODED_MAX;
  const known = decoded[slot];
  // Other shards and other lives have the same sequences: the text decides.
  if (known?.payload === payload) return known.entry;
  const entry = decodeWire(payload);
  decoded[slot] = { payload, entry };
  return entry;
}

/** The log sequence of an entry: its third element, read without decoding the rest. */
function sequenceOfPayload(payload: string): number {
  const start = payload.indexOf(',', payload.indexOf(',') + 1) + 1;
  return Number(payload.slice(start, payload.indexOf(',', start)));
}

function decodeWire(payload: string): LogEntry {
  const wire = JSON.parse(payload) as WireEntry;
  const version = wire[0];
  if (version !== LOG_ENTRY_VERSION && version !== LOG_ENTRY_VERSION_BEFORE) throw new Error(`log entry of unknown version ${version}`);
  const fills: Fill[] = [];
  for (const fill of wire[5]) {
    fills.push({
      tradeId: fill[0],
      priceTicks: fill[1],
      quantityLots: fill[2],
      makerPreviousFill: fill[3],
      maker: decodeOrderOf(version, fill[4]),
    });
  }
  const levels: LevelChange[] = [];
  for (const level of wire[6]) {
    levels.push({
      instrument: level[0], side: SIDES[level[1]] ?? 'buy', priceTicks: level[2], quantityLots: level[3],
    });
  }
  const orders: Order[] = [];
  for (const order of wire[4]) orders.push(decodeOrderOf(version, order));
  return {
    kind: wire[1],
    sequence: wire[2],
    timeUs: wire[3],
    orders,
    fills,
    levels,
    idempotency: wire[7] === '' ? null : wire[7],
    request: wire[8],
    code: wire[9],
    previousFill: wire[10],
  };
}

/** The life of the shard that an entry belongs to: its last element, read without decoding the rest. */
export function epochOfPayload(payload: string): string {
  return payload.slice(payload.lastIndexOf(',') + 2, -2);
}

/** The trades of an entry, oldest first. */
export function tradesOf(entry: LogEntry): Trade[] {
  const taker = entry.orders[0];
  if (taker === undefined) return [];
  return entry.fills.map((fill) => ({
    instrument: taker.instrument,
    tradeId: fill.tradeId,
    priceTicks: fill.priceTicks,
    quantityLots: fill.quantityLots,
    takerSide: taker.side,
    makerOrderId: fill.maker.orderId,
    takerOrderId: taker.orderId,
    executedUs: entry.timeUs,
  }));
}
