import { answer, growingWord, integer, list, optional, orNull, own, defaulting, request, required, string, word } from './language';
import { ClientId, Decimal, IdempotencyKey, InstrumentName, OrderId, Price, Quantity, Side, TIME_EXAMPLE, Time, ORDER_ID_EXAMPLE } from './values';
import { ALGO_STATUSES, INSTRUMENT_DEFAULT, SLICE_STATUSES } from './words';

/** Parent orders, which trade by slices over a time. */

export const TwapRequest = request('TwapRequest', {
  client_id: own(ClientId, 'Who trades: the name of an account.'),
  instrument: defaulting(InstrumentName, INSTRUMENT_DEFAULT),
  side: required(Side),
  quantity: required(Quantity, 'Of all slices together.'),
  duration_s: required(integer({ min: 1, max: { limit: 'algoDurationMaxS' } }, { examples: [3600] }), 'Seconds over which it is spread.'),
  slices: required(integer({ min: 1, max: { limit: 'algoSlicesMax' } }, { examples: [60] }), 'Orders that it is divided into: at most ten a second, each of a lot at least.'),
  limit_price: optional(Price, 'No slice trades at a worse price. Without it they are market orders.'),
  idempotency_key: optional(IdempotencyKey),
});

export const Algo = answer('Algo', {
  algo_id: required(OrderId),
  type: required(word(['twap'])),
  client_id: required(ClientId),
  instrument: required(InstrumentName),
  side: required(Side),
  quantity: required(Decimal),
  filled_quantity: required(Decimal),
  remaining_quantity: required(Decimal),
  average_price: required(orNull(Decimal), 'Of what is filled, rounded half up to the price\'s decimals; null while nothing is.'),
  limit_price: required(orNull(Decimal), 'null where its slices are market orders.'),
  duration_s: required(integer({ min: 1 })),
  slices: required(integer({ min: 1 })),
  slices_placed: required(integer({ min: 0 }), 'Orders that it has placed.'),
  slices_refused: required(integer({ min: 0 })),
  status: required(growingWord(ALGO_STATUSES), 'completed: all is filled. expired: its time is over, and something is left. stopped: too many slices were refused, or none can be placed any more.'),
  status_reason: required(orNull(string()), 'Why it ended before all was filled: requested, unfilled, or the code with which its last slice was refused.'),
  next_at: required(orNull(Time), 'When its next slice is due; null where there is none.'),
  created_at: required(Time, 'Its first slice is due then.'),
  ends_at: required(Time, 'No slice is placed later.'),
  updated_at: required(Time),
});

export const AlgoSlice = answer('AlgoSlice', {
  slice: required(integer({ min: 1 }), 'Its number. One that was missed while the venue was away is left out.'),
  order_id: required(orNull(OrderId), 'null where there is no order.'),
  quantity: required(Decimal),
  filled_quantity: required(Decimal),
  status: required(growingWord(SLICE_STATUSES), 'placing: what came of it is not known yet. missed: it was not placed in time.'),
  status_reason: required(orNull(string()), 'Why it was refused.'),
  at: required(Time, 'When it was decided.'),
});

export const AlgoWithSlices = answer('AlgoWithSlices', {
  orders: required(list(AlgoSlice), 'Its slices so far.'),
}, { parts: [Algo] });

export const AlgoPage = answer('AlgoPage', {
  algos: required(list(Algo), 'Newest first.'),
  next_cursor: required(orNull(OrderId), 'Give it as cursor to go on; null behind the last page.'),
});

const twap = { client_id: 'client-A', instrument: INSTRUMENT_DEFAULT, side: 'buy', quantity: '0.6', duration_s: 60, slices: 3 };

const algo = {
  algo_id: '019c2b4e-9a10-7c3a-9f52-1b6f0a4f8e21', type: 'twap', client_id: 'client-A', instrument: INSTRUMENT_DEFAULT, side: 'buy', quantity: '0.60000000',
  filled_quantity: '0.20000000', remaining_quantity: '0.40000000', average_price: '50000.00', limit_price: null, duration_s: 60, slices: 3, slices_placed: 1,
  slices_refused: 0, status: 'running', status_reason: null, next_at: '2026-01-31T09:27:13.589793Z', created_at: TIME_EXAMPLE,
  ends_at: '2026-01-31T09:27:53.589793Z', updated_at: TIME_EXAMPLE,
};
const slice = { slice: 1, order_id: ORDER_ID_EXAMPLE, quantity: '0.20000000', filled_quantity: '0.20000000', status: 'placed', status_reason: null, at: TIME_EXAMPLE };

/** What calls and answers look like, for the documents. */
export const ALGO_EXAMPLES = {
  algo,
  begun: { ...algo, filled_quantity: '0.00000000', remaining_quantity: '0.60000000', average_price: null, slices_placed: 0, next_at: TIME_EXAMPLE },
  cancelled: { ...algo, status: 'cancelled', status_reason: 'requested', next_at: null },
  withSlices: { ...algo, orders: [slice] },
  twaps: { market: twap, limit: { ...twap, side: 'sell', limit_price: '49900.00', idempotency_key: 'a-unique-uuid-12348' } },
} as const;
