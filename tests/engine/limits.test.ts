import { AMOUNT_MAX } from '../../src/domain/amounts';
import { newOrderId } from '../../src/domain/order-id';
import { amendCommand, cancelCommand, fillsOf, orderOf, placeCommand } from './support/desk';
import { describeOnEachRedis } from './support/redis-targets';
import { EPOCH } from './support/test-shard';
import { useShard } from './support/use-shard';

describeOnEachRedis('the bound on fills', (target) => {
  const venue = useShard(target, { limits: { fillsPerOrderMax: 3 } });

  test.each(['limit_gtc', 'limit_ioc', 'market'] as const)('cuts a %s order off: what it traded stays, its rest is cancelled', async (kind) => {
    const { desk } = venue;
    for (let i = 0; i < 5; i++) await desk.rest('sell', 100 + i, 1);
    const entry = await desk.buy(kind === 'market' ? null : 110, 5, { kind });
    expect(entry.fills.length).toBe(3);
    expect(orderOf(entry)).toMatchObject({ status: 'cancelled', reason: 'fills_limit', filledLots: 3, quantityLots: 5 });
    expect(await desk.book()).toEqual({ bids: [], asks: [[103, 1], [104, 1]] });
  });

  test('cuts nothing off where the order is filled by the last fill allowed', async () => {
    const { desk } = venue;
    for (let i = 0; i < 5; i++) await desk.rest('sell', 100, 1);
    expect(orderOf(await desk.buy(100, 3))).toMatchObject({ status: 'filled', reason: null });
  });

  test('cuts nothing off where nobody else would have traded', async () => {
    const { desk } = venue;
    for (let i = 0; i < 3; i++) await desk.rest('sell', 100, 1);
    await desk.rest('sell', 101, 1);
    expect(orderOf(await desk.buy(100, 5))).toMatchObject({ status: 'partially_filled', filledLots: 3 });
  });

  test('rejects a fill-or-kill order that needs more fills', async () => {
    const { desk } = venue;
    for (let i = 0; i < 5; i++) await desk.rest('sell', 100, 1);
    const entry = await desk.buy(100, 4, { kind: 'limit_fok' });
    expect(orderOf(entry)).toMatchObject({ status: 'rejected', reason: 'fok_not_fillable', filledLots: 0 });
    expect(entry.fills).toEqual([]);
  });

  test('cuts an amend off, which then leaves the book', async () => {
    const { desk } = venue;
    for (let i = 0; i < 5; i++) await desk.rest('sell', 100, 1);
    const order = await desk.rest('buy', 90, 5, { name: 'mine' });
    const entry = await desk.amend(order, { price: 100 });
    expect(orderOf(entry)).toMatchObject({ status: 'cancelled', reason: 'fills_limit', filledLots: 3 });
    expect(await desk.book()).toEqual({ bids: [], asks: [[100, 2]] });
    await desk.rest('buy', 80, 1, { name: 'mine' });
  });
});

describeOnEachRedis('the bound on open orders', (target) => {
  const venue = useShard(target, { limits: { openOrdersPerClientMax: 2 } });

  test('refuses what could rest, not what never rests; frees with each order that leaves', async () => {
    const { desk } = venue;
    const first = await desk.rest('buy', 100, 1);
    await desk.rest('buy', 99, 1);
    for (const kind of ['limit_gtc', 'limit_post_only'] as const) {
      expect(await desk.refused(placeCommand('buy', 98, 1, { kind }))).toMatchObject({ code: 'open_orders_limit', order: null });
    }
    await desk.rest('buy', 98, 1, { client: 'another' });
    await desk.buy(98, 1, { kind: 'limit_ioc' });
    await desk.cancel(first);
    await desk.rest('buy', 97, 1);
  });

  test('sees within one call the orders that were filled before', async () => {
    const { shard } = venue;
    const results = await shard.engine.submitAll([
      placeCommand('sell', 100, 1), placeCommand('sell', 101, 1), placeCommand('buy', 101, 2, { client: 'other' }),
    ]);
    expect(results.map((result) => result.outcome)).toEqual(['logged', 'logged', 'logged']);
    await shard.engine.submitAll([placeCommand('sell', 100, 1), placeCommand('sell', 101, 1)]);
    const later = await shard.engine.submitAll([
      placeCommand('buy', 100, 1, { client: 'other' }), placeCommand('sell', 105, 1), placeCommand('sell', 106, 1),
    ]);
    expect(later.map((result) => (result.outcome === 'refused' ? result.code : result.outcome))).toEqual(['logged', 'logged', 'open_orders_limit']);
  });
});

