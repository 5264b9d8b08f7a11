import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

const PREFIX = 'test_';
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

/** A database of its own for one test file, empty at first. */
export class TestDatabase {
  private constructor(readonly url: string, private readonly serverUrl: string, private readonly name: string) {}

  static async create(serverUrl: string): Promise<TestDatabase> {
    const name = `${PREFIX}${randomBytes(8).toString('hex')}`;
    await withClient(serverUrl, (client) => client.query(`CREATE DATABASE ${name}`));
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    return new TestDatabase(url.toString(), serverUrl, name);
  }

  async query<T extends TestRow = TestRow>(text: string, values: unknown[] = []): Promise<T[]> {
    return withClient(this.url, async (client) => (await client.query<T>(text, values)).rows);
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
