/*
 * Columns as Postgres' array text. pg makes the same of arrays, looking twice at each element for what might need escaping.
 */

/** Numbers, or decimal text of numbers. */
export function numbers(values: readonly (number | string | bigint | null)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join(',')}}`;
}

/** Words without quotes and backslashes: UUIDs and the venue's own. */
export function words(values: readonly (string | null)[]): string {
  return `{${values.map((value) => (value === null ? 'NULL' : `"${value}"`)).join(',')}}`;
}

const SPECIAL = /["\\]/;

/** Any text, as clients write it. */
export function texts(values: readonly (string | null)[]): string {
  return words(values.map((value) => (value === null || !SPECIAL.test(value) ? value : value.replace(/["\\]/g, '\\$&'))));
}
