/** Decimal text as a whole number of its last digit: what is computed with it is exact. */
export interface Units {
  readonly units: bigint;
  /** Digits behind the point. */
  readonly decimals: number;
}

export function unitsOf(text: string): Units {
  const point = text.indexOf('.');
  return point < 0 ? { units: BigInt(text), decimals: 0 } : { units: BigInt(text.slice(0, point) + text.slice(point + 1)), decimals: text.length - point - 1 };
}

export function textOf({ units, decimals }: Units): string {
  const text = units.toString();
  if (decimals === 0) return text;
  const sign = text.startsWith('-') ? '-' : '';
  const digits = text.slice(sign.length).padStart(decimals + 1, '0');
  return `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}
