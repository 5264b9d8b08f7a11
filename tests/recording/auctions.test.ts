import { statSync } from 'node:fs';
import { join } from 'node:path';
import { OpenfillClient } from '#openfill-client';
import { playRecording } from '../../src/recording/player';
import { record } from '../../src/recording/recorder';
import { seededRandom } from '../../src/seeded-random';
import { testSeed } from '../support/seed';
import { temporaryDirectory } from '../support/servers';
import { until } from '../support/until';
import { Venue, type RunningApp } from '../support/venue';

const INSTRUMENT = 'BTC-USD';

describe('a recording of call auctions', () => {
  const directory = temporaryDirectory('auctions');
  let venue: Venue;
  let app: RunningApp;
  let client: OpenfillClient;

  beforeAll(async () => {
    venue = await Venue.open({ environment: { AUCTION_PAGE: '3' } });
    app = await venue.start();
    client = new OpenfillClient(app.url);
  });
  afterAll(async () => {
    await venue.close();
    directory.remove();
  });

  const place = (client_id: string, side: 'buy' | 'sell', price: string, quantity: string, more: object = {}) => client.place({
    client_id, instrument: INSTRUMENT, side, type: 'limit', price, quantity, ...more,
  });
  const open = async (): Promise<void> => {
    await client.changeInstrument(INSTRUMENT, { state: 'open' });
    await until('it is open', async () => (await client.auction(INSTRUMENT)).price === null);
  };
  const queues = async (of: OpenfillClient): Promise<unknown> => {
    const { bids, asks } = await of.orderQueues({ instrument: INSTRUMENT, levels: 5_000 });
    return [bids, asks].map((side) => side.map(([price, quantity]) => [price, quantity]));
  };

  /** Records what `happens`, plays it into a venue of its own, and compares. @returns how many trades there were */
  async function played(name: string, happens: () => Promise<unknown>): Promise<number> {
    const file = join(directory.path, `${name}.gz`);
    const ending = new AbortController();
    let hasBegun = false;
    const recording = record({ url: app.url, file, channels: ['orderbook', 'trades', 'orders', 'instruments'] }, ending.signal, () => { hasBegun = true; });
    await until('it records', () => Promise.resolve(hasBegun));
    await happens();
    const { sequence } = await client.orderbook({ instrument: INSTRUMENT });
    ending.abort();
    expect((await recording).sequence).toBeGreaterThanOrEqual(sequence);
    expect(statSync(file).size).toBeGreaterThan(0);
    const other = await Venue.open();
    const second = await other.start();
    const report = await playRecording(file, second.url, Infinity);
    expect(report.differences).toEqual([]);
    expect(await queues(new OpenfillClient(second.url))).toEqual(await queues(client));
    await other.close();
    return report.trades;
  }

  test('is played by auctions: their orders, price and trades, what a halt leaves, and what waits for their price', async () => {
    await place('ann', 'sell', '100', '1');
    await place('bob', 'buy', '100', '1');
    expect(await played('auction', async () => {
      await client.changeInstrument(INSTRUMENT, { state: 'auction' });
      for (let i = 0; i < 8; i++) {
        await place('ann', 'buy', '110', '1');
        await place('bob', 'sell', '90', '1', i % 2 === 0 ? { post_only: true } : { display_quantity: '0.5' });
      }
      await place('cid', 'buy', '95', '2');
      const moved = await place('cid', 'buy', '94', '1');
      await client.amend(moved.order_id, { price: '120' });
      await client.cancel((await place('dan', 'buy', '130', '4')).order_id);
      await place('dan', 'sell', '120', '1', { type: 'stop_limit', stop_price: '100', price: '94' });
      await open();
      await place('ann', 'sell', '95', '1');
    })).toBe(10);
  });

  test('is played by halts ahead of a trade outside of the band: of what was placed, amended or waited', async () => {
    await client.changeInstrument(INSTRUMENT, { price_band: '0.1' });
    const last = Number((await client.ticker({ instrument: INSTRUMENT })).last);
    const [near, far] = [(last * 1.05).toFixed(2), (last * 1.3).toFixed(2)];
    expect(await played('halts', async () => {
      await place('ann', 'sell', near, '1');
      await place('ann', 'sell', far, '4');
      // A part of it, and the rest waits where it would have traded.
      await place('bob', 'buy', far, '2');
      await open();
      await client.changeInstrument(INSTRUMENT, { price_band: '0.1' });
      await place('cid', 'sell', (last * 1.8).toFixed(2), '1');
      await client.place({ client_id: 'bob', instrument: INSTRUMENT, side: 'buy', type: 'market', quantity: '5' });
      await open();
      const waiting = await place('dan', 'buy', '1', '1');
      await client.amend(waiting.order_id, { price: (last * 3).toFixed(2) });
      await open();
      await place('eve', 'sell', (last * 4).toFixed(2), '1');
      await client.place({ client_id: 'fay', instrument: INSTRUMENT, side: 'buy', type: 'stop_limit', stop_price: (last * 1.81).toFixed(2), price: (last * 4).toFixed(2), quantity: '1' });
      await place('gil', 'sell', (last * 1.82).toFixed(2), '1');
      await place('gil', 'buy', (last * 1.82).toFixed(2), '1');
      await open();
    })).toBeGreaterThan(4);
  });

  test('may begin in the middle of one, with the price that it goes by', async () => {
    const last = Number((await client.ticker({ instrument: INSTRUMENT })).last);
    const random = seededRandom(testSeed('recorded auction'));
    await client.changeInstrument(INSTRUMENT, { state: 'auction', price_band: '0' });
    const some = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        const price = (last * (0.9 + random.below(201) / 1_000)).toFixed(2);
        await place(`client-${random.below(4)}`, random.below(2) === 0 ? 'buy' : 'sell', price, String(1 + random.below(5)));
      }
    };
    await some(30);
    expect(await played('middle', async () => {
      await some(30);
      await open();
      await some(30);
    })).toBeGreaterThan(20);
  });
});
