import { amount, amountOrZero, answer, growingWord, integer, list, named, optional, orNull, request, required, string, word } from './language';
import { AssetName, Decimal, IdempotencyKey, InstrumentName, Price, Quantity, SignedDecimal } from './values';
import { INSTRUMENT_DEFAULT, INSTRUMENT_STATES, SHARD_STATES } from './words';

/** What is traded, and how: each thing once. */

const StepSize = named('StepSize', amount({ description: 'Size of a step, a plain decimal above zero.', examples: ['0.01'] }));
const LeastValue = named('LeastValue', amountOrZero({ description: 'Price × quantity, a multiple of tick × lot; 0 for none.', examples: ['10.00'] }));

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
  price_band: required(orNull(Decimal), 'Fraction of the reference price beyond which nothing trades; null for none.'),
  band_window_s: required(orNull(integer({ min: 1 })), 'How long ago the reference price was traded, in seconds; null for none.'),
});

const Fees = answer('InstrumentFees', { maker: required(SignedDecimal), taker: required(SignedDecimal) });

/** As a call tells it. */
export const Instrument = answer('Instrument', {
  state: required(
    growingWord([...new Set([...INSTRUMENT_STATES, ...SHARD_STATES])]),
    'open: all orders. post_only: post-only orders, and cancels. cancel_only: cancels. halted: nothing. Where the venue as a whole takes no orders, how that is.',
  ),
  fees: required(orNull(Fees), 'Of the group `default`, as fractions of money; null where they cannot be told.'),
}, { parts: [InstrumentFields] });

export const Instruments = answer('Instruments', { instruments: required(list(Instrument)) });

/** As the stream tells it. */
export const InstrumentData = answer('InstrumentData', { state: required(growingWord(INSTRUMENT_STATES)) }, { parts: [InstrumentFields] });

const changeable = {
  state: optional(word(INSTRUMENT_STATES), 'open: all orders. post_only: post-only orders, and cancels. cancel_only: cancels, and amends that only reduce. halted: nothing.'),
  price_min: optional(Price),
  price_max: optional(Price),
  quantity_min: optional(Quantity),
  quantity_max: optional(Quantity),
  min_value: optional(LeastValue, 'Least price × quantity of an order, and of what an amend leaves of one; 0 for none.'),
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
  rules: [{ rule: 'some', of: ['state', 'price_min', 'price_max', 'quantity_min', 'quantity_max', 'min_value'] }],
});

const instrument = {
  instrument: INSTRUMENT_DEFAULT, base: 'BTC', quote: 'USD', tick_size: '0.01', lot_size: '0.00000001', price_min: '0.01', price_max: '90071992547409.91',
  quantity_min: '0.00000001', quantity_max: '90071992.54740991', min_value: null, price_band: null, band_window_s: null, state: 'open',
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
  changes: { halt: { state: 'halted' }, limits: { quantity_max: '100', min_value: 0 } },
  made, instruments: { instruments: [instrument] },
};
