import {
  ACCOUNT_EVENT, BALANCE_EVENT, COMMAND_LETTER, CONTROL_EVENT, ENTRY, EVENT, FEE_GROUP_EVENT, FEE_RATE, INSTRUMENT_EVENT, INSTRUMENT_RULES, LEVEL_EVENT, LIST_MARK, LOG_ENTRY_VERSION,
  LOGGED_ACCOUNT, LOGGED_AMEND, LOGGED_AUCTION, LOGGED_CANCEL, LOGGED_CANCEL_AFTER, LOGGED_DUE, LOGGED_FEE_GROUP, LOGGED_INSTRUMENT, LOGGED_KILL, LOGGED_LEASE, LOGGED_LIST,
  LOGGED_MASS_CANCEL, LOGGED_PLACE, LOGGED_TRANSFER, LOGGED_TRANSFER_END, LOGGED_TRIGGER, ORDER_EVENT, ORDER_TERMS, PLACED_EVENT, SHORTFALL_EVENT,
  SHOWN_EVENT, TRADE_EVENT, TRANSFER_EVENT, positionsOf,
} from './layouts';
import { controlOf, dueKindOf } from './controls';
import { ENTRY_KINDS, EntryViews, type EntryEvent, type EntryKind, type LogEntry, type LoggedCommand } from './entry';
import {
  accountStatusOf, creditOf, fundsOf, transferEndOf, transferKindOf, transferStatusOf, type FeeRate, type Funds, type Transfer,
} from './money';
import { decodeRules, decodeWanted, type InstrumentRules } from './instrument-rules';
import { COMPACT_ID_LENGTH, expandId } from './order-id';
import { KIND_CODE, kindOf, reasonOf, sideOf, statusOf, type CancelReference, type Order, type OrderReference } from './order';
import { decodeFees, decodeOrder } from './order-record';
import { decodeTraits, NO_TRAITS } from './order-traits';

/** Entries of the present version, and of the two before it, from JSON to what they say. */

type Wire = readonly unknown[];

const AT = positionsOf(ENTRY);
const CANCEL_AT = positionsOf(LOGGED_CANCEL);
const MASS_CANCEL_AT = positionsOf(LOGGED_MASS_CANCEL);
const ACCOUNT_COMMAND_AT = positionsOf(LOGGED_ACCOUNT);
const TRANSFER_COMMAND_AT = positionsOf(LOGGED_TRANSFER);
const TRANSFER_END_AT = positionsOf(LOGGED_TRANSFER_END);
const FEE_GROUP_COMMAND_AT = positionsOf(LOGGED_FEE_GROUP);
const TRIGGER_COMMAND_AT = positionsOf(LOGGED_TRIGGER);
const LIST_AT = positionsOf(LOGGED_LIST);
const TERMS_AT = positionsOf(ORDER_TERMS);
const DUE_AT = positionsOf(LOGGED_DUE);
const KILL_AT = positionsOf(LOGGED_KILL);
const LEASE_AT = positionsOf(LOGGED_LEASE);
const CANCEL_AFTER_AT = positionsOf(LOGGED_CANCEL_AFTER);
const CONTROL_AT = positionsOf(CONTROL_EVENT);
const AUCTION_AT = positionsOf(LOGGED_AUCTION);
const TRADE_AT = positionsOf(TRADE_EVENT);
const ORDER_AT = positionsOf(ORDER_EVENT);
const LEVEL_AT = positionsOf(LEVEL_EVENT);
const BALANCE_AT = positionsOf(BALANCE_EVENT);
const ACCOUNT_AT = positionsOf(ACCOUNT_EVENT);
const TRANSFER_AT = positionsOf(TRANSFER_EVENT);
const FEE_GROUP_AT = positionsOf(FEE_GROUP_EVENT);
const FEE_RATE_AT = positionsOf(FEE_RATE);
const SHORTFALL_AT = positionsOf(SHORTFALL_EVENT);
const INSTRUMENT_AT = positionsOf(INSTRUMENT_EVENT);
const INSTRUMENT_COMMAND_AT = positionsOf(LOGGED_INSTRUMENT);

