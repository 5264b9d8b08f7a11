import {
  AccountEventsQuery, AccountsQuery, ChangeAccountRequest, DepositRequest, DepositsQuery, FeeGroupRequest, FeeRateRow, FillsQuery, KeyedRequest, OpenAccountRequest,
  OpeningDeposit, PortfolioQuery, PostTransferRequest, SettlementQuery, SnapshotsQuery, TransferRequest, WithdrawalRequest, WithdrawalsQuery, type Limits,
} from '#openfill-contract';
import { NO_LIMITS } from './schemas';
import { judgeOf, queryJudgeOf } from './judge';

/** The checks of what clients send about money, by the contract's descriptions of it. */

export const KEYED = judgeOf(KeyedRequest, NO_LIMITS);
export const OPEN_ACCOUNT = judgeOf(OpenAccountRequest, NO_LIMITS);
/** One of those that an account opens with. */
export const OPENING_DEPOSIT = judgeOf(OpeningDeposit, NO_LIMITS);
export const CHANGE_ACCOUNT = judgeOf(ChangeAccountRequest, NO_LIMITS);
export const DEPOSIT = judgeOf(DepositRequest, NO_LIMITS);
export const WITHDRAWAL = judgeOf(WithdrawalRequest, NO_LIMITS);
export const TRANSFER = judgeOf(TransferRequest, NO_LIMITS);
export const POST_TRANSFER = judgeOf(PostTransferRequest, NO_LIMITS);
export const FEE_GROUP = judgeOf(FeeGroupRequest, NO_LIMITS);
/** A row of a group of fees. */
export const FEE_RATE = judgeOf(FeeRateRow, NO_LIMITS);

export function moneyQueries(moneyLimitMax: number) {
  const limits: Limits = { ...NO_LIMITS, moneyLimitMax };
  return {
    accounts: queryJudgeOf(AccountsQuery, limits),
    events: queryJudgeOf(AccountEventsQuery, limits),
    snapshots: queryJudgeOf(SnapshotsQuery, limits),
    deposits: queryJudgeOf(DepositsQuery, limits),
    withdrawals: queryJudgeOf(WithdrawalsQuery, limits),
    fills: queryJudgeOf(FillsQuery, limits),
    portfolio: queryJudgeOf(PortfolioQuery, limits),
    settlement: queryJudgeOf(SettlementQuery, limits),
  };
}
