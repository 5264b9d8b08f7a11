import type { CommandResult } from '../../src/domain/commands';
import { newOrderId } from '../../src/domain/order-id';
import { idempotencyDigest } from '../../src/engine/idempotency';
import { ageKeys } from '../support/old-keys';
import { amendCommand, cancelCommand, entryOf, placeCommand } from './support/desk';
import { describeOnEachRedis } from './support/redis-targets';
import { EPOCH } from './support/test-shard';
import { useShard } from './support/use-shard';

const LIFETIME_S = 3_600;

/** What a caller learns, whether it was first or not. */
function answerOf(result: CommandResult): unknown {
  if (result.outcome === 'repeated') return result.entry;
  return entryOf(result);
}

describeOnEachRedis('idempotency keys', (target) => {
  const venue = useShard(target);

  test('50 equal orders at once, from five connections: one order, 50 equal answers', async () => {
    const { desk, shard } = venue;
    await desk.rest('sell', 100, 1);
    const engines = [shard.engine];
    while (engines.length < 5) engines.push(await shard.anotherEngine());
    const key = idempotencyDigest('client', 'k');
    // As the API does it: every attempt makes an order id of its own.
    const results = await Promise.all(Array.from({ length: 50 }, (_, i) => (
      (engines[i % 5] as typeof shard.engine).submit(placeCommand('buy', 100, 3, { key }))
    )));
    expect(results.filter((result) => result.outcome === 'logged').length).toBe(1);
    expect(results.filter((result) => result.outcome === 'repeated').length).toBe(49);
    const first = results.find((result) => result.outcome === 'logged') as CommandResult;
    for (const result of results) expect(answerOf(result)).toEqual(answerOf(first));
    expect(await desk.book()).toEqual({ bids: [[100, 2]], asks: [] });
    expect((await shard.read()).log.length).toBe(2);
  });

  test('equal orders in one call: one order, equal answers', async () => {
    const { desk, shard } = venue;
    const results = await shard.engine.submitAll(Array.from({ length: 10 }, () => placeCommand('buy', 100, 1, { key: 'k' })));
    expect(results.map((result) => result.outcome)).toEqual(['logged', ...Array.from({ length: 9 }, () => 'repeated')]);
    for (const result of results) expect(answerOf(result)).toEqual(answerOf(results[0] as CommandResult));
    expect(await desk.book()).toEqual({ bids: [[100, 1]], asks: [] });
  });

  test('a refusal is remembered, with what was asked for, and outlives its reason', async () => {
    const { desk, shard } = venue;
    const holder = await desk.rest('buy', 100, 1, { name: 'taken' });
    const duplicate = placeCommand('buy', 99, 2, { name: 'taken', key: 'k' });
    const refused = await desk.submit(duplicate);
    expect(refused).toMatchObject({ kind: 'refuse', code: 3, orders: [], fills: [], levels: [], idempotency: 'k' });
    expect(refused.command).toMatchObject({
      op: 'place', actor: null, instrument: 'BTC-USD', side: 'buy', kind: 0, priceTicks: 99, quantityLots: 2, clientId: 'client', clientOrderId: 'taken',
    });
    await desk.cancel(holder);
    expect(await shard.engine.submit(duplicate)).toMatchObject({ outcome: 'repeated', entry: refused });
    expect((await desk.book()).bids).toEqual([]);
  });

  test('cancels and amends are remembered as well', async () => {
    const { desk, shard } = venue;
    const order = await desk.rest('buy', 100, 5);
    const amended = await desk.amend(order, { price: 101, key: 'amend' });
    await desk.amend(order, { price: 102 });
    expect(await shard.engine.submit(amendCommand(order, { price: 101, key: 'amend' }))).toMatchObject({ outcome: 'repeated', entry: amended });
    expect((await desk.book()).bids).toEqual([[102, 5]]);
    const cancelled = await desk.cancel(order, 'cancel');
    expect(await shard.engine.submit(cancelCommand(order, 'cancel'))).toMatchObject({ outcome: 'repeated', entry: cancelled });
    expect(cancelled.request).toEqual({ cancel: true });
    const late = await desk.submit(cancelCommand(order, 'late'));
    expect(late).toMatchObject({ kind: 'refuse', code: 2, orders: [{ orderId: order.orderId, status: 'cancelled' }] });
    const unknown = await desk.submit(cancelCommand(newOrderId(), 'unknown'));
    expect(unknown).toMatchObject({ kind: 'refuse', code: 1, orders: [] });
  });

  test('an amend that changes nothing leaves an entry only where a key has to be remembered', async () => {
    const { desk, shard } = venue;
    const order = await desk.rest('buy', 100, 5);
    expect(await shard.engine.submit(amendCommand(order, { price: 100 }))).toEqual({ outcome: 'unchanged', order });
    const kept = await desk.amend(order, { quantity: 5, key: 'k' });
    expect(kept).toMatchObject({ kind: 'keep', orders: [order], levels: [] });
    expect(await shard.engine.submit(amendCommand(order, { quantity: 5, key: 'k' }))).toMatchObject({ outcome: 'repeated', entry: kept });
    expect((await shard.read()).log.length).toBe(2);
  });

  test('a key answers for any command of its client: telling a reuse from a retry is the caller’s', async () => {
    const { desk, shard } = venue;
    const placed = await desk.buy(100, 1, { key: 'k' });
    expect(await shard.engine.submit(cancelCommand(newOrderId(), 'k'))).toMatchObject({ outcome: 'repeated', sequence: 1, entry: placed });
  });

  test('an answer that has left the log is still known to have been given', async () => {
    const { desk, shard } = venue;
    const command = placeCommand('buy', 100, 1, { key: 'k' });
    await desk.submit(command);
    // Redis trims a stream by whole blocks of a hundred entries.
    for (let i = 0; i < 250; i++) await desk.buy(100 + i, 1);
    await shard.engine.trim(EPOCH, 251, { entries: 0, trades: 0 }, new Map(), []);
    expect(await shard.engine.submit(command)).toEqual({
      outcome: 'repeated', by: 'key', sequence: 1, second: expect.any(Number) as number, entry: null,
    });
    // The log begins later now, which a whole log must not; put it back in order for the check after each test.
    await shard.send('DEL', shard.engine.keys.log);
  });

  test('digests tell clients and keys apart', () => {
    const digests = [['a', 'b'], ['a', 'c'], ['ab', ''], ['', 'ab'], ['b', 'a']].map(([client, key]) => idempotencyDigest(client as string, key as string));
    expect(new Set(digests).size).toBe(digests.length);
    expect(digests.every((digest) => /^[\w-]{22}$/.test(digest))).toBe(true);
  });
});

