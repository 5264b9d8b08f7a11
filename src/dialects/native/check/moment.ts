import { MOMENT_PATTERN } from '#openfill-contract';

/** A moment in UTC: a date, or a date and time with seconds and up to six decimals. */
const MOMENT = new RegExp(MOMENT_PATTERN);

/** @returns microseconds since 1970, null for what is no moment from then on */
export function momentUs(text: string): number | null {
  const match = MOMENT.exec(text);
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number((part as string | undefined) ?? 0)) as [number, number, number, number, number, number];
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  const whole = new Date(ms);
  // A day or an hour that there is not would be taken for another one.
  const isReal = whole.getUTCFullYear() === year && whole.getUTCMonth() === month - 1 && whole.getUTCDate() === day
    && whole.getUTCHours() === hour && whole.getUTCMinutes() === minute && whole.getUTCSeconds() === second;
  if (!isReal || ms < 0) return null;
  return ms * 1_000 + Number(((match[7]) ?? '').padEnd(6, '0'));
}
