import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import Joi from 'joi';
import { compile } from 'proxy-addr';
import { USERNAME_PATTERN } from './domain/access';
import { assetsOf, parseAssets, type Asset } from './domain/assets';
import { parseFeeTiers, type FeeTier } from './domain/fee-tiers';
import { DEFAULT_INSTRUMENTS, parseInstruments, type Instrument } from './domain/instruments';
import { FUNDS, type Funds } from './domain/money';
import { authorityOf, originOf, type Authority } from './domain/origin';
import { TlsFilesError, readTlsFiles, type TlsSettings } from './tls-files';

/** The service's only reader of the environment: every setting and every limit, with its default and its bounds. */
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
  /** Decimals by asset that the assets file says. */
  readonly assetDecimals: ReadonlyMap<string, number>;
  /** As fine as that and the instruments say; what an asset was used with goes before either. */
  readonly assets: readonly Asset[];
  readonly funds: Funds;
  /** Empty where groups of fees do not follow from volume. */
  readonly feeTiers: readonly FeeTier[];
  readonly accountSnapshotEvery: number;
  readonly balanceAuditMs: number;
  /** Whether an order may ask to be made to fail. */
  readonly faultInjection: boolean;
  readonly auth: Auth;
  readonly registration: 'open' | 'provider' | 'closed';
  /** Where people log in elsewhere; null where nobody does. */
  readonly oidc: OidcSettings | null;
  /** Directory of the venue's own keys: for its tokens, and for what it seals. */
  readonly keysDir: string;
  readonly tokenAlgorithm: TokenAlgorithm;
  readonly tokenIssuer: string;
  readonly accessTokenTtlS: number;
  readonly refreshTokenTtlS: number;
  readonly sudoTtlS: number;
  readonly authStaleMaxS: number;
  readonly peoplePollMs: number;
  readonly hashesAtOnceMax: number;
  readonly hashesWaitingMax: number;
  readonly accountsPerUserMax: number;
  readonly sharedAccountsPerUserMax: number;
  readonly ownersPerAccountMax: number;
  readonly apiKeysPerUserMax: number;
  readonly sessionsPerUserMax: number;
  readonly limitPrincipalPerSecond: number;
  readonly limitPrincipalBurst: number;
  readonly limitMutatePerSecond: number;
  readonly limitMutateBurst: number;
  readonly limitExpensivePerMinute: number;
  readonly limitSudoFactor: number;
  readonly limitLoginPerSecond: number;
  readonly limitLoginBurst: number;
  readonly limitLoginFailures: number;
  readonly limitLoginFailuresWindowS: number;
  readonly allowInsecure: boolean;
  /** null where the port speaks plain HTTP. */
  readonly tls: TlsSettings | null;
  /** Addresses, networks, and names of networks as proxy-addr has them. */
  readonly trustedProxies: readonly string[];
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
  readonly moneyLimitMax: number;
  readonly rateLimitPerSecond: number;
  readonly httpConnectionsMax: number;
  readonly requestTimeoutMs: number;

  readonly orderEntryConnectionsMax: number;
  readonly orderEntryInFlightMax: number;
  readonly orderEntryBufferBytesMax: number;
  readonly orderEntryAuthTimeoutMs: number;
  readonly orderEntryPingMs: number;

  readonly algosPerAccountMax: number;
  readonly algoSlicesMax: number;
  readonly algoDurationMaxS: number;
  readonly algoRefusalsMax: number;

  readonly fillsPerOrderMax: number;
  readonly triggersPerCommand: number;
  readonly openOrdersPerClientMax: number;
  readonly icebergPartsMax: number;
  readonly massCancelPage: number;
  readonly cancelOnDisconnectMs: number;
  /** Whether orders of one account are kept from each other, or of one owner. */
  readonly stpScope: 'account' | 'owner';
  readonly duePage: number;
  readonly auctionPage: number;
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
  readonly streamAccountsMax: number;
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
export type Auth = 'off' | 'dev' | 'required';
export type TokenAlgorithm = 'EdDSA' | 'PS256';

