import { isUuid } from '../../src/domain/order-id';
import type { AnySchema } from 'ajv/dist/2020';
import type { CommandResult } from '../../src/domain/commands';
import { createOpenapiDocument } from '../../src/dialects/native/documents/openapi';
import { readConfig } from '../../src/config';
import { ProblemDocuments } from '../../src/dialects/native/errors';
import { PlaceReader } from '../../src/dialects/native/place-reader';
import { NativeOrders } from '../../src/dialects/native/native-orders';
import { ANYONE } from '../../src/domain/principal';
import { AssetTable } from '../../src/domain/asset-table';
import { InstrumentTable } from '../../src/domain/instrument-table';
import { Refusal } from '../../src/domain/refusal';
import { Trading } from '../../src/trading/trading';
import { Contract } from '../support/contract';
import { Random } from './support/hostile';

/**
 * The document says the same of a body as the code that checks it: random bodies, valid and not, are judged by both.
 * Only what a schema cannot see is left out: the steps of an instrument, and whether there is one.
 */

const SEED = Number(process.env.EXACTNESS_SEED ?? Date.now() % 2 ** 31);
const BODIES = 2_500;

const config = readConfig({});
const contract = new Contract(createOpenapiDocument(config));

/** An engine that refuses whatever reaches it: a body is valid when it gets there. */
const refuse = (): Promise<CommandResult> => Promise.resolve({ outcome: 'refused', code: 'engine_frozen', order: null });
const nothing = (): Promise<null> => Promise.resolve(null);
const table = new InstrumentTable(config.instruments);
const assets = new AssetTable(config.assets);
const trading = new Trading(
  { submit: refuse, submitAll: (commands: readonly unknown[]) => Promise.all(commands.map(refuse)), readRecord: nothing, readOrder: nothing, readOpenOrders: () => Promise.resolve({ orders: [], next: null }), sequence: () => Promise.resolve(0) } as unknown as ConstructorParameters<typeof Trading>[0],
  { order: nothing, listsOfClient: () => Promise.resolve([]), ordersOfClient: () => Promise.resolve([]), tradesOfOrder: () => Promise.resolve([]), journalEntry: nothing },
  { waitFor: () => Promise.resolve(true), staleness: () => Promise.resolve({ lagEntries: 0, lagSeconds: 0 }) },
  table, assets,
  { ...config, digest: () => 'digest', disconnectMs: 1_000, stopAlgos: () => Promise.resolve(), leasesFailed: () => undefined, selfTrade: { mode: 'none', accountsBeside: () => [] } },
  { received: () => undefined, matched: () => undefined, rejected: () => undefined, latency: () => undefined, failed: () => undefined },
);
const orders = new NativeOrders(trading, table, assets, new ProblemDocuments(table, assets), new PlaceReader(false), config);
const context = { principal: ANYONE, requestId: 'request', traceparent: null, address: '', signatureUse: null, deadlineMs: Infinity };

async function isTaken(call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    if (error instanceof Refusal) return error.code !== 'validation_failed';
    throw error;
  }
}

const ORDER_ID = '01900000-0000-7000-8000-000000000000';

/** Values of each field: the first ones are valid, mostly. */
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  client_id: ['client-A', 'x', 'x'.repeat(64), '𝔘'.repeat(64), ' ', '"', 'x'.repeat(65), '𝔘'.repeat(65), '', '\n', '\u0000', '\u200b', null, 1, [], {}],
  instrument: ['BTC-USD', 'ETH-USD', 'B TC', '', '-BTC', 'x'.repeat(33), null, 1, [], {}],
  side: ['buy', 'sell', 'BUY', '', null, 1, []],
  type: ['limit', 'limit', 'market', 'stop', '', null, 1],
  price: [50000, '50000.00', 0.01, '1', '0', '0.00', '', '.', '1.', '.5', '-1', '+1', ' 1', '1e5', 'NaN', '1'.repeat(65), 0, -1, null, true, [], {}],
  quantity: [0.5, '0.50000000', 1, '0', '', '1,5', '٣', '0x1', -0.5, null, false, [], {}],
  quote_quantity: [250, '250.00', '0.0000000001', '0', '', '1e5', null, -1, {}],
  max_slippage: ['0.005', 0, 1, '1.000001', '', -0.1, null, {}],
  remaining_quantity: [0.25, '3', '0', '', null, -1, {}],
  time_in_force: ['gtc', 'ioc', 'fok', 'day', '', null, 1],
  post_only: [false, true, 'true', 0, 1, null],
  self_trade_prevention: ['none', 'cancel_taker', 'decrement', 'transfer', '', null, 1],
  client_order_id: ['my-7', 'x'.repeat(64), 'x'.repeat(65), '', '\t', null, 7],
  idempotency_key: ['key', 'x'.repeat(255), 'x'.repeat(256), '', '\u007f', null, 5],
  ack: ['redis', 'postgres', 'never', '', null, true],
  order_id: [ORDER_ID, ORDER_ID.toUpperCase(), 'my-7', '', null, 1],
  op: ['place', 'cancel', 'amend', 'destroy', null, 1, ''],
  extra: [1],
  constructor: [1],
};

function body(random: Random, usual: readonly string[], seldom: readonly string[]): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  const fidelity = random.next();
  for (const field of usual) if (random.chance(0.93)) result[field] = value(random, field, fidelity);
  for (const field of seldom) if (random.chance(0.2)) result[field] = value(random, field, fidelity);
  for (const field of ['extra', 'constructor']) if (random.chance(0.02)) result[field] = 1;
  return result;
}

