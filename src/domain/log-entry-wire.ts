import {
  COMMAND_LETTER, ENTRY, EVENT, LEVEL_EVENT, LOG_ENTRY_VERSION, LOGGED_AMEND, LOGGED_CANCEL, LOGGED_MASS_CANCEL, LOGGED_PLACE, ORDER_EVENT,
  PLACED_EVENT, SHOWN_EVENT, TRADE_EVENT, positionsOf,
} from './layouts';
import { ENTRY_KINDS, EntryViews, type EntryEvent, type EntryKind, type LogEntry, type LoggedCommand } from './entry';
import { expandId } from './order-id';
import { KIND_CODE, kindOf, reasonOf, sideOf, statusOf, type Order, type OrderReference } from './order';
import { decodeOrder } from './order-record';

/** Entries of the present version, from JSON to what they say. */

type Wire = readonly unknown[];

const AT = positionsOf(ENTRY);
const PLACE_AT = positionsOf(LOGGED_PLACE);
const CANCEL_AT = positionsOf(LOGGED_CANCEL);
const AMEND_AT = positionsOf(LOGGED_AMEND);
const MASS_CANCEL_AT = positionsOf(LOGGED_MASS_CANCEL);
const PLACED_AT = positionsOf(PLACED_EVENT);
const TRADE_AT = positionsOf(TRADE_EVENT);
const ORDER_AT = positionsOf(ORDER_EVENT);
const LEVEL_AT = positionsOf(LEVEL_EVENT);

const KINDS: ReadonlySet<unknown> = new Set(ENTRY_KINDS);

/** @throws Error for a kind that is in no table */
export function entryKindOf(kind: unknown): EntryKind {
  if (!KINDS.has(kind)) throw new Error(`log entry of unknown kind ${String(kind)}`);
  return kind as EntryKind;
}

/** @returns null for an entry of another version @throws Error for one that has anything unknown in it */
export function decodeEntryWire(wire: Wire): LogEntry | null {
  if (wire[AT.version] !== LOG_ENTRY_VERSION) return null;
  const sequence = wire[AT.sequence] as number;
  const timeUs = wire[AT.time_us] as number;
  const command = decodeCommand(wire[AT.command] as Wire);
  const views = new EntryViews();
  const events = (wire[AT.events] as readonly Wire[]).map((event) => {
    const decoded = decodeEvent(event, sequence, timeUs, command);
    views.add(decoded);
    return decoded;
  });
  const { orders, fills, levels } = views;
  const idempotency = wire[AT.idempotency] as string;
  return {
    version: LOG_ENTRY_VERSION, kind: entryKindOf(wire[AT.kind]), sequence, timeUs, command, code: wire[AT.code] as number, events, orders, fills, levels,
    idempotency: idempotency === '' ? null : idempotency, request: wire[AT.request],
  };
}

function decodeEvent(wire: Wire, sequence: number, timeUs: number, command: LoggedCommand): EntryEvent {
  switch (wire[0]) {
    case EVENT.placed:
      return { type: 'order', order: placedOrder(wire, sequence, timeUs, command), previousFill: 0 };
    case EVENT.trade:
      return {
        type: 'trade', tradeId: wire[TRADE_AT.trade_id] as number, priceTicks: wire[TRADE_AT.price] as number,
        quantityLots: wire[TRADE_AT.quantity] as number, taker: wire[TRADE_AT.taker] as number,
        maker: decodeOrder(wire, TRADE_EVENT.length), makerPreviousFill: wire[TRADE_AT.maker_previous_fill] as number,
      };
    case EVENT.order:
      return { type: 'order', order: decodeOrder(wire, ORDER_EVENT.length), previousFill: wire[ORDER_AT.previous_fill] as number };
    case EVENT.level:
      return {
        type: 'level', instrument: wire[LEVEL_AT.instrument] as string, side: sideOf(wire[LEVEL_AT.side] as number),
        priceTicks: wire[LEVEL_AT.price] as number, quantityLots: wire[LEVEL_AT.quantity] as number,
      };
    case EVENT.shown:
      return { type: 'shown', order: decodeOrder(wire, SHOWN_EVENT.length) };
    default:
      throw new Error(`log entry ${sequence} has an unknown event ${String(wire[0])}`);
  }
}

