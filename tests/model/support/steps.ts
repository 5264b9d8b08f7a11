import fc from 'fast-check';
import type { INSTRUMENT_STATES } from '../../../src/domain/instrument-rules';
import { LIST_SIZE_MAX, type ListType } from '../../../src/domain/order-list';
import type { Trigger } from '../../../src/domain/order-type';

/**
 * What a random sequence is made of. Steps speak of clients, prices and earlier orders by small numbers,
 * so that any sub-sequence of a sequence still means something: that is what shrinking cuts it down to.
 */
export interface PlaceStep {
  readonly op: 'place';
  readonly instrument: number;
  readonly client: number;
  readonly isSell: boolean;
  readonly kind: number;
  readonly price: number;
  readonly quantity: Quantity;
  /** For what it waits, and at which price. */
  readonly trigger: Trigger | null;
  readonly stop: number;
  /** How far behind the best price it trails: so many ticks, or one of the scenario's fractions. */
  readonly trail: TrailStep;
  /** Of what it displays: so many lots, or where the sequence deals in large amounts, one such part of it. */
  readonly display: number | null;
  /** Which of the scenario's times a gtd order ends at. */
  readonly expiry: number;
  readonly name: number | null;
  readonly key: number | null;
  /** How far the order's id lies ahead of its turn: ids do not arrive in the order they were made in. */
  readonly idLead: number;
  /** Self-trade prevention, 0 for none, and a client whose orders are its own as well, null for none. */
  readonly stp: number;
  readonly owned: number | null;
  /** Of a market order: which of the scenario's fractions it may slip by, and how many units off its quantity's worth it may spend; null for any. */
  readonly slippage: number | null;
  readonly budget: number | null;
}

/** Orders that belong together. Of a pair both are of the same side, and one goes at a rise, the other at a fall. */
export interface ListStep {
  readonly op: 'list';
  readonly type: ListType;
  readonly instrument: number;
  readonly client: number;
  /** Of as many orders as the list has, the first ones. */
  readonly orders: readonly ListedStep[];
  /** Whether the stop is the first of a pair. */
  readonly stopFirst: boolean;
  /** Whether the other one of a pair waits for its price as well. */
  readonly bothWait: boolean;
  readonly key: number | null;
}

export type ListedStep = Omit<PlaceStep, 'op' | 'instrument' | 'client' | 'key' | 'idLead'>;

/** An order by how many placements ago it came; beyond the first, an id that was never issued. */
export type TargetStep =
  | { readonly by: 'id'; readonly back: number }
  | { readonly by: 'name'; readonly client: number; readonly name: number };

/** A list by how many lists ago it came. */
export interface ListTargetStep {
  readonly by: 'list';
  readonly back: number;
}

export type ActorStep = number | readonly number[] | null;

export interface TrailStep {
  readonly by: 'offset' | 'percent';
  readonly distance: number;
}

export interface CancelStep {
  readonly op: 'cancel';
  readonly target: TargetStep | ListTargetStep;
  readonly key: number | null;
  /** The client that acts, or several that the caller may be, null for anybody. */
  readonly actor: ActorStep;
}

export interface AmendStep {
  readonly op: 'amend';
  readonly target: TargetStep;
  readonly price: number | 'same' | 'invalid';
  readonly amount: 'total' | 'remaining' | 'neither' | 'invalid';
  readonly quantity: Quantity;
  readonly newStop: number | 'same' | 'invalid';
  readonly newTrail: TrailStep | 'invalid' | null;
  /** Whether the candidates name every instrument, or leave the first one out. */
  readonly namesAll: boolean;
  readonly key: number | null;
  readonly actor: ActorStep;
}

export interface MassCancelStep {
  readonly op: 'mass_cancel';
  readonly client: number;
  readonly instrument: number | null;
  /** What the walk goes on behind and is bounded by, so many entries ago; null for the beginning and for now. */
  readonly afterBack: number | null;
  readonly boundBack: number | null;
  readonly pageSize: number;
}

