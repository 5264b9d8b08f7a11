import { setTimeout as sleep } from 'node:timers/promises';
import { INTERVAL_SECONDS, type Interval } from '../../src/domain/candle';
import { seededRandom } from '../../src/seeded-random';
import { Client } from '../support/client';
import { testSeed } from '../persistence/support/load';
import { until } from '../support/until';
import { MessageContract } from '../support/asyncapi';
import { Venue, type RunningApp } from '../support/venue';
import { StreamClient, type StreamMessage } from './support/stream-client';

interface CandleData { interval: Interval; start: string; trades: number; closed: boolean }

describe('the channels ticker and candles', () => {
  let venue: Venue;
  let running: RunningApp;
  let http: Client;

  beforeAll(async () => {
    venue = await Venue.open();
    running = await venue.start();
    http = new Client(() => running.url);
  });
  afterAll(async () => {
    http.close();
    await venue.close();
  });

  const place = async (body: Readonly<Record<string, unknown>>): Promise<number> => {
    const answer = await http.post('/orders', { client_id: 'ann', instrument: 'BTC-USD', type: 'limit', quantity: '1', ...body });
    expect(answer.status).toBe(201);
    return (answer.body as { sequence: number }).sequence;
  };
  const data = (message: StreamMessage): CandleData => message.data as unknown as CandleData;

  test('tell in the end what the calls tell, and each candle that is over once', async () => {
    const random = seededRandom(testSeed('market channels'));
    const bare = await StreamClient.open(running.url);
    const client = await StreamClient.open(running.url, '?channels=ticker,candles&instruments=BTC-USD');
    await client.next('a first ticker', (message) => message.type === 'ticker');
    const until3Seconds = Date.now() + 3_000;
    let last = 0;
    while (Date.now() < until3Seconds) {
      last = await place({ side: random.pick(['buy', 'sell']), price: `${98 + random.below(5)}.00` });
      await sleep(random.below(40));
    }
    await client.caughtUp(last);
    // Seconds are over without a trade behind them, too.
    await until('the last second is closed', () => data(client.ofType('candle').filter((one) => data(one).interval === '1s').at(-1) as StreamMessage).closed);

    const ticker = (await http.get('/public/ticker?instrument=BTC-USD')).body as Record<string, unknown>;
    expect(client.ofType('ticker').at(-1)?.data).toEqual(Object.fromEntries(Object.entries(ticker).filter(([name]) => !['instrument', 'sequence', 'timestamp'].includes(name))));
    const texts = client.ofType('ticker').slice(1).map((one) => JSON.stringify(one.data));
    expect(texts.filter((text, i) => i > 0 && text === texts[i - 1])).toEqual([]);

    for (const interval of Object.keys(INTERVAL_SECONDS) as Interval[]) {
      const told = client.ofType('candle').map(data).filter((one) => one.interval === interval);
      const lastOf = new Map(told.map((one) => [one.start, one]));
      const { candles } = (await http.get(`/public/candles?interval=${interval}`)).body as { candles: { start: string }[] };
      expect([...lastOf.values()].map(({ interval: _interval, closed: _closed, ...candle }) => candle)).toEqual(candles);
      const closed = told.filter((one) => one.closed).map((one) => one.start);
      expect(closed).toEqual([...new Set(closed)]);
      // All but the last are closed, and nothing comes to a closed one.
      expect(closed.length).toBeGreaterThanOrEqual(lastOf.size - 1);
      for (const start of closed) expect(told.filter((one) => one.start === start).at(-1)?.closed).toBe(true);
      // In the order of time.
      expect(told.map((one) => one.start)).toEqual(told.map((one) => one.start).sort());
    }
    expect(bare.messages.filter(({ type }) => type === 'ticker' || type === 'candle')).toEqual([]);
    await bare.close();
    await client.close();
  });

  test('begin with what is now, also after a restart, and are as their contract says', async () => {
    await running.stop();
    running = await venue.start();
    const client = await StreamClient.open(running.url, '?channels=ticker,candles&instruments=BTC-USD,ETH-USD');
    for (const instrument of ['BTC-USD', 'ETH-USD']) {
      const first = await client.next(`the ticker of ${instrument}`, (one) => one.type === 'ticker' && one.instrument === instrument);
      const { instrument: _instrument, sequence: _sequence, timestamp: _timestamp, ...now } = (await http.get(`/public/ticker?instrument=${instrument}`)).body as Record<string, unknown>;
      expect(first.data).toEqual(now);
    }
    await place({ side: 'sell', price: '90.00' });
    const last = await place({ side: 'buy', price: '90.00' });
    await client.caughtUp(last);
    const { candles: [today] } = (await http.get('/public/candles?interval=1d&limit=1')).body as { candles: { start: string; trades: number }[] };
    const day = await client.next('the day goes on where it stood', (one) => one.type === 'candle' && data(one).interval === '1d' && data(one).trades === today?.trades);
    expect(data(day)).toEqual({ interval: '1d', ...today, closed: false });
    const contract = await MessageContract.of(running.url, 'stream');
    expect(client.messages.flatMap((message) => contract.violations(message.type, message))).toEqual([]);
    await client.close();
  });

  test('tell a ticker again that an earlier follower had before this one came', async () => {
    const lastBid = (client: StreamClient): unknown => client.ofType('ticker').at(-1)?.data.bid;
    const follow = (): Promise<StreamClient> => StreamClient.open(running.url, '?channels=ticker&instruments=ETH-USD');
    const earlier = await follow();
    await earlier.caughtUp(await place({ instrument: 'ETH-USD', side: 'buy', price: '101.00' }));
    await until('it is told the first bid', () => lastBid(earlier) === '101.00');
    await earlier.close();
    const answer = await http.post('/orders', { client_id: 'ann', instrument: 'ETH-USD', side: 'buy', type: 'limit', price: '102.00', quantity: '1' });
    const { order_id: id, sequence } = answer.body as { order_id: string; sequence: number };
    const watcher = await StreamClient.open(running.url, '?channels=orders');
    await watcher.caughtUp(sequence);
    const later = await follow();
    await until('it is told the second bid', () => lastBid(later) === '102.00');
    await http.call('DELETE', `/orders/${id}`);
    await until('it is told the first bid again', () => lastBid(later) === '101.00');
    for (const client of [watcher, later]) await client.close();
  });

  const untilRecorded = (): Promise<void> => until('everything is in the record', async () => {
    const [told, persisted] = await venue.redis.command('HMGET', `{${venue.shard}}:meta`, 'seq', 'persisted') as [string, string];
    return told === persisted;
  });

  test('close a candle that was under way when the books were lost, and over when they came back', async () => {
    await running.stop();
    running = await venue.start({ AUTO_RECOVER: 'false' });
    const recover = async (): Promise<void> => {
      const other = await venue.start();
      await until('orders are taken', async () => (await http.post('/orders', { client_id: 'ann', side: 'buy', type: 'limit', price: '1.00', quantity: '1' })).status === 201);
      await other.stop();
    };
    const client = await StreamClient.open(running.url, '?channels=candles&instruments=BTC-USD');
    const seconds = (): CandleData[] => client.ofType('candle').map(data).filter(({ interval }) => interval === '1s');
    const closed = (start: string): CandleData[] => seconds().filter((one) => one.start === start && one.closed);
    let start = '';
    await until('the books are lost before a second is over', async () => {
      if (start !== '') await recover();
      const told = seconds().length;
      await place({ side: 'buy', price: '104.00' });
      await place({ side: 'sell', price: '104.00' });
      await until('its candle is told', () => seconds().length > told);
      await untilRecorded();
      await venue.redis.dropShard(venue.shard);
      start = seconds().at(-1)?.start ?? '';
      return closed(start).length === 0;
    });
    await until('the second is over', () => Date.now() >= Date.parse(start) + 1_000);
    expect(closed(start)).toEqual([]);
    await recover();
    await until('its candle is closed', () => closed(start).length > 0);
    const { candles } = (await http.get('/public/candles?interval=1s')).body as { candles: CandleData[] };
    expect(closed(start)).toEqual([{ interval: '1s', ...candles.find((one) => one.start === start), closed: true }]);
    await client.close();
    await running.stop();
    running = await venue.start();
  });

  test('tell everything anew behind a resync, also what is as it was', async () => {
    const client = await StreamClient.open(running.url, '?channels=ticker,candles&instruments=ETH-USD');
    await place({ instrument: 'ETH-USD', side: 'buy', price: '103.00', quantity: '2' });
    await place({ instrument: 'ETH-USD', side: 'sell', price: '103.00' });
    await until('it is told of the trade', () => client.ofType('ticker').at(-1)?.data.last === '103.00');
    await untilRecorded();
    await venue.redis.dropShard(venue.shard);
    await client.next('a resync', ({ type }) => type === 'resync');
    const from = client.messages.findIndex(({ type }) => type === 'resync');
    const ticker = await client.next('the ticker anew', ({ type }) => type === 'ticker', from);
    expect(ticker.data).toEqual(client.messages.slice(0, from).filter(({ type }) => type === 'ticker').at(-1)?.data);
    await client.next('the candles anew', ({ type }) => type === 'candle', from);
    await client.close();
  });
});
