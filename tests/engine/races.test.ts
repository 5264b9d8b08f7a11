import { randomInt } from 'node:crypto';
import { newOrderId } from '../../src/domain/order-id';
import type { Engine } from '../../src/engine/engine';
import { amendCommand, cancelCommand, entryOf, fillsOf, orderOf, placeCommand } from './support/desk';
import { describeOnEachRedis } from './support/redis-targets';
import { useShard } from './support/use-shard';

const CLIENTS = 50;
const CONNECTIONS = 10;

describeOnEachRedis('clients at once', (target) => {
  const venue = useShard(target);

  async function engines(): Promise<Engine[]> {
    return Promise.all(Array.from({ length: CONNECTIONS }, () => venue.shard.anotherEngine()));
  }

  test('50 race for the same resting order: exactly one gets it', async () => {
    const { desk } = venue;
    const all = await engines();
    for (let round = 0; round < 5; round++) {
      const maker = await desk.rest('sell', 100, 7);
      const results = await Promise.all(Array.from({ length: CLIENTS }, (_, i) => (
        (all[i % CONNECTIONS] as Engine).submit(placeCommand('buy', 100, 7, { kind: 'limit_ioc', client: `client-${i}` }))
      )));
      const entries = results.map(entryOf);
      const winners = entries.filter((entry) => entry.fills.length > 0);
      expect(winners.map(fillsOf)).toEqual([[[100, 7, maker.orderId]]]);
      expect(entries.filter((entry) => orderOf(entry).reason === 'ioc_remainder').length).toBe(CLIENTS - 1);
      expect(await desk.book()).toEqual({ bids: [], asks: [] });
    }
  });

  test('a cancel and 49 takers race for an order: it goes to one of them', async () => {
    const { desk } = venue;
    const all = await engines();
    for (let round = 0; round < 5; round++) {
      const maker = await desk.rest('sell', 100, 1);
      const results = await Promise.all(Array.from({ length: CLIENTS }, (_, i) => (all[i % CONNECTIONS] as Engine).submit(
        i === 25 ? cancelCommand(maker) : placeCommand('buy', 100, 1, { kind: 'limit_ioc' }),
      )));
      const cancelled = results[25]?.outcome === 'logged' ? 1 : 0;
      const taken = results.filter((result) => result.outcome === 'logged' && result.entry.fills.length > 0).length;
      expect(cancelled + taken).toBe(1);
    }
  });

  test('a crowd of orders, amends and cancels from many connections leaves a sound shard', async () => {
    const { shard } = venue;
    const all = await engines();
    const placed: string[] = [];
    await Promise.all(all.map(async (engine, i) => {
      for (let turn = 0; turn < 60; turn++) {
        const orderId = newOrderId();
        placed.push(orderId);
        const other = placed[randomInt(placed.length)] as string;
        await engine.submitAll([
          placeCommand(i % 2 === 0 ? 'buy' : 'sell', 95 + randomInt(10), 1 + randomInt(5), { orderId, client: `client-${i}` }),
          amendCommand(other, { price: 95 + randomInt(10), remaining: 1 + randomInt(5) }),
          ...(turn % 3 === 0 ? [cancelCommand(placed[randomInt(placed.length)] as string)] : []),
        ]);
      }
    }));
    const { log, state } = await shard.read();
    expect(log.length).toBe(state.sequence);
    expect(log.filter((entry) => entry.kind === 'place').length).toBe(CONNECTIONS * 60);
    expect(log.some((entry) => entry.kind === 'amend' && entry.fills.length > 0)).toBe(true);
  });
});
