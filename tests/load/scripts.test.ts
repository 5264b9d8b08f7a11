import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { K6_VERSION } from '../../src/load/k6';

/** The k6 scripts, as far as can be told without k6: they parse, what they import exists, their settings are described. */

const ROOT = join(__dirname, '..', '..');
const LOAD_TEST = join(ROOT, 'load-test');
const scripts = readdirSync(LOAD_TEST).filter((file) => file.endsWith('.js'));
const shared = readdirSync(join(LOAD_TEST, 'lib')).map((file) => join('lib', file));
const read = (file: string): string => readFileSync(join(LOAD_TEST, file), 'utf8');

function parse(file: string, text = read(file)): ts.SourceFile {
  return ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
}

/** Settings read in a file: `number('RATE', …)`, `text('BASE_URL', …)`. */
function settingsOf(file: string): string[] {
  return [...read(file).matchAll(/\b(?:number|text)\('([A-Z0-9_]+)'/g)].map((found) => found[1] as string);
}

/** The comment at the top of a file. */
function headOf(file: string): string {
  return /^(?:\/\/.*\n)+/.exec(read(file))?.[0] ?? '';
}

function importsOf(source: ts.SourceFile): { readonly from: string; readonly names: readonly string[] }[] {
  return source.statements.filter(ts.isImportDeclaration).map((statement) => {
    const bindings = statement.importClause?.namedBindings;
    return {
      from: (statement.moduleSpecifier as ts.StringLiteral).text,
      names: bindings !== undefined && ts.isNamedImports(bindings) ? bindings.elements.map((element) => element.name.text) : [],
    };
  });
}

describe('load-test/', () => {
  it('has the scripts that the documents tell of', () => {
    expect(scripts).toEqual(['place-orders.js', 'soak.js', 'spike.js', 'stream-fanout.js', 'users.js']);
    const page = readFileSync(join(ROOT, 'docs', 'operate', 'load.md'), 'utf8');
    for (const script of scripts) expect(page).toContain(`\`${script.replace('.js', '')}\``);
  });

  it.each([...scripts, ...shared])('%s is JavaScript, and imports what there is', (file) => {
    const source = parse(file);
    const errors = (parsed: ts.SourceFile) => (parsed as unknown as { parseDiagnostics: ts.Diagnostic[] }).parseDiagnostics.map(({ messageText }) => messageText);
    expect(errors(source)).toEqual([]);
    expect(errors(parse(file, `${read(file)}\nfunction (`))).not.toEqual([]);
    for (const { from, names } of importsOf(source)) {
      if (!from.startsWith('.')) {
        expect(from).toMatch(/^k6(\/(http|metrics|execution|websockets))?$/);
        continue;
      }
      const target = join(LOAD_TEST, file, '..', from);
      expect(existsSync(target)).toBe(true);
      for (const name of names) expect(readFileSync(target, 'utf8')).toMatch(new RegExp(`^export (const|function|class) ${name}\\b`, 'm'));
    }
  });

  it.each(scripts)('%s has thresholds, and describes its settings', (file) => {
    expect(read(file)).toMatch(/^ {2}thresholds: \{$/m);
    const described = new Set([...headOf(file).matchAll(/\b([A-Z][A-Z0-9_]*[A-Z0-9])\b/g)].map(([name]) => name));
    expect(settingsOf(file).filter((name) => !described.has(name))).toEqual([]);
    expect(headOf(file)).toContain('those of lib/orders.js');
    // Where callers say who they are, somebody has to be there.
    expect(read(file)).toMatch(/^export const setup = enter;$/m);
  });

  it.each(['lib/orders.js', 'lib/people.js'])('describes the shared settings of %s, too', (file) => {
    expect(settingsOf(file).filter((name) => !headOf(file).includes(name))).toEqual([]);
  });

  it('describes where a venue is, and who asks', () => {
    expect(settingsOf('lib/people.js')).toEqual(['LOAD_USER', 'LOAD_PASSWORD']);
    expect(settingsOf('lib/orders.js')).toContain('BASE_URL');
  });

  it('names a k6 as Go knows versions', () => {
    expect(K6_VERSION).toMatch(/^v\d+\.\d+\.\d+$/);
  });
});
