import { AMOUNT_MAX } from '../domain/amounts';
import { displayedLots, isAhead } from '../domain/iceberg';
import type { InstrumentState } from '../domain/instrument-rules';
import { isOpen, isResting, remainingLots, type Order, type Side } from '../domain/order';
import { isFulfilled, membershipOf, partnerId, ROLE_BEHIND_FIRST, siblingIds, waitsForFirst } from '../domain/order-list';
import { directionOf, type Direction } from '../domain/order-type';
import { compareStanding, standsAt, trailOf, type Standing } from '../domain/trailing';
import { moneyProblems, type MoneyRules } from './money-invariants';
import type { BookState, LevelState, ShardState } from './state';

/**
 * What must hold of any shard at any moment, whatever led there. Judges the state alone, so it applies
 * to the reference book and to a live shard alike.
 * @param money null where only books and orders are judged
 * @returns one sentence for each thing that is wrong, none for a sound shard
 */
export function invariantProblems(state: ShardState, money: MoneyRules | null): string[] {
  const problems: string[] = [];
  const orders = new Map(state.orders.map((order) => [order.orderId, order]));
  if (orders.size !== state.orders.length) problems.push('an order is held twice');
  for (const order of state.orders) orderProblems(order, state.sequence, problems);

  const queued = new Set<string>();
  // In a call auction orders of both sides wait at prices that meet, and what it has gathered stays until the instrument is opened.
  const gathered = new Set(state.catalogue.filter((rules) => rules.openingTicks > 0 || MAY_CROSS.has(rules.state)).map(({ instrument }) => instrument));
  for (const book of state.books) bookProblems(book, gathered.has(book.instrument), orders, queued, problems);
  const waiting = new Set<string>();
  for (const { instrument, rising, falling, trailing } of state.waiting) {
    const best = new Map(trailing.map(({ orderId, bestTicks }) => [orderId, bestTicks]));
    waitingProblems(instrument, 'rising', rising, { orders, best }, waiting, problems);
    waitingProblems(instrument, 'falling', falling, { orders, best }, waiting, problems);
  }
  const listed = new Set<string>();
  for (const { clientId, orderIds } of state.openOrders) {
    for (const orderId of orderIds) {
      if (listed.has(orderId)) problems.push(`order ${orderId} is listed as open twice`);
      listed.add(orderId);
      if (orders.get(orderId)?.clientId !== clientId) problems.push(`order ${orderId} is listed for a client that has no such order`);
    }
  }
  const named = new Set<string>();
  for (const { clientId, clientOrderId, orderId } of state.clientOrderIds) {
    named.add(orderId);
    const order = orders.get(orderId);
    if (order?.clientId !== clientId || order.clientOrderId !== clientOrderId) {
      problems.push(`client order id ${clientOrderId} of ${clientId} points at ${orderId}, which is not named so`);
    }
  }
  for (const order of state.orders) {
    const open = isOpen(order);
    const resting = isResting(order);
    if (resting !== queued.has(order.orderId)) problems.push(`order ${order.orderId} is ${order.status} but ${resting ? 'not ' : ''}in the book`);
    const pending = order.status === 'pending' && !waitsForFirst(order);
    if (pending !== waiting.has(order.orderId)) problems.push(`order ${order.orderId} is ${order.status} but ${pending ? 'does not wait' : 'waits'} for a price`);
    if (open !== listed.has(order.orderId)) problems.push(`order ${order.orderId} is ${order.status} but ${open ? 'not ' : ''}listed as open`);
    const mayBeNamed = open && order.clientOrderId !== null;
    if (mayBeNamed !== named.has(order.orderId)) {
      problems.push(`order ${order.orderId} is ${order.status} but ${mayBeNamed ? 'not ' : ''}found by its client order id`);
    }
  }
  for (const orderId of [...queued, ...waiting, ...listed, ...named]) {
    if (!orders.has(orderId)) problems.push(`order ${orderId} is referred to but not held`);
  }
  for (const { digest, sequence } of state.idempotency) {
    if (sequence < 1 || sequence > state.sequence) problems.push(`idempotency key ${digest} points at sequence ${sequence}, past the log`);
  }
  listProblems(state, orders, problems);
  if (money !== null) problems.push(...moneyProblems(state, money));
  return problems;
}

