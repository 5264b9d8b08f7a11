import type { MoneyScale } from '../domain/assets';
import type { InstrumentCommand } from '../domain/commands';
import { areSound, changedRules, isOpenToTrade, scaleOfRules, type InstrumentRules, type InstrumentState } from '../domain/instrument-rules';
import { KIND_CODE, type Order } from '../domain/order';
import type { Refusal } from './refusal';
import { compareText } from './state';
import { mayRest } from './verdict';

/** What a command makes of an instrument. */
interface Decided {
  readonly rules: InstrumentRules;
  readonly isBandAnew: boolean;
}

/** The rules of instruments, as far as the log has told them. */
export class Catalogue {
  private readonly byName = new Map<string, InstrumentRules>();
  /** Of those that were made since the shard began. */
  private readonly made = new Map<string, MoneyScale>();

  /** @param given scales of those that were there before */
  constructor(private readonly given: ReadonlyMap<string, MoneyScale>) {}

  scaleOf(instrument: string): MoneyScale | undefined {
    return this.made.get(instrument) ?? this.given.get(instrument);
  }

  /** Of every instrument. */
  get scales(): ReadonlyMap<string, MoneyScale> {
    return this.made.size === 0 ? this.given : new Map([...this.given, ...this.made]);
  }

  rulesOf(instrument: string): InstrumentRules | null {
    return this.byName.get(instrument) ?? null;
  }

  /**
   * What a command makes of an instrument; nothing changes before `put`.
   * @param crossing the price at which its orders would trade now, null where they do not cross
   * @returns also whether the reference of its price band begins with its last trade
   */
  decide({ opens, listed, wanted }: InstrumentCommand, crossing: (instrument: string) => number | null): Refusal | Decided {
    const before = this.rulesOf(listed.instrument);
    if (opens) {
      if (before !== null) return { code: 'instrument_exists' };
      const traded = this.scaleOf(listed.instrument);
      if (traded !== undefined && !isSameScale(traded, scaleOfRules(listed))) return { code: 'instrument_bound' };
    }
    const was = before ?? listed;
    const rules = changedRules(was, wanted);
    if (!areSound(rules)) return { code: 'instrument_limits_crossed' };
    const isOpened = wanted.state !== null && trades(wanted.state) && !trades(was.state);
    const crossingTicks = isOpened ? crossing(listed.instrument) : null;
    return {
      rules: isOpened ? { ...rules, openingTicks: crossingTicks ?? 0 } : rules,
      isBandAnew: rules.priceBand !== was.priceBand || rules.bandWindowS !== was.bandWindowS || (isOpened && crossingTicks === null),
    };
  }

  /** @param isNew whether it was made just now */
  put(rules: InstrumentRules, isNew: boolean): void {
    this.byName.set(rules.instrument, rules);
    if (isNew) this.made.set(rules.instrument, scaleOfRules(rules));
  }

  /** The instrument whose call auction is being carried out, and its price; null where none is. */
  get opening(): { readonly instrument: string; readonly priceTicks: number } | null {
    for (const { instrument, openingTicks } of this.byName.values()) if (openingTicks > 0) return { instrument, priceTicks: openingTicks };
    return null;
  }

  /** Whether an instrument's orders trade as they come. */
  isOpen(instrument: string): boolean {
    const rules = this.rulesOf(instrument);
    return rules === null || isOpenToTrade(rules);
  }

  /** Whether orders of an instrument wait for a call auction. */
  gathers(instrument: string): boolean {
    return this.rulesOf(instrument)?.state === 'auction';
  }

  /** The auction that is being carried out has come to its end. @returns the instrument's rules from now on */
  opened(instrument: string, bandFrom: number): InstrumentRules {
    return this.replaced(instrument, { openingTicks: 0, bandFrom });
  }

  /** A price band begins a call auction. @returns the instrument's rules from now on */
  halt(instrument: string): InstrumentRules {
    return this.replaced(instrument, { state: 'auction' });
  }

  private replaced(instrument: string, changes: Partial<InstrumentRules>): InstrumentRules {
    const rules: InstrumentRules = { ...this.byName.get(instrument) as InstrumentRules, ...changes };
    this.byName.set(instrument, rules);
    return rules;
  }

