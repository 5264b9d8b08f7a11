import type { EngineCommand, PlaceCommand } from '../../src/domain/commands';
import type { LogEntry } from '../../src/domain/log-entry';
import type { OrderTraits } from '../../src/domain/order-traits';
import { TRIGGER_CODE, type Trigger } from '../../src/domain/order-type';
import { encodePlace } from '../../src/engine/commands/place';
import { abandonedCall } from './support/abandoned-call';
import { amendCommand, cancelCommand, fillsOf, orderOf, placeCommand } from './support/desk';
import { entriesAfter } from './support/entries-after';
import { describeOnEachRedis } from './support/redis-targets';
import { EPOCH } from './support/test-shard';
import { useShard } from './support/use-shard';

const waits = (triggerPrice: number, trigger: Trigger = 'stop'): { readonly traits: OrderTraits } => ({ traits: { trigger: TRIGGER_CODE[trigger], triggerPrice } });

describeOnEachRedis('orders that wait for a price', (target) => {
  const venue = useShard(target, { limits: { triggersPerCommandMax: 2 } });

  /** A market at 100: bids of one lot each from 99 down, asks of one each from 101 up. */
  async function market(depth = 12): Promise<void> {
    const { desk } = venue;
    await desk.rest('buy', 100, 1);
    await desk.sell(100, 1);
    for (let i = 1; i <= depth; i++) {
      await desk.rest('buy', 100 - i, 1);
      await desk.rest('sell', 100 + i, 1);
    }
  }

  test('are in no book, and open all the same', async () => {
    const { desk } = venue;
    await market(1);
    const entry = await desk.sell(null, 1, { ...waits(90), name: 'mine' });
    expect(orderOf(entry)).toMatchObject({ status: 'pending', filledLots: 0, reason: null });
    expect(entry.levels).toEqual([]);
    expect(await desk.book()).toEqual({ bids: [[99, 1]], asks: [[101, 1]] });
    expect(await desk.refused(placeCommand('buy', 10, 1, { name: 'mine' }))).toMatchObject({ code: 'duplicate_client_order_id' });
    expect(orderOf(await desk.cancel({ clientId: 'client', clientOrderId: 'mine' }))).toMatchObject({ status: 'cancelled', reason: 'requested' });
    expect((await venue.shard.read()).meta.waiting).toBeUndefined();
  });

  test.each([
    ['stop', 'sell', 98, 98], ['stop', 'buy', 102, 102], ['take_profit', 'sell', 102, 102], ['take_profit', 'buy', 98, 98],
  ] as const)('a %s to %s at %i goes when a trade is at %i, and not before', async (trigger, side, stop, reaching) => {
    const { desk } = venue;
    await market();
    const order = orderOf(await desk.submit(placeCommand(side, null, 1, waits(stop, trigger))));
    const step = reaching > 100 ? 'buy' : 'sell';
    const first = await desk.submit(placeCommand(step, null, 1));
    expect(fillsOf(first)[0]?.[0]).toBe(reaching > 100 ? 101 : 99);
    const second = await desk.submit(placeCommand(step, null, 1));
    const [, entry] = await entriesAfter(venue.shard.engine, second.sequence - 1, 2);
    expect(entry).toMatchObject({ kind: 'trigger', command: { op: 'trigger', orderId: order.orderId, cause: second.sequence } });
    expect(orderOf(entry as LogEntry)).toMatchObject({ status: 'filled', placedSequence: order.placedSequence });
  });

  test('go by stop price, nearest first, then by age, over as many calls as it takes, ahead of what comes meanwhile', async () => {
    const { desk, shard } = venue;
    await market(20);
    const placed: string[] = [];
    for (const stop of [95, 98, 96, 98, 97, 95]) placed.push(orderOf(await desk.sell(null, 1, waits(stop))).orderId);
    const commands: EngineCommand[] = [placeCommand('sell', 95, 5), placeCommand('buy', 1, 1), cancelCommand(placed[0] as string)];
    const [sale, quiet, cancel] = await shard.engine.submitAll(commands);
    if (sale?.outcome !== 'logged' || quiet?.outcome !== 'logged') throw new Error('both are taken');
    const entries = await entriesAfter(venue.shard.engine, sale.entry.sequence, 7);
    const goers = entries.filter(({ kind }) => kind === 'trigger').map(({ command }) => (command?.op === 'trigger' ? command.orderId : ''));
    expect(goers).toEqual([1, 3, 4, 2, 0, 5].map((i) => placed[i]));
    expect(quiet.entry.sequence).toBe(sale.entry.sequence + 7);
    expect(cancel).toMatchObject({ outcome: 'refused', code: 'order_not_open' });
    expect((await shard.read()).meta.reached).toBeUndefined();
  });

  test.each([['buy', 103, 1], ['sell', 97, -1]] as const)('of a %s are reached by a trade that begins where nobody waits, behind one of the same call that came near nobody', async (side, stop, step) => {
    const { desk, shard } = venue;
    await market();
    const { orderId } = orderOf(await desk.submit(placeCommand(side, null, 1, waits(stop))));
    const [near, far] = await shard.engine.submitAll([placeCommand(side, 100 + step, 1), placeCommand(side, 100 + 4 * step, 3)]);
    if (near?.outcome !== 'logged' || far?.outcome !== 'logged') throw new Error('both are taken');
    expect(near.entry.fills.map(({ priceTicks }) => priceTicks)).toEqual([100 + step]);
    const [entry] = await entriesAfter(shard.engine, far.entry.sequence, 1);
    expect(entry).toMatchObject({ kind: 'trigger', command: { orderId, cause: far.entry.sequence } });
  });

  test('reach others in their turn: each names the entry that reached it', async () => {
    const { desk } = venue;
    await market();
    const first = orderOf(await desk.sell(null, 2, waits(99)));
    const second = orderOf(await desk.sell(null, 1, waits(97)));
    const sale = await desk.sell(null, 1);
    const entries = await entriesAfter(venue.shard.engine, sale.sequence, 2);
    expect(entries.map(({ command }) => command)).toMatchObject([
      { op: 'trigger', orderId: first.orderId, cause: sale.sequence }, { op: 'trigger', orderId: second.orderId, cause: sale.sequence + 1 },
    ]);
  });

  test('go at once where they are reached as they come', async () => {
    const { desk } = venue;
    await market();
    const entry = await desk.sell(null, 1, waits(100));
    expect(entry.kind).toBe('place');
    expect(orderOf(entry)).toMatchObject({ status: 'filled', traits: { triggerPrice: 100 } });
  });

  test('take their place in the book as they go', async () => {
    const { desk } = venue;
    await market();
    const order = orderOf(await desk.sell(105, 3, waits(99)));
    await desk.rest('sell', 105, 1, { client: 'other' });
    const sale = await desk.sell(null, 1);
    const [entry] = await entriesAfter(venue.shard.engine, sale.sequence, 1);
    expect(orderOf(entry as LogEntry)).toMatchObject({ status: 'open', priority: sale.sequence + 1, placedSequence: order.placedSequence });
  });

  test('are amended: less keeps the turn, anything else loses it, and what the market has reached goes right behind', async () => {
    const { desk } = venue;
    await market();
    const order = orderOf(await desk.sell(null, 5, waits(90)));
    expect(orderOf(await desk.amend(order, { quantity: 4 }))).toMatchObject({ priority: order.priority, quantityLots: 4 });
    const later = await desk.amend(order, { quantity: 6 });
    expect(orderOf(later).priority).toBe(later.sequence);
    expect(await desk.refused(amendCommand(order, { price: 80 }))).toMatchObject({ code: 'order_without_price' });
    const moved = await desk.amend(order, { quantity: 1, stop: 100 });
    expect(orderOf(moved)).toMatchObject({ status: 'pending', traits: { triggerPrice: 100 } });
    const [entry] = await entriesAfter(venue.shard.engine, moved.sequence, 1);
    expect(entry).toMatchObject({ kind: 'trigger', command: { cause: moved.sequence } });
    const rested = await desk.rest('buy', 50, 1);
    expect(await desk.refused(amendCommand(rested, { stop: 60 }))).toMatchObject({ code: 'order_not_pending' });
  });

  test('are of one moment with the command that they go ahead of: nothing falls due between them', async () => {
    const { desk, shard } = venue;
    await market(20);
    for (let i = 0; i < 9; i++) await desk.sell(null, 1, waits(99));
    await abandonedCall(shard, encodePlace(placeCommand('sell', null, 1) as PlaceCommand));
    const before = (await shard.engine.position()).sequence;
    await abandonedCall(shard, encodePlace(placeCommand('buy', 1, 1) as PlaceCommand), { triggers_max: '100' });
    const entries = await entriesAfter(shard.engine, before, 8);
    expect(entries.map(({ kind }) => kind)).toEqual([...Array.from({ length: 7 }, () => 'trigger'), 'place']);
    expect(new Set(entries.map(({ timeUs }) => timeUs)).size).toBe(1);
  });

  test('go on where nobody is left who would send for them', async () => {
    const { desk, shard } = venue;
    await market(20);
    for (let i = 0; i < 6; i++) await desk.sell(null, 1, waits(99));
    // An engine that hears no answer: its process has ended.
    await abandonedCall(shard, encodePlace(placeCommand('sell', null, 1) as PlaceCommand));
    expect((await shard.read()).meta.reached).toMatch(/^BTC-USD=/);
    const another = await shard.anotherEngine();
    another.bind(EPOCH, 0);
    expect(await another.isUnfinished()).toBe(true);
    const entry = await another.submit(placeCommand('buy', 1, 1));
    expect(entry).toMatchObject({ outcome: 'logged' });
    expect(await another.isUnfinished()).toBe(false);
  });
});
