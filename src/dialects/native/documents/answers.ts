import { ANY_CALL, ORDER_EXAMPLES, TRANSFER_EXAMPLES, type Call, type Schema } from '#openfill-contract';
import { RESULT_CODES, type ResultCode } from '../../../domain/result-code';
import { RETRY_AFTER_S } from '../../../http/request-refusal';
import { problemBody, type ProblemBody, type ProblemMembers } from '../problem';

/** The answers of the calls: what all have in common, and problem documents by the codes that a call can give. */

const REQUEST_ID_EXAMPLE = '6f1c0a52-8d1e-4f8e-9b1d-2a7c5e3f4d60';

export const headers: Record<string, Schema> = {
  RequestId: { description: 'The caller\'s X-Request-Id, or a new one; it is in the log.', required: true, schema: { type: 'string', minLength: 1, maxLength: 128 } },
  Traceparent: {
    description: 'W3C trace context: the caller\'s trace, or a new one, with a span of this service.',
    schema: { type: 'string', pattern: '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$' },
  },
  IdempotencyReplayed: { description: 'Present when this is the answer that the key got first.', schema: { type: 'string', const: 'true' } },
  RetryAfter: { description: 'Seconds after which to try again.', required: true, schema: { type: 'string', pattern: '^[1-9][0-9]*$' } },
  RateLimit: { description: 'What is left of the quota, and the seconds until it is full again.', required: true, schema: { type: 'string', pattern: '^"[a-z]+";r=\\d+;t=\\d+$' } },
  RateLimitPolicy: { description: 'Requests allowed in a window of seconds.', required: true, schema: { type: 'string', pattern: '^"[a-z]+";q=\\d+;w=\\d+$' } },
};

const headerRef = (name: string): Schema => ({ $ref: `#/components/headers/${name}` });

const always = { 'X-Request-Id': headerRef('RequestId'), traceparent: headerRef('Traceparent') };
const replayed = { 'Idempotency-Replayed': headerRef('IdempotencyReplayed') };

/** What a problem says beside its code, in the examples. */
const EXAMPLE_EXTRAS: Partial<Record<ResultCode, ProblemMembers & { readonly detail: string }>> = {
  validation_failed: { detail: 'price must be a multiple of 0.01', errors: [{ field: 'price', message: 'must be a multiple of 0.01' }] },
  idempotency_key_reused: {
    detail: 'The key was used for a request with another quantity.',
    errors: [{ field: 'quantity', message: 'differs from the request that used this key first' }],
  },
  order_not_open: { detail: 'The order is cancelled already.', extensions: { order: ORDER_EXAMPLES.cancelledOrder } },
  insufficient_funds: {
    detail: '25012.5000000000 USD are needed, 4998.0000000000 are available.',
    extensions: { asset: 'USD', needed: '25012.5000000000', available: '4998.0000000000' },
  },
  withdrawal_resolved: {
    detail: 'The withdrawal is cancelled.', extensions: { withdrawal: { ...TRANSFER_EXAMPLES.withdrawal, status: 'cancelled' } },
  },
  transfer_resolved: {
    detail: 'The transfer is voided.', extensions: { transfer: { ...TRANSFER_EXAMPLES.transfer, status: 'voided', settled_amount: '0.0000000000' } },
  },
  failure_injected: { detail: 'The order was made to fail at process_fills: nothing has changed.', extensions: { step: 'process_fills' } },
};

/** Members that a problem with this code always has. */
const MEMBERS: Partial<Record<ResultCode, readonly string[]>> = {
  order_not_open: ['order'], insufficient_funds: ['asset', 'needed', 'available'], withdrawal_resolved: ['withdrawal'], transfer_resolved: ['transfer'],
};

function exampleOf(code: ResultCode): ProblemBody {
  const { detail = RESULT_CODES[code].title, ...members } = EXAMPLE_EXTRAS[code] ?? {};
  return problemBody(code, detail, REQUEST_ID_EXAMPLE, members);
}

/** Always told with `rate_limited`; another 429 is not about requests in a second. */
function rateLimit(codes: readonly ResultCode[]): Schema {
  return codes.every((code) => code === 'rate_limited')
    ? { RateLimit: headerRef('RateLimit'), 'RateLimit-Policy': headerRef('RateLimitPolicy') }
    : { RateLimit: { ...headers.RateLimit, required: false }, 'RateLimit-Policy': { ...headers.RateLimitPolicy, required: false } };
}

