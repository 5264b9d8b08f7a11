import { createHash } from 'node:crypto';
import { USERNAME_PATTERN } from '../domain/access';
import type { ForeignIdentity } from '../domain/people';

/** Room for what tells it from others of the same name. */
const LENGTH_MAX = 56;
const NUMBERS_MAX = 20;
const DIGEST_LENGTH = 12;
const USERNAME = new RegExp(USERNAME_PATTERN);

/** @returns the name nearest to a text; null where nothing is left of it */
export function usernameOf(text: string): string | null {
  const plain = text.normalize('NFKD').replace(/\p{M}/gu, '').replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, LENGTH_MAX).replace(/^[-._]+|[-._]+$/g, '');
  return USERNAME.test(plain) ? plain : null;
}

/** Names to try for a user of another issuer, best first. @param texts what the issuer calls the user */
export function* usernamesOf(texts: readonly string[], { issuer, subject }: ForeignIdentity): Generator<string> {
  const name = texts.map(usernameOf).find((one) => one !== null);
  if (name !== undefined) {
    yield name;
    for (let number = 2; number <= NUMBERS_MAX; number++) yield `${name}-${number}`;
  }
  yield `user-${createHash('sha256').update(`${issuer}\u0000${subject}`).digest('hex').slice(0, DIGEST_LENGTH)}`;
}
