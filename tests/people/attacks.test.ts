import WebSocket from 'ws';
import type { ProblemBody } from '../support/client';
import { until } from '../support/until';
import { PASSWORD, PeopleVenue, signed, type Person } from './support/people-venue';

const ORDER = { side: 'buy', type: 'limit', price: '10.00', quantity: '1' };

/** What somebody tries who may not. */
describe('it is of no use', () => {
  let venue: PeopleVenue;
  let admin: Person;
  let alice: Person;
  let bob: Person;

  beforeAll(async () => {
    venue = await PeopleVenue.open();
    admin = await (await venue.withRoles('rhea', ['trader', 'admin'])).sudo();
    [alice, bob] = [await venue.register('alice'), await venue.register('bob')];
  });
  afterAll(() => venue.close());

  const entry = async (headers: Readonly<Record<string, string>> = {}): Promise<WebSocket> => {
    const socket = new WebSocket(`${venue.url.replace(/^http/, 'ws')}/orders`, { headers });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    socket.on('error', () => undefined);
    return socket;
  };
  const openOrders = async (client: string): Promise<{ client_id: string; client_order_id: string | null }[]> => (
    (await admin.call<{ orders: { client_id: string; client_order_id: string | null }[] }>('GET', `/orders?client_id=${client}`)).body.orders
  );

  it('to take no notice of the end of a connection', async () => {
    const mallory = await venue.register('mallory');
    const socket = await entry(mallory.headers);
    let isGone = false;
    socket.once('close', () => { isGone = true; });
    // From here on it hears nothing, and goes on speaking.
    socket.pause();
    expect((await admin.call('PATCH', '/users/mallory', { status: 'suspended' })).status).toBe(200);
    await until('the other ways are shut', async () => (await mallory.call('GET', '/auth/me')).body.code === 'user_suspended');
    for (let i = 0; i < 20; i++) {
      socket.send(JSON.stringify({ id: i, op: 'place', ...ORDER }));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await openOrders('mallory')).toEqual([]);
    socket.resume();
    await until('it is cut off', () => isGone);
  });

  it('to be somebody else in the middle of a turn: what comes behind an auth message is of whoever that says', async () => {
    const key = await alice.key();
    const socket = await entry(alice.headers);
    const told: { id: unknown; body: Record<string, unknown> }[] = [];
    socket.on('message', (data: Buffer) => { told.push(JSON.parse(data.toString('utf8')) as { id: unknown; body: Record<string, unknown> }); });
    const headers = signed(key, 'GET', '/orders');
    const asAlice = { op: 'auth', key: key.api_key, timestamp: headers['Openfill-Timestamp'], signature: headers['Openfill-Signature'] };
    const asBob = { op: 'auth', token: bob.tokens.access_token };
    const place = (name: string): object => ({ id: name, op: 'place', client_order_id: name, ...ORDER });
    for (const message of [place('a1'), asBob, place('b1'), asAlice, asBob, place('b2'), place('b3'), { op: 'auth', token: alice.tokens.access_token }, place('a2')]) socket.send(JSON.stringify(message));
    await until('all is answered', () => told.length === 9);
    socket.close();
    expect((await openOrders('alice')).map(({ client_order_id: name }) => name).sort()).toEqual(['a1', 'a2']);
    expect((await openOrders('bob')).map(({ client_order_id: name }) => name).sort()).toEqual(['b1', 'b2', 'b3']);
  });

  it('to have a key that is limited to accounts, for what is the venue\'s or another account', async () => {
    const key = await admin.key({ scopes: ['read', 'trade', 'transfer', 'admin'], accounts: ['rhea'], ip_allow: ['127.0.0.1'] });
    for (const [method, path, body] of [
      ['GET', '/users', undefined], ['GET', '/audit-log', undefined], ['GET', '/money', undefined], ['PATCH', '/users/bob', { roles: ['operator'] }],
      ['PATCH', '/accounts/bob', { status: 'suspended' }], ['POST', '/deposits', { account_id: 'rhea', asset: 'USD', amount: '1' }], ['POST', '/accounts', { account_id: 'rhea-2' }],
    ] as const) {
      const raw = body === undefined ? '' : JSON.stringify(body);
      const { status, body: told } = await venue.client.call<ProblemBody>(method, path, {
        headers: { ...(raw !== '' && { 'Content-Type': 'application/json' }), ...signed(key, method, path, raw) }, ...(raw !== '' && { raw }),
      });
      expect([path, status, told.code]).toEqual([path, 403, 'forbidden']);
    }
    expect((await venue.client.get('/accounts/rhea/balances', signed(key, 'GET', '/accounts/rhea/balances'))).status).toBe(200);
  });

  it('to share with oneself, by powers, what is another\'s', async () => {
    expect((await admin.call('POST', '/accounts/alice/owners', { username: 'rhea' })).body.code).toBe('forbidden');
    // To take back is an operator's.
    expect((await alice.call('POST', '/accounts/alice/owners', { username: 'bob' })).status).toBe(200);
    expect((await admin.call('DELETE', '/accounts/alice/owners/bob')).body).toEqual({ account_id: 'alice', owners: ['alice'] });
  });

  it('to open an account whose name passes for another\'s', async () => {
    const open = async (person: Person, name: string): Promise<readonly (number | string | undefined)[]> => {
      const { status, body } = await person.call('POST', '/accounts', { account_id: name });
      return status === 400 ? [status, body.code, body.errors?.[0]?.field] : [status, body.code];
    };
    for (const person of [bob, admin]) {
      for (const name of ['alice ', ' alice', 'al ice', 'аlice', 'alicе', 'alice\u00ad', 'ａlice', 'alice\u00a0', 'alice/', '/alice', 'alice::1', ':', '..', '@alice', 'alice+1', 'alice#']) {
        expect([name, ...await open(person, name)]).toEqual([name, 400, 'validation_failed', 'account_id']);
      }
      for (const name of ['ALICE', 'Alice', 'alice', 'BOB']) expect([name, ...await open(person, name)]).toEqual([name, 409, 'account_exists']);
    }
    for (const [person, name] of [[bob, 'bob:hedge'], [bob, 'bob/1.a_b-c'], [bob, 'x'], [admin, 'desk:1/2']] as const) expect([name, ...await open(person, name)]).toEqual([name, 201, undefined]);
    expect((await bob.call('GET', '/accounts/bob%2F1.a_b-c/balances')).status).toBe(200);
    // Nor in another case than one that a user has opened.
    for (const person of [alice, admin]) expect(await open(person, 'Bob:Hedge')).toEqual([409, 'account_exists']);
  });

  it('to take a name by sending something to it', async () => {
    const { status, body } = await alice.call('POST', '/transfers', { from: 'alice', to: 'carol', asset: 'USD', amount: '1' });
    expect([status, body.code]).toEqual([404, 'account_not_found']);
    await venue.register('carol');
    expect((await alice.call('POST', '/transfers', { from: 'alice', to: 'carol', asset: 'USD', amount: '1' })).status).toBe(201);
  });

  it('to log in by a password while it is changed: no login outlives it', async () => {
    for (let round = 0; round < 4; round++) {
      const name = `dora-${round}`;
      const dora = await venue.register(name);
      const logins = Array.from({ length: 8 }, () => venue.client.post<{ access_token?: string; code?: string }>('/auth/login', { username: name, password: PASSWORD }));
      const changed = dora.call('PATCH', '/auth/me', { password: PASSWORD, new_password: 'staple horse battery' });
      const answers = await Promise.all(logins);
      expect((await changed).status).toBe(200);
      await until('all of them are over', async () => (await Promise.all(answers.filter(({ body }) => body.access_token !== undefined).map(({ body }) => (
        venue.client.get<ProblemBody>('/auth/me', { Authorization: `Bearer ${body.access_token ?? ''}` })
      )))).every(({ status }) => status === 401), 3_000);
    }
  });

  it('to hide whom a batch was for', async () => {
    const operations = [...Array.from({ length: 30 }, () => ({ op: 'place', client_id: 'rhea', ...ORDER })), { op: 'place', client_id: 'bob', ...ORDER }];
    expect((await admin.call('POST', '/orders/batch', { operations })).status).toBe(200);
    const { entries } = (await admin.call<{ entries: { acting_for: string }[] }>('GET', '/audit-log?limit=1')).body;
    expect(entries[0]?.acting_for).toBe('rhea bob');
  });
});