/** The answer of one status: one problem document out of those with these codes. */
function problemAnswer(status: number, codes: readonly ResultCode[], keyed: boolean): Schema {
  const [first, ...others] = codes;
  const told = first !== undefined && others.length === 0 ? MEMBERS[first] ?? [] : [];
  const mayRetry = codes.some((code) => RETRY_AFTER_S[code] !== undefined);
  return {
    description: codes.map((code) => `\`${code}\`: ${RESULT_CODES[code].title}`).join('\n\n'),
    headers: {
      ...always,
      ...(keyed && status < 500 ? replayed : {}),
      ...(mayRetry ? { 'Retry-After': headerRef('RetryAfter') } : {}),
      ...(status === 429 ? rateLimit(codes) : {}),
      ...(status === 401 ? { 'WWW-Authenticate': { description: 'How callers can say who they are.', required: true, schema: { type: 'string' } } } : {}),
      ...(status === 405 ? { Allow: { description: 'The methods that are.', required: true, schema: { type: 'string' } } } : {}),
    },
    content: {
      'application/problem+json': {
        schema: {
          $ref: '#/components/schemas/Problem',
          properties: { status: { const: status }, code: { enum: codes }, ...Object.fromEntries(told.map((name) => [name, {}])) },
          ...(told.length > 0 ? { required: told } : {}),
        },
        examples: Object.fromEntries(codes.map((code) => [code, { value: exampleOf(code) }])),
      },
    },
  };
}

function byStatus(codes: readonly ResultCode[]): Map<number, ResultCode[]> {
  const groups = new Map<number, ResultCode[]>();
  for (const code of codes) {
    const { status } = RESULT_CODES[code];
    groups.set(status, [...groups.get(status) ?? [], code]);
  }
  return groups;
}

/** Problems that many calls share, as components: whatever comes of a request before its call is looked at. */
const SHARED = {
  InvalidRequest: ['validation_failed'],
  InvalidBody: ['validation_failed', 'malformed_json'],
  OriginNotAllowed: ['origin_not_allowed'],
  RequestTimeout: ['request_timeout'],
  BodyTooLarge: ['body_too_large'],
  UriTooLong: ['uri_too_long'],
  UnsupportedMediaType: ['unsupported_media_type'],
  RateLimited: ['rate_limited'],
  HeadersTooLarge: ['headers_too_large'],
  InternalError: ['internal_error'],
  ShuttingDown: ['shutting_down'],
  OutcomeUnknown: ['outcome_unknown'],
} as const satisfies Record<string, readonly ResultCode[]>;

export const sharedAnswers: Record<string, Schema> = Object.fromEntries(
  Object.entries(SHARED).map(([name, codes]) => [name, problemAnswer(RESULT_CODES[codes[0]].status, codes, false)]),
);

/** Answers to what is no call at all: an address that is none, or a method that it does not have. */
export const answersElsewhere: Readonly<Record<string, Schema>> = {
  NotFound: problemAnswer(404, ['not_found'], false),
  MethodNotAllowed: problemAnswer(405, ['method_not_allowed'], false),
};

const SHARED_BY_CODES = new Map(Object.entries(SHARED).map(([name, codes]) => [codes.join(), name]));

/** Answers of a call that is refused: for what any call can be, or for its own reasons. */
export function refusals({ refusals: own, keyed, isForAnyHost }: Call<ResultCode>): Record<string, Schema> {
  const any = ANY_CALL.filter((code) => !(isForAnyHost === true && code === 'origin_not_allowed'));
  return Object.fromEntries([...byStatus([...any, ...own])].map(([status, ofStatus]) => {
    const shared = SHARED_BY_CODES.get(ofStatus.join());
    return [String(status), shared === undefined ? problemAnswer(status, ofStatus, keyed === true) : { $ref: `#/components/responses/${shared}` }];
  }));
}

/** An answer that is no problem. @param content of an answer that has one */
export function success(description: string, content: Schema | null, keyed = false, told: Readonly<Record<string, string>> = {}): Schema {
  const own = Object.fromEntries(Object.entries(told).map(([name, says]) => [name, { description: says, required: true, schema: { type: 'string' } }]));
  return { description, headers: { ...always, ...(keyed ? replayed : {}), ...own }, ...(content === null ? {} : { content }) };
}
