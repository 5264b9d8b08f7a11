import { audit, runCommand } from '../audit/support';
import { until } from '../support/until';
import { Venue, type RunningApp } from '../support/venue';
import { Recovery, lasting } from './support';

jest.setTimeout(120_000);

const PAIRS = 1_500;
const BATCH = 500;

let venue: Venue;
let running: RunningApp;
let recovery: Recovery;

beforeEach(async () => {
  venue = await Venue.open({ environment: { AUCTION_PAGE: '1', ENGINE_TIMEOUT_MS: '60000' } });
  running = await venue.start();
  recovery = new Recovery(venue, () => running);
});
afterEach(async () => {
  recovery.client.close();
  await venue.close();
});

const change = async (body: object): Promise<void> => {
  expect((await recovery.client.call('PATCH', '/instruments/BTC-USD', { body })).status).toBe(200);
};

/** Pairs of orders that meet, an iceberg among them, all persisted. */
async function gather(): Promise<void> {
  await recovery.place({ client_id: 'ice', side: 'buy', price: '101.00', quantity: '5', display_quantity: '1' });
  for (let at = 0; at < PAIRS; at += BATCH) {
    for (const side of ['buy', 'sell'] as const) {
      const operations = Array.from({ length: BATCH }, () => ({ op: 'place', client_id: side, instrument: 'BTC-USD', side, type: 'limit', price: '100.00', quantity: '1' }));
      expect((await recovery.client.post<{ results: { status: number }[] }>('/orders/batch', { operations })).body.results.every(({ status }) => status === 201)).toBe(true);
    }
  }
  await recovery.persisted();
}

it('a rebuild in the middle of a call auction has all that it gathered, and what it would come to', async () => {
  await change({ price_band: '0.1', band_window_s: 30 });
  await change({ state: 'auction' });
  await gather();
  const before = [lasting(await recovery.shard()), (await recovery.client.get('/public/instruments/BTC-USD/auction')).body];
  expect(before[1]).toMatchObject({ price: '100.00', quantity: '1500.00000000', left_over: '5.00000000', left_over_side: 'buy' });
  await recovery.flush();
  await recovery.untilRebuilt(1);
  expect([lasting(await recovery.shard()), (await recovery.client.get('/public/instruments/BTC-USD/auction')).body]).toEqual(before);
});

it('a rebuild in the middle of a reopening goes on with it, ahead of everything else', async () => {
  await recovery.place({ client_id: 'bob', side: 'buy', price: '99.00', quantity: '1' });
  await recovery.place({ side: 'sell', price: '99.00', quantity: '1' });
  await change({ price_band: '0.1', band_window_s: 30 });
  await change({ state: 'auction' });
  await gather();
  await change({ state: 'open' });
  // Frozen, it stands where it is; the command has Postgres remember that.
  await venue.redis.command('HSET', recovery.key('meta'), 'state', 'frozen');
  expect(await runCommand('freeze', venue.environment())).toMatchObject({ code: 0, stdout: `shard ${venue.shard} was frozen already\n` });
  await recovery.persisted();
  const before = await recovery.shard();
  expect(before.meta.opening).toBe('BTC-USD');
  await recovery.flush();
  await until('it is rebuilt', async () => (await recovery.recoveries()).some(({ opened_at: at }) => at !== null));
  // What a process was told to wait for is between it and Redis.
  const { held: _held, hidden: _hidden, ...meta } = before.meta;
  // That an order rested with a hidden part counts only while one does: how far the reopening had come decides.
  const hidden = before.state.orders.some(({ traits }) => traits.shown !== undefined) ? { hidden: '1' } : {};
  expect(lasting(await recovery.shard())).toEqual(lasting({ ...before, meta: { ...meta, ...hidden } }));
  expect(await runCommand('unfreeze', venue.environment())).toMatchObject({ code: 0 });
  await recovery.untilReady();
  const placed = await recovery.place({ client_id: 'late', side: 'buy', price: '100.00', quantity: '1' });
  expect(placed).toMatchObject({ status: 201, body: { status: 'open' } });
  const after = await recovery.shard();
  expect(after.meta.opening).toBeUndefined();
  expect(after.state.tradeIds).toEqual([{ instrument: 'BTC-USD', tradeId: PAIRS + 1 }]);
  expect(after.state.catalogue[0]).toMatchObject({ state: 'open', openingTicks: 0, bandFrom: PAIRS + 1 });
  const log = after.log.filter(({ kind }) => kind === 'auction' || kind === 'place').map(({ kind }) => kind);
  expect(log.indexOf('place')).toBe(log.length - 1);
  await recovery.persisted();
  await running.stop();
  expect(await audit(venue)).toEqual([]);
});