export interface OidcSettings {
  readonly issuer: string;
  readonly clientId: string;
  /** null of a public client. */
  readonly clientSecret: string | null;
  /** null: the service's own, by the name that it was asked under. */
  readonly redirectUri: string | null;
  readonly timeoutMs: number;
  /** What the provider calls the venue in access tokens of machines; null where there are none. */
  readonly audience: string | null;
  /** Usernames of machine clients, by what the provider calls these. */
  readonly machines: ReadonlyMap<string, string>;
}

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
  PORT: Joi.number().integer().min(0).max(65535).default(3000).description('Port of the service; 0 for a free one.'),
  HOST: Joi.string().hostname().default('127.0.0.1').note('a name or an address').description('Address it listens on. Anything but loopback needs `AUTH=required`, and a certificate or `TRUSTED_PROXIES`; or `ALLOW_INSECURE`.'),
  DATA_DIR: Joi.string().default('./data').note('a directory').description("Where `npm run up` keeps its servers' data."),
  LOG_LEVEL: Joi.string().valid('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent').default('info').description('Least level that is logged.'),
  REDIS_URL: Joi.string().uri({ scheme: ['redis', 'rediss', 'unix'] }).default('redis://127.0.0.1:6379')
    .description('Redis to use. Without it `npm run up` starts its own.'),
  DATABASE_URL: Joi.string().uri({ scheme: ['postgres', 'postgresql'] }).default('postgres://postgres@127.0.0.1:5432/openfill')
    .description('Postgres to use. Without it `npm run up` starts its own.'),
  ROLES: Joi.string().pattern(/^(api|writer)(,(api|writer))*$/).default('api,writer')
    .messages({ 'string.pattern.base': '"ROLES" must be a list of api and writer, separated by commas' })
    .note('`api`, `writer`, or both with a comma').description('What this process does.'),
  API_WORKERS: Joi.alternatives(Joi.valid('auto'), Joi.number().integer().min(1).max(API_WORKERS_MAX)).default(1)
    .messages({ 'alternatives.match': `"API_WORKERS" must be auto or a number from 1 to ${API_WORKERS_MAX}` })
    .description('Processes that serve the API on one port; `auto` for one a core. With more than one, a writer process is beside them.'),
  SHARD: Joi.string().pattern(/^[a-z0-9_-]{1,64}$/i).default('main')
    .messages({ 'string.pattern.base': '"SHARD" must be 1 to 64 letters, digits, _ or -' })
    .note('1 to 64 letters, digits, `_` or `-`').description('Name of the shard; all its keys in Redis carry it.'),
  INSTRUMENTS_FILE: Joi.string().note('a file').description('What is traded; without it BTC-USD and ETH-USD.'),
  FUNDS: Joi.string().valid(...FUNDS).default('paper')
    .description('`off`: no balances are kept. `paper`: every account has unlimited credit. `required`: an account needs what it commits.'),
  ASSETS_FILE: Joi.string().note('a file').description('Decimals of assets, for those that the venue has not started with before; without it they are as fine as the instruments need.'),
  FEE_TIERS_FILE: Joi.string().note('a file').description('Groups of fees by the volume of 30 days, which accounts are put into once a day; without it they stay where they are.'),
  ACCOUNT_SNAPSHOT_EVERY: positive(500, 1_000_000).description("Events of an account between two snapshots of its balances."),
  BALANCE_AUDIT_MS: positive(10_000, 3_600_000).description('How often the balances of all accounts are looked at: whether they add up, and are covered.'),
  FAULT_INJECTION: Joi.boolean().default(false).description('Take `inject_failure_step` of an order, which makes it fail at that step: for tests.'),
  AUTH: Joi.string().valid('off', 'required', 'dev').default('off')
    .description('`off`: nobody is asked who they are, and whoever reaches the port may do everything. `required`: callers say who they are, and may do what is theirs. `dev`: the same, but `POST /auth/token` gives anybody a token for any user; on loopback alone.'),
  REGISTRATION: Joi.string().valid('open', 'provider', 'closed').default('open')
    .description('Who may become a user: anybody, whom the provider of logins lets in, or only whom `npm run admin` makes one.'),
  OIDC_ISSUER: Joi.string().uri({ scheme: ['https', 'http'] }).description('Provider by which people may log in (OpenID Connect). Plain http on the loopback only, or with `ALLOW_INSECURE`.'),
  OIDC_CLIENT_ID: Joi.string().max(255).note('what the provider calls the venue').description('Name of the venue at the provider.'),
  OIDC_CLIENT_SECRET: Joi.string().max(1_024).note('a secret of the provider').description('Secret of the venue at the provider, where it has one. It is not logged.'),
  OIDC_REDIRECT_URI: Joi.string().uri({ scheme: ['https', 'http'] })
    .description('Address of `/auth/oidc/callback` as browsers find it. Without it, that of the name by which the login was asked for: http on the loopback, else https.'),
  OIDC_AUDIENCE: Joi.string().max(255).note('what the provider calls the venue as an API').description('Audience of access tokens by which machines log in: another than `OIDC_CLIENT_ID`, which tokens about people carry.'),
  OIDC_MACHINE_CLIENTS: Joi.string().note('`client=username`, separated by commas').description('Machine clients of the provider that may log in, and who each is here. Nobody can register or open accounts under these names.'),
  OIDC_TIMEOUT_MS: positive(5_000, 60_000).description('Longest wait for an answer of the provider.'),
  KEYS_DIR: Joi.string().note('a directory').description("Where the venue's own keys are, for its tokens and for what it seals; they are made at the first start. Without it `keys` in `DATA_DIR`."),
  TOKEN_ALGORITHM: Joi.string().valid('EdDSA', 'PS256').default('EdDSA').description('How new token keys sign.'),
  TOKEN_ISSUER: Joi.string().pattern(/^[\x21-\x7e]{1,255}$/).default('openfill').note('1 to 255 printable characters').description('Issuer and audience of tokens.'),
  ACCESS_TOKEN_TTL_S: positive(900, 86_400).description('Seconds that an access token is good for.'),
  REFRESH_TOKEN_TTL_S: positive(2_592_000, 31_536_000).description('Seconds that a login is good for after its tokens were renewed last.'),
  SUDO_TTL_S: positive(900, 900).description('Seconds that the powers of a role are there for.'),
  AUTH_STALE_MAX_S: positive(3_600, 604_800).description('Seconds for which API keys go on while Postgres cannot be asked whether they still hold.'),
  PEOPLE_POLL_MS: positive(200, 1_000).description('How often a process looks for what changed about users, keys and accounts.'),
  HASHES_AT_ONCE_MAX: positive(1, 8).description('Passwords that a process hashes at once.'),
  HASHES_WAITING_MAX: positive(100, 10_000).description('Passwords that may wait for that: as many of people whom the venue knows by a login, or by the address of an earlier one, who come first, and as many of strangers.'),
  ACCOUNTS_PER_USER_MAX: positive(100, 1_000).description('Accounts that a user may have opened, the one of its own name among them.'),
  SHARED_ACCOUNTS_PER_USER_MAX: positive(100, 1_000).description('Accounts of others that may be shared with a user.'),
  OWNERS_PER_ACCOUNT_MAX: positive(20, 1_000).description('Users that an account may be shared with.'),
  API_KEYS_PER_USER_MAX: positive(20, 1_000).description('API keys of a user.'),
  SESSIONS_PER_USER_MAX: positive(100, 10_000).description('Logins of a user at a time. With one more the one ends that was renewed longest ago.'),
  LIMIT_PRINCIPAL_PER_SECOND: positive(200, 1_000_000).description('Reads a second of a user, for each process.'),
  LIMIT_PRINCIPAL_BURST: positive(400, 10_000_000).description('Reads of a user at once.'),
  LIMIT_MUTATE_PER_SECOND: positive(100, 1_000_000).description('Orders, amends and transfers a second of a user, for each process; a batch counts each operation. Cancels have as much again for themselves.'),
  LIMIT_MUTATE_BURST: positive(1_000, 10_000_000).description('The same at once.'),
  LIMIT_EXPENSIVE_PER_MINUTE: positive(180, 1_000_000).description('Calls of a user that read history or move money out, a minute, for each process.'),
  LIMIT_SUDO_FACTOR: positive(10, 1_000).description('How much more of each an operator may do.'),
  LIMIT_LOGIN_PER_SECOND: positive(10, 100_000).description('Logins, registrations and the like a second from one address, over all processes.'),
  LIMIT_LOGIN_BURST: positive(20, 1_000_000).description('The same at once.'),
  LIMIT_LOGIN_FAILURES: positive(5, 1_000).description('Wrong passwords of one name, over all processes, after which addresses that gave one have to wait, longer each time.'),
  LIMIT_LOGIN_FAILURES_WINDOW_S: positive(900, 86_400).description('Seconds for which a wrong password counts.'),
  ALLOW_INSECURE: Joi.boolean().default(false).description('Accept that others can reach a service that asks nobody who they are, or whose traffic can be read.'),
  TLS_CERT_FILE: Joi.string().note('a file')
    .description('Certificate (PEM), with those that vouch for it behind it. With it the port speaks https alone. SIGHUP reads both files again.'),
  TLS_KEY_FILE: Joi.string().note('a file').description('Its private key (PEM), without a password.'),
  TRUSTED_PROXIES: Joi.string().note('addresses, networks such as `10.0.0.0/8`, `loopback`, `linklocal`, `uniquelocal`, separated by commas')
    .description('Whose `X-Forwarded-For` and `X-Forwarded-Proto` count.'),
  ALLOWED_ORIGINS: Joi.string().note('origins, separated by commas')
    .description('Web pages that may use the service from a browser, beside those that it serves itself, such as `https://terminal.example`.'),
  ALLOWED_HOSTS: Joi.string().note('names or addresses, with or without a port, separated by commas')
    .description("Names by which the service may be asked to change something, or for a connection, beside the loopback's."),
  REQUIRE_DURABLE: Joi.boolean().default(false).description('Not ready on a Redis or a Postgres whose settings can lose what was acknowledged. `npm run up` and Docker set it.'),
  AUTO_RECOVER: Joi.boolean().default(true).description('Rebuild a lost, older or damaged Redis without being asked.'),
  ACK_AFTER: Joi.string().valid('redis', 'postgres').default('redis')
    .description('Answer when Redis has the command on disk, or when Postgres has committed it: `redis` or `postgres`. An order may ask for itself: `"ack": "postgres"`.'),
  IDEMPOTENCY_TTL: positive(86_400, IDEMPOTENCY_TTL_MAX_S).description('Seconds for which a key is remembered.'),
  SHUTDOWN_TIMEOUT_MS: positive(10_000, 600_000).description('Longest wait for each step of stopping: requests in flight, then the writer.'),

  BODY_BYTES_MAX: positive(1_048_576, 64 * 1_048_576).description("Bytes of a request's body."),
  URL_BYTES_MAX: positive(8_192, 65_536).description("Characters of a request's address."),
  BATCH_OPERATIONS_MAX: positive(1_000, 10_000).description('Operations in one batch.'),
  ORDERBOOK_LEVELS_MAX: positive(5_000, 100_000).description('Levels a side that one order book may be asked for.'),
  ORDERBOOK_ORDERS_MAX: positive(1_000, 2_000).description('Single orders a side that one order book tells (`level=3`).'),
  TRADES_LIMIT_MAX: positive(1_000, 10_000).description('Trades in one page.'),
  ORDERS_LIMIT_MAX: positive(1_000, 10_000).description('Orders in one page.'),
  CANDLES_LIMIT_MAX: positive(1_000, 10_000).description('Candles in one page.'),
  MONEY_LIMIT_MAX: positive(1_000, 10_000).description("Accounts, an account's events, fills, deposits or withdrawals in one page."),
  RATE_LIMIT_PER_SECOND: positive(100_000, 10_000_000).description('Requests a second from one address, for each process.'),
  HTTP_CONNECTIONS_MAX: positive(20_000, 1_000_000).description('Connections to one process, streams included.'),
  REQUEST_TIMEOUT_MS: positive(30_000, 600_000).description('Time in which a request must have arrived; its headers in 10 s at most.'),

  ORDER_ENTRY_CONNECTIONS_MAX: positive(1_000, 1_000_000).description('Order entry connections of one process.'),
  ORDER_ENTRY_IN_FLIGHT_MAX: positive(1_000, 100_000).description('Requests of one order entry connection that may wait for their answers.'),
  ORDER_ENTRY_BUFFER_BYTES_MAX: positive(4 * 1_048_576, GIB).description('Bytes of answers that an order entry client has not read, from which on it is not read from.'),
  ORDER_ENTRY_AUTH_TIMEOUT_MS: positive(5_000, 600_000).description('How long an order entry client may take to say who it is, with `AUTH=required`.'),
  ORDER_ENTRY_PING_MS: positive(20_000, 600_000).description('How often an order entry client is pinged; one that misses a ping is gone.'),

  ALGOS_PER_ACCOUNT_MAX: positive(20, 10_000).description('Parent orders (TWAP) of an account that run at a time.'),
  ALGO_SLICES_MAX: positive(1_000, 10_000).description('Slices of a parent order.'),
  ALGO_DURATION_MAX_S: positive(86_400, 2_592_000).description('Seconds that a parent order may take.'),
  ALGO_REFUSALS_MAX: positive(3, 1_000).description('Slices refused one after another at which a parent order stops.'),

  FILLS_PER_ORDER_MAX: positive(10_000, 100_000).description('Fills of one command; what is left of the order is cancelled.'),
  TRIGGERS_PER_COMMAND: positive(100, 10_000).description('Orders waiting for a price that go in one call of Redis when trades reach them; the rest goes on in the next, ahead of everything else.'),
  OPEN_ORDERS_PER_CLIENT_MAX: positive(1_000_000, 100_000_000).description('Open orders of one client.'),
  ICEBERG_PARTS_MAX: positive(100, 10_000).description('Times that the quantity of an order may be what it displays.'),
  STP_SCOPE: Joi.string().valid('account', 'owner').default('account')
    .description('Which orders self-trade prevention keeps from trading with each other: those of one `account`, or those of all accounts that one `owner` has opened.'),
  MASS_CANCEL_PAGE: positive(200, 1_000).description('Orders that one step of a cancel-all looks at.'),
  CANCEL_ON_DISCONNECT_MS: Joi.number().integer().min(500).max(5_000).default(3_000)
    .description('How long a process may be silent before orders go that are cancelled with its connections (`cancel_on_disconnect`).'),
  DUE_PAGE: positive(200, 1_000).description('Orders that one call of Redis ends whose time is over. What is called for waits while more of them are left.'),
  AUCTION_PAGE: positive(500, 10_000).description('Trades of a call auction that one call of Redis carries out. What is called for waits while more of them are left.'),
  ENGINE_TIMEOUT_MS: positive(5_000, 600_000).description('Longest wait for Redis, and of `ack=postgres` for the commit.'),
  ENGINE_CALL_COMMANDS_MAX: positive(50, 1_000).description('Commands in one call of Redis.'),
  ENGINE_IN_FLIGHT_MAX: positive(50_000, 10_000_000).description('Commands of one process that may wait for Redis.'),

  BACKLOG_MAX: positive(1_000_000, 100_000_000).description('Log entries that may wait for Postgres before new orders are refused.'),
  WRITER_BATCH_ENTRIES_MAX: positive(5_000, 20_000).description('Log entries in one transaction of the writer.'),
  WRITER_LINGER_MS: Joi.number().integer().min(0).max(1_000).default(20)
    .description('Pause of the writer after a transaction of less than half of `WRITER_BATCH_ENTRIES_MAX`, so that the next transaction has more to do; 0 for none. With `ACK_AFTER=postgres` there is none.'),
  LOG_TAIL_ENTRIES: positive(10_000, 10_000_000).description('Log entries that Redis keeps although Postgres has them.'),
  RECENT_TRADES_KEPT: positive(1_000, 1_000_000).description('Trades of each instrument that Redis keeps although Postgres has them.'),
  READ_BARRIER_TIMEOUT_MS: positive(2_000, 60_000).description('Longest wait of `GET /orders?status=all`, the ticker and candles for what was acknowledged to arrive, before they answer without it.'),
  DATABASE_CONNECTIONS_MAX: positive(10, 1_000).description('Connections to Postgres for reads, for each process.'),
  DATABASE_TIMEOUT_MS: positive(5_000, 600_000).description('Longest wait for a read of Postgres.'),
  SETTINGS_CHECK_MS: positive(5_000, 3_600_000).description('How often the settings of Redis and Postgres that can lose, refuse or hang are looked at again.'),

  STREAM_CONNECTIONS_MAX: positive(20_000, 1_000_000).description('Stream clients of one process, WebSockets and event streams.'),
  STREAM_CONNECTIONS_PER_ADDRESS_MAX: positive(15_000, 1_000_000).description('Stream clients from one address. Lower it where strangers connect directly.'),
  STREAM_SUBSCRIPTIONS_MAX: positive(10_000, 100_000).description('Subscriptions of one stream client, one for each channel of each instrument or account.'),
  STREAM_ACCOUNTS_MAX: positive(100, 10_000).description('Accounts that one message or query of a stream client may name.'),
  STREAM_MESSAGE_BYTES_MAX: positive(16_384, 1_048_576).description('Bytes of a message that a stream client sends.'),
  STREAM_MESSAGES_PER_SECOND: positive(200, 100_000).description('Messages that a stream client may send in a second.'),
  STREAM_BEHIND_BYTES: streamBytes(262_144).description('Bytes that may wait for a stream client before it counts as behind: book changes are merged.'),
  STREAM_BEHIND_MS: positive(10_000, 600_000).description('How long a stream client may be behind before it is closed.'),
  STREAM_BUFFER_BYTES_MAX: streamBytes(4 * 1_048_576).description('Bytes that may wait for a stream client in all, what is held back for it included.'),
  STREAM_HEARTBEAT_MS: positive(1_000, 60_000).description('Silence after which a stream client gets a heartbeat.'),
  STREAM_PING_MS: positive(30_000, 600_000).description('How often WebSocket clients are pinged. One that gave no sign of life since the last ping is cut off.'),
  STREAM_FLUSH_MS: Joi.number().integer().min(0).max(10_000).default(0)
    .description('Book changes are merged over this time; 0 for one message a command. Trades and orders always go at once.'),
  STREAM_TAIL_ENTRIES: positive(10_000, 1_000_000).description('Log entries that each API process keeps in memory to resume streams from.'),
  STREAM_RESUME_ENTRIES_MAX: positive(100_000, 10_000_000).description('Log entries that a stream client may have missed and still be told of one by one.'),
}).unknown(true);

