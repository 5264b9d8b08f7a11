import type { AccountChannel } from '../domain/channels';
import type { LogEntry } from '../domain/log-entry';
import type { Balance } from '../domain/money';
import type { AccountFill } from '../domain/money-history';
import { makerRateOf, type Order, type Role } from '../domain/order';
import { MAKER_POSTINGS, POSTINGS_OF_TRADE, TAKER_POSTINGS } from '../domain/postings';
import { byAsset } from './balance-feed';

/** One trade as one of its accounts sees it, or what an account has behind an entry. */
export type AccountItem = { readonly account: string; readonly index: number } & (
  | { readonly channel: 'fills'; readonly fill: AccountFill }
  | { readonly channel: 'balances'; readonly balances: readonly Balance[] }
);

/** Whether anybody is to be told of a channel of an account. */
export type IsAccountWanted = (channel: AccountChannel, account: string) => boolean;

/**
 * What an entry tells accounts: the fills of each trade, the maker's before the taker's as history has them, then what each
 * account has.
 * @param firstIndex behind the entry's trades and orders
 */
export function accountItemsOf(entry: LogEntry, firstIndex: number, isWanted: IsAccountWanted): AccountItem[] {
  const { sequence, timeUs: executedUs } = entry;
  const items: AccountItem[] = [];
  entry.fills.forEach((fill, k) => {
    const taker = entry.orders[fill.taker];
    if (taker === undefined) throw new Error(`entry ${sequence}: trade ${fill.tradeId} has no taker`);
    const { tradeId, priceTicks, quantityLots, maker } = fill;
    const addSide = (role: Role, order: Order, posting: number, fee: string, feeRate: number): void => {
      const { clientId: account, orderId, instrument, side } = order;
      if (!isWanted('fills', account)) return;
      items.push({ channel: 'fills', account, index: firstIndex + 2 * k + (role === 'maker' ? 0 : 1), fill: {
        sequence, index: POSTINGS_OF_TRADE * k + posting, instrument, tradeId, orderId, side, role, priceTicks, quantityLots, fee, feeRate, executedUs,
      } });
    };
    addSide('maker', maker, MAKER_POSTINGS.base, fill.makerFee, makerRateOf(maker.fees, taker.fees));
    addSide('taker', taker, TAKER_POSTINGS.base, fill.takerFee, taker.fees?.takerRate ?? 0);
  });
  return [...items, ...balanceItemsOf(entry, firstIndex + 2 * entry.fills.length, isWanted)];
}

/** One for each account, in the order in which the entry names them first. */
function balanceItemsOf({ balances }: LogEntry, firstIndex: number, isWanted: IsAccountWanted): AccountItem[] {
  if (!balances.some(({ account }) => isWanted('balances', account))) return [];
  const indices = new Map<string, number>();
  const wanted = new Map<string, Balance[]>();
  for (const { account, asset, total, held } of balances) {
    if (!indices.has(account)) indices.set(account, firstIndex + indices.size);
    if (!isWanted('balances', account)) continue;
    const known = wanted.get(account);
    if (known === undefined) wanted.set(account, [{ asset, total, held }]);
    else known.push({ asset, total, held });
  }
  return [...wanted].map(([account, changed]) => ({ channel: 'balances', account, index: indices.get(account) ?? firstIndex, balances: byAsset(changed) }));
}
