import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import proxyAddr from 'proxy-addr';
import { isLoopback, plainAddress } from '../domain/address';

export type Scheme = 'http' | 'https';

/** Stands for an address that a trusted proxy does not tell in a form that is one: it is nobody's. */
const UNKNOWN = 'unknown';
/** Headers of which each says that the request came by way of somebody. */
const SIGNS_OF_PROXIES = ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'forwarded', 'via'] as const;
const WITH_PORT = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+)):[0-9]{1,5}$/i;

/**
 * Who is at the other end of a request: the connection's peer, or whom it speaks for where it is a proxy that is trusted. What others
 * say of it anybody can write; so a chain of proxies is read from the right, up to the first that is not trusted.
 */
export class Peers {
  /** null where no proxy is. */
  private readonly isTrusted: ((address: string, hop: number) => boolean) | null;

  /** @param trusted addresses, networks, `loopback`, `linklocal` or `uniquelocal` */
  constructor(trusted: readonly string[]) {
    const trust = trusted.length === 0 ? null : proxyAddr.compile([...trusted]);
    this.isTrusted = trust === null ? null : (text, hop) => trust(addressIn(text), hop);
  }

  /** The address by which limits count a request, and keys that are bound to addresses are judged. */
  addressOf(request: IncomingMessage): string {
    if (this.isTrusted === null || request.headers['x-forwarded-for'] === undefined) return ownAddress(request);
    return this.chainOf(request).at(-1) ?? UNKNOWN;
  }

  /** Whether it comes from this machine itself, and through nobody who might speak for somebody else. */
  isInternal(request: IncomingMessage): boolean {
    if (!isLoopback(ownAddress(request))) return false;
    if (SIGNS_OF_PROXIES.every((name) => request.headers[name] === undefined)) return true;
    if (!this.isFromProxy(request) || request.headers['x-forwarded-for'] === undefined) return false;
    // The loopback of a proxy's machine is not ours.
    return this.chainOf(request).every(isLoopback);
  }

  /** How it left who asks; null where nobody knows: there may be a proxy that nobody named, or one that does not say. */
  schemeOf(request: IncomingMessage): Scheme | null {
    const own = (request.socket as Partial<TLSSocket>).encrypted === true ? 'https' : null;
    if (!this.isFromProxy(request)) return own ?? (this.isTrusted === null ? null : 'http');
    const told = request.headers['x-forwarded-proto'];
    if (told === undefined) return own;
    const schemes = String(told).split(',').map((scheme) => scheme.trim().toLowerCase());
    // As far to the left as proxies are trusted.
    const hops = Math.max(1, this.chainOf(request).length - 1);
    const scheme = schemes[Math.max(0, schemes.length - hops)];
    return scheme === 'http' || scheme === 'https' ? scheme : null;
  }

  private isFromProxy(request: IncomingMessage): boolean {
    return this.isTrusted?.(ownAddress(request), 0) ?? false;
  }

  /** The connection's peer, and behind it whom each proxy speaks for, up to the first that is not trusted. */
  private chainOf(request: IncomingMessage): string[] {
    if (this.isTrusted === null) return [ownAddress(request)];
    return proxyAddr.all(request, this.isTrusted).map(addressIn);
  }
}

function ownAddress({ socket }: IncomingMessage): string {
  return plainAddress(socket.remoteAddress ?? '');
}

/** Some proxies write a port behind an address. */
function addressIn(text: string | undefined): string {
  const match = WITH_PORT.exec(text ?? '');
  const address = match?.[1] ?? match?.[2] ?? text ?? '';
  return isIP(address) === 0 ? UNKNOWN : plainAddress(address);
}
