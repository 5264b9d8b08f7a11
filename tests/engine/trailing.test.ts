import type { LogEntry } from '../../src/domain/log-entry';
import type { Order, Side } from '../../src/domain/order';
import type { OrderTraits } from '../../src/domain/order-traits';
import { TRIGGER_CODE } from '../../src/domain/order-type';
import { stopTicksOf } from '../../src/domain/trailing';
import type { PlaceCommand } from '../../src/domain/commands';
import { encodePlace } from '../../src/engine/commands/place';
import { until } from '../support/until';
import { abandonedCall } from './support/abandoned-call';
import { amendCommand, orderOf, placeCommand } from './support/desk';
import { listCommand, sell } from './support/listed';
import { entriesAfter } from './support/entries-after';
import { describeOnEachRedis } from './support/redis-targets';
import { EPOCH } from './support/test-shard';
import { useShard } from './support/use-shard';

const trails = (distance: { readonly offset: number } | { readonly percent: number }): { readonly traits: OrderTraits } => ({
  traits: {
    trigger: TRIGGER_CODE.trailing_stop, best: 0, trailsSince: 0,
    ...('offset' in distance ? { trailingOffset: distance.offset } : { trailingPercent: distance.percent }),
  },
});

describeOnEachRedis('trailing stops', (target) => {
  const venue = useShard(target, { limits: { triggersPerCommandMax: 2 } });

  /** A trade at a price, between two who do nothing else. @returns its entry */
  async function trade(price: number): Promise<LogEntry> {
    await venue.desk.rest('sell', price, 1, { client: 'maker' });
    return venue.desk.submit(placeCommand('buy', price, 1, { client: 'taker' }));
  }

  /** Where an order stands by now, as a read tells. */
  async function standing({ orderId }: Order): Promise<number | null> {
    const [now] = await venue.shard.engine.readWaiting([orderId]);
    const [one, open] = [await venue.shard.engine.readOrder(orderId), await venue.shard.engine.readOpenOrders('client', null, null, 100)];
    if (now === null || now === undefined) throw new Error('the order is gone');
    expect(one?.order).toEqual(now);
    expect(open.orders.find((order) => order.orderId === orderId)).toEqual(now);
    return stopTicksOf(now);
  }

  const place = async (side: Side, distance: Parameters<typeof trails>[0]): Promise<Order> => orderOf(await venue.desk.submit(placeCommand(side, null, 1, trails(distance))));

  test.each([
    ['sell', { offset: 5 }, 95, [103, 99], 98, 97],
    ['buy', { offset: 5 }, 105, [97, 101], 102, 103],
    // 2.5 % of 100 are 2.5 ticks, of 120 three.
    ['sell', { percent: 25_000 }, 97, [120], 117, 117],
    ['buy', { percent: 25_000 }, 103, [80], 82, 82],
  ] as const)('a %s at %j stands at %i behind the last trade, moves in its owner\'s favour only, and goes', async (side, distance, first, prices, then, goesAt) => {
    await trade(100);
    const order = await place(side, distance);
    expect(order).toMatchObject({ status: 'pending' });
    expect(stopTicksOf(order)).toBe(first);
    for (const price of prices) await trade(price);
    expect(await standing(order)).toBe(then);
    await venue.desk.rest(side === 'sell' ? 'buy' : 'sell', side === 'sell' ? 50 : 150, 1);
    const reaching = await trade(goesAt);
    const [entry] = await entriesAfter(venue.shard.engine, reaching.sequence, 1);
    expect(entry).toMatchObject({ kind: 'trigger', command: { orderId: order.orderId, cause: reaching.sequence } });
    expect(orderOf(entry as LogEntry)).toMatchObject({ status: 'filled' });
    expect((await venue.shard.read()).meta).not.toHaveProperty('trailing');
  });

  test('stands nowhere ahead of the first trade, nor below one tick', async () => {
    const [early, far] = [await place('sell', { offset: 5 }), await place('sell', { offset: 1_000 })];
    expect([stopTicksOf(early), stopTicksOf(far)]).toEqual([null, null]);
    await trade(100);
    expect([await standing(early), await standing(far)]).toEqual([95, null]);
    await trade(1_001);
    expect([await standing(early), await standing(far)]).toEqual([996, 1]);
    const fall = await trade(1);
    const entries = await entriesAfter(venue.shard.engine, fall.sequence, 2);
    expect(entries.map(({ command }) => (command?.op === 'trigger' ? command.orderId : null))).toEqual([early.orderId, far.orderId]);
  });

  test('what came at other prices has seen other prices, until a trade beyond both', async () => {
    await trade(100);
    const high = await place('sell', { offset: 20 });
    await trade(90);
    const low = await place('sell', { offset: 4 });
    const lowest = await place('sell', { percent: 50_000 });
    expect([await standing(high), await standing(low), await standing(lowest)]).toEqual([80, 86, 85]);
    await trade(95);
    expect([await standing(high), await standing(low), await standing(lowest)]).toEqual([80, 91, 90]);
    const state = await venue.shard.read();
    expect(state.state.waiting[0]?.trailing.map(({ bestTicks }) => bestTicks).sort()).toEqual([100, 95, 95]);
    await trade(110);
    expect([await standing(high), await standing(low), await standing(lowest)]).toEqual([90, 106, 104]);
    expect((await venue.shard.read()).problems).toEqual([]);
  });

  test('at one price those go first that came first, whatever they stand there by', async () => {
    await trade(100);
    const offset = await place('sell', { offset: 5 });
    const stop = orderOf(await venue.desk.sell(null, 1, { traits: { trigger: TRIGGER_CODE.stop, triggerPrice: 95 } }));
    // 4.1 and 4.9 % of 100 are both five ticks.
    const far = await place('sell', { percent: 49_000 });
    const near = await place('sell', { percent: 41_000 });
    const fall = await trade(95);
    const entries = await entriesAfter(venue.shard.engine, fall.sequence, 4);
    expect(entries.map(({ command }) => (command?.op === 'trigger' ? command.orderId : null))).toEqual([offset, stop, far, near].map(({ orderId }) => orderId));
  });

  test('trades of one entry count in their order: a buyer\'s highest moves a sell on, and does not reach it', async () => {
    await trade(100);
    const sell = await place('sell', { offset: 8 });
    for (const price of [101, 105, 112]) await venue.desk.rest('sell', price, 1, { client: 'maker' });
    const sweep = await venue.desk.submit(placeCommand('buy', null, 3, { client: 'taker' }));
    expect(await standing(sell)).toBe(104);
    // A seller's first moves it on, the last reaches it.
    for (const price of [120, 111]) await venue.desk.rest('buy', price, 1, { client: 'maker' });
    const fall = await venue.desk.submit(placeCommand('sell', null, 2, { client: 'taker' }));
    expect(fall.sequence).toBe(sweep.sequence + 3);
    const [entry] = await entriesAfter(venue.shard.engine, fall.sequence, 1);
    expect(orderOf(entry as LogEntry)).toMatchObject({ orderId: sell.orderId, traits: { best: 120 } });
  });

  test('are amended: another distance behind the same price, which may be reached already', async () => {
    await trade(100);
    await trade(120);
    const order = await place('sell', { offset: 50 });
    await trade(130);
    await trade(110);
    const moved = orderOf(await venue.desk.amend(order, { offset: 30 }));
    expect([moved.traits.best, stopTicksOf(moved), moved.status]).toEqual([130, 100, 'pending']);
    expect(orderOf(await venue.desk.amend(order, { quantity: 2 })).traits.best).toBe(130);
    expect(await venue.desk.refused(amendCommand(order, { stop: 90 }))).toMatchObject({ code: 'order_waits_otherwise' });
    expect(await venue.desk.refused(amendCommand(order, { percent: 90 }))).toMatchObject({ code: 'order_waits_otherwise' });
    const other = orderOf(await venue.desk.sell(null, 1, { traits: { trigger: TRIGGER_CODE.stop, triggerPrice: 50 } }));
    expect(await venue.desk.refused(amendCommand(other, { offset: 5 }))).toMatchObject({ code: 'order_waits_otherwise' });
    const reached = await venue.desk.amend(order, { offset: 20 });
    const [entry] = await entriesAfter(venue.shard.engine, reached.sequence, 1);
    expect(entry).toMatchObject({ kind: 'trigger', command: { orderId: order.orderId, cause: reached.sequence } });
  });

  test('where many have seen different prices a trade moves some of them in each call, ahead of everything else', async () => {
    const { desk, shard } = venue;
    // A market that falls: each has seen another price than the one before it.
    for (let i = 0; i < 50; i++) {
      await trade(1_000 - i);
      await place('sell', { offset: 500 });
    }
    await desk.rest('sell', 1_600, 1, { client: 'maker' });
    await abandonedCall(shard, encodePlace(placeCommand('buy', 1_600, 1, { client: 'taker' }) as PlaceCommand));
    const groups = async (): Promise<unknown> => shard.send('ZCARD', `{${shard.name}}:trails:BTC-USD:falling:offset`);
    const midway = await shard.read();
    expect(midway.meta.reached).toMatch(/^BTC-USD=/);
    expect(midway.problems).toEqual([]);
    expect(await groups()).toBeGreaterThan(20);
    // As it will be once all have moved.
    expect(new Set(midway.state.waiting[0]?.trailing.map(({ bestTicks }) => bestTicks))).toEqual(new Set([1_600]));
    // Whoever comes has it go on, and waits for a turn of his own: a call that knows of an earlier one does not go ahead of him.
    const turns = [];
    for (let i = 0; i < 2; i++) turns.push(await abandonedCall(shard, encodePlace(placeCommand('buy', 1, 1) as PlaceCommand), { triggers_max: '1' }));
    expect(turns).toEqual([['W1'], ['W2']]);
    const another = await shard.anotherEngine();
    another.bind(EPOCH, 0);
    expect(await another.isUnfinished()).toBe(true);
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const results = await Promise.all(names.map((name) => another.submit(placeCommand('buy', 1, 1, { client: 'behind', name }))));
    const sequences = results.map((result) => ('entry' in result ? result.entry?.sequence ?? 0 : 0));
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
    expect(await groups()).toBe(1);
    const { state, problems, meta } = await shard.read();
    expect(problems).toEqual([]);
    expect(meta).not.toHaveProperty('reached');
    expect(new Set(state.waiting[0]?.trailing.map(({ bestTicks }) => bestTicks))).toEqual(new Set([1_600]));
  });

  test('one of a pair that ends because of a trade has seen it, however many others it is yet to move', async () => {
    const { desk, shard } = venue;
    await trade(5_000);
    const pair = listCommand('oco', [sell(5_100), { side: 'sell', price: null, lots: 1, stop: 0 }]);
    const [limit, leg] = pair.orders;
    if (limit === undefined || leg === undefined) throw new Error('a pair is two');
    await desk.submit({ ...pair, orders: [limit, { ...leg, traits: { ...trails({ offset: 900 }).traits, list: 'oco', listRole: 1 } }] });
    for (let i = 1; i <= 20; i++) {
      await trade(5_000 - i);
      await place('sell', { offset: 900 });
    }
    const entry = await desk.buy(5_100, 1, { client: 'taker' });
    const ended = entry.orders.find(({ reason }) => reason === 'linked');
    expect([ended?.traits.best, ended && stopTicksOf(ended)]).toEqual([5_100, 4_200]);
    await until('all have moved', async () => !(await shard.engine.isUnfinished()));
    expect(new Set((await shard.read()).state.waiting[0]?.trailing.map(({ bestTicks }) => bestTicks))).toEqual(new Set([5_100]));
  });

  test('an amend tells where it stands now, whatever comes of it', async () => {
    const { desk } = venue;
    await trade(2_000);
    const order = orderOf(await desk.sell(null, 5, trails({ offset: 100 })));
    await trade(2_100);
    const told = async (change: Parameters<typeof amendCommand>[1]): Promise<number | null> => {
      const result = await desk.engine.submit(amendCommand(order, change));
      const shown = result.outcome === 'unchanged' ? result.order : result.outcome === 'refused' ? result.order : 'entry' in result ? result.entry?.orders[0] : null;
      return shown ? stopTicksOf(shown) : null;
    };
    expect(await told({ quantity: 4 })).toBe(2_000);
    await trade(2_200);
    expect(await told({ quantity: 4 })).toBe(2_100);
    expect(await told({ stop: 5 })).toBe(2_100);
    expect(await told({ quantity: 6 })).toBe(2_100);
  });

  test('all of them move with one trade, and none of them is touched', async () => {
    const { desk, shard } = venue;
    await trade(1_000);
    for (let i = 0; i < 300; i++) await place('sell', { offset: 100 + i });
    const [store] = (await shard.send('KEYS', `{${shard.name}}:trail:*`)) as string[];
    await desk.rest('sell', 1_001, 1, { client: 'maker' });
    await shard.send('WATCH', store as string);
    await desk.submit(placeCommand('buy', 1_001, 1, { client: 'taker' }));
    await shard.send('MULTI');
    await shard.send('PING');
    expect(await shard.send('EXEC')).toEqual(['PONG']);
    const trailing = (await shard.read()).state.waiting[0]?.trailing ?? [];
    expect(trailing).toHaveLength(300);
    expect(new Set(trailing.map(({ bestTicks }) => bestTicks))).toEqual(new Set([1_001]));
  });
});