/** Makes an instrument, or changes one. */
export interface InstrumentStep {
  readonly op: 'instrument';
  readonly instrument: number;
  readonly opens: boolean;
  /** Whether it is said to have another tick than it has. */
  readonly isOther: boolean;
  readonly state: (typeof INSTRUMENT_STATES)[number] | null;
  readonly limits: 'wide' | 'narrow' | 'crossed' | null;
  /** How far from the reference an instrument may trade; what that is lies with the profile's prices. */
  readonly band: 'none' | 'narrow' | 'wide' | null;
  /** Seconds of its window, where the clock is the test's: else a window is longer than any sequence takes. */
  readonly windowS: number | null;
  /** Lots at a usual price that an order has to be worth. */
  readonly minLots: number | null;
  readonly key: number | null;
}

/** What the writer does after a commit: `back` entries before the last one are persisted. */
export interface PersistStep {
  readonly op: 'persist';
  readonly back: number;
  readonly keepEntries: number;
  readonly keepTrades: number;
  /** Whether done orders and old keys are let go of, too. */
  readonly forgets: boolean;
}

export interface KillStep {
  readonly op: 'kill';
  readonly client: number;
  readonly kills: boolean;
  readonly pageSize: number;
}

export interface CancelAfterStep {
  readonly op: 'cancel_after';
  readonly client: number;
  readonly instrument: number | null;
  /** Which of the scenario's times. */
  readonly delay: number;
}

export interface LeaseStep {
  readonly op: 'lease';
  readonly lease: number;
  readonly client: number;
  readonly begins: boolean;
}

/** The venue's clock goes on, where the profile lets it: by which of the scenario's spans. */
export interface TimeStep {
  readonly op: 'time';
  readonly span: number;
}

export type CommandStep = PlaceStep | ListStep | CancelStep | AmendStep | MassCancelStep | KillStep | CancelAfterStep | LeaseStep | InstrumentStep;
export type Step = CommandStep | PersistStep | TimeStep;

/** `n` lots, or where the sequence deals in large amounts, n off a large unit. */
export interface Quantity {
  readonly n: number;
  readonly unit: number;
}

/** What all steps of a sequence have in common. */
export interface Profile {
  readonly fillsMax: number;
  /** Orders that were reached, of those that go in one call. */
  readonly triggersMax: number;
  readonly openOrdersMax: number;
  readonly partsMax: number;
  readonly backlogMax: number;
  readonly ttlS: number;
  /** Whether the venue's clock is the test's: it stands still but for steps of time. */
  readonly isTimed: boolean;
  readonly duePage: number;
  readonly auctionPage: number;
  /** Where prices lie: next to 1, in the middle, next to the largest amount. */
  readonly prices: 'low' | 'middle' | 'high';
  /** How many ticks sellers start above buyers: more of it, more rests. */
  readonly gap: number;
  readonly large: boolean;
  readonly instruments: number;
  readonly clients: number;
  readonly batchSizes: readonly number[];
  /** Whether instruments are made and changed. */
  readonly isRuled: boolean;
  /** Whether what is asked of instruments is mostly that they gather orders for an auction, and open again. */
  readonly isAuctioned: boolean;
  /** By how many ticks prices go up with each order that is placed. */
  readonly drift: number;
  /** Whether orders may ask for what only some do. */
  readonly hasTraits: boolean;
}

export interface Sequence {
  readonly profile: Profile;
  readonly steps: readonly Step[];
}

// Plain objects, so that a counterexample reads as one would write it.
export const record = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> => fc.record<T>(fields, { noNullPrototype: true });
export const upTo = (max: number, min = 0): fc.Arbitrary<number> => fc.integer({ min, max });
export const pick = <T>(...options: readonly [weight: number, value: T][]): fc.Arbitrary<T> => (
  fc.oneof(...options.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })))
);
export const sometimes = <T>(arbitrary: fc.Arbitrary<T>, oneIn: number): fc.Arbitrary<T | null> => fc.option(arbitrary, { freq: oneIn, nil: null });