/** What the configuration page says of a setting, as Markdown. */
export interface SettingDescription {
  readonly name: string;
  /** As a person would write it; null where there is none. */
  readonly fallback: string | null;
  /** What it may be. */
  readonly bounds: string;
  readonly meaning: string;
}

/** A schema as Joi tells of it, as far as it is used here. */
interface DescribedSchema {
  readonly type?: string;
  readonly flags?: { readonly default?: string | number | boolean; readonly description?: string; readonly only?: boolean };
  readonly rules?: readonly { readonly name: string; readonly args?: { readonly limit?: number; readonly options?: { readonly scheme?: readonly string[] } } }[];
  readonly allow?: readonly unknown[];
  readonly matches?: readonly { readonly schema: DescribedSchema }[];
  readonly notes?: readonly string[];
}

function boundsOf({ type, flags, rules = [], allow = [], matches, notes }: DescribedSchema): string {
  if (notes !== undefined) return notes.join(' ');
  if (matches !== undefined) return matches.map(({ schema }) => boundsOf(schema)).join(', or ');
  if (flags?.only === true) return allow.map((value) => `\`${String(value)}\``).join(', ');
  if (type === 'boolean') return '`true`, `false`';
  const ruleOf = (name: string) => rules.find((rule) => rule.name === name)?.args;
  const [min, max] = [ruleOf('min')?.limit, ruleOf('max')?.limit];
  if (min !== undefined && max !== undefined) return `${min} to ${max}`;
  const schemes = ruleOf('uri')?.options?.scheme;
  if (schemes !== undefined) return schemes.map((scheme) => `\`${scheme}://\``).join(', ');
  throw new Error('nothing says what it may be: give it a note');
}

