import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../src/seeded-random';
import { Client } from '../support/client';
import { Load, testSeed } from '../persistence/support/load';
import { ShardView } from '../persistence/support/shard-view';
import { Venue } from '../support/venue';
import { RebuiltBook, orderProblems, tradeProblems, type BookAt } from './support/rebuilt-book';
import { StreamClient, type StreamMessage } from './support/stream-client';

const INSTRUMENTS = ['BTC-USD', 'ETH-USD'];
const LEVELS_MAX = 5000;

type BookAnswer = BookAt & { readonly instrument: string };

function rebuild(client: StreamClient): Map<string, RebuiltBook> {
  return new Map(INSTRUMENTS.map((name) => [name, RebuiltBook.of(client.messages, name)]));
}

const events = (client: StreamClient, after: number): StreamMessage[] =>
  client.messages.filter(({ type, sequence }) => ['trade', 'order', 'orderbook_delta'].includes(type) && sequence > after);

/** Without its trades, and without what an answer says of them while Postgres is behind. */
const untraded = ({ trades: _trades, stale: _stale, lag_entries: _entries, lag_seconds: _seconds, ...order }: Record<string, unknown>): Record<string, unknown> => order;

describe('clients that trust only the stream', () => {
  it('have the book at every sequence, every trade once and every order as it was answered, through either of two processes', async () => {
    const seed = testSeed('stream');
    const random = seededRandom(seed);
    const venue = await Venue.open();
    const shard = new ShardView(venue);
    const services = [await venue.start(), await venue.start()];
    const urls = services.map(({ url }) => url);
    let turn = 0;
    const load = new Load(() => urls[turn++ % urls.length] as string, { seed, workers: 6 });
    const reader = new Client(() => random.pick(urls));

    const first = await StreamClient.open(urls[0] as string);
    const second = await StreamClient.open(urls[1] as string);
    const late: { client: StreamClient; query: string }[] = [];
    const seen: BookAnswer[] = [];
    await Promise.all([first.count(2), second.count(2)]);
    load.start();
    // As many orders whatever the machine's speed.
    while (load.answered < 600) {
      await sleep(random.below(30));
      if (late.length < 8 && random.below(10) === 0) {
        const query = random.pick(['', '?channels=orderbook', '?instruments=ETH-USD', '?channels=trades,orderbook&instruments=BTC-USD']);
        late.push({ client: await StreamClient.open(random.pick(urls), query), query });
      }
      const { status, body } = await reader.get(`/public/orderbook?instrument=${random.pick(INSTRUMENTS)}&levels=${LEVELS_MAX}`);
      expect(status).toBe(200);
      seen.push(body as BookAnswer);
    }
    await load.stop();
    const end = await shard.meta('seq');
    for (const client of [first, second, ...late.map(({ client: one }) => one)]) await client.caughtUp(end);

    expect(load.unexpected).toEqual([]);
    expect(late.length).toBeGreaterThan(0);
    for (const { client, query } of [{ client: first, query: '' }, { client: second, query: '' }, ...late]) {
      const books = rebuild(client);
      expect([...books.values()].flatMap((book) => book.problems)).toEqual([]);
      expect(tradeProblems(client.messages)).toEqual([]);
      expect(orderProblems(client.messages)).toEqual([]);
      expect(client.ofType('resync')).toEqual([]);
      for (const [name, book] of books) {
        const isFollowed = !query.includes('instruments') || query.includes(name);
        expect(book.snapshots).toBe(isFollowed ? 1 : 0);
        for (const { instrument, sequence, bids, asks, checksum } of seen) {
          const at = instrument === name ? book.at(sequence) : undefined;
          if (at !== undefined) expect({ sequence, bids, asks, checksum }).toEqual({ sequence, bids: at.bids, asks: at.asks, checksum: at.checksum });
        }
      }
    }

    // Both processes tell the same, word for word, and it is what was answered.
    expect(events(second, 0)).toEqual(events(first, 0));
    const trades = first.ofType('trade');
    expect(trades.length).toBeGreaterThan(200);
    expect(new Set(trades.map(({ instrument, data }) => `${instrument}/${String(data.trade_id)}`))).toEqual(new Set(load.answers.trades.keys()));
    for (const { instrument, data: { taker_side: _, ...data } } of trades) {
      const { instrument: where, ...told } = load.answers.trades.get(`${instrument}/${String(data.trade_id)}`) ?? { instrument: null };
      expect({ instrument: where, ...told }).toEqual({ instrument, ...data });
    }
    const orders = new Map<string, StreamMessage[]>();
    for (const message of first.ofType('order')) {
      const id = message.data.order_id as string;
      orders.set(id, [...orders.get(id) ?? [], message]);
    }
    expect(new Set(orders.keys())).toEqual(new Set(load.answers.orders.keys()));
    for (const [id, told] of load.answers.orders) {
      const message = orders.get(id)?.find(({ sequence }) => sequence === told.sequence);
      // An amend that changed nothing answers an order as an earlier message told it.
      expect(message?.data).toEqual(untraded(told as unknown as Record<string, unknown>));
    }
    for (const [id, messages] of [...orders].filter(() => random.below(10) === 0)) {
      const { body } = await reader.get(`/public/orders/${id}`);
      expect(untraded(body as Record<string, unknown>)).toEqual(messages.at(-1)?.data);
    }

    for (const client of [first, second, ...late.map(({ client: one }) => one)]) await client.close();
    reader.close();
    load.close();
    await venue.close();
  });
});