  /**
   * Why an order is not taken, null where it is.
   * @param waits whether it waits for a price, in no book
   * @param atTicks its limit, or for a market order the price that it waits for, else the best that it meets; null where there is none
   */
  refusalOfOrder(
    order: Pick<Order, 'instrument' | 'quantityLots' | 'priceTicks' | 'traits'>, kind: number, waits: boolean, atTicks: number | null,
  ): Refusal | null {
    const rules = this.rulesOf(order.instrument);
    if (rules === null) return null;
    if (!takesNew(rules, kind, waits)) return { code: 'instrument_not_open', instrument: rules };
    const { budget } = order.traits;
    if (budget !== undefined) return BigInt(budget) < BigInt(rules.minValue) ? { code: 'value_below_minimum', instrument: rules } : null;
    if (isOutside(rules, order.priceTicks, order.quantityLots)) return { code: 'outside_instrument_limits', instrument: rules };
    if (atTicks !== null && isBelowMinimum(rules, atTicks, order.quantityLots)) return { code: 'value_below_minimum', instrument: rules };
    return null;
  }

  /**
   * Why an amend is not taken, null where it is.
   * @param before as the order is @param after as it would be ahead of any trade
   * @param isSamePrice whether it stays at its limit, and waits for the same
   * @param marketTicks what a market order is worth its quantity at, null where nobody knows
   */
  refusalOfAmend(before: Order, after: Order, isSamePrice: boolean, marketTicks: number | null): Refusal | null {
    const rules = this.rulesOf(before.instrument);
    if (rules === null) return null;
    const onlyReduces = isSamePrice && after.quantityLots < before.quantityLots;
    const kind = before.postOnly ? KIND_CODE.limit_post_only : KIND_CODE.limit_gtc;
    if (rules.state === 'halted' || (!onlyReduces && !takesNew(rules, kind, true))) return { code: 'instrument_not_open', instrument: rules };
    if (after.traits.budget !== undefined) return null;
    if (!onlyReduces && isOutside(rules, after.priceTicks, after.quantityLots)) return { code: 'outside_instrument_limits', instrument: rules };
    const left = after.quantityLots - after.filledLots;
    // One that waits for the first of its list may have no price yet.
    const atTicks = after.priceTicks ?? marketTicks;
    return atTicks !== null && isBelowMinimum(rules, atTicks, left) ? { code: 'value_below_minimum', instrument: rules } : null;
  }

  /** Why nothing happens to orders of an instrument, null where something may. */
  refusalOfCancel(instrument: string): Refusal | null {
    const rules = this.rulesOf(instrument);
    return rules?.state === 'halted' ? { code: 'instrument_not_open', instrument: rules } : null;
  }

  /** By name. */
  state(): InstrumentRules[] {
    return [...this.byName.values()].sort((a, b) => compareText(a.instrument, b.instrument));
  }
}

/** Whether what rests in a state never crosses. */
function trades(state: InstrumentState): boolean {
  return state === 'open' || state === 'post_only';
}

function takesNew({ state }: InstrumentRules, kind: number, waits: boolean): boolean {
  if (state === 'post_only') return kind === KIND_CODE.limit_post_only;
  return state === 'open' || (state === 'auction' && (waits || mayRest(kind)));
}

function isOutside(rules: InstrumentRules, priceTicks: number | null, quantityLots: number): boolean {
  if (quantityLots < rules.quantityLotsMin || quantityLots > rules.quantityLotsMax) return true;
  return priceTicks !== null && (priceTicks < rules.priceTicksMin || priceTicks > rules.priceTicksMax);
}

function isBelowMinimum({ minValue }: InstrumentRules, ticks: number, lots: number): boolean {
  return BigInt(ticks) * BigInt(lots) < BigInt(minValue);
}

function isSameScale(a: MoneyScale, b: MoneyScale): boolean {
  return a.base === b.base && a.quote === b.quote && a.lotUnits === b.lotUnits && a.valueUnits === b.valueUnits;
}
