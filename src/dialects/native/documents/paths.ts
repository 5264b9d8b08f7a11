import {
  CALLS, IDEMPOTENCY_KEY_HEADER, PATH_PARAMETERS, TAGS, fieldsOf, isVariantField, mustBeGiven, plainKind, boundOf,
  type Access, type Call, type CallId, type Field, type Kind, type Limits, type Schema, type SchemaSet, type Shape, type Success,
} from '#openfill-contract';
import type { ResultCode } from '../../../domain/result-code';
import { refusals, success } from './answers';

/** The calls of the contract as OpenAPI has them: parameters, bodies and every answer that the service gives to them. */

/** Refers to each code by its name: one that is in no table does not compile. */
const calls: Readonly<Record<string, Call<ResultCode>>> = CALLS;

export const tags = Object.entries(TAGS).map(([name, description]) => ({ name, description }));

/** The first thing that a value may look like. */
function exampleOf(kind: Kind): unknown {
  return kind.kind === 'named' ? exampleOf(kind.of) : kind.examples?.[0];
}

class Parameters {
  constructor(private readonly schemas: SchemaSet, private readonly limits: Limits) {}

  of({ path, query, headers = {}, keyed }: Call): Schema[] {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => this.parameter('path', name, PATH_PARAMETERS[name], true));
    const given = { ...(keyed === true ? { 'Idempotency-Key': IDEMPOTENCY_KEY_HEADER } : {}), ...headers };
    const inHeader = Object.entries(given).map(([name, header]) => this.parameter('header', name, header, false));
    return [...inPath, ...inHeader, ...(query === undefined ? [] : this.ofQuery(query))];
  }

  private ofQuery(query: Shape): Schema[] {
    return Object.entries(fieldsOf(query)).map(([name, field]) => {
      if (isVariantField(field)) throw new Error(`parameter ${name} varies`);
      return this.parameter('query', name, { is: field.is, description: field.description }, mustBeGiven(field, this.schemas.asksWho), this.defaultOf(field));
    });
  }

  /** A default is never above what the service allows. */
  private defaultOf({ is, default: fallback }: Field): unknown {
    const kind = plainKind(is);
    return kind.kind === 'integer' && kind.max !== undefined && typeof fallback === 'number' ? Math.min(fallback, boundOf(kind.max, this.limits)) : fallback;
  }

  private parameter(
    place: string, name: string, given: { readonly is: Kind; readonly description?: string | undefined } | undefined, required: boolean, fallback?: unknown,
  ): Schema {
    if (given === undefined) throw new Error(`parameter ${name} is not described`);
    const example = exampleOf(given.is);
    const description = given.description ?? plainKind(given.is).description;
    return {
      name, in: place, required, ...(description === undefined ? {} : { description }),
      schema: this.schemas.spelt(given.is, fallback), ...(example === undefined ? {} : { example }),
    };
  }
}

function examplesOf(examples: Readonly<Record<string, unknown>>): Schema {
  return Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }]));
}

function contentOf({ is, example, mediaType }: Success, schemas: SchemaSet): Schema | null {
  if (mediaType !== undefined) return { [mediaType]: { schema: { type: 'string' } } };
  if (is === undefined) return null;
  return { 'application/json': { schema: schemas.of(is), ...(example === undefined ? {} : { examples: examplesOf({ answer: example }) }) } };
}

/** How callers can say who they are. */
export const securitySchemes: Record<string, Schema> = {
  token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'An access token of `POST /auth/login`.' },
  signature: {
    type: 'apiKey', in: 'header', name: 'Openfill-Key',
    description: 'An API key, with `Openfill-Timestamp` (milliseconds since 1970) and `Openfill-Signature`: base64 of HMAC-SHA256 or Ed25519 over timestamp, '
      + 'method, path with query, and body. A signature is taken once, within 5 s or `Openfill-Recv-Window` milliseconds.',
  },
};

/** What a call needs where callers say who they are. */
function securityOf({ caller, scope }: Access): Schema[] {
  if (caller === 'anyone') return [{}];
  return [{ token: [] }, ...(scope === null ? [] : [{ signature: [] }]), ...(caller === 'internal' ? [{}] : [])];
}

/** Codes of a call that is not for everybody, or tells who says who it is more than others. */
function codesOf({ caller, scope, limit, asksWho }: Access, method: string): readonly ResultCode[] {
  if (caller === 'anyone' && asksWho !== true) return [];
  return [
    'unauthenticated', 'invalid_token', 'wrong_token_type', 'token_expired', 'session_ended', 'user_suspended', 'forbidden',
    // Whose key no call may be made by is found out first.
    'invalid_api_key', 'timestamp_out_of_window', 'signature_reused',
    ...(caller === 'operator' || caller === 'admin' || caller === 'internal' ? ['sudo_required'] as const : []),
    // Of whoever acts with powers: what came of it could not be kept in the audit log in time.
    ...(caller !== 'anyone' && method !== 'GET' ? ['outcome_unknown'] as const : []),
    // Whatever names an account: another's is not there.
    ...(caller === 'user' && scope !== null || caller === 'anyone' ? ['account_not_found'] as const : []),
    ...(scope !== null || limit === 'login' ? ['people_unavailable'] as const : []),
  ];
}

/** @param access where callers say who they are */
function answersOf(call: Call<ResultCode>, access: Access | null, schemas: SchemaSet): Schema {
  const keyed = call.keyed === true;
  const codes = access === null ? [] : codesOf(access, call.method).filter((code) => !call.refusals.includes(code));
  const answers: Record<string, Schema> = refusals({ ...call, refusals: [...call.refusals, ...codes] });
  for (const [status, told] of Object.entries(call.answers)) {
    const answer = success(told.description, contentOf(told, schemas), keyed, told.headers);
    const refusal = answers[status] as { readonly headers?: Schema; readonly content: Schema } | undefined;
    // The same status may be a problem as well.
    answers[status] = refusal === undefined ? answer : { ...answer, content: { ...answer.content as Schema, ...refusal.content } };
  }
  return answers;
}

/** @param rows who may make each call; null where nobody is asked who they are */
export function paths(schemas: SchemaSet, limits: Limits, rows: Readonly<Record<CallId, Access>> | null): Record<string, Record<string, Schema>> {
  const parameters = new Parameters(schemas, limits);
  const all: Record<string, Record<string, Schema>> = {};
  for (const [operationId, call] of Object.entries(calls)) {
    const given = parameters.of(call);
    const { summary, description, tag, body } = call;
    const access = rows?.[operationId as CallId] ?? null;
    const operation = {
      operationId, tags: [tag], summary, description: description ?? `${summary}.`,
      ...(given.length === 0 ? {} : { parameters: given }),
      ...(body === undefined ? {} : {
        requestBody: {
          description: 'One JSON object.', required: body.required,
          content: { 'application/json': { schema: schemas.of(body.is), examples: examplesOf(body.examples) } },
        },
      }),
      ...(access !== null && { security: securityOf(access) }),
      responses: answersOf(call, access, schemas),
    };
    all[call.path] = { ...all[call.path], [call.method.toLowerCase()]: operation };
  }
  return all;
}
