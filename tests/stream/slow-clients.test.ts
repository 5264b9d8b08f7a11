import { Client } from '../support/client';
import { ShardView } from '../persistence/support/shard-view';
import { until } from '../support/until';
import { metricOf } from '../support/metrics';
import { Venue, type RunningApp } from '../support/venue';
import { EventClient, type StreamEvent } from './support/event-client';
import { RebuiltBook, orderProblems, tradeProblems } from './support/rebuilt-book';
import { StreamClient } from './support/stream-client';

const BATCH = 400;

/** Each limit has a service of its own on one venue: the same market, told by processes with other bounds. */
describe('clients that do not read', () => {
  let venue: Venue;
  let shard: ShardView;
  let first: RunningApp;
  let http: Client;
  let price = 0;

  beforeAll(async () => {
    venue = await Venue.open({ environment: { STREAM_BEHIND_BYTES: '65536', STREAM_BEHIND_MS: '600000' } });
    shard = new ShardView(venue);
    first = await venue.start();
    http = new Client(() => first.url);
  });
  afterAll(async () => {
    http.close();
    await venue.close();
  });

  /** Much to tell: orders, trades, and book changes that come and go. */
  const busy = async (): Promise<void> => {
    const operations = Array.from({ length: BATCH }, (_, i) => {
      price = (price + 7) % 97;
      return { op: 'place', client_id: 'ann', side: i % 3 === 0 ? 'sell' : 'buy', type: 'limit', price: (100 + price / 10).toFixed(2), quantity: '1' };
    });
    expect((await http.post('/orders/batch', { operations })).status).toBe(200);
  };

  const finalBook = async (): Promise<unknown> => {
    const { bids, asks, checksum } = (await http.get('/public/orderbook?levels=5000')).body as { bids: unknown; asks: unknown; checksum: number };
    return { bids, asks, checksum };
  };

  /** One client beside the slow one, which must not notice. */
  const beside = async (service: RunningApp, test: (slow: StreamClient) => Promise<void>, query = '?instruments=BTC-USD'): Promise<void> => {
    const good = await StreamClient.open(service.url, '?instruments=BTC-USD');
    const slow = await StreamClient.open(service.url, query);
    await Promise.all([good.count(2), slow.count(2)]);
    slow.socket.pause();
    await test(slow);
    await good.caughtUp(await shard.meta('seq'));
    const book = RebuiltBook.of(good.messages);
    expect(book.problems).toEqual([]);
    expect(book.snapshots).toBe(1);
    expect(good.ofType('resync')).toEqual([]);
    expect(good.closed).toBeNull();
    expect(tradeProblems(good.messages)).toEqual([]);
    await good.close();
    await slow.close();
  };

  it.each(['?instruments=BTC-USD', '?instruments=BTC-USD&depth=5'])('get book changes merged, and every trade and order, when they read again: %s', async (query) => {
    const service = await venue.start({ STREAM_BUFFER_BYTES_MAX: String(64 * 1_048_576) });
    await beside(service, async (slow) => {
      await until('it is behind', async () => {
        await busy();
        return await metricOf(service.url, 'stream_clients_behind_total') > 0;
      });
      await busy();
      slow.socket.resume();
      await slow.caughtUp(await shard.meta('seq'));
      const book = RebuiltBook.of(slow.messages);
      expect(book.problems).toEqual([]);
      expect([book.snapshots, slow.ofType('resync')]).toEqual([1, []]);
      expect(tradeProblems(slow.messages)).toEqual([]);
      expect(orderProblems(slow.messages)).toEqual([]);
      // One of its messages stands for hundreds.
      expect(slow.ofType('orderbook_delta').some(({ sequence, data }) => sequence - (data.first_sequence as number) > BATCH / 2)).toBe(true);
      const { bids, asks } = (await http.get('/public/orderbook?levels=5000')).body as { bids: unknown[]; asks: unknown[] };
      const levels = query.includes('depth') ? 5 : 5_000;
      expect(book.history.at(-1)).toMatchObject({ bids: bids.slice(0, levels), asks: asks.slice(0, levels) });
    }, query);
    await service.stop();
  });

  it('go on from the id of any event that has waited for them', async () => {
    const service = await venue.start({ STREAM_BUFFER_BYTES_MAX: String(64 * 1_048_576) });
    const query = '?instruments=BTC-USD';
    const slow = await EventClient.open(service.url, query);
    await until('the snapshot', () => slow.ids.length > 0);
    slow.response?.pause();
    await until('it is behind', async () => {
      await busy();
      return await metricOf(service.url, 'stream_clients_behind_total') > 0;
    });
    await busy();
    // One more message behind the book's.
    await http.post('/orders', { client_id: 'ann', side: 'buy', type: 'limit', time_in_force: 'ioc', price: '1.00', quantity: '1' });
    slow.response?.resume();
    const end = await shard.meta('seq');
    const isAtEnd = ({ lastEventId }: EventClient): boolean => lastEventId.endsWith(`:${end}:0:${end}`);
    await until('it has all', () => isAtEnd(slow));
    slow.cut();
    const items = (events: readonly StreamEvent[]): unknown[] => events.filter(({ type }) => type === 'trade' || type === 'order').map(({ message }) => message);
    const merged = slow.events.findLastIndex(({ type }) => type === 'orderbook_delta');
    for (const cut of [merged - 1, merged, merged + 1]) {
      const { id } = slow.events[cut] as StreamEvent;
      const again = await EventClient.open(service.url, query, id);
      await until(`all behind ${id}`, () => isAtEnd(again) && again.events.some(({ type }) => type === 'resumed'));
      again.cut();
      expect(items(again.events)).toEqual(items(slow.events.slice(cut + 1)));
      const book = RebuiltBook.of([...slow.events.slice(0, cut + 1), ...again.events].map(({ message }) => message));
      expect(book.problemsResumed).toEqual([]);
      expect(book.history.at(-1)).toMatchObject(await finalBook() as object);
    }
    await service.stop();
  });

  it('are told what they missed in a resync when even that is too much to hold', async () => {
    const service = await venue.start({ STREAM_BUFFER_BYTES_MAX: '1048576' });
    await beside(service, async (slow) => {
      await until('it is behind', async () => {
        await busy();
        return await metricOf(service.url, 'stream_clients_behind_total') > 0;
      });
      for (let i = 0; i < 5; i++) await busy();
      slow.socket.resume();
      await slow.caughtUp(await shard.meta('seq'));
      const resync = slow.messages.findIndex(({ type }) => type === 'resync');
      expect(slow.messages[resync]).toMatchObject({ data: { reason: 'slow_consumer' } });
      expect(slow.messages.slice(resync + 1).find(({ type }) => type !== 'instrument')).toMatchObject({ type: 'orderbook_snapshot', instrument: 'BTC-USD' });
      const book = RebuiltBook.of(slow.messages);
      expect(book.problems).toEqual([]);
      expect(book.history.at(-1)).toMatchObject(await finalBook() as object);
      // Up to the resync nothing is missing, and nothing behind it either.
      expect(tradeProblems(slow.messages.slice(0, resync))).toEqual([]);
      expect(tradeProblems(slow.messages.slice(resync))).toEqual([]);
      expect(await metricOf(service.url, 'stream_clients_resynced_total')).toBe(1);
    });
    await service.stop();
  });

  it('are closed as slow consumers when they stay behind', async () => {
    const service = await venue.start({ STREAM_BEHIND_MS: '300', STREAM_HEARTBEAT_MS: '200' });
    await beside(service, async (slow) => {
      await until('it is dropped', async () => {
        await busy();
        return await metricOf(service.url, 'stream_clients_dropped_total') > 0;
      });
      slow.socket.resume();
      expect(await slow.untilClosed()).toEqual({ code: 1008, reason: 'slow_consumer' });
      // What it got before that is whole.
      expect(RebuiltBook.of(slow.messages).problems).toEqual([]);
      expect(tradeProblems(slow.messages)).toEqual([]);
    });
    await service.stop();
  });

  it.each([
    ['what is not understood', (slow: StreamClient) => slow.send({ op: 'subscribe', channels: ['x'.repeat(600)] })],
    ['ping frames', (slow: StreamClient) => slow.socket.ping(Buffer.alloc(125))],
  ])('are not read from while more waits for them than there may be: %s', async (_, ask) => {
    const service = await venue.start({ STREAM_BUFFER_BYTES_MAX: '65536', STREAM_MESSAGES_PER_SECOND: '100000' });
    const slow = await StreamClient.open(service.url, '?channels=trades');
    await slow.count(1);
    let asked = 0;
    let pongs = 0;
    slow.socket.on('pong', () => { pongs++; });
    slow.socket.pause();
    await until('what it sends is not taken', () => {
      for (let i = 0; i < 400; i++) ask(slow);
      asked += 400;
      return slow.socket.bufferedAmount > 1_048_576;
    }, 40_000);
    slow.socket.resume();
    await until('it has every answer', () => pongs + slow.ofType('error').length === asked);
    expect(slow.closed).toBeNull();
    await slow.close();
    await service.stop();
  });

  it('are closed when they read nothing for too long, also where only answers wait for them', async () => {
    const service = await venue.start({
      STREAM_BUFFER_BYTES_MAX: '65536', STREAM_MESSAGES_PER_SECOND: '100000', STREAM_BEHIND_MS: '300', STREAM_HEARTBEAT_MS: '200',
    });
    const slow = await StreamClient.open(service.url, '?channels=trades');
    await slow.count(1);
    slow.socket.pause();
    await until('it is dropped', async () => {
      for (let i = 0; i < 400; i++) slow.send({ op: 'subscribe', channels: ['x'.repeat(600)] });
      return await metricOf(service.url, 'stream_clients_dropped_total') > 0;
    }, 40_000);
    slow.socket.resume();
    expect(await slow.untilClosed()).toEqual({ code: 1008, reason: 'slow_consumer' });
    await service.stop();
  });

  it('are closed when more waits for them than there may be, whatever they ask for', async () => {
    // At the next thing it asks for; where that is not read any more, when it has been behind for too long.
    const service = await venue.start({
      STREAM_BUFFER_BYTES_MAX: '65536', STREAM_MESSAGES_PER_SECOND: '100000', STREAM_BEHIND_MS: '2000', STREAM_HEARTBEAT_MS: '200',
    });
    await http.post('/orders/batch', {
      operations: Array.from({ length: 1_000 }, (_, i) => ({ op: 'place', client_id: 'wide', side: 'buy', type: 'limit', price: (1 + i / 100).toFixed(2), quantity: '1' })),
    });
    await beside(service, async (slow) => {
      await until('it is dropped', async () => {
        for (let i = 0; i < 20; i++) {
          slow.send({ op: 'unsubscribe', channels: ['orderbook'] });
          slow.send({ op: 'subscribe', channels: ['orderbook'] });
        }
        return await metricOf(service.url, 'stream_clients_dropped_total') > 0;
      });
      slow.socket.resume();
      await slow.untilClosed();
    });
    await service.stop();
  });
});
