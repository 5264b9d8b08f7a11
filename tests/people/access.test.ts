import { CALLS, CALL_ACCESS, type Call, type CallId, type Access } from '#openfill-contract';
import type { Answer, ProblemBody } from '../support/client';
import { PeopleVenue, bearer, forgedToken, signed, type MadeKey, type Person } from './support/people-venue';

/** Every call of the contract, by its row of who may make it: asked by everybody who may not. */

const calls = Object.entries(CALLS).filter(([id]) => id !== 'getDocs' && id !== 'openStream') as [CallId, Call][];
const guarded = calls.filter(([id]) => CALL_ACCESS[id].caller === 'user' || CALL_ACCESS[id].caller === 'operator' || CALL_ACCESS[id].caller === 'admin');
const open = calls.filter(([id]) => CALL_ACCESS[id].caller === 'anyone');

const PARAMETERS: Readonly<Record<string, string>> = {
  order_id: '019c2b4e-7d10-7c3a-9f52-1b6f0a4f8e21', transfer_id: '019c2b4e-7d10-7c3a-9f52-1b6f0a4f8e21', withdrawal_id: '019c2b4e-7d10-7c3a-9f52-1b6f0a4f8e21',
  algo_id: '019c2b4e-7d10-7c3a-9f52-1b6f0a4f8e21', list_id: '019c2b4e-7d10-7c3a-9f52-1b6f0a4f8e20', account_id: 'alice', group: 'gold', instrument: 'BTC-USD', date: '2026-01-31', username: 'alice', key: 'of_x',
};

interface Request {
  readonly method: string;
  readonly path: string;
  readonly body: string | undefined;
}

function requestOf({ method, path, body, query }: Call): Request {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => PARAMETERS[name] ?? '');
  const example = body === undefined ? undefined : Object.values(body.examples)[0];
  const needsClient = query !== undefined && 'client_id' in query.fields;
  return { method, path: needsClient ? `${filled}?client_id=alice` : filled, body: example === undefined ? undefined : JSON.stringify(example) };
}

