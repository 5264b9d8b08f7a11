import { changeStatesUnderLoad } from '../../src/bench/state-changes';
import { isOpen, remainingLots, type Side } from '../../src/domain/order';
import { audit, readShard } from '../audit/support';
import { ShardView } from '../persistence/support/shard-view';
import { Client } from '../support/client';
import { Venue } from '../support/venue';

const RATE = 150;
const SECONDS = 4;

let venue: Venue;

beforeEach(async () => { venue = await Venue.open({ environment: { AUCTION_PAGE: '3' } }); });
afterEach(() => venue.close());

it('a client that keeps its book from the stream has no gap and no wrong checksum over halts, auctions and reopenings under load', async () => {
  const running = await venue.start();
  const client = new Client(running.url);
  const { load, refused, rounds, bookMessages, problems } = await changeStatesUnderLoad({
    url: running.url, port: running.port, rate: RATE, seconds: SECONDS, connections: 8, run: 'states',
    change: async (instrument, state) => {
      expect((await client.call('PATCH', `/instruments/${instrument}`, { body: { state } })).status).toBe(200);
    },
  });
  expect(problems).toEqual([]);
  expect(load.answered).toBeGreaterThan(0);
  // Some met a halt, and most did not.
  expect(refused).toBeGreaterThan(0);
  expect(refused).toBeLessThan(load.answered);
  expect(rounds).toBeGreaterThan(0);
  expect(bookMessages).toBeGreaterThan(rounds);
  // What the client has kept is what the venue says, and that is what Redis holds.
  const { bids, asks } = (await client.get<{ bids: [string, string][]; asks: [string, string][] }>('/public/orderbook?instrument=BTC-USD&levels=1000')).body;
  const { state } = await readShard(venue.redisUrl, venue.shard);
  const levels = (side: Side): [number, number][] => {
    const totals = new Map<number, number>();
    for (const order of state.orders) if (order.side === side && isOpen(order)) totals.set(order.priceTicks ?? 0, (totals.get(order.priceTicks ?? 0) ?? 0) + remainingLots(order));
    return [...totals].sort(([a], [b]) => (side === 'buy' ? b - a : a - b));
  };
  const told = (side: readonly [string, string][]): number[][] => side.map((level) => level.map((text) => Number(text.replace('.', ''))));
  expect([told(bids), told(asks)]).toEqual([levels('buy'), levels('sell')]);
  client.close();
  await new ShardView(venue).persisted();
  const kinds = await venue.database.query<{ kind: string }>('SELECT DISTINCT kind FROM journal');
  expect(kinds.map(({ kind }) => kind)).toContain('auction');
  await running.stop();
  expect(await audit(venue)).toEqual([]);
}, 90_000);
