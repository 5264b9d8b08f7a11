import { DAY_US, type Order } from '../../src/domain/order';
import { STP_CODE } from '../../src/domain/order-traits';
import { TRIGGER_CODE } from '../../src/domain/order-type';
import { amendCommand, fillsOf, orderOf, placeCommand } from './support/desk';
import { describeOnEachRedis } from './support/redis-targets';
import { useShard } from './support/use-shard';

/** What docs/order-types.md says of two features that meet, where no test of either of them shows it. */
describeOnEachRedis('where two features meet', (target) => {
  const venue = useShard(target, { limits: { fillsPerOrderMax: 2 } });
  let nowUs: number;
  const setTime = async (timeUs: number): Promise<void> => {
    nowUs = timeUs;
    await venue.shard.send('HSET', venue.shard.engine.keys.meta, 'time_us', String(timeUs));
  };
  // Ahead of Redis' own clock, which stands behind it for good: the time is the test's.
  beforeEach(() => setTime(Math.floor(Date.now() / 86_400_000 + 2) * DAY_US));

  const ends = (inUs: number): { readonly kind: 'limit_gtd'; readonly traits: { readonly expiresUs: number } } => ({ kind: 'limit_gtd', traits: { expiresUs: nowUs + inUs } });
  const fate = async (order: Order): Promise<string> => {
    const read = await venue.shard.engine.readOrder(order.orderId);
    if (read === null) throw new Error(`order ${order.orderId} is not there`);
    const { status, reason } = read.order;
    return reason === null ? status : `${status} ${reason}`;
  };
  const kill = (pageSize: number): Promise<unknown> => venue.shard.engine.submit({ op: 'kill', actor: null, account: 'ann', kills: true, pageSize });

  test('an end by itself and self-trade prevention: an order whose time is over is met by nobody', async () => {
    const { desk } = venue;
    const offer = await desk.rest('sell', 100, 1, { client: 'ann', ...ends(10) });
    await setTime(nowUs + 10);
    const taker = orderOf(await desk.buy(100, 1, { client: 'ann', traits: { stp: STP_CODE.cancel_both } }));
    expect(taker).toMatchObject({ status: 'open', reason: null });
    expect(await fate(offer)).toBe('expired expired');
  });

  test('an end by itself and the bound of fills: what is cut off does not rest', async () => {
    const { desk } = venue;
    for (let i = 0; i < 3; i++) await desk.rest('sell', 100, 1);
    expect(orderOf(await desk.buy(100, 5, { client: 'ann', ...ends(10) }))).toMatchObject({ status: 'cancelled', reason: 'fills_limit', filledLots: 2 });
    await setTime(nowUs + 10);
    expect(fillsOf(await desk.buy(100, 1, { client: 'bob' })).length).toBe(1);
    expect((await venue.shard.read()).log.filter(({ kind }) => kind === 'due')).toEqual([]);
  });

  test('a kill in pages: until its page comes an order trades, and goes where its price is reached', async () => {
    const { desk } = venue;
    const [first, bid] = [await desk.rest('buy', 90, 1, { client: 'ann' }), await desk.rest('buy', 100, 1, { client: 'ann' })];
    const stop = orderOf(await desk.sell(95, 1, { client: 'ann', traits: { trigger: TRIGGER_CODE.stop, triggerPrice: 100 } }));
    await kill(1);
    expect([await fate(first), await fate(bid), await fate(stop)]).toEqual(['cancelled killed', 'open', 'pending']);
    await desk.sell(100, 1, { client: 'bob' });
    expect([await fate(bid), await fate(stop)]).toEqual(['filled', 'open']);
    await kill(5);
    expect(await fate(stop)).toBe('cancelled killed');
  });

  test('a kill and self-trade prevention: an account that counts as its own goes on', async () => {
    const { desk } = venue;
    const other = await desk.rest('buy', 90, 1, { client: 'bob', traits: { stp: STP_CODE.cancel_maker, stpAccounts: 'ann' } });
    await kill(5);
    expect(await fate(other)).toBe('open');
  });

  test('an iceberg and an idempotent repeat: the first answer, whatever it shows by then', async () => {
    const { desk, shard } = venue;
    const command = placeCommand('sell', 100, 5, { client: 'ann', key: 'once', traits: { display: 2 } });
    const placed = await desk.submit(command);
    await desk.buy(100, 3, { client: 'bob' });
    expect(await shard.engine.submit(command)).toMatchObject({ outcome: 'repeated', sequence: placed.sequence, entry: { orders: [{ traits: { shown: 2 }, filledLots: 0 }] } });
    expect((await desk.book()).asks).toEqual([[100, 1]]);
  });

  test('the bound of fills and an idempotent repeat: what was cut off is not bought by asking again', async () => {
    const { desk, shard } = venue;
    for (let i = 0; i < 4; i++) await desk.rest('sell', 100, 1);
    const command = placeCommand('buy', 100, 4, { client: 'ann', key: 'once' });
    expect(orderOf(await desk.submit(command))).toMatchObject({ reason: 'fills_limit', filledLots: 2 });
    expect(await shard.engine.submit(command)).toMatchObject({ outcome: 'repeated', entry: { orders: [{ reason: 'fills_limit', filledLots: 2 }] } });
    expect((await desk.book()).asks).toEqual([[100, 2]]);
  });

  test('an iceberg and a batch: what an operation has used up is shown anew to the next', async () => {
    const { desk, shard } = venue;
    await desk.rest('sell', 100, 3, { client: 'ann', traits: { display: 1 } });
    const results = await shard.engine.submitAll([1, 1].map((lots) => placeCommand('buy', 100, lots, { client: 'bob' })));
    expect(results).toMatchObject([{ entry: { orders: [{ status: 'filled' }] } }, { entry: { orders: [{ status: 'filled' }] } }]);
    expect((await desk.book()).asks).toEqual([[100, 1]]);
  });

  test('a kill and a batch: what would order anew is refused, what only frees is taken', async () => {
    const { desk, shard } = venue;
    const orders = [await desk.rest('buy', 90, 2, { client: 'ann' }), await desk.rest('buy', 91, 2, { client: 'ann' })] as const;
    await kill(1);
    const results = await shard.engine.submitAll([
      placeCommand('buy', 80, 1, { client: 'ann' }), amendCommand(orders[1], { price: 80 }), amendCommand(orders[1], { quantity: 1 }),
    ]);
    expect(results).toMatchObject([{ code: 'account_killed' }, { code: 'account_killed' }, { outcome: 'logged' }]);
  });
});
