import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError, readConfig } from '../../src/config';
import { makeCertificate } from '../support/certificates';
import { temporaryDirectory } from '../support/servers';

/** Settings that are a whole number from one on. */
const COUNTS = [
  'IDEMPOTENCY_TTL', 'SHUTDOWN_TIMEOUT_MS', 'BODY_BYTES_MAX', 'URL_BYTES_MAX', 'BATCH_OPERATIONS_MAX', 'ORDERBOOK_LEVELS_MAX', 'TRADES_LIMIT_MAX',
  'ORDERS_LIMIT_MAX', 'MONEY_LIMIT_MAX', 'ACCOUNT_SNAPSHOT_EVERY', 'BALANCE_AUDIT_MS', 'RATE_LIMIT_PER_SECOND', 'HTTP_CONNECTIONS_MAX', 'REQUEST_TIMEOUT_MS', 'FILLS_PER_ORDER_MAX', 'OPEN_ORDERS_PER_CLIENT_MAX',
  'MASS_CANCEL_PAGE', 'ENGINE_TIMEOUT_MS', 'ENGINE_CALL_COMMANDS_MAX', 'ENGINE_IN_FLIGHT_MAX', 'BACKLOG_MAX', 'WRITER_BATCH_ENTRIES_MAX',
  'LOG_TAIL_ENTRIES', 'READ_BARRIER_TIMEOUT_MS', 'DATABASE_CONNECTIONS_MAX', 'DATABASE_TIMEOUT_MS', 'SETTINGS_CHECK_MS', 'STREAM_CONNECTIONS_MAX',
  'STREAM_CONNECTIONS_PER_ADDRESS_MAX', 'STREAM_SUBSCRIPTIONS_MAX', 'STREAM_MESSAGE_BYTES_MAX', 'STREAM_MESSAGES_PER_SECOND', 'STREAM_BEHIND_BYTES',
  'STREAM_BEHIND_MS', 'STREAM_BUFFER_BYTES_MAX', 'STREAM_HEARTBEAT_MS', 'STREAM_PING_MS', 'STREAM_TAIL_ENTRIES', 'STREAM_RESUME_ENTRIES_MAX',
];

function errorOf(environment: Record<string, string>): ConfigError {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error(`taken: ${JSON.stringify(environment)}`);
}

