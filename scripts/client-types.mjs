// Writes the client's types from the contract: `node scripts/client-types.mjs`, after a change of packages/contract. The
// contract is compiled anew for it, beside its dist, so that it does not matter whether the rest still compiles.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const CONTRACT = join(ROOT, 'packages', 'contract');

const built = mkdtempSync(join(CONTRACT, 'dist.types-'));
try {
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  execFileSync(process.execPath, [tsc, '-p', join(CONTRACT, 'tsconfig.json'), '--outDir', built], { stdio: 'inherit' });
  const { clientTypes } = createRequire(import.meta.url)(join(built, 'index.js'));
  writeFileSync(join(ROOT, 'packages', 'client', 'src', 'contract.ts'), clientTypes());
} finally {
  rmSync(built, { recursive: true, force: true });
}