// Few keys and names, so that they are used again.
const key = fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: upTo(11) });
const name = fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: upTo(5) });
const trail: fc.Arbitrary<TrailStep> = record({ by: pick([1, 'offset' as const], [1, 'percent' as const]), distance: upTo(7) });
const quantity: fc.Arbitrary<Quantity> = record({ n: upTo(12, 1), unit: upTo(9) });
/** Recent orders, which are likely to be open, more often than old ones. */
export const back = fc.oneof({ weight: 3, arbitrary: upTo(8) }, { weight: 2, arbitrary: upTo(60) }, { weight: 1, arbitrary: upTo(210) });

/** Steps that orders are made of. */
export interface OrderSteps {
  readonly place: { [K in keyof PlaceStep]: fc.Arbitrary<PlaceStep[K]> };
  readonly list: fc.Arbitrary<ListStep>;
  readonly cancel: fc.Arbitrary<CancelStep>;
  readonly amend: fc.Arbitrary<AmendStep>;
  readonly massCancel: fc.Arbitrary<MassCancelStep>;
  readonly kill: fc.Arbitrary<KillStep>;
  readonly lease: fc.Arbitrary<LeaseStep>;
  readonly cancelAfter: fc.Arbitrary<CancelAfterStep>;
  readonly instrument: fc.Arbitrary<InstrumentStep>;
}

/**
 * @param clients how many there may be
 * @param key of steps that may have one
 */
export function orderSteps(clients: number, key: fc.Arbitrary<number | null>): OrderSteps {
  const client = upTo(clients - 1);
  // The more there are, the rarer a name belongs to the client it is tried with, or an order to the one who acts.
  const target: fc.Arbitrary<TargetStep> = fc.oneof(
    { weight: clients, arbitrary: record({ by: fc.constant('id' as const), back }) },
    { weight: 1, arbitrary: record({ by: fc.constant('name' as const), client, name: upTo(5) }) },
  );
  const actor = fc.oneof(
    { weight: clients, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: client },
    { weight: 1, arbitrary: fc.array(client, { minLength: 1, maxLength: 3 }) },
  );
  const terms: { [K in keyof ListedStep]: fc.Arbitrary<ListedStep[K]> } = {
    isSell: fc.boolean(),
    kind: pick([20, 0], [4, 1], [4, 2], [4, 3], [6, 4], [5, 5], [3, 6]),
    expiry: upTo(7),
    price: upTo(8),
    quantity,
    trigger: pick<Trigger | null>([14, null], [4, 'stop'], [2, 'take_profit'], [2, 'trailing_stop']),
    stop: upTo(14),
    trail,
    display: sometimes(upTo(5, 1), 3),
    name,
    stp: pick([4, 0], [1, 1], [2, 2], [1, 3], [3, 4]),
    owned: sometimes(client, 4),
    slippage: sometimes(upTo(4), 2),
    budget: sometimes(upTo(5, -5), 2),
  };
  return {
    place: {
      op: fc.constant('place' as const),
      instrument: upTo(2),
      client,
      ...terms,
      key,
      idLead: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: upTo(6, 1) }),
    },
    list: record({
      op: fc.constant('list' as const),
      type: pick<ListType>([3, 'oco'], [2, 'oto'], [3, 'otoco']),
      instrument: upTo(2),
      client,
      orders: fc.array(record(terms), { minLength: LIST_SIZE_MAX, maxLength: LIST_SIZE_MAX }),
      stopFirst: fc.boolean(),
      bothWait: pick([2, false], [1, true]),
      key,
    }),
    cancel: record({
      op: fc.constant('cancel' as const),
      target: fc.oneof({ weight: 5, arbitrary: target }, { weight: 1, arbitrary: record({ by: fc.constant('list' as const), back: upTo(6) }) }),
      key,
      actor,
    }),
    amend: record({
      op: fc.constant('amend' as const),
      target,
      price: fc.oneof(
        { weight: 10, arbitrary: upTo(8) },
        { weight: 8, arbitrary: fc.constant('same' as const) },
        { weight: 1, arbitrary: fc.constant('invalid' as const) },
      ),
      amount: pick([5, 'total' as const], [5, 'remaining' as const], [4, 'neither' as const], [1, 'invalid' as const]),
      quantity,
      newStop: fc.oneof(
        { weight: 12, arbitrary: fc.constant('same' as const) }, { weight: 4, arbitrary: upTo(14) }, { weight: 1, arbitrary: fc.constant('invalid' as const) },
      ),
      newTrail: fc.oneof({ weight: 30, arbitrary: fc.constant(null) }, { weight: 3, arbitrary: trail }, { weight: 1, arbitrary: fc.constant('invalid' as const) }),
      namesAll: pick([9, true], [1, false]),
      key,
      actor,
    }),
    lease: record({ op: fc.constant('lease' as const), lease: upTo(2), client, begins: pick([3, true], [1, false]) }),
    cancelAfter: record({ op: fc.constant('cancel_after' as const), client, instrument: sometimes(upTo(2), 2), delay: upTo(4) }),
    // Seldom for long: an account that is stopped does nothing.
    kill: record({ op: fc.constant('kill' as const), client, kills: pick([2, true], [3, false]), pageSize: pick([1, 1], [1, 2], [1, 3], [1, 50]) }),
    massCancel: record({
      op: fc.constant('mass_cancel' as const),
      client,
      instrument: sometimes(upTo(2), 2),
      afterBack: sometimes(back, 3),
      boundBack: sometimes(back, 3),
      pageSize: upTo(8, 1),
    }),
    instrument: record({
      op: fc.constant('instrument' as const),
      instrument: upTo(4),
      opens: pick([3, false], [1, true]),
      isOther: pick([4, false], [1, true]),
      state: pick<InstrumentStep['state']>([3, null], [5, 'open'], [3, 'post_only'], [2, 'cancel_only'], [1, 'halted'], [5, 'auction']),
      limits: pick<InstrumentStep['limits']>([8, null], [2, 'wide'], [3, 'narrow'], [1, 'crossed']),
      band: pick<InstrumentStep['band']>([4, null], [2, 'none'], [3, 'narrow'], [2, 'wide']),
      windowS: sometimes(upTo(3, 1), 2),
      minLots: pick<number | null>([6, null], [1, 0], [4, 4], [2, 9]),
      key,
    }),
  };
}