describeOnEachRedis('the bound on what waits to be persisted', (target) => {
  const venue = useShard(target, { limits: { backlogMax: 3 } });

  test('refuses orders and amends, takes cancels, and lets in again once the writer has caught up', async () => {
    const { desk, shard } = venue;
    const orders = [await desk.rest('buy', 100, 1), await desk.rest('buy', 99, 1), await desk.rest('buy', 98, 1)];
    expect(await desk.refused(placeCommand('sell', 200, 1))).toEqual({ outcome: 'refused', code: 'backlog_full', order: null });
    expect(await desk.refused(amendCommand(orders[0] as never, { price: 101 }))).toMatchObject({ code: 'backlog_full' });
    await desk.cancel(orders[0] as never);
    await desk.massCancel('client');
    await shard.engine.trim(EPOCH, 3, { entries: 1000, trades: 100 }, new Map(), []);
    await desk.rest('buy', 97, 1);
  });

  test('counts what the same call has added', async () => {
    const { shard } = venue;
    const results = await shard.engine.submitAll(Array.from({ length: 5 }, () => placeCommand('buy', 100, 1)));
    expect(results.map((result) => (result.outcome === 'refused' ? result.code : result.outcome)))
      .toEqual(['logged', 'logged', 'logged', 'backlog_full', 'backlog_full']);
  });

  test('does not forget a backlog_full as the answer of a key', async () => {
    const { desk, shard } = venue;
    for (let i = 0; i < 3; i++) await desk.rest('buy', 100, 1);
    const command = placeCommand('buy', 100, 1, { key: 'k' });
    await desk.refused(command);
    await shard.engine.trim(EPOCH, 3, { entries: 1000, trades: 100 }, new Map(), []);
    expect((await desk.submit(command)).kind).toBe('place');
  });
});

