import { amount, assetAmount, decimal, integer, named, pattern, rate, signedDecimal, text, time, uuid, word } from './language';
import {
  ACKS, ASSET_NAME, CLIENT_ID_LENGTH_MAX, CLIENT_ORDER_ID_LENGTH_MAX, FEE_GROUP_NAME, IDEMPOTENCY_KEY_LENGTH_MAX, INSTRUMENT_DEFAULT, INSTRUMENT_NAME,
  INTERVALS, ORDER_STATUSES, ORDER_TYPES, ROLES, SELF_TRADE_PREVENTIONS, SIDES, TIMES_IN_FORCE, VENUE_ACCOUNT_START,
} from './words';

/** Values that many calls and messages share. */

export const ORDER_ID_EXAMPLE = '019c2b4e-7d10-7c3a-9f52-1b6f0a4f8e21';
export const OTHER_ORDER_ID_EXAMPLE = '019c2b4e-7d05-7b9e-8a11-6a0d4c1f2b37';
export const TRANSFER_ID_EXAMPLE = '019c2b4e-8a10-7d3a-9f52-1b6f0a4f8e21';
export const TIME_EXAMPLE = '2026-01-31T09:26:53.589793Z';

export const ClientId = named('ClientId', text(CLIENT_ID_LENGTH_MAX, {
  reserved: VENUE_ACCOUNT_START, description: 'Who trades: the name of an account. Those that begin with @ are the venue\'s own.', examples: ['client-A'],
}));
export const ClientOrderId = named('ClientOrderId', text(CLIENT_ORDER_ID_LENGTH_MAX, {
  description: 'The client\'s own name for an order, unique among its open orders.', examples: ['my-7'],
}));
export const IdempotencyKey = named('IdempotencyKey', text(IDEMPOTENCY_KEY_LENGTH_MAX, {
  description: 'A request with a key that was used before gets the first answer again.', examples: ['a-unique-uuid-12345'],
}));
export const InstrumentName = named('InstrumentName', pattern(INSTRUMENT_NAME, 'the name of an instrument', { examples: [INSTRUMENT_DEFAULT] }));
export const OrderId = named('OrderId', uuid({ description: 'UUIDv7, given by the venue.', examples: [ORDER_ID_EXAMPLE] }));

/** An account as the venue tells it: its own are among them. */
export const AccountName = named('AccountName', text(CLIENT_ID_LENGTH_MAX, { description: 'Name of an account.', examples: ['client-A', '@fees'] }));
export const AssetName = named('AssetName', pattern(ASSET_NAME, 'the name of an asset', { examples: ['USD'] }));
export const FeeGroupName = named('FeeGroupName', pattern(FEE_GROUP_NAME, 'the name of a group of fees', { examples: ['default'] }));
export const AssetAmount = named('AssetAmount', assetAmount({ description: 'Amount of an asset.', examples: ['1000.00', 1000] }));
export const FeeRate = named('FeeRate', rate({ description: 'Fraction of a trade\'s money, in whole millionths.', examples: ['0.0005', '-0.0001'] }));
export const Units = named('Units', decimal({ description: 'Amount of an asset, with the asset\'s decimals.', examples: ['1000.0000000000'] }));
export const SignedUnits = named('SignedUnits', signedDecimal({ description: 'Amount of an asset, with the asset\'s decimals; below zero with a sign.', examples: ['-25000.1000000000'] }));
export const SignedDecimal = named('SignedDecimal', signedDecimal({ description: 'Below zero with a sign.', examples: ['-0.50000000'] }));
export const TransferId = named('TransferId', uuid({ description: 'UUIDv7, given by the venue.', examples: [TRANSFER_ID_EXAMPLE] }));
export const Role = named('Role', word(ROLES));

export const Side = named('Side', word(SIDES));
export const OrderType = named('OrderType', word(ORDER_TYPES));
export const TimeInForce = named('TimeInForce', word(TIMES_IN_FORCE));
export const SelfTradePrevention = named('SelfTradePrevention', word(SELF_TRADE_PREVENTIONS));
export const OrderStatus = named('OrderStatus', word(ORDER_STATUSES));
export const Interval = named('Interval', word(INTERVALS));
export const Ack = named('Ack', word(ACKS));

export const Price = named('Price', amount({ description: 'Price of one unit, a multiple of the tick size.', examples: [50000, '50000.00'] }));
export const Quantity = named('Quantity', amount({ description: 'A multiple of the lot size.', examples: [0.5, '0.50000000'] }));
export const QuoteQuantity = named('QuoteQuantity', amount({ description: 'Money in the quote asset, a multiple of tick size × lot size.', examples: ['250.00', 250] }));
export const Slippage = named('Slippage', rate({ description: 'Fraction of a price, from 0 to 1, in whole millionths.', examples: ['0.005', 0.01] }));
export const Percent = named('Percent', rate({ description: 'Percentage of a price, above 0 and below 100, with at most 4 decimals.', examples: ['2.5', 1] }));
export const Decimal = named('Decimal', decimal({ description: 'With the instrument\'s own number of decimals.', examples: ['50000.00'] }));
export const Time = named('Time', time({ description: 'UTC, with microseconds.', examples: [TIME_EXAMPLE] }));
export const Sequence = named('Sequence', integer({ min: 0 }, { description: 'Number in the shard\'s log.' }));
