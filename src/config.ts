import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import Joi from 'joi';
import { DEFAULT_INSTRUMENTS, parseInstruments, type Instrument } from './domain/instruments';
import { authorityOf, originOf, type Authority } from './domain/origin';

/** The only reader of the environment: every setting and every limit, with its default and its bounds. */
export interface Config {
  readonly port: number;
  readonly host: string;
  readonly dataDir: string;
  readonly logLevel: string;
  readonly redisUrl: string;
  readonly databaseUrl: string;
  readonly roles: ReadonlySet<Role>;
  /** Processes that serve the API; 1 is this process alone. */
  readonly apiWorkers: number;
  readonly shard: string;
  readonly instruments: readonly Instrument[];
  readonly allowInsecure: boolean;
  /** Web pages that may use the service beside its own, as browsers write their origins. */
  readonly allowedOrigins: readonly string[];
  /** Names of the service beside the loopback's. */
  readonly allowedHosts: readonly Authority[];
  readonly requireDurable: boolean;
  readonly autoRecover: boolean;
  readonly ackAfter: AckAfter;
  readonly idempotencyTtlS: number;
  readonly shutdownTimeoutMs: number;

  readonly bodyBytesMax: number;
  readonly urlBytesMax: number;
  readonly batchOperationsMax: number;
  readonly orderbookLevelsMax: number;
  readonly orderbookOrdersMax: number;
  readonly tradesLimitMax: number;
  readonly ordersLimitMax: number;
  readonly candlesLimitMax: number;
  readonly rateLimitPerSecond: number;
  readonly httpConnectionsMax: number;
  readonly requestTimeoutMs: number;

  readonly orderEntryConnectionsMax: number;
  readonly orderEntryInFlightMax: number;
  readonly orderEntryBufferBytesMax: number;
  readonly orderEntryPingMs: number;

  readonly fillsPerOrderMax: number;
  readonly openOrdersPerClientMax: number;
  readonly massCancelPage: number;
  readonly engineTimeoutMs: number;
  readonly engineCallCommandsMax: number;
  readonly engineInFlightMax: number;

  readonly backlogMax: number;
  readonly writerBatchEntriesMax: number;
  readonly writerLingerMs: number;
  readonly logTailEntries: number;
  readonly recentTradesKept: number;
  readonly readBarrierTimeoutMs: number;
  readonly databaseConnectionsMax: number;
  readonly databaseTimeoutMs: number;
  readonly settingsCheckMs: number;

  readonly streamConnectionsMax: number;
  readonly streamConnectionsPerAddressMax: number;
  readonly streamSubscriptionsMax: number;
  readonly streamMessageBytesMax: number;
  readonly streamMessagesPerSecond: number;
  readonly streamBehindBytes: number;
  readonly streamBehindMs: number;
  readonly streamBufferBytesMax: number;
  readonly streamHeartbeatMs: number;
  readonly streamPingMs: number;
  readonly streamFlushMs: number;
  readonly streamTailEntries: number;
  readonly streamResumeEntriesMax: number;
}

export type Role = 'api' | 'writer';
export type AckAfter = 'redis' | 'postgres';

export class ConfigError extends Error {}

const positive = (fallback: number, max: number): Joi.NumberSchema => Joi.number().integer().min(1).max(max).default(fallback);

const GIB = 2 ** 30;
const API_WORKERS_MAX = 64;
/** A hundred years: old data can be kept answering. */
const IDEMPOTENCY_TTL_MAX_S = 3_153_600_000;

/** Node tells that a connection has drained only where more waited than this. */
const STREAM_BYTES_MIN = 65_536;
const streamBytes = (fallback: number): Joi.NumberSchema => Joi.number().integer().min(STREAM_BYTES_MIN).max(GIB).default(fallback);

