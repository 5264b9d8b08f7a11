import { AMOUNT_MAX } from '../../../src/domain/amounts';
import { UNITS_MAX } from '../../../src/domain/money';
import type { Actor, AmendCandidate, EngineCommand, OrderReference } from '../../../src/domain/commands';
import { BAND_WINDOW_S_MAX, NO_PROGRESS, NOTHING_WANTED, scaleOfRules, type InstrumentRules } from '../../../src/domain/instrument-rules';
import type { MoneyScale } from '../../../src/domain/assets';
import { DAY_US, KIND_CODE, type CancelReference, type Side } from '../../../src/domain/order';
import { LIST_ROLE_CODE, LIST_SIZE, listOrderId, roleAt } from '../../../src/domain/order-list';
import { namesToTrait, NO_TRAITS, type OrderTraits } from '../../../src/domain/order-traits';
import { TRIGGER_CODE } from '../../../src/domain/order-type';
import { idempotencyDigest } from '../../../src/engine/idempotency';
import { mayRest } from '../../../src/reference/verdict';
import type { ActorStep, AmendStep, CommandStep, InstrumentStep, ListedStep, ListStep, ListTargetStep, PlaceStep, Profile, Quantity, TargetStep, TimeStep, TrailStep } from './steps';

export const INSTRUMENTS = ['BTC-USD', 'ETH-USD', 'a.b_C-9'];
/** Those that only come at run time. */
const NEW = ['new-1', 'new-2'];
/** Of the instruments, in their order: two of them share their base, too. */
export const BASES = ['BTC', 'ETH', 'ETH', 'BTC', 'ETH'];
export const QUOTE = 'USD';
/** Texts as clients may choose them: quotes, backslashes, control and other characters. */
export const CLIENTS = ['ann', 'b"o\\b', '客户\u0001\u2028"', 'd;=,\'{x}:%s', ...Array.from({ length: 16 }, (_, i) => `client-${i + 4}`)];
const NAMES = ['my-1', '"', '\\', 'é\n', 'my-5', ';BTC-USD='];

/** Millionths: at the best price alone, a tick or a few off it at a middle price, anywhere. */
const SLIPPAGES = [0, 999, 1_000, 4_500, 1_000_000];
/** How far orders trail in millionths of a price: where that is a few ticks, several come to the same one; elsewhere some do. */
const COARSE = [10_000, 90_000, 100_000, 250_000, 300_000, 500_000, 900_000, 999_999];
const FINE = [500, 1_000, 1_001, 2_000, 2_500, 3_000, 4_999, 5_000];
const LARGE_UNITS = [AMOUNT_MAX + 1, 2 ** 52, 3_000_000_019, 10_000_000];

const SECOND_US = 1_000_000;
/** When gtd orders end, seen from now. */
const EXPIRIES_US = [0, -SECOND_US, 1, 1, SECOND_US, SECOND_US, 3 * SECOND_US, DAY_US / 3];
/** How long the leases of connections are, each by itself. */
const LEASES_US = [SECOND_US, 2 * SECOND_US, DAY_US / 4];
/** When dead man's switches trigger, seen from now; null takes one off. */
const SWITCHES_US = [null, 1, SECOND_US, 2 * SECOND_US, DAY_US / 3];
/** What the venue's clock goes on by. */
const SPANS_US = [1, 1, SECOND_US, 3 * SECOND_US, 3 * SECOND_US, DAY_US / 3];
/** So much ahead of a midnight a clock of the test's begins, days ahead of that of Redis, which is behind it for good. */
const BEFORE_MIDNIGHT_US = 8 * SECOND_US;
const DAYS_AHEAD = 2;

/** @param realUs what Redis' clock says */
export function startOfTime(realUs: number): number {
  return (Math.floor(realUs / DAY_US) + DAYS_AHEAD) * DAY_US - BEFORE_MIDNIGHT_US;
}

export function spanOf({ span }: TimeStep): number {
  return SPANS_US[span] as number;
}

