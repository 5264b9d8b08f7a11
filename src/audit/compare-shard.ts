import type { InstrumentRules } from '../domain/instrument-rules';
import { isOpen, type Order, type Trade } from '../domain/order';
import { DIRECTIONS } from '../domain/order-type';
import type { BandSamples } from '../domain/price-band';
import type { LevelState, ShardState } from '../reference/state';
import type { Finding } from './finding';

/** What the replay came to at the sequence of a shard: the shard must hold the same. */
export interface ReplayedShard {
  readonly state: ShardState;
  readonly timeUs: number;
  /** Trades of each instrument up to that moment, oldest first. */
  readonly trades: ReadonlyMap<string, readonly ReplayedTrade[]>;
  /** Log sequence at which each idempotency key was used last. */
  readonly keys: ReadonlyMap<string, number>;
  order(orderId: string): Order | null;
}

export interface ReplayedTrade {
  readonly trade: Trade;
  readonly sequence: number;
}

/** Open orders, books, listings and counters, each thing by its name. */
export function compareState(expected: ReplayedShard, actual: ShardState, finding: Finding): void {
  finding.count = expected.state.orders.length;
  compareOrders(expected, actual, finding);
  compareBooks(expected.state, actual, finding);
  compareWaiting(expected.state, actual, finding);
  compareNamed(
    'open orders of client', 'order',
    expected.state.openOrders.flatMap(({ clientId, orderIds }) => orderIds.map((orderId) => [clientId, orderId, 'listed'] as const)),
    actual.openOrders.flatMap(({ clientId, orderIds }) => orderIds.map((orderId) => [clientId, orderId, 'listed'] as const)), finding,
  );
  compareNamed(
    'client order ids of client', 'name',
    expected.state.clientOrderIds.map(({ clientId, clientOrderId, orderId }) => [clientId, clientOrderId, `order ${orderId}`] as const),
    actual.clientOrderIds.map(({ clientId, clientOrderId, orderId }) => [clientId, clientOrderId, `order ${orderId}`] as const), finding,
  );
  const counters = (state: ShardState): Record<string, number> => Object.fromEntries(state.tradeIds.map(({ instrument, tradeId }) => [instrument, tradeId]));
  const [wanted, found] = [counters(expected.state), counters(actual)];
  for (const instrument of new Set([...Object.keys(wanted), ...Object.keys(found)])) {
    finding.addDifference(`trade id counter of ${instrument}`, wanted[instrument] ?? 0, found[instrument] ?? 0);
  }
}

/** Instruments that were made or changed. @param where they are held */
export function compareCatalogue(where: string, expected: readonly InstrumentRules[], actual: readonly InstrumentRules[], finding: Finding): void {
  finding.count = Math.max(finding.count, actual.length);
  const found = new Map(actual.map((rules) => [rules.instrument, rules]));
  for (const rules of expected) {
    const told = found.get(rules.instrument);
    found.delete(rules.instrument);
    if (told === undefined) finding.add(`${where}: instrument ${rules.instrument} is missing`);
    else finding.addDifference(`${where}: instrument ${rules.instrument}`, rules, told);
  }
  for (const instrument of found.keys()) finding.add(`${where}: instrument ${instrument} is in no journal entry`);
}

/** What reference prices of price bands come from. */
export function compareBands(expected: readonly BandSamples[], actual: readonly BandSamples[], finding: Finding): void {
  const found = new Map(actual.map(({ instrument, samples }) => [instrument, samples]));
  for (const { instrument, samples } of expected) {
    finding.addDifference(`redis: reference prices of ${instrument}`, samples, found.get(instrument) ?? []);
    found.delete(instrument);
  }
  for (const instrument of found.keys()) finding.add(`redis: reference prices of ${instrument} are kept, which has no price band`);
}

function compareOrders(expected: ReplayedShard, actual: ShardState, finding: Finding): void {
  const held = new Set<string>();
  for (const order of actual.orders) {
    held.add(order.orderId);
    // Done orders stay in Redis until they are persisted; whatever stays must be right.
    const wanted = expected.order(order.orderId);
    if (wanted === null) finding.add(`order ${order.orderId} is in no journal entry`);
    else finding.addDifference(`order ${order.orderId}`, wanted, order);
  }
  for (const order of expected.state.orders) {
    if (isOpen(order) && !held.has(order.orderId)) finding.add(`order ${order.orderId} of ${order.clientId} is open, its record is missing`);
  }
}

/** Orders that wait for a price, in the order in which they go, and the one that goes next. */
function compareWaiting(expected: ShardState, actual: ShardState, finding: Finding): void {
  const found = new Map(actual.waiting.map((waiting) => [waiting.instrument, waiting]));
  for (const wanted of expected.waiting) {
    const { instrument } = wanted;
    const told = found.get(instrument);
    found.delete(instrument);
    for (const direction of DIRECTIONS) compareQueue(`${instrument} ${direction}`, wanted[direction], told?.[direction] ?? [], finding);
    finding.addDifference(`${instrument}, the best trades that those have seen which trail`, wanted.trailing, told?.trailing ?? []);
    finding.addDifference(`${instrument}, the order that goes next`, wanted.next, told?.next ?? null);
  }
  for (const { instrument, rising, falling } of found.values()) {
    finding.add(`${instrument} has orders that wait for a price and are too many: order ${[...rising, ...falling].join(', order ')}`);
  }
}

