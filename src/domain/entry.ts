import type { Control, DueKind } from './controls';
import type { Account, AccountStatus, Balance, Credit, FeeGroup, FeeRate, Funds, Shortfall, Transfer, TransferEnd, TransferKind } from './money';
import type { InstrumentRules, WantedRules } from './instrument-rules';
import type { CancelReference, Order, OrderReference, Side } from './order';
import type { ListedOrder } from './order-list';
import type { OrderTraits } from './order-traits';

/** What a log entry says: see log-entry.ts. */

export const ENTRY_KINDS = [
  'place', 'cancel', 'amend', 'mass_cancel', 'refuse', 'keep', 'account', 'transfer', 'transfer_end', 'fee_group', 'due', 'kill', 'cancel_after', 'lease', 'instrument', 'trigger',
  'list', 'auction',
] as const;
/**
 * `refuse`: a command with an idempotency key was turned down, and the log remembers the answer.
 * `keep`: an amend with an idempotency key changed nothing.
 * `trigger`: an order that waited goes, because a trade has reached its price, or has filled the first order of its list.
 * `due`: what fell due was done, ahead of whatever came next.
 * `auction`: a page of a call auction was carried out, likewise.
 */
export type EntryKind = (typeof ENTRY_KINDS)[number];

/** An entry as the stream holds it, not decoded yet. */
export interface RawLogEntry {
  readonly sequence: number;
  readonly payload: string;
}

/** A command as it was carried out. `actor` is who acted: the client that the order had to belong to, null for anybody. */
export type LoggedCommand =
  | {
    readonly op: 'place'; readonly actor: string | null;
    /** How money was kept: off in entries of before version 4. */
    readonly funds: Funds;
    /** null in entries of before version 3. */
    readonly fillsMax: number | null; readonly openOrdersMax: number | null;
    readonly instrument: string; readonly side: Side; readonly kind: number; readonly priceTicks: number; readonly quantityLots: number;
    readonly traits: OrderTraits; readonly orderId: string; readonly clientId: string; readonly clientOrderId: string | null;
  }
  | {
    readonly op: 'list'; readonly actor: string | null; readonly funds: Funds; readonly fillsMax: number; readonly openOrdersMax: number; readonly listId: string;
    readonly clientId: string; readonly instrument: string; readonly orders: readonly ListedOrder[];
  }
  | { readonly op: 'cancel'; readonly actor: string | null; readonly order: CancelReference }
  | {
    readonly op: 'amend'; readonly actor: string | null; readonly funds: Funds; readonly fillsMax: number; readonly order: OrderReference;
    /** null where the order was not found: amounts are ticks and lots of its instrument. */
    readonly wanted: {
      readonly priceTicks: number | null; readonly quantityLots: number | null; readonly remainingLots: number | null; readonly stopTicks: number | null;
      readonly trailingOffset: number | null; readonly trailingPercent: number | null;
      readonly quantityLotsMax: number;
    } | null;
  }
  | {
    readonly op: 'mass_cancel'; readonly actor: string | null; readonly clientId: string; readonly instrument: string | null;
    /** Sequences between which the page's orders were placed: behind `after`, up to `bound`. */
    readonly after: number; readonly bound: number; readonly pageSize: number;
  }
  | {
    readonly op: 'account'; readonly actor: string | null; readonly funds: Funds; readonly account: string;
    /** Whether it was to be made; else one that is there was to be changed. */
    readonly opens: boolean;
    /** null: as it is. */
    readonly name: string | null; readonly status: AccountStatus | null; readonly credit: Credit | null; readonly feeGroup: string | null;
    /** Units, each from @issuance. */
    readonly deposits: readonly { readonly asset: string; readonly amount: string }[];
  }
  | {
    readonly op: 'transfer'; readonly actor: string | null; readonly funds: Funds; readonly transferId: string; readonly kind: TransferKind;
    readonly pending: boolean; readonly from: string; readonly to: string; readonly asset: string;
    /** Units. */
    readonly amount: string; readonly reference: string | null; readonly note: string | null; readonly timeoutUs: number | null;
    readonly reverses: string | null;
  }
  | {
    readonly op: 'transfer_end'; readonly actor: string | null; readonly funds: Funds; readonly transferId: string;
    readonly status: TransferEnd;
    /** Units that are posted, null for all of it. */
    readonly amount: string | null;
  }
  | { readonly op: 'fee_group'; readonly actor: string | null; readonly funds: Funds; readonly group: string; readonly rates: readonly FeeRate[] }
  | {
    readonly op: 'trigger'; readonly actor: null; readonly funds: Funds; readonly fillsMax: number; readonly orderId: string;
    /** Log sequence of the entry whose trade has reached the order's price, or filled the first of its list. */
    readonly cause: number;
  }
  | {
    readonly op: 'due'; readonly actor: null; readonly what: DueKind;
    /** Of orders: how many expired, in order of their times. Else how many a page has. */
    readonly count: number;
    /** Whose orders were cancelled, null of orders that expired. */
    readonly account: string | null;
    /** Of the control that it was (controls.ts). */
    readonly detail: string;
    /** Log sequence behind which the page's orders were placed. */
    readonly after: number;
  }
  | {
    readonly op: 'cancel_after'; readonly actor: string | null; readonly clientId: string; readonly instrument: string | null;
    /** null where the switch is taken off. */
    readonly timeoutUs: number | null;
  }
  | { readonly op: 'lease'; readonly actor: string | null; readonly lease: string; readonly clientId: string; readonly begins: boolean }
  | { readonly op: 'kill'; readonly actor: string | null; readonly account: string; readonly kills: boolean; readonly pageSize: number }
  | {
    readonly op: 'instrument'; readonly actor: string | null; readonly opens: boolean;
    /** The new one, or as it is where the catalogue has nothing of it. */
    readonly listed: InstrumentRules;
    readonly wanted: WantedRules;
  }
  | {
    readonly op: 'auction'; readonly actor: null; readonly funds: Funds; readonly instrument: string;
    /** Trades that the page may have; 0 where all it does is to end an order whose trade would go beyond what an account may have. */
    readonly page: number;
  };