/** Orders of a list: one of a pair lives, one at most is in a book, and what follows the first waits as long as that is open. */
function listProblems({ released }: ShardState, orders: ReadonlyMap<string, Order>, problems: string[]): void {
  const going = new Set(released.map(({ orderId }) => orderId));
  for (const order of orders.values()) {
    const membership = membershipOf(order);
    if (membership === null || !isOpen(order)) continue;
    const wrong = (what: string): void => void problems.push(`order ${order.orderId} ${what}`);
    const siblings = siblingIds(order).map((orderId) => orders.get(orderId)).filter((sibling) => sibling !== undefined);
    if (isResting(order) && siblings.some(isResting)) wrong('is in the book beside another one of its list');
    const partner = orders.get(partnerId(order) ?? '');
    if (partner !== undefined && isOpen(partner) && order.filledLots > 0) wrong('has traded, and the other one of its pair is open');
    const first = siblings.find((sibling) => membershipOf(sibling)?.role === 'first');
    const isBehindFirst = membership.role in ROLE_BEHIND_FIRST;
    if (isBehindFirst && order.status !== 'pending') wrong(`is ${order.status} and waits for the first of its list`);
    if (first !== undefined && !isOpen(first) && !isFulfilled(first)) wrong(`is open, although the first of its list is ${first.status}`);
    if (isBehindFirst !== ((first !== undefined && isOpen(first)) || going.has(order.orderId))) wrong(isBehindFirst ? 'waits for the first of its list, which is filled' : 'goes ahead of the first of its list');
  }
}

function orderProblems(order: Order, sequence: number, problems: string[]): void {
  const wrong = (what: string): void => void problems.push(`order ${order.orderId} ${what}`);
  const { filledLots, quantityLots, status } = order;
  if (filledLots < 0 || filledLots > quantityLots || quantityLots > AMOUNT_MAX) wrong(`has ${filledLots} of ${quantityLots} lots filled`);
  if (order.traits.budget !== undefined) budgetProblems(order, order.traits.budget, wrong);
  else if ((status === 'filled') !== (filledLots === quantityLots)) wrong(`is ${status} with ${filledLots} of ${quantityLots} lots filled`);
  if (status === 'pending' && filledLots > 0) wrong('is pending and has traded');
  if (status === 'open' && filledLots > 0) wrong('is open and not partially_filled, with fills');
  if (status === 'partially_filled' && filledLots === 0) wrong('is partially_filled without a fill');
  if (status === 'rejected' && filledLots > 0) wrong('is rejected and traded');
  if ((order.reason === null) !== (isOpen(order) || status === 'filled')) wrong(`is ${status} with reason ${order.reason ?? 'none'}`);
  if ((filledLots === 0) !== (order.notional === '0')) wrong(`has ${filledLots} lots filled for ${order.notional}`);
  if ((filledLots === 0) !== (order.fillSequence === 0)) wrong(`has ${filledLots} lots filled, the last at sequence ${order.fillSequence}`);
  if (order.sequence > sequence || order.fillSequence > order.sequence || order.priority > order.sequence) {
    wrong(`has sequence ${order.sequence}, fill ${order.fillSequence} and priority ${order.priority} at shard sequence ${sequence}`);
  }
  const { display, shown, refill } = order.traits;
  if ((shown !== undefined) !== (display !== undefined && isResting(order))) wrong(`is ${status}, displays ${display ?? 'all'} and shows ${shown ?? 'nothing of its own'}`);
  if (shown !== undefined && (shown < 1 || shown > Math.min(display ?? 0, remainingLots(order)))) {
    wrong(`shows ${shown} of ${remainingLots(order)} lots, where it displays ${display ?? 'all'}`);
  }
  if (refill !== undefined && (refill < 1 || shown === undefined || order.priority === order.placedSequence)) wrong(`has refill ${refill}, and none that it could be of`);
  if (order.updatedUs < order.createdUs) wrong('was updated before it was created');
  // An order that never rests is never amended, so its limit is the one it traded under.
  if ((order.timeInForce === 'ioc' || order.timeInForce === 'fok') && order.priceTicks !== null) {
    const atLimit = BigInt(order.priceTicks) * BigInt(filledLots);
    const paid = BigInt(order.notional);
    if (order.side === 'buy' ? paid > atLimit : paid < atLimit) wrong(`traded ${filledLots} lots for ${paid}, past its limit ${order.priceTicks}`);
  }
}

