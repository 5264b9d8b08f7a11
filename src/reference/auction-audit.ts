import type { LogEntry } from '../domain/entry';
import { displayedLots, traitsAtEnd } from '../domain/iceberg';
import type { InstrumentRules } from '../domain/instrument-rules';
import { chargedUnits, expiryUs, isOpen, isResting, remainingLots, type Order, type Side } from '../domain/order';
import { priceOfPage } from './auction';

/** What is known of an order on its way through a page. */
interface Running {
  readonly before: Order;
  lots: number;
  value: bigint;
  charged: bigint;
  /** As the last trade with it as the maker, or its own event, has told it. */
  told: Order | null;
}

/**
 * What is wrong with a page of a call auction, one sentence each: all trades at the one price, which suits both sides, every lot and every
 * unit accounted for on both, and no place lost. It knows no rule by which they meet.
 * @param orders as they were ahead of it
 * @param rules of its instrument ahead of it, undefined where the log has told none
 * @param changed told of each order as it is behind the page
 */
export function checkAuction(
  entry: LogEntry, orders: ReadonlyMap<string, Order>, rules: InstrumentRules | undefined, wrong: (what: string) => void, changed: (order: Order) => void,
): void {
  const { command, sequence, timeUs } = entry;
  if (command?.op !== 'auction') {
    wrong('is an auction that tells no page');
    return;
  }
  const { instrument, page } = command;
  const openingTicks = rules?.openingTicks ?? 0;
  if (rules?.instrument !== instrument || openingTicks === 0) wrong(`carries out an auction of ${instrument}, which has none`);
  const first = entry.fills[0]?.priceTicks ?? openingTicks;
  const priceTicks = first === openingTicks ? openingTicks : priceOfPage(best(orders, instrument, 'buy'), best(orders, instrument, 'sell'), openingTicks) ?? openingTicks;
  if (page === 0) {
    checkEnded(entry, orders, instrument, wrong);
    for (const order of ownOf(entry)) changed(order);
    return;
  }
  if (entry.fills.length > page) wrong(`has ${entry.fills.length} trades, its page is of ${page}`);
  const running = new Map<string, Running>();
  const runningOf = (order: Order): Running => {
    let known = running.get(order.orderId);
    if (known === undefined) {
      const before = orders.get(order.orderId);
      if (before === undefined || !isOpen(before)) wrong(`order ${order.orderId} was not open`);
      known = { before: before ?? order, lots: 0, value: 0n, charged: 0n, told: null };
      running.set(order.orderId, known);
    }
    return known;
  };
  const takers = new Map<number, Running>();
  for (const fill of entry.fills) {
    const taker = entry.orders[fill.taker];
    if (taker === undefined) continue;
    const name = `trade ${fill.tradeId}`;
    const { maker, quantityLots } = fill;
    const [made, took] = [runningOf(maker), runningOf(taker)];
    takers.set(fill.taker, took);
    if (fill.priceTicks !== priceTicks) wrong(`${name} is at ${fill.priceTicks}, the auction at ${priceTicks}`);
    if (maker.instrument !== instrument || taker.instrument !== instrument || maker.side === taker.side) wrong(`${name}: maker ${maker.orderId} is no counterpart`);
    if (made.before.priority > took.before.priority) wrong(`${name}: maker ${maker.orderId} came later than its taker`);
    const previous = made.lots === 0 ? made.before.fillSequence : sequence;
    if (fill.makerPreviousFill !== previous) wrong(`${name}: maker ${maker.orderId} does not point at its fills`);
    for (const [side, fee] of [[made, fill.makerFee], [took, fill.takerFee]] as const) {
      side.lots += quantityLots;
      side.value += BigInt(priceTicks) * BigInt(quantityLots);
      side.charged += BigInt(fee);
    }
    made.told = maker;
    checkCount(made, maker, sequence, timeUs, (what) => wrong(`${name}: maker ${maker.orderId} ${what}`));
  }
  entry.orders.forEach((order, i) => {
    // Those that go with others of their lists are no part of it.
    if (order.reason === 'linked') return;
    const took = takers.get(i);
    if (took === undefined || took.before.orderId !== order.orderId) {
      wrong(`order ${order.orderId} took in no trade`);
      return;
    }
    took.told = order;
    checkCount(took, order, sequence, timeUs, (what) => wrong(`order ${order.orderId} ${what}`));
  });
  for (const event of entry.events) {
    if (event.type !== 'order' || event.order.reason === 'linked') continue;
    const previous = running.get(event.order.orderId)?.before.fillSequence ?? 0;
    if (event.previousFill !== previous) wrong(`order ${event.order.orderId} does not point at its fills`);
  }
  for (const { before, lots, told } of running.values()) {
    if (told === null) continue;
    checkPlace(before, told, lots, priceTicks, timeUs, (what) => wrong(`order ${told.orderId} ${what}`));
    changed(told);
  }
}