describe('every call, by its row', () => {
  let venue: PeopleVenue;
  let alice: Person;
  let suspended: Person;
  let operator: Person;

  const send = ({ method, path, body }: Request, headers: Readonly<Record<string, string>>): Promise<Answer<ProblemBody>> => venue.client.call(method, path, {
    headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers }, ...(body === undefined ? {} : { raw: body }),
  });
  const token = (claims: Parameters<typeof forgedToken>[1]): Promise<string> => forgedToken(venue, claims);

  beforeAll(async () => {
    venue = await PeopleVenue.open({ LIMIT_MUTATE_PER_SECOND: '100000', LIMIT_MUTATE_BURST: '100000', LIMIT_EXPENSIVE_PER_MINUTE: '100000' });
    alice = await venue.register('alice');
    suspended = await venue.register('mallory');
    operator = await venue.withRoles('olivia', ['trader', 'operator']);
    const powers = await operator.sudo();
    expect((await powers.call('PATCH', '/users/mallory', { status: 'suspended' })).status).toBe(200);
  });
  afterAll(() => venue.close());

  it('has a row, and no row is without a call', () => {
    expect(Object.keys(CALL_ACCESS).sort()).toEqual(Object.keys(CALLS).sort());
    expect(guarded.length + open.length).toBe(calls.length - 1);
  });

  it.each(open.filter(([id]) => CALL_ACCESS[id].limit !== 'login').map(([id, call]) => [id, requestOf(call)] as const))('%s is for anybody', async (_id, request) => {
    const answer = await venue.client.call(request.path === '/public/stream' ? 'HEAD' : request.method, request.path);
    expect([401, 403]).not.toContain(answer.status);
  });

  describe.each(guarded.map(([id, call]) => [id, CALL_ACCESS[id], requestOf(call)] as const))('%s', (_id, access: Access, request) => {
    const refused = async (headers: Readonly<Record<string, string>>): Promise<readonly [number, string]> => {
      const { status, body } = await send(request, headers);
      return [status, body.code];
    };

    it('is for nobody without a token, with one that is no token, or with two', async () => {
      const answer = await send(request, {});
      expect([answer.status, answer.body.code, answer.headers.get('www-authenticate')]).toEqual([401, 'unauthenticated', 'Bearer realm="openfill"']);
      for (const Authorization of ['Bearer', 'Bearer x', 'Basic YWxpY2U6eA==', 'Bearer a.b.c', `Bearer ${alice.tokens.access_token.slice(0, -4)}AAAA`]) {
        expect(await refused({ Authorization })).toEqual([401, 'invalid_token']);
      }
      expect(await refused({ ...alice.headers, 'Openfill-Key': 'of_x' })).toEqual([401, 'invalid_token']);
    });

    it('is not for a token that is over, for something else, for somebody else, of another key, or of nobody', async () => {
      expect(await refused(bearer(await token({ ttlS: -50 })))).toEqual([401, 'token_expired']);
      expect(await refused(bearer(alice.tokens.refresh_token))).toEqual([401, 'wrong_token_type']);
      expect(await refused(bearer(await token({ audience: 'elsewhere' })))).toEqual([401, 'invalid_token']);
      expect(await refused(bearer(await token({ kid: 'unknown' })))).toEqual([401, 'invalid_token']);
      expect(await refused(bearer(await token({})))).toEqual([401, 'invalid_token']);
    });

    it('is not for a user who is suspended', async () => {
      expect(await refused(suspended.headers)).toEqual([403, 'user_suspended']);
    });

    it('needs its scope, and its role with its powers', async () => {
      const others = (['read', 'trade', 'transfer'] as const).filter((scope) => scope !== access.scope);
      const key = await alice.key({ scopes: others });
      const { status, body } = await send(request, signed(key, request.method, request.path, request.body));
      if (access.scope === null) expect([status, body.code, body.detail]).toEqual([403, 'forbidden', 'No API key may do this: it needs a token.']);
      else if (access.caller === 'user') expect([status, body.code, body.detail]).toEqual([403, 'forbidden', `This needs the scope ${access.scope}.`]);
      else expect([status, body.code]).toEqual([403, 'forbidden']);
      expect((await alice.call('DELETE', `/auth/api-keys/${key.api_key}`)).status).toBe(200);
      if (access.caller === 'user') return;
      const trader = await send(request, alice.headers);
      expect([trader.status, trader.body.code, trader.body.detail]).toEqual([403, 'forbidden', `This needs the role ${access.caller}.`]);
      expect(await refused(operator.headers)).toEqual([403, 'sudo_required']);
    });

    it('is not for a key from another address, another body, another path, a time that is off, or a second time', async () => {
      const away = await alice.key({ ip_allow: ['192.0.2.0/24', '2001:db8::1'] });
      const { method, path, body } = request;
      const elsewhere = await send(request, signed(away, method, path, body));
      expect([elsewhere.status, elsewhere.body.code, elsewhere.body.detail]).toEqual([401, 'invalid_api_key', 'The API key may not be used from this address.']);
      const key = await alice.key({ scopes: ['read'], ip_allow: ['127.0.0.0/8'] });
      expect(await refused(signed(key, method, path, `${body ?? ''} `))).toEqual([401, 'invalid_api_key']);
      expect(await refused(signed(key, method, `${path}x`, body))).toEqual([401, 'invalid_api_key']);
      expect(await refused(signed({ ...key, secret: `${key.secret}x` }, method, path, body))).toEqual([401, 'invalid_api_key']);
      expect(await refused(signed({ api_key: 'of_unknown', secret: key.secret } satisfies MadeKey, method, path, body))).toEqual([401, 'invalid_api_key']);
      const timestamp = Date.now() - 6_000;
      const late = await send(request, signed(key, method, path, body, timestamp));
      expect([late.status, late.body.code]).toEqual([401, 'timestamp_out_of_window']);
      const [, behindMs, nowMs] = /^The timestamp [0-9]+ is ([0-9]+) ms behind the venue's time ([0-9]+); at most 5000 ms are allowed/.exec(late.body.detail) ?? [];
      expect(Number(nowMs) - Number(behindMs)).toBe(timestamp);
      expect((await send(request, signed(key, method, path, body, Date.now() + 20_000))).body.detail).toMatch(/ ms ahead of the venue's time /);
      expect(await refused({ ...signed(key, method, path, body, Date.now() - 61_000), 'Openfill-Recv-Window': '60000' })).toEqual([401, 'timestamp_out_of_window']);
      expect(await refused({ ...signed(key, method, path, body), 'Openfill-Recv-Window': '60001' })).toEqual([401, 'timestamp_out_of_window']);
      for (const header of ['Openfill-Timestamp', 'Openfill-Signature']) {
        const { [header]: _left, ...others } = signed(key, method, path, body);
        const half = await send(request, others);
        expect([half.status, half.body.code, half.body.detail]).toEqual([401, 'invalid_api_key', expect.stringMatching(new RegExp(`^${header} is missing: `))]);
      }
      const once = signed(key, method, path, body);
      expect((await send(request, once)).body.code).not.toBe('signature_reused');
      expect(await refused(once)).toEqual([401, 'signature_reused']);
      // Another spelling of the same bytes is the same signature.
      expect(await refused({ ...once, 'Openfill-Signature': `${once['Openfill-Signature'] ?? ''}=` })).toEqual([401, 'signature_reused']);
      for (const { api_key: name } of [away, key]) expect((await alice.call('DELETE', `/auth/api-keys/${name}`)).status).toBe(200);
    });
  });
});
