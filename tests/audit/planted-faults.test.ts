import { ENTRY, LOGGED_PLACE, ORDER_RECORD_VERSION, positionsOf } from '../../src/domain/layouts';
import { compactId } from '../../src/domain/order-id';
import { idempotencyDigest } from '../../src/engine/idempotency';
import { Load } from '../persistence/support/load';
import { ShardView } from '../persistence/support/shard-view';
import { callOnce } from '../support/client';
import { until } from '../support/until';
import { Venue } from '../support/venue';
import { Planting, type Fault } from './planting';
import { audit, runCommand } from './support';

const SEED = 20_261_121;
const REQUESTS = 200;
const REQUESTS_UNPERSISTED = 30;
const TABLES = ['journal', 'orders', 'trades', 'candles', 'checkpoints', 'dead_letters', 'algos', 'algo_slices'] as const;
const STRANGER = '01890000-0000-7000-8000-000000000001';

let venue: Venue;
/** Three orders of one level in queue order; a fourth traded with the first. */
let queue: [string, string, string];
let taker: string;
let tradeId: number;
let algoId: string;
/** A key, and the log sequence at which it was used. */
let keyDigest: string;
let keySequence: number;
let placeSequence: number;
let last: { sequence: number; persisted: number };

let planting: Planting;

const key = (name: string): string => planting.key(name);
const redis = (...args: string[]): Promise<unknown> => planting.redis(...args);
const sql = (text: string): Promise<unknown> => planting.sql(text);
const member = async (orderId: string): Promise<string> => {
  const all = (await redis('ZRANGE', key('book:BTC-USD:bids'), '0', '-1')) as string[];
  return all.find((one) => one.endsWith(compactId(orderId))) as string;
};
const record = async (orderId: string): Promise<string> => (await redis('HGET', key('orders'), compactId(orderId))) as string;
const setRecord = (orderId: string, text: string): Promise<unknown> => redis('HSET', key('orders'), compactId(orderId), text);
const payload = (sequence: number): Promise<unknown[]> => planting.payload(sequence);
const setPayload = (sequence: number, entry: unknown): Promise<unknown> => planting.setPayload(sequence, entry);
const changeLog: Planting['changeLog'] = (change) => planting.changeLog(change);

beforeAll(async () => {
  venue = await Venue.open();
  const shard = new ShardView(venue);
  let running = await venue.start();
  const load = new Load(() => running.url, { seed: SEED, workers: 2 });
  await load.run(REQUESTS);

  const call = async (method: string, path: string, body: unknown): Promise<{ order_id: string; trades: { trade_id: number }[]; sequence: number }> => {
    const answer = await callOnce<{ order_id: string; trades: { trade_id: number }[]; sequence: number }>(running.url, method, path, { body });
    expect(answer.status).toBeLessThan(300);
    return answer.body;
  };
  const bid = { client_id: 'planter', instrument: 'BTC-USD', side: 'buy', type: 'limit', price: '200.00', quantity: '2' };
  // Above every offer of the load once those are taken.
  await call('POST', '/orders', { ...bid, client_id: 'sweeper', quantity: '1', time_in_force: 'ioc' });
  const first = await call('POST', '/orders', { ...bid, client_order_id: 'first', idempotency_key: 'key-first' });
  const second = await call('POST', '/orders', bid);
  const third = await call('POST', '/orders', { ...bid, client_order_id: 'third' });
  queue = [first.order_id, second.order_id, third.order_id];
  placeSequence = second.sequence;
  keyDigest = idempotencyDigest('planter', 'key-first');
  keySequence = first.sequence;
  const hit = await call('POST', '/orders', { ...bid, client_id: 'hitter', side: 'sell', quantity: '0.5', idempotency_key: 'key-hit' });
  taker = hit.order_id;
  tradeId = (hit.trades[0] as { trade_id: number }).trade_id;
  const { order_id: leaving } = await call('POST', '/orders', { ...bid, client_id: 'leaver', price: '1.00', instrument: 'ETH-USD', quantity: '1' });
  await call('PATCH', `/orders/${leaving}`, { quantity: '0.5' });
  expect((await callOnce(running.url, 'DELETE', '/orders?client_id=leaver')).body).toMatchObject({ cancelled: [leaving] });
  const twap = await callOnce<{ algo_id: string }>(running.url, 'POST', '/algos/twap', {
    body: { client_id: 'slicer', instrument: 'ETH-USD', side: 'buy', quantity: '3', duration_s: 1, slices: 3, limit_price: '0.01' },
  });
  algoId = twap.body.algo_id;
  await until('the algo has ended', async () => (await callOnce<{ status: string }>(running.url, 'GET', `/algos/${algoId}`)).body.status === 'expired');
  expect(load.unexpected).toEqual([]);
  await shard.persisted();
  await running.stop();

  // What is only in Redis so far is audited as well.
  running = await venue.start({ ROLES: 'api' });
  // Beside the planted orders, which stay as they are.
  const more = new Load(() => running.url, { seed: SEED + 1, workers: 2, instruments: ['ETH-USD'] });
  await more.run(REQUESTS_UNPERSISTED);
  load.close();
  more.close();
  await running.stop();
  planting = await Planting.begin(venue, TABLES);
  ({ last } = planting);
  expect(last.sequence).toBeGreaterThan(last.persisted);
}, 60_000);

