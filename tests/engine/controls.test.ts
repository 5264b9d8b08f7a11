import type { Killed } from '../../src/domain/commands';
import { DAY_US, type Order } from '../../src/domain/order';
import { amendCommand, placeCommand } from './support/desk';
import { describeOnEachRedis } from './support/redis-targets';
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
});
