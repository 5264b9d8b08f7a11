import type { Funds } from './layouts';

/**
 * What accounts are, what they have and what moves between them. Amounts are whole numbers of an asset's smallest unit, as
 * decimal text: they go up to 10^30 either way. Codes are the numbers that Redis records carry.
 */

export { FUNDS_CODE, type Funds } from './layouts';
export const FUNDS = ['off', 'paper', 'required'] as const satisfies readonly Funds[];

/** @throws Error for a code that is in no table */
export function fundsOf(code: number): Funds {
  const funds = FUNDS[code];
  if (funds === undefined) throw new Error(`unknown setting of funds ${code}`);
  return funds;
}

/** Largest amount either way, of a balance as of a movement. */
export const UNITS_MAX = 10n ** 30n;
/** The same of the venue's own accounts: @issuance stands against what all others have together. */
export const VENUE_UNITS_MAX = 9n * UNITS_MAX;

/** Names that begin so are the venue's own accounts. */
export const VENUE_ACCOUNT_START = '@';
/** What customers have in all, below zero. */
export const ISSUANCE = '@issuance';
/** What orders were charged. */
export const FEES = '@fees';

export const isVenueAccount = (account: string): boolean => account.startsWith(VENUE_ACCOUNT_START);

/** Largest total of an account, either way. */
export const unitsMaxOf = (account: string): bigint => (isVenueAccount(account) ? VENUE_UNITS_MAX : UNITS_MAX);

/** Everybody's group of fees where an account has no other. */
export const DEFAULT_FEE_GROUP = 'default';
export const FEE_GROUP_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/;

/** Millionths of money that rates lie between. */
export const RATE_LIMITS = { makerRate: { min: -10_000, max: 100_000 }, takerRate: { min: 0, max: 100_000 } } as const;

export const ACCOUNT_STATUS_CODE = { active: 1, suspended: 2, closed: 3 } as const;
export type AccountStatus = keyof typeof ACCOUNT_STATUS_CODE;
/** `venue`: nobody has said, so it is as FUNDS says for all. */
export const CREDIT_CODE = { venue: 0, none: 1, unlimited: 2 } as const;
export type Credit = keyof typeof CREDIT_CODE;

export const TRANSFER_KIND_CODE = { deposit: 1, withdrawal: 2, transfer: 3, reversal: 4 } as const;
export type TransferKind = keyof typeof TRANSFER_KIND_CODE;

/** Where a transfer stands. What a client calls these states depends on its kind. */
export const TRANSFER_STATUS_CODE = {
  /** Held at where it comes from. */
  pending: 1,
  /** Moved. */
  posted: 2,
  /** Released by who asked for it: a withdrawal is cancelled. */
  voided: 3,
  /** Released by the venue's operator: of withdrawals only. */
  rejected: 4,
  /** Released by the venue's timer. */
  expired: 5,
} as const;
export type TransferStatus = keyof typeof TRANSFER_STATUS_CODE;

function tableOf<T extends string>(what: string, codes: Readonly<Record<T, number>>): (code: number) => T {
  const names = new Map((Object.entries(codes) as [T, number][]).map(([name, code]) => [code, name]));
  return (code) => {
    const name = names.get(code);
    if (name === undefined) throw new Error(`unknown ${what} ${code}`);
    return name;
  };
}

/** Each throws an Error for a code that is in no table. */
export const accountStatusOf = tableOf('account status', ACCOUNT_STATUS_CODE);
export const creditOf = tableOf('credit', CREDIT_CODE);
export const transferKindOf = tableOf('kind of transfer', TRANSFER_KIND_CODE);
export const transferStatusOf = tableOf('transfer status', TRANSFER_STATUS_CODE);

/** How a pending transfer ends. */
export type TransferEnd = Exclude<TransferStatus, 'pending'>;

/** @throws Error for a code that is in no table, or of no end */
export function transferEndOf(code: number): TransferEnd {
  const status = transferStatusOf(code);
  if (status === 'pending') throw new Error('a transfer cannot end as pending');
  return status;
}

export interface Account {
  readonly account: string;
  readonly name: string | null;
  readonly status: AccountStatus;
  readonly credit: Credit;
  readonly feeGroup: string;
  readonly createdUs: number;
}

/** What an account has of an asset, in units. */
export interface Balance {
  readonly asset: string;
  readonly total: string;
  /** Of the total, what open orders and pending transfers and withdrawals may still take. */
  readonly held: string;
}

/** An account and what it has. */
export interface AccountState {
  readonly account: string;
  /** null for the venue's own, which exist by their balances. */
  readonly details: Account | null;
  /** By asset. Once an account has had something of an asset, it has a balance of it, be it zero. */
  readonly balances: readonly Balance[];
}

/** All that moves money without a trade: a deposit comes from @issuance, a withdrawal goes there. */
export interface Transfer {
  /** UUID. */
  readonly transferId: string;
  readonly kind: TransferKind;
  readonly status: TransferStatus;
  readonly from: string;
  readonly to: string;
  readonly asset: string;
  /** Units. */
  readonly amount: string;
  /** Units that moved: less than the amount where it was posted in part; 0 until then. */
  readonly settledAmount: string;
  /** Of a deposit: used once for an asset, for ever. */
  readonly reference: string | null;
  /** A withdrawal's destination, any other's note. */
  readonly note: string | null;
  /** When a pending one is released, null for never. */
  readonly expiresUs: number | null;
  /** UUID of the transfer that a reversal moves back. */
  readonly reverses: string | null;
  /** Log sequence at which it was made. */
  readonly sequence: number;
  readonly createdUs: number;
}

/** Rates in millionths of money; below zero is a rebate. `instrument` is null for every one without a row of its own. */
export interface FeeRate {
  readonly instrument: string | null;
  readonly makerRate: number;
  readonly takerRate: number;
}

export interface FeeGroup {
  readonly group: string;
  readonly rates: readonly FeeRate[];
}

/** What was wanted of an asset and was not there, in units. */
export interface Shortfall {
  readonly asset: string;
  readonly needed: string;
  readonly available: string;
}