export const time: fc.Arbitrary<TimeStep> = record({ op: fc.constant('time' as const), span: upTo(5) });

export const persist: fc.Arbitrary<PersistStep> = record({
  op: fc.constant('persist' as const),
  back: upTo(12),
  keepEntries: pick([2, 0], [1, 40], [1, 1000]),
  keepTrades: pick([1, 0], [2, 3], [1, 1000]),
  forgets: fc.boolean(),
});

const orders = orderSteps(4, key);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 56, arbitrary: record(orders.place) },
  { weight: 10, arbitrary: orders.list },
  { weight: 16, arbitrary: orders.cancel },
  { weight: 22, arbitrary: orders.amend },
  { weight: 2, arbitrary: orders.massCancel },
  { weight: 3, arbitrary: orders.kill },
  { weight: 3, arbitrary: orders.cancelAfter },
  { weight: 2, arbitrary: orders.lease },
  { weight: 5, arbitrary: orders.instrument },
  { weight: 3, arbitrary: persist },
  { weight: 5, arbitrary: time },
);

/** @param clients how many there may be */
export const profileFields = (clients: number): { [K in keyof Profile]: fc.Arbitrary<Profile[K]> } => ({
  fillsMax: pick([8, 10_000], [1, 1], [1, 2], [2, 4]),
  triggersMax: pick([3, 100], [1, 1], [1, 2]),
  openOrdersMax: pick([8, 1000], [1, 3], [1, 9]),
  partsMax: pick([8, 10_000], [1, 3]),
  backlogMax: pick([8, 1_000_000], [1, 15], [1, 60]),
  // Between these two the moment decides, which nobody can foresee; tests of the engine look at it alone.
  ttlS: pick([9, 86_400], [1, 0]),
  isTimed: pick([1, true], [1, false]),
  duePage: pick([3, 1000], [1, 1], [1, 3]),
  auctionPage: pick([2, 1000], [1, 1], [1, 2], [1, 5]),
  prices: pick([1, 'low' as const], [4, 'middle' as const], [2, 'high' as const]),
  gap: upTo(7),
  large: pick([3, false], [2, true]),
  instruments: upTo(3, 1),
  clients: upTo(clients, 1),
  hasTraits: pick([2, true], [1, false]),
  batchSizes: fc.oneof({ weight: 5, arbitrary: fc.array(upTo(70, 1), { minLength: 1, maxLength: 6 }) }, { weight: 1, arbitrary: fc.constant([1]) }),
  isRuled: pick([2, false], [3, true]),
  isAuctioned: pick([2, false], [3, true]),
  drift: fc.constant(0),
});

