import pg from 'pg';
import type { Logger } from 'pino';
import { UnavailableError } from '../domain/unavailable';
import { sessionSettings } from './session-settings';

// All our bigints are integers of at most 2^53 - 1 (domain/amounts.ts) or log sequences.
const BIGINT_OID = 20;

/** Postgres cannot be reached, or did not answer in time. */
export class DatabaseUnavailableError extends UnavailableError {
  constructor(cause: unknown) {
    super('history_unavailable', 'postgres cannot be reached', { cause });
    this.name = 'DatabaseUnavailableError';
  }
}

/** The database is not one that this program can work with, and says why: starting again would not help. */
export class DatabaseUnfitError extends Error {}

/** SQLSTATE classes that say something of the connection, the server or its settings, not of the statement. */
const UNAVAILABLE_CLASSES = new Set(['08', '25', '28', '3D', '40', '53', '55', '57', '58', 'XX']);

/**
 * SQLSTATE classes by which Postgres refuses values: it could not represent them, a constraint or a view's check
 * forbids them, they exceed a limit of it, or a trigger raised an exception. A missing table or privilege is none
 * of these: every value would be refused.
 */
const REFUSED_VALUE_CLASSES = new Set(['22', '23', '44', '54', 'P0']);

function sqlstateClass(error: unknown): string | null {
  const code = (error as { code?: unknown }).code;
  return error instanceof pg.DatabaseError && typeof code === 'string' ? code.slice(0, 2) : null;
}

/** Whether Postgres refused the data itself, and would refuse it again: as against being away, busy, broken or not set up. */
export function isDataError(error: unknown): boolean {
  const of = sqlstateClass(error);
  return of !== null && REFUSED_VALUE_CLASSES.has(of);
}

/** Whether an error says something of the connection, the server or its settings; so does one that is not the server's own. */
export function isUnavailable(error: unknown): boolean {
  const of = sqlstateClass(error);
  return of === null || UNAVAILABLE_CLASSES.has(of);
}

/** Why a connection ended. The error itself brings the whole client along, settings and queries included. */
function describeLoss(error: Error): { reason: string; code: unknown } {
  return { reason: error.message, code: (error as { code?: unknown }).code };
}

export type Row = Record<string, unknown>;

/** A query with a name: Postgres prepares it once for each connection. */
export interface NamedQuery {
  readonly name: string;
  readonly text: string;
}

/** Rows of a named query. */
export type Query = <T extends Row>(query: NamedQuery, values: readonly unknown[]) => Promise<T[]>;

/** @returns queries on a connection, which throw DatabaseUnavailableError where Postgres is away */
export function queryOf(client: pg.ClientBase): Query {
  return async <T extends Row>(query: NamedQuery, values: readonly unknown[]): Promise<T[]> => {
    try {
      return (await client.query<T>({ ...query, values: values as unknown[] })).rows;
    } catch (error) {
      throw isUnavailable(error) ? new DatabaseUnavailableError(error) : error;
    }
  };
}

/** @throws DatabaseUnavailableError where Postgres is away */
async function tell(client: pg.ClientBase, text: string): Promise<void> {
  try {
    await client.query(text);
  } catch (error) {
    throw isUnavailable(error) ? new DatabaseUnavailableError(error) : error;
  }
}

/** Pool for the reads, and single connections for whoever needs a session of his own. */
export class Database {
  private readonly pool: pg.Pool;
  private readonly options: pg.ClientConfig;

  constructor(url: string, private readonly timeoutMs: number, connectionsMax: number, private readonly logger: Logger) {
    const types: pg.CustomTypesConfig = {
      getTypeParser: (oid, format): unknown =>
        (oid as number) === BIGINT_OID ? Number : pg.types.getTypeParser(oid, format),
    };
    this.options = {
      connectionString: url,
      application_name: 'openfill',
      connectionTimeoutMillis: Math.min(timeoutMs, 2_000),
      keepAlive: true,
      types,
    };
    this.pool = new pg.Pool({
      ...this.options,
      max: connectionsMax,
      idleTimeoutMillis: 30_000,
      query_timeout: timeoutMs,
      // Not among the connection's parameters: a pooler in between would refuse those that it does not know.
      // oxlint-disable-next-line typescript/no-misused-promises -- the pool waits for it; its types do not say so
      onConnect: async (client) => { await client.query(sessionSettings(timeoutMs)); },
    });
    // An idle connection that breaks says so here; the next query gets a new one.
    this.pool.on('error', (error) => this.logger.debug(describeLoss(error), 'idle postgres connection'));
  }

  /** @throws DatabaseUnavailableError, or pg's DatabaseError when the statement itself was refused */
  async query<T extends Row>(query: NamedQuery, values: readonly unknown[]): Promise<T[]> {
    try {
      const result = await this.pool.query<T>({ ...query, values: values as unknown[] });
      return result.rows;
    } catch (error) {
      if (isUnavailable(error)) throw new DatabaseUnavailableError(error);
      throw error;
    }
  }

  /**
   * Reads of one moment, whatever is committed meanwhile.
   * @throws DatabaseUnavailableError, or what `work` throws
   */
  snapshot<T>(work: (query: Query) => Promise<T>): Promise<T> {
    return this.within('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', work);
  }

  /**
   * Changes that happen all, or not at all.
   * @throws DatabaseUnavailableError, after which they may have happened; or what `work` throws
   */
  transaction<T>(work: (query: Query) => Promise<T>): Promise<T> {
    return this.within('BEGIN', work);
  }

  private async within<T>(begin: string, work: (query: Query) => Promise<T>): Promise<T> {
    let client: pg.PoolClient;
    try {
      client = await this.pool.connect();
    } catch (error) {
      throw isUnavailable(error) ? new DatabaseUnavailableError(error) : error;
    }
    let failure: Error | undefined;
    // One that is lost between two statements fails the next one.
    const lost = (error: Error): void => this.logger.debug(describeLoss(error), 'postgres connection in a transaction');
    client.on('error', lost);
    try {
      await tell(client, begin);
      const result = await work(queryOf(client));
      await tell(client, 'COMMIT');
      return result;
    } catch (error) {
      failure = error as Error;
      throw error;
    } finally {
      // One that failed takes its transaction with it.
      client.release(failure);
      client.removeListener('error', lost);
    }
  }

  /**
   * A connection outside the pool, connected; the caller ends it.
   * @param timeoutMs longest statement
   */
  async session(timeoutMs = this.timeoutMs): Promise<pg.Client> {
    const client = await this.plainSession(timeoutMs);
    try {
      await client.query(sessionSettings(timeoutMs));
    } catch (error) {
      await client.end().catch(() => undefined);
      throw new DatabaseUnavailableError(error);
    }
    return client;
  }

  /** The same with the settings that role, database and server give it: for looking at those. */
  async plainSession(timeoutMs = this.timeoutMs): Promise<pg.Client> {
    const client = new pg.Client({ ...this.options, query_timeout: timeoutMs });
    client.on('error', (error) => this.logger.debug(describeLoss(error), 'postgres session'));
    try {
      await client.connect();
    } catch (error) {
      throw new DatabaseUnavailableError(error);
    }
    return client;
  }

  /** @throws DatabaseUnavailableError */
  async ping(): Promise<void> {
    await this.query({ name: 'ping', text: 'SELECT 1' }, []);
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}