/** What an order has traded and was charged by now. */
function checkCount({ before, lots, value, charged }: Running, order: Order, sequence: number, timeUs: number, wrong: (what: string) => void): void {
  if (order.filledLots !== before.filledLots + lots) wrong(`has ${order.filledLots} lots filled, its trades say ${before.filledLots + lots}`);
  if (BigInt(order.notional) !== BigInt(before.notional) + value) wrong(`traded for ${order.notional}, its trades say ${BigInt(before.notional) + value}`);
  const charges = chargedUnits(before.fees) + charged;
  if (chargedUnits(order.fees) !== charges) wrong(`was charged ${chargedUnits(order.fees)}, its trades say ${charges}`);
  if (order.fillSequence !== sequence || order.sequence !== sequence || order.updatedUs !== timeUs) wrong('does not carry the entry\'s number and time');
  if (order.status !== (remainingLots(order) === 0 ? 'filled' : 'partially_filled')) wrong(`is ${order.status} with ${remainingLots(order)} lots left`);
}

/** All else of an order stays: its price, its size and its place; of an iceberg what it shows falls, or is filled up. */
function checkPlace(before: Order, after: Order, lots: number, priceTicks: number, timeUs: number, wrong: (what: string) => void): void {
  const limit = before.priceTicks as number;
  if (before.side === 'buy' ? priceTicks > limit : priceTicks < limit) wrong(`asked for ${limit}, traded at ${priceTicks}`);
  const over = expiryUs(before);
  if (over !== null && over <= timeUs) wrong('was over by then');
  const { filledLots, notional, fees, status, sequence, updatedUs, fillSequence, traits } = after;
  const expected: Order = { ...before, filledLots, notional, fees, status, sequence, updatedUs, fillSequence, traits };
  if (JSON.stringify(expected) !== JSON.stringify(after)) wrong(`was changed by a trade: ${JSON.stringify(after)}`);
  if (!isOpen(after)) {
    if (JSON.stringify(traits) !== JSON.stringify(traitsAtEnd(before.traits))) wrong(`ends with traits ${JSON.stringify(traits)}`);
    return;
  }
  const { shown } = traits;
  if (JSON.stringify({ ...traits, shown: before.traits.shown }) !== JSON.stringify(before.traits)) wrong(`has other traits: ${JSON.stringify(traits)}`);
  if (shown === undefined) return;
  const was = displayedLots(before);
  const most = Math.min(before.traits.display ?? 0, remainingLots(after));
  if (shown < 1 || shown > most || (lots < was && shown !== was - lots)) wrong(`shows ${shown} lots behind ${lots}, of ${was} before and ${most} at most`);
}

/** Orders of an entry but for those that go with others of their lists. */
function ownOf({ orders }: LogEntry): Order[] {
  return orders.filter(({ reason }) => reason !== 'linked');
}

/** A page that only ends the order whose trade would go beyond what an account may have. */
function checkEnded(entry: LogEntry, orders: ReadonlyMap<string, Order>, instrument: string, wrong: (what: string) => void): void {
  const [order, ...others] = ownOf(entry);
  const before = order === undefined ? undefined : orders.get(order.orderId);
  if (order === undefined || before === undefined || !isOpen(before) || others.length > 0 || entry.fills.length > 0) {
    wrong('ends no order that was open');
    return;
  }
  const { sequence, timeUs: updatedUs } = entry;
  const expected: Order = { ...before, sequence, updatedUs, status: 'cancelled', reason: 'balance_limit', traits: traitsAtEnd(before.traits) };
  if (order.instrument !== instrument || JSON.stringify(expected) !== JSON.stringify(order)) wrong(`order ${order.orderId} is ${JSON.stringify(order)}`);
}

/** The best order of a side that waits in the book, nothing where none does. */
function best(orders: ReadonlyMap<string, Order>, instrument: string, side: Side): readonly Order[] {
  const waiting = [...orders.values()].filter((order) => order.instrument === instrument && order.side === side && isResting(order));
  const sign = side === 'buy' ? -1 : 1;
  return waiting.sort((a, b) => sign * ((a.priceTicks as number) - (b.priceTicks as number))).slice(0, 1);
}
