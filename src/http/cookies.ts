import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { parseCookie, stringifySetCookie } from 'cookie';
import { authorityOf } from '../domain/origin';
import { isLoopbackName } from './origin-guard';

/** A cookie that no script can read, for one path. */
export interface Cookie {
  readonly name: string;
  readonly path: string;
  /** strict: sent from the service's own site only; lax: also where a link of elsewhere is followed. */
  readonly sameSite: 'strict' | 'lax';
}

/** @returns what a request's browser kept of a cookie; null for nothing */
export function cookieOf({ headers }: IncomingMessage, { name }: Cookie): string | null {
  return parseCookie(headers.cookie ?? '')[name] ?? null;
}

/** Whether a browser asks over TLS, whoever ends that: plain HTTP is for the machine itself. */
export function isSecure({ headers, socket }: IncomingMessage): boolean {
  if (socket instanceof TLSSocket || headers.origin?.toLowerCase().startsWith('https://') === true) return true;
  const host = authorityOf(headers.host ?? '');
  return host === null || !isLoopbackName(host.name);
}

/** @returns a `Set-Cookie` */
export function setCookie(request: IncomingMessage, { name, path, sameSite }: Cookie, value: string, maxAge: number): string {
  return stringifySetCookie({ name, value, path, sameSite, maxAge, httpOnly: true, secure: isSecure(request) });
}

/** @returns a `Set-Cookie` by which a browser forgets it */
export function clearCookie(request: IncomingMessage, cookie: Cookie): string {
  return setCookie(request, cookie, '', 0);
}