/** Every setting, in the order in which they stand above. @throws Error for one without a description or bounds */
export function describeSettings(): SettingDescription[] {
  const { keys } = ENVIRONMENT.describe() as { keys: Record<string, DescribedSchema> };
  return Object.entries(keys).map(([name, schema]) => {
    const { description, default: fallback } = schema.flags ?? {};
    if (description === undefined) throw new Error(`${name} has no description`);
    try {
      return { name, fallback: fallback === undefined ? null : String(fallback), bounds: boundsOf(schema), meaning: description };
    } catch (error) {
      throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
    }
  });
}

/** The settings as validated, under their names in camel case, before the few that are made of others. */
interface Settings extends Omit<Config, 'roles' | 'instruments' | 'assetDecimals' | 'assets' | 'feeTiers' | 'idempotencyTtlS' | 'apiWorkers' | 'allowedOrigins' | 'allowedHosts' | 'keysDir' | 'tls' | 'trustedProxies' | 'oidc'> {
  readonly roles: string;
  readonly apiWorkers: number | 'auto';
  readonly instrumentsFile: string | undefined;
  readonly assetsFile: string | undefined;
  readonly feeTiersFile: string | undefined;
  readonly keysDir: string | undefined;
  readonly tlsCertFile: string | undefined;
  readonly tlsKeyFile: string | undefined;
  readonly trustedProxies: string | undefined;
  readonly oidcIssuer: string | undefined;
  readonly oidcClientId: string | undefined;
  readonly oidcClientSecret: string | undefined;
  readonly oidcRedirectUri: string | undefined;
  readonly oidcAudience: string | undefined;
  readonly oidcMachineClients: string | undefined;
  readonly oidcTimeoutMs: number;
  readonly allowedOrigins: string | undefined;
  readonly allowedHosts: string | undefined;
  readonly idempotencyTtl: number;
}

