import { Refusal, type UsedUp } from '../domain/refusal';
import { RESULT_CODES, type ResultCode } from '../domain/result-code';

/** A field as the client wrote its name, a header or a parameter. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

export interface RequestRefusalFacts {
  /** A sentence for this case, where the code's own is too general. */
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  /** Headers that the answer has in any dialect, such as the `Allow` of a method that is not supported. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Seconds after which a client may try again, where a code says that it can. */
export const RETRY_AFTER_S: Partial<Record<ResultCode, number>> = {
  rate_limited: 1,
  engine_frozen: 5,
  engine_recovering: 2,
  engine_unavailable: 1,
  backlog_full: 2,
  balance_audit_breach: 5,
  history_unavailable: 2,
  shutting_down: 2,
  too_many_streams: 1,
  order_entry_full: 1,
  people_unavailable: 2,
  login_provider_unavailable: 5,
  hashing_busy: 1,
  streams_full: 1,
};

/** How a caller can say who it is (RFC 6750). */
function challengeOf(code: ResultCode): string {
  return code === 'unauthenticated' ? 'Bearer realm="openfill"' : 'Bearer realm="openfill", error="invalid_token"';
}

/** Headers that tell which allowance is used up, and when there is some of it again. */
export function headersOfLimit({ class: name, retryMs, quota, windowS }: UsedUp): Record<string, string> {
  const retryS = Math.max(1, Math.ceil(retryMs / 1_000));
  return { 'Retry-After': String(retryS), 'RateLimit-Policy': `"${name}";q=${quota};w=${windowS}`, RateLimit: `"${name}";r=0;t=${retryS}` };
}

/** Headers of an answer with this code. */
export function headersOf(code: ResultCode): Record<string, string> {
  const retryAfter = RETRY_AFTER_S[code];
  return {
    ...(retryAfter !== undefined && { 'Retry-After': String(retryAfter) }),
    ...(RESULT_CODES[code].status === 401 && { 'WWW-Authenticate': challengeOf(code) }),
  };
}

/**
 * What is wrong with a request as it came, before it means anything: in HTTP, in its body's encoding, or in the shape of its
 * fields. How a client is told of it is the dialect's, as with every refusal.
 */
export class RequestRefusal extends Refusal {
  readonly errors: readonly FieldError[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ResultCode, { detail, errors, headers }: RequestRefusalFacts = {}) {
    super(code, detail === undefined ? {} : { detail });
    this.name = 'RequestRefusal';
    this.errors = errors;
    this.headers = { ...headersOf(code), ...headers };
  }
}

/** @returns a `validation_failed` whose detail names the first field. */
export function invalid(errors: readonly FieldError[]): RequestRefusal {
  const first = errors[0];
  return new RequestRefusal('validation_failed', first === undefined ? { errors } : { detail: `${first.field} ${first.message}`, errors });
}
