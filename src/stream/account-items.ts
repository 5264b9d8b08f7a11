import type { AccountChannel } from '../domain/channels';
import type { LogEntry } from '../domain/log-entry';
import type { Balance } from '../domain/money';
import type { AccountFill } from '../domain/money-history';
import type { Order, Role } from '../domain/order';
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
  const items: AccountItem[] = [];
  let index = firstIndex;
  for (const fill of entry.fills) {
    const taker = entry.orders[fill.taker];
    if (taker === undefined) throw new Error(`entry ${entry.sequence}: trade ${fill.tradeId} has no taker`);
    const addSide = (role: Role, order: Order, fee: string, feeRate: number): void => {
      const { clientId: account, orderId, instrument, side } = order;
      if (isWanted('fills', account)) {
        const { tradeId, priceTicks, quantityLots } = fill;
        items.push({ channel: 'fills', account, index, fill: {
          instrument, tradeId, orderId, side, role, priceTicks, quantityLots, fee, feeRate, sequence: entry.sequence, executedUs: entry.timeUs,
        } });
      }
      index++;
    };
    addSide('maker', fill.maker, fill.makerFee, fill.maker.fees?.makerRate ?? 0);
    addSide('taker', taker, fill.takerFee, taker.fees?.takerRate ?? 0);
  }
  return [...items, ...balanceItemsOf(entry, index, isWanted)];
}

/** One for each account, in the order in which the entry names them first. */
function balanceItemsOf({ balances }: LogEntry, firstIndex: number, isWanted: IsAccountWanted): AccountItem[] {
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