function camelCased(settings: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [
    name.toLowerCase().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), value,
  ]));
}

/** @param parse of the file's JSON */
function readFile<T>(name: string, file: string, parse: (content: unknown) => T): T {
  try {
    return parse(JSON.parse(readFileSync(file, 'utf8')) as unknown);
  } catch (error) {
    throw new ConfigError(`${name} ${file}: ${(error as Error).message}`, { cause: error });
  }
}

function readInstruments(file: string | undefined): Instrument[] {
  return file === undefined ? parseInstruments(DEFAULT_INSTRUMENTS) : readFile('INSTRUMENTS_FILE', file, parseInstruments);
}

function assetsBeside(instruments: readonly Instrument[], given: ReadonlyMap<string, number>): readonly Asset[] {
  try {
    return assetsOf(instruments, given);
  } catch (error) {
    throw new ConfigError((error as Error).message, { cause: error });
  }
}

function readFeeTiers(file: string | undefined, assets: readonly Asset[]): readonly FeeTier[] {
  return file === undefined ? [] : readFile('FEE_TIERS_FILE', file, (content) => parseFeeTiers(content, assets));
}

/** @param read gives null for what is none of the list's kind, `what` */
function readList<T>(name: string, list: string | undefined, read: (text: string) => T | null, what: string): T[] {
  return (list ?? '').split(',').map((part) => part.trim()).filter((part) => part !== '').map((part) => {
    const value = read(part);
    if (value === null) throw new ConfigError(`${name}: ${part} is not ${what}`);
    return value;
  });
}

