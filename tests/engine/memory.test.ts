import { PrivateServer } from '../support/servers';
import { amendCommand, cancelCommand, Desk, placeCommand } from './support/desk';
import { EPOCH, TestShard } from './support/test-shard';
import { shardProblems } from './support/use-shard';

describe('a Redis whose memory is full', () => {
  let server: PrivateServer;
  let shard: TestShard;
  let desk: Desk;

  beforeAll(async () => {
    server = await PrivateServer.redis();
  });

  afterAll(async () => {
    await server.remove();
  });

  beforeEach(async () => {
    shard = await TestShard.open({ name: 'redis', url: server.url });
    desk = new Desk(shard.engine);
  });

  afterEach(async () => {
    await limitMemory(0);
    expect(shardProblems(await shard.read())).toEqual([]);
    await shard.close();
  });

  async function limitMemory(bytes: number): Promise<void> {
    await shard.send('CONFIG', 'SET', 'maxmemory', String(bytes));
  }

  test('refuses orders and amends with backlog_full, takes cancels, and has nothing half-done', async () => {
    const orders = await Promise.all([1, 2, 3].map((i) => desk.rest('buy', 100 - i, 1, { name: `n${i}` })));
    await limitMemory(1);
    const results = await shard.engine.submitAll([
      placeCommand('sell', 99, 1), cancelCommand(orders[0] as never), amendCommand(orders[1] as never, { price: 50 }),
      cancelCommand({ clientId: 'client', clientOrderId: 'n2' }), placeCommand('sell', null, 1, { key: 'k' }),
    ]);
    expect(results.map((result) => (result.outcome === 'refused' ? result.code : result.outcome)))
      .toEqual(['backlog_full', 'logged', 'backlog_full', 'logged', 'backlog_full']);
    expect(await desk.refused(placeCommand('buy', 100, 1))).toEqual({ outcome: 'refused', code: 'backlog_full', order: null });
    expect(await desk.book()).toEqual({ bids: [[97, 1]], asks: [] });
    expect((await desk.massCancel('client')).entry?.orders.length).toBe(1);
    expect((await shard.read()).state.sequence).toBe(6);

    await limitMemory(0);
    expect((await desk.buy(100, 1, { key: 'k' })).kind).toBe('place');
  });

  test('lets go of what is persisted, and is read', async () => {
    await desk.buy(100, 1, { key: 'k' });
    await desk.sell(100, 1);
    await limitMemory(1);
    const done = (await shard.read()).state.orders.map((order) => order.orderId);
    expect(await shard.engine.trim(EPOCH, 2, { entries: 1000, trades: 0 }, new Map([['BTC-USD', 1]]), done)).toBe(true);
    expect(await shard.engine.forgetKeys(['k'])).toBe(0);
    expect((await shard.read()).state.orders).toEqual([]);
    expect((await shard.engine.readBook('BTC-USD', 5)).sequence).toBe(2);
    expect(await shard.engine.setState('frozen', ['open'])).toBe('open');
    expect(await shard.engine.setState('open', ['frozen'])).toBe('frozen');
  });

  test('fills up in the middle of a flow: each call is carried out as a whole or not at all', async () => {
    const used = Number(/used_memory:(\d+)/.exec(String(await shard.send('INFO', 'memory')))?.[1]);
    await limitMemory(used + 150_000);
    let placed = 0;
    let refused = 0;
    for (let turn = 0; turn < 200 && refused === 0; turn++) {
      const results = await shard.engine.submitAll(Array.from({ length: 50 }, () => placeCommand('buy', 100 + turn % 7, 3)));
      const codes = new Set(results.map((result) => (result.outcome === 'refused' ? result.code : result.outcome)));
      expect(codes.size).toBe(1);
      if (codes.has('logged')) placed += 50;
      else refused += 50;
      if (refused > 0) expect([...codes]).toEqual(['backlog_full']);
    }
    expect(refused).toBe(50);
    expect(placed).toBeGreaterThan(0);
    const { state } = await shard.read();
    expect(state.orders.length).toBe(placed);
    expect(state.sequence).toBe(placed);
    let page = await desk.massCancel('client', { pageSize: 500 });
    while (page.after !== null) page = await desk.massCancel('client', { pageSize: 500, after: page.after, bound: page.bound });
    expect(await desk.book()).toEqual({ bids: [], asks: [] });
  });

  test('does not know the function library: nothing can be done, and nothing is said to be uncertain', async () => {
    const order = await desk.rest('buy', 100, 1);
    await shard.send('FUNCTION', 'FLUSH');
    await limitMemory(1);
    expect(await desk.refused(cancelCommand(order))).toMatchObject({ code: 'engine_unavailable' });
    expect(await desk.refused(placeCommand('buy', 100, 1))).toMatchObject({ code: expect.stringMatching(/backlog_full|engine_unavailable/) as string });
    await limitMemory(0);
    await desk.cancel(order);
  });
});
