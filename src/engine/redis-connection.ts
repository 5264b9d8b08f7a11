import { createClient } from 'redis';
import type { Logger } from 'pino';
import { RedisOutage, SilentServerError, type OutageReason } from './redis-outage';

/** Longest wait between two attempts to reach Redis again. */
const RECONNECT_DELAY_MAX_MS = 1000;
/** A server that takes a connection answers its first commands within this, or it is told. */
const SILENT_MS = 3_000;

/** Of its class are all connections: a class of Redis' commands for each of them would take longer to make than to connect. It never connects. */
const MADE_OF = createClient({ RESP: 2 });

export class RedisTimeoutError extends Error {
  constructor(timeoutMs: number) {
    super(`redis did not answer within ${timeoutMs} ms`);
    this.name = 'RedisTimeoutError';
  }
}

/**
 * One connection to Redis: it reconnects by itself, fails commands at once while it is away, and never
 * sends a command twice.
 */
export class RedisConnection {
  private readonly client;
  private readonly outage: RedisOutage;
  private reason: OutageReason | null = null;
  private silence: NodeJS.Timeout | undefined;

  constructor(url: string, name: string, private readonly logger: Logger) {
    this.outage = RedisOutage.of(logger);
    this.client = MADE_OF.duplicate({
      url,
      name: `openfill-${name}`,
      // A command that cannot go out now is refused now: a queue would hide the outage and reorder commands.
      disableOfflineQueue: true,
      // Timeouts are ours: one timer for a call instead of node-redis' abort signal for each command.
      commandOptions: { timeout: 0 },
      socket: {
        connectTimeout: 2000,
        reconnectStrategy: (retries: number) => Math.min(50 * 2 ** Math.min(retries, 6), RECONNECT_DELAY_MAX_MS) + Math.random() * 50,
      },
    });
    // node-redis reports each failed attempt here; without a listener it would end the process.
    this.client.on('error', (error: Error) => {
      this.logger.debug({ err: error, connection: name }, 'redis connection');
      this.failed(url, error);
    });
    this.client.on('connect', () => {
      clearTimeout(this.silence);
      this.silence = setTimeout(() => this.failed(url, new SilentServerError(SILENT_MS)), SILENT_MS).unref();
    });
    this.client.on('ready', () => {
      clearTimeout(this.silence);
      this.reason = null;
      this.outage.over(this, true);
    });
  }

  private failed(url: string, error: Error): void {
    clearTimeout(this.silence);
    this.reason = this.outage.failed(this, url, error);
  }

  /** Why it cannot be used now; null while it can, and before anything was tried. */
  get outageReason(): OutageReason | null {
    return this.reason;
  }

  get isReady(): boolean {
    return this.client.isReady;
  }

  /** Called on each connection that became usable, the first included. */
  onReady(listener: () => void): void {
    this.client.on('ready', listener);
  }

  /** Called each time an established connection broke. */
  onLost(listener: () => void): void {
    this.client.on('reconnecting', listener);
  }

  /** Resolves once connected; keeps trying until `close`. */
  async connect(): Promise<void> {
    await this.client.connect();
  }

  /**
   * @param timeoutMs 0 for commands that block by design
   * @throws ErrorReply when Redis refuses; RedisTimeoutError, or the connection's own error, when the outcome is unknown
   */
  async send(command: readonly string[], timeoutMs: number): Promise<unknown> {
    const reply = this.client.sendCommand(command);
    if (timeoutMs === 0) return reply;
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new RedisTimeoutError(timeoutMs)), timeoutMs);
    });
    try {
      return await Promise.race([reply, timeout]);
    } finally {
      clearTimeout(timer);
      // A reply that comes after the timeout has nobody to tell.
      reply.catch(() => undefined);
    }
  }

  close(): void {
    clearTimeout(this.silence);
    this.outage.over(this, false);
    if (this.client.isOpen) this.client.destroy();
  }
}
