import fc from 'fast-check';
import { pick, record, STEPS_PER_SEQUENCE, StepsArbitrary, time, upTo, type AmendStep, type CancelStep, type PlaceStep, type Profile, type Sequence, type Step } from './steps';

/**
 * Sequences of orders that trail a market which wanders: many at a time that have seen other prices than the others, of which trades make one
 * group, or reach some, and which are amended and cancelled meanwhile. In the manner of steps.ts.
 */

/** Above the base: where the market wanders, with bids far below it and offers far above. */
const PRICES = { low: 20, usual: 40, high: 60, bids: 8, offers: 72 } as const;

const plain: Omit<PlaceStep, 'isSell' | 'price' | 'quantity'> = {
  op: 'place', instrument: 0, client: 0, kind: 0, trigger: null, stop: 0, trail: { by: 'offset', distance: 9 }, display: null, expiry: 0, name: null, key: null, idLead: 0,
  stp: 0, owned: null, slippage: null, budget: null,
};
const amended: Omit<AmendStep, 'target'> = {
  op: 'amend', price: 'same', amount: 'neither', quantity: { n: 1, unit: 9 }, newStop: 'same', newTrail: null, namesAll: true, key: null, actor: null,
};

const isSell = fc.boolean();
const trail = fc.oneof(record({ by: fc.constant('offset' as const), distance: upTo(30) }), record({ by: fc.constant('percent' as const), distance: upTo(7) }));
const target = record({ by: fc.constant('id' as const), back: fc.oneof({ weight: 2, arbitrary: upTo(12) }, { weight: 3, arbitrary: upTo(60) }) });
const price = fc.oneof({ weight: 4, arbitrary: upTo(PRICES.usual + 1, PRICES.usual - 1) }, { weight: 1, arbitrary: upTo(PRICES.high, PRICES.low) });

const place = (fields: { [K in 'isSell' | 'price' | 'quantity']: fc.Arbitrary<PlaceStep[K]> } & { [K in keyof PlaceStep]?: fc.Arbitrary<PlaceStep[K]> }): fc.Arbitrary<PlaceStep> => (
  record({ ...fields, instrument: upTo(1) }).map((given) => ({ ...plain, ...given }))
);
const lot = fc.constant({ n: 1, unit: 9 });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 30, arbitrary: place({ isSell, price, quantity: lot, trail, trigger: fc.constant('trailing_stop' as const), client: upTo(3) }) },
  // One that comes meets the one before it, most of the time.
  { weight: 40, arbitrary: place({ isSell, price, quantity: record({ n: upTo(3, 1), unit: fc.constant(9) }) }) },
  { weight: 5, arbitrary: place({ isSell: fc.constant(false), price: upTo(PRICES.bids), quantity: record({ n: upTo(9, 3), unit: fc.constant(9) }) }) },
  { weight: 5, arbitrary: place({ isSell: fc.constant(true), price: upTo(PRICES.offers + 8, PRICES.offers), quantity: record({ n: upTo(9, 3), unit: fc.constant(9) }) }) },
  { weight: 5, arbitrary: place({ isSell, price, quantity: lot, kind: fc.constant(4), trigger: pick([1, 'stop' as const], [1, 'take_profit' as const]), stop: price }) },
  { weight: 8, arbitrary: record({ target, newTrail: trail }).map((given): AmendStep => ({ ...amended, ...given })) },
  { weight: 5, arbitrary: record({ target, quantity: record({ n: upTo(9, 1), unit: fc.constant(9) }) }).map((given): AmendStep => ({ ...amended, amount: 'total', ...given })) },
  { weight: 8, arbitrary: record({ target }).map((given): CancelStep => ({ op: 'cancel', key: null, actor: null, ...given })) },
  { weight: 1, arbitrary: time },
);

const profile: fc.Arbitrary<Profile> = record({
  fillsMax: fc.constant(10_000), triggersMax: pick([1, 100], [2, 1], [1, 2]), openOrdersMax: fc.constant(1000), partsMax: fc.constant(10_000),
  backlogMax: fc.constant(1_000_000), ttlS: fc.constant(86_400), isTimed: fc.boolean(), duePage: fc.constant(1000), prices: fc.constant('middle' as const), gap: fc.constant(0),
  large: fc.constant(false), instruments: pick([2, 1], [1, 2]), clients: fc.constant(4), hasTraits: fc.constant(true), auctionPage: fc.constant(1000),
  batchSizes: fc.oneof(fc.constant([1]), fc.array(upTo(40, 1), { minLength: 1, maxLength: 4 })), isRuled: fc.constant(false), isAuctioned: fc.constant(false),
  // In a market that falls or rises each has seen another price than the one before it, until a trade goes back beyond them.
  drift: pick([2, 0], [1, -1], [1, 1]),
});

export const trailSequences: fc.Arbitrary<Sequence> = record({ profile, steps: new StepsArbitrary(step, STEPS_PER_SEQUENCE) });
