import type { RuleName } from './venue-rules';

/**
 * What a peer's suite expects, as data: a scenario in the calls of this API, and what is to come of it.
 * Prices and quantities are plain numbers here; whoever plays a case compares them as numbers.
 */

export type Feature =
  | 'limit' | 'market' | 'time in force' | 'post-only' | 'amend' | 'cancel' | 'quote-sized' | 'iceberg' | 'gtd' | 'self-trade' | 'stop' | 'stop-limit' | 'trailing' | 'oco' | 'list' | 'take-profit' | 'instrument state';

export interface Source {
  /** Within the peer's repository. */
  readonly file: string;
  /** The test's name there; a part of it that is a case of its own is told behind it. */
  readonly test: string;
}

/** The fields of an order as they are sent. `instrument` and `client_id` are the case's own unless they stand here; `expires_in_s` is sent as the `expires_at` that it comes to. */
export type OrderFields = Readonly<Record<string, string | number | boolean | null>>;

/** Names are the case's own: an order is cancelled, amended and told of by its name. One that was never placed is an unknown order. */
export type Step =
  | { readonly do: 'place'; readonly name: string; readonly client: string; readonly order: OrderFields }
  | { readonly do: 'cancel'; readonly name: string }
  | { readonly do: 'amend'; readonly name: string; readonly change: OrderFields }
  | { readonly do: 'cancel all'; readonly client: string; readonly query?: string }
  | { readonly do: 'list'; readonly type: 'oco' | 'oto' | 'otoco'; readonly client: string; readonly orders: readonly { readonly name: string; readonly order: OrderFields }[] }
  /** Of the case's instrument, by an operator. */
  | { readonly do: 'change'; readonly rules: OrderFields }
  /** Waits for what the venue does by itself. */
  | { readonly do: 'until'; readonly name: string; readonly status: string }
  | { readonly do: 'batch'; readonly operations: readonly Step[] };

/** What is told of an order; what is left out is not looked at. */
export interface Told {
  readonly status?: string;
  readonly reason?: string | null;
  readonly price?: number | null;
  readonly quantity?: number;
  readonly filled?: number;
  readonly remaining?: number;
  readonly average?: number | null;
  readonly time_in_force?: string;
  readonly display_quantity?: number | null;
  readonly stop_price?: number | null;
}

export type Level = readonly [price: number, quantity: number];
export type Fill = readonly [maker: string, taker: string, price: number, quantity: number];

/** What is left out is not looked at, but refusals: without them nothing may be refused. */
export interface Outcome {
  readonly orders?: Readonly<Record<string, Told>>;
  /** Of the whole instrument, oldest first. */
  readonly fills?: readonly Fill[];
  readonly book?: { readonly bids: readonly Level[]; readonly asks: readonly Level[] };
  /** In the order of the steps: the code, and behind it the fields of a `validation_failed`. */
  readonly refused?: readonly string[];
}

interface CaseParts {
  readonly feature: Feature;
  readonly title: string;
  readonly source: Source;
  readonly steps: readonly Step[];
  /** What the peer's test asserts, in this API's words. */
  readonly expected: Outcome;
}

export type PeerCase = CaseParts & (
  | { readonly verdict: 'agrees' }
  /** `rule` is a row of VENUE_RULES: whose rule it is that makes the difference one of choice. */
  | { readonly verdict: 'differs'; readonly ours: Outcome; readonly rule: RuleName }
);

export interface Peer {
  readonly project: string;
  readonly cases: readonly PeerCase[];
}

/** Who orders where a case names nobody. */
const SOMEBODY = 'peer';
/** Who makes the market that a case needs. */
const MAKER = 'maker';

export function place(name: string, order: OrderFields, client = SOMEBODY): Step {
  return { do: 'place', name, client, order };
}

export function buy(name: string, quantity: number, price: number, more: OrderFields = {}, client = SOMEBODY): Step {
  return place(name, { side: 'buy', type: 'limit', price, quantity, ...more }, client);
}

export function sell(name: string, quantity: number, price: number, more: OrderFields = {}, client = SOMEBODY): Step {
  return place(name, { side: 'sell', type: 'limit', price, quantity, ...more }, client);
}

export function marketBuy(name: string, quantity: number, more: OrderFields = {}, client = SOMEBODY): Step {
  return place(name, { side: 'buy', type: 'market', quantity, ...more }, client);
}

export function marketSell(name: string, quantity: number, more: OrderFields = {}, client = SOMEBODY): Step {
  return place(name, { side: 'sell', type: 'market', quantity, ...more }, client);
}

export function cancel(name: string): Step {
  return { do: 'cancel', name };
}

export function amend(name: string, change: OrderFields): Step {
  return { do: 'amend', name, change };
}

export function cancelAll(query?: string, client = SOMEBODY): Step {
  return { do: 'cancel all', client, ...(query === undefined ? {} : { query }) };
}

export function until(name: string, status: string): Step {
  return { do: 'until', name, status };
}

/** Orders that belong together; each has a name of its own. */
export function list(type: 'oco' | 'oto' | 'otoco', orders: readonly { readonly name: string; readonly order: OrderFields }[], client = SOMEBODY): Step {
  return { do: 'list', type, client, orders };
}

export function change(rules: OrderFields): Step {
  return { do: 'change', rules };
}

export function batch(...operations: readonly Step[]): Step {
  return { do: 'batch', operations };
}

/** The market's own orders: what a peer gives as a quote or a snapshot rests here as orders. The offer comes first: it may be what somebody waits for. */
export function quote(bid: Level | null, ask: Level | null, names: readonly [bid: string, ask: string] = ['bid', 'ask']): Step[] {
  return [
    ...(ask === null ? [] : [sell(names[1], ask[1], ask[0], {}, MAKER)]),
    ...(bid === null ? [] : [buy(names[0], bid[1], bid[0], {}, MAKER)]),
  ];
}

/** A trade between two others at a price that nobody stands in the way of. */
export function trade(name: string, price: number, quantity = 1): Step[] {
  return [
    sell(`${name}.maker`, quantity, price, {}, 'seller'),
    buy(`${name}.taker`, quantity, price, { time_in_force: 'ioc' }, 'buyer'),
  ];
}

export function agrees(feature: Feature, title: string, source: Source, steps: readonly Step[], expected: Outcome): PeerCase {
  return { feature, title, source, steps, expected, verdict: 'agrees' };
}

export function differs(
  feature: Feature, title: string, source: Source, steps: readonly Step[], expected: Outcome, ours: Outcome, rule: RuleName,
): PeerCase {
  return { feature, title, source, steps, expected, verdict: 'differs', ours, rule };
}