/** @returns null for what is neither an address nor a network */
function proxyOf(text: string): string | null {
  try {
    compile(text);
    return text;
  } catch {
    return null;
  }
}

/**
 * Whoever can be reached from elsewhere asks who calls, and is not overheard: by a certificate of its own, or by a proxy's.
 * @throws ConfigError that names what is missing
 */
function requireGuards({ host, auth, allowInsecure, tls, trustedProxies }: Pick<Config, 'host' | 'auth' | 'allowInsecure' | 'tls' | 'trustedProxies'>): void {
  if (auth === 'dev') {
    const asked = (trustedProxies.length > 0) ? 'TRUSTED_PROXIES says that others reach it through them' : `HOST ${host} is reachable from outside`;
    if (isLoopback(host) && !(trustedProxies.length > 0)) return;
    throw new ConfigError(`AUTH=dev gives whoever reaches the venue a token for every user, so it listens on loopback alone, and ${asked}: set AUTH=required for that`);
  }
  if (allowInsecure) return;
  if (isLoopback(host)) {
    if (trustedProxies.length === 0 || auth === 'required') return;
    throw new ConfigError('TRUSTED_PROXIES says that others reach the venue through them, which needs AUTH=required: set that, or ALLOW_INSECURE=true to do without');
  }
  const missing = [
    ...auth === 'required' ? [] : ['AUTH=required'],
    ...tls !== null || trustedProxies.length > 0 ? [] : ['TLS_CERT_FILE with TLS_KEY_FILE (or TRUSTED_PROXIES, where a proxy has the certificate)'],
  ];
  if (missing.length > 0) throw new ConfigError(`HOST ${host} is reachable from outside, which needs ${missing.join(' and ')}: set that, or ALLOW_INSECURE=true to do without`);
}

