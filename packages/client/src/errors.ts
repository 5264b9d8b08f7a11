import type { Decimal, FieldError, OrderWithTrades, ProblemBody, Transfer, Withdrawal } from './contract';

/** What an account does not have. */
export interface Shortfall {
  readonly asset: string;
  readonly needed: Decimal;
  readonly available: Decimal;
}

/** Everything that this package throws by itself; what an AbortSignal gives as its reason is thrown as it is. */
export abstract class OpenfillError extends Error {
  override get name(): string {
    return this.constructor.name;
  }
}

/** The venue said no. */
export class ProblemError extends OpenfillError {
  readonly status: number;
  /** Stable, for programs: `order_not_found`, `validation_failed`, … */
  readonly code: string;
  /** What is wrong with which field. */
  readonly errors: readonly FieldError[];
  /** With `order_not_open`: the order's final state. */
  readonly order: OrderWithTrades | undefined;
  /** With `insufficient_funds`. */
  readonly shortfall: Shortfall | undefined;
  /** With `withdrawal_resolved`: its state. */
  readonly withdrawal: Withdrawal | undefined;
  /** With `transfer_resolved`: its state. */
  readonly transfer: Transfer | undefined;

  /** @param retryAfterMs how long the venue asks to wait, null where it does not say */
  constructor(readonly problem: ProblemBody, readonly retryAfterMs: number | null = null) {
    super(`${problem.status} ${problem.code}: ${problem.detail}`);
    this.status = problem.status;
    this.code = problem.code;
    this.errors = problem.errors ?? [];
    this.order = problem.order;
    const { asset, needed, available } = problem;
    this.shortfall = asset !== undefined && needed !== undefined && available !== undefined ? { asset, needed, available } : undefined;
    this.withdrawal = problem.withdrawal;
    this.transfer = problem.transfer;
  }
}

/** No answer came, and none could: nothing was sent. */
export class ConnectionError extends OpenfillError {}

/** Who answers shows a certificate that is not trusted here, or that is for another name. `NODE_EXTRA_CA_CERTS` names a file of further ones that are. */
export class CertificateError extends ConnectionError {
  /** @param reason OpenSSL's word for it, such as `DEPTH_ZERO_SELF_SIGNED_CERT` */
  constructor(readonly reason: string, options: ErrorOptions) {
    super(`the venue's certificate is not trusted: ${reason}`, options);
  }
}

/**
 * A command may or may not have happened, and asking again did not tell. `request` is what was sent, keys included: sent
 * once more, later, it is answered as it was the first time or carried out then.
 */
export class OutcomeUnknownError extends OpenfillError {
  constructor(readonly request: Readonly<Record<string, unknown>>, readonly attempts: number, options: ErrorOptions) {
    super(`no clear answer after ${attempts} attempts`, options);
  }
}

/** The stream or the order entry cannot go on; the cause says why. */
export class StreamError extends OpenfillError {}
