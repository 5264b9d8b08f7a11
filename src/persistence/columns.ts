/*
 * Columns as Postgres' array text, of what each row has of it. pg makes the same of arrays, looking twice at each element for what might
 * need escaping; and one text that grows costs less than a list of texts to join.
 */

/** Numbers, or decimal text of numbers. */
export function numbers<T>(rows: readonly T[], of: (row: T) => number | string | bigint | null): string {
  let column = '';
  for (const row of rows) column += `,${of(row) ?? 'NULL'}`;
  return `{${column.slice(1)}}`;
}

/** Words without quotes and backslashes: UUIDs and the venue's own. */
export function words<T>(rows: readonly T[], of: (row: T) => string | null): string {
  let column = '';
  for (const row of rows) {
    const word = of(row);
    column += word === null ? ',NULL' : `,"${word}"`;
  }
  return `{${column.slice(1)}}`;
}

const SPECIAL = /["\\]/;

/** Any text, as clients write it. */
export function texts<T>(rows: readonly T[], of: (row: T) => string | null): string {
  return words(rows, (row) => {
    const text = of(row);
    return text === null || !SPECIAL.test(text) ? text : text.replace(/["\\]/g, '\\$&');
  });
}
