import type { Socket } from 'node:net';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { RequestListener } from 'node:http';
import { TLS_VERSION_MIN, type TlsCertificate } from '../tls-files';

/** Longest wait for a client's part of the handshake. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** What Node says of a client that begins with a request instead of a handshake. */
const PLAIN_REQUEST = 'ERR_SSL_HTTP_REQUEST';

/** How long a browser goes on asking for https alone, which each answer renews. */
const INSIST_S = 31_536_000;
export const TRANSPORT_SECURITY = { 'Strict-Transport-Security': `max-age=${INSIST_S}` } as const;

/** A port that speaks https alone. */
export class TlsPort {
  readonly server: Server;
  /** Connections whose handshake is under way, by their other end. */
  private readonly beginners = new Map<string, Socket>();

  /** @param toPlain what one who speaks http is answered before its connection ends */
  constructor(certificate: TlsCertificate, options: ServerOptions, toPlain: () => string, listener: RequestListener) {
    this.server = createServer({ ...options, ...contextOf(certificate), handshakeTimeout: HANDSHAKE_TIMEOUT_MS }, listener);
    this.server.prependListener('connection', (socket: Socket) => {
      const name = nameOf(socket);
      this.beginners.set(name, socket);
      socket.once('close', () => { if (this.beginners.get(name) === socket) this.beginners.delete(name); });
    });
    this.server.prependListener('secureConnection', (socket) => this.beginners.delete(nameOf(socket)));
    // Node's own listener takes what is no handshake for a request that is no HTTP.
    this.server.removeAllListeners('tlsClientError');
    this.server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      const beginner = this.beginners.get(nameOf(socket));
      if (error.code === PLAIN_REQUEST && beginner?.writable === true) beginner.end(toPlain(), () => socket.destroy());
      else socket.destroy();
    });
  }

  /** New connections are shown another certificate; those that stand go on. */
  renew(certificate: TlsCertificate): void {
    this.server.setSecureContext(contextOf(certificate));
  }

  /** Ends the connections that have not come as far as a request. */
  dropBeginners(): void {
    for (const socket of this.beginners.values()) socket.destroy();
  }
}

function contextOf({ cert, key }: TlsCertificate): { cert: Buffer; key: Buffer; minVersion: typeof TLS_VERSION_MIN } {
  return { cert, key, minVersion: TLS_VERSION_MIN };
}

/** The same for a connection and for the encrypted one on it. */
function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ''} ${remotePort ?? ''}`;
}