/** Names of the settings as the environment carries them. */
const ENVIRONMENT = Joi.object({
  PORT: Joi.number().integer().min(0).max(65535).default(3000),
  HOST: Joi.string().hostname().default('127.0.0.1'),
  DATA_DIR: Joi.string().default('./data'),
  LOG_LEVEL: Joi.string().valid('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent').default('info'),
  REDIS_URL: Joi.string().uri({ scheme: ['redis', 'rediss', 'unix'] }).default('redis://127.0.0.1:6379'),
  DATABASE_URL: Joi.string().uri({ scheme: ['postgres', 'postgresql'] }).default('postgres://postgres@127.0.0.1:5432/openfill'),
  ROLES: Joi.string().pattern(/^(api|writer)(,(api|writer))*$/).default('api,writer')
    .messages({ 'string.pattern.base': '"ROLES" must be a list of api and writer, separated by commas' }),
  API_WORKERS: Joi.alternatives(Joi.valid('auto'), Joi.number().integer().min(1).max(API_WORKERS_MAX)).default(1)
    .messages({ 'alternatives.match': `"API_WORKERS" must be auto or a number from 1 to ${API_WORKERS_MAX}` }),
  SHARD: Joi.string().pattern(/^[a-z0-9_-]{1,64}$/i).default('main')
    .messages({ 'string.pattern.base': '"SHARD" must be 1 to 64 letters, digits, _ or -' }),
  INSTRUMENTS_FILE: Joi.string(),
  ALLOW_INSECURE: Joi.boolean().default(false),
  ALLOWED_ORIGINS: Joi.string(),
  ALLOWED_HOSTS: Joi.string(),
  REQUIRE_DURABLE: Joi.boolean().default(false),
  AUTO_RECOVER: Joi.boolean().default(true),
  ACK_AFTER: Joi.string().valid('redis', 'postgres').default('redis'),
  IDEMPOTENCY_TTL: positive(86_400, IDEMPOTENCY_TTL_MAX_S),
  SHUTDOWN_TIMEOUT_MS: positive(10_000, 600_000),

  BODY_BYTES_MAX: positive(1_048_576, 64 * 1_048_576),
  URL_BYTES_MAX: positive(8_192, 65_536),
  BATCH_OPERATIONS_MAX: positive(1_000, 10_000),
  ORDERBOOK_LEVELS_MAX: positive(5_000, 100_000),
  ORDERBOOK_ORDERS_MAX: positive(1_000, 2_000),
  TRADES_LIMIT_MAX: positive(1_000, 10_000),
  ORDERS_LIMIT_MAX: positive(1_000, 10_000),
  CANDLES_LIMIT_MAX: positive(1_000, 10_000),
  RATE_LIMIT_PER_SECOND: positive(100_000, 10_000_000),
  HTTP_CONNECTIONS_MAX: positive(20_000, 1_000_000),
  REQUEST_TIMEOUT_MS: positive(30_000, 600_000),

  ORDER_ENTRY_CONNECTIONS_MAX: positive(1_000, 1_000_000),
  ORDER_ENTRY_IN_FLIGHT_MAX: positive(1_000, 100_000),
  ORDER_ENTRY_BUFFER_BYTES_MAX: positive(4 * 1_048_576, GIB),
  ORDER_ENTRY_PING_MS: positive(20_000, 600_000),

  FILLS_PER_ORDER_MAX: positive(10_000, 100_000),
  OPEN_ORDERS_PER_CLIENT_MAX: positive(1_000_000, 100_000_000),
  MASS_CANCEL_PAGE: positive(200, 1_000),
  ENGINE_TIMEOUT_MS: positive(5_000, 600_000),
  ENGINE_CALL_COMMANDS_MAX: positive(50, 1_000),
  ENGINE_IN_FLIGHT_MAX: positive(50_000, 10_000_000),

  BACKLOG_MAX: positive(1_000_000, 100_000_000),
  WRITER_BATCH_ENTRIES_MAX: positive(2_000, 20_000),
  WRITER_LINGER_MS: Joi.number().integer().min(0).max(1_000).default(20),
  LOG_TAIL_ENTRIES: positive(10_000, 10_000_000),
  RECENT_TRADES_KEPT: positive(1_000, 1_000_000),
  READ_BARRIER_TIMEOUT_MS: positive(2_000, 60_000),
  DATABASE_CONNECTIONS_MAX: positive(10, 1_000),
  DATABASE_TIMEOUT_MS: positive(5_000, 600_000),
  SETTINGS_CHECK_MS: positive(5_000, 3_600_000),

  STREAM_CONNECTIONS_MAX: positive(20_000, 1_000_000),
  STREAM_CONNECTIONS_PER_ADDRESS_MAX: positive(15_000, 1_000_000),
  STREAM_SUBSCRIPTIONS_MAX: positive(10_000, 100_000),
  STREAM_MESSAGE_BYTES_MAX: positive(16_384, 1_048_576),
  STREAM_MESSAGES_PER_SECOND: positive(200, 100_000),
  STREAM_BEHIND_BYTES: streamBytes(262_144),
  STREAM_BEHIND_MS: positive(10_000, 600_000),
  STREAM_BUFFER_BYTES_MAX: streamBytes(4 * 1_048_576),
  STREAM_HEARTBEAT_MS: positive(1_000, 60_000),
  STREAM_PING_MS: positive(30_000, 600_000),
  STREAM_FLUSH_MS: Joi.number().integer().min(0).max(10_000).default(0),
  STREAM_TAIL_ENTRIES: positive(10_000, 1_000_000),
  STREAM_RESUME_ENTRIES_MAX: positive(100_000, 10_000_000),
}).unknown(true);

