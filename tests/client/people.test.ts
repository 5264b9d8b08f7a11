import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { OpenfillClient, ProblemError, isProblem, type Auth } from '#openfill-client';
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

  it('shares accounts and takes them back', async () => {
    const [ann, bob] = [clientOf({ username: 'ann', password: PASSWORD }), clientOf({ username: 'bob', password: PASSWORD })];
    await ann.openAccount({ account_id: 'pool' });
    expect(await ann.people.share('pool', 'bob')).toEqual({ account_id: 'pool', owners: ['ann', 'bob'] });
    expect((await bob.people.me()).accounts).toEqual(['bob', 'pool']);
    expect((await bob.place({ client_id: 'pool', ...order })).client_id).toBe('pool');
    expect(await ann.people.takeBack('pool', 'bob')).toEqual({ account_id: 'pool', owners: ['ann'] });
    await expect(bob.place({ client_id: 'pool', ...order })).rejects.toMatchObject({ code: 'account_not_found' });
  });
});
