import { crc32 } from 'node:zlib';
import { limit, market, refusal, type Client, type OrderWithTradesView, type TradeView } from '../support/client';
import { Service } from './support/service';

const UNKNOWN_ID = '01900000-0000-7000-8000-000000000000';

/** Numbers as a parser would forgive them, and a parameter twice. */
const NO_NUMBERS = ['0', '-1', '+1', '1.0', '1e2', '0x10', '%205', '5%20', '', 'ten', '٥', '1,000', '9007199254740993', '99999999999999999999', 'NaN', 'Infinity', 'null', '007'];

describe('reading', () => {
  let service: Service;
  let client: Client;
  let instrument: string;

  beforeAll(async () => {
    service = await Service.open({ environment: { RECENT_TRADES_KEPT: '5', LOG_TAIL_ENTRIES: '1' } });
    client = service.client;
  });
  afterAll(() => service.close());
  beforeEach(() => { instrument = service.nextBook(); });

  const place = async (changes: Readonly<Record<string, unknown>> = {}): Promise<OrderWithTradesView> => {
    const answer = await client.place(limit({ instrument, ...changes }));
    expect(answer.status).toBe(201);
    return answer.body;
  };

  describe('the order book', () => {
    it('is empty at first', async () => {
      const { status, body } = await client.book(`?instrument=${instrument}`);
      expect(status).toBe(200);
      expect(body).toMatchObject({ instrument, bids: [], asks: [], checksum: 0 });
    });

    it('adds up each level, best first, with the number and time of its last change', async () => {
      await place({ price: '99.00', quantity: '1' });
      await place({ price: '100.00', quantity: '0.5' });
      await place({ price: '100.00', quantity: '0.25', client_id: 'client-B' });
      await place({ side: 'sell', price: '101.50', quantity: '2' });
      const last = await place({ side: 'sell', price: '101.00', quantity: '3' });
      const { body } = await client.book(`?instrument=${instrument}&levels=20`);
      expect(body.bids).toEqual([['100.00', '0.75000000'], ['99.00', '1.00000000']]);
      expect(body.asks).toEqual([['101.00', '3.00000000'], ['101.50', '2.00000000']]);
      expect(body.sequence).toBe(last.sequence);
      expect(body.timestamp).toBe(last.updated_at);
      const text = ['10100', '300000000', '10150', '200000000', '10000', '75000000', '9900', '100000000'].join('');
      expect(body.checksum).toBe(crc32(text));
    });

    it('contains each order that was answered before', async () => {
      for (let i = 1; i <= 20; i++) {
        const order = await place({ price: '50.00', quantity: '1' });
        const { body } = await client.book(`?instrument=${instrument}&levels=1`);
        expect(body.bids).toEqual([['50.00', `${i}.00000000`]]);
        expect(body.sequence).toBeGreaterThanOrEqual(order.sequence);
      }
    });

    it('gives as many levels as are asked for, and the same checksum of the top ten', async () => {
      await client.batch(Array.from({ length: 30 }, (_, i) => ({ op: 'place', ...limit({ instrument, price: `${10 + i}.00` }) })));
      const levels = async (query: string) => (await client.book(`?instrument=${instrument}${query}`)).body;
      const all = await levels('&levels=5000');
      expect(all.bids).toHaveLength(30);
      expect((await levels('')).bids).toEqual(all.bids.slice(0, 20));
      expect(await levels('&levels=3')).toMatchObject({ bids: all.bids.slice(0, 3), checksum: all.checksum });
    });

    it('is the best price alone at level 1, and single orders without their clients at level 3', async () => {
      const first = await place({ price: '100.00', quantity: '1', client_id: 'secret-client' });
      const second = await place({ price: '100.00', quantity: '2' });
      const third = await place({ price: '99.00', quantity: '3' });
      await place({ side: 'sell', price: '101.00', quantity: '4' });
      const totals = (await client.book(`?instrument=${instrument}`)).body;
      expect((await client.book(`?instrument=${instrument}&level=2`)).body).toEqual(totals);
      expect((await client.book(`?instrument=${instrument}&level=1&levels=20`)).body).toEqual({ ...totals, bids: [['100.00', '3.00000000']] });
      const orders = await client.book(`?instrument=${instrument}&level=3`);
      expect(orders.text).not.toContain('secret-client');
      const bids = [['100.00', '1.00000000', first.order_id], ['100.00', '2.00000000', second.order_id], ['99.00', '3.00000000', third.order_id]];
      expect(orders.body).toEqual({ ...totals, bids, asks: [[...totals.asks[0] as string[], expect.any(String)]] });
      expect((await client.book(`?instrument=${instrument}&level=3&levels=1`)).body.bids).toEqual(bids.slice(0, 2));
      await client.batch(Array.from({ length: 999 }, () => ({ op: 'place', ...limit({ instrument, price: '98.00' }) })));
      const cut = (await client.book(`?instrument=${instrument}&level=3`)).body as { bids: unknown[]; truncated?: boolean };
      expect([cut.bids.length, cut.truncated]).toEqual([1000, true]);
      expect((await client.book(`?instrument=${instrument}&level=3&levels=2`)).body).not.toHaveProperty('truncated');
    });

    it.each(['0', '4', '01', '', 'l2', '2.0'])('refuses level=%s', async (level) => {
      const { body } = await refusal(client.book(`?level=${level}`), 400, 'validation_failed');
      expect(body.errors?.[0]?.field).toBe('level');
    });

    it.each([...NO_NUMBERS, '5001'])('refuses levels=%s', async (levels) => {
      const { body } = await refusal(client.book(`?levels=${levels}`), 400, 'validation_failed');
      expect(body.errors?.map(({ field }) => field)).toEqual(['levels']);
    });

    it('refuses what it does not know', async () => {
      await refusal(client.book('?instrument=NO-SUCH'), 404, 'instrument_not_found');
      await refusal(client.book('?instrument=BTC%20USD'), 400, 'validation_failed');
      await refusal(client.book('?instrument='), 400, 'validation_failed');
      await refusal(client.book('?depth=5'), 400, 'validation_failed');
      await refusal(client.book('?levels=5&levels=6'), 400, 'validation_failed');
      await refusal(client.book('?__proto__=1'), 400, 'validation_failed');
    });
  });

  describe('trades', () => {
    /** Thirty trades, each of its own size: trade n is of n lots. */
    const trade = async (first: number, last: number): Promise<void> => {
      for (let n = first; n <= last; n++) {
        await place({ side: 'sell', quantity: (n / 1e8).toFixed(8) });
        await place({ side: 'buy', quantity: (n / 1e8).toFixed(8) });
      }
    };
    const page = async (query: string): Promise<TradeView[]> => (await client.trades(`?instrument=${instrument}${query}`)).body.trades;

    it('are told newest first, with taker and makers', async () => {
      const maker = await place({ side: 'sell', price: '100.00', quantity: '1' });
      const taker = await place({ side: 'buy', price: '100.50', quantity: '0.25' });
      expect(await page('')).toEqual([{
        trade_id: 1, price: '100.00', quantity: '0.25000000', taker_side: 'buy', maker_order_id: maker.order_id, taker_order_id: taker.order_id,
        executed_at: taker.updated_at,
      }]);
      const seller = (await client.place(market({ instrument, side: 'buy', quantity: '0.5' }))).body;
      expect((await page('')).map((trade) => [trade.trade_id, trade.taker_order_id, trade.taker_side])).toEqual([[2, seller.order_id, 'buy'], [1, taker.order_id, 'buy']]);
    });

    it('go back through all history, page by page, wherever it is', async () => {
      await trade(1, 20);
      await service.persisted();
      // Redis keeps five of those; the rest is in Postgres only. The next ones may be in Redis only.
      await trade(21, 30);
      const expected = Array.from({ length: 30 }, (_, i) => 30 - i);
      const check = async (): Promise<void> => {
        expect((await page('&limit=1000')).map((trade) => trade.trade_id)).toEqual(expected);
        expect((await page('&limit=1000')).every((trade) => Math.round(Number(trade.quantity) * 1e8) === trade.trade_id)).toBe(true);
        for (const size of [1, 7, 30]) {
          const walked: number[] = [];
          let before = '';
          for (;;) {
            const trades = await page(`&limit=${size}${before}`);
            walked.push(...trades.map((trade) => trade.trade_id));
            if (trades.length < size) break;
            before = `&before=${trades[trades.length - 1]?.trade_id}`;
          }
          expect(walked).toEqual(expected);
        }
        for (let before = 1; before <= 32; before++) {
          expect((await page(`&limit=3&before=${before}`)).map((trade) => trade.trade_id)).toEqual(expected.filter((id) => id < before).slice(0, 3));
        }
      };
      await check();
      await service.persisted();
      expect(await service.venue.redis.command('LLEN', `{${service.venue.shard}}:trades:${instrument}`)).toBe(5);
      await check();
    });

    it('come fifty at a time where nothing else is asked for', async () => {
      await client.batch(Array.from({ length: 120 }, (_, i) => ({ op: 'place', ...limit({ instrument, side: i % 2 === 0 ? 'sell' : 'buy' }) })));
      expect(await page('')).toHaveLength(50);
      expect(await page('&limit=60')).toHaveLength(60);
    });

    it.each([...NO_NUMBERS, '1001'])('refuse limit=%s', async (value) => {
      const { body } = await refusal(client.trades(`?limit=${value}`), 400, 'validation_failed');
      expect(body.errors?.map(({ field }) => field)).toEqual(['limit']);
    });

    it.each(NO_NUMBERS)('refuse before=%s', async (value) => {
      await refusal(client.trades(`?before=${value}`), 400, 'validation_failed');
    });

    it('are none of an instrument that there is not', async () => {
      await refusal(client.trades('?instrument=NO-SUCH'), 404, 'instrument_not_found');
      await refusal(client.trades('?after=5'), 400, 'validation_failed');
    });
  });

  describe('an order', () => {
    it('is there right after its 201, and just the same when only Postgres has it', async () => {
      const resting = await place({ side: 'sell', quantity: '1' });
      const { body: filled } = await client.place(limit({ instrument, quantity: '0.4' }));
      const rejected = await place({ time_in_force: 'fok', quantity: '5' });
      expect((await client.order(filled.order_id)).body).toEqual(filled);
      expect((await client.order(rejected.order_id)).body).toEqual(rejected);
      await service.persisted();
      expect(await service.isInRedis(filled.order_id)).toBe(false);
      expect((await client.order(filled.order_id)).body).toEqual(filled);
      expect((await client.order(`${filled.order_id.toUpperCase()}/`)).body).toEqual(filled);
      expect((await client.order(rejected.order_id)).body).toEqual(rejected);
      // An open order stays in Redis; its trades come from Postgres where the log has let go of them.
      const partly = (await client.order(resting.order_id)).body;
      expect(partly).toMatchObject({ status: 'partially_filled', filled_quantity: '0.40000000', trades: filled.trades.map((trade) => ({ ...trade, role: 'maker' })) });
    });

    it('has all its trades, those in the log and those in Postgres', async () => {
      const order = await place({ side: 'sell', quantity: '10' });
      const takers: OrderWithTradesView[] = [];
      for (let i = 0; i < 6; i++) {
        takers.push(await place({ quantity: '1' }));
        if (i === 2) {
          await service.persisted();
          await service.venue.redis.command('XTRIM', `{${service.venue.shard}}:log`, 'MAXLEN', '0');
        }
      }
      const { body } = await client.order(order.order_id);
      expect(body.trades).toEqual(takers.flatMap((taker) => taker.trades).map((trade) => ({ ...trade, role: 'maker' })));
      expect(body).toMatchObject({ filled_quantity: '6.00000000', sequence: takers[5]?.sequence });
      const amended = (await client.amend(order.order_id, { price: '99.00' })).body;
      expect(amended.trades).toEqual([]);
      expect((await client.order(order.order_id)).body).toEqual({ ...amended, trades: body.trades });
    });

    it('that is not known is not found', async () => {
      for (const id of [UNKNOWN_ID, 'my-7', '%20', '..%2f..%2fetc%2fpasswd', '%00', `${UNKNOWN_ID}0`, '{order_id}', '__proto__']) {
        await refusal(client.order(id), 404, 'order_not_found');
      }
      await refusal(client.get(`/public/orders/${UNKNOWN_ID}?x=1`), 400, 'validation_failed');
    });
  });

  describe('the orders of a client', () => {
    it('are listed newest first, open ones by default', async () => {
      const client_id = `lister-${instrument}`;
      const orders: OrderWithTradesView[] = [];
      for (let i = 0; i < 5; i++) orders.push(await place({ client_id, price: `${90 + i}.00` }));
      await client.cancel((orders[1] as OrderWithTradesView).order_id);
      const ids = (page: { body: { orders: { order_id: string }[] } }) => page.body.orders.map((order) => order.order_id);
      const newestFirst = orders.map((order) => order.order_id).reverse();
      expect(ids(await client.list(`?client_id=${client_id}`))).toEqual(newestFirst.filter((id) => id !== orders[1]?.order_id));
      // All, at once after they were answered: the read waits for the writer.
      const all = await client.list(`?client_id=${client_id}&status=all`);
      expect(ids(all)).toEqual(newestFirst);
      expect(all.body).toMatchObject({ next_cursor: null });
      const { trades: _trades, ...order } = orders[4] as OrderWithTradesView;
      expect(all.body.orders[0]).toEqual(order);
      expect((await client.list('?client_id=nobody')).body).toEqual({ orders: [], next_cursor: null });
      expect((await client.list('?client_id=nobody&status=all')).body).toEqual({ orders: [], next_cursor: null });
    });

    it.each(['open', 'all'])('come in pages: %s', async (status) => {
      const client_id = `pager-${instrument}`;
      const other = service.nextBook();
      const here: string[] = [];
      const everywhere: string[] = [];
      for (let i = 0; i < 12; i++) {
        const order = await place({ client_id, ...(i % 3 === 0 ? { instrument: other } : {}) });
        everywhere.unshift(order.order_id);
        if (i % 3 !== 0) here.unshift(order.order_id);
      }
      for (const [filter, expected] of [['', everywhere], [`&instrument=${instrument}`, here]] as const) {
        for (const limit of [1, 5, 12, 100]) {
          const walked: string[] = [];
          let cursor = '';
          for (;;) {
            const { body } = await client.list(`?client_id=${client_id}&status=${status}&limit=${limit}${filter}${cursor}`);
            expect(body.orders.length).toBeLessThanOrEqual(limit);
            walked.push(...body.orders.map((order) => order.order_id));
            if (body.next_cursor === null) break;
            cursor = `&cursor=${body.next_cursor}`;
          }
          expect(walked).toEqual(expected);
        }
      }
    });

    it('are asked for in full', async () => {
      const refused = async (query: string) => (await refusal(client.list(query), 400, 'validation_failed')).body.errors?.map(({ field }) => field);
      expect(await refused('')).toEqual(['client_id']);
      expect(await refused('?client_id=a&status=done')).toEqual(['status']);
      expect(await refused('?client_id=a&limit=0')).toEqual(['limit']);
      expect(await refused('?client_id=a&limit=1001')).toEqual(['limit']);
      expect(await refused('?client_id=a&cursor=5')).toEqual(['cursor']);
      expect(await refused('?client_id=a&client=b')).toEqual(['client']);
      expect(await refused('?client_id=a&client_id=b')).toEqual(['client_id']);
      expect(await refused(`?client_id=${'x'.repeat(65)}`)).toEqual(['client_id']);
      await refusal(client.list('?client_id=a&instrument=NO-SUCH'), 404, 'instrument_not_found');
    });
  });

  it('tells the instruments, with steps, limits and state', async () => {
    const { status, body } = await client.get<{ instruments: Record<string, string>[] }>('/public/instruments');
    expect(status).toBe(200);
    expect(body.instruments[0]).toEqual({
      instrument: 'BTC-USD', base: 'BTC', quote: 'USD', tick_size: '0.01', lot_size: '0.00000001', price_min: '0.01', price_max: '90071992547409.91',
      quantity_min: '0.00000001', quantity_max: '90071992.54740991', min_value: null, price_band: null, band_window_s: null, max_slippage: null, state: 'open',
      fees: { maker: '0', taker: '0' },
    });
    expect(body.instruments[2]).toMatchObject({ instrument: 'ODD-EUR', tick_size: '0.25', price_max: '1000.00', quantity_min: '10' });
    await refusal(client.get('/public/instruments?instrument=BTC-USD'), 400, 'validation_failed');
  });

  it('answers a slash at the end, and HEAD', async () => {
    for (const path of ['/public/orderbook/', '/public/trades/', '/public/instruments/', '/healthz/', '/readyz/', '/metrics/', '/openapi.json/', '/docs/']) {
      expect([path, (await client.get(path)).status]).toEqual([path, 200]);
      const head = await client.call('HEAD', path);
      expect([path, head.status, head.text]).toEqual([path, 200, '']);
      expect(Number(head.headers.get('content-length'))).toBeGreaterThan(0);
    }
  });
});
