import type { EngineCommand } from '../../src/domain/commands';
import type { LogEntry } from '../../src/domain/log-entry';
import { KIND_CODE } from '../../src/domain/order';
import { LIST_ROLE_CODE, listOrderId, newListId, type ListedOrder } from '../../src/domain/order-list';
import { STP_CODE } from '../../src/domain/order-traits';
import { TRIGGER_CODE } from '../../src/domain/order-type';
import { encodePlace } from '../../src/engine/commands/place';
import { abandonedCall } from './support/abandoned-call';
import { fillsOf, placeCommand } from './support/desk';
import { buy, fates, listCommand, sell, stop } from './support/listed';
import { entriesAfter } from './support/entries-after';
import { accountCommand, UNIT_SCALES } from './support/purse';
import { describeOnEachRedis } from './support/redis-targets';
import { EPOCH } from './support/test-shard';
import { useShard } from './support/use-shard';

describeOnEachRedis('orders of a list', (target) => {
  const venue = useShard(target, { limits: { triggersPerCommandMax: 2, openOrdersPerClientMax: 40 } });

  /** The last trade is at 100; bids of one lot each below, asks above. */
  async function market(depth = 5): Promise<void> {
    const { desk } = venue;
    await desk.rest('buy', 100, 1, { client: 'maker' });
    await desk.sell(100, 1, { client: 'maker' });
    for (let i = 1; i <= depth; i++) {
      await desk.rest('buy', 100 - i, 1, { client: 'maker' });
      await desk.rest('sell', 100 + i, 1, { client: 'maker' });
    }
  }

  test('come in one entry, which has what the list is, and each order under its own id', async () => {
    const { desk, shard } = venue;
    await market();
    const command = listCommand('oco', [sell(110, 2), { ...stop(90, 3), name: 'guard' }]);
    const entry = await desk.submit(command);
    expect(entry).toMatchObject({ kind: 'list', command: { op: 'list', listId: command.listId, orders: command.orders } });
    expect(entry.orders.map(({ orderId }) => orderId)).toEqual([1, 2].map((place) => listOrderId(command.listId, place)));
    expect(fates(entry)).toEqual(['1 open', '2 pending']);
    expect((await shard.engine.readOpenOrders('client', null, null, 10)).orders.length).toBe(2);
    expect(await desk.refused(placeCommand('buy', 10, 1, { name: 'guard' }))).toMatchObject({ code: 'duplicate_client_order_id' });
  });

  test('go with the first fill of the other one, in the taker\'s entry', async () => {
    const { desk, shard } = venue;
    await market(1);
    await desk.submit(listCommand('oco', [sell(102, 5), stop(90, 5)]));
    const entry = await desk.buy(102, 3, { client: 'taker' });
    expect(fillsOf(entry).map(([price, lots]) => [price, lots])).toEqual([[101, 1], [102, 2]]);
    expect(fates(entry).slice(1)).toEqual(['2 cancelled linked']);
    expect((await shard.read()).meta.waiting).toBeUndefined();
  });

  test('of which both are reached by one trade live by one alone: that which it fills', async () => {
    const { desk } = venue;
    await market(0);
    await desk.submit(listCommand('oco', [buy(98, 2), { side: 'buy', price: null, lots: 2, stop: 101 }]));
    await desk.rest('buy', 105, 1, { client: 'maker' });
    await desk.rest('sell', 106, 5, { client: 'maker' });
    // At 105 it reaches the stop, and at 98 it fills the limit.
    const both = await desk.submit(placeCommand('sell', 98, 2, { client: 'taker' }));
    expect(fillsOf(both).map(([price]) => price)).toEqual([105, 98]);
    expect(fates(both).slice(1)).toEqual(['2 cancelled linked']);
    expect((await desk.rest('buy', 1, 1)).sequence).toBe(both.sequence + 1);
  });

  test('of which both are stops live by the one that the trade meets first', async () => {
    const { desk } = venue;
    await desk.rest('buy', 90, 1, { client: 'maker' });
    await desk.sell(90, 1, { client: 'maker' });
    await desk.rest('sell', 85, 1, { client: 'maker' });
    await desk.rest('sell', 110, 1, { client: 'maker' });
    const profit = { side: 'sell', kind: KIND_CODE.market, priceTicks: 0, quantityLots: 1, clientOrderId: null, traits: { trigger: TRIGGER_CODE.take_profit, triggerPrice: 105, list: 'oco', listRole: LIST_ROLE_CODE.leg } } as const;
    const command = listCommand('oco', [stop(88), stop(0)]);
    await desk.submit({ ...command, orders: [command.orders[0] as ListedOrder, profit] });
    // It buys at 85 first, and at 110 then.
    const sweep = await desk.buy(110, 2, { client: 'taker' });
    const [entry] = await entriesAfter(venue.shard.engine, sweep.sequence, 1);
    expect(entry).toMatchObject({ kind: 'trigger', command: { cause: sweep.sequence } });
    expect(fates(entry as LogEntry)).toEqual(['1 cancelled no_liquidity', '2 cancelled linked']);
  });

  test('that follow a first are placed behind the entry that fills it, who was placed first first', async () => {
    const { desk, shard } = venue;
    await market(0);
    const later: string[] = [];
    for (const price of [95, 99, 97]) {
      const command = listCommand('oto', [buy(price), sell(120 + price)]);
      await desk.submit(command);
      later.push(listOrderId(command.listId, 2));
    }
    const [sale, quiet] = await shard.engine.submitAll([placeCommand('sell', 95, 3, { client: 'taker' }), placeCommand('buy', 1, 1)] satisfies EngineCommand[]);
    if (sale?.outcome !== 'logged' || quiet?.outcome !== 'logged') throw new Error('both are taken');
    const entries = await entriesAfter(venue.shard.engine, sale.entry.sequence, 4);
    // A call does two of them, and nothing gets in between.
    expect(entries.map(({ command }) => (command?.op === 'trigger' ? [command.orderId, command.cause] : null))).toEqual([...later.map((id) => [id, sale.entry.sequence]), null]);
    expect(quiet.entry.sequence).toBe(sale.entry.sequence + 4);
    expect((await shard.read()).meta.released).toBeUndefined();
  });

  test('that follow a first which is amended into the market go behind the amend', async () => {
    const { desk } = venue;
    await market(1);
    const command = listCommand('otoco', [buy(90), sell(120), stop(80)]);
    await desk.submit(command);
    const amend = await desk.amend(listOrderId(command.listId, 1), { price: 101 });
    expect(fates(amend)).toEqual(['1 filled']);
    const entries = await entriesAfter(venue.shard.engine, amend.sequence, 2);
    expect(entries.map(fates)).toEqual([['2 open'], ['3 pending']]);
  });

  test('go on where nobody is left who would send for them', async () => {
    const { desk, shard } = venue;
    await market(0);
    for (let i = 0; i < 3; i++) await desk.submit(listCommand('oto', [buy(99), sell(120)]));
    // An engine that hears no answer: its process has ended.
    const sale = placeCommand('sell', 99, 3, { client: 'taker' });
    if (sale.op !== 'place') throw new Error('it places');
    await abandonedCall(shard, encodePlace(sale));
    expect((await shard.read()).meta.released).toBe('BTC-USD');
    expect((await shard.read()).state.released.length).toBe(1);
    const another = await shard.anotherEngine();
    another.bind(EPOCH, 0);
    expect(await another.isUnfinished()).toBe(true);
    expect(await another.submit(placeCommand('buy', 1, 1))).toMatchObject({ outcome: 'logged' });
    expect(await another.isUnfinished()).toBe(false);
    expect((await shard.read()).state.books[0]?.asks).toMatchObject([{ priceTicks: 120, quantityLots: 3 }]);
  });

  test('end together, whichever of them does, and none waits for a price any more', async () => {
    const { desk, shard } = venue;
    await market(1);
    const endings: readonly (readonly [string, (listId: string) => Promise<LogEntry>])[] = [
      ['the first', (listId) => desk.cancel(listOrderId(listId, 1))],
      ['the second', (listId) => desk.cancel(listOrderId(listId, 2))],
      ['the list', (listId) => desk.submit({ op: 'cancel', actor: null, order: { listId }, idempotency: null, request: null })],
      ['all of the client', async () => {
        const { entry } = await desk.massCancel('client', { pageSize: 1 });
        return entry as LogEntry;
      }],
    ];
    for (const [, end] of endings) {
      for (const command of [listCommand('oco', [sell(110), stop(90)]), listCommand('otoco', [buy(90), sell(110), stop(80)])]) {
        await desk.submit(command);
        const entry = await end(command.listId);
        expect(fates(entry).map((told) => told.replace(/^\d /, '')).sort()).toEqual(['cancelled linked', ...command.orders.length === 3 ? ['cancelled linked'] : [], expect.stringMatching(/cancelled (requested|mass_cancel)/)]);
        expect((await shard.engine.readOpenOrders('client', null, null, 10)).orders).toEqual([]);
      }
    }
    expect((await shard.read()).meta.waiting).toBeUndefined();
    expect(await desk.refused({ op: 'cancel', actor: null, order: { listId: newListId() }, idempotency: null, request: null })).toMatchObject({ code: 'order_list_not_found' });
  });

  test('are refused as a whole, and nothing of them is left', async () => {
    const { desk, shard } = venue;
    await market(1);
    await desk.rest('buy', 10, 1, { name: 'taken' });
    const before = await shard.read();
    expect(await desk.refused(listCommand('oco', [sell(110), { ...stop(90), name: 'taken' }]))).toMatchObject({ code: 'duplicate_client_order_id' });
    expect(await desk.refused(listCommand('oco', [{ ...sell(110), name: 'twice' }, { ...stop(90), name: 'twice' }]))).toMatchObject({ code: 'duplicate_client_order_id' });
    expect((await shard.read()).state).toEqual(before.state);
    for (let i = 0; i < 38; i++) await desk.rest('buy', 10, 1);
    expect(await desk.refused(listCommand('oco', [sell(110), stop(90)]))).toMatchObject({ code: 'open_orders_limit' });
  });

  test('are another\'s to whoever they are not of', async () => {
    const { desk } = venue;
    await market(1);
    const command = listCommand('oco', [sell(110), stop(90)]);
    await desk.submit(command);
    const cancel = (actor: string): EngineCommand => ({ op: 'cancel', actor, order: { listId: command.listId }, idempotency: null, request: null });
    expect(await desk.refused(cancel('other'))).toMatchObject({ code: 'order_list_not_found' });
    expect(fates(await desk.submit(cancel('client')))).toEqual(['1 cancelled requested', '2 cancelled linked']);
    expect(await desk.refused(cancel('client'))).toMatchObject({ code: 'order_list_not_open' });
  });
});

describeOnEachRedis('what a first lets go, where cover is asked for', (target) => {
  const venue = useShard(target, { money: { funds: 'required', scales: UNIT_SCALES } });

  test.each([[12, '2 cancelled insufficient_funds'], [11, '2 open']] as const)('needs it for all of its %i lots, as one that is placed, though its own orders would make it smaller', async (lots, becomes) => {
    const { desk, shard } = venue;
    await desk.submit(accountCommand('client', { USD: 1_000, BTC: 6 }));
    await desk.submit(accountCommand('other', { BTC: 5 }));
    const { orders, ...list } = listCommand('oto', [buy(100, 5), sell(90, lots)]);
    const [first, second] = orders as [ListedOrder, ListedOrder];
    await desk.submit({ ...list, orders: [first, { ...second, traits: { ...second.traits, stp: STP_CODE.decrement } }] });
    await desk.rest('buy', 95, 5);
    const sale = await desk.sell(100, 5, { client: 'other' });
    const [entry] = await entriesAfter(shard.engine, sale.sequence, 1);
    expect(fates(entry as LogEntry)[0]).toBe(becomes);
    expect(entry?.orders[0]?.quantityLots).toBe(becomes === '2 open' ? lots - 5 : lots);
  });
});
