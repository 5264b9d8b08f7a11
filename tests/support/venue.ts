import { randomBytes } from 'node:crypto';
import pino, { type Logger } from 'pino';
import { createApp, type App, type AppOptions } from '../../src/app';
import { readConfig } from '../../src/config';
import { watchHandles } from './handles';
import { TestDatabase } from './postgres';
import { TestRedis } from './redis';
import { sharedUrl } from './servers';

export interface VenueOptions {
  /** A Redis of the test's own; by default the run's shared one. */
  readonly redisUrl?: string;
  /** A Postgres server of the test's own; by default the run's shared one. The venue makes its database there. */
  readonly databaseServerUrl?: string;
  /** Whether the first start finds a database without a schema; by default that is there. Always one on a Postgres of the test's own. */
  readonly isDatabaseEmpty?: boolean;
  /** Its name where that matters, on a Redis of the test's own; by default a random one. */
  readonly shard?: string;
  /** Settings of the service, by the names of the environment. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly app?: AppOptions;
}

/** The service as it runs, on a port of its own. */
export interface RunningApp {
  readonly app: App;
  /** `http://127.0.0.1:<port>`, or https where it has a certificate; without a slash at the end. */
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** What the service logs is for whoever looks into a failure: TEST_LOG_LEVEL=debug. */
export const testLogger: Logger = pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' });

/** Passwords of tests guard nothing; those that are about the work of hashing ask for the program's own. */
const CHEAP_HASHING = { memoryCost: 64, timeCost: 1, parallelism: 1 };

/**
 * A shard and a database that nobody else uses, and the service on them. A test file opens one, or one for each test,
 * and closes it: closing fails when something was left open or behind.
 */
export class Venue {
  private readonly apps = new Set<RunningApp>();

  private constructor(
    /** Its keys all begin with `{shard}:`. */
    readonly shard: string,
    readonly redisUrl: string,
    private connection: TestRedis,
    readonly database: TestDatabase,
    private readonly options: VenueOptions,
    private readonly handles: () => Promise<string[]>,
  ) {}

  static async open(options: VenueOptions = {}): Promise<Venue> {
    const handles = watchHandles();
    const redisUrl = options.redisUrl ?? sharedUrl('TEST_REDIS_URL');
    const redis = await TestRedis.connect(redisUrl);
    const { databaseServerUrl: own, isDatabaseEmpty = own !== undefined } = options;
    const database = await TestDatabase.create(own ?? sharedUrl('TEST_DATABASE_URL'), { hasSchema: !isDatabaseEmpty });
    return new Venue(options.shard ?? `test-${randomBytes(6).toString('hex')}`, redisUrl, redis, database, options, handles);
  }

  get redis(): TestRedis {
    return this.connection;
  }

  /** Connects the test's own look into Redis again, after a restart of that. */
  async reconnect(): Promise<void> {
    this.connection.close();
    this.connection = await TestRedis.connect(this.redisUrl);
  }

  /** Settings of a service on this venue: for `readConfig`, or for a process. */
  environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    return {
      PORT: '0',
      SHARD: this.shard,
      REDIS_URL: this.redisUrl,
      DATABASE_URL: this.database.url,
      REQUIRE_DURABLE: 'true',
      LOG_LEVEL: 'silent',
      ...this.options.environment,
      ...more,
    };
  }

  /** Starts the service in this process, as often as wanted: a second one is another API process on the same shard. */
  async start(environment: Readonly<Record<string, string>> = {}, options: AppOptions = this.options.app ?? {}): Promise<RunningApp> {
    const config = readConfig(this.environment(environment));
    const app = createApp(config, testLogger, { hashing: CHEAP_HASHING, ...options });
    const { port } = await app.start();
    const running: RunningApp = {
      app,
      port: port ?? 0,
      url: `${config.tls === null ? 'http' : 'https'}://127.0.0.1:${port ?? 0}`,
      stop: async () => {
        if (this.apps.delete(running)) await app.stop();
      },
    };
    this.apps.add(running);
    return running;
  }

  /** Stops what still runs, removes keys and database. @throws Error that names what was leaked */
  async close(): Promise<void> {
    for (const app of [...this.apps]) await app.stop();
    await this.redis.dropShard(this.shard);
    this.redis.close();
    const leaks = (await this.database.drop()).map((leak) => `a database connection (${leak})`);
    leaks.push(...await this.handles());
    if (leaks.length > 0) throw new Error(`left open: ${leaks.join(', ')}`);
  }
}
