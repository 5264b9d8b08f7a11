import type { CallId } from '#openfill-contract';
import type { Call } from '../../http/dialect';
import type { NativeAccounts } from './native-accounts';
import type { NativeMoney } from './native-money';
import type { NativeTransfers } from './native-transfers';
import { plain, reading, type Handler } from './reading';

/** Calls about money, by what handles them. */
export interface MoneyCalls {
  readonly accounts: NativeAccounts;
  readonly transfers: NativeTransfers;
  readonly venue: NativeMoney;
}

const accountOf = ({ params }: Call): string => params.account_id as string;
const transferOf = ({ params }: Call): string => params.transfer_id as string;
const withdrawalOf = ({ params }: Call): string => params.withdrawal_id as string;

/** What the calls about money do, by their names. */
export function moneyHandlers({ accounts, transfers, venue }: MoneyCalls) {
  return {
    openAccount: plain((call, key) => accounts.open(call.context, call.body, key)),
    listAccounts: reading((call, parameters) => accounts.list(call.context, parameters)),
    getAccount: plain((call) => accounts.one(call.context, accountOf(call))),
    changeAccount: plain((call, key) => accounts.change(call.context, accountOf(call), call.body, key)),
    getBalances: plain((call) => accounts.balances(call.context, accountOf(call))),
    getAccountEvents: reading((call, parameters) => accounts.events(call.context, accountOf(call), parameters)),
    getAccountSnapshots: reading((call, parameters) => accounts.snapshots(call.context, accountOf(call), parameters)),
    rebuildAccount: plain((call, key) => accounts.rebuild(call.context, accountOf(call), call.body, key)),
    listPositions: plain((call) => accounts.positions(call.context, accountOf(call))),
    getPosition: plain((call) => accounts.position(call.context, accountOf(call), call.params.instrument as string)),
    getPortfolio: reading((call, parameters) => accounts.portfolio(call.context, accountOf(call), parameters)),
    getStatement: plain((call) => accounts.statement(call.context, accountOf(call), call.params.date as string)),

    deposit: plain((call, key) => transfers.deposit(call.context, call.body, key)),
    listDeposits: reading((call, parameters) => transfers.deposits(call.context, parameters)),
    requestWithdrawal: plain((call, key) => transfers.withdraw(call.context, call.body, key)),
    listWithdrawals: reading((call, parameters) => transfers.withdrawals(call.context, parameters)),
    completeWithdrawal: plain((call, key) => transfers.endWithdrawal(call.context, withdrawalOf(call), 'complete', call.body, key)),
    rejectWithdrawal: plain((call, key) => transfers.endWithdrawal(call.context, withdrawalOf(call), 'reject', call.body, key)),
    cancelWithdrawal: plain((call, key) => transfers.endWithdrawal(call.context, withdrawalOf(call), 'cancel', call.body, key)),
    transfer: plain((call, key) => transfers.transfer(call.context, call.body, key)),
    postTransfer: plain((call, key) => transfers.post(call.context, transferOf(call), call.body, key)),
    voidTransfer: plain((call, key) => transfers.void(call.context, transferOf(call), call.body, key)),
    reverseTransfer: plain((call, key) => transfers.reverse(call.context, transferOf(call), call.body, key)),

    listFills: reading((call, parameters) => venue.fills(call.context, parameters)),
    getSettlement: reading((call, parameters) => venue.settlement(call.context, call.params.date as string, parameters)),
    listFeeGroups: plain((call) => venue.feeGroups(call.context)),
    putFeeGroup: plain((call, key) => venue.putFeeGroup(call.context, call.params.group as string, call.body, key)),
    getMoney: plain((call) => venue.overview(call.context)),
    getAssets: plain(() => venue.assets()),
  } as const satisfies Readonly<Partial<Record<CallId, Handler>>>;
}