it('a rebuild has the reference price of a band, with trades of several seconds behind it', async () => {
  await recovery.place({ client_id: 'bob', side: 'sell', price: '100.00', quantity: '9' });
  const buy = async (price: string): Promise<void> => {
    expect((await recovery.place({ side: 'buy', price, quantity: '1' })).body).toMatchObject({ status: 'filled' });
  };
  await buy('100.00');
  await change({ price_band: '0.5', band_window_s: 1 });
  const second = async (): Promise<number> => Math.floor(Number(await recovery.meta('time_us')) / 1e6);
  let last = await second();
  for (let i = 0; i < 4; i++) {
    await until('another second', () => Promise.resolve(Math.floor(Date.now() / 1000) > last));
    await buy('100.00');
    last = await second();
  }
  await recovery.persisted();
  const before = await recovery.shard();
  expect(before.state.bands).toMatchObject([{ instrument: 'BTC-USD' }]);
  await recovery.flush();
  await recovery.untilRebuilt(1);
  expect(lasting(await recovery.shard())).toEqual(lasting(before));
});

it('what a halted instrument has reached bars others from waiting for as long as it is there, over a rebuild as well', async () => {
  const stop = { client_id: 'waiter', side: 'sell', type: 'stop_limit', price: '85.00', quantity: '1', stop_price: '95.00' };
  const later = (client: string): Readonly<Record<string, unknown>> => ({ client_id: client, side: 'buy', type: 'stop_limit', price: '120.00', quantity: '1', stop_price: '110.00' });
  await recovery.place({ client_id: 'maker', side: 'sell', price: '100.00', quantity: '1' });
  await recovery.place({ side: 'buy', price: '100.00', quantity: '1' });
  await change({ price_band: '0.1', band_window_s: 30 });
  for (const price of ['95.00', '80.00']) await recovery.place({ client_id: 'maker', side: 'buy', price, quantity: '1' });
  const first = await recovery.place({ ...stop, type: 'stop', price: undefined, stop_price: '96.00' });
  const second = await recovery.place(stop);
  expect([first.status, second.status]).toEqual([201, 201]);
  // The first would trade at 80, out of the band: the second is left.
  await recovery.place({ client_id: 'taker', side: 'sell', price: '95.00', quantity: '1' });
  await recovery.persisted();
  await recovery.flush();
  await recovery.untilRebuilt(1);
  expect(await recovery.place(later('early'))).toMatchObject({ status: 409, body: { type: 'urn:openfill:problem:instrument_not_open' } });
  expect((await recovery.client.call('DELETE', `/orders/${(second.body as { order_id: string }).order_id}`)).status).toBe(200);
  expect(await recovery.place(later('behind'))).toMatchObject({ status: 201, body: { status: 'pending' } });
  await recovery.persisted();
  await recovery.flush();
  await recovery.untilRebuilt(2);
  expect(await recovery.place(later('last'))).toMatchObject({ status: 201, body: { status: 'pending' } });
  await recovery.persisted();
  await running.stop();
  expect(await audit(venue)).toEqual([]);
});
