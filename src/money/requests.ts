import type { AmountInput } from '../domain/amounts';
import type { AccountStatus, Credit } from '../domain/money';

/** What can be asked about money, once a dialect has read it. Texts have been looked at, amounts only as to their type. */

/** Credit that a client may name; without it an account is as FUNDS has it. */
export type NamedCredit = Exclude<Credit, 'venue'>;

export interface AssetAmountInput {
  readonly asset: string;
  readonly amount: AmountInput;
}

export interface OpenAccountRequest {
  readonly accountId: string;
  readonly name: string | null;
  readonly credit: NamedCredit | null;
  readonly feeGroup: string | null;
  readonly deposits: readonly AssetAmountInput[];
  /** Idempotency key, null without one. */
  readonly key: string | null;
}

/** null: as it is. */
export interface ChangeAccountRequest {
  readonly accountId: string;
  readonly name: string | null;
  readonly status: AccountStatus | null;
  readonly credit: NamedCredit | null;
  readonly feeGroup: string | null;
  readonly key: string | null;
}

export interface DepositRequest extends AssetAmountInput {
  readonly accountId: string;
  readonly reference: string | null;
  readonly key: string | null;
}

export interface WithdrawalRequest extends AssetAmountInput {
  readonly accountId: string;
  readonly destination: string | null;
  readonly key: string | null;
}

export interface TransferRequest extends AssetAmountInput {
  readonly from: string;
  readonly to: string;
  readonly note: string | null;
  readonly pending: boolean;
  /** Of a pending one, null for never. */
  readonly timeoutS: number | null;
  readonly key: string | null;
}

/** How a client ends a withdrawal. */
export type WithdrawalEnd = 'complete' | 'reject' | 'cancel';

export interface EndWithdrawalRequest {
  /** UUID in lower case. */
  readonly withdrawalId: string;
  readonly end: WithdrawalEnd;
  readonly key: string | null;
}

export interface PostTransferRequest {
  readonly transferId: string;
  /** null for all of it. */
  readonly amount: AmountInput | null;
  readonly key: string | null;
}

export interface NamedTransferRequest {
  readonly transferId: string;
  readonly key: string | null;
}

export interface RateInput {
  /** null for every instrument without a row of its own. */
  readonly instrument: string | null;
  readonly maker: AmountInput;
  readonly taker: AmountInput;
}

export interface FeeGroupRequest {
  readonly group: string;
  readonly rates: readonly RateInput[];
  readonly key: string | null;
}
