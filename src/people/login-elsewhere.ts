import { setTimeout as sleep } from 'node:timers/promises';
import { OneTimeUse } from '../domain/one-time-use';
import type { ForeignIdentity } from '../domain/people';
import { Refusal } from '../domain/refusal';
import { UnavailableError } from '../domain/unavailable';
import type { Once } from './identity';
import type { LoginProvider, LoginSecrets, ProvenUser } from './login-provider';
import type { PeopleStore } from './ports';
import type { Registration } from './registration';
import type { Sessions, TokenPair } from './sessions';
import { usernamesOf } from './usernames';
import type { VenueKeys } from './venue-keys';

/** Seconds in which a login elsewhere has to come to its end. */
export const LOGIN_UNDER_WAY_S = 600;
const PURPOSE = 'login elsewhere';

/** How often, and how many times, it is looked whether a user whom another login is making is there. */
const LOOK_MS = 100;
const LOOKS_MAX = 50;

/** A login under way, as the browser that began it keeps it: sealed. */
interface UnderWay extends LoginSecrets {
  readonly redirectUri: string;
  /** Path of the service's own to go to; null where the tokens are the answer. */
  readonly returnTo: string | null;
  readonly untilMs: number;
}

/**
 * Logins by a provider. What is under way stands in the browser that began it and nowhere else, so that any process can end it and no
 * other browser can: a page of elsewhere cannot make somebody log in as another. A user is found by what the provider calls it, and
 * else made; one who registered here is never taken for it, whatever the names.
 */
export class LoginElsewhere {
  constructor(
    private readonly provider: Pick<LoginProvider, 'begin' | 'finish'>, private readonly store: PeopleStore, private readonly registration: Registration,
    private readonly sessions: Sessions, private readonly keys: VenueKeys, private readonly once: Once, private readonly mayRegister: boolean,
  ) {}

  /** @returns where the browser goes, and what it keeps @throws UnavailableError */
  async begin(redirectUri: string, returnTo: string | null): Promise<{ readonly url: string; readonly kept: string }> {
    const { url, ...secrets } = await this.provider.begin(redirectUri);
    const underWay: UnderWay = { ...secrets, redirectUri, returnTo, untilMs: Date.now() + LOGIN_UNDER_WAY_S * 1_000 };
    return { url, kept: this.keys.seal(JSON.stringify(underWay), PURPOSE).toString('base64url') };
  }

  /**
   * @param kept what the browser kept, null for nothing
   * @param query with which it came back
   * @throws Refusal `login_not_begun`, `login_refused`, `login_not_proven`, `registration_closed`, `user_suspended`; UnavailableError
   */
  async finish(kept: string | null, query: string, address: string): Promise<{ readonly pair: TokenPair; readonly returnTo: string | null }> {
    const underWay = kept === null ? null : this.read(kept);
    const [state, ...more] = new URLSearchParams(query).getAll('state');
    if (underWay === null || state !== underWay.state || more.length > 0 || underWay.untilMs <= Date.now()) throw new Refusal('login_not_begun');
    // Once, over all processes.
    const second = Math.floor(underWay.untilMs / 1_000);
    const use = OneTimeUse.of(`${PURPOSE} ${state}`, second);
    if (!(await this.once.takeOnce(use))) throw new Refusal('login_not_begun');
    const user = await this.provider.finish(new URL(`${underWay.redirectUri}?${query}`), underWay);
    return { pair: await this.sessions.enter(await this.userOf(user), address), returnTo: underWay.returnTo };
  }

  private read(kept: string): UnderWay | null {
    try {
      return JSON.parse(this.keys.open(Buffer.from(kept, 'base64url'), PURPOSE)) as UnderWay;
    } catch {
      // Not sealed here, or not for this.
      return null;
    }
  }

  /** @returns the user's id */
  private async userOf(user: ProvenUser): Promise<string> {
    const identity: ForeignIdentity = { issuer: user.issuer, subject: user.subject };
    for (let look = 0; look < LOOKS_MAX; look++) {
      const userId = await this.store.userOfIdentity(identity) ?? await this.make(user, identity);
      if (userId !== null) return userId;
      await sleep(LOOK_MS);
    }
    throw new UnavailableError('people_unavailable', 'another login is making the user');
  }

  /** @returns null where another login is making the same one */
  private async make(user: ProvenUser, identity: ForeignIdentity): Promise<string | null> {
    if (!this.mayRegister) throw new Refusal('registration_closed');
    for (const username of usernamesOf(await user.names(), identity)) {
      const made = await this.registration.adopt(username, identity);
      if (made === 'identity') return null;
      if (made !== 'name') return made.userId;
    }
    throw new Refusal('username_taken');
  }
}
