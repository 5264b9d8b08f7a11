import { hiddenLots } from '../domain/iceberg';
import { isOpen, type Order } from '../domain/order';

/** What icebergs hide, by side of an instrument (`<instrument>:<bids|asks>`) and price: lots, where there are any. */
export type HiddenLots = Map<string, Map<string, bigint>>;

/** Adds what open orders hide. */
export function addHidden(hidden: HiddenLots, orders: Iterable<Order>): void {
  for (const order of orders) {
    const lots = isOpen(order) ? hiddenLots(order) : 0;
    if (lots === 0) continue;
    const side = `${order.instrument}:${order.side === 'buy' ? 'bids' : 'asks'}`;
    const prices = hidden.get(side) ?? new Map<string, bigint>();
    hidden.set(side, prices);
    const price = String(order.priceTicks);
    prices.set(price, (prices.get(price) ?? 0n) + BigInt(lots));
  }
}

/**
 * Whether a shard counts just what its icebergs hide.
 * @param stored by side of an instrument: prices with their lots
 * @param isCounted what `meta` says of whether it is counted at all
 * @param problems to which what is wrong is added
 */
export function checkHidden(
  stored: ReadonlyMap<string, readonly (readonly [price: string, lots: string])[]>, orders: readonly Order[], isCounted: boolean, problems: string[],
): void {
  const expected: HiddenLots = new Map();
  addHidden(expected, orders);
  if (!isCounted && orders.some((order) => order.traits.shown !== undefined)) problems.push('icebergs wait, and what they hide is not counted');
  for (const [side, prices] of stored) {
    const wanted = expected.get(side) ?? new Map<string, bigint>();
    for (const [price, lots] of prices) {
      if (lots !== String(wanted.get(price))) problems.push(`${side}: ${lots} lots are counted as hidden at ${price}, icebergs hide ${wanted.get(price) ?? 0n} there`);
      wanted.delete(price);
    }
  }
  for (const [side, prices] of expected) {
    for (const [price, lots] of prices) problems.push(`${side}: icebergs hide ${lots} lots at ${price}, which are not counted`);
  }
}