/** A UUIDv7 whose age is `turn`, and which only `serial` makes unique. */
export function idOf(turn: number, serial: number): string {
  const time = (0x0190_0000_0000 + turn).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${'0'.repeat(3)}-8000-${serial.toString(16).padStart(12, '0')}`;
}

/** Millionths of the reference price, by where prices lie. */
const BANDS: Readonly<Record<Profile['prices'], { readonly narrow: number; readonly wide: number }>> = {
  low: { narrow: 300_000, wide: 1_000_000 }, middle: { narrow: 2_000, wide: 5_000 }, high: { narrow: 1, wide: 1_000_000 },
};

/** Gives steps their meaning: turns them into commands, one after the other. */
/** What trails is a market order once it goes. */
function asMarketWhereItTrails<Step extends ListedStep>(step: Step): Step {
  return step.trigger === 'trailing_stop' ? { ...step, kind: KIND_CODE.market } : step;
}

export class Scenario {
  private readonly placed: string[] = [];
  private readonly lists: string[] = [];
  /** Where prices lie. */
  protected readonly base: number;
  /** Of those that come at run time, which are there. */
  private readonly newNames: string[] = [];
  /** In sequences of auctions, those whose orders are gathered as far as was asked. */
  private readonly gathering = new Set<string>();

  /** @param decimals by which a lot and a tick of a lot are counted in */
  constructor(protected readonly profile: Profile, private readonly decimals = { base: 0, quote: 0 }) {
    this.base = { low: 1, middle: 1_000, high: AMOUNT_MAX - 15 }[profile.prices];
  }

  /**
   * @param sequence of the shard, from which mass cancels count back
   * @param nowUs the shard's time, as far as it is known
   */
  command(step: CommandStep, sequence: number, nowUs: number): EngineCommand {
    switch (step.op) {
      case 'place': return this.place(step, nowUs);
      case 'list': return this.list(step, nowUs);
      case 'cancel': return { op: 'cancel', actor: this.actor(step.actor), order: this.cancelReference(step.target), ...this.keyed(step.key, { cancel: step.target }) };
      case 'amend': return this.amend(step);
      case 'cancel_after': return {
        op: 'cancel_after', actor: null, clientId: this.client(step.client), instrument: step.instrument === null ? null : this.instrument(step.instrument),
        timeoutUs: this.profile.isTimed ? SWITCHES_US[step.delay] as number | null : step.delay === 0 ? null : DAY_US,
      };
      // Each lease has its own time.
      case 'lease': return {
        op: 'lease', actor: null, lease: `lease-${step.lease}`, clientId: this.client(step.client), begins: step.begins,
        ttlUs: this.profile.isTimed ? LEASES_US[step.lease] as number : DAY_US,
      };
      case 'kill': return { op: 'kill', actor: null, account: this.client(step.client), kills: step.kills, pageSize: step.pageSize };
      case 'mass_cancel': return {
        op: 'mass_cancel',
        actor: null,
        clientId: this.client(step.client),
        instrument: step.instrument === null ? null : this.instrument(step.instrument),
        after: step.afterBack === null ? 0 : Math.max(0, sequence - step.afterBack),
        bound: step.boundBack === null ? null : Math.max(0, sequence - step.boundBack),
        pageSize: step.pageSize,
      };
      case 'instrument': return this.changeInstrument(step);
    }
  }

  /** Scales of instruments that come at run time. */
  get newScales(): ReadonlyMap<string, MoneyScale> {
    return new Map(NEW.map((name) => [name, scaleOfRules(this.rulesOf(name))]));
  }

  private rulesOf(instrument: string): InstrumentRules {
    const base = BASES[[...INSTRUMENTS, ...NEW].indexOf(instrument)] as string;
    return {
      instrument, base, quote: QUOTE, tickSize: '1', lotSize: '1', baseDecimals: this.decimals.base, quoteDecimals: this.decimals.quote,
      state: 'open', priceTicksMin: 1, priceTicksMax: AMOUNT_MAX, quantityLotsMin: 1, quantityLotsMax: AMOUNT_MAX, minValue: 0, priceBand: 0,
      bandWindowS: 0, maxSlippage: 0, ...NO_PROGRESS,
    };
  }

  /** In sequences of auctions: of a traded instrument, with nothing that keeps orders out for long. */
  private auctionStep(step: InstrumentStep): InstrumentStep {
    const instrument = step.instrument % this.profile.instruments;
    const name = INSTRUMENTS[instrument] as string;
    const isGathering = this.gathering.has(name);
    const state = step.state === null ? null : step.state === 'open' || isGathering ? 'open' as const : 'auction' as const;
    if (state === 'auction') this.gathering.add(name);
    else if (state === 'open') this.gathering.delete(name);
    return { ...step, instrument, opens: false, isOther: false, state, limits: null, minLots: null, band: step.band ?? (step.windowS === null ? 'narrow' : null) };
  }

  private changeInstrument(step: InstrumentStep): EngineCommand {
    const { instrument, opens, isOther, state, limits, band, windowS, minLots, key } = this.profile.isAuctioned ? this.auctionStep(step) : step;
    const name = [...INSTRUMENTS, ...NEW][instrument] as string;
    const rules = this.rulesOf(name);
    // What is traded is surely there: the first that is asked of one that is not makes it as it is.
    if (NEW.includes(name) && !this.newNames.includes(name)) {
      this.newNames.push(name);
      return { op: 'instrument', actor: null, opens: true, listed: rules, wanted: NOTHING_WANTED, idempotency: null, request: null };
    }
    const { base, profile: { large } } = this;
    const bounds = limits === null ? {} : {
      wide: { priceTicksMin: 1, priceTicksMax: AMOUNT_MAX, quantityLotsMin: 1, quantityLotsMax: AMOUNT_MAX, maxSlippage: 0 },
      narrow: { priceTicksMin: base + 2, priceTicksMax: base + 10, quantityLotsMin: 2, quantityLotsMax: large ? AMOUNT_MAX - 4 : 9, maxSlippage: 100_000 },
      crossed: { priceTicksMin: base + 10, priceTicksMax: base + 9 },
    }[limits];
    const priceBand = band === null ? null : { none: 0, ...BANDS[this.profile.prices] }[band];
    const bandWindowS = band !== null && windowS !== null && this.profile.isTimed ? windowS : null;
    const minValue = minLots === null ? null : Math.min(AMOUNT_MAX, (base + 4) * minLots);
    return {
      op: 'instrument', actor: null, opens, listed: isOther ? { ...rules, tickSize: '2' } : rules, wanted: { ...NOTHING_WANTED, state, minValue, priceBand, bandWindowS: priceBand === null || this.profile.isTimed ? bandWindowS : BAND_WINDOW_S_MAX, ...bounds },
      ...this.keyed(key, { instrument: state }),
    };
  }

  protected place(asked: PlaceStep, nowUs: number): Extract<EngineCommand, { op: 'place' }> {
    const step = asMarketWhereItTrails(asked);
    const orderId = idOf(this.placed.length + step.idLead, this.placed.length);
    this.placed.push(orderId);
    return {
      op: 'place',
      actor: null,
      instrument: this.instrument(step.instrument),
      side: step.isSell ? 'sell' : 'buy',
      kind: step.kind,
      priceTicks: step.kind === KIND_CODE.market ? 0 : this.price(step.price, step.isSell),
      quantityLots: this.budget(step) === null ? this.lots(step.quantity) : 0,
      traits: this.traits(step, nowUs),
      orderId,
      clientId: this.client(step.client),
      clientOrderId: step.name === null ? null : NAMES[step.name] as string,
      idempotency: this.keyed(step.key, null).idempotency,
    };
  }

  /** Every list that the venue takes: of a pair the stop goes against its owner, the other one with him. */
  private list({ type, instrument, client, orders, stopFirst, bothWait, key }: ListStep, nowUs: number): EngineCommand {
    const serial = this.placed.length;
    const listId = `${idOf(serial, serial).slice(0, 14)}7001-8000-${(16 * serial).toString(16).padStart(12, '0')}`;
    this.lists.push(listId);
    const clientId = this.client(client);
    const pairFrom = type === 'oco' ? 0 : 1;
    const steps = orders.slice(0, LIST_SIZE[type]).map(asMarketWhereItTrails).map((order, i, all): ListedStep => {
      // A sell that waits holds its quantity.
      if (type === 'oto' && i > 0) return order.isSell ? { ...order, budget: null } : order;
      if (i < pairFrom || type === 'oto') return order;
      const isStop = (i === pairFrom) === stopFirst;
      const { isSell } = all[pairFrom] as ListedStep;
      const kind = !isStop && !bothWait && order.kind === KIND_CODE.market ? KIND_CODE.limit_gtc : order.kind;
      const stop = order.trigger === 'trailing_stop' ? order.trigger : 'stop';
      return { ...order, isSell, kind, budget: isSell ? null : order.budget, trigger: isStop ? stop : bothWait ? 'take_profit' : null };
    });
    const sides = steps.map(({ isSell }): Side => (isSell ? 'sell' : 'buy'));
    return {
      op: 'list', actor: null, listId, clientId, instrument: this.instrument(instrument),
      orders: steps.map((order, i) => {
        this.placed.push(listOrderId(listId, i + 1));
        return {
          side: sides[i] as Side, kind: order.kind, priceTicks: order.kind === KIND_CODE.market ? 0 : this.price(order.price, order.isSell), quantityLots: this.budget(order) === null ? this.lots(order.quantity) : 0,
          traits: { ...this.traits({ ...order, client }, nowUs), list: type, listRole: LIST_ROLE_CODE[roleAt(type, i + 1, sides)] },
          clientOrderId: order.name === null ? null : NAMES[order.name] as string,
        };
      }),
      ...this.keyed(key, { list: type }),
    };
  }

  private traits(step: ListedStep & { readonly client: number }, nowUs: number): OrderTraits {
    const own = this.prevention(step);
    const traits: OrderTraits = {
      ...(step.kind === KIND_CODE.market ? this.bounded(step, own) : own), ...this.iceberg(step), ...this.waiting(step),
      ...(step.kind === KIND_CODE.limit_gtd ? { expiresUs: nowUs + (this.profile.isTimed ? EXPIRIES_US[step.expiry] as number : DAY_US) } : {}),
    };
    return Object.keys(traits).length === 0 ? NO_TRAITS : traits;
  }

  private waiting({ trigger, stop, trail }: ListedStep): OrderTraits {
    if (trigger === null) return NO_TRAITS;
    const code = TRIGGER_CODE[trigger];
    return trigger === 'trailing_stop' ? { trigger: code, ...this.trail(trail), best: 0, trailsSince: 0 } : { trigger: code, triggerPrice: this.base + stop };
  }

  private trail({ by, distance }: TrailStep): OrderTraits {
    return by === 'offset' ? { trailingOffset: 1 + distance } : { trailingPercent: (this.profile.prices === 'low' ? COARSE : FINE)[distance % FINE.length] as number };
  }

  private bounded(step: ListedStep, prevention: OrderTraits): OrderTraits {
    const budget = this.budget(step);
    if (budget === null && (step.slippage === null || !this.profile.hasTraits)) return prevention;
    return {
      ...prevention, ...(step.slippage === null ? {} : { slippage: SLIPPAGES[step.slippage] as number }), ...(budget === null ? {} : { budget: String(budget) }),
    };
  }

  /** What a market order may trade for, in ticks times lots: near what its quantity is worth at its price. A sell that waits holds its quantity. */
  private budget({ kind, price, isSell, quantity, budget, trigger }: ListedStep): bigint | null {
    if (kind !== KIND_CODE.market || budget === null || !this.profile.hasTraits || (isSell && trigger !== null)) return null;
    const worth = BigInt(this.price(price, isSell)) * BigInt(this.lots(quantity)) + BigInt(budget);
    return worth < 1n ? 1n : worth > UNITS_MAX ? UNITS_MAX : worth;
  }

  private prevention({ client, stp, owned }: ListedStep & { readonly client: number }): OrderTraits {
    if (!this.profile.hasTraits || stp === 0) return NO_TRAITS;
    const other = owned === null ? this.client(client) : this.client(owned);
    // Accounts that have owners have plain names.
    const accounts = other === this.client(client) || !/^[\w-]+$/.test(other) ? [] : [other];
    const stpAccounts = namesToTrait(accounts);
    return stpAccounts === undefined ? { stp } : { stp, stpAccounts };
  }

  /** Only orders that may wait can be icebergs. */
  private iceberg({ kind, display, quantity }: ListedStep): OrderTraits {
    if (!this.profile.hasTraits || display === null || !mayRest(kind)) return NO_TRAITS;
    return { display: this.profile.large ? Math.ceil(this.lots(quantity) / display) : display };
  }

  private amend(step: AmendStep): EngineCommand {
    const lots = step.amount === 'invalid' ? 'invalid' : this.lots(step.quantity);
    const candidates = [...INSTRUMENTS, ...NEW].slice(step.namesAll ? 0 : 1).map((instrument): AmendCandidate => ({
      instrument,
      // The side is not known here, so that amends reach across the spread, too.
      priceTicks: step.price === 'same' ? null : step.price === 'invalid' ? 'invalid' : this.price(step.price, step.quantity.unit % 2 === 0),
      quantityLots: step.amount === 'total' || step.amount === 'invalid' ? lots : null,
      remainingLots: step.amount === 'remaining' ? lots : null,
      stopTicks: step.newStop === 'same' ? null : step.newStop === 'invalid' ? 'invalid' : this.base + step.newStop,
      ...this.newTrail(step),
      quantityLotsMax: this.profile.large ? AMOUNT_MAX : 15,
    }));
    return { op: 'amend', actor: this.actor(step.actor), order: this.reference(step.target), candidates, ...this.keyed(step.key, { amend: step.price, "é\"": [null, 1.5] }) };
  }

  private newTrail({ newTrail }: AmendStep): Pick<AmendCandidate, 'trailingOffset' | 'trailingPercent'> {
    if (newTrail === null) return {};
    return newTrail === 'invalid' ? { trailingPercent: 'invalid' } : this.trail(newTrail);
  }

  protected keyed(key: number | null, request: unknown): { idempotency: string | null; request: unknown } {
    if (key === null) return { idempotency: null, request: null };
    return { idempotency: idempotencyDigest('model', String(key)), request };
  }

  private reference(target: TargetStep): OrderReference {
    if (target.by === 'id') return { orderId: this.orderId(target.back) };
    return { clientId: this.client(target.client), clientOrderId: NAMES[target.name] as string };
  }

  private cancelReference(target: TargetStep | ListTargetStep): CancelReference {
    if (target.by !== 'list') return this.reference(target);
    return { listId: this.lists[this.lists.length - 1 - target.back] ?? idOf(300_000 + target.back, 0) };
  }

  private orderId(back: number): string {
    return this.placed[this.placed.length - 1 - back] ?? idOf(200_000 + back, 0);
  }

  protected instrument(index: number): string {
    const made = index === 2 ? this.newNames.at(-1) : undefined;
    return made ?? INSTRUMENTS[index % this.profile.instruments] as string;
  }

  protected client(index: number): string {
    return CLIENTS[index % this.profile.clients] as string;
  }

  private actor(clients: ActorStep): Actor {
    if (clients === null) return null;
    if (typeof clients === 'number') return this.client(clients);
    const [first = 0, ...others] = clients;
    return [this.client(first), ...others.map((one) => this.client(one))];
  }

  private price(price: number, isSell: boolean): number {
    return this.base + price + (isSell ? this.profile.gap : 0) + this.profile.drift * this.placed.length;
  }

  private lots({ n, unit }: Quantity): number {
    const large = this.profile.large ? LARGE_UNITS[unit] : undefined;
    return large === undefined ? n : large - n;
  }
}
