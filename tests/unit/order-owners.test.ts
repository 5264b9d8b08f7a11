import type { Order } from '../../src/domain/order';
import { NO_TRAITS } from '../../src/domain/order-traits';
import { OrderOwners } from '../../src/trading/order-owners';

const order: Order = {
  orderId: 'first', clientOrderId: null, clientId: 'ann', instrument: 'BTC-USD', side: 'buy', type: 'limit', timeInForce: 'gtc', postOnly: false, priceTicks: 100,
  quantityLots: 5, filledLots: 0, notional: '0', status: 'open', reason: null, sequence: 1, updatedUs: 1, fillSequence: 0, priority: 1, placedSequence: 1, fees: null,
  traits: NO_TRAITS, createdUs: 1,
};
const MANY = 100_000;

test('of the orders whose owner is remembered those go first that nobody has asked for', () => {
  const nobody = (): Promise<null> => Promise.resolve(null);
  const owners = new OrderOwners({ readRecord: nobody }, { order: nobody }, () => '');
  const others = (from: number): void => { for (let i = from; i < from + MANY; i++) owners.remember({ ...order, orderId: `order ${i}` }); };
  owners.remember(order);
  owners.remember({ ...order, orderId: 'second' });
  owners.remember({ ...order, orderId: 'done', status: 'filled' });
  expect(['first', 'second', 'done'].map((id) => owners.instrumentOf(id))).toEqual(['BTC-USD', 'BTC-USD', undefined]);
  others(0);
  expect(owners.instrumentOf('first')).toBe('BTC-USD');
  others(MANY);
  expect(['first', 'second', `order ${2 * MANY - 1}`].map((id) => owners.instrumentOf(id))).toEqual(['BTC-USD', undefined, 'BTC-USD']);
});