describe('settings', () => {
  it('have defaults that serve on loopback, durable, with both roles', () => {
    const config = readConfig({});
    expect(config).toMatchObject({
      port: 3000, host: '127.0.0.1', dataDir: resolve('./data'), logLevel: 'info', shard: 'main', allowInsecure: false, ackAfter: 'redis',
      autoRecover: true, idempotencyTtlS: 86_400, funds: 'paper', feeTiers: [], accountSnapshotEvery: 500, faultInjection: false,
    });
    expect([...config.roles]).toEqual(['api', 'writer']);
    expect(config.instruments.map(({ instrument }) => instrument)).toEqual(['BTC-USD', 'ETH-USD']);
    // As fine as the instruments need: a cent of 10^-8 BTC is 10^-10 USD.
    expect(config.assets).toEqual([{ asset: 'BTC', decimals: 8 }, { asset: 'ETH', decimals: 6 }, { asset: 'USD', decimals: 10 }]);
    // An empty variable is one that is not set; what is not ours is left alone.
    expect(readConfig({ PORT: '', ROLES: '', INSTRUMENTS_FILE: '', NOT_OURS: 'x' })).toMatchObject(config);
  });

  it('are read', () => {
    const config = readConfig({ PORT: '0', ROLES: 'writer', ACK_AFTER: 'postgres', ALLOW_INSECURE: 'true', AUTO_RECOVER: 'false', BACKLOG_MAX: '7', IDEMPOTENCY_TTL: '60' });
    expect(config).toMatchObject({ port: 0, ackAfter: 'postgres', allowInsecure: true, autoRecover: false, backlogMax: 7, idempotencyTtlS: 60 });
    expect([...config.roles]).toEqual(['writer']);
  });

  it('keep idempotency keys for up to a hundred years', () => {
    const century = 100 * 365 * 86_400;
    expect(readConfig({ IDEMPOTENCY_TTL: String(century) }).idempotencyTtlS).toBe(century);
    expect(errorOf({ IDEMPOTENCY_TTL: String(century + 1) }).message).toContain('IDEMPOTENCY_TTL');
  });

  const bad: [name: string, value: string][] = [
    ...COUNTS.flatMap((name) => ['0', '-1', '1.5', 'many', '1e999', '99999999999', ' '].map((value): [string, string] => [name, value])),
    ...['-1', '65536', '80.5', 'http', '0x'].map((value): [string, string] => ['PORT', value]),
    ...['two words', 'a/b', 'x_y!'].map((value): [string, string] => ['HOST', value]),
    ...['verbose', 'INFO', '3'].map((value): [string, string] => ['LOG_LEVEL', value]),
    ...['localhost:6379', 'http://localhost', 'not a url'].map((value): [string, string] => ['REDIS_URL', value]),
    ...['localhost/openfill', 'mysql://localhost/x', 'redis://localhost'].map((value): [string, string] => ['DATABASE_URL', value]),
    ...['all', 'api;writer', 'api,', ',', 'API', 'api,reader'].map((value): [string, string] => ['ROLES', value]),
    ...['a b', '{x}', 'x'.repeat(65), 'é'].map((value): [string, string] => ['SHARD', value]),
    ...['ALLOW_INSECURE', 'REQUIRE_DURABLE', 'AUTO_RECOVER', 'FAULT_INJECTION'].flatMap((name) => ['maybe', '2', 'yes please'].map((value): [string, string] => [name, value])),
    ...['on', 'Paper', 'true'].map((value): [string, string] => ['FUNDS', value]),
    ...['both', 'Redis', 'disk'].map((value): [string, string] => ['ACK_AFTER', value]),
  ];

  it.each(bad)('%s=%j is refused in one line that names it', (name, value) => {
    const { message } = errorOf({ [name]: value });
    expect(message).toContain(name);
    expect(message).not.toContain('\n');
    expect(message).not.toContain('"');
  });

  it('are refused without telling a password', () => {
    for (const [name, value] of [['REDIS_URL', 'http://u:hunter2@localhost'], ['DATABASE_URL', 'postgres://u:hunter2@local host/x']] as const) {
      const { message } = errorOf({ [name]: value });
      expect(message).toContain(name);
      expect(message).not.toContain('hunter2');
    }
  });

  describe('of a HOST beyond the loopback', () => {
    const directory = temporaryDirectory('config-host');
    afterAll(() => { directory.remove(); });
    const { environment: tls } = makeCertificate(directory.path, 'venue');
    const CERTIFICATE = 'TLS_CERT_FILE with TLS_KEY_FILE (or TRUSTED_PROXIES, where a proxy has the certificate)';

    it.each(['0.0.0.0', '::', '10.0.0.1', 'exchange.example', '128.0.0.1', '::ffff:127.0.0.1'])('ask for callers who say who they are, and for encryption: %s', (host) => {
      for (const [environment, missing] of [
        [{}, `AUTH=required and ${CERTIFICATE}`], [{ ALLOW_INSECURE: 'false' }, `AUTH=required and ${CERTIFICATE}`], [{ AUTH: 'required' }, CERTIFICATE],
        [tls, 'AUTH=required'], [{ TRUSTED_PROXIES: 'loopback' }, 'AUTH=required'], [{ AUTH: 'off', ...tls, TRUSTED_PROXIES: '10.0.0.2' }, 'AUTH=required'],
      ] as const) {
        expect(errorOf({ HOST: host, ...environment }).message).toBe(`HOST ${host} is reachable from outside, which needs ${missing}: set that, or ALLOW_INSECURE=true to do without`);
      }
      for (const environment of [{ ALLOW_INSECURE: 'true' }, { AUTH: 'required', ...tls }, { AUTH: 'required', TRUSTED_PROXIES: '10.0.0.2' }]) {
        expect(readConfig({ HOST: host, ...environment }).host).toBe(host);
      }
    });
  });

  it('name the proxies that are trusted', () => {
    expect(readConfig({}).trustedProxies).toEqual([]);
    expect(readConfig({ AUTH: 'required', TRUSTED_PROXIES: 'loopback, 10.0.0.0/8,2001:db8::/32 ,192.0.2.7' }).trustedProxies).toEqual(['loopback', '10.0.0.0/8', '2001:db8::/32', '192.0.2.7']);
  });

  it.each(['*', 'all', '0.0.0.0/0', '::/0', '10.0.0.0/33', '10.0.0', 'proxy.example', '10.0.0.1:80'])('TRUSTED_PROXIES=%s is refused', (value) => {
    expect(errorOf({ TRUSTED_PROXIES: `loopback,${value}` }).message).toBe(`TRUSTED_PROXIES: ${value} is not an address, a network such as 10.0.0.0/8, or one of loopback, linklocal, uniquelocal`);
  });

  it('of proxies go with callers who say who they are', () => {
    expect(errorOf({ TRUSTED_PROXIES: 'loopback' }).message)
      .toBe('TRUSTED_PROXIES says that others reach the venue through them, which needs AUTH=required: set that, or ALLOW_INSECURE=true to do without');
    expect(readConfig({ TRUSTED_PROXIES: 'loopback', ALLOW_INSECURE: 'true' }).trustedProxies).toEqual(['loopback']);
  });

  it.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1'])('HOST=%s needs nothing', (host) => {
    expect(readConfig({ HOST: host }).host).toBe(host);
  });

  const OIDC = { AUTH: 'required', OIDC_ISSUER: 'https://login.example', OIDC_CLIENT_ID: 'venue' };

  it('say where people log in', () => {
    expect(readConfig({}).oidc).toBeNull();
    expect(readConfig(OIDC).oidc).toEqual({ issuer: 'https://login.example', clientId: 'venue', clientSecret: null, redirectUri: null, timeoutMs: 5_000, audience: null, machines: new Map() });
    const machines = { OIDC_AUDIENCE: 'https://venue.example', OIDC_MACHINE_CLIENTS: 'abc=maker-1, https://x.example/y=maker-2' };
    expect(readConfig({ ...OIDC, ...machines }).oidc).toMatchObject({ audience: 'https://venue.example', machines: new Map([['abc', 'maker-1'], ['https://x.example/y', 'maker-2']]) });
    const given = { OIDC_CLIENT_SECRET: 'hunter2', OIDC_REDIRECT_URI: 'https://venue.example/auth/oidc/callback', OIDC_TIMEOUT_MS: '100' };
    expect(readConfig({ ...OIDC, ...given }).oidc).toMatchObject({ clientSecret: 'hunter2', redirectUri: 'https://venue.example/auth/oidc/callback', timeoutMs: 100 });
    for (const issuer of ['http://localhost:9000', 'http://127.0.0.1:9000/realm', 'http://[::1]:9000']) expect(readConfig({ ...OIDC, OIDC_ISSUER: issuer }).oidc?.issuer).toBe(issuer);
    expect(readConfig({ ...OIDC, OIDC_ISSUER: 'http://login.example', ALLOW_INSECURE: 'true' }).oidc?.issuer).toBe('http://login.example');
  });

  it.each([
    [{ OIDC_ISSUER: 'http://login.example' }, 'OIDC_ISSUER at login.example is reached without TLS: use https, or set ALLOW_INSECURE=true to accept that'],
    [{ OIDC_ISSUER: 'https://u:hunter2@login.example' }, 'OIDC_ISSUER must have no user, query or fragment'],
    [{ OIDC_AUDIENCE: 'x' }, 'OIDC_AUDIENCE and OIDC_MACHINE_CLIENTS need each other'],
    [{ OIDC_MACHINE_CLIENTS: 'a=bob' }, 'OIDC_AUDIENCE and OIDC_MACHINE_CLIENTS need each other'],
    [{ OIDC_AUDIENCE: 'venue', OIDC_MACHINE_CLIENTS: 'a=bob' }, 'OIDC_AUDIENCE must be another than OIDC_CLIENT_ID: a token that tells of a person would pass for a machine\'s'],
    [{ OIDC_AUDIENCE: 'x', OIDC_MACHINE_CLIENTS: 'a=bob,a=ann' }, 'OIDC_MACHINE_CLIENTS names a client twice'],
    [{ OIDC_AUDIENCE: 'x', OIDC_MACHINE_CLIENTS: 'a=b' }, 'OIDC_MACHINE_CLIENTS: a=b is not a client of the provider\'s, =, and a username'],
    [{ OIDC_ISSUER: '', OIDC_CLIENT_ID: '', OIDC_AUDIENCE: 'x' }, 'OIDC_ISSUER and OIDC_CLIENT_ID say where logins are: without them, OIDC_AUDIENCE and OIDC_MACHINE_CLIENTS mean nothing'],
    [{ OIDC_CLIENT_ID: '' }, 'OIDC_ISSUER and OIDC_CLIENT_ID need each other'],
    [{ AUTH: 'off' }, 'OIDC_ISSUER needs AUTH=required: with AUTH=off nobody is asked who they are'],
    [{ OIDC_REDIRECT_URI: 'https://venue.example/callback' }, 'OIDC_REDIRECT_URI must have no user or query, and end with /auth/oidc/callback'],
    [{ OIDC_ISSUER: '', OIDC_CLIENT_ID: '', OIDC_CLIENT_SECRET: 'hunter2' }, 'OIDC_ISSUER and OIDC_CLIENT_ID say where people log in: without them, OIDC_CLIENT_SECRET and OIDC_REDIRECT_URI mean nothing'],
  ])('with %j are refused', (changes, message) => {
    expect(errorOf({ ...OIDC, ...changes }).message).toBe(message);
  });

  it('name pages and hosts that may use the service, each in one spelling', () => {
    const config = readConfig({ ALLOWED_ORIGINS: 'https://Terminal.example:443, http://[::1]:5173', ALLOWED_HOSTS: 'Venue.example,[0:0::1]:3000,10.0.0.1' });
    expect(config.allowedOrigins).toEqual(['https://terminal.example', 'http://[::1]:5173']);
    expect(config.allowedHosts).toEqual([{ name: 'venue.example', port: null }, { name: '[::1]', port: 3000 }, { name: '10.0.0.1', port: null }]);
    expect([readConfig({}).allowedOrigins, readConfig({}).allowedHosts]).toEqual([[], []]);
  });

  it.each(['*', 'null', 'terminal.example', 'https://terminal.example/', 'https://*.example', 'ftp://terminal.example', 'https://a@terminal.example', 'https://a.example https://b.example'])('ALLOWED_ORIGINS=%s is refused', (value) => {
    expect(errorOf({ ALLOWED_ORIGINS: value }).message).toBe(`ALLOWED_ORIGINS: ${value} is not an origin such as https://terminal.example`);
  });

  it.each(['*', '*.example', 'https://venue.example', 'venue.example/', 'venue.example:', 'venue.example:65536', '::1', 'a b'])('ALLOWED_HOSTS=%s is refused', (value) => {
    expect(errorOf({ ALLOWED_HOSTS: value }).message).toBe(`ALLOWED_HOSTS: ${value} is not a host name or address, with or without a port`);
  });

  describe('of a certificate', () => {
    const directory = temporaryDirectory('config-tls');
    afterAll(() => { directory.remove(); });
    const own = makeCertificate(directory.path, 'own');
    const other = makeCertificate(directory.path, 'other');
    const empty = join(directory.path, 'empty.pem');
    writeFileSync(empty, '');

    it('are taken where both files belong together', () => {
      expect(readConfig(own.environment).tls).toMatchObject({ certFile: own.certFile, keyFile: own.keyFile, certificate: { cert: readFileSync(own.certFile), key: readFileSync(own.keyFile) } });
      expect(readConfig({}).tls).toBeNull();
    });

    it.each<[what: string, environment: Record<string, string>, line: string]>([
      ['no key', { TLS_CERT_FILE: own.certFile }, 'TLS_CERT_FILE is set and TLS_KEY_FILE is not: set both, or neither'],
      ['no certificate', { TLS_KEY_FILE: own.keyFile }, 'TLS_KEY_FILE is set and TLS_CERT_FILE is not: set both, or neither'],
      ['a certificate that is not there', { ...own.environment, TLS_CERT_FILE: '/nowhere.pem' }, 'TLS_CERT_FILE /nowhere.pem cannot be read: there is no such file'],
      ['a key that is not there', { ...own.environment, TLS_KEY_FILE: '/nowhere.key' }, 'TLS_KEY_FILE /nowhere.key cannot be read: there is no such file'],
      ['a directory', { ...own.environment, TLS_CERT_FILE: '/tmp' }, 'TLS_CERT_FILE /tmp cannot be read: it is a directory'],
      ['an empty certificate', { ...own.environment, TLS_CERT_FILE: empty }, `TLS_CERT_FILE ${empty} holds no certificate (PEM)`],
      ['an empty key', { ...own.environment, TLS_KEY_FILE: empty }, `TLS_KEY_FILE ${empty} holds no private key (PEM) that opens without a password`],
      ['two that were changed for each other', { TLS_CERT_FILE: own.keyFile, TLS_KEY_FILE: own.certFile }, `TLS_CERT_FILE ${own.keyFile} holds no certificate (PEM)`],
      ['the key of another', { ...own.environment, TLS_KEY_FILE: other.keyFile }, `TLS_KEY_FILE ${other.keyFile} is not the key of the certificate in TLS_CERT_FILE ${own.certFile}`],
    ])('are refused in one line with %s', (_what, environment, line) => {
      expect(errorOf(environment).message).toBe(line);
    });
  });

  describe('of the instruments', () => {
    const directory = temporaryDirectory('config');
    afterAll(() => { directory.remove(); });

    it.each([
      ['missing.json', null, 'ENOENT'],
      ['broken.json', '[{', 'JSON'],
      ['empty.json', '[]', 'must be a JSON array with at least one instrument'],
      ['wrong.json', '[{"instrument":"A","base":"A","quote":"B","tick_size":"0","lot_size":"1"}]', 'instrument 1: "tick_size": "0" must be greater than zero'],
    ])('name the file and what is wrong with it: %s', (name, content, problem) => {
      const path = join(directory.path, name);
      if (content !== null) writeFileSync(path, content);
      const { message } = errorOf({ INSTRUMENTS_FILE: path });
      expect(message).toContain(`INSTRUMENTS_FILE ${path}: `);
      expect(message).toContain(problem);
      expect(message).not.toContain('\n');
    });
  });

  describe('of assets and tiers of fees', () => {
    const directory = temporaryDirectory('config-money');
    afterAll(() => { directory.remove(); });

    function fileOf(name: string, content: unknown): string {
      const path = join(directory.path, name);
      writeFileSync(path, JSON.stringify(content));
      return path;
    }

    it('are read', () => {
      const config = readConfig({
        ASSETS_FILE: fileOf('assets.json', [{ asset: 'USD', decimals: 12 }, { asset: 'EUR', decimals: 2 }]),
        FEE_TIERS_FILE: fileOf('tiers.json', [
          { fee_group: 'gold', asset: 'USD', volume: '0.5' }, { fee_group: 'vip', asset: 'USD', volume: '1000000' }, { fee_group: 'euro', asset: 'EUR', volume: '0' },
        ]),
      });
      expect(config.assets).toEqual([
        { asset: 'BTC', decimals: 8 }, { asset: 'ETH', decimals: 6 }, { asset: 'EUR', decimals: 2 }, { asset: 'USD', decimals: 12 },
      ]);
      expect(config.feeTiers.map(({ feeGroup }) => feeGroup)).toEqual(['gold', 'vip', 'euro']);
    });

    it.each<[problem: string, content: unknown]>([
      ['must be a JSON array', {}],
      ['asset 1: must be an object', ['USD']],
      ['asset 1: unknown field "scale"', [{ asset: 'USD', decimals: 10, scale: 1 }]],
      ['asset 1: "asset" is missing or not a plain name', [{ asset: '@USD', decimals: 10 }]],
      ['asset 1: "decimals" must be a whole number from 0 to 18', [{ asset: 'USD', decimals: 19 }]],
      ['asset 1: "decimals" must be a whole number from 0 to 18', [{ asset: 'USD', decimals: '10' }]],
      ['asset 2: "USD" is listed twice', [{ asset: 'USD', decimals: 10 }, { asset: 'USD', decimals: 11 }]],
    ])('name what is wrong with assets: %s', (problem, content) => {
      const path = fileOf('bad-assets.json', content);
      expect(errorOf({ ASSETS_FILE: path }).message).toBe(`ASSETS_FILE ${path}: ${problem}`);
    });

    it('refuse an asset that is too coarse for an instrument, given or by itself', () => {
      const coarse = fileOf('coarse.json', [{ asset: 'USD', decimals: 9 }]);
      expect(errorOf({ ASSETS_FILE: coarse }).message).toBe('instrument BTC-USD needs 10 decimals of USD, which has 9');
      const fine = fileOf('fine.json', [{ instrument: 'A-B', base: 'A', quote: 'B', tick_size: '0.0000000001', lot_size: '0.000000001' }]);
      expect(errorOf({ INSTRUMENTS_FILE: fine }).message).toBe('instrument A-B needs 19 decimals of B, which may have 18');
    });

    it.each<[problem: string, content: unknown]>([
      ['must be a JSON array', null],
      ['tier 1: must be an object', [1]],
      ['tier 1: unknown field "group"', [{ group: 'vip' }]],
      ['tier 1: "fee_group" is missing or not a plain name', [{ fee_group: '', asset: 'USD', volume: '1' }]],
      ['tier 1: "asset" is missing, or no instrument has it', [{ fee_group: 'vip', asset: 'EUR', volume: '1' }]],
      ['tier 1: "volume" must be a decimal string such as "100000"', [{ fee_group: 'vip', asset: 'USD', volume: 100 }]],
      ['"0.00000000001" has more than 10 decimals', [{ fee_group: 'vip', asset: 'USD', volume: '0.00000000001' }]],
      ['tier 2: "volume" is not above that of the tier before it', [{ fee_group: 'a', asset: 'USD', volume: '2' }, { fee_group: 'b', asset: 'USD', volume: '2.0' }]],
    ])('name what is wrong with tiers: %s', (problem, content) => {
      const path = fileOf('bad-tiers.json', content);
      expect(errorOf({ FEE_TIERS_FILE: path }).message).toBe(`FEE_TIERS_FILE ${path}: ${problem}`);
    });
  });
});
