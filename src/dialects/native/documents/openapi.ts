import { callAccessOf, Problem as ProblemShape, SchemaSet, type Limits } from '#openfill-contract';
import { RESULT_CODES } from '../../../domain/result-code';
import { version } from '../../../version';
import { answersElsewhere, headers, sharedAnswers } from './answers';
import { paths, securitySchemes, tags } from './paths';

export interface OpenapiLimits extends Limits {
  readonly auth: 'off' | 'dev' | 'required';
  readonly bodyBytesMax: number;
  readonly urlBytesMax: number;
  readonly rateLimitPerSecond: number;
  readonly idempotencyTtlS: number;
}

function description(limits: OpenapiLimits): string {
  return `An exchange: exact price-time matching, durable before it answers.

**Numbers.** Prices and quantities go in as JSON numbers or decimal strings and come out as decimal strings with the instrument's decimals. Nothing is rounded on the way in.

**Times** are ISO 8601 in UTC with microseconds.

**Errors** are problem documents (RFC 9457) with a stable \`code\`. An address that is not listed here is a 404 \`not_found\`, a method that is not a 405 \`method_not_allowed\` with \`Allow\`. GET calls answer HEAD, too. A slash at the end of a path makes no difference. Unknown fields and parameters are refused, so that a typo never trades. Answers may get further fields.

**Idempotency.** A key, scoped to its client, is remembered for ${limits.idempotencyTtlS} s. A repeat gets the first answer again, trades included, with \`Idempotency-Replayed: true\`; the same key with a different request is a 422 \`idempotency_key_reused\`.

**Limits.** Bodies of at most ${limits.bodyBytesMax} bytes, addresses of at most ${limits.urlBytesMax}, ${limits.rateLimitPerSecond} requests a second from one address.

**Stream.** \`/stream\` is a WebSocket: book snapshots and deltas, trades and orders as they happen. \`/public/stream\` is the same as server-sent events.`;
}

/** Schemas of the contract with what only the service knows: its limits, and the codes of its problems. */
export function schemaSet(limits: Limits & Pick<OpenapiLimits, 'auth'>, readsBesideReferences: boolean): SchemaSet {
  return new SchemaSet(limits, { ProblemCode: { type: 'string', enum: Object.keys(RESULT_CODES) } }, readsBesideReferences, limits.auth !== 'off');
}

/** The contract of the HTTP API with the limits that this service runs with. */
export function createOpenapiDocument(limits: OpenapiLimits): Readonly<Record<string, unknown>> {
  const schemas = schemaSet(limits, true);
  const documented = paths(schemas, limits, limits.auth === 'off' ? null : callAccessOf(limits.auth));
  schemas.of(ProblemShape);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Openfill', version, description: description(limits), contact: { name: 'Openfill' }, license: { name: 'MIT', identifier: 'MIT' },
    },
    // Where the document is: the service may be served below a path.
    servers: [{ url: '.' }],
    // What a call needs stands with it; in an open venue nobody has to say who they are.
    security: [{}],
    tags,
    paths: documented,
    // What an address that is none answers with, and a method that it does not have.
    'x-answers-elsewhere': answersElsewhere,
    components: {
      schemas: schemas.components, responses: sharedAnswers, headers, ...(limits.auth !== 'off' && { securitySchemes }),
    },
  };
}
