import type pg from 'pg';
import { DatabaseUnavailableError, DatabaseUnfitError, type Database } from './database';

/** Longest wait for one of the few words that are exchanged. */
const TIMEOUT_MS = 5_000;

/** Between us and Postgres is a pooler that gives each transaction, or each statement, another session. */
export class PoolingError extends DatabaseUnfitError {
  constructor(what: string) {
    super(
      `DATABASE_URL leads to a pooler in ${what} mode: the writer's lock, settings and prepared statements need a session of their own; `
      + 'use session mode (pgbouncer: pool_mode = session), or connect to Postgres itself',
    );
  }
}

async function backend(session: pg.Client): Promise<number> {
  const { rows: [row] } = await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return (row as { pid: number }).pid;
}

/**
 * Looks whether a connection is a session of Postgres: it keeps its backend, which no other connection has.
 * @throws PoolingError where it is not, DatabaseUnavailableError while Postgres is away
 */
export async function requireSessions(database: Database): Promise<void> {
  const sessions: pg.Client[] = [];
  const open = async (): Promise<pg.Client> => {
    const session = await database.session(TIMEOUT_MS);
    sessions.push(session);
    return session;
  };
  try {
    const [ours, other] = [await open(), await open()];
    const before = [await backend(ours), await backend(ours)];
    await other.query('BEGIN');
    // While this transaction lasts, a pooler has to give us another backend, unless it gave ours to it.
    before.push(await backend(other) === before[0] ? -1 : await backend(ours));
    if (new Set(before).size > 1) throw new PoolingError('transaction');
    await other.query('ROLLBACK');
  } catch (error) {
    if (error instanceof DatabaseUnfitError) throw error;
    const reason = error instanceof DatabaseUnavailableError ? error.cause as Error : error as Error;
    if (/statement pooling/i.test(reason.message)) throw new PoolingError('statement');
    throw error instanceof DatabaseUnavailableError ? error : new DatabaseUnavailableError(error);
  } finally {
    await Promise.all(sessions.map((session) => session.end().catch(() => undefined)));
  }
}
