import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from './database';

/** Key of the advisory lock under which the schema is applied: several processes may start at once. */
const MIGRATION_LOCK = 0x6f70656e;
const MIGRATION_TIMEOUT_MS = 60_000;

// Beside the sources and beside the built files alike: src/persistence and dist/persistence.
const SCHEMA_FILE = join(__dirname, '..', '..', 'schema.sql');

/** Brings the database to the current schema; does nothing where it is there. */
export async function applySchema(database: Database): Promise<void> {
  const schema = readFileSync(SCHEMA_FILE, 'utf8');
  const session = await database.session(MIGRATION_TIMEOUT_MS);
  try {
    await session.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await session.query(`BEGIN; ${schema} COMMIT;`);
  } finally {
    await session.end();
  }
}
