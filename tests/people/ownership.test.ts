import { Client, type Answer, type ProblemBody } from '../support/client';
import { until } from '../support/until';
import { StreamClient } from '../stream/support/stream-client';
import { PASSWORD, PeopleVenue, type Person } from './support/people-venue';

const limit = (more: Readonly<Record<string, unknown>> = {}): object => ({ side: 'buy', type: 'limit', price: '10.00', quantity: '1', ...more });
const NONE = '019c2b4e-7d10-7c3a-9f52-1b6f0a4f8e21';

/** What an answer tells, without what is new in each. */
function told({ status, body }: Answer<ProblemBody>): object {
  const { instance: _instance, ...rest } = body;
  return { rest, answered: status };
}

describe('what is another\'s', () => {
  let venue: PeopleVenue;
  let alice: Person;
  let bob: Person;
  let operator: Person;

  beforeAll(async () => {
    venue = await PeopleVenue.open({ STP_SCOPE: 'owner' });
    [alice, bob] = [await venue.register('alice'), await venue.register('bob')];
    operator = await (await venue.withRoles('olivia', ['operator'])).sudo();
    for (const name of ['alice', 'bob']) await operator.call('POST', '/deposits', { account_id: name, asset: 'USD', amount: '1000' });
  });
  afterAll(() => venue.close());

  it('is as if it were not there: orders, algos, accounts, transfers, withdrawals, keys', async () => {
    const { order_id: orderId } = (await alice.call<{ order_id: string }>('POST', '/orders', limit({ client_order_id: 'mine' }))).body;
    const done = (await alice.call<{ order_id: string }>('POST', '/orders', limit())).body.order_id;
    expect((await alice.call('DELETE', `/orders/${done}`)).status).toBe(200);
    // Its slices are placed by the venue, for the account.
    const algo = (await alice.call<{ algo_id: string }>('POST', '/algos/twap', { side: 'buy', quantity: '1', duration_s: 3600, slices: 2, limit_price: '1' })).body.algo_id;
    const transfer = (await alice.call<{ transfer_id: string }>('POST', '/transfers', { from: 'alice', to: 'bob', asset: 'USD', amount: '1', pending: true })).body.transfer_id;
    const key = await alice.key({ scopes: ['read', 'withdraw'], ip_allow: ['127.0.0.1'] });
    const withdrawal = (await alice.call<{ withdrawal_id: string }>('POST', '/withdrawals', { account_id: 'alice', asset: 'USD', amount: '1' })).body.withdrawal_id;

    const same = async (method: string, path: (id: string) => string, own: string, none: string, body?: unknown): Promise<void> => {
      const [foreign, unknown] = [await bob.call(method, path(own), body), await bob.call(method, path(none), body)];
      expect(told(foreign)).toEqual(told(unknown));
      expect([path(own), foreign.status]).toEqual([path(own), 404]);
    };
    for (const own of [orderId, done]) {
      await same('GET', (id) => `/public/orders/${id}`, own, NONE);
      await same('DELETE', (id) => `/orders/${id}`, own, NONE);
      await same('POST', (id) => `/orders/${id}/cancel`, own, NONE, { idempotency_key: 'k' });
      await same('PATCH', (id) => `/orders/${id}`, own, NONE, { price: '9.00' });
    }
    for (const method of ['GET', 'DELETE']) await same(method, (id) => `/algos/${id}`, algo, NONE);
    for (const path of ['', '/balances', '/events', '/snapshots', '/positions', '/positions/BTC-USD', '/portfolio', '/statements/2026-01-31']) {
      await same('GET', (id) => `/accounts/${id}${path}`, 'alice', 'nobody');
    }
    await same('POST', (id) => `/accounts/${id}/rebuild`, 'alice', 'nobody');
    await same('POST', (id) => `/accounts/${id}/owners`, 'alice', 'nobody', { username: 'bob' });
    await same('DELETE', (id) => `/accounts/${id}/owners/bob`, 'alice', 'nobody');
    await same('GET', (id) => `/accounts/${id}/owners`, 'alice', 'nobody');
    await same('POST', (id) => `/transfers/${id}/post`, transfer, NONE);
    await same('POST', (id) => `/transfers/${id}/void`, transfer, NONE);
    await same('POST', (id) => `/withdrawals/${id}/cancel`, withdrawal, NONE);
    await same('DELETE', (id) => `/auth/api-keys/${id}`, key.api_key, 'of_none');
    for (const query of ['/orders', '/algos', '/fills']) await same('GET', (id) => `${query}?client_id=${id}`, 'alice', 'nobody');
    for (const query of ['/deposits', '/withdrawals']) await same('GET', (id) => `${query}?account_id=${id}`, 'alice', 'nobody');
    await same('DELETE', (id) => `/orders?client_id=${id}`, 'alice', 'nobody');
    await same('POST', () => '/transfers', '', '', { from: 'alice', to: 'bob', asset: 'USD', amount: '1' });
    for (const client of ['alice', 'nobody']) {
      expect((await bob.call('POST', '/orders', limit({ client_id: client }))).body.code).toBe('account_not_found');
      const { results } = (await bob.call<{ results: { status: number; body: ProblemBody }[] }>('POST', '/orders/batch', {
        operations: [{ op: 'cancel', client_id: client, client_order_id: 'mine' }, { op: 'cancel', order_id: orderId }, { op: 'amend', order_id: orderId, price: '9.00' }, { op: 'place', ...limit({ client_id: client }) }],
      })).body;
      expect(results.map(({ status, body }) => [status, body.code])).toEqual([[404, 'account_not_found'], [404, 'order_not_found'], [404, 'order_not_found'], [404, 'account_not_found']]);
    }
    // Nothing of it has happened.
    expect((await alice.call('GET', `/public/orders/${orderId}`)).body).toMatchObject({ status: 'open', price: '10.00' });
    expect((await alice.call<{ accounts: { account_id: string }[] }>('GET', '/accounts')).body.accounts.map(({ account_id: id }) => id)).toEqual(['alice']);
    await until('its first slice is placed', async () => (await alice.call<{ slices_placed: number }>('GET', `/algos/${algo}`)).body.slices_placed === 1);
    expect((await bob.call('POST', '/algos/twap', { client_id: 'alice', side: 'buy', quantity: '1', duration_s: 9, slices: 2 })).body.code).toBe('account_not_found');
    // An operator sees all of it.
    expect((await operator.call('GET', `/algos/${algo}`)).status).toBe(200);
    expect((await operator.call('GET', `/public/orders/${orderId}`)).status).toBe(200);
    expect((await operator.call('GET', '/accounts/alice/balances')).status).toBe(200);
  });

  it('has keys of its own: the same one is neither used up nor told', async () => {
    const own = (await alice.call<{ order_id: string }>('POST', '/orders', limit({ idempotency_key: 'same' }))).body.order_id;
    const others = await bob.call<{ order_id: string; client_id: string }>('POST', '/orders', limit({ idempotency_key: 'same' }));
    expect([others.status, others.body.client_id, others.body.order_id === own]).toEqual([201, 'bob', false]);
    const cancel = (person: Person): Promise<Answer<ProblemBody>> => person.call('POST', `/orders/${own}/cancel`, { idempotency_key: 'end' });
    expect((await cancel(bob)).body.code).toBe('order_not_found');
    expect((await cancel(alice)).status).toBe(200);
    expect((await cancel(alice)).headers.get('idempotency-replayed')).toBe('true');
    expect((await cancel(bob)).body.code).toBe('order_not_found');
  });

  it('is one\'s own where it is shared, until it is taken back; at once where it is asked, shortly after everywhere', async () => {
    const second = await venue.venue.start();
    const other = new Client(second.url);
    const byBob = (client: Client): Promise<Answer<ProblemBody>> => client.get('/accounts/desk-1/balances', bob.headers);
    expect((await alice.call('POST', '/accounts', { account_id: 'desk-1' })).status).toBe(201);
    for (const name of ['desk-1', 'DESK-1']) expect((await bob.call('POST', '/accounts', { account_id: name })).body.code).toBe('account_exists');
    expect((await venue.client.post<ProblemBody>('/auth/register', { username: 'Desk-1', password: PASSWORD })).body.code).toBe('username_taken');
    expect((await bob.call('POST', '/accounts', { account_id: 'bob-2', deposits: [{ asset: 'USD', amount: '5' }] })).body.code).toBe('forbidden');
    expect((await byBob(venue.client)).status).toBe(404);
    expect((await alice.call('POST', '/accounts/desk-1/owners', { username: 'bob' })).body).toEqual({ account_id: 'desk-1', owners: ['alice', 'bob'] });
    await until('the other process knows', async () => (await byBob(other)).status === 200);

    // Orders of one are the other's: the atomic step is told of all accounts.
    const { order_id: orderId } = (await alice.call<{ order_id: string }>('POST', '/orders', limit({ client_id: 'desk-1' }))).body;
    const stream = await StreamClient.open(second.url);
    const order = await StreamClient.open(second.url);
    for (const client of [stream, order]) expect((await client.ask({ op: 'auth', token: bob.tokens.access_token }, 'authenticated')).data).toMatchObject({ username: 'bob', account_id: 'bob' });
    const subscribed = await stream.ask({ op: 'subscribe', channels: ['orders', 'balances'], instruments: ['BTC-USD'], accounts: ['desk-1', 'bob'] }, 'subscribed');
    expect(subscribed.data.subscriptions).toEqual([
      { channel: 'orders', accounts: ['desk-1'], instruments: ['BTC-USD'] }, { channel: 'orders', accounts: ['bob'], instruments: ['BTC-USD'] },
      { channel: 'balances', accounts: ['desk-1', 'bob'] },
    ]);
    const amended = await bob.call('PATCH', `/orders/${orderId}`, { price: '9.00' });
    expect([amended.status, amended.body.client_id]).toEqual([200, 'desk-1']);
    await stream.next('the order', ({ type, data }) => type === 'order' && data.order_id === orderId && data.price === '9.00');

    const owners = async (person: Person, account = 'desk-1'): Promise<unknown> => (await person.call('GET', `/accounts/${account}/owners`)).body;
    for (const person of [alice, bob, operator]) expect(await owners(person)).toEqual({ account_id: 'desk-1', owners: ['alice', 'bob'] });
    expect(await owners(alice, 'alice')).toEqual({ account_id: 'alice', owners: ['alice'] });
    expect((await operator.call('POST', '/accounts', { account_id: 'nobodys' })).status).toBe(201);
    expect([await owners(operator, 'nobodys'), await owners(operator, 'none')]).toEqual([{ account_id: 'nobodys', owners: [] }, expect.objectContaining({ code: 'account_not_found' })]);
    // Who is no owner is that, and nobody learns by it who is a user.
    for (const name of ['olivia', 'no-user']) {
      const answer = await alice.call('DELETE', `/accounts/desk-1/owners/${name}`);
      expect([answer.status, answer.body.code, (await bob.call('DELETE', `/accounts/desk-1/owners/${name}`)).body.code]).toEqual([404, 'owner_not_found', 'forbidden']);
    }
    expect((await alice.call('POST', '/accounts/desk-1/owners', { username: 'no-user' })).body.code).toBe('user_not_found');
    expect((await bob.call('DELETE', '/accounts/desk-1/owners/alice')).body.code).toBe('forbidden');
    expect((await alice.call('DELETE', '/accounts/desk-1/owners/alice')).body.code).toBe('owner_stays');
    expect((await alice.call('DELETE', '/accounts/desk-1/owners/bob')).body).toEqual({ account_id: 'desk-1', owners: ['alice'] });
    const takenMs = Date.now();
    expect((await byBob(venue.client)).status).toBe(404);
    expect((await bob.call('DELETE', `/orders/${orderId}`)).body.code).toBe('order_not_found');
    for (const path of ['/accounts/desk-1/owners', '/accounts/desk-1/owners/bob']) expect((await bob.call(path.endsWith('bob') ? 'DELETE' : 'GET', path)).body.code).toBe('account_not_found');
    const left = await stream.next('what is left of the stream', ({ type, data }) => type === 'subscribed' && (data.subscriptions as unknown[]).length === 2);
    expect(left.data.subscriptions).toEqual(expect.arrayContaining([{ channel: 'orders', accounts: ['bob'], instruments: ['BTC-USD'] }, { channel: 'balances', accounts: ['bob'] }]));
    await until('the other process knows', async () => (await byBob(other)).status === 404);
    expect(Date.now() - takenMs).toBeLessThan(1_000);
    const seen = stream.messages.length;
    expect((await alice.call('DELETE', `/orders/${orderId}`)).status).toBe(200);
    const mine = (await bob.call<{ order_id: string }>('POST', '/orders', limit())).body.order_id;
    await stream.next('the own order', ({ type, data }) => type === 'order' && data.order_id === mine);
    expect(stream.messages.slice(seen).filter(({ data }) => data.order_id === orderId || data.account_id === 'desk-1')).toEqual([]);

    // A login that ends closes what was opened by it.
    expect((await bob.call('POST', '/auth/logout')).status).toBe(200);
    for (const client of [stream, order]) expect(await client.untilClosed()).toEqual({ code: 4401, reason: 'session_ended' });
    bob = await venue.logIn('bob');
    other.close();
    await second.stop();
  });

  it('is what one may trade with; what one has opened oneself is not (STP_SCOPE=owner)', async () => {
    expect((await alice.call('POST', '/accounts', { account_id: 'desk-2' })).status).toBe(201);
    expect((await alice.call('POST', '/accounts/desk-2/owners', { username: 'bob' })).status).toBe(200);
    const at = { type: 'limit', instrument: 'ETH-USD', price: '77.00', quantity: '1' };
    const taken = async (person: Person, more: object): Promise<unknown> => {
      const { filled_quantity: filled, status_reason: reason, self_trade_prevention: mode } = (
        await person.call<Record<string, unknown>>('POST', '/orders', { ...at, side: 'buy', time_in_force: 'ioc', ...more })
      ).body;
      return [filled, reason, mode];
    };
    expect((await alice.call('POST', '/orders', { ...at, side: 'sell', client_id: 'desk-2' })).status).toBe(201);
    for (const client_id of ['alice', 'desk-2']) expect(await taken(alice, { client_id })).toEqual(['0.000000', 'self_trade', 'cancel_taker']);
    // It is shared with bob, and none of his own.
    expect(await taken(bob, { client_id: 'bob' })).toEqual(['1.000000', null, 'cancel_taker']);
    expect((await alice.call('POST', '/orders', { ...at, side: 'sell', client_id: 'desk-2' })).status).toBe(201);
    expect(await taken(alice, { client_id: 'alice', self_trade_prevention: 'none' })).toEqual(['1.000000', null, undefined]);
  });

  it('is told on no stream: market data is everybody\'s, orders and accounts are their owners\'', async () => {
    const bare = await StreamClient.open(venue.url);
    const eve = await StreamClient.open(venue.url);
    const all = await StreamClient.open(venue.url);
    for (const message of [
      { op: 'subscribe', channels: ['orders'] }, { op: 'subscribe', channels: ['balances'], accounts: ['alice'] }, { op: 'subscribe', channels: ['fills'], accounts: ['alice'] },
    ]) {
      expect((await eve.ask(message, 'error')).data.code).toBe('unauthenticated');
    }
    for (const token of ['x', alice.tokens.refresh_token]) expect((await eve.ask({ op: 'auth', token }, 'error')).type).toBe('error');
    await eve.ask({ op: 'auth', token: bob.tokens.access_token }, 'authenticated');
    for (const channel of ['balances', 'fills', 'orders']) {
      expect((await eve.ask({ op: 'subscribe', channels: [channel], accounts: ['alice'] }, 'error')).data.code).toBe('account_not_found');
    }
    await eve.ask({ op: 'subscribe', channels: ['orders', 'balances', 'fills'] }, 'subscribed');
    await all.ask({ op: 'auth', token: operator.tokens.access_token }, 'authenticated');
    await all.ask({ op: 'subscribe', channels: ['orders'], instruments: ['BTC-USD'] }, 'subscribed');
    await all.ask({ op: 'subscribe', channels: ['balances'], accounts: ['alice', 'olivia'] }, 'subscribed');
    // What is followed by powers is an act; what is one's own is not.
    const { entries } = (await operator.call<{ entries: Record<string, unknown>[] }>('GET', '/audit-log?limit=2')).body;
    expect(entries.map(({ actor, action, target }) => [actor, action, target])).toEqual([['olivia', 'subscribe', 'balances:alice'], ['olivia', 'subscribe', 'orders:BTC-USD']]);
    for (const query of ['?channels=orders', '?channels=balances&accounts=alice']) {
      expect((await venue.client.get<ProblemBody>(`/public/stream${query}`)).status).toBe(401);
    }
    const own = (await alice.call<{ order_id: string }>('POST', '/orders', limit({ price: '20.00' }))).body.order_id;
    await alice.call('POST', '/orders', limit({ side: 'sell', price: '20.00', self_trade_prevention: 'none' }));
    await bare.next('the trade', ({ type }) => type === 'trade');
    await all.next('the order', ({ type, data }) => type === 'order' && data.order_id === own);
    await eve.ask({ op: 'ping' }, 'pong');
    expect([...new Set(bare.messages.map(({ type }) => type))].filter((type) => ['order', 'balances', 'balances_snapshot', 'fill'].includes(type))).toEqual([]);
    expect(eve.messages.filter(({ type, data }) => type === 'order' || type === 'fill' || data.account_id === 'alice')).toEqual([]);
    for (const client of [bare, eve, all]) await client.close();
  });
});

