import metaSchema from '@seriousme/openapi-schema-validator/schemas/v3.1/schema.json';
import Ajv2020, { type AnySchema } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import pino from 'pino';
import { CALL_ACCESS } from '#openfill-contract';
import { version } from '../../package.json';
import { DOCS_PAGE } from '../../src/dialects/native/documents/docs-page';
import { createOpenapiDocument } from '../../src/dialects/native/documents/openapi';
import { readConfig } from '../../src/config';
import { nativeRoutes } from '../../src/dialects/native/routes';
import { RESULT_CODES } from '../../src/domain/result-code';
import { Dispatcher } from '../../src/http/dispatch';
import { createExpressApp } from '../../src/http/express-app';
import { RouteTable } from '../../src/http/route-table';
import { Contract, type MediaType } from '../support/contract';

const config = readConfig({});
const contract = new Contract(createOpenapiDocument(config));
const { document } = contract;

function* references(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, item] of Object.entries(value)) {
    if (name === '$ref' && typeof item === 'string') yield item;
    else yield* references(item);
  }
}

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', () => {
    // ajv's strict mode is for our own schemas; the meta-schema is written for any validator.
    const meta = new Ajv2020({ strict: false, allErrors: true });
    addFormats(meta).addFormat('media-range', true);
    const validate = meta.compile(metaSchema);
    expect([validate(document), validate.errors]).toEqual([true, null]);
  });

  it('has the version of the package', () => {
    expect(document.info.version).toBe(version);
  });

  it('refers to nothing that is not there, and has no component that nothing refers to', () => {
    const used = new Set(references(contract.document));
    for (const reference of used) expect([reference, contract.resolve({ $ref: reference })]).not.toEqual([reference, undefined]);
    const unused = Object.entries(document.components)
      .flatMap(([kind, components]) => Object.keys(components).map((name) => `#/components/${kind}/${name}`))
      .filter((name) => !used.has(name));
    expect(unused).toEqual([]);
  });

  it('names every operation once', () => {
    const names = [...contract.operations()].map(([, , operation]) => operation.operationId);
    expect(new Set(names).size).toBe(names.length);
  });

  it('has schemas that a strict validator takes', () => {
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      expect([name, typeof contract.validator(schema as AnySchema)]).toEqual([name, 'function']);
    }
  });

  it.each([true, false])('has examples that fit their schemas, with patterns read as Unicode ones: %s', (unicodeRegExp) => {
    const reader = new Contract(createOpenapiDocument(config), unicodeRegExp);
    let checked = 0;
    const check = (where: string, schema: AnySchema, value: unknown): void => {
      const validate = reader.validator(schema);
      expect([where, validate(value), validate.errors]).toEqual([where, true, null]);
      checked++;
    };
    const checkContent = (where: string, content: Readonly<Record<string, MediaType>> = {}): void => {
      for (const { schema, examples } of Object.values(content)) {
        for (const [name, example] of Object.entries(examples ?? {})) check(`${where} ${name}`, schema ?? true, example.value);
      }
    };
    for (const [path, method, { requestBody, responses, parameters }] of contract.operations()) {
      checkContent(`${method} ${path}`, requestBody?.content);
      for (const [status, answer] of Object.entries(responses)) checkContent(`${method} ${path} ${status}`, contract.resolve(answer).content);
      for (const parameter of parameters ?? []) {
        const { name, schema, example } = contract.resolve(parameter);
        if (example !== undefined) check(`${method} ${path} ${name}`, schema, example);
      }
    }
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      for (const example of (schema as { examples?: unknown[] }).examples ?? []) check(name, schema as AnySchema, example);
    }
    expect(checked).toBeGreaterThan(100);
  });

  it('knows every result code that a client can meet', () => {
    const asking = createOpenapiDocument({ ...config, auth: 'required' });
    const text = JSON.stringify(document.paths) + JSON.stringify(asking.paths) + JSON.stringify(document.components.responses) + JSON.stringify(document['x-answers-elsewhere']);
    const unknown = Object.keys(RESULT_CODES).filter((code) => !text.includes(`\`${code}\``));
    // The engine's word for an amend that does not fit; clients are told which field does not (validation_failed).
    expect(unknown).toEqual(['amend_invalid']);
  });

  it('has a client be left out exactly where the caller\'s own account stands in for it', () => {
    const neededIn = (told: typeof document): boolean[] => {
      const { parameters = [] } = told.paths['/fills']?.get ?? {};
      const schema = told.components.schemas.LimitOrderRequest as { required: readonly string[]; properties: Record<string, { description: string }> };
      const named = (told.components.schemas.CancelOperation as { oneOf: readonly { required: readonly string[] }[] }).oneOf[1];
      const parameter = parameters.find(({ name }) => name === 'client_id');
      for (const description of [parameter?.description, schema.properties.client_id?.description]) expect(description).toContain('`AUTH=off`) answers 400');
      return [parameter?.required === true, schema.required.includes('client_id'), named?.required.includes('client_id') === true];
    };
    expect(neededIn(document)).toEqual([true, true, true]);
    for (const auth of ['required', 'dev'] as const) expect(neededIn(new Contract(createOpenapiDocument({ ...config, auth })).document)).toEqual([false, false, false]);
  });

  it('says that a page of elsewhere is turned down wherever it is, and nowhere else', () => {
    const spared = Object.entries(document.paths).filter(([, methods]) => Object.values(methods).some(({ responses }) => responses['403'] === undefined));
    expect(spared.map(([path]) => path)).toEqual(['/healthz', '/readyz', '/metrics']);
  });

  it('has the paths and methods that the service registers, and no others', () => {
    const dispatcher = new Dispatcher(config, pino({ level: 'silent' }), { request: () => undefined }, { addressOf: () => '', isInternal: () => true }, null);
    const probes = { ready: () => Promise.reject(new Error()), metrics: () => Promise.reject(new Error()) };
    const none = undefined as never;
    const routes = nativeRoutes(none, none, none, none, none, none, { accounts: none, transfers: none, venue: none }, { people: none, oidc: none }, probes, none, { openapi: () => ({}), asyncapi: () => ({}) }, CALL_ACCESS);
    const app = createExpressApp(new RouteTable([{ prefix: '', routes, pages: [DOCS_PAGE], answerOf: () => { throw new Error(); } }]), dispatcher);
    const registered = new Set<string>();
    for (const { route } of app.router.stack) {
      // Files of the docs page are its own affair.
      if (route === undefined || route.path.startsWith('/docs/')) continue;
      const { methods } = route as unknown as { methods: Record<string, boolean> };
      // The last of each path takes whatever method is left, for the 405.
      if (Object.keys(methods).length > 5 || methods._all === true) continue;
      for (const method of Object.keys(methods)) registered.add(`${method} ${route.path.replace(/:(\w+)/g, '{$1}')}`);
    }
    expect([...registered].sort()).toEqual([...contract.operations()].map(([path, method]) => `${method} ${path}`).sort());
  });
});
