import { isUtf8 } from 'node:buffer';
import { parse as parseLossless } from 'lossless-json';
import { NumberText } from '../../../domain/amounts';
import { RequestRefusal, invalid } from '../../../http/request-refusal';

/**
 * A number that a double might not hold as it was written: a sign, an exponent, a leading zero run or more
 * than 15 digits. A number value stands behind a colon, a comma, a bracket or at the start; a match inside
 * a string does no harm, it only takes the slower way.
 */
const DELICATE_NUMBER = /(?:^|[:,[])\s*(?:-|[\d.]{16,}|\d[\d.]*[eE])/;

/** Nesting that no request of ours has; also keeps every recursion over a body small. */
export const BODY_DEPTH_MAX = 32;

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

function malformed(detail?: string): RequestRefusal {
  return new RequestRefusal('malformed_json', detail === undefined ? {} : { detail });
}

/**
 * Names in all objects of a JSON text, one that stands twice counted twice. Meaningless for what is no JSON.
 * @throws RequestRefusal `malformed_json` for a text that is nested too deep
 */
function countNames(text: string): number {
  let names = 0;
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (inString) {
      if (char === BACKSLASH) i++;
      else if (char === QUOTE) inString = false;
    } else if (char === QUOTE) {
      inString = true;
    } else if (char === COLON) {
      names++;
    } else if (char === OPENING_BRACE || char === OPENING_BRACKET) {
      if (++depth > BODY_DEPTH_MAX) throw malformed(`The body is nested more than ${BODY_DEPTH_MAX} levels deep.`);
    } else if (char === CLOSING_BRACE || char === CLOSING_BRACKET) {
      depth--;
    }
  }
  return names;
}

/**
 * Fields of all objects in a parsed body.
 * @throws RequestRefusal `validation_failed` for a field named `__proto__`: copying an object would make it a prototype
 */
function countFields(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let fields = 0;
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) fields += countFields(item);
    return fields;
  }
  // Parsed objects have own fields only.
  for (const name in value) {
    if (name === '__proto__') throw invalid([{ field: name, message: 'is not allowed' }]);
    const item = (value as Record<string, unknown>)[name];
    fields += typeof item === 'object' ? 1 + countFields(item) : 1;
  }
  return fields;
}

/**
 * Parses a JSON body without losing a digit: numbers that a double might change come as NumberText.
 * A name that stands twice in one object is refused: which of the two was meant, nobody can tell.
 * @throws RequestRefusal `malformed_json`, or `validation_failed` for a field that no object may have
 */
export function parseJson(body: Buffer): unknown {
  if (!isUtf8(body)) throw malformed('The body is not UTF-8.');
  const text = body.toString('utf8');
  const value = parseWithNamesOnce(text);
  return DELICATE_NUMBER.test(text) ? parseLossless(text, undefined, (number) => new NumberText(number)) : value;
}

/** @throws RequestRefusal `malformed_json`, or `validation_failed` for a field that no object may have */
export function parseWithNamesOnce(text: string): unknown {
  const names = countNames(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed();
  }
  if (countFields(value) !== names) throw malformed('The body has the same name twice in one object.');
  return value;
}
