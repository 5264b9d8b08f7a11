import type { InstrumentRules } from '../domain/instrument-rules';
import { anchorSample, bandOf, hasBand, referenceTicks, samplesKept, secondOf, type AnchorTrade, type BandSample, type BandSamples } from '../domain/price-band';
import { compareText } from './state';

/** Prices at which an instrument may trade. */
export interface BandLimits {
  readonly lowestTicks: number;
  readonly highestTicks: number;
}

export function isBeyond(limits: BandLimits | null, priceTicks: number): boolean {
  return limits !== null && (priceTicks < limits.lowestTicks || priceTicks > limits.highestTicks);
}

/** What the reference prices of instruments with a price band come from: told of every trade, it knows what may be traded next. */
export class Bands {
  private readonly last = new Map<string, AnchorTrade>();
  private readonly samples = new Map<string, readonly BandSample[]>();

  /** @param rules of the instrument, as the trade was made */
  note(instrument: string, rules: InstrumentRules | null | undefined, tradeId: number, priceTicks: number, timeUs: number): void {
    const second = secondOf(timeUs);
    this.last.set(instrument, { tradeId, priceTicks });
    if (rules === null || rules === undefined || !hasBand(rules)) return;
    const earlier = (this.samples.get(instrument) ?? [anchorSample({ priceTicks })]).filter((sample) => sample.second < second);
    this.samples.set(instrument, samplesKept([...earlier, { second, priceTicks }], second, rules.bandWindowS));
  }

  lastTrade(instrument: string): AnchorTrade | null {
    return this.last.get(instrument) ?? null;
  }

  /** From now on nothing counts but the last trade. @returns its id, 0 where there is none */
  anchor(instrument: string): number {
    const last = this.lastTrade(instrument);
    if (last === null) this.samples.delete(instrument);
    else this.samples.set(instrument, [anchorSample(last)]);
    return last?.tradeId ?? 0;
  }

  drop(instrument: string): void {
    this.samples.delete(instrument);
  }

  /** null where nothing bounds it */
  limitsOf(instrument: string, rules: InstrumentRules | null | undefined, timeUs: number): BandLimits | null {
    if (rules === null || rules === undefined || !hasBand(rules)) return null;
    const reference = referenceTicks(this.samples.get(instrument) ?? [], secondOf(timeUs), rules.bandWindowS);
    return reference === null ? null : bandOf(reference, rules.priceBand);
  }

  /** By name. */
  state(): BandSamples[] {
    return [...this.samples].map(([instrument, samples]) => ({ instrument, samples })).sort((a, b) => compareText(a.instrument, b.instrument));
  }
}
