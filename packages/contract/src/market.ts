import {
  always, answer, either, flag, growingWord, integer, list, named, orNull, optional, required, row, signedDecimal, string, word, number,
} from './language';
import { ORDER_EXAMPLES, Staleness, TradeFields } from './orders';
import { Decimal, InstrumentName, Interval, OrderId, Sequence, Side, Time, TIME_EXAMPLE } from './values';
import { INSTRUMENT_DEFAULT, SHARD_STATES } from './words';

/** What anyone may read of the market, and how the venue is. */

export const CHECKSUM_MAX = 2 ** 32 - 1;

export const Level = named('Level', row([['price', Decimal], ['quantity', Decimal]], { description: 'Price and total quantity.' }));
export const QueuedOrder = named('QueuedOrder', row([['price', Decimal], ['quantity', Decimal], ['orderId', OrderId]], { description: 'Price, open quantity and id of one order.' }));

const BookFields = answer('BookFields', {
  instrument: required(InstrumentName),
  sequence: required(Sequence, 'The book contains every change up to this one.'),
  checksum: required(
    integer({ min: 0, max: CHECKSUM_MAX }),
    'CRC-32 over the ten best asks from the lowest, then the ten best bids from the highest: price and quantity of each level with the point and leading zeros removed, all joined.',
  ),
  timestamp: required(Time, 'Of the last change that it contains.'),
});

export const Orderbook = answer('Orderbook', {
  bids: required(list(Level), 'Best (highest) first.'),
  asks: required(list(Level), 'Best (lowest) first.'),
}, { parts: [BookFields] });

export const OrderQueues = answer('OrderQueues', {
  bids: required(list(QueuedOrder), 'Best (highest) first, those of one price in the order in which they will trade.'),
  asks: required(list(QueuedOrder), 'Best (lowest) first.'),
  truncated: optional(always(true), 'Where a side has more orders at these prices than are told.'),
}, { parts: [BookFields], description: 'Single orders: the book at level 3.' });

/** The book as its level has it; one without orders is either. */
export const AnyBook = either([Orderbook, OrderQueues], { overlaps: true });

export const Trade = answer('Trade', { taker_side: required(Side) }, { parts: [TradeFields] });

export const Trades = answer('Trades', {
  instrument: required(InstrumentName),
  trades: required(list(Trade), 'Newest first.'),
}, { parts: [Staleness] });

export const Candle = answer('Candle', {
  start: required(Time, 'The candle holds the trades executed from here to the start of the next one.'),
  open: required(Decimal, 'Price of the first trade.'),
  high: required(Decimal),
  low: required(Decimal),
  close: required(Decimal, 'Price of the last trade.'),
  volume: required(Decimal, 'Σ quantity, exact.'),
  trades: required(integer({ min: 0 }), '0 only where a gap was filled.'),
});

export const Candles = answer('Candles', {
  instrument: required(InstrumentName),
  interval: required(Interval),
  candles: required(list(Candle), 'Oldest first.'),
}, { parts: [Staleness] });

/** A ticker's content; the stream's message carries the same. */
export const TickerFields = answer('TickerFields', {
  last: required(orNull(Decimal), 'Price of the last trade; null, as all of it, before the first.'),
  last_quantity: required(orNull(Decimal)),
  last_trade_id: required(orNull(integer({ min: 1 }))),
  last_executed_at: required(orNull(Time)),
  bid: required(orNull(Decimal), 'The best bid; null while there is none.'),
  bid_quantity: required(orNull(Decimal)),
  ask: required(orNull(Decimal), 'The best ask; null while there is none.'),
  ask_quantity: required(orNull(Decimal)),
  open: required(orNull(Decimal), 'Price of the first trade of the last 24 hours; null, as high, low and both changes, without a trade in them.'),
  high: required(orNull(Decimal)),
  low: required(orNull(Decimal)),
  change: required(orNull(signedDecimal()), 'Last price less open.'),
  change_percent: required(orNull(signedDecimal()), 'Change in percent of open, to two decimals, halves away from zero.'),
  volume: required(Decimal, 'Σ quantity of the last 24 hours, exact.'),
  quote_volume: required(Decimal, 'Σ price × quantity of the last 24 hours, exact.'),
  trades: required(integer({ min: 0 })),
});

export const Ticker = answer('Ticker', {
  instrument: required(InstrumentName),
  sequence: required(Sequence, 'It contains every change up to this one.'),
  timestamp: required(Time, 'Of the last change that it contains.'),
}, { parts: [TickerFields, Staleness] });

