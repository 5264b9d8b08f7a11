/**
 * What only some orders ask for, beside the terms that every order has. Each trait has a code, under which records and entries keep it
 * for ever, and a name, under which the record in Postgres does. An order without any costs two characters.
 */
export interface OrderTraits {
  /** What becomes of its trades with orders of the same account, or owner: one of STP_CODE, absent for none. */
  readonly stp?: number;
  /** Further accounts of its account's owners as it was placed, whose orders are its own as well: names with `;` between them. */
  readonly stpAccounts?: string;
  /** For what it waits ahead of the book: one of TRIGGER_CODE (order-type.ts), absent for nothing. */
  readonly trigger?: number;
  /** Ticks that a trade has to reach for it. */
  readonly triggerPrice?: number;
  /** Of a market order: how far behind the best price it takes, in millionths of that. */
  readonly slippage?: number;
  /**
   * Of a market order by money: what it may trade for, as an order's notional counts it (price in ticks × lots). Its quantity is what it
   * has traded.
   */
  readonly budget?: string;
  /** When its time is over, of a gtd order only: microseconds of the venue's clock. */
  readonly expiresUs?: number;
  /** Lots that the book shows of it at most; absent where it shows all (iceberg.ts). */
  readonly display?: number;
  /** Lots that the book shows of it now; absent unless it waits there and shows a part. */
  readonly shown?: number;
  /** What the list is that it belongs to: one of LIST_TYPES (order-list.ts); absent for none. */
  readonly list?: string;
  /** What it is in that list now: one of LIST_ROLE_CODE. */
  readonly listRole?: number;
  /** Which refill of its `priority`'s entry gave it its place, from 1; absent where no refill did. */
  readonly refill?: number;
  /** Of a trailing stop, one of the two: how far behind the best price it waits, in ticks, or in millionths of that price (trailing.ts). */
  readonly trailingOffset?: number;
  readonly trailingPercent?: number;
  /**
   * Of a trailing stop: the best trade since it was placed, as far as is known when the record is written, in ticks; 0 where there was no
   * trade yet. While it waits trades move it on without the record being written.
   */
  readonly best?: number;
  /** Of a trailing stop: the sequence of the entry with which it began to trail; 0 where it has not: it waits for the first of its list. */
  readonly trailsSince?: number;
}

/** What a taker does about an order of its own that it meets, instead of trading with it. */
export const STP_CODE = { cancel_taker: 1, cancel_maker: 2, cancel_both: 3, decrement: 4 } as const;
export type StpMode = keyof typeof STP_CODE;
const STP_MODES = Object.keys(STP_CODE) as readonly StpMode[];

/** @returns null for none @throws Error for a code that is in no table */
export function stpModeOf({ stp }: OrderTraits): StpMode | null {
  if (stp === undefined) return null;
  const mode = STP_MODES.find((name) => STP_CODE[name] === stp);
  if (mode === undefined) throw new Error(`unknown self-trade prevention ${stp}`);
  return mode;
}

/** Between names of accounts in a trait; no name that has an owner has one in it. */
const NAMES_SEPARATOR = ';';

/** Accounts as a trait has them, undefined for none. */
export function namesToTrait(accounts: readonly string[]): string | undefined {
  return accounts.length === 0 ? undefined : accounts.join(NAMES_SEPARATOR);
}

/** Whether orders of an account are the taker's own. */
export function isOwnAccount(taker: { readonly clientId: string; readonly traits: OrderTraits }, clientId: string): boolean {
  return clientId === taker.clientId || (taker.traits.stpAccounts?.split(NAMES_SEPARATOR).includes(clientId) ?? false);
}

type TraitName = keyof OrderTraits;

interface Trait {
  readonly code: number;
  /** Its name in the record. */
  readonly column: string;
  readonly holds: 'integer' | 'text';
}