/** What the versions before say otherwise: version 4 knew no traits, version 3 no money either. */
const VERSION_WITHOUT_MONEY = 3;
const VERSION_WITHOUT_TRAITS = 4;
const without = <Name extends string>(names: readonly Name[], ...unknown: string[]): readonly Name[] => names.filter((name) => !unknown.includes(name));
/** What an order waits by that waits for a price. */
const WAITS_BY = ['stop_price', 'trailing_offset', 'trailing_percent'] as const;
const THIS_VERSION = { place: positionsOf(LOGGED_PLACE), amend: positionsOf(LOGGED_AMEND), placed: positionsOf(PLACED_EVENT), tradeLength: TRADE_EVENT.length };
type Positions<T> = { readonly [Name in keyof T]: Name extends 'funds' | 'fees' | 'traits' | (typeof WAITS_BY)[number] ? number | undefined : T[Name] };
interface Layout {
  readonly place: Positions<typeof THIS_VERSION.place>;
  readonly amend: Positions<typeof THIS_VERSION.amend>;
  readonly placed: Positions<typeof THIS_VERSION.placed>;
  readonly tradeLength: number;
}
const WITHOUT_TRAITS = {
  ...THIS_VERSION, place: positionsOf(without(LOGGED_PLACE, 'traits')), amend: positionsOf(without(LOGGED_AMEND, ...WAITS_BY)),
} as Layout;
const WITHOUT_MONEY = {
  place: positionsOf(without(LOGGED_PLACE, 'traits', 'funds')), amend: positionsOf(without(LOGGED_AMEND, 'funds', ...WAITS_BY)),
  placed: positionsOf(PLACED_EVENT.filter((name) => name !== 'fees')), tradeLength: TRADE_EVENT.length - 2,
} as Layout;
/** By version of the entry. */
const LAYOUTS: readonly (Layout | undefined)[] = Object.assign([] as (Layout | undefined)[], {
  [VERSION_WITHOUT_MONEY]: WITHOUT_MONEY, [VERSION_WITHOUT_TRAITS]: WITHOUT_TRAITS, [LOG_ENTRY_VERSION]: THIS_VERSION,
});

const KINDS: ReadonlySet<unknown> = new Set(ENTRY_KINDS);

/** @throws Error for a kind that is in no table */
export function entryKindOf(kind: unknown): EntryKind {
  if (!KINDS.has(kind)) throw new Error(`log entry of unknown kind ${String(kind)}`);
  return kind as EntryKind;
}

/** @returns null for an entry of a version that is neither this one nor one of the two before it @throws Error for one that has anything unknown in it */
export function decodeEntryWire(wire: Wire): LogEntry | null {
  const layout = LAYOUTS[wire[AT.version] as number];
  if (layout === undefined) return null;
  const sequence = wire[AT.sequence] as number;
  const timeUs = wire[AT.time_us] as number;
  const command = decodeCommand(wire[AT.command] as Wire, layout);
  const views = new EntryViews();
  const events = (wire[AT.events] as readonly Wire[]).map((event) => {
    const decoded = decodeEvent(event, layout, sequence, timeUs, command);
    views.add(decoded);
    return decoded;
  });
  const { orders, fills, levels, balances } = views;
  const idempotency = wire[AT.idempotency] as string;
  return {
    version: wire[AT.version] as number, kind: entryKindOf(wire[AT.kind]), sequence, timeUs, command, code: wire[AT.code] as number, events, orders, fills, levels,
    balances, idempotency: idempotency === '' ? null : idempotency, request: wire[AT.request],
  };
}

