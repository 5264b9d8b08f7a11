import { accountsOf, actsForAll, hasPowersOf, mayActFor, type Caller, type Principal } from '../domain/principal';
import type { ResultCode } from '../domain/result-code';
import type { Unreadable } from './news';
import { isOfAccount, type InstrumentSubscription, type Subscription } from './subscriptions';

/** Who is at the other end of a connection: somebody else once a message says so. */
export interface Who {
  principal: Principal;
}

/** Where a connection comes from, and by which path with its query it was opened. */
export interface Peer {
  readonly address: string;
  readonly path: string;
}

export type Followed = { readonly subscriptions: readonly Subscription[] } | { readonly refused: Extract<ResultCode, Unreadable['code']> };

/** What is not for everybody to see. */
function isPrivate(subscription: Subscription): boolean {
  return isOfAccount(subscription) || subscription.channel === 'orders';
}

/** Whether somebody may go on following something. */
export function mayFollow(principal: Principal, subscription: Subscription): boolean {
  if (principal.kind === 'anyone' || !isPrivate(subscription)) return true;
  if (isOfAccount(subscription)) return mayActFor(principal, subscription.account);
  if (subscription.owner !== null) return mayActFor(principal, subscription.owner);
  // Everybody's orders are for whoever may act for everybody.
  return actsForAll(principal);
}

/**
 * What somebody gets who asks for something: market data is everybody's, orders and accounts are told to whom may act for the account.
 * Orders that name no account are those of the caller's own.
 * @param isNamed whether it was asked for by name; what a connection gets without asking leaves out what is not for it
 */
export function followed(principal: Principal, wanted: readonly Subscription[], isNamed: boolean): Followed {
  if (principal.kind === 'anyone') return { subscriptions: wanted };
  if (!isNamed) return { subscriptions: wanted.filter((one) => !isPrivate(one)) };
  if (principal.kind === 'nobody' && wanted.some(isPrivate)) return { refused: 'unauthenticated' };
  if (principal.kind === 'caller' && !principal.scopes.has('read') && wanted.some(isPrivate)) return { refused: 'forbidden' };
  const subscriptions = wanted.flatMap((one): readonly Subscription[] => (isOrdersOfAll(one) && !mayFollow(principal, one) ? ownOrders(principal, one) : [one]));
  return subscriptions.every((one) => mayFollow(principal, one)) ? { subscriptions } : { refused: 'account_not_found' };
}

/**
 * What somebody follows by an operator's powers, whoever is its owner, or as somebody else: that is an act.
 * @returns the caller, and what of it; null where nothing is
 */
export function followedByPowers(principal: Principal, subscriptions: readonly Subscription[]): { readonly caller: Caller; readonly subscriptions: readonly Subscription[] } | null {
  if (principal.kind !== 'caller' || (principal.minter === null && !hasPowersOf(principal, 'operator'))) return null;
  const others = subscriptions.filter((one) => isPrivate(one) && (principal.minter !== null || !isOwn(principal, one)));
  return others.length === 0 ? null : { caller: principal, subscriptions: others };
}

function isOwn({ person }: Caller, one: Subscription): boolean {
  const account = isOfAccount(one) ? one.account : one.owner;
  return account !== null && person.owns(account);
}

function isOrdersOfAll(one: Subscription): one is InstrumentSubscription {
  return !isOfAccount(one) && one.channel === 'orders' && one.owner === null;
}

function ownOrders(principal: Principal, one: InstrumentSubscription): InstrumentSubscription[] {
  return accountsOf(principal).map((owner) => ({ channel: one.channel, instrument: one.instrument, depth: one.depth, owner, ...(one.isOfAll === undefined ? {} : { isOfAll: one.isOfAll }) }));
}