export const Health = answer('Health', { status: required(word(['ok'])) });

const upOrDown = word(['up', 'down']);

export const Readiness = answer('Readiness', {
  status: required(word(['ready', 'not_ready'])),
  problem: required(orNull(string()), 'Why it is not ready.'),
  roles: required(list(word(['api', 'writer']))),
  redis: required(answer(null, {
    status: required(upOrDown),
    reason: required(orNull(string()), 'Why it cannot be reached, in one word that stays; null while it is up.'),
    durability_problems: required(list(string()), 'Settings of Redis with which a power cut could lose orders.'),
  })),
  postgres: required(answer(null, {
    status: required(upOrDown),
    durability_problems: required(list(string()), 'Settings of Postgres with which a crash could lose what was acknowledged.'),
    setting_problems: required(list(string()), 'Settings of Postgres that can refuse, hang or slow down.'),
  })),
  shard: required(answer(null, {
    name: required(string()),
    state: required(growingWord(SHARD_STATES)),
    epoch: required(orNull(string()), 'Names one unbroken life of the shard.'),
    sequence: required(orNull(Sequence)),
  })),
  writer: required(answer(null, {
    active: required(orNull(flag()), 'Whether this process is the one that writes to Postgres; null where that is another one.'),
    lag_entries: required(orNull(integer({ min: 0 }))),
    lag_seconds: required(orNull(number({ min: 0 }))),
  })),
  market_data: required(answer(null, { synced: required(flag()) })),
  people: required(orNull(answer(null, {
    loaded: required(flag(), 'Whether users and keys are known.'),
    stale_seconds: required(number({ min: 0 }), 'For how long nothing was heard of Postgres about users and keys.'),
    stale_max_seconds: required(number({ min: 1 }), 'From when on API keys are refused (`AUTH_STALE_MAX_S`).'),
    hashing: required(answer(null, {
      running: required(integer({ min: 0 })), running_max: required(integer({ min: 1 })), waiting_known: required(integer({ min: 0 })),
      waiting_strangers: required(integer({ min: 0 })), waiting_max: required(integer({ min: 1 }), 'Of each of both.'),
    }), 'Passwords that are hashed, and that wait for it: of people whom the venue knows, and of strangers.'),
    login_provider: required(orNull(upOrDown), 'Down while it does not answer and is not asked; null without one.'),
  })), 'null where callers are not asked who they are.'),
});

/** What answers look like, for the documents. */
export const MARKET_EXAMPLES = {
  orderbook: {
    instrument: INSTRUMENT_DEFAULT, sequence: 1042, bids: [['50000.00', '0.30000000']], asks: [['50010.00', '1.25000000'], ['50010.50', '0.40000000']],
    checksum: 2795410927, timestamp: TIME_EXAMPLE,
  },
  trades: { instrument: INSTRUMENT_DEFAULT, trades: [{ ...ORDER_EXAMPLES.trade, taker_side: 'buy' }] },
  candles: {
    instrument: INSTRUMENT_DEFAULT, interval: '1m',
    candles: [{
      start: '2026-01-31T09:26:00.000000Z', open: '49990.00', high: '50010.00', low: '49985.50', close: '49999.50', volume: '12.50000000', trades: 42,
    }],
  },
  ticker: {
    instrument: INSTRUMENT_DEFAULT, sequence: 1042, timestamp: TIME_EXAMPLE,
    last: '49999.50', last_quantity: '0.20000000', last_trade_id: 77, last_executed_at: TIME_EXAMPLE,
    bid: '49999.00', bid_quantity: '0.30000000', ask: '50010.00', ask_quantity: '1.25000000',
    open: '49500.00', high: '50120.00', low: '49310.50', change: '499.50', change_percent: '1.01',
    volume: '1250.75000000', quote_volume: '62350887.5000000000', trades: 8841,
  },
  readiness: {
    status: 'ready', problem: null, roles: ['api', 'writer'], redis: { status: 'up', reason: null, durability_problems: [] },
    postgres: { status: 'up', durability_problems: [], setting_problems: [] },
    shard: { name: 'main', state: 'open', epoch: '99E_tvbY', sequence: 1042 },
    writer: { active: true, lag_entries: 0, lag_seconds: 0 }, market_data: { synced: true },
    people: {
      loaded: true, stale_seconds: 0.1, stale_max_seconds: 3_600, hashing: { running: 0, running_max: 1, waiting_known: 0, waiting_strangers: 0, waiting_max: 100 }, login_provider: null,
    },
  },
} as const;
