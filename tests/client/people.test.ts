import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OpenfillClient, ProblemError, authFrom, isProblem, type Auth } from '#openfill-client';
import { until } from '../support/until';
import { PASSWORD, PeopleVenue } from '../people/support/people-venue';

const order = { side: 'buy', type: 'limit', price: '10.00', quantity: '1', instrument: 'BTC-USD' } as const;

describe('a client of a venue whose callers say who they are', () => {
  let venue: PeopleVenue;
  const clientOf = (auth: Auth): OpenfillClient => new OpenfillClient(venue.url, { auth });

  beforeAll(async () => {
    venue = await PeopleVenue.open({ ACCESS_TOKEN_TTL_S: '2', LIMIT_MUTATE_PER_SECOND: '100000', LIMIT_MUTATE_BURST: '100000', LIMIT_PRINCIPAL_PER_SECOND: '100000', LIMIT_PRINCIPAL_BURST: '100000' });
    for (const name of ['ann', 'bob']) await venue.register(name);
  });
  afterAll(() => venue.close());

  it('renews its tokens by itself, for calls, order entry and the stream alike', async () => {
    const client = clientOf({ username: 'ann', password: PASSWORD });
    const stream = client.stream({ channels: ['orders'], instruments: ['BTC-USD'] });
    const seen = new Set<string>();
    stream.on('order', ({ data }) => seen.add(data.order_id));
    stream.on('error', (error) => { throw error; });
    const entry = client.orderEntry();
    const placed: string[] = [];
    // Several lives of a token.
    for (const untilMs = Date.now() + 7_000; Date.now() < untilMs;) {
      placed.push((await client.place({ client_id: 'ann', ...order })).order_id, (await entry.place({ client_id: 'ann', ...order })).order_id);
      await sleep(100);
    }
    const last = await client.place({ client_id: 'ann', ...order });
    await stream.reached(last.sequence);
    expect(placed.length).toBeGreaterThan(40);
    expect(placed.filter((id) => !seen.has(id))).toEqual([]);
    await entry.close();
    await stream.close();
  });

  it.each([
    ['a user', () => Promise.resolve({ username: 'ann', password: PASSWORD })],
    ['a login that was made before', async () => {
      const { access_token: accessToken, refresh_token: refreshToken } = await new OpenfillClient(venue.url).people.logIn('ann', PASSWORD);
      return { accessToken, refreshToken };
    }],
  ])('keeps one connection of the stream over several lives of a token: of %s', async (_, auth) => {
    const stream = clientOf(await auth()).stream({ channels: ['orders'], instruments: ['BTC-USD'] });
    const told: string[] = [];
    const seen = new Set<string>();
    stream.on('connected', () => told.push('connected'));
    stream.on('disconnected', (reason) => told.push(reason));
    stream.on('error', (error) => { throw error; });
    stream.on('order', ({ data }) => seen.add(data.order_id));
    await stream.reached();
    const ann = clientOf({ username: 'ann', password: PASSWORD });
    const placed: string[] = [];
    for (const untilMs = Date.now() + 7_000; Date.now() < untilMs;) {
      placed.push((await ann.place(order)).order_id);
      await sleep(250);
    }
    await until('all orders are told', () => placed.every((id) => seen.has(id)));
    expect(told).toEqual(['connected']);
    await stream.close();
  });

  it('opens a connection anew with another token where the one that it was given is over', async () => {
    const { access_token: accessToken, refresh_token: refreshToken } = await new OpenfillClient(venue.url).people.logIn('ann', PASSWORD);
    await sleep(2_100);
    const client = clientOf({ accessToken: `${accessToken.split('.')[0] ?? ''}.e30.${accessToken.split('.')[2] ?? ''}`, refreshToken });
    const stream = client.stream({ channels: ['orders'] });
    await stream.reached();
    const entry = client.orderEntry();
    expect((await entry.place(order)).client_id).toBe('ann');
    await entry.close();
    await stream.close();
  });

  it('gets a token of another user under sudo, for a client of its own', async () => {
    const operator = await venue.withRoles('olivia', ['trader', 'operator']);
    const powers = clientOf({ accessToken: (await operator.sudo()).tokens.access_token });
    const minted = await powers.people.mintToken({ username: 'bob', scopes: ['read'], ttl_minutes: 5 });
    expect([minted.expires_in, minted.scopes]).toEqual([300, ['read']]);
    expect(await clientOf({ accessToken: minted.access_token }).people.me()).toMatchObject({ username: 'bob', minted_by: 'olivia' });
    await expect(clientOf({ username: 'ann', password: PASSWORD }).people.mintToken({ username: 'bob' })).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('is told where its login is at an end that nothing helps against', async () => {
    const { access_token: accessToken, refresh_token: refreshToken } = await new OpenfillClient(venue.url).people.logIn('ann', PASSWORD);
    const client = clientOf({ accessToken, refreshToken });
    expect((await client.people.me()).username).toBe('ann');
    await client.people.logOut();
    await expect(client.people.me()).rejects.toThrow(ProblemError);
    const wrong = clientOf({ username: 'ann', password: `${PASSWORD}x` });
    await expect(wrong.orders({ client_id: 'ann' })).rejects.toMatchObject({ code: 'invalid_credentials' });
    await expect(new OpenfillClient(venue.url).place({ client_id: 'ann', ...order })).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it.each(['hmac', 'ed25519'])('signs with a key: %s', async (kind) => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const bob = clientOf({ username: 'bob', password: PASSWORD });
    const made = await bob.people.makeApiKey({
      name: kind, scopes: ['read', 'trade'], ...(kind === 'ed25519' && { public_key: publicKey.export({ type: 'spki', format: 'pem' }).toString() }),
    });
    expect([made.kind, made.secret === undefined]).toEqual([kind, kind === 'ed25519']);
    const auth = kind === 'hmac' ? { apiKey: made.api_key, secret: made.secret as string } : { apiKey: made.api_key, privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
    const client = clientOf(auth);
    const entry = client.orderEntry();
    const stream = client.stream({ channels: ['orders'] });
    const orders = await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? client : entry).place({ client_id: 'bob', ...order })));
    expect(new Set(orders.map(({ order_id: id }) => id)).size).toBe(20);
    expect((await client.orders({ client_id: 'bob' })).orders.length).toBeGreaterThanOrEqual(20);
    await expect(client.people.makeApiKey({ name: 'x', scopes: ['read'] })).rejects.toMatchObject({ code: 'forbidden' });
    await stream.reached(Math.max(...orders.map(({ sequence }) => sequence)));
    await client.cancelAll('bob');
    await bob.people.endApiKey(made.api_key);
    expect(await client.people.me().catch((error: unknown) => isProblem(error, 'invalid_api_key'))).toBe(true);
    await entry.close();
    await stream.close();
  });

  it.each([
    ['a user', () => ({ OPENFILL_USER: 'bob', OPENFILL_PASSWORD: PASSWORD })],
    ['an API key', async () => {
      const { api_key: key, secret } = await clientOf({ username: 'bob', password: PASSWORD }).people.makeApiKey({ name: 'bot', scopes: ['read', 'trade'] });
      return { OPENFILL_API_KEY: key, OPENFILL_API_SECRET: secret as string };
    }],
  ])('has a bot that is who its environment says: %s', async (_, environment) => {
    const bob = clientOf({ username: 'bob', password: PASSWORD });
    await bob.cancelAll();
    const child = spawn(process.execPath, [join(__dirname, '..', '..', 'packages', 'client', 'examples', 'bot.mjs'), venue.url], { env: { PATH: process.env.PATH, ...await environment() } });
    let output = '';
    for (const told of [child.stdout, child.stderr]) told.setEncoding('utf8').on('data', (text: string) => { output += text; });
    await until(`the bot quotes: ${output}`, async () => (await bob.orders()).orders.length === 2);
    await clientOf({ username: 'ann', password: PASSWORD }).place({ side: 'sell', type: 'market', quantity: '0.1' });
    await until('the bot tells its fill', () => output === 'buy 0.10000000 filled at 49990.00\n');
    child.kill();
    await once(child, 'close');
    await bob.cancelAll();
  });

  it('has a README whose people do as printed', async () => {
    const examples = join(__dirname, '..', '..', 'packages', 'client', 'examples');
    const printed = [...readFileSync(join(examples, '..', 'README.md'), 'utf8').matchAll(/^```js\n(import [\s\S]*?)^```$/gm)].map(([, text]) => text);
    expect(printed).toContain(readFileSync(join(examples, 'people.mjs'), 'utf8'));
    const child = spawn(process.execPath, [join(examples, 'people.mjs'), venue.url, 'carol', PASSWORD, 'bob'], { env: { PATH: process.env.PATH } });
    let output = '';
    for (const told of [child.stdout, child.stderr]) told.setEncoding('utf8').on('data', (text: string) => { output += text; });
    await once(child, 'close');
    expect(output.split('\n')).toEqual(["[ 'carol' ]", 'carol', "[ 'carol', 'bob' ]", "[ 'carol' ]", 'not_admin', '']);
  });

  it('can end a login, and its password, and goes on as far as it knows the way', async () => {
    await clientOf({ username: 'ann', password: PASSWORD }).people.register('dora', PASSWORD);
    const dora = clientOf({ username: 'dora', password: PASSWORD });
    await dora.people.logOut();
    expect((await dora.people.me()).username).toBe('dora');
    await dora.people.changePassword(PASSWORD, `${PASSWORD}2`);
    await expect(dora.people.me()).rejects.toMatchObject({ code: 'invalid_credentials' });
    expect((await clientOf({ username: 'dora', password: `${PASSWORD}2` }).people.me()).username).toBe('dora');
  });

  it('is nobody where its environment says nothing, and does not begin where that says half', () => {
    expect(authFrom({ OPENFILL_USER: '', PATH: '/bin' })).toBeUndefined();
    expect(authFrom({ OPENFILL_TOKEN: 'x' })).toEqual({ accessToken: 'x' });
    expect(authFrom({ OPENFILL_API_KEY: 'of_1', OPENFILL_PRIVATE_KEY: 'pem' })).toEqual({ apiKey: 'of_1', privateKey: 'pem' });
    for (const environment of [{ OPENFILL_USER: 'bob' }, { OPENFILL_API_KEY: 'of_1' }, { OPENFILL_USER: 'bob', OPENFILL_PASSWORD: PASSWORD, OPENFILL_TOKEN: 'x' }]) {
      expect(() => authFrom(environment)).toThrow(TypeError);
      expect(() => authFrom(environment)).toThrow(Object.keys(environment).join(', '));
    }
  });

  it('acts for the caller\'s own account where it names none', async () => {
    const client = clientOf({ username: 'ann', password: PASSWORD });
    const entry = client.orderEntry();
    const instrument = 'ETH-USD';
    const placed = [await client.place({ ...order, instrument, client_order_id: 'mine' }), await entry.place({ ...order, instrument })];
    expect(placed.map(({ client_id: clientId }) => clientId)).toEqual(['ann', 'ann']);
    const ids = placed.map(({ order_id: id }) => id);
    expect((await client.orders({ instrument })).orders.map(({ order_id: id }) => id)).toEqual([...ids].reverse());
    expect((await client.orders()).orders.slice(0, 2).map(({ order_id: id }) => id)).toEqual([...ids].reverse());
    expect((await client.amend({ client_order_id: 'mine' }, { quantity: '0.5' })).order_id).toBe(ids[0]);
    expect((await entry.cancel({ client_order_id: 'mine' })).order_id).toBe(ids[0]);
    const [seller] = await client.batch([{ op: 'place', ...order, instrument, side: 'sell', self_trade_prevention: 'none' }]);
    expect(seller).toMatchObject({ status: 201, body: { client_id: 'ann', status: 'filled' } });
    // History is a moment behind.
    await until('both fills are told', async () => (await client.fills({ instrument })).fills.length === 2);
    const rows = [];
    for await (const fill of client.everyFill()) rows.push(fill.order_id);
    expect(rows).toContain(ids[1]);
    const last = await client.place({ ...order, instrument });
    expect(await client.cancelAll()).toContain(last.order_id);
    for await (const open of client.everyOrder()) throw new Error(`${open.order_id} is open`);
    const stream = client.stream({ channels: ['balances'] });
    await stream.reached();
    expect(stream.balances('ann')?.all.length).toBeGreaterThan(0);
    await stream.close();
    await entry.close();
  });

  it('shares accounts and takes them back', async () => {
    const [ann, bob] = [clientOf({ username: 'ann', password: PASSWORD }), clientOf({ username: 'bob', password: PASSWORD })];
    await ann.openAccount({ account_id: 'pool' });
    expect(await ann.people.share('pool', 'bob')).toEqual({ account_id: 'pool', owners: ['ann', 'bob'] });
    expect((await bob.people.me()).accounts).toEqual(['bob', 'pool']);
    expect((await bob.place({ client_id: 'pool', ...order })).client_id).toBe('pool');
    expect(await ann.people.owners('pool')).toEqual({ account_id: 'pool', owners: ['ann', 'bob'] });
    expect(await ann.people.takeBack('pool', 'bob')).toEqual({ account_id: 'pool', owners: ['ann'] });
    await expect(bob.place({ client_id: 'pool', ...order })).rejects.toMatchObject({ code: 'account_not_found' });
  });
});
