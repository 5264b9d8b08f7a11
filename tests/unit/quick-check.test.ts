import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { OPERATIONS, SchemaSet, type Shape } from '#openfill-contract';
import { checkBody, checkOperationBySchema, NO_LIMITS, PLACE } from '../../src/dialects/native/check/schemas';
import { quickOperation, quickPlace } from '../../src/dialects/native/check/quick-check';
import { NumberText } from '../../src/domain/amounts';
import { newOrderId } from '../../src/domain/order-id';
import { testSeed } from '../support/seed';

const RUNS = 8_000;
const ABSENT = Symbol('absent');

/** Mostly values that fit, among some that nearly do. */
function field(fitting: readonly unknown[], odd: readonly unknown[] = []): fc.Arbitrary<unknown> {
  const anything = [null, 1, '', true, [], {}, 'x'.repeat(300), -0, 'é', '\u0000', new NumberText('1e5')];
  return fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...fitting) },
    { weight: 3, arbitrary: fc.constant(ABSENT) },
    { weight: 1, arbitrary: fc.constantFrom(...odd, ...anything) },
  );
}

const ID = newOrderId();
const AMOUNTS = ['50000.00', 1, 0.5, new NumberText('123456789012345678')];
const FRACTIONS = ['0.005', 0];
const FIELDS = {
  op: field(['place', 'place', 'cancel', 'amend'], ['Place', 'toString']),
  client_id: field(['client-A', 'x'.repeat(64), ' '], ['x'.repeat(65), '日本']),
  instrument: field(['BTC-USD', 'ETH-USD'], ['-x', 'x'.repeat(33)]),
  side: field(['buy', 'sell'], ['Buy']),
  type: field(['limit', 'limit', 'market'], ['stop']),
  price: field([...AMOUNTS, ABSENT, ABSENT]),
  quantity: field(AMOUNTS),
  quote_quantity: field([ABSENT, ABSENT, ABSENT, ...AMOUNTS]),
  max_slippage: field([ABSENT, ABSENT, ...FRACTIONS]),
  self_trade_prevention: field([ABSENT, ABSENT, 'none', 'decrement'], ['transfer']),
  remaining_quantity: field([ABSENT, ABSENT, ...AMOUNTS]),
  time_in_force: field([ABSENT, 'gtc', 'ioc', 'fok'], ['GTC', undefined]),
  post_only: field([ABSENT, false, true], ['true', 0]),
  display_quantity: field([ABSENT, ABSENT, ...AMOUNTS], [true]),
  client_order_id: field([ABSENT, 'my-7'], ['x'.repeat(65)]),
  order_id: field([ABSENT, ID, ID.toUpperCase()], [`${ID}0`]),
  idempotency_key: field([ABSENT, 'k', 'x'.repeat(255)], ['x'.repeat(256)]),
  ack: field([ABSENT, ABSENT, 'redis', 'postgres'], ['disk']),
  note: field([ABSENT, ABSENT, ABSENT]),
};
/** The fields that each kind of operation takes; now and then one too many. */
const OWN = {
  place: ['op', 'client_id', 'instrument', 'side', 'type', 'price', 'quantity', 'quote_quantity', 'max_slippage', 'self_trade_prevention', 'time_in_force', 'post_only', 'display_quantity', 'client_order_id', 'idempotency_key', 'ack'],
  cancel: ['op', 'client_id', 'order_id', 'client_order_id', 'idempotency_key'],
  amend: ['op', 'client_id', 'order_id', 'client_order_id', 'idempotency_key', 'price', 'quantity', 'remaining_quantity'],
} as const;

const body = fc.record(FIELDS).chain((fields) => fc.record({
  fields: fc.constant(fields),
  stray: fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.constantFrom(...Object.keys(FIELDS)) }),
})).map(({ fields, stray }) => {
  const kind = fields.op === 'cancel' || fields.op === 'amend' ? fields.op : 'place';
  const known: readonly string[] = OWN[kind];
  return Object.fromEntries(Object.entries(fields).filter(([name, value]) => value !== ABSENT && (known.includes(name) || name === stray)));
});

/** What the schema makes of a value; undefined where it refuses. */
function bySchema(check: () => unknown): unknown {
  try {
    return check();
  } catch {
    return undefined;
  }
}

describe('the quick check', () => {
  const seed = testSeed('quick check');

  it('gives exactly what the schema of the operation gives, or leaves it to the schema', () => {
    let quick = 0;
    let valid = 0;
    fc.assert(fc.property(body, (operation) => {
      const answer = quickOperation(operation);
      const expected = bySchema(() => checkOperationBySchema(operation));
      if (expected !== undefined) valid++;
      if (answer === null) return;
      quick++;
      expect(answer).toEqual(expected);
    }), { numRuns: RUNS, seed });
    // It is of use only if it takes nearly all that is valid.
    expect(valid).toBeGreaterThan(RUNS / 20);
    expect(quick).toBeGreaterThan(valid * 0.8);
  });

  it('gives exactly what the schema of a single order gives', () => {
    fc.assert(fc.property(body, ({ op: _op, ...order }) => {
      const answer = quickPlace(order);
      if (answer !== null) expect(answer).toEqual(bySchema(() => checkBody(PLACE, order)));
    }), { numRuns: RUNS, seed });
  });

  it('agrees with the JSON Schemas of the documents, as far as those can tell', () => {
    const schemas = new SchemaSet(NO_LIMITS);
    const references = Object.entries(OPERATIONS).map(([op, shape]: [string, Shape]) => [op, schemas.of(shape)] as const);
    const ajv = new Ajv2020({ strict: false });
    addFormats(ajv);
    ajv.addSchema({ $id: 'document', components: { schemas: schemas.components } });
    const validators = new Map(references.map(([op, { $ref }]) => [op as unknown, ajv.compile({ $ref: `document${String($ref)}` })]));
    let valid = 0;
    fc.assert(fc.property(body, (operation) => {
      // The schemas look into amounts, which the judge leaves to others, and know no numbers that are kept as text.
      const given = Object.fromEntries(Object.entries(operation).map(([name, value]) => [name, value instanceof NumberText ? 1 : value]));
      const amounts = [given.price, given.quantity, given.remaining_quantity, given.display_quantity, given.quote_quantity];
      const isAccepted = validators.get(given.op)?.(given) ?? false;
      const isJudgedFit = bySchema(() => checkOperationBySchema(given)) !== undefined;
      if (isAccepted) {
        valid++;
        expect([given, isJudgedFit]).toEqual([given, true]);
      } else if (isJudgedFit && amounts.every((amount) => amount === undefined || AMOUNTS.includes(amount as string)) && (given.max_slippage === undefined || FRACTIONS.includes(given.max_slippage as string))) {
        // What JSON cannot carry, no schema is asked about.
        expect([given, Object.values(given).includes(undefined)]).toEqual([given, true]);
      }
    }), { numRuns: RUNS, seed });
    expect(valid).toBeGreaterThan(RUNS / 20);
  });
});