/** The order that a place brought: its constant part is the command's. */
function placedOrder(wire: Wire, sequence: number, timeUs: number, command: LoggedCommand): Order {
  if (command.op !== 'place') throw new Error(`log entry ${sequence} places an order without being asked to`);
  const { type, timeInForce, postOnly } = kindOf(command.kind);
  return {
    orderId: command.orderId, clientOrderId: command.clientOrderId, clientId: command.clientId, instrument: command.instrument,
    side: command.side, type, timeInForce, postOnly,
    priceTicks: command.kind === KIND_CODE.market ? null : command.priceTicks, quantityLots: command.quantityLots,
    filledLots: wire[PLACED_AT.filled] as number, notional: wire[PLACED_AT.notional] as string,
    status: statusOf(wire[PLACED_AT.status] as number), reason: reasonOf(wire[PLACED_AT.reason] as number),
    sequence, updatedUs: timeUs, fillSequence: wire[PLACED_AT.fill_sequence] as number, priority: sequence, placedSequence: sequence,
    createdUs: timeUs,
  };
}

const orNull = (text: unknown): string | null => (text === '' ? null : text as string);

function referenceOf(id: unknown, client: unknown, clientOrderId: unknown): OrderReference {
  if (id !== '') return { orderId: expandId(id as string) };
  return { clientId: client as string, clientOrderId: clientOrderId as string };
}

function decodeCommand(wire: Wire): LoggedCommand {
  switch (wire[0]) {
    case COMMAND_LETTER.place:
      return {
        op: 'place', actor: orNull(wire[PLACE_AT.actor]), fillsMax: wire[PLACE_AT.fills_max] as number,
        openOrdersMax: wire[PLACE_AT.open_orders_max] as number, instrument: wire[PLACE_AT.instrument] as string,
        side: sideOf(wire[PLACE_AT.side] as number), kind: wire[PLACE_AT.kind] as number, priceTicks: wire[PLACE_AT.price] as number,
        quantityLots: wire[PLACE_AT.quantity] as number, orderId: expandId(wire[PLACE_AT.id] as string),
        clientId: wire[PLACE_AT.client] as string, clientOrderId: orNull(wire[PLACE_AT.client_order_id]),
      };
    case COMMAND_LETTER.cancel:
      return {
        op: 'cancel', actor: orNull(wire[CANCEL_AT.actor]),
        order: referenceOf(wire[CANCEL_AT.id], wire[CANCEL_AT.client], wire[CANCEL_AT.client_order_id]),
      };
    case COMMAND_LETTER.amend: {
      const quantityLotsMax = wire[AMEND_AT.quantity_max] as number | null;
      return {
        op: 'amend', actor: orNull(wire[AMEND_AT.actor]), fillsMax: wire[AMEND_AT.fills_max] as number,
        order: referenceOf(wire[AMEND_AT.id], wire[AMEND_AT.client], wire[AMEND_AT.client_order_id]),
        wanted: quantityLotsMax === null ? null : {
          priceTicks: wire[AMEND_AT.price] as number | null, quantityLots: wire[AMEND_AT.quantity] as number | null,
          remainingLots: wire[AMEND_AT.remaining] as number | null, quantityLotsMax,
        },
      };
    }
    case COMMAND_LETTER.mass_cancel:
      return {
        op: 'mass_cancel', actor: orNull(wire[MASS_CANCEL_AT.actor]), clientId: wire[MASS_CANCEL_AT.client] as string,
        instrument: orNull(wire[MASS_CANCEL_AT.instrument]), after: wire[MASS_CANCEL_AT.after] as number,
        bound: wire[MASS_CANCEL_AT.bound] as number, pageSize: wire[MASS_CANCEL_AT.page_size] as number,
      };
    default:
      throw new Error(`log entry with an unknown command ${String(wire[0])}`);
  }
}
