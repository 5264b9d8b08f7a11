import { buy, sell, type Level, type OrderFields, type Source, type Step } from '../support/case';

const BIDS = [50, 60, 70, 80, 90];
const ASKS = [100, 110, 120, 130, 140];

/** The book that most of the suite's tests begin with: five prices a side, one order each, named by side and price. */
export function depth(quantity: number, prefix = '', more: OrderFields = {}): Step[] {
  return [
    ...BIDS.map((price) => buy(`${prefix}buy-${price}`, quantity, price, more)),
    ...ASKS.map((price) => sell(`${prefix}sell-${price}`, quantity, price, more)),
  ];
}

/** Its sides, best first, as they stand with so much at each price. */
export function bids(quantity: number, upTo = 90): Level[] {
  return BIDS.filter((price) => price <= upTo).reverse().map((price) => [price, quantity]);
}

export function asks(quantity: number, from = 100): Level[] {
  return ASKS.filter((price) => price >= from).map((price) => [price, quantity]);
}

/** A test of `orderbook.test.ts`, where nearly all of them are. */
export function inBook(test: string): Source {
  return { file: 'packages/core/test/orderbook.test.ts', test };
}