describe('accounts of a user', () => {
  let venue: PeopleVenue;
  let other: Client;

  const everywhere = (i: number): Client => (i % 2 === 0 ? venue.client : other);
  const open = ({ headers }: Person, name: string, client = venue.client, more: object = {}): Promise<Answer<ProblemBody>> => client.call('POST', '/accounts', { headers, body: { account_id: name, ...more } });
  const share = ({ headers }: Person, account: string, username: string, client = venue.client): Promise<Answer<ProblemBody>> => (
    client.call('POST', `/accounts/${account}/owners`, { headers, body: { username } })
  );
  const codes = async (calls: readonly Promise<Answer<ProblemBody>>[]): Promise<readonly string[]> => (await Promise.all(calls)).map(({ status, body }) => (status < 400 ? 'done' : body.code)).sort();

  beforeAll(async () => {
    venue = await PeopleVenue.open({ ACCOUNTS_PER_USER_MAX: '3', SHARED_ACCOUNTS_PER_USER_MAX: '2', OWNERS_PER_ACCOUNT_MAX: '2' });
    other = await venue.another();
  });
  afterAll(() => venue.close());

  it('are so many, and those that others share are counted apart: nobody is kept from an own one by strangers', async () => {
    const [ann, sue] = [await venue.register('ann'), await venue.register('sue')];
    for (const name of ['sue-2', 'sue-3']) expect((await open(sue, name)).status).toBe(201);
    for (const name of ['sue', 'sue-2']) expect((await share(sue, name, 'ann')).status).toBe(200);
    expect((await share(sue, 'sue-2', 'ann')).status).toBe(200);
    expect((await share(sue, 'sue-3', 'ann')).body.code).toBe('shared_accounts_limit');
    expect((await ann.call<{ accounts: string[] }>('GET', '/auth/me')).body.accounts).toEqual(['ann', 'sue', 'sue-2']);
    for (const name of ['ann-2', 'ann-3']) expect((await open(ann, name)).status).toBe(201);
    expect([(await open(ann, 'ann-4')).body.code, (await open(ann, 'ann-3')).body.code]).toEqual(['accounts_limit', 'account_exists']);
    // What is given up is another's to fill.
    expect((await ann.call('DELETE', '/accounts/sue/owners/ann')).status).toBe(200);
    expect((await share(sue, 'sue-3', 'ann')).status).toBe(200);
  });

  it('are no more for calls at once, at two processes', async () => {
    const bob = await venue.register('bob');
    const all = Array.from({ length: 8 }, (_, i) => i);
    expect(await codes(all.map((i) => open(bob, `bob-${i}`, everywhere(i))))).toEqual([...Array.from({ length: 6 }, () => 'accounts_limit'), 'done', 'done']);
    const names = ['cara', 'dan', 'eva', 'fay', 'gus'];
    const people = await Promise.all(names.map((name) => venue.register(name)));
    expect(await codes(names.map((name, i) => share(bob, 'bob', name, everywhere(i))))).toEqual(['done', 'done', 'owners_limit', 'owners_limit', 'owners_limit']);
    await venue.register('hal');
    expect(await codes(people.map((person, i) => share(person, person.name, 'hal', everywhere(i))))).toEqual(['done', 'done', ...Array.from({ length: 3 }, () => 'shared_accounts_limit')]);
  });

  it('can be opened again where that broke off, by whoever began it', async () => {
    const { database } = venue.venue;
    const [ivy, joe] = [await venue.register('ivy'), await venue.register('joe')];
    await database.query(`
      CREATE TRIGGER broken BEFORE UPDATE ON account_owners FOR EACH ROW WHEN (NEW.status = 'active' AND OLD.status = 'opening') EXECUTE FUNCTION refuse_change()`);
    for (const name of ['ivy-2', 'ivy-3']) expect((await open(ivy, name, venue.client, { name: 'Begun' })).status).toBe(500);
    await database.query('DROP TRIGGER broken ON account_owners');
    expect((await open(joe, 'ivy-2')).body.code).toBe('account_exists');
    // Both are counted.
    expect((await open(ivy, 'ivy-4')).body.code).toBe('accounts_limit');
    const { status, body } = await open(ivy, 'ivy-2');
    expect([status, body.account_id, body.name]).toEqual([201, 'ivy-2', 'Begun']);
    expect((await ivy.call('GET', '/accounts/ivy-2/balances')).status).toBe(200);
    expect((await open(ivy, 'ivy-2')).body.code).toBe('account_exists');
    // One that somebody has used meanwhile is nobody's.
    const operator = await (await venue.withRoles('olivia', ['operator'])).sudo();
    expect((await operator.call('POST', '/deposits', { account_id: 'ivy-3', asset: 'USD', amount: '5' })).status).toBe(201);
    expect((await open(ivy, 'ivy-3')).body.code).toBe('account_exists');
    expect((await ivy.call('GET', '/accounts/ivy-3/balances')).status).toBe(404);
    expect((await open(ivy, 'ivy-4')).status).toBe(201);
  });
});
