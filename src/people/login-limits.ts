import { createHash } from 'node:crypto';
import { networkOf } from '../domain/address';
import { Refusal } from '../domain/refusal';
import { TokenBuckets } from './token-buckets';
import type { LoginLimitsStore, Pauses } from './ports';

/**
 * What guards logins, exact over all processes. An address has a token bucket. A name that was tried with wrong passwords is guarded as
 * well, without ever locking its user out: it is the addresses which gave a wrong one that have to wait, longer each time; one that gave
 * none may try, and where the user logged in before, strangers' failures count for nothing. Addresses of one IPv6 network (/64) are one.
 */

export interface LoginLimitOptions {
  readonly perSecond: number;
  readonly burst: number;
  readonly failures: number;
  readonly failuresWindowS: number;
}

const FORGET_EACH_MS = 300_000;

/** Names of any length, in any case, as keys of one length. */
function keyOf(kind: 'address' | 'name' | 'from' | 'pause' | 'known', ...parts: readonly string[]): string {
  return `${kind}:${createHash('sha256').update(parts.join('\u0000')).digest('base64url')}`;
}

function keysOf(username: string, address: string) {
  const name = username.toLowerCase();
  const network = networkOf(address);
  return {
    address: keyOf('address', network), name: keyOf('name', name), from: keyOf('from', name, network), pause: keyOf('pause', name, network),
    known: keyOf('known', name, network),
  };
}

export class LoginLimits {
  private forgetting: NodeJS.Timeout | undefined;
  /** What came to this process. Where it is too much already, the bucket of all processes need not be asked: it would refuse as well. */
  private readonly own = new TokenBuckets();

  constructor(private readonly store: LoginLimitsStore, private readonly options: LoginLimitOptions) {}

  /** From now on what is over is forgotten. */
  start(): void {
    this.forgetting = setInterval(() => { this.store.forget().catch(() => undefined); }, FORGET_EACH_MS).unref();
  }

  stop(): void {
    clearInterval(this.forgetting);
  }

  /** Looks whether an address tries too much, without asking anybody. @throws Refusal `rate_limited` */
  requireRoom(address: string): void {
    this.requireTaken(this.own.take(networkOf(address), 1, this.options));
  }

  /** One more try of an address, whatever comes of it. @throws Refusal `rate_limited` */
  async tryFrom(address: string): Promise<void> {
    this.requireRoom(address);
    this.requireTaken(await this.store.take(keyOf('address', networkOf(address)), this.options));
  }

  /** The same for a password of a name, in one question. @param isKnown whether the user logged in from there before @throws Refusal `rate_limited` */
  async tryPassword(username: string, address: string, isKnown: boolean): Promise<void> {
    const keys = keysOf(username, address);
    const { waitMs, pauseMs } = await this.store.takeAndLook(keys.address, this.options, isKnown ? keys.known : keys.pause);
    this.requireTaken(waitMs);
    this.requireNoPause(pauseMs);
  }

  /** @throws Refusal `rate_limited` while an address that the user is known from has to wait */
  async admitKnown(username: string, address: string): Promise<void> {
    this.requireNoPause(await this.store.pause(keysOf(username, address).known));
  }

  /** A wrong password. */
  failed(username: string, address: string): Promise<void> {
    const { failures, failuresWindowS: windowS } = this.options;
    const { name, from, pause, known } = keysOf(username, address);
    const pauses: Pauses = { stranger: pause, known };
    return this.store.fail(name, from, pauses, failures, windowS);
  }

  succeeded(username: string, address: string): Promise<void> {
    return this.store.clear(keysOf(username, address).from);
  }

  private requireTaken(waitMs: number): void {
    const { burst, perSecond } = this.options;
    if (waitMs > 0) throw limited(waitMs, burst, burst / perSecond);
  }

  private requireNoPause(pauseMs: number): void {
    if (pauseMs > 0) throw limited(pauseMs, this.options.failures, this.options.failuresWindowS);
  }
}

function limited(retryMs: number, quota: number, windowS: number): Refusal {
  return new Refusal('rate_limited', { limit: { class: 'login', retryMs: Math.max(1, Math.ceil(retryMs)), quota, windowS: Math.ceil(windowS) } });
}
