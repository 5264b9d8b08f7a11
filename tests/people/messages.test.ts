import { createHmac } from 'node:crypto';
import { MESSAGE_ACCESS, type Access } from '#openfill-contract';
import { until } from '../support/until';
import { Line, type Told } from './support/people-line';
import { PeopleVenue, bearer, forgedToken, nextTimestamp, signed, type MadeKey, type Person } from './support/people-venue';

/** Every message of a connection, by its row of who may send it: sent by everybody who may not. */

const NONE = '019c2b4e-7d10-7c3a-9f52-1b6f0a4f8e21';
const NO_LIST = '019c2b4e-7d10-7c3a-9f52-1b6f0a4f8e20';
const ORDER = { side: 'buy', type: 'limit', price: '10.00', quantity: '1' };
type Path = keyof typeof MESSAGE_ACCESS;
type Message = Readonly<Record<string, unknown>>;

/** A message of each kind: about what is alice's, by its id. */
const MESSAGES: { readonly [P in Path]: { readonly [Op in Exclude<keyof typeof MESSAGE_ACCESS[P], 'auth'>]: (orderId: string, listId: string) => Message } } = {
  '/orders': {
    place: () => ({ client_id: 'alice', ...ORDER }),
    amend: (id) => ({ order_id: id, price: '9.00' }),
    cancel: (id) => ({ order_id: id }),
    batch: (id) => ({ operations: [{ op: 'cancel', order_id: id }, { op: 'place', client_id: 'alice', ...ORDER }] }),
    place_list: () => ({ client_id: 'alice', type: 'oto', orders: [ORDER, ORDER] }),
    cancel_list: (_, id) => ({ list_id: id }),
    cancel_on_disconnect: () => ({ client_id: 'alice', enabled: true }),
  },
  '/stream': {
    subscribe: () => ({ channels: ['trades'] }), unsubscribe: () => ({ channels: ['trades'] }), ping: () => ({}),
  },
};
const rows = Object.entries(MESSAGE_ACCESS).flatMap(([path, ops]) => Object.entries(ops).filter(([op]) => op !== 'auth')
  .map(([op, access]) => [path as Path, op, access, (MESSAGES[path as Path] as Record<string, (id: string, listId: string) => Message>)[op] as (id: string, listId: string) => Message] as const));
const paths = Object.keys(MESSAGE_ACCESS) as Path[];

