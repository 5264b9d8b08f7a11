import { agrees, buy, change, marketBuy, quote, type PeerCase } from '../support/case';
import { rust } from './sources';

/** What an instrument that is not open does with orders. A contract there is not active yet, or no longer; here it is halted. */

const OFFER = quote(null, [1500, 1]);

export const STATES: readonly PeerCase[] = [
  agrees('instrument state', 'an order for one that is not active yet is refused', rust('test_process_order_when_instrument_not_active'), [change({ state: 'halted' }), marketBuy('order', 1)], {
    refused: ['instrument_not_open'],
  }),
  agrees('instrument state', 'an order for one that is not active any more is refused', rust('test_process_order_when_instrument_already_expired'), [
    ...OFFER, change({ state: 'halted' }), buy('order', 1, 1500), marketBuy('at-market', 1),
  ], { refused: ['instrument_not_open', 'instrument_not_open'], fills: [] }),
];
