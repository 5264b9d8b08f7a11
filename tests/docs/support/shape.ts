import type { Answer } from './page';

/**
 * Whether an answer is of the shape that a page shows: the same fields of the same types, the same words, statuses and truth
 * values; ids, times, amounts and counts may differ.
 */

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;
const TIME = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z/;
const DATE = /\d{4}-\d{2}-\d{2}/;
/** Sequence and index. */
const EVENT_ID = /\d+:\d+/;
const whole = (pattern: RegExp): RegExp => new RegExp(`^${pattern.source}$`);

/** A text's kind, or itself where another text would say something else. */
function kindOf(text: string, field: string): string {
  if (field === 'epoch') return '(epoch)';
  if (whole(UUID).test(text)) return '(uuid)';
  if (whole(TIME).test(text)) return '(time)';
  if (whole(DATE).test(text)) return '(date)';
  if (whole(EVENT_ID).test(text)) return '(event)';
  const decimals = /^-?\d+\.(\d+)$/.exec(text)?.[1];
  return decimals === undefined ? JSON.stringify(text) : `(${decimals.length} decimals)`;
}

type Fields = Readonly<Record<string, unknown>>;

function differencesOfLists(expected: readonly unknown[], actual: readonly unknown[], path: string, field: string): string[] {
  if (expected.length === actual.length) return expected.flatMap((one, i) => differences(one, actual[i], `${path}[${i}]`, field));
  // Of another length: each is like one of those shown.
  if (expected.length === 0 || actual.length === 0) return [`${path}: ${actual.length} elements instead of ${expected.length}`];
  return actual.flatMap((one, i) =>
    (expected.some((shown) => differences(shown, one, '', field).length === 0) ? [] : differences(expected[0], one, `${path}[${i}]`, field)));
}

function differencesOfFields(expected: Fields, actual: Fields, path: string): string[] {
  const missing = Object.keys(expected).filter((key) => !(key in actual)).map((key) => `${path}.${key}: missing`);
  const added = Object.keys(actual).filter((key) => !(key in expected)).map((key) => `${path}.${key}: not shown`);
  const others = Object.keys(expected).filter((key) => key in actual);
  return [...missing, ...added, ...others.flatMap((key) => differences(expected[key], actual[key], `${path}.${key}`, key))];
}

/** What of an answer is not of the shape, by path. @param field the name of the field that holds it */
export function differences(expected: unknown, actual: unknown, path = '', field = ''): string[] {
  const kind = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value);
  if (kind(expected) !== kind(actual)) return [`${path}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`];
  if (Array.isArray(expected)) return differencesOfLists(expected, actual as unknown[], path, field);
  if (typeof expected === 'object' && expected !== null) return differencesOfFields(expected as Fields, actual as Fields, path);
  const isOther = typeof expected === 'string' ? kindOf(expected, field) !== kindOf(actual as string, field)
    // A number counts something, except a status.
    : typeof expected === 'number' ? field === 'status' && expected !== actual : expected !== actual;
  return isOther ? [`${path}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`] : [];
}

/** A line with what may differ taken out. An HTTP status at its beginning stays. */
function shapeOfLine(line: string): string {
  const status = /^(?:HTTP\/1\.1 )?[1-5]\d\d (?=[A-Za-z])/.exec(line)?.[0] ?? '';
  const shape = line.slice(status.length)
    .replace(new RegExp(TIME, 'g'), '(time)')
    .replace(new RegExp(UUID, 'g'), '(uuid)')
    .replace(/\b[0-9a-f]{64}\b/g, '(hash)')
    .replace(/^id: \S+$/, 'id: (position)')
    .replace(/("epoch":"|epoch )[\w-]+/g, '$1(epoch)')
    .replace(/\d+(?:,\d{3})*(?:\.\d+)?/g, '#')
    // As many levels as there are.
    .replace(/(\["#","#"\],)+(?=\["#","#"\])/g, '')
    .replace(/\s+/g, ' ');
  return (status + shape).trim();
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** In a text, `…` is anything within its line, and any lines where it has one to itself. */
function textDifferences(expected: string, actual: string): string[] {
  const shape = actual.trimEnd().split('\n').map(shapeOfLine).join('\n');
  const lines = expected.trimEnd().split('\n').map((line) => (line === '…' ? '(?:.*\\n)*' : `${escaped(shapeOfLine(line)).replaceAll('…', '.*')}\\n`));
  return new RegExp(`^${lines.join('')}$`).test(`${shape}\n`) ? [] : [`answered\n${actual}\ninstead of\n${expected}`];
}

/** @param actual what the shell block printed */
export function answerDifferences(expected: Answer, actual: string): string[] {
  if (expected.language === 'text') return textDifferences(expected.text, actual);
  try {
    return differences(JSON.parse(expected.text), JSON.parse(actual));
  } catch {
    return [`answered what is no JSON: ${actual}`];
  }
}
