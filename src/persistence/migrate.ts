import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { DatabaseUnavailableError, DatabaseUnfitError, isUnavailable, type Database } from './database';

/** Key of the advisory lock under which migrations are carried out: several processes may start at once. */
const MIGRATION_LOCK = 0x6f70656e;
/** A migration may rewrite all of a table. */
const MIGRATION_TIMEOUT_MS = 3_600_000;
/** How long a migration waits for a table that somebody else has locked; whoever comes behind it waits as long. */
const TABLE_WAIT_MS = 10_000;

export const MIGRATIONS_DIRECTORY = join(__dirname, 'migrations');
const FILE = /^((\d{4})_[a-z0-9_]+)\.sql$/;
/** The version that programs without migrations have brought each database to; what says less may be anything before it. */
const BASELINE = 2;

export interface Migration {
  readonly version: number;
  /** Its file's name without `.sql`. */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file's text, whatever its line ends. */
  readonly checksum: string;
}

/** A row of `schema_version`; name and checksum are null where a program without migrations wrote it. */
interface Applied {
  readonly version: number;
  readonly name: string | null;
  readonly checksum: string | null;
}

/** The schema is not this program's, and cannot be brought there. */
export class SchemaError extends DatabaseUnfitError {}

/** All migrations in their order. @throws Error where files are not numbered 0001, 0002 and so on */
export function readMigrations(directory = MIGRATIONS_DIRECTORY): Migration[] {
  return readdirSync(directory).sort().map((file, i) => {
    const [, name, number] = FILE.exec(file) ?? [];
    if (name === undefined || Number(number) !== i + 1) throw new Error(`${join(directory, file)} is not migration ${i + 1}`);
    const sql = readFileSync(join(directory, file), 'utf8').replace(/\r\n/g, '\n');
    return { version: i + 1, name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
  });
}

/** @returns null where there is no schema yet */
async function readApplied(session: pg.Client): Promise<Applied[] | null> {
  const { rows: [found] } = await session.query<{ is_there: boolean }>(`SELECT to_regclass('schema_version') IS NOT NULL AS is_there`);
  if (found?.is_there !== true) return null;
  // As JSON: programs without migrations made the table without these columns.
  const { rows } = await session.query<Applied>(
    `SELECT version, to_jsonb(applied) ->> 'name' AS name, to_jsonb(applied) ->> 'checksum' AS checksum
       FROM schema_version AS applied ORDER BY version`,
  );
  return rows;
}

/** @throws SchemaError where the database is newer than this program, or has been through another migration than its files say */
function compare(applied: readonly Applied[], migrations: readonly Migration[]): void {
  const newest = applied.at(-1)?.version ?? 0;
  if (newest > migrations.length) {
    throw new SchemaError(
      `the database is at version ${newest} and this program knows versions up to ${migrations.length}: `
      + 'start the program that made it, or a newer one; nothing was changed',
    );
  }
  for (const { version, name, checksum } of applied) {
    const migration = migrations[version - 1];
    if (migration === undefined) throw new SchemaError(`the database says that it has been through migration ${version}, which there is not`);
    const isSame = (name ?? migration.name) === migration.name && (checksum ?? migration.checksum) === migration.checksum;
    if (!isSame) {
      throw new SchemaError(
        `the database has been through migration ${name ?? version} with checksum ${checksum ?? 'unknown'}, and ${migration.name}.sql has `
        + `${migration.checksum}: a migration that was carried out must not be changed`,
      );
    }
  }
}

/** Changes nothing. @throws SchemaError where the database is newer than this program, or was made by other migrations */
export async function refuseLaterSchema(session: pg.Client, migrations = readMigrations()): Promise<void> {
  compare(await readApplied(session) ?? [], migrations);
}

function isCurrent(applied: readonly Applied[] | null, migrations: readonly Migration[]): boolean {
  return applied !== null && applied.length === migrations.length && applied.every(({ checksum }) => checksum !== null);
}

/** Makes `schema_version` what it is now, and has it say of each migration which file it was. */
async function adopt(session: pg.Client, applied: readonly Applied[], migrations: readonly Migration[]): Promise<void> {
  await session.query(`BEGIN;
    CREATE TABLE IF NOT EXISTS schema_version (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
    ALTER TABLE schema_version ADD COLUMN IF NOT EXISTS name text, ADD COLUMN IF NOT EXISTS checksum text`);
  const isBeforeBaseline = applied.every(({ name }) => name === null) && !applied.some(({ version }) => version >= BASELINE);
  // Up to there each statement can be repeated, so that nothing has to be guessed.
  if (isBeforeBaseline) await session.query('DELETE FROM schema_version');
  for (const { version, name, checksum } of migrations) {
    await session.query('UPDATE schema_version SET name = $2, checksum = $3 WHERE version = $1 AND checksum IS NULL', [version, name, checksum]);
  }
  await session.query('COMMIT');
}

/** Carries out what is missing, each migration in a transaction with its row. */
async function carryOut(session: pg.Client, migrations: readonly Migration[]): Promise<void> {
  // It comes to a start that has something to do only: it is slow to load.
  const { MigrationError, Umzug } = await import('umzug');
  const umzug = new Umzug<pg.Client>({
    context: session,
    logger: undefined,
    migrations: migrations.map(({ name, sql }) => ({ name, up: async () => { await session.query(`BEGIN; ${sql}`); } })),
    storage: {
      executed: async () => (await session.query<{ name: string }>('SELECT name FROM schema_version ORDER BY version')).rows.map((row) => row.name),
      // Ends the transaction that the migration has begun.
      logMigration: async (done) => {
        const { version, name, checksum } = migrations.find((migration) => migration.name === done.name) as Migration;
        await session.query('INSERT INTO schema_version (version, name, checksum) VALUES ($1, $2, $3)', [version, name, checksum]);
        await session.query('COMMIT');
      },
      unlogMigration: () => Promise.reject(new Error('migrations go forward only')),
    },
  });
  try {
    await umzug.up();
  } catch (error) {
    const cause = error instanceof MigrationError ? error.cause as Error : error;
    if (isUnavailable(cause)) throw cause;
    throw new SchemaError((error as Error).message.replace('Original error: ', ''), { cause });
  }
}

/**
 * Brings the database to this program's schema; costs two reads where it is there.
 * @throws SchemaError where it is newer, was made by other migrations, or refuses one; nothing of that one stays then
 * @throws DatabaseUnavailableError while Postgres is away, or another process is at it
 */
export async function migrate(database: Database, migrations = readMigrations()): Promise<void> {
  const session = await database.session(MIGRATION_TIMEOUT_MS);
  try {
    let applied = await readApplied(session);
    compare(applied ?? [], migrations);
    if (isCurrent(applied, migrations)) return;
    const { rows: [lock] } = await session.query<{ is_ours: boolean }>('SELECT pg_try_advisory_lock($1) AS is_ours', [MIGRATION_LOCK]);
    if (lock?.is_ours !== true) throw new DatabaseUnavailableError(new Error('another process migrates the database'));
    await session.query(`SET lock_timeout = ${TABLE_WAIT_MS}`);
    applied = await readApplied(session) ?? [];
    compare(applied, migrations);
    await adopt(session, applied, migrations);
    await carryOut(session, migrations);
  } catch (error) {
    if (error instanceof SchemaError || !isUnavailable(error)) throw error;
    throw error instanceof DatabaseUnavailableError ? error : new DatabaseUnavailableError(error);
  } finally {
    // Ends the advisory lock, and takes back what was not committed.
    await session.end();
  }
}

/**
 * For commands, which migrate nothing: looks whether the database is at this program's version.
 * @throws SchemaError naming both versions where it is not
 */
export async function requireSchema(database: Database, migrations = readMigrations()): Promise<void> {
  const session = await database.session();
  try {
    const applied = await readApplied(session);
    compare(applied ?? [], migrations);
    const version = applied?.at(-1)?.version ?? 0;
    if (version < migrations.length) {
      throw new SchemaError(`the database is at version ${version} and this program needs ${migrations.length}: start the service once, which migrates it`);
    }
  } finally {
    await session.end();
  }
}