const ENTRY_AT = positionsOf(ENTRY);
const PLACE_AT = positionsOf(LOGGED_PLACE);

const JOURNAL = 'journal without gaps, every entry follows from those before: ';
const ROWS = 'postgres: orders equal the replay: ';
const TRADES = 'postgres: trades equal the replay: ';
const CANDLES = 'postgres: candles equal the replayed trades: ';
const STATE = 'redis: orders, books, queues, depths, listings and counters equal the replay: ';
const OWNERS = 'redis: no key without an owner, every structure tells the same: ';
const TAPE = 'redis: recent trades equal the replay: ';
const KEYS = 'redis: idempotency keys point at their entries: ';
const LINEAGE = 'checkpoint and log agree: ';
const LEVEL = 'BTC-USD bids level 20000';
/** Key of the newest hour. */
const HOUR = `('BTC-USD', 3600, (SELECT max(start_s) FROM candles WHERE instrument = 'BTC-USD' AND interval_s = 3600))`;
const LEVEL_LOTS = 550_000_000;

const ALGOS = 'postgres: algos tell what their slices traded, and no slice is there twice: ';
const sliceIs = (slice: number): string => `algo_id = '${algoId}' AND slice = ${slice}`;

const inPostgres: Fault[] = [
  {
    name: 'a slice that another order is', tables: ['algo_slices'], byCommand: true,
    plant: () => sql(`UPDATE algo_slices SET order_id = '${STRANGER}' WHERE ${sliceIs(2)}`), finds: () => `${ALGOS}slice 2 of algo ${algoId} is order ${STRANGER}, entry `,
  }, {
    name: 'a slice of another quantity than its order', tables: ['algo_slices'],
    plant: () => sql(`UPDATE algo_slices SET quantity_lots = 7 WHERE ${sliceIs(1)}`), finds: () => `${ALGOS}slice 1 of algo ${algoId} .quantityLots: expected 7, got `,
  }, {
    name: 'a slice that was placed and is not counted', tables: ['algo_slices'],
    plant: () => sql(`UPDATE algo_slices SET status = 'missed' WHERE ${sliceIs(3)}`), finds: () => `${ALGOS}algo ${algoId} .slicesPlaced: expected 2, got 3`,
  }, {
    name: 'an algo that tells more than it has traded', tables: ['algos'],
    plant: () => sql('UPDATE algos SET filled_lots = 1'), finds: () => `${ALGOS}algo ${algoId} .filledLots: expected 0, got 1`,
  }, {
    name: 'a slice that was placed twice', tables: ['journal'],
    plant: async () => {
      const [slice] = await venue.database.query<{ sequence: string; idempotency: string }>(
        `SELECT sequence, journal.idempotency FROM journal WHERE sequence = (SELECT min(sequence) FROM orders WHERE client_id = 'slicer')`);
      const entry = await payload(placeSequence);
      entry[ENTRY_AT.idempotency] = slice?.idempotency;
      await setPayload(placeSequence, entry);
    },
    finds: () => `${ALGOS}slice 1 of algo ${algoId} is placed in entry ${placeSequence} and in entry `,
  },
  {
    name: 'a journal entry that is missing', tables: ['journal'], byCommand: true,
    plant: () => sql('DELETE FROM journal WHERE sequence = 50'), finds: () => `${JOURNAL}entry 50 is missing`,
  }, {
    name: 'a journal entry that was altered', tables: ['journal'],
    plant: async () => {
      const entry = await payload(placeSequence);
      // Asked for in another quantity than what came of it.
      (entry[ENTRY_AT.command] as unknown[])[PLACE_AT.quantity] = 7;
      await setPayload(placeSequence, entry);
    },
    finds: () => `${JOURNAL}entry ${placeSequence} (place of order ${queue[1]}) is not what the reference book makes of it: `,
  }, {
    name: 'a journal entry that cannot be read', tables: ['journal'],
    plant: () => setPayload(placeSequence, '[1,"pla'), finds: () => `${JOURNAL}entry ${placeSequence} cannot be read: `,
  }, {
    name: 'a journal entry that is there twice', tables: ['journal'],
    plant: () => sql(`INSERT INTO journal SELECT shard, sequence, at + interval '1 second', kind, idempotency, payload FROM journal WHERE sequence = 50`),
    finds: () => `${JOURNAL}entry 50 is there twice`,
  }, {
    name: 'journal entries that changed places', tables: ['journal'],
    plant: async () => {
      const [one, other] = [await payload(50), await payload(51)];
      await setPayload(50, other);
      await setPayload(51, one);
    },
    finds: () => `${JOURNAL}entry 50 calls itself 51`,
  }, {
    name: "a journal entry's key in the wrong column", tables: ['journal'],
    plant: () => sql(`UPDATE journal SET idempotency = 'somebody-elses-key' WHERE sequence = ${keySequence}`),
    finds: () => `${JOURNAL}entry ${keySequence}, its columns .idempotency: expected "${keyDigest}", got "somebody-elses-key"`,
  }, {
    name: 'a fill whose maker side is missing', tables: ['journal'],
    plant: async () => {
      const [row] = await venue.database.query<{ sequence: string }>('SELECT sequence FROM trades WHERE taker_order_id = $1', [taker]);
      const sequence = Number(row?.sequence);
      const entry = await payload(sequence);
      const [trade] = entry[ENTRY_AT.events] as [unknown[]];
      trade[trade.length - 1] = compactId(STRANGER);
      await setPayload(sequence, entry);
    },
    finds: () => new RegExp(`${JOURNAL}entry \\d+: trade ${tradeId}: maker ${STRANGER} was not open`),
  }, {
    name: 'an order row that is missing', tables: ['orders'],
    plant: () => sql(`DELETE FROM orders WHERE order_id = '${queue[1]}'`), finds: () => `${ROWS}order ${queue[1]} is missing`,
  }, {
    name: 'an order row with another status', tables: ['orders'],
    plant: () => sql(`UPDATE orders SET status = 'cancelled', status_reason = 'requested' WHERE order_id = '${queue[1]}'`),
    finds: () => `${ROWS}order ${queue[1]} .status: expected "open", got "cancelled"`,
  }, {
    name: 'an order row with another filled quantity', tables: ['orders'],
    plant: () => sql(`UPDATE orders SET filled_lots = filled_lots + 1 WHERE order_id = '${queue[0]}'`),
    finds: () => `${ROWS}order ${queue[0]} .filledLots: expected 50000000, got 50000001`,
  }, {
    name: 'an order row too many', tables: ['orders'],
    plant: () => sql(`INSERT INTO orders SELECT '${STRANGER}', client_id, client_order_id, instrument, side, type, time_in_force, post_only, price_ticks,
      quantity_lots, filled_lots, notional, status, status_reason, sequence, fill_sequence, priority, created_us, updated_us, shard, placed_sequence FROM orders WHERE order_id = '${queue[1]}'`),
    finds: () => `${ROWS}order ${STRANGER} is in no journal entry`,
  }, {
    name: 'a trade row that is missing', tables: ['trades'],
    plant: () => sql(`DELETE FROM trades WHERE instrument = 'BTC-USD' AND trade_id = ${tradeId}`), finds: () => `${TRADES}trade ${tradeId} of BTC-USD is missing`,
  }, {
    name: 'a trade row at another price', tables: ['trades'],
    plant: () => sql(`UPDATE trades SET price_ticks = 20001 WHERE instrument = 'BTC-USD' AND trade_id = ${tradeId}`),
    finds: () => `${TRADES}trade ${tradeId} of BTC-USD .priceTicks: expected 20000, got 20001`,
  }, {
    name: 'a trade row that belongs to another entry', tables: ['trades'],
    plant: () => sql(`UPDATE trades SET sequence = sequence - 1 WHERE instrument = 'BTC-USD' AND trade_id = ${tradeId}`),
    finds: () => `${TRADES}trade ${tradeId} of BTC-USD .sequence: expected `,
  }, {
    name: 'a trade row that is there twice', tables: ['trades'],
    plant: () => sql(`INSERT INTO trades SELECT instrument, trade_id, price_ticks, quantity_lots, taker_side, maker_order_id, taker_order_id, sequence, executed_us,
      executed_at + interval '1 second', shard FROM trades WHERE instrument = 'BTC-USD' AND trade_id = ${tradeId}`),
    finds: () => `${TRADES}trade ${tradeId} of BTC-USD is there twice`,
  }, {
    name: 'a trade row too many', tables: ['trades'],
    plant: () => sql(`INSERT INTO trades SELECT instrument, 1000000, price_ticks, quantity_lots, taker_side, maker_order_id, taker_order_id, sequence, executed_us, executed_at, shard
      FROM trades WHERE instrument = 'BTC-USD' AND trade_id = ${tradeId}`),
    finds: () => `${TRADES}trade 1000000 of BTC-USD is in no journal entry`,
  }, {
    name: 'a candle that is missing', tables: ['candles'],
    plant: () => sql(`DELETE FROM candles WHERE (instrument, interval_s, start_s) = ${HOUR}`),
    finds: () => new RegExp(`^${CANDLES}candle of BTC-USD, 3600 s from \\S+Z is missing$`),
  }, {
    name: 'a candle without trades', tables: ['candles'],
    plant: () => sql(`INSERT INTO candles SELECT instrument, interval_s, start_s - 86400, open_ticks, high_ticks, low_ticks, close_ticks, volume_lots, notional, trades,
      first_trade_id, last_trade_id, shard FROM candles WHERE (instrument, interval_s, start_s) = ${HOUR}`),
    finds: () => new RegExp(`^${CANDLES}candle of BTC-USD, 3600 s from \\S+Z: no trade is of that time$`),
  }, {
    name: 'a candle of a trade that was counted twice', tables: ['candles'],
    plant: () => sql(`UPDATE candles SET trades = trades + 1 WHERE (instrument, interval_s, start_s) = ${HOUR}`),
    finds: () => new RegExp(`^${CANDLES}candle of BTC-USD, 3600 s from \\S+Z \\.trades: expected \\d+, got \\d+$`),
  }, {
    name: 'a candle with another volume', tables: ['candles'], byCommand: true,
    plant: () => sql(`UPDATE candles SET volume_lots = volume_lots + 1 WHERE (instrument, interval_s, start_s) = ${HOUR}`),
    finds: () => new RegExp(`^${CANDLES}candle of BTC-USD, 3600 s from \\S+Z \\.volumeLots: expected "\\d+", got "\\d+"$`),
  }, {
    name: 'a candle with another price', tables: ['candles'],
    plant: () => sql(`UPDATE candles SET low_ticks = low_ticks - 1 WHERE instrument = 'ETH-USD' AND interval_s = 1 AND start_s =
      (SELECT max(start_s) FROM candles WHERE instrument = 'ETH-USD' AND interval_s = 1)`),
    finds: () => new RegExp(`^${CANDLES}candle of ETH-USD, 1 s from \\S+Z \\.lowTicks: expected \\d+, got \\d+$`),
  }, {
    name: 'an entry in dead letters', tables: ['journal', 'dead_letters'],
    plant: () => sql(`INSERT INTO dead_letters (shard, sequence, payload, reason) SELECT shard, sequence, payload, 'planted' FROM journal WHERE sequence = 50;
      DELETE FROM journal WHERE sequence = 50`),
    finds: () => 'no entry in dead letters: entry 50 was refused by postgres: "npm run dead-letters" tells why',
  }, {
    name: 'a checkpoint that ran ahead', tables: ['checkpoints'],
    plant: () => sql('UPDATE checkpoints SET sequence = sequence + 5'),
    finds: () => `${JOURNAL}the journal ends at entry ${last.persisted}, the checkpoint says ${last.persisted + 5}`,
  }, {
    name: 'a checkpoint that fell back', tables: ['checkpoints'],
    plant: () => sql('UPDATE checkpoints SET sequence = sequence - 5'),
    finds: () => `${JOURNAL}entry ${last.persisted} lies beyond the checkpoint ${last.persisted - 5}`,
  }, {
    name: 'a checkpoint of another life', tables: ['checkpoints'],
    plant: () => sql(`UPDATE checkpoints SET epoch = 'another0'`), finds: () => /^checkpoint and log agree: redis lives in epoch \S+, postgres in another0$/,
  },
];

