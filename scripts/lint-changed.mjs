// Lints what may read otherwise than when it last passed. A rule that knows types looks into what a file imports, so a file
// counts as changed with any file below it; all count as changed with the rules, the compiler's settings, the packages, Node,
// and whatever declares for everybody. `npm test` lints everything.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const CACHE = join(ROOT, 'node_modules', '.cache', 'openfill', 'lint.json');
const FOR_ALL = ['eslint.config.mjs', 'tsconfig.json', 'package.json', 'package-lock.json', 'scripts/lint-changed.mjs'];
const LINTED = /\.(ts|mjs|cjs|js)$/;
const IMPORT = /(?:from|import|import\()\s*['"]([^'"]+)['"]/g;
const GLOBAL = /\bdeclare (?:global|module)\b/;
const OWN_NAMES = { '#openfill-client': 'packages/client/src/index.ts' };

function sha256(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
}

/** Every file that Git knows or would take. */
function files() {
  const listed = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: ROOT, encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (listed.status !== 0) return null;
  return [...new Set(listed.stdout.split('\0'))].filter((file) => LINTED.test(file) && existsSync(join(ROOT, file))).sort();
}

/** The file that an import names, null for a package. */
function target(from, name) {
  const base = OWN_NAMES[name] ?? (name.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(from), name)) : null);
  if (base === null) return null;
  return [base, `${base}.ts`, join(base, 'index.ts')].find((file) => texts.has(file)) ?? null;
}

const texts = new Map();
const all = files();
for (const file of all ?? []) texts.set(file, readFileSync(join(ROOT, file), 'utf8'));

const imports = new Map([...texts].map(([file, text]) => [
  file, [...text.matchAll(IMPORT)].map(([, name]) => target(file, name)).filter((found) => found !== null),
]));

/** Of a file and all that it stands on. */
function fingerprint(file) {
  const seen = new Set([file]);
  for (const one of seen) for (const next of imports.get(one)) seen.add(next);
  return sha256(...[...seen].sort().flatMap((one) => [one, texts.get(one)]));
}

const forAll = sha256(process.version, ...FOR_ALL.map((file) => readFileSync(join(ROOT, file))), ...[...texts].filter(([, text]) => GLOBAL.test(text)).flat());
const known = existsSync(CACHE) ? JSON.parse(readFileSync(CACHE, 'utf8')) : {};
const passed = known.forAll === forAll ? known.passed : {};
const now = Object.fromEntries([...texts.keys()].map((file) => [file, fingerprint(file)]));
const changed = Object.keys(now).filter((file) => passed[file] !== now[file]);

// Without Git, as in an unpacked archive: everything, each time.
const wanted = all === null ? ['.'] : changed;
const failed = new Set();
if (wanted.length > 0) {
  const eslint = join(ROOT, 'node_modules', 'eslint', 'bin', 'eslint.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [eslint, '--max-warnings=0', '--no-warn-ignored', '--format', 'json', ...wanted], {
    cwd: ROOT, encoding: 'utf8', maxBuffer: 2 ** 28,
  });
  if (status !== 0 && !stdout.startsWith('[')) {
    process.stderr.write(`${stdout}${stderr}`);
    process.exit(1);
  }
  for (const { filePath, messages } of JSON.parse(stdout)) {
    if (messages.length === 0) continue;
    const file = relative(ROOT, filePath).replaceAll('\\', '/');
    failed.add(file);
    for (const { line = 0, column = 0, message, ruleId } of messages) process.stdout.write(`${file}:${line}:${column} ${message}${ruleId === null ? '' : ` (${ruleId})`}\n`);
  }
}
mkdirSync(dirname(CACHE), { recursive: true });
writeFileSync(CACHE, JSON.stringify({ forAll, passed: Object.fromEntries(Object.entries(now).filter(([file]) => !failed.has(file))) }));
process.stdout.write(`${wanted.length} of ${texts.size} files linted\n`);
process.exit(failed.size > 0 ? 1 : 0);
