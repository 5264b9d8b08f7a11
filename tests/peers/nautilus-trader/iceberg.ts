import { agrees, buy, type PeerCase } from '../support/case';
import { model } from './sources';

/** What an order may show of itself. The peer's exchange shows all of every order; what it has of this are the rules of an order. */

export const ICEBERGS: readonly PeerCase[] = [
  agrees('iceberg', 'an order tells what it displays, and the book shows that', model('limit', 'test_limit_order_display_quantity'), [buy('order', 10, 100, { display_quantity: 5 })], {
    orders: { order: { status: 'open', quantity: 10, remaining: 10, display_quantity: 5 } }, book: { bids: [[100, 5]], asks: [] },
  }),
  agrees('iceberg', 'an order that displays more than it has is refused', model('stop_limit', 'test_display_qty_gt_quantity_err'), [buy('order', 1, 100, { display_quantity: 2 })], {
    refused: ['validation_failed display_quantity'],
  }),
  agrees('iceberg', 'an order that displays less than nothing is refused', model('stop_limit', 'test_display_qty_negative_err'), [buy('order', 1, 100, { display_quantity: -1 })], {
    refused: ['validation_failed display_quantity'],
  }),
];
