import { createHash } from 'node:crypto';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import { networkOf } from '../domain/address';
import { Refusal } from '../domain/refusal';

/**
 * What guards logins, exact over all processes. An address may only try so often. A name that was tried with wrong passwords is guarded
 * as well, without ever locking its user out: it is the addresses which gave a wrong one that have to wait, longer each time; one that
 * gave none may try, and where the user logged in before, strangers' failures count for nothing. Addresses of one IPv6 network (/64) are one.
 */

export interface LoginLimitOptions {
  readonly perSecond: number;
  readonly burst: number;
  readonly failures: number;
  readonly failuresWindowS: number;
}

/** As the limiter's library wants a pool. */
export interface LimitsStore {
  query(query: { readonly name?: string; readonly text: string; readonly values?: readonly unknown[] }): Promise<{ readonly rows: readonly unknown[]; readonly rowCount: number }>;
}

/** First pause, which each further failure doubles. */
const PAUSE_S = 15;
const TABLE = 'login_limits';

/** Names of any length, in any case, as keys of one length. */
function keyOf(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\u0000')).digest('base64url');
}

export class LoginLimits {
  private readonly addresses: RateLimiterPostgres;
  private readonly failuresOfName: RateLimiterPostgres;
  private readonly failuresFrom: RateLimiterPostgres;
  private readonly pauses: RateLimiterPostgres;

  constructor(store: LimitsStore, private readonly options: LoginLimitOptions) {
    const { burst, perSecond, failuresWindowS } = options;
    const of = (keyPrefix: string, points: number, duration: number): RateLimiterPostgres => new RateLimiterPostgres({
      storeClient: store, storeType: 'pool', tableName: TABLE, tableCreated: true, keyPrefix, points, duration,
    });
    this.addresses = of('address', burst, burst / perSecond);
    this.failuresOfName = of('name', Number.MAX_SAFE_INTEGER, failuresWindowS);
    this.failuresFrom = of('from', Number.MAX_SAFE_INTEGER, failuresWindowS);
    this.pauses = of('pause', 1, failuresWindowS);
  }

  /** One more try of an address, whatever comes of it. @throws Refusal `rate_limited` */
  async tryFrom(address: string): Promise<void> {
    const { burst, perSecond } = this.options;
    try {
      await this.addresses.consume(keyOf(networkOf(address)));
    } catch (rejection) {
      if (!(rejection instanceof RateLimiterRes)) throw rejection;
      throw limited(rejection.msBeforeNext, burst, burst / perSecond);
    }
  }

  /** @param isKnown whether the user logged in from this address before @throws Refusal `rate_limited` while it has to wait */
  async admit(username: string, address: string, isKnown: boolean): Promise<void> {
    const pause = await this.pauses.get(keyOf(username.toLowerCase(), networkOf(address), isKnown ? 'known' : ''));
    if (pause !== null && pause.msBeforeNext > 0) throw limited(pause.msBeforeNext, this.options.failures, this.options.failuresWindowS);
  }

  /** A wrong password. */
  async failed(username: string, address: string): Promise<void> {
    const { failures, failuresWindowS } = this.options;
    const name = username.toLowerCase();
    const network = networkOf(address);
    const { consumedPoints: ofName } = await this.failuresOfName.penalty(keyOf(name));
    const { consumedPoints: fromHere } = await this.failuresFrom.penalty(keyOf(name, network));
    const pauseS = (beyond: number): number => Math.min(failuresWindowS, PAUSE_S * 2 ** Math.min(beyond, 20));
    if (ofName >= failures) await this.pauses.block(keyOf(name, network, ''), pauseS(Math.min(ofName - failures, fromHere - 1)));
    if (fromHere >= failures) await this.pauses.block(keyOf(name, network, 'known'), pauseS(fromHere - failures));
  }

  async succeeded(username: string, address: string): Promise<void> {
    await this.failuresFrom.delete(keyOf(username.toLowerCase(), networkOf(address)));
  }
}

function limited(retryMs: number, quota: number, windowS: number): Refusal {
  return new Refusal('rate_limited', { limit: { class: 'login', retryMs: Math.max(1, retryMs), quota, windowS: Math.ceil(windowS) } });
}
