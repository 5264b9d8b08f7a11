import type { BalanceChange, EntryEvent } from '../domain/entry';
import type { Balance } from '../domain/money';
import { compareText } from './state';

/**
 * An entry's events in a form in which those of the same command are equal, whoever wrote them: balances behind everything else,
 * by account and asset, and only those that changed. In which order they are told, and whether one that did not change is, is free.
 * @param before what an account had of an asset ahead of the entry
 */
export function comparableEvents(events: readonly EntryEvent[], before: (account: string, asset: string) => Balance): EntryEvent[] {
  const rest = events.filter((event) => event.type !== 'balance');
  const balances = events.filter((event): event is BalanceChange => event.type === 'balance').filter(({ account, asset, total, held }) => {
    const was = before(account, asset);
    return was.total !== total || was.held !== held;
  });
  return [...rest, ...balances.sort((a, b) => compareText(a.account, b.account) || compareText(a.asset, b.asset))];
}
