import { makerRateOf } from '../../src/domain/order';

test('a rebate that meets a taker who pays nothing is nothing, and not less than that', () => {
  const fees = { makerRate: -100, takerRate: 0, units: '0', millionths: 0 };
  expect(Object.is(makerRateOf(fees, { ...fees, makerRate: 0 }), 0)).toBe(true);
});