describeOnEachRedis('the bound on amounts', (target) => {
  const venue = useShard(target);

  test('a level holds no more than an exact integer', async () => {
    const { desk } = venue;
    await desk.rest('buy', 100, AMOUNT_MAX - 5);
    const order = await desk.rest('buy', 100, 5);
    expect(await desk.book()).toEqual({ bids: [[100, AMOUNT_MAX]], asks: [] });
    expect(await desk.refused(placeCommand('buy', 100, 1))).toMatchObject({ code: 'level_quantity_limit', order: null });
    expect(await desk.refused(amendCommand(order, { quantity: 6 }))).toMatchObject({ code: 'level_quantity_limit', order: { quantityLots: 5 } });
    const other = await desk.rest('buy', 99, 1);
    expect(await desk.refused(amendCommand(other, { price: 100 }))).toMatchObject({ code: 'level_quantity_limit', order: { priceTicks: 99 } });
    expect(await desk.book()).toEqual({ bids: [[100, AMOUNT_MAX], [99, 1]], asks: [] });
  });

  test('an order that would overflow its level does not trade before it is refused', async () => {
    const { desk } = venue;
    const maker = await desk.rest('sell', 100, 1);
    await desk.rest('buy', 99, AMOUNT_MAX);
    const order = await desk.rest('buy', 98, 3);
    expect(await desk.refused(amendCommand(order, { price: 99 }))).toMatchObject({ code: 'level_quantity_limit' });
    expect((await desk.cancel(maker)).orders[0]).toMatchObject({ filledLots: 0 });
  });

  test.each([AMOUNT_MAX - 1, AMOUNT_MAX - 2, 4_503_599_627_370_499, 1])('an amend to %d lots leaves its level exact', async (quantity) => {
    const { desk } = venue;
    const order = await desk.rest('buy', 100, AMOUNT_MAX);
    await desk.amend(order, { quantity });
    expect(await desk.book()).toEqual({ bids: [[100, quantity]], asks: [] });
    await desk.amend(order, { quantity: AMOUNT_MAX });
    expect(await desk.book()).toEqual({ bids: [[100, AMOUNT_MAX]], asks: [] });
    await desk.cancel(order);
  });

  test('an amend past its instrument is refused as a whole', async () => {
    const { desk } = venue;
    const order = await desk.rest('sell', 100, 10);
    await desk.buy(100, 4);
    const refusals = [
      await desk.refused(amendCommand(order, { remaining: 7, quantityMax: 10 })),
      await desk.refused(amendCommand(order, { quantity: 11, quantityMax: 10 })),
      await desk.refused(amendCommand(order, { price: 'invalid' })),
      await desk.refused(amendCommand(order, { price: 101, quantity: 'invalid' })),
      await desk.refused(amendCommand(order, { remaining: 'invalid' })),
      await desk.refused(amendCommand(order, { price: 101, instrument: 'OTHER' })),
    ];
    expect(refusals.map(({ code }) => code)).toEqual([
      'quantity_out_of_range', 'quantity_out_of_range', 'amend_invalid', 'amend_invalid', 'amend_invalid', 'amend_invalid',
    ]);
    expect(refusals.every((refusal) => refusal.order?.quantityLots === 10)).toBe(true);
    expect(await desk.book()).toEqual({ bids: [], asks: [[100, 6]] });
  });

  test('more commands in flight than allowed are refused before they are sent', async () => {
    const engine = await venue.shard.anotherEngine({ limits: { commandsInFlightMax: 3 } });
    const orderIds = Array.from({ length: 5 }, () => newOrderId());
    const results = await engine.submitAll(orderIds.map((orderId) => placeCommand('buy', 100, 1, { orderId })));
    expect(results.map((result) => (result.outcome === 'refused' ? result.code : result.outcome)))
      .toEqual(['logged', 'logged', 'logged', 'engine_unavailable', 'engine_unavailable']);
    expect((await engine.submit(cancelCommand(orderIds[0] as string))).outcome).toBe('logged');
  });
});

describeOnEachRedis('orders that never rest', (target) => {
  const venue = useShard(target);

  test.each([
    ['limit_ioc', 'ioc_remainder', 'cancelled', 3], ['limit_fok', 'fok_not_fillable', 'rejected', 0], ['market', 'no_liquidity', 'cancelled', 3],
  ] as const)('%s: its rest is %s', async (kind, reason, status, filledLots) => {
    const { desk } = venue;
    const maker = await desk.rest('sell', 100, 3);
    const entry = await desk.buy(kind === 'market' ? null : 100, 5, { kind, name: 'n' });
    expect(orderOf(entry)).toMatchObject({ status, reason, filledLots });
    expect(fillsOf(entry)).toEqual(filledLots === 0 ? [] : [[100, 3, maker.orderId]]);
    expect((await desk.book()).bids).toEqual([]);
    await desk.rest('buy', 50, 1, { name: 'n' });
  });

  test('a fill-or-kill order that can be filled is filled, across levels', async () => {
    const { desk } = venue;
    await desk.rest('sell', 100, 3);
    await desk.rest('sell', 101, 3);
    expect(orderOf(await desk.buy(101, 5, { kind: 'limit_fok' }))).toMatchObject({ status: 'filled', notional: '502' });
  });

  test('a post-only order is rejected where it would match, and rests where not', async () => {
    const { desk } = venue;
    await desk.rest('sell', 100, 3);
    expect(orderOf(await desk.buy(100, 1, { kind: 'limit_post_only' }))).toMatchObject({ status: 'rejected', reason: 'post_only_would_match' });
    const order = await desk.rest('buy', 99, 1, { kind: 'limit_post_only' });
    expect(await desk.refused(amendCommand(order, { price: 100 }))).toMatchObject({ code: 'post_only_would_match', order: { priceTicks: 99 } });
    expect(orderOf(await desk.amend(order, { price: 98 }))).toMatchObject({ status: 'open', postOnly: true });
  });
});