describe('every message, by its row', () => {
  let venue: PeopleVenue;
  let alice: Person;
  let bob: Person;
  let mallory: Person;
  let operator: Person;
  let orderId: string;
  let listId: string;

  beforeAll(async () => {
    venue = await PeopleVenue.open({ ORDER_ENTRY_AUTH_TIMEOUT_MS: '60000' });
    [alice, bob, mallory] = [await venue.register('alice'), await venue.register('bob'), await venue.register('mallory')];
    operator = await venue.withRoles('olivia', ['trader', 'operator']);
    expect((await (await operator.sudo()).call('PATCH', '/users/mallory', { status: 'suspended' })).status).toBe(200);
  });
  afterAll(() => venue.close());
  beforeEach(async () => {
    orderId = (await alice.call<{ order_id: string }>('POST', '/orders', ORDER)).body.order_id;
    listId = (await alice.call<{ list_id: string }>('POST', '/order-lists', { type: 'oto', orders: [ORDER, ORDER] })).body.list_id;
  });

  const auth = (person: Person): Message => ({ op: 'auth', token: person.tokens.access_token });
  const authSigned = ({ api_key: key, secret }: MadeKey, path: Path, timestamp = nextTimestamp()): Message => ({
    op: 'auth', key, timestamp, signature: createHmac('sha256', secret).update(`${timestamp}GET${path}`).digest('base64'),
  });
  const by = async (path: Path, who: Message): Promise<Line> => {
    const line = await Line.opened(venue.url, path);
    expect((await line.ask(who)).code).toBeNull();
    return line;
  };
  const price = async (): Promise<unknown> => (await alice.call<{ price: string; status: string }>('GET', `/public/orders/${orderId}`)).body;

  it('has an example here, and no row is without one', () => {
    expect(rows.map(([path, op, , message]) => [path, op, typeof message])).toEqual(rows.map(([path, op]) => [path, op, 'function']));
    expect(paths.map((path) => Object.keys(MESSAGES[path]))).toEqual(paths.map((path) => Object.keys(MESSAGE_ACCESS[path]).filter((op) => op !== 'auth')));
  });

  it.each(paths)('%s takes no login of an address for an auth, whatever it says', async (path) => {
    const { auth: row, ...others } = MESSAGE_ACCESS[path];
    expect([row, ...Object.values(others)].filter(({ limit }: Access) => limit === 'login')).toEqual([]);
    const few = await venue.venue.start({ LIMIT_LOGIN_PER_SECOND: '1', LIMIT_LOGIN_BURST: '1' });
    const line = await Line.opened(few.url, path);
    for (let i = 0; i < 3; i++) expect((await line.ask({ op: 'auth', token: 'x' })).code).toBe('invalid_token');
    expect((await line.ask(auth(alice))).code).toBeNull();
    await line.close();
    await few.stop();
  });

  /** What may not be said of oneself, and how it is refused; on both ways, by message and by handshake. */
  const strangers: readonly (readonly [string, string, (path: Path) => Promise<{ readonly message: Message; readonly headers: Record<string, string> }>])[] = [
    ['no token', 'invalid_token', () => Promise.resolve({ message: { token: 'x' }, headers: bearer('x') })],
    ['a token that is over', 'token_expired', async () => ofToken(await forgedToken(venue, { ttlS: -50 }))],
    ['a refresh token', 'wrong_token_type', () => Promise.resolve(ofToken(alice.tokens.refresh_token))],
    ['a token for elsewhere', 'invalid_token', async () => ofToken(await forgedToken(venue, { audience: 'elsewhere' }))],
    ['a token of another key', 'invalid_token', async () => ofToken(await forgedToken(venue, { kid: 'unknown' }))],
    ['a token of nobody', 'invalid_token', async () => ofToken(await forgedToken(venue, {}))],
    ['a suspended user\'s token', 'user_suspended', () => Promise.resolve(ofToken(mallory.tokens.access_token))],
    ['a key from another address', 'invalid_api_key', async (path) => ofKey(await alice.key({ ip_allow: ['192.0.2.1'] }), path)],
    ['a key that is ended', 'invalid_api_key', async (path) => {
      const key = await alice.key();
      await alice.call('DELETE', `/auth/api-keys/${key.api_key}`);
      return ofKey(key, path);
    }],
    ['a signature over another path', 'invalid_api_key', async (path) => ofKey(await alice.key(), path, `${path}?x`)],
    ['a signature that is too old', 'timestamp_out_of_window', async (path) => ofKey(await alice.key(), path, path, Date.now() - 6_000)],
    ['a signature that was used', 'signature_reused', async (path) => {
      const key = await alice.key();
      const given = ofKey(key, path);
      const used = await Line.opened(venue.url, path, given.headers);
      await used.close();
      return given;
    }],
  ];
  const ofToken = (token: string) => ({ message: { token }, headers: bearer(token) });
  const ofKey = (key: MadeKey, path: Path, over: string = path, timestamp = nextTimestamp()) => {
    const headers = signed(key, 'GET', over, '', timestamp);
    return { message: { key: key.api_key, timestamp, signature: headers['Openfill-Signature'] }, headers };
  };

  describe.each(paths)('%s', (path) => {
    it.each(strangers)('is nobody\'s with %s', async (_, code, given) => {
      const { message, headers } = await given(path);
      const line = await Line.opened(venue.url, path);
      expect((await line.ask({ op: 'auth', ...message })).code).toBe(code);
      const own = path === '/orders' ? { op: 'place', ...ORDER } : { op: 'subscribe', channels: ['orders'] };
      expect((await line.ask(own)).code).toBe('unauthenticated');
      // Neither does it take from whoever was there before.
      expect((await line.ask(auth(alice))).code).toBeNull();
      expect((await line.ask({ op: 'auth', ...message })).code).toBe(code);
      expect((await line.ask(own)).code).toBeNull();
      await line.close();
      expect(await Line.open(venue.url, path, headers)).toEqual({ status: code === 'user_suspended' ? 403 : 401, code });
    });

    it('is somebody\'s by a token or by a signature, in a message or in the handshake', async () => {
      const key = await alice.key();
      const lines = [
        await by(path, auth(alice)), await by(path, authSigned(key, path)),
        await Line.opened(venue.url, path, alice.headers), await Line.opened(venue.url, path, signed(key, 'GET', path)),
      ];
      for (const line of lines) {
        expect((await line.ask(path === '/orders' ? { op: 'place', ...ORDER } : { op: 'subscribe', channels: ['orders'] })).code).toBeNull();
        await line.close();
      }
    });

    it.each([
      ['no field', {}], ['both', { token: 'x', key: 'y' }], ['a number', { token: 5 }], ['no signature', { key: 'of_x', timestamp: 1 }], ['no time', { key: 'of_x', signature: 'x' }],
    ])('is nobody\'s with an auth message of %s', async (_, fields) => {
      const line = await Line.opened(venue.url, path);
      expect((await line.ask({ op: 'auth', ...fields })).code).toBe('validation_failed');
      await line.close();
    });
  });

  describe.each(rows)('%s %s', (path, op, access, message) => {
    it(access.caller === 'anyone' ? 'is for anybody' : 'is for nobody who has not said who it is', async () => {
      const line = await Line.opened(venue.url, path);
      expect((await line.ask({ op, ...message(orderId, listId) })).code).toBe(access.caller === 'anyone' ? null : 'unauthenticated');
      await line.close();
    });

    it('needs its scope', async () => {
      const others = (['read', 'trade', 'transfer'] as const).filter((scope) => scope !== access.scope);
      const line = await by(path, authSigned(await alice.key({ scopes: others }), path));
      expect((await line.ask({ op, ...message(orderId, listId) })).code).toBe(access.scope === null ? null : 'forbidden');
      await line.close();
      expect(await price()).toMatchObject({ status: 'open', price: '10.00' });
    });

    if (access.caller === 'anyone') return;

    it('of another\'s is answered as of what is not there', async () => {
      const before = await price();
      const line = await by(path, auth(bob));
      const told = async (id: string, list: string): Promise<Told> => {
        const { code, body: { instance: _instance, ...body } } = await line.ask({ op, ...message(id, list) });
        const results = (body.results as { status: number; body: Record<string, unknown> }[] | undefined)?.map(({ status, body: { instance: _, ...rest } }) => ({ status, rest }));
        return { code, body: results === undefined ? body : { results } };
      };
      const foreign = await told(orderId, listId);
      expect(foreign).toEqual(await told(NONE, NO_LIST));
      expect(JSON.stringify(foreign)).toMatch(/order_not_found|order_list_not_found|account_not_found/);
      expect(await price()).toEqual(before);
      await line.close();
    });

    it('is for an operator with powers, who is told of in the audit log, and without them not', async () => {
      const without = await by(path, auth(operator));
      expect(JSON.stringify(await without.ask({ op, ...message(orderId, listId) }))).toMatch(/order_not_found|order_list_not_found|account_not_found/);
      const powers = await operator.sudo();
      const line = await by(path, auth(powers));
      const { code, body } = await line.ask({ op, ...message(orderId, listId) });
      expect([code, JSON.stringify(body)]).toEqual([null, expect.not.stringMatching(/not_found/)]);
      const { entries } = (await powers.call<{ entries: Record<string, unknown>[] }>('GET', '/audit-log?limit=1')).body;
      expect(entries).toEqual([expect.objectContaining({ actor: 'olivia', action: op, outcome: 'ok' })]);
      for (const one of [without, line]) await one.close();
    });
  });
});

