import type { MoneyScale } from '../domain/assets';
import type { InstrumentCommand } from '../domain/commands';
import { areSound, changedRules, scaleOfRules, type InstrumentRules } from '../domain/instrument-rules';
import { KIND_CODE, type Order } from '../domain/order';
import type { Refusal } from './refusal';
import { compareText } from './state';

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

  /** What a command makes of an instrument; nothing changes before `put`. */
  decide({ opens, listed, wanted }: InstrumentCommand): Refusal | { readonly rules: InstrumentRules } {
    const before = this.rulesOf(listed.instrument);
    if (opens) {
      if (before !== null) return { code: 'instrument_exists' };
      const traded = this.scaleOf(listed.instrument);
      if (traded !== undefined && !isSameScale(traded, scaleOfRules(listed))) return { code: 'instrument_bound' };
    }
    const rules = changedRules(before ?? listed, wanted);
    return areSound(rules) ? { rules } : { code: 'instrument_limits_crossed' };
  }

  /** @param isNew whether it was made just now */
  put(rules: InstrumentRules, isNew: boolean): void {
    this.byName.set(rules.instrument, rules);
    if (isNew) this.made.set(rules.instrument, scaleOfRules(rules));
  }

  /**
   * Why an order is not taken, null where it is.
   * @param atTicks its limit, or for a market order the price that it waits for, else the best that it meets; null where there is none
   */
  refusalOfOrder(order: Pick<Order, 'instrument' | 'quantityLots' | 'priceTicks' | 'traits'>, kind: number, atTicks: number | null): Refusal | null {
    const rules = this.rulesOf(order.instrument);
    if (rules === null) return null;
    if (!takesNew(rules, kind)) return { code: 'instrument_not_open', instrument: rules };
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
    if (rules.state === 'halted' || (!onlyReduces && !takesNew(rules, kind))) return { code: 'instrument_not_open', instrument: rules };
    if (after.traits.budget !== undefined) return null;
    if (!onlyReduces && isOutside(rules, after.priceTicks, after.quantityLots)) return { code: 'outside_instrument_limits', instrument: rules };
    const left = after.quantityLots - after.filledLots;
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

function takesNew({ state }: InstrumentRules, kind: number): boolean {
  return state === 'open' || (state === 'post_only' && kind === KIND_CODE.limit_post_only);
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
