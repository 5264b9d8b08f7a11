import type { Scope, UserRole } from './access';
import type { Actor } from './commands';
import { Refusal } from './refusal';

/**
 * Who asks. In an open venue everybody is `anyone`: a caller may do everything, and names the account that it acts for. Where callers
 * say who they are, one is `nobody` before that, and a `caller` afterwards. What goes on by itself is done by a `deputy`.
 *
 * Whose account, order or fill it is that may be seen or touched is decided by `mayActFor`, for every dialect and every way in.
 */
export type Principal = Anyone | Nobody | Caller | Deputy;

export interface Anyone {
  readonly kind: 'anyone';
}

export interface Nobody {
  readonly kind: 'nobody';
}

/** The venue itself, doing for an account what somebody who might act for it has asked for earlier. */
export interface Deputy {
  readonly kind: 'deputy';
  readonly account: string;
}

/** A user as every process has it in memory. One object for as long as the process lives: what changes, changes for whoever holds it. */
export interface Person {
  readonly userId: string;
  readonly username: string;
  /** The main account, named as the user. */
  readonly account: string;
  readonly isSuspended: boolean;
  readonly roles: ReadonlySet<UserRole>;
  /** Number of the change by which a role was taken from it last, 0 for none: powers given before are over. */
  readonly powersChange: number;
  /** Whether it may act for an account: the main one, a further one, or one that somebody shares. */
  owns(account: string): boolean;
  /** All of these, the main one first. */
  readonly accounts: readonly string[];
}

export interface Caller {
  readonly kind: 'caller';
  readonly person: Person;
  readonly scopes: ReadonlySet<Scope>;
  /** Accounts that an API key is limited to, null for all of its user's. */
  readonly onlyAccounts: ReadonlySet<string> | null;
  /** Whether it was given the powers of the person's roles (sudo). */
  readonly hasPowers: boolean;
  /** Number of the last change of people that was known when it was, or when its minter was. */
  readonly powersChange: number;
  /** The API key by which it says who it is; null for a token. */
  readonly apiKey: string | null;
  /** The login that its token belongs to; null for an API key. */
  readonly session: string | null;
  /** Who minted its token for the person, and is the one who acts by it; null where the person does. */
  readonly minter: Person | null;
  /** Whether its token was given to whoever asked, in a venue for development. */
  readonly isOfDevelopment: boolean;
  /** When the token or key is over, in ms since 1970; null for never. */
  readonly expiresMs: number | null;
}

export const ANYONE: Anyone = { kind: 'anyone' };
export const NOBODY: Nobody = { kind: 'nobody' };

const POWERS: Readonly<Record<'operator' | 'admin', readonly UserRole[]>> = { operator: ['operator', 'admin'], admin: ['admin'] };

/** Whether a caller was given powers, and no role was taken since. */
export function keepsPowers({ hasPowers, powersChange, person }: Caller): boolean {
  return hasPowers && powersChange >= person.powersChange;
}

/** Whether somebody has the role operator, or the one above it. */
export function isOperator({ roles }: Person): boolean {
  return POWERS.operator.some((one) => roles.has(one));
}

/** Whether a caller has a role's powers, and uses them. */
export function hasPowersOf(principal: Principal, role: 'operator' | 'admin'): boolean {
  if (principal.kind === 'anyone') return true;
  return principal.kind === 'caller' && keepsPowers(principal) && POWERS[role].some((one) => principal.person.roles.has(one));
}

/** Who it is that acts, whomever the token is of. */
export function truePerson({ person, minter }: Caller): Person {
  return minter ?? person;
}

/** Whether somebody acts for every account: an operator with powers, unless by a key that is limited to some. */
export function actsForAll(principal: Principal): boolean {
  return hasPowersOf(principal, 'operator') && !(principal.kind === 'caller' && principal.onlyAccounts !== null);
}

/** Whether somebody may see and touch what is an account's: the one place where that is decided. */
export function mayActFor(principal: Principal, account: string): boolean {
  if (principal.kind === 'anyone') return true;
  if (principal.kind === 'nobody') return false;
  if (principal.kind === 'deputy') return account === principal.account;
  const { person, onlyAccounts } = principal;
  // A key that is limited to accounts has an operator's powers over these alone.
  if (onlyAccounts !== null && !onlyAccounts.has(account)) return false;
  return person.owns(account) || hasPowersOf(principal, 'operator');
}

/**
 * What is another's is answered as if it were not there.
 * @throws Refusal `account_not_found`
 */
export function requireAccount(principal: Principal, account: string): void {
  if (!mayActFor(principal, account)) throw new Refusal('account_not_found');
}

/**
 * What goes on by itself is not for a token that anybody gets: it would be good where callers have to say who they are.
 * @throws Refusal `forbidden`
 */
export function requireOwnLogin({ isOfDevelopment }: Caller): void {
  if (isOfDevelopment) throw new Refusal('forbidden', { detail: 'No token that anybody gets (AUTH=dev) may do this, since it would outlive the token: it needs a login.' });
}

/** Stands for no account: the venue's own have other names. */
const NO_ACCOUNT = '@nobody';

/** Accounts of which a caller is an owner, the main one first, as far as its key lets it; a deputy's one; none for whoever is neither. */
export function accountsOf(principal: Principal): readonly string[] {
  if (principal.kind === 'deputy') return [principal.account];
  if (principal.kind !== 'caller') return [];
  const { person: { accounts }, onlyAccounts } = principal;
  return onlyAccounts === null ? accounts : accounts.filter((name) => onlyAccounts.has(name));
}

/** The account that a call is about which names none; null where it has to name one. */
export function ownAccount(principal: Principal): string | null {
  return accountsOf(principal)[0] ?? null;
}

/** Who a command of the log says did it: the main account of who acts, whatever the account that it is for; null in an open venue, and where it is the venue itself. */
export function initiator(principal: Principal): string | null {
  return principal.kind === 'caller' ? truePerson(principal).account : null;
}

/**
 * The clients that an order must belong to where a call names the order by its id.
 * @param clientId the one that the call names beside the id, null without one
 * @returns null where the caller may mean anybody's order
 * @throws Refusal `account_not_found` for a client that the caller may not act for
 */
export function actorOf(principal: Principal, clientId: string | null): Actor {
  if (clientId !== null) {
    requireAccount(principal, clientId);
    return clientId;
  }
  if (actsForAll(principal)) return null;
  const [first = NO_ACCOUNT, ...others] = accountsOf(principal);
  return [first, ...others];
}