/** An order by money never waits, and its quantity is what it has traded. */
function budgetProblems({ filledLots, quantityLots, status, notional }: Order, budget: string, wrong: (what: string) => void): void {
  if (isDone(status) && filledLots !== quantityLots) wrong(`has ${filledLots} of ${quantityLots} lots filled, with a budget`);
  const [spent, all] = [BigInt(notional), BigInt(budget)];
  if (spent > all || (status === 'filled') !== (spent === all)) wrong(`is ${status} and has spent ${notional} of ${budget}`);
}

function isDone(status: Order['status']): boolean {
  return status === 'filled' || status === 'cancelled';
}

/** States in which nothing trades. */
const MAY_CROSS: ReadonlySet<InstrumentState> = new Set(['auction', 'cancel_only', 'halted']);

function bookProblems(book: BookState, mayCross: boolean, orders: ReadonlyMap<string, Order>, queued: Set<string>, problems: string[]): void {
  const bid = book.bids[0];
  const ask = book.asks[0];
  if (!mayCross && bid !== undefined && ask !== undefined && bid.priceTicks >= ask.priceTicks) {
    problems.push(`${book.instrument} is crossed: ${bid.priceTicks} bid, ${ask.priceTicks} asked`);
  }
  sideProblems(book.instrument, 'buy', book.bids, orders, queued, problems);
  sideProblems(book.instrument, 'sell', book.asks, orders, queued, problems);
}

interface Waiters {
  readonly orders: ReadonlyMap<string, Order>;
  /** The best trade that each has seen of those that trail, 0 for none. */
  readonly best: ReadonlyMap<string, number>;
}

/** Orders that wait for a price from one direction: the nearest first, then first come; those that stand nowhere yet last. */
function waitingProblems(instrument: string, direction: Direction, orderIds: readonly string[], { orders, best }: Waiters, waiting: Set<string>, problems: string[]): void {
  const where = `${instrument} ${direction}`;
  let before: Standing | null = null;
  for (const orderId of orderIds) {
    if (waiting.has(orderId)) problems.push(`order ${orderId} waits for a price twice`);
    waiting.add(orderId);
    const order = orders.get(orderId);
    if (order === undefined) continue;
    if (order.instrument !== instrument || order.traits.trigger === undefined || directionOf(order) !== direction) {
      problems.push(`order ${orderId} waits for ${where} but is ${order.side} of ${order.instrument}`);
      continue;
    }
    const trail = trailOf(order.traits);
    const seen = best.get(orderId);
    if ((trail === null) !== (seen === undefined)) problems.push(`order ${orderId} of ${where} ${trail === null ? 'does not trail' : 'trails'}, and has ${seen === undefined ? 'no' : 'a'} best price`);
    const standing = { order, ticks: standsAt(order, seen ?? 0) };
    if (before !== null && compareStanding(direction, standing, before) <= 0) problems.push(`order ${orderId} of ${where} waits behind one that is farther, or came later`);
    before = standing;
  }
}

function sideProblems(
  instrument: string, side: Side, levels: readonly LevelState[], orders: ReadonlyMap<string, Order>,
  queued: Set<string>, problems: string[],
): void {
  let before: number | null = null;
  for (const { priceTicks, quantityLots, orderIds } of levels) {
    const where = `${instrument} ${side} ${priceTicks}`;
    if (before !== null && (side === 'buy' ? priceTicks >= before : priceTicks <= before)) problems.push(`${where} is out of order`);
    before = priceTicks;
    if (orderIds.length === 0) problems.push(`${where} is a level without orders`);
    let total = 0n;
    let ahead: Order | null = null;
    for (const orderId of orderIds) {
      if (queued.has(orderId)) problems.push(`order ${orderId} is in the book twice`);
      queued.add(orderId);
      const order = orders.get(orderId);
      if (order === undefined) continue;
      total += BigInt(displayedLots(order));
      if (order.instrument !== instrument || order.side !== side || order.priceTicks !== priceTicks) {
        problems.push(`order ${orderId} waits at ${where} but is for ${order.instrument} ${order.side} ${order.priceTicks}`);
      }
      if (ahead !== null && !isAhead(ahead, order)) problems.push(`order ${orderId} waits behind one that came later`);
      ahead = order;
    }
    if (total !== BigInt(quantityLots)) problems.push(`${where} says ${quantityLots} lots, its orders show ${total}`);
    if (quantityLots > AMOUNT_MAX) problems.push(`${where} holds more than an exact integer`);
  }
}
