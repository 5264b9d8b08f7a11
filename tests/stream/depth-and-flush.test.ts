import { seededRandom } from '../../src/seeded-random';
import { Client } from '../support/client';
import { Load, testSeed } from '../persistence/support/load';
import { ShardView } from '../persistence/support/shard-view';
import { until } from '../support/until';
import { Venue, type RunningApp } from '../support/venue';
import { EventClient, type StreamEvent } from './support/event-client';
import { RebuiltBook, orderProblems, tradeProblems, type BookAt } from './support/rebuilt-book';
import { StreamClient } from './support/stream-client';

const REQUESTS = 500;
const DEPTHS = [1, 3, 10];

describe('books of a depth, and changes that are merged', () => {
  let venue: Venue;
  let shard: ShardView;
  let plain: RunningApp;
  let merging: RunningApp;
  let http: Client;

  beforeAll(async () => {
    venue = await Venue.open();
    shard = new ShardView(venue);
    plain = await venue.start();
    merging = await venue.start({ STREAM_FLUSH_MS: '20' });
    http = new Client(() => plain.url);
  });
  afterAll(async () => {
    http.close();
    await venue.close();
  });

  it('are the best levels of GET /public/orderbook at every sequence, with fewer messages where they are merged', async () => {
    const seed = testSeed('depth');
    const random = seededRandom(seed);
    const load = new Load(() => plain.url, { seed, workers: 4, instruments: ['BTC-USD'] });
    const clients = await Promise.all([plain, merging].flatMap((service) => [null, ...DEPTHS].map(async (depth) => {
      const client = await StreamClient.open(service.url, `?instruments=BTC-USD${depth === null ? '' : `&depth=${depth}`}`);
      return { client, depth, isMerging: service === merging };
    })));
    for (const { client } of clients) await client.count(2);
    const seen: BookAt[] = [];
    load.start();
    while (load.answered < REQUESTS) {
      seen.push((await http.get(`/public/orderbook?levels=5000`)).body as BookAt);
      await new Promise((resolve) => setTimeout(resolve, random.below(20)));
    }
    await load.stop();
    load.close();
    seen.push((await http.get(`/public/orderbook?levels=5000`)).body as BookAt);
    const deltas = new Map<string, number>();
    for (const { client, depth, isMerging } of clients) {
      await client.caughtUp(await shard.meta('seq'));
      const book = RebuiltBook.of(client.messages);
      expect(book.problems).toEqual([]);
      expect(book.snapshots).toBe(1);
      expect(tradeProblems(client.messages)).toEqual([]);
      const levels = depth ?? 5_000;
      // Merged, the book is told at some sequences only: the last one is exact all the same.
      for (const { sequence, bids, asks } of isMerging ? seen.slice(-1) : seen) {
        const at = book.at(sequence);
        expect({ sequence, bids: at?.bids, asks: at?.asks }).toEqual({ sequence, bids: bids.slice(0, levels), asks: asks.slice(0, levels) });
      }
      if (!isMerging) expect(orderProblems(client.messages)).toEqual([]);
      deltas.set(`${isMerging} ${depth}`, book.deltas);
      await client.close();
    }
    expect(deltas.get('true null')).toBeLessThan((deltas.get('false null') as number) / 2);
    expect(deltas.get('false 1')).toBeLessThan(deltas.get('false null') as number);
  });

  it('change their depth when they are subscribed to with another', async () => {
    const client = await StreamClient.open(plain.url, '?channels=orderbook&instruments=BTC-USD&depth=2');
    await client.count(2);
    expect((await client.ask({ op: 'subscribe', channels: ['orderbook'], instruments: ['BTC-USD'], depth: 1 }, 'subscribed')).data)
      .toMatchObject({ subscriptions: [{ channel: 'orderbook', instruments: ['BTC-USD'], depth: 1 }] });
    await client.count(4);
    expect(client.ofType('orderbook_snapshot').map(({ data }) => (data.bids as unknown[]).length)).toEqual([2, 1]);
    await client.close();
  });

  it('merged, name no sequence in a heartbeat or pong before its book change is told', async () => {
    const client = await StreamClient.open(merging.url, '?instruments=BTC-USD');
    await client.count(2);
    for (let i = 0; i < 20; i++) {
      await http.post('/orders', { client_id: 'zoe', side: 'buy', type: 'limit', price: (1 + i / 100).toFixed(2), quantity: '1' });
      client.send({ op: 'ping' });
    }
    await client.caughtUp(await shard.meta('seq'));
    let book = 0;
    let order = 0;
    const told = client.messages.map(({ type, sequence }) => `${type} ${sequence}`);
    for (const [at, { type, sequence }] of client.messages.entries()) {
      // What came before the client may have changed no book: its snapshot is older then than what it is told it has.
      if (type === 'subscribed') book = sequence;
      else if (type === 'orderbook_delta') book = sequence;
      else if (type === 'order') order = sequence;
      // Every one of these orders changes the book.
      else if (type === 'pong' && order > 0 && sequence > book) throw new Error(`${told[at]} behind the book of ${book}: ${told.slice(Math.max(0, at - 12), at + 6).join(', ')}`);
    }
    expect(order).toBeGreaterThan(0);
    await client.close();
  });

  it('go on in one chain at any process, also behind a change that was taken back before it was told', async () => {
    const place = (price: string): Promise<unknown> => http.post('/orders', { client_id: 'zoe', side: 'buy', type: 'limit', price, quantity: '1' });
    const takenBack = { op: 'place', client_id: 'zoe', side: 'buy', type: 'limit', price: '3.00', quantity: '1', client_order_id: 'taken-back' };
    await place('4.00');
    const query = '?channels=orderbook&instruments=BTC-USD';
    const events = await EventClient.open(merging.url, query);
    const client = await StreamClient.open(merging.url, query);
    await client.count(2);
    await until('the snapshot', () => events.lastEventId !== '');
    const { body } = await http.post('/orders/batch', { operations: [takenBack, { op: 'cancel', client_id: 'zoe', client_order_id: 'taken-back' }] });
    expect(body).toMatchObject({ results: [{ status: 201 }, { status: 200 }] });
    const end = await shard.meta('seq');
    await client.caughtUp(end);
    await until('the end', () => events.lastEventId.endsWith(`:${end}:0:${end}`));
    await client.close();
    events.cut();
    await place('5.00');
    for (const { url } of [plain, merging]) {
      const again = await EventClient.open(url, query, events.lastEventId);
      const behind = await StreamClient.open(url, `${query}&since=${end}`);
      await behind.caughtUp(end + 1);
      await until('what was missed', () => again.events.some(({ type }) => type === 'resumed'));
      again.cut();
      await behind.close();
      for (const messages of [[...events.events, ...again.events].map(({ message }) => message), [...client.messages, ...behind.messages]]) {
        const book = new RebuiltBook('BTC-USD');
        for (const message of messages) book.take(message);
        expect([book.problems, book.snapshots, book.history.at(-1)?.sequence]).toEqual([[], 1, end + 1]);
      }
    }
  });

  it('go on from between two books that were told at once: neither comes again', async () => {
    const events = await EventClient.open(merging.url);
    await until('both snapshots', () => events.lastEventId !== '');
    let cut = -1;
    let price = 0;
    await until('changes of both books are told at once', async () => {
      price++;
      const operations = ['ETH-USD', 'BTC-USD'].map((instrument) => (
        { op: 'place', client_id: 'zoe', side: 'buy', type: 'limit', price: (price / 100).toFixed(2), quantity: '1', instrument }
      ));
      expect((await http.post('/orders/batch', { operations })).status).toBe(200);
      const end = await shard.meta('seq');
      await until('the end', () => events.lastEventId.endsWith(`:${end}:0:${end}`));
      cut = events.events.findLastIndex(({ id }) => id.includes('~'));
      return cut >= 0;
    });
    events.cut();
    const { id, message } = events.events[cut] as StreamEvent;
    expect([id.split('~')[2], message.instrument]).toEqual(['BTC-USD', 'BTC-USD']);
    for (const { url } of [plain, merging]) {
      const again = await EventClient.open(url, '', id);
      await until('what was missed', () => again.events.some(({ type }) => type === 'resumed'));
      again.cut();
      expect(again.events.filter(({ type }) => type.startsWith('orderbook_')).map((event) => event.message.instrument)).toEqual(['ETH-USD']);
      for (const instrument of ['BTC-USD', 'ETH-USD']) {
        const book = RebuiltBook.of([...events.events.slice(0, cut + 1), ...again.events].map((event) => event.message), instrument);
        expect(book.problems).toEqual([]);
        expect(book.history.at(-1)).toEqual(RebuiltBook.of(events.events.map((event) => event.message), instrument).history.at(-1));
      }
    }
  });

  describe('over server-sent events', () => {
    it('come as a stream that a person can read, and end with shutdown', async () => {
      const service = await venue.start();
      const events = await EventClient.open(service.url, '?channels=trades,orderbook&instruments=BTC-USD&depth=1');
      await until('a snapshot', () => events.events.length >= 2);
      expect([events.status, events.headers['content-type']]).toEqual([200, 'text/event-stream']);
      expect(events.headers['x-request-id']).toMatch(/./);
      expect(events.events.map(({ type }) => type)).toEqual(['subscribed', 'orderbook_snapshot']);
      for (const { type, message } of events.events) expect(message.type).toBe(type);
      await until('a heartbeat', () => events.events.some(({ type }) => type === 'heartbeat'));
      await service.stop();
      await until('the end', () => events.isEnded);
      expect(events.events.slice(-2).map(({ type }) => type)).toEqual(['shutdown', 'close']);
    });

    it.each([
      ['?channels=tradez', 400, 'validation_failed'], ['?depth=0', 400, 'validation_failed'], ['?depth=x', 400, 'validation_failed'],
      ['?since=x', 400, 'validation_failed'], ['?channels=trades&channels=orders', 400, 'validation_failed'], ['?chanels=trades', 400, 'validation_failed'],
      ['?instruments=DOGE-USD', 400, 'validation_failed'],
    ])('are refused with a problem document: %s', async (query, status, code) => {
      expect(await http.get(`/public/stream${query}`)).toMatchObject({ status, body: { code, errors: [{ field: expect.any(String) as string }] } });
    });

    it('take an id that is none for a problem, too', async () => {
      expect((await http.get('/public/stream', { 'Last-Event-ID': 'nonsense' })).status).toBe(400);
      expect((await http.call('POST', '/public/stream', { outside: 'MethodNotAllowed' })).status).toBe(405);
      expect((await http.call('HEAD', '/public/stream')).headers.get('content-type')).toBe('text/event-stream');
    });
  });
});
