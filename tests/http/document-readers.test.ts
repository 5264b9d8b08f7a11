import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Ajv from 'ajv';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { createAsyncapiDocument } from '../../src/dialects/native/documents/asyncapi';
import { createOpenapiDocument } from '../../src/dialects/native/documents/openapi';
import { readConfig } from '../../src/config';
import { specValidator } from '../support/openapi-spec-validator';

/** What the tools of those who read the documents say of them. */

const config = readConfig({});
const documents = { openapi: createOpenapiDocument(config), asyncapi: createAsyncapiDocument(config) };
const LINTER = join(__dirname, '..', 'support', 'lint-documents.mjs');

type Finding = readonly [tool: string, document: string, rule: string, place: string];

/** What the rules say that does not fit here, and why. */
const ACCEPTED: readonly (readonly [tool: string, document: string, rule: string, place: RegExp, why: string])[] = [
  ['spectral', 'openapi', 'operation-success-response', /^paths\.\/stream\.get/, 'a WebSocket opens with 101'],
  ['redocly', 'openapi', 'operation-2xx-response', /^#\/paths\/~1stream\/get/, 'a WebSocket opens with 101'],
  ['redocly', 'openapi', 'operation-2xx-response', /^#\/paths\/~1auth~1oidc~1login\/get/, 'it sends a browser elsewhere'],
  ['spectral', 'asyncapi', 'asyncapi-latest-version', /^asyncapi/, 'nothing of 3.1 is used, and readers of 3.0 are many'],
  ['spectral', 'asyncapi', 'asyncapi-info-contact-properties', /^info\.contact/, 'whoever runs a venue is not known to the program'],
  ['redocly', 'asyncapi', 'security-defined', /^#\/operations/, 'AsyncAPI has no word for a venue that asks nobody who they are'],
];

function lint(given: unknown): Promise<readonly Finding[]> {
  return new Promise((resolve, reject) => {
    const linter = spawn(process.execPath, [LINTER], { stdio: ['pipe', 'pipe', 'inherit'] });
    let output = '';
    linter.stdout.setEncoding('utf8').on('data', (text: string) => { output += text; });
    linter.once('error', reject);
    linter.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(output) as Finding[]);
      else reject(new Error(`the linters ended with ${code}`));
    });
    linter.stdin.end(JSON.stringify(given));
  });
}

const isAccepted = ([tool, document, rule, place]: Finding): boolean =>
  ACCEPTED.some((known) => known[0] === tool && known[1] === document && known[2] === rule && known[3].test(place));

/** Both read all of both documents, and a machine may be busy with other things. */
const LINT_TIMEOUT_MS = 180_000;

describe('the documents', () => {
  it('pass the rules that Spectral and Redocly recommend', async () => {
    const found = await lint(documents);
    expect(found.filter((finding) => !isAccepted(finding))).toEqual([]);
    // And nothing is accepted that is no more said.
    expect(ACCEPTED.filter(([tool, document, rule]) => !found.some((finding) => finding[0] === tool && finding[1] === document && finding[2] === rule))).toEqual([]);
  }, LINT_TIMEOUT_MS);

  it('would be found out by either', async () => {
    // A call and no message are enough to be found fault with.
    const { openapi, asyncapi } = documents;
    const paths = Object.fromEntries(Object.entries(openapi.paths as object).slice(0, 1));
    const { channels: _channels, operations: _operations, ...bare } = asyncapi as Record<string, unknown>;
    const found = await lint({
      openapi: { ...openapi, paths, security: undefined, tags: undefined }, asyncapi: { ...bare, channels: {}, components: {}, info: { title: 'x', version: '1' } },
    });
    const rules = found.filter((finding) => !isAccepted(finding)).map(([tool, document, rule]) => `${tool} ${document} ${rule}`);
    expect(rules).toEqual(expect.arrayContaining(['redocly openapi security-defined', 'spectral openapi operation-tag-defined', 'spectral asyncapi asyncapi-info-description']));
  }, LINT_TIMEOUT_MS);

  it('pass openapi-spec-validator', async () => {
    const validator = await specValidator();
    if ('missing' in validator) {
      process.stderr.write(`The OpenAPI document was not shown to openapi-spec-validator, which cannot be installed here: ${validator.missing}\n`);
      return;
    }
    const directory = mkdtempSync(join(tmpdir(), 'openfill-documents-'));
    try {
      const file = join(directory, 'openapi.json');
      const validate = (): Promise<{ stdout: string }> => promisify(execFile)(validator.python, ['-m', 'openapi_spec_validator', file]);
      writeFileSync(file, JSON.stringify(documents.openapi));
      expect((await validate()).stdout).toMatch(/OK\s*$/);
      writeFileSync(file, JSON.stringify({ ...documents.openapi, info: {} }));
      await expect(validate()).rejects.toThrow();
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }, 180_000);

  // AsyncAPI's own dialect is draft 7; a later one reads the same words alike.
  it.each([['draft 7', true], ['draft 7', false], ['2020-12', true], ['2020-12', false]] as const)('have examples that fit by %s, with Unicode patterns: %s', (draft, unicodeRegExp) => {
    const { schemas } = documents.asyncapi.components as { schemas: Readonly<Record<string, { readonly examples?: readonly unknown[] }>> };
    const ajv = draft === 'draft 7' ? new Ajv({ strict: false, unicodeRegExp }) : new Ajv2020({ strict: false, unicodeRegExp });
    addFormats(ajv);
    ajv.addSchema({ $id: 'document', components: { schemas } });
    let checked = 0;
    for (const [name, { examples = [] }] of Object.entries(schemas)) {
      const validate = ajv.compile({ $ref: `document#/components/schemas/${name}` });
      for (const example of examples) {
        expect([name, example, validate(example)]).toEqual([name, example, true]);
        checked++;
      }
    }
    expect(checked).toBeGreaterThan(5);
  });
});
