import { audit } from '../audit/support';
import type { AuctionFieldsView, InstrumentView } from '../../src/dialects/native/present-market';
import { StreamClient } from '../stream/support/stream-client';
import { Client, refusal, type CandleView, type OrderView, type OrderWithTradesView, type TradeView } from '../support/client';
import { until } from '../support/until';
import { Venue, type RunningApp } from '../support/venue';

type Auction = AuctionFieldsView & { readonly instrument: string; readonly sequence: number };
interface Balances { readonly balances: readonly { readonly asset: string; readonly total: string; readonly held: string; readonly available: string }[] }

describe('a call auction', () => {
  let venue: Venue;
  let running: RunningApp;
  let client: Client;

  beforeAll(async () => {
    venue = await Venue.open({ environment: { FUNDS: 'required', AUCTION_PAGE: '2' } });
    running = await venue.start();
    client = new Client(() => running.url);
    for (const account of ['ann', 'bob', 'cid', 'dora']) {
      await client.post('/accounts', { account_id: account, deposits: [{ asset: 'USD', amount: '100000' }, { asset: 'BTC', amount: '100' }] });
    }
    await client.call('PUT', '/fee-groups/default', { body: { rates: [{ maker: '0.001', taker: '0.002' }] } });
  });
  afterAll(async () => {
    client.close();
    await venue.close();
  });

  const change = (body: object, instrument = 'BTC-USD') => client.call<InstrumentView>('PATCH', `/instruments/${instrument}`, { body });
  const order = (clientId: string, side: 'buy' | 'sell', price: string, quantity: string, more: object = {}) => client.post<OrderWithTradesView>('/orders', {
    client_id: clientId, instrument: 'BTC-USD', side, type: 'limit', price, quantity, ...more,
  });
  const auction = async (): Promise<Auction> => (await client.get<Auction>('/public/instruments/BTC-USD/auction')).body;
  const read = async (id: string): Promise<OrderView & { readonly trades: readonly TradeView[] }> => (
    (await client.get<OrderView & { readonly trades: readonly TradeView[] }>(`/public/orders/${id}`)).body
  );
  const balance = async (account: string, asset: string): Promise<unknown> => {
    const { balances } = (await client.get<Balances>(`/accounts/${account}/balances`)).body;
    const { total, held } = balances.find((line) => line.asset === asset) ?? { total: '0', held: '0' };
    return [Number(total), Number(held)];
  };

  test('gathers orders, tells what it would come to, and trades at one price, which what was bid above is freed of', async () => {
    const stream = await StreamClient.open(running.url, '?channels=auction,orderbook&instruments=BTC-USD');
    expect((await change({ state: 'auction' })).body.state).toBe('auction');
    expect(await auction()).toMatchObject({ state: 'auction', price: null, quantity: null, left_over: null, left_over_side: null, last_price: null });

    const high = (await order('ann', 'buy', '110', '3')).body;
    const low = (await order('bob', 'buy', '104', '2')).body;
    const seller = (await order('cid', 'sell', '100', '4', { post_only: true })).body;
    const far = (await order('dora', 'sell', '120', '1')).body;
    expect([high, low, seller, far].map(({ status, trades }) => [status, trades.length])).toEqual(Array.from({ length: 4 }, () => ['open', 0]));
    // At 104 and lower four trade, and one is left over; above it three.
    expect(await auction()).toMatchObject({ price: '102.00', quantity: '4.00000000', left_over: '1.00000000', left_over_side: 'buy', last_price: null });
    const book = (await client.get<{ bids: string[][]; asks: string[][] }>('/public/orderbook?instrument=BTC-USD')).body;
    expect([book.bids[0], book.asks[0]]).toEqual([['110.00', '3.00000000'], ['100.00', '4.00000000']]);
    await until('the stream tells it', () => Promise.resolve(stream.ofType('auction').some(({ data }) => data.left_over === '1.00000000')));
    // As a whole at their own price, with the fee that could come of it.
    expect(await balance('ann', 'USD')).toEqual([100_000, 330.66]);

    for (const more of [{ time_in_force: 'ioc' }, { time_in_force: 'fok' }]) {
      expect((await refusal(order('dora', 'buy', '100', '1', more), 409, 'instrument_not_open')).body).toMatchObject({ state: 'auction' });
    }
    await refusal(client.post('/orders', { client_id: 'dora', instrument: 'BTC-USD', side: 'buy', type: 'market', quantity: '1' }), 409, 'instrument_not_open');
    // Amends and cancels work: the order behind has another price, and the price of all with it.
    expect((await client.call<OrderWithTradesView>('PATCH', `/orders/${low.order_id}`, { body: { price: '102' } })).body.status).toBe('open');
    expect((await client.call('DELETE', `/orders/${far.order_id}`)).status).toBe(200);
    expect((await auction()).price).toBe('101.00');

    expect((await change({ state: 'open' })).status).toBe(200);
    const opened = await read(high.order_id);
    expect(opened).toMatchObject({ status: 'filled', average_price: '101.00', filled_quantity: '3.00000000' });
    expect(await read(low.order_id)).toMatchObject({ status: 'partially_filled', filled_quantity: '1.00000000', remaining_quantity: '1.00000000' });
    expect(await read(seller.order_id)).toMatchObject({ status: 'filled', average_price: '101.00' });
    // Its own price was 110: 303 and a fee are paid, the rest is free. Of two that meet, who waited longer is the maker.
    expect(await balance('ann', 'USD')).toEqual([100_000 - 303 - 0.303, 0]);
    expect(await balance('ann', 'BTC')).toEqual([103, 0]);
    expect(await balance('cid', 'USD')).toEqual([100_000 + 404 - 0.606 - 0.101, 0]);
    expect(await auction()).toMatchObject({ state: 'open', price: null, last_price: '101.00' });
    expect((await order('dora', 'sell', '102', '1')).body.trades).toHaveLength(1);
    const { trades } = (await client.get<{ trades: TradeView[] }>('/public/trades?instrument=BTC-USD')).body;
    expect(trades.map(({ price, quantity }) => [price, quantity])).toEqual([['102.00', '1.00000000'], ['101.00', '1.00000000'], ['101.00', '3.00000000']]);
    await until('the stream tells the end of it', () => Promise.resolve(stream.ofType('auction').some(({ data }) => data.state === 'open')));
    await until('a candle has them', async () => {
      const { candles } = (await client.get<{ candles: CandleView[] }>('/public/candles?instrument=BTC-USD&interval=1d')).body;
      return candles.at(-1)?.volume === '5.00000000';
    });
    await stream.close();
  });

  test('begins where a trade would be outside of the price band', async () => {
    const set = (await change({ price_band: '0.1', band_window_s: 60 })).body;
    expect([set.price_band, set.band_window_s]).toEqual(['0.1', 60]);
    for (const [price, body] of [['price_band', { price_band: '1.1' }], ['price_band', { price_band: '0.0000001' }], ['band_window_s', { band_window_s: 3_601 }]] as const) {
      expect((await refusal(change(body), 400, 'validation_failed')).body.errors).toMatchObject([{ field: price }]);
    }
    const stream = await StreamClient.open(running.url);
    // The last trade was at 102: 112.20 is as far as it goes.
    await order('cid', 'sell', '112', '1');
    await order('cid', 'sell', '113', '1');
    const taker = (await order('ann', 'buy', '114', '2')).body;
    expect([taker.status, taker.filled_quantity, taker.trades.map(({ price }) => price)]).toEqual(['partially_filled', '1.00000000', ['112.00']]);
    await until('the stream tells the halt', () => Promise.resolve(
      stream.ofType('instrument').some(({ instrument, data }) => instrument === 'BTC-USD' && data.state === 'auction'),
    ));
    await stream.close();
    expect(await auction()).toMatchObject({ state: 'auction', price: '113.00', quantity: '1.00000000', last_price: '112.00' });

    // What is gathered outlives a restart.
    await running.stop();
    running = await venue.start();
    expect(await auction()).toMatchObject({ state: 'auction', price: '113.00' });
    await change({ state: 'open' });
    expect(await read(taker.order_id)).toMatchObject({ status: 'filled', filled_quantity: '2.00000000' });

    // From 113 on: what may not wait ends, and nothing of it trades.
    await order('cid', 'sell', '125', '1');
    const market = (await client.post<OrderWithTradesView>('/orders', { client_id: 'ann', instrument: 'BTC-USD', side: 'buy', type: 'market', quantity: '1' })).body;
    expect([market.status, market.status_reason, market.trades]).toEqual(['cancelled', 'price_band', []]);
    expect((await auction()).state).toBe('auction');
    await change({ state: 'open', price_band: 0 });
  });

  test('ends with its orders: by their time, by a cancel of all and by a stop of their account', async () => {
    await change({ state: 'auction' });
    const gone = (await order('ann', 'buy', '130', '1', { time_in_force: 'gtd', expires_at: new Date(Date.now() + 400).toISOString() })).body;
    await order('bob', 'buy', '130', '1');
    const killed = (await order('dora', 'buy', '130', '1')).body;
    expect((await auction()).quantity).toBe('1.00000000');
    await until('its time is over', async () => (await read(gone.order_id)).status === 'expired');
    expect((await client.call<{ cancelled: string[] }>('DELETE', '/orders?client_id=bob')).body.cancelled).not.toEqual([]);
    await client.post('/accounts/dora/kill', {});
    expect((await read(killed.order_id)).status_reason).toBe('killed');
    expect((await auction()).price).toBeNull();
    await change({ state: 'open' });
  });

  test('is in the record as the log tells it', async () => {
    await running.stop();
    expect(await audit(venue)).toEqual([]);
    running = await venue.start();
  });
});
