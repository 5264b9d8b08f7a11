import { amount, amountOrZero, answer, growingWord, integer, list, named, optional, orNull, rate, request, required, string, word } from './language';
import { AssetName, Decimal, IdempotencyKey, InstrumentName, Price, Quantity, Sequence, Side, SignedDecimal, Slippage, Time, TIME_EXAMPLE } from './values';
import { BAND_WINDOW_S, BAND_WINDOW_S_MAX, INSTRUMENT_DEFAULT, INSTRUMENT_STATES, SHARD_STATES } from './words';

/** What is traded, and how: each thing once. */

const StepSize = named('StepSize', amount({ description: 'Size of a step, a plain decimal above zero.', examples: ['0.01'] }));
const LeastValue = named('LeastValue', amountOrZero({ description: 'Price × quantity, a multiple of tick × lot; 0 for none.', examples: ['10.00'] }));

const PriceBand = named('PriceBand', rate({ description: 'Fraction of a price up to 1, in whole millionths; 0 for none.', examples: ['0.05'] }));

const InstrumentFields = answer('InstrumentFields', {
  instrument: required(InstrumentName),
  base: required(string()),
  quote: required(string()),
  tick_size: required(Decimal),
  lot_size: required(Decimal),
  price_min: required(Decimal),
  price_max: required(Decimal),
  quantity_min: required(Decimal),
  quantity_max: required(Decimal),
  min_value: required(orNull(Decimal), 'Least price × quantity of an order, and of what an amend leaves of one; null for none.'),
  price_band: required(orNull(Decimal), 'How far from the reference price may be traded, as a fraction of that: whoever would trade further has the instrument gather orders for a call auction. null for none.'),
  band_window_s: required(orNull(integer({ min: 1 })), 'How old the trade of the reference price is, in seconds; null for none.'),
  max_slippage: required(orNull(Decimal), 'How far behind the best price a market order takes at most, as a fraction of that; null for any.'),
});

const Fees = answer('InstrumentFees', { maker: required(SignedDecimal), taker: required(SignedDecimal) });

/** As a call tells it. */
export const Instrument = answer('Instrument', {
  state: required(
    growingWord([...new Set([...INSTRUMENT_STATES, ...SHARD_STATES])]),
    'open: all orders. post_only: post-only orders, and cancels. cancel_only: cancels. halted: nothing. auction: orders that may wait, and cancels; nothing trades before it is opened. Where the venue as a whole takes no orders, how that is.',
  ),
  fees: required(orNull(Fees), 'Of the group `default`, as fractions of money; null where they cannot be told.'),
}, { parts: [InstrumentFields] });

export const Instruments = answer('Instruments', { instruments: required(list(Instrument)) });

/** As the stream tells it. */
export const InstrumentData = answer('InstrumentData', { state: required(growingWord(INSTRUMENT_STATES)) }, { parts: [InstrumentFields] });

/** What a call auction's call and its message have in common. */
export const AuctionFields = answer('AuctionFields', {
  state: required(growingWord(INSTRUMENT_STATES), 'Of the instrument: its orders are gathered while it is auction.'),
  price: required(orNull(Decimal), 'At which everything would trade that can, were it opened now; null, as both quantities, where nothing would.'),
  quantity: required(orNull(Decimal), 'What would trade, with what icebergs hide.'),
  left_over: required(orNull(Decimal), 'What else is bid or asked at that price or better.'),
  left_over_side: required(orNull(Side), 'Whose that is; null for none.'),
  last_price: required(orNull(Decimal), 'Of the last trade; null before the first.'),
});

export const Auction = answer('Auction', {
  instrument: required(InstrumentName),
  sequence: required(Sequence, 'It contains every change up to this one.'),
  timestamp: required(Time, 'Of the last change that it contains.'),
}, { parts: [AuctionFields] });

const changeable = {
  state: optional(word(INSTRUMENT_STATES), 'open: all orders. post_only: post-only orders, and cancels. cancel_only: cancels, and amends that only reduce. halted: nothing. auction: orders that may wait, and cancels; nothing trades before it is opened.'),
  price_min: optional(Price),
  price_max: optional(Price),
  quantity_min: optional(Quantity),
  quantity_max: optional(Quantity),
  min_value: optional(LeastValue, 'Least price × quantity of an order, and of what an amend leaves of one; 0 for none.'),
  price_band: optional(PriceBand, 'How far from the reference price may be traded: whoever would trade further has the instrument gather orders for a call auction.'),
  band_window_s: optional(integer({ min: 1, max: BAND_WINDOW_S_MAX }), `How old the trade of the reference price is; ${BAND_WINDOW_S} where a band is set without.`),
  max_slippage: optional(Slippage, 'How far behind the best price a market order takes at most, as a fraction of that, whatever it says itself: what is left is cancelled. 0 for any.'),
  idempotency_key: optional(IdempotencyKey),
};

export const OpenInstrumentRequest = request('OpenInstrumentRequest', {
  instrument: required(InstrumentName),
  base: required(AssetName),
  quote: required(AssetName),
  tick_size: required(StepSize, 'Bound for ever.'),
  lot_size: required(StepSize, 'Bound for ever.'),
  ...changeable,
});

export const ChangeInstrumentRequest = request('ChangeInstrumentRequest', changeable, {
  description: 'What is left out stays as it is.',
  rules: [{ rule: 'some', of: ['state', 'price_min', 'price_max', 'quantity_min', 'quantity_max', 'min_value', 'price_band', 'band_window_s', 'max_slippage'] }],
});

const instrument = {
  instrument: INSTRUMENT_DEFAULT, base: 'BTC', quote: 'USD', tick_size: '0.01', lot_size: '0.00000001', price_min: '0.01', price_max: '90071992547409.91',
  quantity_min: '0.00000001', quantity_max: '90071992.54740991', min_value: null, price_band: null, band_window_s: null, max_slippage: null, state: 'open',
  fees: { maker: '0', taker: '0' },
};
const made = {
  ...instrument, instrument: 'SOL-USD', base: 'SOL', lot_size: '0.001', price_max: '90071992547409.91', quantity_min: '0.001', quantity_max: '9007199254740.991',
  min_value: '10.00000', state: 'post_only',
};

/** What calls and answers look like, for the documents. */
export const INSTRUMENT_EXAMPLES = {
  opens: {
    plain: { instrument: 'SOL-USD', base: 'SOL', quote: 'USD', tick_size: '0.01', lot_size: '0.001', min_value: '10', state: 'post_only' },
  },
  auction: {
    instrument: INSTRUMENT_DEFAULT, sequence: 1042, timestamp: TIME_EXAMPLE, state: 'auction', price: '50005.00', quantity: '1.25000000', left_over: '0.30000000',
    left_over_side: 'buy', last_price: '50010.00',
  },
  changes: { halt: { state: 'halted' }, auction: { state: 'auction' }, band: { price_band: '0.05', band_window_s: 60 }, limits: { quantity_max: '100', min_value: 0 }, slippage: { max_slippage: '0.01' } },
  made, instruments: { instruments: [instrument] },
};
