import { agrees, buy, differs, quote, until, type PeerCase } from '../support/case';
import { model, rust } from './sources';

/** Orders that end by themselves. */

const OFFER = quote(null, [1500, 1]);
const EXPIRES = rust('test_expire_order');

export const EXPIRY: readonly PeerCase[] = [
  agrees('gtd', 'an order ends when its time is over', EXPIRES, [...OFFER, buy('order', 1, 1495, { time_in_force: 'gtd', expires_in_s: 1 }), until('order', 'expired')], {
    orders: { order: { status: 'expired', reason: 'expired', filled: 0 } }, book: { bids: [], asks: [[1500, 1]] },
  }),
  differs('gtd', 'an order whose time is over as it comes', EXPIRES, [...OFFER, buy('order', 1, 1495, { time_in_force: 'gtd', expires_in_s: -1 })],
    { orders: { order: { status: 'expired' } } }, { refused: ['expires_at_past'] }, 'an end in the past is refused'),
  agrees('gtd', 'an order with a time stands until then', model('limit', 'test_limit_order_with_expire_time'), [buy('order', 10, 100, { time_in_force: 'gtd', expires_in_s: 3600 })], {
    orders: { order: { status: 'open', time_in_force: 'gtd' } },
  }),
  agrees('gtd', 'an order that is to end, and says not when, is refused', model('limit', 'test_correct_expiration_with_time_in_force_gtd'), [buy('order', 1, 0.8, { time_in_force: 'gtd' })], {
    refused: ['validation_failed expires_at'],
  }),
];
