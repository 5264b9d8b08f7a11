import type { Database, NamedQuery, Row } from './database';

export interface SettingProblems {
  /** What can lose something that was acknowledged, in words. */
  readonly durability: readonly string[];
  /** What can refuse, hang or slow down, in words. */
  readonly other: readonly string[];
}

/** Settings that the record rests on, their safe values, and what any other one can lose. */
const DURABLE_SETTINGS: readonly (readonly [name: string, safe: readonly string[], loss: string])[] = [
  ['fsync', ['on'], 'a crash of the machine loses or destroys the record'],
  ['full_page_writes', ['on'], 'a crash of the machine leaves pages half written, which nothing repairs'],
  // With the others, too, a commit is on our own disk.
  ['synchronous_commit', ['on', 'local', 'remote_write', 'remote_apply'], 'a crash of Postgres loses what was committed last by any session that does not set its own, as the service\'s do'],
  ['zero_damaged_pages', ['off'], 'a damaged page is emptied instead of told'],
];

const OWN = 'the service\'s sessions set their own, others do not';

/** Settings that can refuse, hang or slow down. */
const OTHER_SETTINGS: readonly (readonly [name: string, safe: readonly string[], effect: string])[] = [
  ['default_transaction_read_only', ['off'], OWN],
  ['default_transaction_isolation', ['read committed'], OWN],
  ['statement_timeout', ['0'], OWN],
  ['lock_timeout', ['0'], OWN],
  ['idle_in_transaction_session_timeout', ['0'], OWN],
  ['idle_session_timeout', ['0'], OWN],
  ['transaction_timeout', ['0'], OWN],
  ['autovacuum', ['on'], 'tables grow without end and are read ever slower'],
];

/** Where a value comes from, as Postgres names it and as people do. */
const SOURCES: Readonly<Record<string, string>> = {
  'configuration file': 'of the server', 'command line': 'of the server', default: 'of the server', 'environment variable': 'of the server',
  database: 'of the database', user: 'of the role', 'database user': 'of the role in the database', global: 'of all roles', client: 'of the connection',
};

interface Setting extends Row { name: string; value: string; source: string }

/** What a new session is given can change in these ways only. */
const FINGERPRINT: NamedQuery = {
  name: 'settings_fingerprint',
  text: `SELECT concat_ws(' ', pg_postmaster_start_time(), pg_conf_load_time(), pg_is_in_recovery(),
    (SELECT string_agg(setdatabase || ':' || setrole || ':' || setconfig::text, ' ' ORDER BY setdatabase, setrole) FROM pg_db_role_setting
      WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
        AND setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = session_user))),
    (SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relpersistence = 'u')) AS text`,
};

/** Tables of what need not outlive a crash, which are unlogged by their migrations. */
const FORGETTABLE: readonly string[] = ['login_buckets', 'login_limits'];

/** Postgres' settings, looked at as a new session gets them; a connection is made for that only when they may have changed. */
export class PostgresSettings {
  private fingerprint = '';
  private found: SettingProblems = { durability: [], other: [] };

  constructor(private readonly database: Database) {}

  /** @throws DatabaseUnavailableError */
  async problems(): Promise<SettingProblems> {
    const [row] = await this.database.query<{ text: string }>(FINGERPRINT, []);
    const fingerprint = row?.text ?? '';
    if (fingerprint !== this.fingerprint) {
      this.found = await this.read();
      this.fingerprint = fingerprint;
    }
    return this.found;
  }

  private async read(): Promise<SettingProblems> {
    const session = await this.database.plainSession();
    try {
      const names = [...DURABLE_SETTINGS, ...OTHER_SETTINGS].map(([name]) => name);
      const { rows } = await session.query<Setting>('SELECT name, current_setting(name) AS value, source FROM pg_settings WHERE name = ANY ($1)', [names]);
      const { rows: [server] } = await session.query<{ is_standby: boolean; unlogged: string[] }>(
        `SELECT pg_is_in_recovery() AS is_standby, ARRAY(
           SELECT relname::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relpersistence = 'u' AND relname <> ALL ($1) ORDER BY 1
         ) AS unlogged`, [FORGETTABLE],
      );
      const settings = new Map(rows.map((row) => [row.name, row]));
      const problems = (wanted: typeof DURABLE_SETTINGS): string[] => wanted.flatMap(([name, safe, effect]) => {
        const setting = settings.get(name);
        // Older versions do not know all of them.
        if (setting === undefined || safe.includes(setting.value)) return [];
        return [`${name} is ${setting.value} (${SOURCES[setting.source] ?? setting.source}), not ${safe[0] ?? ''}: ${effect}`];
      });
      return {
        durability: [
          ...problems(DURABLE_SETTINGS),
          ...(server?.unlogged ?? []).map((table) => `table ${table} is unlogged: a crash of Postgres empties it`),
        ],
        other: [
          ...(server?.is_standby === true ? ['postgres is a standby: it takes no writes'] : []),
          ...problems(OTHER_SETTINGS),
        ],
      };
    } finally {
      await session.end();
    }
  }
}
