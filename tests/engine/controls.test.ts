import type { Killed } from '../../src/domain/commands';
import { DAY_US, type Order } from '../../src/domain/order';
import { amendCommand, ETH, placeCommand } from './support/desk';
import { describeOnEachRedis } from './support/redis-targets';
import { EPOCH } from './support/test-shard';
import { useShard } from './support/use-shard';

describeOnEachRedis('an account', (target) => {
  const venue = useShard(target);
  let nowUs: number;
  const setTime = async (timeUs: number): Promise<void> => {
    nowUs = timeUs;
    await venue.shard.send('HSET', venue.shard.engine.keys.meta, 'time_us', String(timeUs));
  };
  // Ahead of Redis' own clock, which stands behind it for good: the time is the test's.
  beforeEach(() => setTime(Math.floor(Date.now() / 86_400_000 + 2) * DAY_US));

  const rest = (count: number, client = 'ann'): Promise<Order[]> => (
    Promise.all(Array.from({ length: count }, (_, i) => venue.desk.rest('buy', 100 - i, 2, { client })))
  );
  const kill = async (pageSize: number, kills = true): Promise<Killed> => {
    const result = await venue.shard.engine.submit({ op: 'kill', actor: null, account: 'ann', kills, pageSize });
    if (result.outcome !== 'killed') throw new Error(`expected a stop, got ${JSON.stringify(result)}`);
    return result;
  };
  const openOf = async (client: string): Promise<number> => (await venue.shard.engine.readOpenOrders(client, null, null, 100)).orders.length;

  test('that is stopped loses its orders in pages, places none between them, and lets others through', async () => {
    const [first] = await rest(5) as [Order];
    expect(await kill(2)).toMatchObject({ hasMore: true, sinceUs: nowUs, entry: { kind: 'kill', orders: [{ reason: 'killed', status: 'cancelled' }, { reason: 'killed' }] } });
    expect((await venue.desk.refused(placeCommand('buy', 1, 1, { client: 'ann' }))).code).toBe('account_killed');
    await venue.desk.rest('buy', 50, 1, { client: 'bob' });
    expect(await kill(2)).toMatchObject({ hasMore: true });
    expect(await kill(2)).toMatchObject({ hasMore: false, entry: { orders: [{ reason: 'killed' }] } });
    expect(await kill(2)).toEqual({ outcome: 'killed', hasMore: false, sinceUs: first.createdUs, entry: null });
    expect([await openOf('ann'), await openOf('bob')]).toEqual([0, 1]);
    expect(await kill(2, false)).toMatchObject({ sinceUs: null, entry: { kind: 'kill' } });
    await venue.desk.rest('buy', 1, 1, { client: 'ann' });
  });

  test('that is stopped may still make its orders smaller, and cancel them', async () => {
    const [one, two, three] = await rest(3) as [Order, Order, Order];
    await kill(1);
    const amend = async (order: Order, options: Parameters<typeof amendCommand>[1]): Promise<string> => (await venue.desk.refused(amendCommand(order, options))).code;
    expect([await amend(two, { price: 1 }), await amend(two, { quantity: 3 }), await amend(two, { quantity: 1, price: 1 })]).toEqual(['account_killed', 'account_killed', 'account_killed']);
    await venue.desk.amend(two, { quantity: 1 });
    await venue.desk.cancel(three);
    expect((await venue.desk.refused(amendCommand(one, { quantity: 1 }))).code).toBe('order_not_open');
  });

  test('that was stopped by somebody who is gone loses the rest of its orders all the same', async () => {
    await rest(5);
    await kill(2);
    await setTime(nowUs + 1_999_999);
    await venue.desk.rest('sell', 200, 1);
    expect(await openOf('ann')).toBe(3);
    await setTime(nowUs + 1);
    await venue.desk.rest('sell', 200, 1);
    expect(await openOf('ann')).toBe(0);
    const { log } = await venue.shard.read();
    expect(log.slice(-2).map(({ kind, orders }) => [kind, orders.length])).toEqual([['due', 3], ['place', 1]]);
  });

  const setSwitch = (timeoutUs: number | null, instrument: string | null = null): Promise<unknown> => (
    venue.desk.submit({ op: 'cancel_after', actor: null, clientId: 'ann', instrument, timeoutUs })
  );
  const reasons = async (): Promise<(string | null)[]> => (await venue.shard.read()).state.orders.map(({ reason }) => reason);

  test('whose switch is due loses its orders ahead of what comes then, in pages that nothing comes between, and places anew', async () => {
    const engine = await venue.shard.anotherEngine({ limits: { duePage: 2 } });
    await rest(5);
    await setSwitch(1_000);
    await setSwitch(2_000);
    await setTime(nowUs + 1_999);
    await venue.desk.rest('sell', 300, 1, { client: 'bob' });
    expect(await openOf('ann')).toBe(5);
    await setTime(nowUs + 1);
    const sold = await engine.submit(placeCommand('sell', 1, 20, { client: 'bob', kind: 'limit_ioc' }));
    expect(sold).toMatchObject({ outcome: 'logged', entry: { fills: [], orders: [{ reason: 'ioc_remainder' }] } });
    expect((await reasons()).filter((reason) => reason === 'cancel_after')).toHaveLength(5);
    await venue.desk.rest('buy', 1, 1, { client: 'ann' });
    await setTime(nowUs + 10_000);
    await venue.desk.rest('sell', 300, 1, { client: 'bob' });
    expect(await openOf('ann')).toBe(1);
  });

  test('has a switch for each instrument, and one for all; what is taken off does not trigger', async () => {
    const engine = await venue.shard.anotherEngine({ limits: { duePage: 1 } });
    await rest(2);
    const eth = await venue.desk.rest('buy', 5, 1, { client: 'ann', instrument: ETH });
    await rest(2);
    await setSwitch(1_000, ETH);
    await setSwitch(1_000);
    await setSwitch(null);
    await setTime(nowUs + 1_000);
    expect(await engine.submit({ op: 'due', actor: null })).toEqual({ outcome: 'nothing_due' });
    const { state } = await venue.shard.read();
    expect(state.orders.filter(({ reason }) => reason === 'cancel_after').map(({ orderId }) => orderId)).toEqual([eth.orderId]);
    expect(state.controls).toEqual([]);
  });

  const lease = (id: string, ttlUs: number, client = 'ann', begins = true): Promise<unknown> => (
    venue.desk.submit({ op: 'lease', actor: null, lease: id, clientId: client, begins, ttlUs })
  );

  test('whose connection has a lease keeps its orders as long as that is renewed, and until it is let go', async () => {
    const { engine } = venue.shard;
    engine.bind(EPOCH, 0);
    await rest(3);
    await rest(2, 'bob');
    await lease('one', 3_000);
    await lease('one', 3_000, 'bob');
    await lease('one', 3_000, 'bob', false);
    await setTime(nowUs + 2_999);
    expect(await engine.renewLeases(['one', 'two'], 3_000)).toEqual(['two']);
    await setTime(nowUs + 2_999);
    await venue.desk.rest('sell', 300, 1, { client: 'carl' });
    expect(await openOf('ann')).toBe(3);
    expect(await engine.renewLeases(['one'], 0)).toEqual([]);
    expect(await engine.submit({ op: 'due', actor: null })).toEqual({ outcome: 'nothing_due' });
    expect([await openOf('ann'), await openOf('bob')]).toEqual([0, 2]);
    expect((await reasons()).filter((reason) => reason === 'disconnected')).toHaveLength(3);
    expect((await venue.shard.read()).state.controls).toEqual([]);
  });

  test('whose connection is renewed too late has lost its orders by then', async () => {
    const { engine } = venue.shard;
    engine.bind(EPOCH, 0);
    await rest(1);
    await lease('one', 3_000);
    await setTime(nowUs + 3_000);
    expect(await engine.renewLeases(['one'], 3_000)).toEqual(['one']);
    await venue.desk.rest('sell', 300, 1, { client: 'carl' });
    expect(await openOf('ann')).toBe(0);
    await engine.setState('recovering', ['open']);
    expect(await engine.renewLeases(['one'], 3_000)).toBeNull();
  });
});
