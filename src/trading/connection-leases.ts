import { randomBytes } from 'node:crypto';
import type { Context } from '../domain/context';
import { initiator, requireAccount } from '../domain/principal';
import { Refusal } from '../domain/refusal';
import type { CommandRunner } from './command-runner';

/** What leases need of the engine beside commands. */
export interface LeaseEngine {
  /** Has leases end later, or now where `ttlUs` is 0. @returns those that have ended; null where the shard cannot say */
  renewLeases(leases: readonly string[], ttlUs: number): Promise<readonly string[] | null>;
}

export interface LeaseOptions {
  /** How long a connection's process may be silent before its clients' orders go. */
  readonly ttlMs: number;
  /** A look that broke off: the next one comes all the same. */
  readonly failed: (error: unknown) => void;
}

const RENEWALS_IN_TTL = 4;
const ID_BYTES = 9;

/**
 * Clients whose orders are to go when a connection ends. Each connection that has some holds a lease in Redis, which this process renews: a
 * connection that ends lets its lease end with it, and those of a process that ends are renewed by nobody. What a lease's end means is
 * decided in the engine, as everything that falls due.
 */
export class ConnectionLeases {
  private readonly leases = new Map<string, ConnectionLease>();
  private readonly ends = new Set<Promise<void>>();
  private timer: NodeJS.Timeout | undefined;
  private renewing = false;

  constructor(private readonly runner: CommandRunner, private readonly engine: LeaseEngine, private readonly options: LeaseOptions) {}

  /** @param lost told where the lease has ended although the connection has not: the orders of its clients are gone */
  of(lost: () => void): ConnectionLease {
    return new ConnectionLease(this.runner, this.options.ttlMs * 1_000, {
      holds: (lease) => {
        this.leases.set(lease.id, lease);
        this.timer ??= setInterval(() => void this.renew(), this.options.ttlMs / RENEWALS_IN_TTL);
      },
      lets: (lease) => {
        this.leases.delete(lease.id);
        if (this.leases.size > 0) return;
        clearInterval(this.timer);
        this.timer = undefined;
      },
      ends: (lease) => {
        const ended = this.end(lease).finally(() => this.ends.delete(ended));
        this.ends.add(ended);
      },
      lost,
    });
  }

  /** Resolves when the leases of all connections that have ended so far have, too, or could not be told to. */
  async settled(): Promise<void> {
    await Promise.all(this.ends);
  }

  private async renew(): Promise<void> {
    if (this.renewing) return;
    this.renewing = true;
    try {
      const held = [...this.leases.keys()];
      for (const lease of await this.engine.renewLeases(held, this.options.ttlMs * 1_000) ?? []) this.leases.get(lease)?.isLost();
    } catch (error) {
      this.options.failed(error);
    } finally {
      this.renewing = false;
    }
  }

  /** Where it cannot be told, the lease ends by itself. */
  private async end({ id }: ConnectionLease): Promise<void> {
    try {
      await this.engine.renewLeases([id], 0);
      await this.runner.one({ op: 'due', actor: null });
    } catch (error) {
      this.options.failed(error);
    }
  }
}

interface LeaseKeeper {
  holds(lease: ConnectionLease): void;
  lets(lease: ConnectionLease): void;
  ends(lease: ConnectionLease): void;
  lost(): void;
}

/** What a connection has to do with it. */
export class ConnectionLease {
  readonly id = randomBytes(ID_BYTES).toString('base64url');
  private readonly clients = new Set<string>();
  private hasEnded = false;

  constructor(private readonly runner: CommandRunner, private readonly ttlUs: number, private readonly keeper: LeaseKeeper) {}

  /** Has a client's orders go when the connection ends, or stay. @throws Refusal */
  async set(context: Context, clientId: string, isEnabled: boolean): Promise<void> {
    requireAccount(context.principal, clientId);
    if (!isEnabled && !this.clients.has(clientId)) return;
    // Renewed from here on: the answer may be long in coming.
    if (isEnabled) this.keeper.holds(this);
    const { result } = await this.runner.one({ op: 'lease', actor: initiator(context.principal), lease: this.id, clientId, begins: isEnabled, ttlUs: this.ttlUs });
    if (result.outcome === 'refused') {
      if (this.clients.size === 0) this.keeper.lets(this);
      throw new Refusal(result.code);
    }
    if (isEnabled) this.clients.add(clientId);
    else this.clients.delete(clientId);
    if (this.clients.size === 0) this.keeper.lets(this);
    // It ended while this was on its way.
    else if (this.hasEnded) this.keeper.ends(this);
  }

  /** The connection has ended. */
  end(): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.keeper.lets(this);
    if (this.clients.size > 0) this.keeper.ends(this);
  }

  isLost(): void {
    if (this.clients.size === 0) return;
    this.keeper.lets(this);
    this.clients.clear();
    this.keeper.lost();
  }
}
