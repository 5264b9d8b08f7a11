import type { MoneyScale } from '../../../src/domain/assets';
import type { AccountState, Funds } from '../../../src/domain/money';
import { isOpen } from '../../../src/domain/order';
import { MoneyRebuild, type MoneySource, type MoneyTarget } from '../../../src/recovery/rebuild-money';
import type { ShardState } from '../../../src/reference/state';

async function* pages<T>(page: readonly T[]): AsyncGenerator<T[]> {
  if (page.length > 0) yield await Promise.resolve([...page]);
}

/**
 * What a rebuild makes of a state's money: it reckons what accounts hold from their open orders and pending transfers alone.
 * @param funds how its money is kept: not `off`
 * @throws MoneyMismatchError where that is not what they hold
 */
export async function requireRebuildable(state: ShardState, scales: ReadonlyMap<string, MoneyScale>, funds: Funds): Promise<void> {
  const source: MoneySource = {
    accounts: () => pages(state.accounts.map(({ account, details, balances }) => ({ name: account, account: details, balances }))),
    pendingTransfers: () => pages(state.transfers),
    feeGroups: () => Promise.resolve([...state.feeGroups]),
    usedReferences: () => pages([]),
  };
  const written: AccountState[] = [];
  const target: MoneyTarget = {
    addAccounts: (accounts) => Promise.resolve(void written.push(...accounts)),
    addFeeGroups: () => Promise.resolve(),
    addTransfers: () => Promise.resolve(),
    addReferences: () => Promise.resolve(),
    accountStates: () => pages(written),
    writtenTransfers: () => pages(state.transfers),
    writtenFeeGroups: () => Promise.resolve([...state.feeGroups]),
    writtenReferences: () => Promise.resolve([]),
    writtenReferenceCount: () => Promise.resolve(0),
  };
  // Whether there is cover is another question: some of it is owed.
  const rebuild = new MoneyRebuild('paper', scales);
  rebuild.addOrders(state.orders.filter(isOpen));
  await rebuild.restore(source, target, { timeUs: 1 }, funds, () => undefined);
}