/** The settings as validated, under their names in camel case, before the few that are made of others. */
interface Settings extends Omit<Config, 'roles' | 'instruments' | 'idempotencyTtlS' | 'apiWorkers' | 'allowedOrigins' | 'allowedHosts'> {
  readonly roles: string;
  readonly apiWorkers: number | 'auto';
  readonly instrumentsFile: string | undefined;
  readonly allowedOrigins: string | undefined;
  readonly allowedHosts: string | undefined;
  readonly idempotencyTtl: number;
}

function camelCased(settings: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [
    name.toLowerCase().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), value,
  ]));
}

function readInstruments(file: string | undefined): Instrument[] {
  if (file === undefined) return parseInstruments(DEFAULT_INSTRUMENTS);
  try {
    return parseInstruments(JSON.parse(readFileSync(file, 'utf8')) as unknown);
  } catch (error) {
    throw new ConfigError(`INSTRUMENTS_FILE ${file}: ${(error as Error).message}`, { cause: error });
  }
}

/** @param read gives null for what is none of the list's kind, `what` */
function readList<T>(name: string, list: string | undefined, read: (text: string) => T | null, what: string): T[] {
  return (list ?? '').split(',').map((part) => part.trim()).filter((part) => part !== '').map((part) => {
    const value = read(part);
    if (value === null) throw new ConfigError(`${name}: ${part} is not ${what}`);
    return value;
  });
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}

/**
 * @param environment usually process.env; unknown names in it are left alone
 * @throws ConfigError with one clear line
 */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const checked = ENVIRONMENT.validate(given, { convert: true, stripUnknown: true });
  if (checked.error) throw new ConfigError(checked.error.message.replace(/"/g, ''));
  const settings = camelCased(checked.value as Record<string, unknown>) as unknown as Settings;
  if (!isLoopback(settings.host) && !settings.allowInsecure) {
    throw new ConfigError(`HOST ${settings.host} is reachable from outside and there is no authentication: set ALLOW_INSECURE=true to accept that`);
  }
  const { idempotencyTtl, roles, apiWorkers, instrumentsFile, dataDir, allowedOrigins, allowedHosts, ...rest } = settings;
  return {
    ...rest,
    dataDir: resolve(dataDir),
    apiWorkers: apiWorkers === 'auto' ? availableParallelism() : apiWorkers,
    roles: new Set(roles.split(',') as Role[]),
    instruments: readInstruments(instrumentsFile),
    idempotencyTtlS: idempotencyTtl,
    allowedOrigins: readList('ALLOWED_ORIGINS', allowedOrigins, originOf, 'an origin such as https://terminal.example'),
    allowedHosts: readList('ALLOWED_HOSTS', allowedHosts, authorityOf, 'a host name or address, with or without a port'),
  };
}
