import Ajv2020, { type AnySchema, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';

/** The OpenAPI document as what answers are held against. */

export interface MediaType {
  readonly schema?: AnySchema;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

export interface DocumentedHeader {
  readonly required?: boolean;
  readonly schema: AnySchema;
}

export interface DocumentedAnswer {
  readonly headers?: Readonly<Record<string, DocumentedHeader>>;
  readonly content?: Readonly<Record<string, MediaType>>;
}

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean; readonly description?: string; readonly schema: AnySchema; readonly example?: unknown }[];
  readonly requestBody?: { readonly required: boolean; readonly content: Readonly<Record<string, MediaType>> };
  readonly responses: Readonly<Record<string, DocumentedAnswer>>;
}

export interface OpenapiDocument {
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly 'x-answers-elsewhere': Readonly<Record<'NotFound' | 'MethodNotAllowed', DocumentedAnswer>>;
  readonly components: Readonly<Record<'schemas' | 'responses' | 'headers', Readonly<Record<string, unknown>>>>;
}

export interface ReceivedAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Answers are open to further fields; in the tests a field that is not documented is a mistake. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  const isWholeObject = copy.type === 'object' && copy.properties !== undefined;
  return isWholeObject && copy.additionalProperties === undefined ? { ...copy, additionalProperties: false } : copy;
}

/** Of alternatives that all failed, the one that got furthest is the one that was meant. */
function deepest(errors: readonly ErrorObject[]): ErrorObject[] {
  const depth = ({ instancePath }: ErrorObject): number => instancePath.split('/').length;
  return [...errors].sort((a, b) => depth(b) - depth(a));
}

export class Contract {
  readonly document: OpenapiDocument;
  private readonly ajv: Ajv2020;
  private readonly compiled = new Map<string, ValidateFunction>();
  private readonly patterns: { readonly pattern: RegExp; readonly path: string }[];

  /**
   * @param source the document as the service serves it
   * @param unicodeRegExp whether patterns are read as Unicode ones, which validators do as they like
   */
  constructor(source: unknown, unicodeRegExp = true) {
    const raw = JSON.parse(JSON.stringify(source)) as OpenapiDocument;
    const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: true, unicodeRegExp });
    addFormats(ajv);
    ajv.addKeyword('components');
    ajv.addSchema({ $id: 'document', components: { schemas: closed(raw.components.schemas) } }, 'document', false, false);
    this.ajv = ajv;
    this.document = raw;
    this.patterns = Object.keys(raw.paths)
      // A fixed path wins over one with a parameter.
      .sort((a, b) => Number(a.includes('{')) - Number(b.includes('{')))
      .map((path) => ({ path, pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}/?$`) }));
  }

  /** What a reference stands for; what is none stands for itself. */
  resolve<T>(value: T): T {
    const reference = (value as { $ref?: string }).$ref;
    if (reference === undefined) return value;
    return reference.slice(2).split('/').reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], this.document) as T;
  }

  validator(schema: AnySchema): ValidateFunction {
    const text = JSON.stringify(schema).replaceAll('"#/components/', '"document#/components/');
    const known = this.compiled.get(text) ?? this.ajv.compile(JSON.parse(text) as AnySchema);
    this.compiled.set(text, known);
    return known;
  }

  fits(schema: AnySchema, value: unknown): boolean {
    return this.validator(schema)(value);
  }

  *operations(): Generator<[path: string, method: string, operation: Operation]> {
    for (const [path, item] of Object.entries(this.document.paths)) {
      for (const [method, operation] of Object.entries(item)) yield [path, method, operation];
    }
  }

  /** The answers that a request may get: those of its call, or of an address or method that is none. */
  private answersTo(method: string, path: string): Readonly<Record<string, DocumentedAnswer>> | null {
    const found = this.patterns.find(({ pattern }) => pattern.test(path));
    if (found === undefined) return null;
    const operation = this.document.paths[found.path]?.[method === 'HEAD' ? 'get' : method.toLowerCase()];
    return operation?.responses ?? null;
  }

  /** @returns what of an answer the document does not foresee; empty when all is as documented */
  violations(method: string, path: string, answer: ReceivedAnswer): string[] {
    const answers = this.answersTo(method, path);
    if (answers === null) return [`${method} ${path} is not documented`];
    const documented = answers[String(answer.status)];
    if (documented === undefined) return [`status ${answer.status} is not documented: ${answer.text.slice(0, 200)}`];
    return this.differences(this.resolve(documented), answer, method === 'HEAD');
  }

  /** As `violations`, for what is no call at all: an unknown address, or a method that it does not have. */
  violationsOutside(kind: 'NotFound' | 'MethodNotAllowed', answer: ReceivedAnswer): string[] {
    return this.differences(this.document['x-answers-elsewhere'][kind], answer, false);
  }

  private differences(documented: DocumentedAnswer, answer: ReceivedAnswer, isHead: boolean): string[] {
    const found: string[] = [];
    for (const [name, reference] of Object.entries(documented.headers ?? {})) {
      const { required, schema } = this.resolve(reference);
      const value = answer.headers.get(name);
      if (value === null) {
        if (required === true) found.push(`header ${name} is missing`);
      } else if (!this.fits(schema, value)) {
        found.push(`header ${name} is ${value}`);
      }
    }
    for (const name of ['idempotency-replayed', 'retry-after', 'ratelimit', 'allow']) {
      const isDocumented = Object.keys(documented.headers ?? {}).some((known) => known.toLowerCase() === name);
      if (answer.headers.has(name) && !isDocumented) found.push(`header ${name} is not documented`);
    }
    const type = (answer.headers.get('content-type') ?? '').split(';')[0] as string;
    const media = documented.content?.[type];
    if (media === undefined) return [...found, `content type ${type} is not documented`];
    if (isHead || !type.endsWith('json')) return found;
    const body = JSON.parse(answer.text) as { instance?: unknown };
    const validate = this.validator(media.schema ?? true);
    if (!validate(body)) found.push(...deepest(validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`));
    if (type === 'application/problem+json' && body.instance !== answer.headers.get('x-request-id')) found.push('instance is not the request id');
    return found;
  }
}