/** @returns null where there are none */
function tlsOf(certFile: string | undefined, keyFile: string | undefined): TlsSettings | null {
  if (certFile === undefined && keyFile === undefined) return null;
  if (keyFile === undefined) throw new ConfigError('TLS_CERT_FILE is set and TLS_KEY_FILE is not: set both, or neither');
  if (certFile === undefined) throw new ConfigError('TLS_KEY_FILE is set and TLS_CERT_FILE is not: set both, or neither');
  const files = { certFile, keyFile };
  try {
    return { ...files, certificate: readTlsFiles(files) };
  } catch (error) {
    if (error instanceof TlsFilesError) throw new ConfigError(error.message, { cause: error });
    throw error;
  }
}

function isLoopback(host: string): boolean {
  // A name can begin with 127 as well.
  return host === 'localhost' || host === '::1' || (host.startsWith('127.') && isIPv4(host));
}

/** @throws ConfigError */
function readOidc({ oidcIssuer, oidcClientId, oidcClientSecret, oidcRedirectUri, oidcAudience, oidcMachineClients, oidcTimeoutMs, auth, allowInsecure }: Settings): OidcSettings | null {
  if (oidcIssuer === undefined && oidcClientId === undefined) {
    if (oidcAudience !== undefined || oidcMachineClients !== undefined) throw new ConfigError('OIDC_ISSUER and OIDC_CLIENT_ID say where logins are: without them, OIDC_AUDIENCE and OIDC_MACHINE_CLIENTS mean nothing');
    if (oidcClientSecret !== undefined || oidcRedirectUri !== undefined) throw new ConfigError('OIDC_ISSUER and OIDC_CLIENT_ID say where people log in: without them, OIDC_CLIENT_SECRET and OIDC_REDIRECT_URI mean nothing');
    return null;
  }
  if (oidcIssuer === undefined || oidcClientId === undefined) throw new ConfigError('OIDC_ISSUER and OIDC_CLIENT_ID need each other');
  if (auth === 'off') throw new ConfigError('OIDC_ISSUER needs AUTH=required: with AUTH=off nobody is asked who they are');
  const { protocol, hostname, username, password, search, hash } = new URL(oidcIssuer);
  if (username !== '' || password !== '' || search !== '' || hash !== '') throw new ConfigError('OIDC_ISSUER must have no user, query or fragment');
  if (protocol === 'http:' && !isLoopback(hostname.replace(/^\[|\]$/g, '')) && !allowInsecure) {
    throw new ConfigError(`OIDC_ISSUER at ${hostname} is reached without TLS: use https, or set ALLOW_INSECURE=true to accept that`);
  }
  if (oidcRedirectUri !== undefined && !/^[^?#@]*\/auth\/oidc\/callback$/.test(oidcRedirectUri)) throw new ConfigError('OIDC_REDIRECT_URI must have no user or query, and end with /auth/oidc/callback');
  return { issuer: oidcIssuer, clientId: oidcClientId, clientSecret: oidcClientSecret ?? null, redirectUri: oidcRedirectUri ?? null, timeoutMs: oidcTimeoutMs, ...readMachines(oidcAudience, oidcMachineClients, oidcClientId) };
}

const MACHINE = /^([\x21-\x2b\x2d-\x3c\x3e-\x7e]{1,255})=(.+)$/;

/** @throws ConfigError */
function readMachines(audience: string | undefined, list: string | undefined, clientId: string): Pick<OidcSettings, 'audience' | 'machines'> {
  const clients = readList('OIDC_MACHINE_CLIENTS', list, (text) => {
    const [, client, username] = MACHINE.exec(text) ?? [];
    return client !== undefined && username !== undefined && new RegExp(USERNAME_PATTERN).test(username) ? [client, username] as const : null;
  }, "a client of the provider's, =, and a username");
  const machines = new Map(clients);
  if (machines.size < clients.length) throw new ConfigError('OIDC_MACHINE_CLIENTS names a client twice');
  if ((audience === undefined) !== (clients.length === 0)) throw new ConfigError('OIDC_AUDIENCE and OIDC_MACHINE_CLIENTS need each other');
  if (audience === clientId) throw new ConfigError('OIDC_AUDIENCE must be another than OIDC_CLIENT_ID: a token that tells of a person would pass for a machine\'s');
  return { audience: audience ?? null, machines };
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
  const { idempotencyTtl, roles, apiWorkers, instrumentsFile, assetsFile, feeTiersFile, dataDir, keysDir, tlsCertFile, tlsKeyFile, trustedProxies, allowedOrigins, allowedHosts, oidcIssuer: _issuer, oidcClientId: _id, oidcClientSecret: _secret, oidcRedirectUri: _uri, oidcAudience: _audience, oidcMachineClients: _machines, oidcTimeoutMs: _ms, ...rest } = settings;
  const tls = tlsOf(tlsCertFile, tlsKeyFile);
  const proxies = readList('TRUSTED_PROXIES', trustedProxies, proxyOf, 'an address, a network such as 10.0.0.0/8, or one of loopback, linklocal, uniquelocal');
  requireGuards({ ...settings, tls, trustedProxies: proxies });
  const instruments = readInstruments(instrumentsFile);
  const assetDecimals = assetsFile === undefined ? new Map<string, number>() : readFile('ASSETS_FILE', assetsFile, parseAssets);
  const assets = assetsBeside(instruments, assetDecimals);
  return {
    ...rest,
    dataDir: resolve(dataDir),
    keysDir: resolve(keysDir ?? join(dataDir, 'keys')),
    apiWorkers: apiWorkers === 'auto' ? availableParallelism() : apiWorkers,
    roles: new Set(roles.split(',') as Role[]),
    instruments,
    assetDecimals,
    assets,
    feeTiers: readFeeTiers(feeTiersFile, assets),
    idempotencyTtlS: idempotencyTtl,
    tls,
    trustedProxies: proxies,
    oidc: readOidc(settings),
    allowedOrigins: readList('ALLOWED_ORIGINS', allowedOrigins, originOf, 'an origin such as https://terminal.example'),
    allowedHosts: readList('ALLOWED_HOSTS', allowedHosts, authorityOf, 'a host name or address, with or without a port'),
  };
}
