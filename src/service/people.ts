import type { Logger } from 'pino';
import type { Config } from '../config';
import type { HashParameters } from '../people/passwords';
import { People } from '../people/people';
import { VenueKeys } from '../people/venue-keys';
import type { ShardConnection } from '../shard/connection';
import { accountOpenerOf } from './account-opener';

/** How old what is known of owners may be where money moves: longer than it takes to hear of a change, shorter than a person. */
const FRESH_MS = 2_000;

/**
 * The use cases about people, and who may do what.
 * @returns null where nobody is asked who they are
 * @throws VenueKeysError
 */
export function createPeople(config: Config, { engine, people, loginLimits }: ShardConnection, hashing: HashParameters | undefined, logger: Logger): People | null {
  if (config.auth === 'off') return null;
  const tokens = {
    issuer: config.tokenIssuer, accessTtlS: config.accessTokenTtlS, refreshTtlS: config.refreshTokenTtlS, sudoTtlS: config.sudoTtlS, isForDevelopment: config.auth === 'dev',
  };
  return new People(
    people,
    loginLimits,
    new VenueKeys(config.keysDir, config.tokenAlgorithm),
    engine,
    accountOpenerOf(engine, config.funds),
    {
      tokens,
      login: {
        perSecond: config.limitLoginPerSecond, burst: config.limitLoginBurst, failures: config.limitLoginFailures, failuresWindowS: config.limitLoginFailuresWindowS,
      },
      gate: {
        principal: { perSecond: config.limitPrincipalPerSecond, burst: config.limitPrincipalBurst },
        mutate: { perSecond: config.limitMutatePerSecond, burst: config.limitMutateBurst },
        expensive: { perSecond: config.limitExpensivePerMinute / 60, burst: config.limitExpensivePerMinute },
        sudoFactor: config.limitSudoFactor,
        freshMs: FRESH_MS,
      },
      registration: config.registration,
      mintsFor: config.auth === 'dev' ? 'anybody' : 'operators',
      provider: config.oidc,
      machines: config.oidc?.machines ?? new Map(),
      staleMaxMs: config.authStaleMaxS * 1_000,
      pollMs: config.peoplePollMs,
      auditTimeoutMs: config.engineTimeoutMs,
      hashesAtOnceMax: config.hashesAtOnceMax,
      hashesWaitingMax: config.hashesWaitingMax,
      hashing,
      accountsPerUserMax: config.accountsPerUserMax,
      sharedAccountsPerUserMax: config.sharedAccountsPerUserMax,
      ownersPerAccountMax: config.ownersPerAccountMax,
      apiKeysPerUserMax: config.apiKeysPerUserMax,
      sessionsPerUserMax: config.sessionsPerUserMax,
    },
    logger,
  );
}
