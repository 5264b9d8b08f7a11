import { describeSettings } from '../config';
import { RESULT_CODES, type ResultCode } from '../domain/result-code';
import { RETRY_AFTER_S } from '../http/request-refusal';

/**
 * Tables of the documents that are made from the code: between `<!-- made:NAME -->` and `<!-- /made -->` stands what the code
 * says, and nothing else of a page is touched.
 */

const SECTION = /(<!-- made:([a-z-]+) -->\n)[\s\S]*?(<!-- \/made -->)/g;

/** Pages that have such tables, from the checkout's root. */
export const MADE_PAGES = ['docs/operate/configure.md', 'docs/api/errors.md'] as const;

const cell = (text: string): string => text.replaceAll('|', '\\|');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

function settings(): string {
  return table(['setting', 'default', 'bounds', 'meaning'], describeSettings().map(({ name, fallback, bounds, meaning }) =>
    [`\`${name}\``, fallback === null ? 'none' : `\`${fallback}\``, bounds, meaning]));
}

/** By status, and within one in the order of the table of codes. */
function codes(): string {
  const specs = Object.entries(RESULT_CODES).sort(([, a], [, b]) => a.status - b.status);
  return table(['status', '`code`', 'says', '`Retry-After`'], specs.map(([code, { status, title }]) => {
    const seconds = RETRY_AFTER_S[code as ResultCode];
    return [String(status), `\`${code}\``, title, seconds === undefined ? '' : `${seconds} s`];
  }));
}

const TABLES: Readonly<Record<string, () => string>> = { settings, codes };

/** @returns the page with its tables as the code has them now @throws Error for a table that nobody makes */
export function fillTables(page: string): string {
  return page.replace(SECTION, (_, begin: string, name: string, end: string) => {
    const make = TABLES[name];
    if (make === undefined) throw new Error(`nothing makes the table ${name}`);
    return `${begin}\n${make()}\n\n${end}`;
  });
}