function decodeEvent(wire: Wire, layout: Layout, sequence: number, timeUs: number, command: LoggedCommand): EntryEvent {
  switch (wire[0]) {
    case EVENT.placed:
      return { type: 'order', order: placedOrder(wire, layout.placed, sequence, timeUs, command), previousFill: 0 };
    case EVENT.trade:
      return {
        type: 'trade', tradeId: wire[TRADE_AT.trade_id] as number, priceTicks: wire[TRADE_AT.price] as number,
        quantityLots: wire[TRADE_AT.quantity] as number, taker: wire[TRADE_AT.taker] as number,
        maker: decodeOrder(wire, layout.tradeLength), makerPreviousFill: wire[TRADE_AT.maker_previous_fill] as number,
        makerFee: layout === WITHOUT_MONEY ? '0' : wire[TRADE_AT.maker_fee] as string,
        takerFee: layout === WITHOUT_MONEY ? '0' : wire[TRADE_AT.taker_fee] as string,
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
    case EVENT.balance:
      return {
        type: 'balance', account: wire[BALANCE_AT.account] as string, asset: wire[BALANCE_AT.asset] as string,
        total: wire[BALANCE_AT.total] as string, held: wire[BALANCE_AT.held] as string,
      };
    case EVENT.account:
      return {
        type: 'account',
        account: {
          account: wire[ACCOUNT_AT.account] as string, status: accountStatusOf(wire[ACCOUNT_AT.status] as number),
          credit: creditOf(wire[ACCOUNT_AT.credit] as number), feeGroup: wire[ACCOUNT_AT.fee_group] as string,
          name: orNull(wire[ACCOUNT_AT.name]), createdUs: wire[ACCOUNT_AT.created_us] as number,
        },
      };
    case EVENT.transfer:
      return { type: 'transfer', transfer: decodeTransfer(wire) };
    case EVENT.fee_group:
      return { type: 'fee_group', group: wire[FEE_GROUP_AT.group] as string, rates: decodeRates(wire, FEE_GROUP_EVENT.length) };
    case EVENT.shortfall:
      return {
        type: 'shortfall', asset: wire[SHORTFALL_AT.asset] as string, needed: wire[SHORTFALL_AT.needed] as string,
        available: wire[SHORTFALL_AT.available] as string,
      };
    case EVENT.control: {
      const atUs = wire[CONTROL_AT.at_us] as number;
      const control = {
        kind: controlOf(wire[CONTROL_AT.control] as number), account: wire[CONTROL_AT.account] as string, detail: wire[CONTROL_AT.detail] as string, atUs,
      };
      return { type: 'control', control, isGone: atUs === 0 };
    }
    case EVENT.instrument:
      return { type: 'instrument', rules: decodeInstrument(wire) };
    default:
      throw new Error(`log entry ${sequence} has an unknown event ${String(wire[0])}`);
  }
}

/** The order that a place brought: its constant part is the command's. */
function placedOrder(wire: Wire, at: Layout['placed'], sequence: number, timeUs: number, command: LoggedCommand): Order {
  if (command.op !== 'place') throw new Error(`log entry ${sequence} places an order without being asked to`);
  const { type, timeInForce, postOnly } = kindOf(command.kind);
  return {
    orderId: command.orderId, clientOrderId: command.clientOrderId, clientId: command.clientId, instrument: command.instrument,
    side: command.side, type, timeInForce, postOnly,
    priceTicks: command.kind === KIND_CODE.market ? null : command.priceTicks, quantityLots: command.quantityLots,
    filledLots: wire[at.filled] as number, notional: wire[at.notional] as string,
    status: statusOf(wire[at.status] as number), reason: reasonOf(wire[at.reason] as number),
    sequence, updatedUs: timeUs, fillSequence: wire[at.fill_sequence] as number, priority: sequence, placedSequence: sequence,
    createdUs: timeUs, fees: at.fees === undefined ? null : decodeFees(wire[at.fees] as Wire), traits: command.traits,
  };
}

/** @param wire a transfer's event: its layout is also that of what Redis holds of a transfer */
export function decodeTransfer(wire: Wire): Transfer {
  const reverses = wire[TRANSFER_AT.reverses] as string;
  return {
    transferId: expandId(wire[TRANSFER_AT.id] as string), kind: transferKindOf(wire[TRANSFER_AT.kind] as number),
    status: transferStatusOf(wire[TRANSFER_AT.status] as number), from: wire[TRANSFER_AT.from] as string, to: wire[TRANSFER_AT.to] as string,
    asset: wire[TRANSFER_AT.asset] as string, amount: wire[TRANSFER_AT.amount] as string, settledAmount: wire[TRANSFER_AT.settled_amount] as string,
    reference: orNull(wire[TRANSFER_AT.reference]), note: orNull(wire[TRANSFER_AT.note]),
    expiresUs: wire[TRANSFER_AT.expires_us] as number || null, reverses: reverses === '' ? null : expandId(reverses),
    sequence: wire[TRANSFER_AT.sequence] as number, createdUs: wire[TRANSFER_AT.created_us] as number,
  };
}

/** An instrument out of its event. */
export function decodeInstrument(wire: Wire): InstrumentRules {
  return decodeRules(wire[INSTRUMENT_AT.instrument] as string, wire, INSTRUMENT_EVENT.length - INSTRUMENT_RULES.length);
}

/** Rates of a group of fees, which stand one behind the other from `from` on. */
export function decodeRates(wire: Wire, from: number): FeeRate[] {
  const rates: FeeRate[] = [];
  for (let i = from; i < wire.length; i += FEE_RATE.length) {
    rates.push({
      instrument: orNull(wire[i + FEE_RATE_AT.instrument]), makerRate: wire[i + FEE_RATE_AT.maker_rate] as number,
      takerRate: wire[i + FEE_RATE_AT.taker_rate] as number,
    });
  }
  return rates;
}

const orNull = (text: unknown): string | null => (text === '' ? null : text as string);

function referenceOf(id: unknown, client: unknown, clientOrderId: unknown): OrderReference {
  if (id !== '') return { orderId: expandId(id as string) };
  return { clientId: client as string, clientOrderId: clientOrderId as string };
}

function cancelReferenceOf(id: string, clientId: unknown, clientOrderId: unknown): CancelReference {
  return id.startsWith(LIST_MARK) && id.length > COMPACT_ID_LENGTH ? { listId: expandId(id.slice(LIST_MARK.length)) } : referenceOf(id, clientId, clientOrderId);
}

function decodeList(wire: Wire): LoggedCommand {
  const terms = wire.slice(LOGGED_LIST.length) as readonly Wire[];
  const [first] = terms;
  if (first === undefined) throw new Error('log entry with a list of no orders');
  return {
    op: 'list', actor: orNull(wire[LIST_AT.actor]), funds: fundsAt(wire, LIST_AT.funds), fillsMax: wire[LIST_AT.fills_max] as number,
    openOrdersMax: wire[LIST_AT.open_orders_max] as number, listId: expandId(wire[LIST_AT.id] as string), clientId: first[TERMS_AT.client] as string,
    instrument: first[TERMS_AT.instrument] as string,
    orders: terms.map((order) => ({
      side: sideOf(order[TERMS_AT.side] as number), kind: order[TERMS_AT.kind] as number, priceTicks: order[TERMS_AT.price] as number,
      quantityLots: order[TERMS_AT.quantity] as number, traits: decodeTraits(order[TERMS_AT.traits] as Wire), clientOrderId: orNull(order[TERMS_AT.client_order_id]),
    })),
  };
}

function fundsAt(wire: Wire, at: number | undefined): Funds {
  return at === undefined ? 'off' : fundsOf(wire[at] as number);
}

function waitsBy(wire: Wire, at: number | undefined): number | null {
  return at === undefined ? null : wire[at] as number | null;
}

function decodeCommand(wire: Wire, { place, amend }: Layout): LoggedCommand {
  switch (wire[0]) {
    case COMMAND_LETTER.place:
      return {
        op: 'place', actor: orNull(wire[place.actor]), funds: fundsAt(wire, place.funds), fillsMax: wire[place.fills_max] as number,
        openOrdersMax: wire[place.open_orders_max] as number, instrument: wire[place.instrument] as string,
        side: sideOf(wire[place.side] as number), kind: wire[place.kind] as number, priceTicks: wire[place.price] as number,
        quantityLots: wire[place.quantity] as number,
        traits: place.traits === undefined ? NO_TRAITS : decodeTraits(wire[place.traits] as Wire), orderId: expandId(wire[place.id] as string),
        clientId: wire[place.client] as string, clientOrderId: orNull(wire[place.client_order_id]),
      };
    case COMMAND_LETTER.list:
      return decodeList(wire);
    case COMMAND_LETTER.cancel:
      return {
        op: 'cancel', actor: orNull(wire[CANCEL_AT.actor]),
        order: cancelReferenceOf(wire[CANCEL_AT.id] as string, wire[CANCEL_AT.client], wire[CANCEL_AT.client_order_id]),
      };
    case COMMAND_LETTER.amend: {
      const quantityLotsMax = wire[amend.quantity_max] as number | null;
      return {
        op: 'amend', actor: orNull(wire[amend.actor]), funds: fundsAt(wire, amend.funds), fillsMax: wire[amend.fills_max] as number,
        order: referenceOf(wire[amend.id], wire[amend.client], wire[amend.client_order_id]),
        wanted: quantityLotsMax === null ? null : {
          priceTicks: wire[amend.price] as number | null, quantityLots: wire[amend.quantity] as number | null,
          remainingLots: wire[amend.remaining] as number | null, stopTicks: waitsBy(wire, amend.stop_price),
          trailingOffset: waitsBy(wire, amend.trailing_offset), trailingPercent: waitsBy(wire, amend.trailing_percent), quantityLotsMax,
        },
      };
    }
    case COMMAND_LETTER.mass_cancel:
      return {
        op: 'mass_cancel', actor: orNull(wire[MASS_CANCEL_AT.actor]), clientId: wire[MASS_CANCEL_AT.client] as string,
        instrument: orNull(wire[MASS_CANCEL_AT.instrument]), after: wire[MASS_CANCEL_AT.after] as number,
        bound: wire[MASS_CANCEL_AT.bound] as number, pageSize: wire[MASS_CANCEL_AT.page_size] as number,
      };
    case COMMAND_LETTER.account: {
      const { status, credit, name, fee_group: feeGroup } = ACCOUNT_COMMAND_AT;
      const deposits: { asset: string; amount: string }[] = [];
      for (let i = LOGGED_ACCOUNT.length; i < wire.length; i += 2) deposits.push({ asset: wire[i] as string, amount: wire[i + 1] as string });
      return {
        op: 'account', actor: orNull(wire[ACCOUNT_COMMAND_AT.actor]), funds: fundsAt(wire, ACCOUNT_COMMAND_AT.funds),
        account: wire[ACCOUNT_COMMAND_AT.account] as string, opens: wire[ACCOUNT_COMMAND_AT.opens] === 1, name: wire[name] as string | null,
        status: wire[status] === null ? null : accountStatusOf(wire[status] as number),
        credit: wire[credit] === null ? null : creditOf(wire[credit] as number), feeGroup: wire[feeGroup] as string | null, deposits,
      };
    }
    case COMMAND_LETTER.transfer: {
      const at = TRANSFER_COMMAND_AT;
      const reverses = wire[at.reverses] as string;
      return {
        op: 'transfer', actor: orNull(wire[at.actor]), funds: fundsAt(wire, at.funds), transferId: expandId(wire[at.id] as string),
        kind: transferKindOf(wire[at.kind] as number), pending: wire[at.pending] === 1, from: wire[at.from] as string, to: wire[at.to] as string,
        asset: wire[at.asset] as string, amount: wire[at.amount] as string, reference: orNull(wire[at.reference]), note: orNull(wire[at.note]),
        timeoutUs: wire[at.timeout_us] as number || null, reverses: reverses === '' ? null : expandId(reverses),
      };
    }
    case COMMAND_LETTER.transfer_end:
      return {
        op: 'transfer_end', actor: orNull(wire[TRANSFER_END_AT.actor]), funds: fundsAt(wire, TRANSFER_END_AT.funds),
        transferId: expandId(wire[TRANSFER_END_AT.id] as string), status: transferEndOf(wire[TRANSFER_END_AT.status] as number),
        amount: orNull(wire[TRANSFER_END_AT.amount]),
      };
    case COMMAND_LETTER.fee_group:
      return {
        op: 'fee_group', actor: orNull(wire[FEE_GROUP_COMMAND_AT.actor]), funds: fundsAt(wire, FEE_GROUP_COMMAND_AT.funds),
        group: wire[FEE_GROUP_COMMAND_AT.group] as string, rates: decodeRates(wire, LOGGED_FEE_GROUP.length),
      };
    case COMMAND_LETTER.instrument: {
      const at = INSTRUMENT_COMMAND_AT;
      return {
        op: 'instrument', actor: orNull(wire[at.actor]), opens: wire[at.opens] === 1,
        listed: decodeRules(wire[at.instrument] as string, wire, LOGGED_INSTRUMENT.length - INSTRUMENT_RULES.length),
        wanted: decodeWanted(wire, LOGGED_INSTRUMENT.length),
      };
    }
    case COMMAND_LETTER.trigger: {
      const at = TRIGGER_COMMAND_AT;
      return {
        op: 'trigger', actor: null, funds: fundsAt(wire, at.funds), fillsMax: wire[at.fills_max] as number, orderId: expandId(wire[at.id] as string),
        cause: wire[at.cause] as number,
      };
    }
    case COMMAND_LETTER.due:
      return {
        op: 'due', actor: null, what: dueKindOf(wire[DUE_AT.what] as number), count: wire[DUE_AT.count] as number, account: orNull(wire[DUE_AT.account]),
        detail: wire[DUE_AT.detail] as string, after: wire[DUE_AT.after] as number,
      };
    case COMMAND_LETTER.cancel_after:
      return {
        op: 'cancel_after', actor: orNull(wire[CANCEL_AFTER_AT.actor]), clientId: wire[CANCEL_AFTER_AT.client] as string,
        instrument: orNull(wire[CANCEL_AFTER_AT.instrument]), timeoutUs: wire[CANCEL_AFTER_AT.timeout_us] as number || null,
      };
    case COMMAND_LETTER.lease:
      return {
        op: 'lease', actor: orNull(wire[LEASE_AT.actor]), lease: wire[LEASE_AT.lease] as string, clientId: wire[LEASE_AT.client] as string,
        begins: wire[LEASE_AT.begins] === 1,
      };
    case COMMAND_LETTER.kill:
      return {
        op: 'kill', actor: orNull(wire[KILL_AT.actor]), account: wire[KILL_AT.account] as string, kills: wire[KILL_AT.kills] === 1,
        pageSize: wire[KILL_AT.page_size] as number,
      };
    case COMMAND_LETTER.auction:
      return {
        op: 'auction', actor: null, funds: fundsAt(wire, AUCTION_AT.funds), instrument: wire[AUCTION_AT.instrument] as string,
        page: wire[AUCTION_AT.page] as number,
      };
    default:
      throw new Error(`log entry with an unknown command ${String(wire[0])}`);
  }
}