function compareBooks(expected: ShardState, actual: ShardState, finding: Finding): void {
  const wanted = new Map(expected.books.map((book) => [book.instrument, book]));
  const found = new Map(actual.books.map((book) => [book.instrument, book]));
  for (const instrument of new Set([...wanted.keys(), ...found.keys()])) {
    for (const side of ['bids', 'asks'] as const) {
      compareSide(`${instrument} ${side}`, wanted.get(instrument)?.[side] ?? [], found.get(instrument)?.[side] ?? [], finding);
    }
  }
}

function compareSide(where: string, expected: readonly LevelState[], actual: readonly LevelState[], finding: Finding): void {
  const found = new Map(actual.map((level) => [level.priceTicks, level]));
  for (const wanted of expected) {
    const level = `${where} level ${wanted.priceTicks}`;
    const told = found.get(wanted.priceTicks);
    found.delete(wanted.priceTicks);
    if (told === undefined) {
      finding.add(`${level} is missing, with ${wanted.quantityLots} lots of order ${wanted.orderIds.join(', order ')}`);
      continue;
    }
    if (told.quantityLots !== wanted.quantityLots) finding.add(`${level} tells ${told.quantityLots} lots, the replay has ${wanted.quantityLots}`);
    compareQueue(level, wanted.orderIds, told.orderIds, finding);
  }
  for (const extra of found.values()) finding.add(`${where} level ${extra.priceTicks} is too many, with order ${extra.orderIds.join(', order ')}`);
}

function compareQueue(level: string, expected: readonly string[], actual: readonly string[], finding: Finding): void {
  const [wanted, found] = [new Set(expected), new Set(actual)];
  const missing = expected.filter((orderId) => !found.has(orderId));
  const extra = actual.filter((orderId) => !wanted.has(orderId));
  for (const orderId of missing) finding.add(`${level}: order ${orderId} does not wait there`);
  for (const orderId of extra) finding.add(`${level}: order ${orderId} waits there and must not`);
  if (missing.length + extra.length > 0) return;
  const at = expected.findIndex((orderId, i) => orderId !== actual[i]);
  if (at >= 0) finding.add(`${level}: place ${at + 1} of the queue has order ${actual[at]}, its turn is that of order ${expected[at]}`);
}

type Named = readonly [owner: string, name: string, value: string];

function compareNamed(what: string, kind: string, expected: readonly Named[], actual: readonly Named[], finding: Finding): void {
  const key = ([owner, name]: Named): string => JSON.stringify([owner, name]);
  const found = new Map(actual.map((item) => [key(item), item]));
  for (const wanted of expected) {
    const [owner, name, value] = wanted;
    const told = found.get(key(wanted));
    found.delete(key(wanted));
    if (told === undefined) finding.add(`${what} ${owner}: ${kind} ${name} is missing`);
    else if (told[2] !== value) finding.add(`${what} ${owner}: ${kind} ${name} points at ${told[2]}, it is ${value}`);
  }
  for (const [owner, name] of found.values()) finding.add(`${what} ${owner}: ${kind} ${name} is there and must not be`);
}

/** What Redis keeps of a trade: not whose it was. */
function publicPart({ instrument, tradeId, priceTicks, quantityLots, takerSide, makerOrderId, takerOrderId, executedUs }: Trade): Trade {
  return { instrument, tradeId, priceTicks, quantityLots, takerSide, makerOrderId, takerOrderId, executedUs };
}

/** @param persisted log sequence up to which Redis may have let go of trades */
export function compareTape(expected: ReplayedShard, actual: ReadonlyMap<string, readonly Trade[]>, persisted: number, finding: Finding): void {
  for (const instrument of new Set([...expected.trades.keys(), ...actual.keys()])) {
    const all = expected.trades.get(instrument) ?? [];
    const list = actual.get(instrument) ?? [];
    finding.count += list.length;
    list.forEach((trade, i) => {
      const wanted = all[all.length - 1 - i];
      if (wanted === undefined) finding.add(`recent trades of ${instrument}: trade ${trade.tradeId} is in no journal entry`);
      else finding.addDifference(`recent trades of ${instrument}: trade ${wanted.trade.tradeId}`, publicPart(wanted.trade), trade);
    });
    const needed = all.slice(0, Math.max(0, all.length - list.length)).filter(({ sequence }) => sequence > persisted);
    for (const { trade } of needed) finding.add(`recent trades of ${instrument}: trade ${trade.tradeId} is missing and not persisted`);
    const newest = all[all.length - 1];
    if (list.length === 0 && newest !== undefined) finding.add(`recent trades of ${instrument} are missing, the newest is trade ${newest.trade.tradeId}`);
  }
}

/**
 * Keys leave Redis in the order of their entries, once their lifetime is over: behind the oldest that is there none
 * may be missing, and where none is there at all, none that still lives.
 * @param oldestLivingUs time of the oldest key that is sure to be within its lifetime
 */
export function compareKeys(expected: ReplayedShard, actual: ShardState, timeOf: (sequence: number) => number, oldestLivingUs: number, finding: Finding): void {
  const found = new Map(actual.idempotency.map((key) => [key.digest, key]));
  finding.count = found.size;
  let oldest = Number.POSITIVE_INFINITY;
  for (const { digest, sequence } of found.values()) {
    const wanted = expected.keys.get(digest);
    if (wanted === undefined) finding.add(`key ${digest} points at entry ${sequence}, no entry carries it`);
    else if (wanted !== sequence) finding.add(`key ${digest} points at entry ${sequence}, it was used at entry ${wanted}`);
    else oldest = Math.min(oldest, sequence);
  }
  for (const [digest, sequence] of expected.keys) {
    if (found.has(digest)) continue;
    if (sequence > oldest || (found.size === 0 && timeOf(sequence) > oldestLivingUs)) finding.add(`key ${digest} of entry ${sequence} is missing`);
  }
}
