import type { MoneyScale } from '../domain/assets';

/** Largest power of ten that Lua multiplies with apart: with it an asset's 18 decimals stay below 2^53 in two factors. */
const POWER_MAX = 10n ** 15n;
const EXACT_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** A scale that even two factors do not hold. */
export class ScaleError extends Error {}

/** Two factors below 2^53, the first a power of ten and 1 wherever one is enough. */
function factorsOf(units: bigint): string {
  let [power, rest] = [1n, units];
  while (rest > EXACT_MAX && rest % 10n === 0n && power < POWER_MAX) [power, rest] = [power * 10n, rest / 10n];
  if (rest > EXACT_MAX) throw new ScaleError(`a step of ${units} units is too large for its asset's decimals`);
  return `${power},${rest}`;
}

/** A scale as the `instruments` hash holds it (lua/ledger/scales.lua). @throws ScaleError */
export function encodeScale({ base, quote, lotUnits, valueUnits }: MoneyScale): string {
  return `${base},${quote},${factorsOf(lotUnits)},${factorsOf(valueUnits)}`;
}
