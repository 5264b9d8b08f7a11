import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { MADE_PAGES, fillTables } from '../documents/tables';

/** `node scripts/run.mjs document`: writes the tables of the documents that are made from the code. */

const ROOT = join(__dirname, '..', '..');

void new Command('document')
  .description(`Writes the tables that are made from the code into ${MADE_PAGES.join(' and ')}.`)
  .action(() => {
    for (const page of MADE_PAGES) {
      const path = join(ROOT, page);
      const before = readFileSync(path, 'utf8');
      const after = fillTables(before);
      if (after !== before) writeFileSync(path, after);
      process.stdout.write(`${page} ${after === before ? 'is as the code says' : 'is written anew'}\n`);
    }
  })
  .parseAsync();
