import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { rmSync } from 'node:fs';
import pino from 'pino';
import { createApp } from '../../src/app';
import { readConfig } from '../../src/config';
import { Client, type ProblemBody } from '../support/client';
import { PASSWORD, PeopleVenue, bearer, nextTimestamp, signed } from './support/people-venue';

/** The directory with the venue's keys is lost, and Postgres still has everybody. */

describe('a venue whose KEYS_DIR is lost', () => {
  let venue: PeopleVenue;

  beforeAll(async () => { venue = await PeopleVenue.open(); });
  afterAll(() => venue.close());

  it('starts and says so, refuses what it cannot check any more, and goes on with all else', async () => {
    const ann = await venue.register('ann');
    const hmac = await ann.key();
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const own = await ann.key({ public_key: publicKey.export({ type: 'spki', format: 'pem' }).toString() });
    const byOwn = (): Record<string, string> => {
      const timestamp = String(nextTimestamp());
      return { 'Openfill-Key': own.api_key, 'Openfill-Timestamp': timestamp, 'Openfill-Signature': sign(null, Buffer.from(`${timestamp}GET/orders`), createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }))).toString('base64') };
    };
    expect((await venue.client.get('/orders', signed(hmac, 'GET', '/orders'))).status).toBe(200);
    await venue.running.stop();
    rmSync(venue.keysDir, { recursive: true });

    const lines: { readonly msg: string; readonly api_keys?: number }[] = [];
    const logger = pino({ level: 'error' }, { write: (line: string) => { lines.push(JSON.parse(line) as { msg: string }); } });
    const app = createApp(readConfig(venue.venue.environment()), logger, {});
    const { port } = await app.start();
    const client = new Client(`http://127.0.0.1:${port ?? 0}`);
    try {
      expect(lines.filter(({ msg }) => msg.startsWith('KEYS_DIR has not the keys')).map(({ api_keys: count }) => count)).toEqual([1]);
      const refused = await client.get<ProblemBody>('/orders', signed(hmac, 'GET', '/orders'));
      expect([refused.status, refused.body.code]).toEqual([401, 'invalid_api_key']);
      expect(refused.body.detail).toMatch(/KEYS_DIR.*make another API key/);
      expect((await client.get('/orders', byOwn())).status).toBe(200);
      const before = await client.get<ProblemBody>('/auth/me', ann.headers);
      expect([before.status, before.body.code]).toEqual([401, 'invalid_token']);
      const { status, body } = await client.post<{ access_token: string }>('/auth/login', { username: 'ann', password: PASSWORD });
      expect(status).toBe(200);
      const made = await client.call<{ api_key: string; secret: string }>('POST', '/auth/api-keys', { headers: bearer(body.access_token), body: { name: 'k', scopes: ['read'] } });
      expect((await client.get('/orders', signed(made.body, 'GET', '/orders'))).status).toBe(200);
      // What is lost can be ended as any other.
      expect((await client.call('DELETE', `/auth/api-keys/${hmac.api_key}`, { headers: bearer(body.access_token) })).status).toBe(200);
    } finally {
      client.close();
      await app.stop();
    }
  });
});
