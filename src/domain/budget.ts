import { formatNotional, type AmountInput } from './amounts';
import { parseUnits, type UnitsResult } from './assets';
import type { Instrument } from './instruments';

/** Money of an order by money, in an instrument's ticks × lots: what its notional is counted in. */

/** What a client may spend. Never rounds: what is finer than a tick of a lot is refused. */
export function parseBudget(input: AmountInput, { tick, lot }: Pick<Instrument, 'tick' | 'lot'>): UnitsResult {
  const parsed = parseUnits(input, tick.decimals + lot.decimals);
  if (!parsed.ok) return parsed;
  const [units, step] = [BigInt(parsed.units), tick.units * lot.units];
  if (units % step !== 0n) return { ok: false, problem: `must be a multiple of ${formatNotional(1n, tick, lot)}` };
  return { ok: true, units: String(units / step) };
}

export function formatBudget(budget: string, { tick, lot }: Pick<Instrument, 'tick' | 'lot'>): string {
  return formatNotional(BigInt(budget), tick, lot);
}
