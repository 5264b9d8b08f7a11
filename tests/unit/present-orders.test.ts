import { AssetTable } from '../../src/domain/asset-table';
import { assetsOf } from '../../src/domain/assets';
import { InstrumentTable } from '../../src/domain/instrument-table';
import { DEFAULT_INSTRUMENTS, parseInstruments } from '../../src/domain/instruments';
import type { Order, SettledTrade } from '../../src/domain/order';
import { Refusal } from '../../src/domain/refusal';
import { NO_TRAITS } from '../../src/domain/order-traits';
import { ProblemDocuments } from '../../src/dialects/native/errors';
import { presentOrder, presentOrderWithTrades } from '../../src/dialects/native/present';

/** What orders and their problems tell of money. */

const INSTRUMENTS = parseInstruments(DEFAULT_INSTRUMENTS);
const BTC = INSTRUMENTS[0] as (typeof INSTRUMENTS)[0];
const ASSETS = new AssetTable(assetsOf(INSTRUMENTS, new Map()));
const NOW_US = 1_769_851_613_589_793;
const [MAKER, TAKER] = ['01900000-0000-7000-8000-000000000001', '01900000-0000-7000-8000-000000000002'];

const order: Order = {
  orderId: MAKER, clientOrderId: null, clientId: 'ann', instrument: 'BTC-USD', side: 'buy', type: 'limit', timeInForce: 'gtc', postOnly: false, priceTicks: 100,
  quantityLots: 5, filledLots: 2, notional: '200', status: 'partially_filled', reason: null, sequence: 7, updatedUs: NOW_US, fillSequence: 7, priority: 1,
  placedSequence: 1, fees: { makerRate: -100, takerRate: 500, units: '-3', millionths: 1 }, traits: NO_TRAITS, createdUs: NOW_US,
};
const trade: SettledTrade = {
  instrument: 'BTC-USD', tradeId: 1, priceTicks: 100, quantityLots: 2, takerSide: 'sell', makerOrderId: MAKER, takerOrderId: TAKER, executedUs: NOW_US,
  makerClientId: 'ann', takerClientId: 'bob', makerFee: '-2', takerFee: '1',
};

it('tells the rates of an order, and its exact fees rounded up', () => {
  expect(presentOrder(order, BTC, ASSETS)).toMatchObject({ maker_fee_rate: '-0.0001', taker_fee_rate: '0.0005', fee: '-0.0000000002', fee_asset: 'USD' });
  expect(presentOrder({ ...order, fees: { makerRate: 0, takerRate: 500, units: '3', millionths: 0 } }, BTC, ASSETS)).toMatchObject({ maker_fee_rate: '0', fee: '0.0000000003' });
  expect(presentOrder({ ...order, fees: null }, BTC, ASSETS)).toMatchObject({ maker_fee_rate: '0', taker_fee_rate: '0', fee: '0.0000000000', fee_asset: 'USD' });
});

it('tells each side of a trade its own part and fee', () => {
  expect(presentOrderWithTrades(order, [trade], BTC, ASSETS).trades).toMatchObject([{ role: 'maker', fee: '-0.0000000002' }]);
  expect(presentOrderWithTrades({ ...order, orderId: TAKER }, [trade], BTC, ASSETS).trades).toMatchObject([{ role: 'taker', fee: '0.0000000001' }]);
  expect(JSON.stringify(presentOrderWithTrades(order, [trade], BTC, ASSETS))).not.toContain('bob');
});

it('tells what an order lacked, and where it was made to fail', () => {
  const problems = new ProblemDocuments(new InstrumentTable(INSTRUMENTS), ASSETS);
  expect(problems.answerOf(new Refusal('insufficient_funds', { shortfall: { asset: 'USD', needed: '3', available: '0' } }), 'r')).toMatchObject({
    status: 409, body: { code: 'insufficient_funds', asset: 'USD', needed: '0.0000000003', available: '0.0000000000' },
  });
  expect(problems.answerOf(new Refusal('failure_injected', { step: 'settle' }), 'r')).toMatchObject({ status: 422, body: { code: 'failure_injected', step: 'settle' } });
  expect(problems.answerOf(new Refusal('balance_audit_breach'), 'r')).toMatchObject({ status: 503, headers: { 'Retry-After': '5' } });
});
