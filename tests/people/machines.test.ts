import { decodeJwt, decodeProtectedHeader } from 'jose';
import pino from 'pino';
import { OpenfillClient } from '#openfill-client';
import { createApp } from '../../src/app';
import { readConfig } from '../../src/config';
import type { Answer, ProblemBody } from '../support/client';
import { until } from '../support/until';
import { PASSWORD, PeopleVenue, bearer } from './support/people-venue';
import { Provider } from './support/provider';

interface Given { readonly access_token: string; readonly expires_in: number; readonly user_id: string; readonly scopes: readonly string[] }

const AUDIENCE = 'https://venue.example/api';
const MACHINES = { OIDC_AUDIENCE: AUDIENCE, OIDC_MACHINE_CLIENTS: 'machine=maker-1,taken=old-user' };

describe('a machine of the provider\'s', () => {
  let provider: Provider;
  let venue: PeopleVenue;

  beforeAll(async () => {
    provider = await Provider.at('a secret of the tests');
    venue = await PeopleVenue.open({ ...provider.environment, ...MACHINES, ACCESS_TOKEN_TTL_S: '300' });
    await provider.start([venue.url]);
  });
  afterAll(async () => {
    await provider.stop();
    await venue.close();
  });
  afterEach(async () => { await provider.asked().catch(() => undefined); });

  const enter = (token: string, at = venue): Promise<Answer<Given & ProblemBody>> => at.client.post('/auth/oidc/token', { access_token: token });
  const me = async (token: string): Promise<Record<string, unknown>> => (await venue.client.get<Record<string, unknown>>('/auth/me', bearer(token))).body;

  it('logs in by the token that the provider gave it, as the user that the venue calls it, made at once', async () => {
    const { status, body } = await enter(await provider.machineToken('machine', AUDIENCE));
    expect([status, body.expires_in, body.scopes, 'refresh_token' in body]).toEqual([200, 300, ['read', 'trade', 'transfer', 'withdraw'], false]);
    expect(await me(body.access_token)).toMatchObject({ username: 'maker-1', account_id: 'maker-1', roles: ['trader'], sudo: false, minted_by: null });
    expect((decodeJwt(body.access_token)).iss).toBe('openfill');
    expect((await venue.client.place({ side: 'buy', type: 'limit', price: '10.00', quantity: '1' }, bearer(body.access_token))).body.client_id).toBe('maker-1');
    const client = new OpenfillClient(venue.url);
    const again = await client.people.logInMachine(await provider.machineToken('machine', AUDIENCE));
    expect(again.user_id).toBe(body.user_id);
    // It ends as any login.
    expect((await venue.client.call('POST', '/auth/logout-all', { headers: bearer(body.access_token) })).status).toBe(200);
    expect((await venue.client.get<ProblemBody>('/auth/me', bearer(again.access_token))).body.code).toBe('session_ended');
  });

  it('is known by azp as well as by client_id', async () => {
    await provider.asked('azp');
    const token = await provider.machineToken('machine', AUDIENCE);
    expect([decodeJwt(token).azp, decodeJwt(token).client_id]).toEqual(['machine', undefined]);
    expect((await enter(token)).status).toBe(200);
  });

  it.each([['which is the client', null, 'machine'], ['that there is not', 'subjectless', undefined], ['made of the client\'s name', 'suffixed', 'machine@clients']])(
    'is known with a subject %s', async (_what, spoil, subject) => {
      await provider.asked(spoil);
      const token = await provider.machineToken('machine', AUDIENCE);
      expect(decodeJwt(token).sub).toBe(subject);
      expect((await enter(token)).status).toBe(200);
    });

  it.each(['audience', 'issuer', 'expired', 'forever', 'early', 'signature', 'unsigned', 'nobody', 'two', 'bound', 'type', 'person'])('is nobody with a token whose %s is not as it should be', async (spoil) => {
    await provider.asked(spoil);
    const { status, body } = await enter(await provider.machineToken('machine', AUDIENCE));
    expect([status, body.code]).toEqual([401, 'login_not_proven']);
  });

  it('is nobody with what is no token, one for another service, or one of the venue\'s own', async () => {
    const own = await venue.register('somebody');
    for (const token of ['x', 'a.b.c', await provider.machineToken('machine', 'https://elsewhere.example'), own.tokens.access_token]) {
      const { status, body } = await enter(token);
      expect([status, body.code]).toEqual([401, 'login_not_proven']);
    }
    expect((await enter('')).body.code).toBe('validation_failed');
  });

  it('is told so where the venue does not know it, and where its user is suspended', async () => {
    const stranger = await enter(await provider.machineToken('stranger', AUDIENCE));
    expect([stranger.status, stranger.body.code]).toEqual([403, 'machine_unknown']);
    const powers = await (await venue.withRoles('root', ['trader', 'admin'])).sudo();
    expect((await powers.call('PATCH', '/users/maker-1', { status: 'suspended' })).status).toBe(200);
    const suspended = await enter(await provider.machineToken('machine', AUDIENCE));
    expect([suspended.status, suspended.body.code]).toEqual([403, 'user_suspended']);
    expect((await powers.call('PATCH', '/users/maker-1', { status: 'active' })).status).toBe(200);
  });

  it('has a name that nobody else can register', async () => {
    const { status, body } = await venue.client.post<ProblemBody>('/auth/register', { username: 'Old-User', password: PASSWORD });
    expect([status, body.code]).toEqual([409, 'username_taken']);
  });

  it('is not kept out by an account of its user\'s name', async () => {
    const fresh = await PeopleVenue.open({ ...provider.environment, ...MACHINES });
    const mallory = await fresh.register('mallory');
    const operator = await (await fresh.withRoles('olivia', ['trader', 'operator'])).sudo();
    for (const who of [mallory, operator]) {
      for (const name of ['maker-1', 'Maker-1']) {
        const { status, body } = await who.call('POST', '/accounts', { account_id: name });
        expect([who.name, name, status, body.code]).toEqual([who.name, name, 409, 'account_exists']);
      }
    }
    const { status, body } = await enter(await provider.machineToken('machine', AUDIENCE), fresh);
    expect(status).toBe(200);
    expect((await fresh.client.get<{ accounts: string[] }>('/auth/me', bearer(body.access_token))).body.accounts).toEqual(['maker-1']);
    await fresh.close();
  });

  it('asks for the provider\'s keys no more than once, however many tokens name keys that there are not', async () => {
    const token = await provider.machineToken('machine', AUDIENCE);
    const before = await provider.asked();
    const [, payload, signature] = token.split('.');
    for (let i = 0; i < 5; i++) {
      const header = Buffer.from(JSON.stringify({ alg: 'RS256', typ: 'at+jwt', kid: `none-${i}` })).toString('base64url');
      expect((await enter(`${header}.${payload}.${signature}`)).body.code).toBe('login_not_proven');
    }
    expect((await provider.asked())['/jwks']).toBe(before['/jwks']);
  });

  it('keeps nobody out by tokens that say nothing of their key, where the provider has two', async () => {
    const good = await provider.machineToken('machine', AUDIENCE);
    await provider.asked('keyless');
    const token = await provider.machineToken('machine', AUDIENCE);
    expect(decodeProtectedHeader(token).kid).toBeUndefined();
    const fresh = await PeopleVenue.open({ ...provider.environment, ...MACHINES });
    for (let i = 0; i < 10; i++) {
      const { status, body } = await enter(token, fresh);
      expect([status, body.code]).toEqual([401, 'login_not_proven']);
    }
    expect((await enter(good, fresh)).status).toBe(200);
    expect((await fresh.client.get<{ people: { login_provider: unknown } }>('/readyz')).body.people.login_provider).toBe('up');
    await fresh.close();
  });

  it('is a 503 while the provider is away whose keys are not known yet, soon without asking, and goes on when it is back', async () => {
    const token = await provider.machineToken('machine', AUDIENCE);
    const fresh = await PeopleVenue.open({ ...provider.environment, ...MACHINES });
    await provider.stop();
    // Its keys are known here.
    expect((await enter(token)).status).toBe(200);
    for (let i = 0; i < 5; i++) {
      const { status, body } = await enter(token, fresh);
      expect([status, body.code]).toEqual([503, 'login_provider_unavailable']);
    }
    const parts = async (): Promise<unknown> => (await fresh.client.get<{ people: { login_provider: unknown } }>('/readyz')).body.people.login_provider;
    expect(await parts()).toBe('down');
    expect((await fresh.client.get('/metrics')).text).toMatch(/^login_provider_down 1$/m);
    await provider.start([venue.url]);
    // Its keys are new ones.
    const renewed = await provider.machineToken('machine', AUDIENCE);
    const codes = new Set<unknown>();
    await until('it goes on', async () => {
      const { status, body } = await enter(renewed, fresh);
      codes.add(body.code);
      return status === 200;
    });
    expect([...codes].filter((code) => code !== undefined && code !== 'login_provider_unavailable')).toEqual([]);
    expect(await parts()).toBe('up');
    await fresh.close();
  });
});