describeOnEachRedis('idempotency keys past their lifetime', (target) => {
  const venue = useShard(target, { limits: { idempotencyTtlS: LIFETIME_S } });
  const age = (seconds: number): Promise<number> => ageKeys((...command) => venue.shard.send(...command), venue.shard.engine.keys.idempotency, seconds);

  test('are new again afterwards', async () => {
    const { desk, shard } = venue;
    const first = await desk.buy(100, 1, { key: 'k' });
    expect(await age(LIFETIME_S - 60)).toBe(1);
    expect((await shard.engine.submit(placeCommand('buy', 100, 1, { key: 'k' }))).outcome).toBe('repeated');
    await age(60);
    const second = entryOf(await shard.engine.submit(placeCommand('buy', 100, 1, { key: 'k' })));
    expect(second.sequence).toBe(first.sequence + 1);
    expect(second.timeUs - first.timeUs).toBeGreaterThan(0);
    expect((await shard.read()).state.idempotency).toEqual([{ digest: 'k', sequence: 2, second: Math.floor(second.timeUs / 1e6) }]);
  });

  test('are dropped when asked to be, but not one that was used anew', async () => {
    const { desk, shard } = venue;
    await desk.buy(100, 1, { key: 'old' });
    await desk.buy(100, 1, { key: 'renewed' });
    expect(await shard.engine.forgetKeys(['never'])).toBe(0);
    await age(LIFETIME_S);
    const renewed = await desk.buy(100, 1, { key: 'renewed' });
    expect(await shard.engine.forgetKeys(['old', 'renewed', 'never'])).toBe(1);
    expect((await shard.read()).state.idempotency.map(({ digest, sequence }) => ({ digest, sequence })))
      .toEqual([{ digest: 'renewed', sequence: renewed.sequence }]);
    expect(await shard.engine.forgetKeys([])).toBe(0);
  });
});
