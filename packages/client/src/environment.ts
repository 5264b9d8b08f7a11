import type { Auth } from './session';

const NAMES = {
  user: 'OPENFILL_USER', password: 'OPENFILL_PASSWORD', token: 'OPENFILL_TOKEN', apiKey: 'OPENFILL_API_KEY', secret: 'OPENFILL_API_SECRET', privateKey: 'OPENFILL_PRIVATE_KEY',
} as const;

/** Sets of variables that say who a program is, each whole. */
const WAYS: readonly (readonly (keyof typeof NAMES)[])[] = [['user', 'password'], ['token'], ['apiKey', 'secret'], ['apiKey', 'privateKey']];

const SAYS = WAYS.map((way) => way.map((part) => NAMES[part]).join(' with ')).join('; ');

/**
 * Who a program is, as its environment says: `OPENFILL_USER` with `OPENFILL_PASSWORD`, `OPENFILL_TOKEN` (an access token), or `OPENFILL_API_KEY`
 * with `OPENFILL_API_SECRET` or `OPENFILL_PRIVATE_KEY` (Ed25519, PEM).
 * @returns undefined where it says nothing
 * @throws TypeError for a part of a way, or two ways at once
 */
export function authFrom(environment: Readonly<Record<string, string | undefined>>): Auth | undefined {
  const of = (part: keyof typeof NAMES): string => environment[NAMES[part]] ?? '';
  const given = (Object.keys(NAMES) as (keyof typeof NAMES)[]).filter((part) => of(part) !== '');
  if (given.length === 0) return undefined;
  const isWhole = WAYS.some((way) => way.length === given.length && way.every((part) => given.includes(part)));
  if (!isWhole) throw new TypeError(`${given.map((part) => NAMES[part]).join(', ')} do not say who this is; one of these does: ${SAYS}`);
  if (given.includes('token')) return { accessToken: of('token') };
  if (given.includes('user')) return { username: of('user'), password: of('password') };
  return given.includes('secret') ? { apiKey: of('apiKey'), secret: of('secret') } : { apiKey: of('apiKey'), privateKey: of('privateKey') };
}
