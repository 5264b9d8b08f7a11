import type { Access, LimitClass } from '../domain/access';
import { hasPowersOf, type Caller, type Principal } from '../domain/principal';
import { Refusal } from '../domain/refusal';
import type { OneTimeUse } from '../domain/one-time-use';
import type { AuditLog } from './audit-log';
import type { Directory } from './directory';
import type { Identity, Signature, Signed } from './identity';
import type { LoginLimits } from './login-limits';
import { TokenBuckets, type Allowance } from './token-buckets';

/** How a caller says who it is, as it came. */
export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'signature'; readonly signature: Signature };

export interface GateOptions {
  readonly principal: Allowance;
  readonly mutate: Allowance;
  readonly expensive: Allowance;
  readonly sudoFactor: number;
  /** Moving money waits for Postgres: how old what is known of owners may be then. */
  readonly freshMs: number;
}

/** How much a request takes of each allowance. */
export type Cost = Partial<Readonly<Record<LimitClass, number>>>;

const SCOPES_OF_MONEY = new Set<Access['scope']>(['transfer', 'withdraw', 'admin']);

/** Decides, for every way in, whether a call may be made: by the row that the contract has of it. */
export class Gate {
  private readonly buckets = new TokenBuckets();
  private readonly allowances: Partial<Readonly<Record<LimitClass, Allowance>>>;

  constructor(
    private readonly identity: Identity, private readonly directory: Directory, private readonly logins: LoginLimits, readonly audit: AuditLog,
    private readonly options: GateOptions,
  ) {
    this.allowances = { principal: options.principal, mutate: options.mutate, cancel: options.mutate, expensive: options.expensive };
  }

  /** Who an `Authorization` is of that came before; undefined for a new one. @throws Refusal 401 */
  byHeader(authorization: string): Caller | undefined {
    return this.identity.byHeader(authorization);
  }

  /**
   * Who a token is of.
   * @throws Refusal 401
   */
  byToken(token: string): Caller | Promise<Caller> {
    return this.identity.byToken(token);
  }

  /** Whose a signature is, whose use is still to be taken. @param what is signed behind the timestamp @throws Refusal 401 */
  bySignature(signature: Signature, what: readonly (string | Buffer)[], address: string): Signed | Promise<Signed> {
    return this.identity.bySignature(signature, what, address);
  }

  /** The same, and takes it. @throws Refusal 401 */
  async takingSignature(signature: Signature, what: readonly (string | Buffer)[], address: string): Promise<Caller> {
    const { caller, use } = await this.identity.bySignature(signature, what, address);
    await this.identity.take(use);
    return caller;
  }

  /** @throws Refusal `signature_reused` */
  takeSignature(use: OneTimeUse): Promise<void> {
    return this.identity.take(use);
  }

  /** Why a connection cannot go on being a caller's, null where it can. */
  standing(caller: Caller): ReturnType<Identity['standing']> {
    return this.identity.standing(caller);
  }

  /** Told after each change of users, keys and owners. */
  onChange(listener: () => void): void {
    this.directory.onChange(listener);
  }

  /**
   * Whether somebody may make a call, and whether it is one too many.
   * @param cost what it takes, where that is not one of its class
   * @throws Refusal `unauthenticated`, `forbidden`, `sudo_required`, `rate_limited`, `people_unavailable`
   */
  admit(principal: Principal, { caller, scope, limit, countsItself, mayBeMinted }: Access, address: string, cost: Cost | null): Promise<void> | undefined {
    if (caller === 'anyone') return limit === 'login' && countsItself !== true ? this.logins.tryFrom(address) : undefined;
    if (principal.kind === 'nobody') throw new Refusal('unauthenticated');
    if (principal.kind === 'anyone') return undefined;
    if (principal.kind === 'deputy') throw new Error('the venue itself makes no calls');
    requireScope(principal, scope, mayBeMinted === true);
    if (caller === 'operator' || caller === 'admin' || caller === 'internal') requirePowers(principal, caller === 'admin' ? 'admin' : 'operator');
    if (SCOPES_OF_MONEY.has(scope)) this.directory.requireFresh(this.options.freshMs);
    if (cost === null) this.take(principal, limit, 1);
    else for (const [name, count] of Object.entries(cost)) this.take(principal, name as LimitClass, count);
    return limit === 'login' ? this.logins.tryFrom(address) : undefined;
  }

  private take(principal: Caller, limitClass: LimitClass, count: number): void {
    const allowance = this.allowances[limitClass];
    if (allowance === undefined || count === 0) return;
    const isSudo = principal.hasPowers && hasPowersOf(principal, 'operator');
    const { sudoFactor } = this.options;
    const own = isSudo ? { perSecond: allowance.perSecond * sudoFactor, burst: allowance.burst * sudoFactor } : allowance;
    const waitMs = this.buckets.take(`${limitClass}${isSudo ? ' sudo' : ''} ${principal.person.userId}`, count, own);
    if (waitMs === 0) return;
    const { perSecond, burst } = own;
    throw new Refusal('rate_limited', {
      ...(waitMs === Infinity && { detail: `The request takes ${count} of ${burst} that are allowed at once.` }),
      limit: { class: limitClass, retryMs: waitMs === Infinity ? Math.ceil(burst * 1_000 / perSecond) : waitMs, quota: burst, windowS: Math.ceil(burst / perSecond) },
    });
  }

  /** Whether a caller's acts are kept in the audit log: with powers, or as somebody else. */
  isAudited(principal: Principal): principal is Caller {
    return principal.kind === 'caller' && (principal.minter !== null || hasPowersOf(principal, 'operator'));
  }
}

function requireScope({ scopes, apiKey, minter }: Caller, scope: Access['scope'], mayBeMinted: boolean): void {
  if (scope === null) {
    if (apiKey !== null) throw new Refusal('forbidden', { detail: 'No API key may do this: it needs a token.' });
    // It could make what outlives it.
    if (minter !== null && !mayBeMinted) throw new Refusal('forbidden', { detail: 'No token that somebody else minted may do this: it needs a login of the user\'s own.' });
    // What only powers bring is asked for by its role.
  } else if (scope !== 'admin' && !scopes.has(scope)) {
    throw new Refusal('forbidden', { detail: `This needs the scope ${scope}.` });
  }
}

function requirePowers(principal: Caller, role: 'operator' | 'admin'): void {
  // What is the venue's is no account's.
  if (principal.onlyAccounts !== null) throw new Refusal('forbidden', { detail: 'The API key is limited to accounts, and this is about the venue.' });
  if (hasPowersOf(principal, role)) return;
  const { roles } = principal.person;
  const hasRole = roles.has('admin') || (role === 'operator' && roles.has('operator'));
  if (!hasRole) throw new Refusal('forbidden', { detail: `This needs the role ${role}.` });
  if (principal.apiKey !== null && principal.hasPowers) throw new Refusal('forbidden', { detail: 'A role was taken from the user since the API key was made: it needs another key.' });
  throw new Refusal('sudo_required');
}