describe('a machine whose user was there before', () => {
  it('is told of at the start where others can log in as it', async () => {
    const provider = await Provider.at(null);
    const venue = await PeopleVenue.open();
    await venue.register('Maker-1');
    await venue.register('somebody');
    await venue.running.stop();
    const lines: { readonly msg: string; readonly usernames?: readonly string[] }[] = [];
    const logger = pino({ level: 'error' }, { write: (line: string) => { lines.push(JSON.parse(line) as { msg: string }); } });
    const app = createApp(readConfig(venue.venue.environment({ ...provider.environment, ...MACHINES })), logger, {});
    await app.start();
    await app.stop();
    expect(lines.filter(({ msg }) => msg.startsWith('OIDC_MACHINE_CLIENTS names users who have a password')).map(({ usernames }) => usernames)).toEqual([['Maker-1']]);
    await venue.close();
  });
});

describe('without machines', () => {
  it('nobody is one', async () => {
    const provider = await Provider.at(null);
    for (const [environment, code] of [[provider.environment, 'machine_unknown'], [{}, 'oidc_off']] as const) {
      const venue = await PeopleVenue.open(environment);
      expect((await venue.client.post<ProblemBody>('/auth/oidc/token', { access_token: 'x' })).body.code).toBe(code);
      await venue.close();
    }
  });

  it('REGISTRATION=closed makes no user, and one who is there goes on', async () => {
    const provider = await Provider.at(null);
    const venue = await PeopleVenue.open({ ...provider.environment, ...MACHINES, REGISTRATION: 'closed' });
    await provider.start([venue.url]);
    const { status, body } = await venue.client.post<ProblemBody>('/auth/oidc/token', { access_token: await provider.machineToken('machine', AUDIENCE) });
    expect([status, body.code]).toEqual([403, 'registration_closed']);
    await provider.stop();
    await venue.close();
  });
});