function value(random: Random, field: string, fidelity: number): unknown {
  const values = VALUES[field] as readonly unknown[];
  return random.chance(fidelity) ? values[random.below(2) % values.length] : random.pick(values);
}

async function agree(
  schema: AnySchema, make: (random: Random) => unknown, taken: (body: unknown) => Promise<boolean>,
): Promise<{ valid: number; invalid: number }> {
  const random = new Random(SEED);
  const validate = contract.validator(schema);
  const count = { valid: 0, invalid: 0 };
  for (let i = 0; i < BODIES; i++) {
    const given = make(random);
    const byDocument = validate(given);
    count[byDocument ? 'valid' : 'invalid']++;
    const byService = await taken(given);
    if (byService !== byDocument) {
      throw new Error(`EXACTNESS_SEED=${SEED}: ${JSON.stringify(given)} is ${byService ? 'taken by the service' : 'refused by the service'}, ${byDocument ? 'valid' : 'not valid'} by the document: ${JSON.stringify(validate.errors)}`);
    }
  }
  return count;
}

const bodyOf = (path: string, method: string): AnySchema =>
  contract.document.paths[path]?.[method]?.requestBody?.content['application/json']?.schema as AnySchema;

const PLACE_USUAL = ['client_id', 'side', 'type', 'price', 'quantity'];
const PLACE_SELDOM = ['instrument', 'time_in_force', 'post_only', 'self_trade_prevention', 'quote_quantity', 'max_slippage', 'client_order_id', 'idempotency_key', 'ack'];

describe(`the document and the service judge alike (EXACTNESS_SEED=${SEED})`, () => {
  const expectBoth = ({ valid, invalid }: { valid: number; invalid: number }): void => {
    expect(valid).toBeGreaterThan(BODIES / 50);
    expect(invalid).toBeGreaterThan(BODIES / 50);
  };

  it('orders', async () => {
    expectBoth(await agree(bodyOf('/orders', 'post'), (random) => body(random, PLACE_USUAL, PLACE_SELDOM), (given) => isTaken(async () => orders.place(context, given, undefined))));
  });

  it('cancels', async () => {
    const cancel = (given: unknown): Promise<boolean> => isTaken(async () => orders.cancel(context, ORDER_ID, given, undefined));
    expectBoth(await agree(bodyOf('/orders/{order_id}/cancel', 'post'), (random) => body(random, [], ['client_id', 'idempotency_key']), cancel));
  });

  it('amends', async () => {
    const amend = (given: unknown): Promise<boolean> => isTaken(async () => orders.amend(context, ORDER_ID, given, undefined));
    expectBoth(await agree(bodyOf('/orders/{order_id}', 'patch'), (random) => body(random, [], ['price', 'quantity', 'remaining_quantity', 'client_id', 'idempotency_key']), amend));
  });

  it('operations of a batch', async () => {
    const operation = (random: Random): Record<string, unknown> => {
      const op = value(random, 'op', 0.9);
      const fields = random.pick<[string[], string[]]>([[PLACE_USUAL, PLACE_SELDOM], [[], ['order_id', 'client_id', 'client_order_id', 'idempotency_key']], [['price'], ['order_id', 'client_id', 'client_order_id', 'quantity', 'remaining_quantity']], [['order_id'], []], [['client_id', 'client_order_id'], ['price']]]);
      return { ...(random.chance(0.97) ? { op: random.chance(0.5) ? random.pick(['place', 'cancel', 'amend']) : op } : {}), ...body(random, ...fields) };
    };
    const taken = async (given: unknown): Promise<boolean> => {
      const { body: answer } = await orders.batch(context, { operations: [given] });
      const [result] = (answer as { results: { body: { code?: string } }[] }).results;
      // What is no UUID names no order, in an operation as in a path.
      const { order_id: named } = given as { order_id?: unknown };
      if (result?.body.code === 'order_not_found' && typeof named === 'string' && !isUuid(named)) return false;
      return result?.body.code !== 'validation_failed';
    };
    expectBoth(await agree({ $ref: '#/components/schemas/Operation' }, operation, taken));
  });

  it('the service alone, of text that only Unicode\'s tables tell from printable', async () => {
    const validate = contract.validator(bodyOf('/orders/{order_id}/cancel', 'post'));
    for (const key of ['\ud800', '\u0378', '\u{e0001}']) {
      expect([validate({ idempotency_key: key }), await isTaken(() => orders.cancel(context, ORDER_ID, { idempotency_key: key }, undefined))]).toEqual([true, false]);
    }
  });

  it('batches', async () => {
    const batch = (random: Random): unknown => random.pick<() => unknown>([
      () => ({ operations: Array.from({ length: random.pick([0, 1, 2, 1_000, 1_001]) }, () => ({ op: 'cancel', order_id: ORDER_ID })) }),
      () => ({ operations: random.pick([null, {}, 'x', 1]) }), () => ({}), () => [], () => null, () => ({ operations: [{ op: 'cancel', order_id: ORDER_ID }], extra: 1 }), () => 1,
    ])();
    const random = new Random(SEED);
    const validate = contract.validator(bodyOf('/orders/batch', 'post'));
    for (let i = 0; i < 60; i++) {
      const given = batch(random);
      expect([given, await isTaken(async () => orders.batch(context, given))]).toEqual([given, validate(given)]);
    }
  });
});