const inRedis: Fault[] = [
  {
    name: 'an order that left the book', keys: ['book:BTC-USD:bids'],
    plant: async () => redis('ZREM', key('book:BTC-USD:bids'), await member(queue[1])), finds: () => `${STATE}${LEVEL}: order ${queue[1]} does not wait there`,
  }, {
    name: 'an order in the book that nobody placed', keys: ['book:BTC-USD:bids'],
    plant: () => redis('ZADD', key('book:BTC-USD:bids'), '-20000', `00000000000007${compactId(STRANGER)}`),
    finds: () => `${STATE}${LEVEL}: order ${STRANGER} waits there and must not`,
  }, {
    name: 'something in the book that is no order', keys: ['book:BTC-USD:bids'],
    plant: () => redis('ZADD', key('book:BTC-USD:bids'), '-20000', 'nonsense'), finds: () => /^redis: no key without an owner.*BTC-USD bids: order \S+ waits at place /,
  }, {
    name: 'an order at another price of the book', keys: ['book:BTC-USD:bids'], byCommand: true,
    plant: async () => redis('ZADD', key('book:BTC-USD:bids'), '-20001', await member(queue[2])),
    finds: () => `${STATE}BTC-USD bids level 20001 is too many, with order ${queue[2]}`,
  }, {
    name: 'orders that changed places in the queue', keys: ['book:BTC-USD:bids', 'orders'],
    // In every structure alike: only the record tells that it was not so.
    plant: async () => {
      const members = [await member(queue[0]), await member(queue[1])] as const;
      const records = [await record(queue[0]), await record(queue[1])] as const;
      await redis('ZREM', key('book:BTC-USD:bids'), ...members);
      for (const [i, orderId] of [queue[0], queue[1]].entries()) {
        const [own, other] = [members[i] as string, members[1 - i] as string];
        await redis('ZADD', key('book:BTC-USD:bids'), '-20000', other.slice(0, 14) + own.slice(14));
        await setRecord(orderId, (records[i] as string).replace(`,${Number(own.slice(0, 14))},20000,`, `,${Number(other.slice(0, 14))},20000,`));
      }
    },
    finds: () => `${STATE}${LEVEL}: place 1 of the queue has order ${queue[1]}, its turn is that of order ${queue[0]}`,
  }, {
    name: 'a depth that is too high', keys: ['depth:BTC-USD:bids'],
    plant: () => redis('HINCRBY', key('depth:BTC-USD:bids'), '20000', '1'), finds: () => `${STATE}${LEVEL} tells ${LEVEL_LOTS + 1} lots, the replay has ${LEVEL_LOTS}`,
  }, {
    name: 'a depth that is missing', keys: ['depth:BTC-USD:bids'],
    plant: () => redis('HDEL', key('depth:BTC-USD:bids'), '20000'), finds: () => `${STATE}${LEVEL} tells 0 lots, the replay has ${LEVEL_LOTS}`,
  }, {
    name: 'a depth where nobody waits', keys: ['depth:BTC-USD:bids'],
    plant: () => redis('HSET', key('depth:BTC-USD:bids'), '19999', '5'), finds: () => `${OWNERS}BTC-USD bids: 5 lots at 19999, where no order waits`,
  }, {
    name: 'an order without its record', keys: ['orders'],
    plant: () => redis('HDEL', key('orders'), compactId(queue[1])), finds: () => `${STATE}order ${queue[1]} of planter is open, its record is missing`,
  }, {
    name: 'an order record that was altered', keys: ['orders'],
    plant: async () => setRecord(queue[0], (await record(queue[0])).replace(`${ORDER_RECORD_VERSION},50000000,`, `${ORDER_RECORD_VERSION},50000001,`)),
    finds: () => `${STATE}order ${queue[0]} .filledLots: expected 50000000, got 50000001`,
  }, {
    name: 'an order record that cannot be read', keys: ['orders'],
    plant: () => setRecord(queue[0], 'nonsense'), finds: () => `${OWNERS}order ${queue[0]}: its record nonsense cannot be read: `,
  }, {
    name: 'an order record too many', keys: ['orders'],
    plant: async () => setRecord(STRANGER, await record(queue[0])),
    finds: () => `${STATE}order ${STRANGER} is in no journal entry`,
  }, {
    name: 'an open order that its client does not find', keys: ['open:planter'],
    plant: () => redis('ZREM', key('open:planter'), compactId(queue[1])), finds: () => `${STATE}open orders of client planter: order ${queue[1]} is missing`,
  }, {
    name: "another client's order among the open ones", keys: ['open:stranger'],
    plant: () => redis('ZADD', key('open:stranger'), '0', compactId(queue[1])),
    finds: () => `${STATE}open orders of client stranger: order ${queue[1]} is there and must not be`,
  }, {
    name: 'a client order id that is missing', keys: ['client_order_ids'],
    plant: () => redis('HDEL', key('client_order_ids'), 'planter","first'), finds: () => `${STATE}client order ids of client planter: name first is missing`,
  }, {
    name: 'a client order id of no order', keys: ['client_order_ids'],
    plant: () => redis('HSET', key('client_order_ids'), 'planter","fourth', compactId(STRANGER)),
    finds: () => `${STATE}client order ids of client planter: name fourth is there and must not be`,
  }, {
    name: 'a client order id of another order', keys: ['client_order_ids'],
    plant: () => redis('HSET', key('client_order_ids'), 'planter","first', compactId(queue[1])),
    finds: () => `${STATE}client order ids of client planter: name first points at order ${queue[1]}, it is order ${queue[0]}`,
  }, {
    name: 'an idempotency key that points elsewhere', keys: ['idem'],
    plant: async () => redis('HSET', key('idem'), keyDigest, ((await redis('HGET', key('idem'), keyDigest)) as string).replace(/^\d+/, '3')),
    finds: () => `${KEYS}key ${keyDigest} points at entry 3, it was used at entry ${keySequence}`,
  }, {
    name: 'an idempotency key that is missing', keys: ['idem'],
    plant: () => redis('HDEL', key('idem'), keyDigest), finds: () => `${KEYS}key ${keyDigest} of entry ${keySequence} is missing`,
  }, {
    name: 'all idempotency keys gone', keys: ['idem'],
    plant: () => redis('DEL', key('idem')), finds: () => new RegExp(`^${KEYS}key \\S+ of entry \\d+ is missing$`),
  }, {
    name: 'an idempotency key that nobody used', keys: ['idem'],
    plant: () => redis('HSET', key('idem'), 'x'.repeat(22), '3,1'), finds: () => `${KEYS}key ${'x'.repeat(22)} points at entry 3, no entry carries it`,
  }, {
    name: 'a recent trade that was altered', keys: ['trades:BTC-USD'],
    plant: async () => {
      const rows = (await redis('LRANGE', key('trades:BTC-USD'), '0', '-1')) as string[];
      const at = rows.findIndex((row) => row.startsWith(`${tradeId},`));
      await redis('LSET', key('trades:BTC-USD'), String(at), (rows[at] as string).replace(',20000,', ',20001,'));
    },
    finds: () => `${TAPE}recent trades of BTC-USD: trade ${tradeId} .priceTicks: expected 20000, got 20001`,
  }, {
    name: 'a recent trade that is missing', keys: ['trades:BTC-USD'],
    plant: () => redis('LPOP', key('trades:BTC-USD')), finds: () => /^redis: recent trades equal the replay: recent trades of BTC-USD: trade \d+ \.tradeId: expected/,
  }, {
    name: 'no recent trades at all', keys: ['trades:BTC-USD'],
    plant: () => redis('DEL', key('trades:BTC-USD')), finds: () => /recent trades of BTC-USD are missing, the newest is trade \d+$/,
  }, {
    name: 'a trade id counter that ran ahead', keys: ['meta'],
    plant: () => redis('HINCRBY', key('meta'), 'trade_id:BTC-USD', '1'), finds: () => new RegExp(`^${STATE}trade id counter of BTC-USD: expected \\d+, got \\d+$`),
  }, {
    name: 'a sequence counter that ran ahead', keys: ['meta'],
    plant: () => redis('HINCRBY', key('meta'), 'seq', '1'), finds: () => `${LINEAGE}the log ends at entry ${last.sequence}, the shard's sequence is ${last.sequence + 1}`,
  }, {
    name: 'a sequence counter that fell back', keys: ['meta'],
    plant: () => redis('HINCRBY', key('meta'), 'seq', '-1'), finds: () => `${LINEAGE}the log ends at entry ${last.sequence}, the shard's sequence is ${last.sequence - 1}`,
  }, {
    name: 'a clock that fell back', keys: ['meta'],
    plant: () => redis('HINCRBY', key('meta'), 'time_us', '-1'), finds: () => /the shard's time is \d+, its last entry's is \d+$/,
  }, {
    name: 'a shard that stopped itself', keys: ['meta'],
    plant: () => redis('HSET', key('meta'), 'state', 'faulted', 'fault', 'planted'), finds: () => `${LINEAGE}the shard is faulted: planted`,
  }, {
    name: 'a field that belongs to nothing', keys: ['meta'],
    plant: () => redis('HSET', key('meta'), 'sequence', '1'), finds: () => `${OWNERS}key ${key('meta')} has a field sequence, which belongs to nothing`,
  }, {
    name: 'a key that belongs to nothing', keys: ['leftover'],
    plant: () => redis('SET', key('leftover'), 'x'), finds: () => `${OWNERS}key ${key('leftover')} belongs to nothing`,
  }, {
    name: 'a key like one of ours', keys: ['orders:old'],
    plant: () => redis('SET', key('orders:old'), 'x'), finds: () => `${OWNERS}key ${key('orders:old')} belongs to nothing`,
  }, {
    name: 'a key like that of a signature', keys: ['once:old'],
    plant: () => redis('SET', key('once:old'), 'x'), finds: () => `${OWNERS}key ${key('once:old')} belongs to nothing`,
  }, {
    name: 'a key of another type', keys: ['depth:BTC-USD:bids'],
    plant: async () => { await redis('DEL', key('depth:BTC-USD:bids')); await redis('SET', key('depth:BTC-USD:bids'), 'x'); },
    finds: () => `${OWNERS}key ${key('depth:BTC-USD:bids')} is no hash`,
  }, {
    name: 'entries let go of that Postgres does not hold', keys: ['meta'],
    plant: () => redis('HSET', key('meta'), 'persisted', String(last.persisted + 1)),
    finds: () => `${LINEAGE}redis let go of entries up to ${last.persisted + 1}, postgres holds ${last.persisted}`,
  }, {
    name: 'another life of the shard', keys: ['meta'],
    plant: () => redis('HSET', key('meta'), 'epoch', 'another0'), finds: () => /^checkpoint and log agree: redis lives in epoch another0, postgres in \S+$/,
  }, {
    name: 'a gap in the log', keys: ['log'],
    plant: () => changeLog((text, sequence) => (sequence === 50 ? null : text)), finds: () => `${LINEAGE}the log has a gap between entry 49 and entry 51`,
  }, {
    name: 'a log that ends too early', keys: ['log'],
    plant: () => changeLog((text, sequence) => (sequence === last.sequence ? null : text)), finds: () => `${LINEAGE}the log ends at entry ${last.sequence - 1}, the shard's sequence is ${last.sequence}`,
  }, {
    name: 'a log that is gone', keys: ['log'],
    plant: () => redis('DEL', key('log')), finds: () => `${LINEAGE}entries ${last.persisted + 1} to ${last.sequence} are neither persisted nor in the log`,
  }, {
    name: 'a log entry that is not the one in the journal', keys: ['log'],
    plant: () => changeLog((text, sequence) => (sequence === placeSequence ? text.replace('200000000', '200000001') : text)),
    finds: () => `${LINEAGE}entry ${placeSequence} stands in the log of redis otherwise than in the journal: `,
  },
];

describe('an audit finds nothing', () => {
  it('in a venue that orders, amends, cancels, mass cancels, keyed commands and partial fills have gone through', async () => {
    // One that was used, as callers who sign leave it.
    await redis('SADD', key('once:1700000000'), 's');
    expect(await audit(venue)).toEqual([]);
    const kinds = await venue.database.query<{ kind: string }>('SELECT DISTINCT kind FROM journal ORDER BY kind');
    expect(kinds.map((row) => row.kind)).toEqual(expect.arrayContaining(['amend', 'cancel', 'mass_cancel', 'place', 'refuse']));
    const done = await runCommand('verify', venue.environment());
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout).toContain(`verified up to sequence ${last.sequence}: everything agrees`);
  });
});

describe('an audit finds, and says what is wrong and where:', () => {
  it.each([...inPostgres, ...inRedis])('$name', (fault) => planting.expectFound(fault));
});

afterAll(async () => {
  try {
    await planting.expectSound();
  } finally {
    await venue.close();
  }
});
