import pg from 'pg';
import type { Logger } from 'pino';
import { UnavailableError } from '../domain/unavailable';

// All our bigints are integers of at most 2^53 - 1 (domain/amounts.ts) or log sequences.
const BIGINT_OID = 20;

/** Postgres cannot be reached, or did not answer in time. */
export class DatabaseUnavailableError extends UnavailableError {
  constructor(cause: unknown) {
    super('history_unavailable', 'postgres cannot be reached', { cause });
    this.name = 'DatabaseUnavailableError';
  }
}

/** SQLSTATE classes that say something of the connection or the server, not of the statement's data. */
const UNAVAILABLE_CLASSES = new Set(['08', '53', '57', '58', 'XX', '40', '55']);

/** Whether Postgres refused the data itself, as against being away, busy or broken. */
export function isDataError(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return error instanceof pg.DatabaseError && typeof code === 'string' && !UNAVAILABLE_CLASSES.has(code.slice(0, 2));
}

export type Row = Record<string, unknown>;

/** A query with a name: Postgres prepares it once for each connection. */
export interface NamedQuery {
  readonly name: string;
  readonly text: string;
}

/** Pool for the reads, and single connections for whoever needs a session of his own. */
export class Database {
  private readonly pool: pg.Pool;
  private readonly options: pg.ClientConfig;

  constructor(url: string, private readonly timeoutMs: number, connectionsMax: number, private readonly logger: Logger) {
    const types: pg.CustomTypesConfig = {
      getTypeParser: ((oid: number, format: 'text' | 'binary') =>
        oid === BIGINT_OID ? Number : pg.types.getTypeParser(oid, format)) as pg.CustomTypesConfig['getTypeParser'],
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
      statement_timeout: timeoutMs,
    });
    // An idle connection that breaks says so here; the next query gets a new one.
    this.pool.on('error', (error) => this.logger.debug({ err: error }, 'idle postgres connection'));
  }

  /** @throws DatabaseUnavailableError, or pg's DatabaseError when the statement itself was refused */
  async query<T extends Row>(query: NamedQuery, values: readonly unknown[]): Promise<T[]> {
    try {
      const result = await this.pool.query<T>({ ...query, values: values as unknown[] });
      return result.rows;
    } catch (error) {
      if (isDataError(error)) throw error;
      throw new DatabaseUnavailableError(error);
    }
  }

  /** A connection outside the pool, connected; the caller ends it. */
  async session(timeoutMs = this.timeoutMs): Promise<pg.Client> {
    const client = new pg.Client({ ...this.options, query_timeout: timeoutMs });
    client.on('error', (error) => this.logger.debug({ err: error }, 'postgres session'));
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
