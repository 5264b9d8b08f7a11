import { isUtf8 } from 'node:buffer';
import { parse as parseLossless } from 'lossless-json';
import { NumberText } from '../domain/amounts';
import { Problem } from './problem';

/**
 * A number that a double might not hold as it was written: a sign, an exponent, a leading zero run or more
 * than 15 digits. A number value stands behind a colon, a comma, a bracket or at the start; a match inside
 * a string does no harm, it only takes the slower way.
 */
const DELICATE_NUMBER = /(?:^|[:,[])\s*(?:-|[\d.]{16,}|\d[\d.]*[eE])/;

/** Nesting that no request of ours has; also keeps the slower parser's recursion small. */
const DEPTH_MAX = 32;

function deeperThan(text: string, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (inString) {
      if (char === 92) i++;
      else if (char === 34) inString = false;
    } else if (char === 34) inString = true;
    else if (char === 123 || char === 91) {
      if (++depth > limit) return true;
    } else if (char === 125 || char === 93) depth--;
  }
  return false;
}

/**
 * Parses a JSON body without losing a digit: numbers that a double might change come as NumberText.
 * @throws Problem `malformed_json`
 */
export function parseJson(body: Buffer): unknown {
  if (!isUtf8(body)) throw new Problem('malformed_json', { detail: 'The body is not UTF-8.' });
  const text = body.toString('utf8');
  try {
    if (!DELICATE_NUMBER.test(text)) return JSON.parse(text) as unknown;
    if (deeperThan(text, DEPTH_MAX)) {
      throw new Problem('malformed_json', { detail: `The body is nested more than ${DEPTH_MAX} levels deep.` });
    }
    // lossless-json builds plain objects, where __proto__ would be a setter; such a name is refused anyway.
    if (/"(?:__proto__|\\u)/.test(text)) JSON.parse(text, refusePrototype);
    return parseLossless(text, undefined, (number) => new NumberText(number));
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem('malformed_json');
  }
}

function refusePrototype(key: string, value: unknown): unknown {
  if (key === '__proto__') throw new Problem('validation_failed', { detail: '__proto__ is not allowed', errors: [{ field: '__proto__', message: 'is not allowed' }] });
  return value;
}
