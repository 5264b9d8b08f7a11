import { Refusal } from '../domain/refusal';
import { RESULT_CODES, type ResultCode } from '../domain/result-code';

/** A field as the client wrote its name, a header or a parameter. */
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

/** Headers of an answer with this code. */
export function headersOf(code: ResultCode): Record<string, string> {
  const retryAfter = RETRY_AFTER_S[code];
  return retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) };
}

/**
 * @param detail a sentence for this case
 * @param requestId the `instance`
 */
export function problemBody(code: ResultCode, detail: string, requestId: string, { errors, extensions }: Omit<ProblemExtras, 'detail'>): ProblemBody {
  const { title, status } = RESULT_CODES[code];
  const body: ProblemBody = { type: `urn:openfill:problem:${code}`, title, status, detail, instance: requestId, code };
  if (errors !== undefined) body.errors = errors;
  return extensions === undefined ? body : Object.assign(body, extensions);
}

/** What is wrong with a request as it came, before it means anything: in HTTP, in its JSON, or in the shape of its fields. */
export class Problem extends Refusal {
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(code: ResultCode, readonly extras: ProblemExtras = {}) {
    super(code, extras.detail === undefined ? {} : { detail: extras.detail });
    this.name = 'Problem';
    this.status = RESULT_CODES[code].status;
    this.headers = { ...headersOf(code), ...extras.headers };
  }

  /** @param requestId the `instance` of the problem */
  body(requestId: string): ProblemBody {
    return problemBody(this.code, this.message, requestId, this.extras);
  }
}

/** @returns a `validation_failed` whose detail names the first field. */
export function invalid(errors: readonly FieldError[]): Problem {
  const first = errors[0];
  const detail = first === undefined ? undefined : `${first.field} ${first.message}`;
  return new Problem('validation_failed', detail === undefined ? { errors } : { detail, errors });
}
