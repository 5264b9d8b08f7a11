import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import pino from 'pino';
import { Database } from '../../src/persistence/database';
import { migrate } from '../../src/persistence/migrate';

const PREFIX = 'test_';
/** A database with the program's schema, which others are made of. */
const TEMPLATE = 'openfill_template';
const EMPTY = 'template1';
const MIGRATION_TIMEOUT_MS = 60_000;
const GRACE_MS = 1_000;
const POLL_MS = 25;

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'test' });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

export type TestRow = Record<string, unknown>;

/** What is left of such a statement is its session's. */
const OF_A_SESSION = /^\s*(BEGIN|SET)\b/;

/**
 * Makes the server of a run cheap to work with: a database that begins with the schema is copied, where migrations would be carried
 * out some hundred times, and a session begins without the work that guards a password.
 */
export async function prepareServer(serverUrl: string): Promise<void> {
  await withClient(serverUrl, async (client) => {
    await client.query(`SET scram_iterations = 1; ALTER ROLE ${pg.escapeIdentifier(client.user ?? '')} PASSWORD ${pg.escapeLiteral(client.password ?? '')}`);
    await client.query(`CREATE DATABASE ${TEMPLATE}`);
  });
  const database = new Database(urlOf(serverUrl, TEMPLATE), MIGRATION_TIMEOUT_MS, 1, pino({ level: 'silent' }));
  await migrate(database);
  await database.close();
  // Nobody who is in it keeps others from copying it.
  await withClient(serverUrl, (client) => client.query(`ALTER DATABASE ${TEMPLATE} ALLOW_CONNECTIONS false`));
}

function urlOf(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.toString();
}

/** A database of its own for one test file. */
export class TestDatabase {
  /** Its sessions are kept: to begin one costs more than most of what tests ask, and who waits for something asks often. */
  private readonly pool: pg.Pool;

  private constructor(readonly url: string, private readonly serverUrl: string, private readonly name: string) {
    this.pool = new pg.Pool({ connectionString: url, application_name: 'test' });
    // One that is not in use was ended, perhaps with its server.
    this.pool.on('error', () => undefined);
  }

  /** @param hasSchema on the run's own server, as a start of the service leaves it; else it is empty */
  static async create(serverUrl: string, { hasSchema = false } = {}): Promise<TestDatabase> {
    const name = `${PREFIX}${randomBytes(8).toString('hex')}`;
    await withClient(serverUrl, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${hasSchema ? TEMPLATE : EMPTY}`));
    return new TestDatabase(urlOf(serverUrl, name), serverUrl, name);
  }

  async query<T extends TestRow = TestRow>(text: string, values: unknown[] = []): Promise<T[]> {
    const client = await this.pool.connect();
    let isSpent = true;
    try {
      const { rows } = await client.query<T>(text, values);
      isSpent = OF_A_SESSION.test(text);
      return rows;
    } finally {
      client.release(isSpent);
    }
  }

  /** Keeps everybody from writing to a table. @returns lets them again */
  async lock(table: string): Promise<() => Promise<void>> {
    const client = new pg.Client({ connectionString: this.url, application_name: 'test' });
    await client.connect();
    await client.query(`BEGIN; LOCK TABLE ${table} IN EXCLUSIVE MODE`);
    return () => client.end();
  }

  /**
   * Drops it.
   * @returns connections that were still open: a pool that nobody closed
   */
  async drop(): Promise<string[]> {
    await this.pool.end();
    return withClient(this.serverUrl, async (client) => {
      const open = async (): Promise<string[]> => (await client.query<{ leak: string }>(
        'SELECT application_name || \': \' || left(query, 80) AS leak FROM pg_stat_activity WHERE datname = $1', [this.name])).rows.map((row) => row.leak);
      // A closed connection takes Postgres a moment to forget.
      const deadline = Date.now() + GRACE_MS;
      let leaks = await open();
      while (leaks.length > 0 && Date.now() < deadline) {
        await sleep(POLL_MS);
        leaks = await open();
      }
      await client.query(`DROP DATABASE ${this.name} WITH (FORCE)`);
      return leaks;
    });
  }
}

export async function leftoverDatabases(serverUrl: string): Promise<string[]> {
  return withClient(serverUrl, async (client) =>
    (await client.query<{ datname: string }>(`SELECT datname FROM pg_database WHERE datname LIKE '${PREFIX}%'`)).rows.map((row) => row.datname));
}