export interface Fill {
  readonly type: 'trade';
  readonly tradeId: number;
  readonly priceTicks: number;
  readonly quantityLots: number;
  /** Which of the entry's orders took. */
  readonly taker: number;
  /** The maker after this fill. */
  readonly maker: Order;
  /** Log sequence of the maker's fill before this one, 0 when this is its first. */
  readonly makerPreviousFill: number;
  /** Units of the quote asset that each side was charged, as decimal text. */
  readonly makerFee: string;
  readonly takerFee: string;
}

/** New total of one price level; 0 lots means that the level is gone. */
export interface LevelChange {
  readonly type: 'level';
  readonly instrument: string;
  readonly side: Side;
  readonly priceTicks: number;
  readonly quantityLots: number;
}

/** An order as it became. */
export interface OrderChange {
  readonly type: 'order';
  readonly order: Order;
  /** Log sequence of its fill before this entry, 0 when there was none. */
  readonly previousFill: number;
}

/** An order that the answer tells of and that did not change. */
export interface OrderShown {
  readonly type: 'shown';
  readonly order: Order;
}

/** What an account has of an asset behind the entry. */
export interface BalanceChange extends Balance {
  readonly type: 'balance';
  readonly account: string;
}

export interface AccountChange {
  readonly type: 'account';
  readonly account: Account;
}

export interface TransferChange {
  readonly type: 'transfer';
  readonly transfer: Transfer;
}

export interface FeeGroupChange extends FeeGroup {
  readonly type: 'fee_group';
}

export interface ShortfallShown extends Shortfall {
  readonly type: 'shortfall';
}

/** A control of an account as it became. */
export interface ControlChange {
  readonly type: 'control';
  readonly control: Control;
  /** Whether it is there no more: then its time says nothing. */
  readonly isGone: boolean;
}

/** An instrument as it became, or as it is where it does not let something happen. */
export interface InstrumentChange {
  readonly type: 'instrument';
  readonly rules: InstrumentRules;
}

export type EntryEvent =
  | Fill | LevelChange | OrderChange | OrderShown | BalanceChange | AccountChange | TransferChange | FeeGroupChange | ShortfallShown | ControlChange | InstrumentChange;

export interface LogEntry {
  readonly version: number;
  readonly kind: EntryKind;
  readonly sequence: number;
  readonly timeUs: number;
  /** null where an entry of before version 3 does not tell. */
  readonly command: LoggedCommand | null;
  /** Result code number of a refusal, else 0. */
  readonly code: number;
  /** In the order in which they happened. */
  readonly events: readonly EntryEvent[];
  /** Of the events, the orders that changed or are shown, the commanded one first; several for a mass cancel, none for some refusals. */
  readonly orders: readonly Order[];
  /** Of the events, the trades. */
  readonly fills: readonly Fill[];
  /** Of the events, the levels. */
  readonly levels: readonly LevelChange[];
  /** Of the events, what accounts have. */
  readonly balances: readonly BalanceChange[];
  /** Digest of client and idempotency key, null without one. */
  readonly idempotency: string | null;
  /** What a keyed amend or cancel asked for in its client's words, so that a reused key is told apart from a retry. */
  readonly request: unknown;
}

/** An entry without the views of its events. */
export type EntryFields = Omit<LogEntry, 'orders' | 'fills' | 'levels' | 'balances'>;

const NONE: readonly never[] = Object.freeze([]);

/** Most entries have one of a thing or none: an empty array that is pushed to would take room for many. */
function withOneMore<T>(list: readonly T[], one: T): readonly T[] {
  if (list.length === 0) return [one];
  (list as T[]).push(one);
  return list;
}

/** The views of an entry's events, made as the events come. */
export class EntryViews {
  orders: readonly Order[] = NONE;
  fills: readonly Fill[] = NONE;
  levels: readonly LevelChange[] = NONE;
  balances: readonly BalanceChange[] = NONE;

  add(event: EntryEvent): void {
    switch (event.type) {
      case 'trade': this.fills = withOneMore(this.fills, event); break;
      case 'level': this.levels = withOneMore(this.levels, event); break;
      case 'balance': this.balances = withOneMore(this.balances, event); break;
      case 'account':
      case 'transfer':
      case 'fee_group':
      case 'shortfall':
      case 'control':
      case 'instrument': break;
      case 'order':
      case 'shown': this.orders = withOneMore(this.orders, event.order); break;
    }
  }
}