/** By name, in the order of their codes. A code is never given to another trait. */
const TRAITS = {
  stp: { code: 1, column: 'stp', holds: 'integer' },
  trigger: { code: 4, column: 'trigger', holds: 'integer' },
  triggerPrice: { code: 5, column: 'trigger_price', holds: 'integer' },
  slippage: { code: 2, column: 'slippage', holds: 'integer' },
  budget: { code: 3, column: 'budget', holds: 'text' },
  expiresUs: { code: 6, column: 'expires_us', holds: 'integer' },
  display: { code: 7, column: 'display', holds: 'integer' },
  shown: { code: 8, column: 'shown', holds: 'integer' },
  refill: { code: 9, column: 'refill', holds: 'integer' },
  trailingOffset: { code: 10, column: 'trailing_offset', holds: 'integer' },
  trailingPercent: { code: 11, column: 'trailing_percent', holds: 'integer' },
  best: { code: 12, column: 'best', holds: 'integer' },
  list: { code: 13, column: 'list', holds: 'text' },
  listRole: { code: 14, column: 'list_role', holds: 'integer' },
  stpAccounts: { code: 15, column: 'stp_accounts', holds: 'text' },
  trailsSince: { code: 16, column: 'trails_since', holds: 'integer' },
} as const satisfies Record<TraitName, Trait>;

const TABLE = Object.entries(TRAITS) as [TraitName, Trait][];
const BY_CODE = new Map(TABLE.map(([name, trait]) => [trait.code, { name, ...trait }]));
const BY_COLUMN = new Map(TABLE.map(([name, trait]) => [trait.column, { name, ...trait }]));

/** Codes by name, as Lua has them. */
export const TRAIT_CODE = Object.freeze(Object.fromEntries(TABLE.map(([name, { code }]) => [name, code]))) as Readonly<Record<TraitName, number>>;

/** Most orders have none: this one object is theirs. */
export const NO_TRAITS: OrderTraits = Object.freeze({});

/** Text of a trait stands in quotes as it is, between brackets: ids, decimal integers and names of accounts. */
const TEXT = /^[\w.:/;-]+$/;

function checked(trait: Trait & { readonly name: string }, value: unknown): number | string {
  const fits = trait.holds === 'integer' ? Number.isSafeInteger(value) : typeof value === 'string' && TEXT.test(value);
  if (!fits) throw new Error(`trait ${trait.name} of an order is ${JSON.stringify(value)}`);
  return value as number | string;
}

/** What stands in the array of a record's traits: code and value of each, codes ascending; '' for none. */
export function encodeTraits(traits: OrderTraits): string {
  if (traits === NO_TRAITS) return '';
  return TABLE.flatMap(([name, trait]) => {
    const value = traits[name];
    return value === undefined ? [] : [`${trait.code},${JSON.stringify(checked({ name, ...trait }, value))}`];
  }).join(',');
}

/** @throws Error for a code that is in no table, or a value that is none of its trait's */
export function decodeTraits(wire: readonly unknown[]): OrderTraits {
  if (wire.length === 0) return NO_TRAITS;
  const traits: Partial<Record<TraitName, number | string>> = {};
  for (let i = 0; i < wire.length; i += 2) {
    const trait = BY_CODE.get(wire[i] as number);
    if (trait === undefined) throw new Error(`unknown trait ${String(wire[i])} of an order`);
    traits[trait.name] = checked(trait, wire[i + 1]);
  }
  return traits as OrderTraits;
}

/** As the record has them: an object by name, null for none. */
export function recordedTraits(traits: OrderTraits): string | null {
  if (traits === NO_TRAITS) return null;
  const named = TABLE.flatMap(([name, { column }]) => (traits[name] === undefined ? [] : [[column, traits[name]] as const]));
  return named.length === 0 ? null : JSON.stringify(Object.fromEntries(named));
}

/** @throws Error for a name that is in no table, or a value that is none of its trait's */
export function traitsOfRecord(recorded: Readonly<Record<string, unknown>> | null): OrderTraits {
  if (recorded === null) return NO_TRAITS;
  const traits: Partial<Record<TraitName, number | string>> = {};
  for (const [column, value] of Object.entries(recorded)) {
    const trait = BY_COLUMN.get(column);
    if (trait === undefined) throw new Error(`unknown trait ${column} of an order`);
    traits[trait.name] = checked(trait, value);
  }
  return traits as OrderTraits;
}
