import { RESULT_CODES, type ResultCode } from '../domain/result-code';
import { UnavailableError } from '../domain/unavailable';

export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** What a client is told when a request is not carried out: RFC 9457, with the venue's stable code. */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  code: ResultCode;
  errors?: readonly FieldError[];
  [extension: string]: unknown;
}

export interface ProblemExtras {
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  /** Members beside the standard ones, such as the order of a 409. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Seconds after which a client may try again, where a code says that it can. */
export const RETRY_AFTER_S: Partial<Record<ResultCode, number>> = {
  rate_limited: 1,
  engine_frozen: 5,
  engine_recovering: 2,
  engine_unavailable: 1,
  backlog_full: 2,
  history_unavailable: 2,
  shutting_down: 2,
  too_many_streams: 1,
  order_entry_full: 1,
  streams_full: 1,
};

export class Problem extends Error {
  readonly status: number;
  readonly headers: Record<string, string>;

  readonly code: ResultCode;
  readonly extras: ProblemExtras;

  constructor(code: ResultCode, extras: ProblemExtras = {}) {
    // An answer, not a fault of ours: nobody reads where it was made, and finding that out costs more than an order.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(extras.detail ?? RESULT_CODES[code].title);
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
    this.extras = extras;
    this.name = 'Problem';
    this.status = RESULT_CODES[code].status;
    const retryAfter = RETRY_AFTER_S[code];
    this.headers = {
      ...(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }),
      ...extras.headers,
    };
  }

  /** @param requestId the `instance` of the problem */
  body(requestId: string): ProblemBody {
    return {
      type: `urn:openfill:problem:${this.code}`,
      title: RESULT_CODES[this.code].title,
      status: this.status,
      detail: this.message,
      instance: requestId,
      code: this.code,
      ...(this.extras.errors ? { errors: this.extras.errors } : {}),
      ...this.extras.extensions,
    };
  }
}

/** The problem that an error stands for; null for a fault of ours. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof Problem) return error;
  return error instanceof UnavailableError ? new Problem(error.code) : null;
}

/** @returns a `validation_failed` whose detail names the first field. */
export function invalid(errors: readonly FieldError[]): Problem {
  const first = errors[0];
  const detail = first === undefined ? undefined : `${first.field} ${first.message}`;
  return new Problem('validation_failed', detail === undefined ? { errors } : { detail, errors });
}
