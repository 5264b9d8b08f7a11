import fc from 'fast-check';
import { escapeText } from '../../src/engine/commands/text';
import { newOrderId } from '../../src/domain/order-id';
import { amendCommand, cancelCommand, orderOf } from './support/desk';
import { describeOnEachRedis } from './support/redis-targets';
import { useShard } from './support/use-shard';

const AWKWARD = [
  '"', '\\', '\\"', '"\\', '\\\\', '""', '\\u0022', '","', '],[', "'", ';BTC-USD=', '%s%d%%', '{main}:', 'a b', '\n\r\t', '\u0000', '\u0001\u001f', '\u007f',
  'é', '客户', '😀', '\u2028\u2029', '\u202e', ' ', ',', ':', '1,2', 'null', 'x'.repeat(64),
];

/** Any text without lone surrogates, which UTF-8 does not have. */
const text = fc.oneof(
  fc.constantFrom(...AWKWARD), fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }),
  fc.string({ unit: fc.constantFrom('"', '\\', 'u', '0', '2', ',', '\n', 'é'), minLength: 1, maxLength: 8 }),
);

describe('escaped text', () => {
  test('never holds a raw quote or backslash pair, and reads back as what it was', () => {
    fc.assert(fc.property(text, (value) => {
      const escaped = escapeText(value);
      expect(escaped).not.toContain('"');
      expect(JSON.parse(`"${escaped}"`)).toBe(value);
    }), { numRuns: 2000 });
  });

  test('is different for different texts', () => {
    fc.assert(fc.property(text, text, (a, b) => {
      expect(escapeText(a) === escapeText(b)).toBe(a === b);
    }), { numRuns: 2000 });
  });
});

describeOnEachRedis('client texts', (target) => {
  const venue = useShard(target);

  test.each(AWKWARD)('%j names a client and its orders exactly', async (value) => {
    const { desk, shard } = venue;
    const order = await desk.rest('sell', 100, 5, { client: value, name: value });
    expect(order).toMatchObject({ clientId: value, clientOrderId: value });
    const taken = await desk.buy(100, 2, { client: `${value}2`, name: value });
    expect(taken.fills[0]?.maker).toMatchObject({ clientId: value, clientOrderId: value, filledLots: 2 });
    expect((await shard.engine.readOpenOrders(value, null, null, 10)).orders).toMatchObject([{ orderId: order.orderId }]);
    expect((await shard.engine.readOrder(order.orderId))?.entries).toEqual([taken]);
    const named = { clientId: value, clientOrderId: value };
    expect(orderOf(await desk.submit(amendCommand(named, { price: 101, key: 'k' }))).orderId).toBe(order.orderId);
    expect(await desk.refused(cancelCommand({ clientId: `${value}2`, clientOrderId: value }))).toMatchObject({ code: 'order_not_found' });
    expect(orderOf(await desk.cancel(named)).orderId).toBe(order.orderId);
    await desk.rest('sell', 100, 5, { client: value });
    expect((await desk.massCancel(value)).entry?.orders).toMatchObject([{ clientId: value }]);
  });

  test('never run into each other, whatever they hold', async () => {
    const { desk, shard } = venue;
    const placed = new Map<string, string>();
    await fc.assert(fc.asyncProperty(text, text, async (client, name) => {
      const key = JSON.stringify([client, name]);
      if (placed.has(key)) return;
      placed.set(key, (await desk.rest('buy', 100, 1, { client, name, orderId: newOrderId() })).orderId);
    }), { numRuns: 300 });
    const { state } = await shard.read();
    expect(new Map(state.clientOrderIds.map(({ clientId, clientOrderId, orderId }) => [JSON.stringify([clientId, clientOrderId]), orderId]))).toEqual(placed);
    for (const [key, orderId] of placed) {
      const [clientId, clientOrderId] = JSON.parse(key) as [string, string];
      expect(orderOf(await desk.cancel({ clientId, clientOrderId })).orderId).toBe(orderId);
    }
  });

  test('requests beside keys come back as they were', async () => {
    const { desk, shard } = venue;
    const request = { text: AWKWARD.join(''), list: [null, true, -1.5e-7, 9007199254740991], nested: { '"': '\\' } };
    const entry = await desk.submit({ op: 'cancel', actor: null, order: { orderId: newOrderId() }, idempotency: 'k', request });
    expect(entry.request).toEqual(request);
    expect((await shard.read()).log[0]?.request).toEqual(request);
  });
});