describe('a connection', () => {
  it('ends with its token on both paths, unless another is given in time', async () => {
    const venue = await PeopleVenue.open({ ACCESS_TOKEN_TTL_S: '3' });
    const dora = await venue.register('dora');
    const lines = await Promise.all(paths.map((path) => Line.opened(venue.url, path, dora.headers)));
    const renewed = await Promise.all(paths.map((path) => Line.opened(venue.url, path, dora.headers)));
    let renewing: Promise<unknown> = Promise.resolve();
    const later = setInterval(() => {
      renewing = venue.logIn('dora').then(({ tokens }) => Promise.all(renewed.map((line) => line.ask({ op: 'auth', token: tokens.access_token }))));
    }, 1_000);
    for (const line of lines) expect(await line.untilClosed()).toEqual({ code: 4401, reason: 'token_expired' });
    clearInterval(later);
    await renewing;
    expect(renewed.map(({ closed }) => closed)).toEqual([null, null]);
    for (const line of renewed) await line.close();
    await venue.close();
  }, 30_000);

  it('ends on both paths where its key is ended or its user is suspended', async () => {
    const venue = await PeopleVenue.open();
    const emil = await venue.register('emil');
    const powers = await (await venue.withRoles('root', ['trader', 'admin'])).sudo();
    const key = await emil.key();
    const byKey = [];
    for (const path of paths) byKey.push(await Line.opened(venue.url, path, signed(key, 'GET', path)));
    const byToken = await Promise.all(paths.map((path) => Line.opened(venue.url, path, emil.headers)));
    expect((await emil.call('DELETE', `/auth/api-keys/${key.api_key}`)).status).toBe(200);
    for (const line of byKey) expect(await line.untilClosed()).toEqual({ code: 4401, reason: 'invalid_api_key' });
    expect(byToken.map(({ closed }) => closed)).toEqual([null, null]);
    expect((await powers.call('PATCH', '/users/emil', { status: 'suspended' })).status).toBe(200);
    for (const line of byToken) expect(await line.untilClosed()).toEqual({ code: 4401, reason: 'user_suspended' });
    await venue.close();
  });

  it('of order entry that is nobody\'s ends by itself, and makes room for who says who it is', async () => {
    const venue = await PeopleVenue.open({ ORDER_ENTRY_AUTH_TIMEOUT_MS: '1500', ORDER_ENTRY_CONNECTIONS_MAX: '3' });
    const fred = await venue.register('fred');
    const strangers = [];
    for (let i = 0; i < 3; i++) strangers.push(await Line.opened(venue.url, '/orders'));
    const own = [];
    for (let i = 0; i < 3; i++) own.push(await Line.opened(venue.url, '/orders', fred.headers));
    for (const line of strangers) expect(await line.untilClosed()).toEqual({ code: 4401, reason: 'unauthenticated' });
    // Nobody makes room for more who have said so.
    expect(await Line.open(venue.url, '/orders', fred.headers)).toEqual({ status: 503, code: 'order_entry_full' });
    expect(await Line.open(venue.url, '/orders')).toEqual({ status: 503, code: 'order_entry_full' });
    await own.pop()?.close();
    await until('there is room', async () => {
      const line = await Line.open(venue.url, '/orders');
      if (!(line instanceof Line)) return false;
      expect(await line.untilClosed()).toEqual({ code: 4401, reason: 'unauthenticated' });
      return true;
    });
    expect((await own[0]?.ask({ op: 'place', ...ORDER }))?.code).toBeNull();
    for (const line of own) await line.close();
    await venue.close();
  });
});