/** Where cutting a sequence down has got to. */
interface Cut {
  readonly size: number;
  readonly start: number;
}

/**
 * Always `length` steps when made, fewer when shrunk. fast-check would take out one step at a time, from
 * the front; here ever smaller stretches go, and what is left is made plainer step by step.
 */
export class StepsArbitrary<S extends { readonly op: string }> extends fc.Arbitrary<S[]> {
  private readonly full: fc.Arbitrary<S[]>;

  constructor(step: fc.Arbitrary<S>, length: number) {
    super();
    this.full = fc.array(step, { minLength: length, maxLength: length, size: 'max' });
  }

  override generate(random: fc.Random): fc.Value<S[]> {
    // Without fast-check's bias towards extremes: the weights above say what is wanted.
    return new fc.Value(this.full.generate(random, undefined).value, undefined);
  }

  override canShrinkWithoutContext(value: unknown): value is S[] {
    return Array.isArray(value);
  }

  override shrink(steps: S[], context: unknown): fc.Stream<fc.Value<S[]>> {
    return fc.stream(shorterSteps(steps, context as Cut | undefined));
  }
}

/** Smaller forms of a sequence; each carries from where to go on should it fail, too. */
function* shorterSteps<S extends object>(steps: S[], from: Cut = { size: Math.ceil(steps.length / 2), start: 0 }): Generator<fc.Value<S[]>> {
  let { size, start } = from;
  for (; size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2), start = 0) {
    for (; start < steps.length; start += size) {
      yield new fc.Value([...steps.slice(0, start), ...steps.slice(start + size)], { size, start });
    }
  }
  for (let i = start; i < steps.length; i++) {
    for (const plainer of plainerSteps(steps[i] as S)) yield new fc.Value(steps.with(i, plainer), { size: 0, start: i });
  }
}

/** What is plain in a step, field by field. */
const PLAIN: Readonly<Record<string, unknown>> = {
  key: null, actor: null, name: null, trigger: null, newStop: 'same', newTrail: null, idLead: 0, kind: 0, client: 0, instrument: 0, quantity: { n: 1, unit: 9 },
  display: null, failAt: null, opens: false, isOther: false, state: null, limits: null, minLots: null, stp: 0, owned: null, slippage: null, budget: null, reference: null, timeout: null, from: 0, to: 1,
  account: 0, asset: 0,
};

function* plainerSteps<S extends object>(step: S): Generator<S> {
  for (const [field, plain] of Object.entries(PLAIN)) {
    const value = (step as Record<string, unknown>)[field];
    if (value !== undefined && JSON.stringify(value) !== JSON.stringify(plain)) yield { ...step, [field]: plain };
  }
}

/** So many that about 200 are commands; the rest are the writer's. */
export const STEPS_PER_SEQUENCE = 210;

export const sequences: fc.Arbitrary<Sequence> = record({ profile: record(profileFields(4)), steps: new StepsArbitrary(step, STEPS_PER_SEQUENCE) });
