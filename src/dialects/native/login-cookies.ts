import type { IncomingMessage } from 'node:http';
import type { Answer } from '../../http/answer';
import { clearCookie, setCookie, type Cookie } from '../../http/cookies';
import type { MintedToken } from '../../people/minting';
import type { TokenPair } from '../../people/sessions';

/** A login's tokens in an answer, and a page's refresh token in a cookie. */

/** Sent to the one call that renews, from the service's own site only. */
export const REFRESH_COOKIE: Cookie = { name: 'openfill_refresh', path: '/auth/refresh', sameSite: 'strict' };

function presentTokens({ accessToken, refreshToken, expiresInS, userId }: TokenPair) {
  return { access_token: accessToken, refresh_token: refreshToken, token_type: 'Bearer', expires_in: expiresInS, user_id: userId };
}

export function presentMinted({ token, expiresInS, userId, scopes }: MintedToken): object {
  return { access_token: token, token_type: 'Bearer', expires_in: expiresInS, user_id: userId, scopes };
}

export function tokens(pair: TokenPair): Answer {
  return { status: 200, body: presentTokens(pair) };
}

/** @returns a `Set-Cookie` */
export function refreshCookie(request: IncomingMessage, { refreshToken }: TokenPair, ttlS: number): string {
  return setCookie(request, REFRESH_COOKIE, refreshToken, ttlS);
}

/** The pair with its refresh token in a cookie, and not in the body. */
export function tokensAndCookie(request: IncomingMessage, pair: TokenPair, ttlS: number): Answer {
  const { refresh_token: _inCookie, ...body } = presentTokens(pair);
  return { status: 200, body, cookies: [refreshCookie(request, pair, ttlS)] };
}

/** A login's end: a page's browser forgets its cookie. */
export function ended(request: IncomingMessage): Answer {
  return { status: 200, body: { ended: true }, ...(request.headers.origin !== undefined && { cookies: [clearCookie(request, REFRESH_COOKIE)] }) };
}
