import { audit } from '../audit/support';
import { Client, type ProblemBody } from '../support/client';
import { until } from '../support/until';
import type { RunningApp } from '../support/venue';
import { PeopleVenue, signed, type MadeKey, type Person } from './support/people-venue';

const TAKERS = 6;

/** A signature is taken once, whoever takes it where. */
describe('a signature', () => {
  let venue: PeopleVenue;
  let other: RunningApp;
  let clients: Client[];
  let ann: Person;
  let key: MadeKey;

  beforeAll(async () => {
    venue = await PeopleVenue.open();
    other = await venue.venue.start();
    clients = [venue.client, new Client(other.url)];
    ann = await venue.register('ann');
    key = await ann.key();
  });
  afterAll(async () => {
    clients[1]?.close();
    await venue.close();
  });

  const order = (price: string): Record<string, string> => ({ side: 'buy', type: 'limit', price, quantity: '1' });
  const place = async (price: string): Promise<string> => (await ann.call<{ order_id: string }>('POST', '/orders', order(price))).body.order_id;
  const open = async (): Promise<number> => (await ann.call<{ orders: unknown[] }>('GET', '/orders')).body.orders.length;
  /** The same request, at once, from all sides. */
  const atOnce = async (method: string, path: string, body?: unknown): Promise<string[]> => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = signed(key, method, path, text);
    const answers = await Promise.all(Array.from({ length: TAKERS }, (_, i) => (
      (clients[i % 2] as Client).call<ProblemBody>(method, path, { headers, ...(body === undefined ? {} : { body }) })
    )));
    return answers.map(({ status, body: told }) => (status < 300 ? 'done' : told.code)).sort();
  };
  const once = ['done', ...Array.from({ length: TAKERS - 1 }, () => 'signature_reused')];

  it.each([
    ['an order', () => ['POST', '/orders', order('10.00')]],
    ['an amend', async () => ['PATCH', `/orders/${await place('11.00')}`, { price: '11.50' }]],
    ['a cancel', async () => ['DELETE', `/orders/${await place('12.00')}`]],
    ['a batch', () => ['POST', '/orders/batch', { operations: [{ op: 'place', ...order('13.00') }] }]],
    ['a cancel of all', () => ['DELETE', '/orders']],
    ['a transfer', () => ['POST', '/transfers', { from: 'ann', to: 'ann-2', asset: 'USD', amount: '1' }]],
    ['a read', () => ['GET', '/accounts/ann/balances']],
  ] as const)('of %s is taken once over two processes', async (_, request) => {
    if ((await ann.call('GET', '/accounts/ann-2')).status === 404) await ann.call('POST', '/accounts', { account_id: 'ann-2' });
    for (let i = 0; i < 5; i++) {
      await ann.call('DELETE', '/orders');
      const [method, path, body] = await request();
      expect(await atOnce(method as string, path as string, body)).toEqual(once);
    }
  });

  it('is taken by what is turned down, too', async () => {
    await ann.call('DELETE', '/orders');
    for (const [body, code] of [[{ ...order('10.00'), quantity: '-1' }, 'validation_failed'], [{ ...order('10.00'), client_id: 'bob' }, 'account_not_found']] as const) {
      const text = JSON.stringify(body);
      const headers = signed(key, 'POST', '/orders', text);
      const codes = [];
      for (const client of [...clients, ...clients]) codes.push((await client.post<ProblemBody>('/orders', body, headers)).body.code);
      expect(codes).toEqual([code, 'signature_reused', 'signature_reused', 'signature_reused']);
    }
    expect(await open()).toBe(0);
  });

  it('is still good where the request was refused before anybody looked at it', async () => {
    await ann.call('DELETE', '/orders');
    const text = JSON.stringify(order('10.00'));
    const headers = signed(key, 'POST', '/orders', text);
    const post = async (more: Readonly<Record<string, string>>): Promise<unknown[]> => {
      const response = await fetch(`${venue.url}/orders`, { method: 'POST', body: text, headers: { ...headers, 'Content-Type': 'application/json', ...more } });
      return [response.status, (await response.json() as { code?: string }).code];
    };
    expect(await post({ 'Content-Type': 'text/plain' })).toEqual([415, 'unsupported_media_type']);
    expect(await post({ Origin: 'https://elsewhere.example' })).toEqual([403, 'origin_not_allowed']);
    expect(await post({ 'Openfill-Recv-Window': '60001' })).toEqual([401, 'timestamp_out_of_window']);
    expect(await post({})).toEqual([201, undefined]);
    expect(await post({})).toEqual([401, 'signature_reused']);
    // What holds is taken, be it the signature of what is no JSON.
    const broken = signed(key, 'POST', '/orders', '{');
    const codes = [];
    for (let i = 0; i < 2; i++) {
      const response = await fetch(`${venue.url}/orders`, { method: 'POST', body: '{', headers: { ...broken, 'Content-Type': 'application/json' } });
      codes.push((await response.json() as { code: string }).code);
    }
    expect(codes).toEqual(['malformed_json', 'signature_reused']);
  });

  it('of an order is taken in the step of the order, and not where there is none', async () => {
    const state = (wanted: string): Promise<unknown> => venue.venue.redis.command('HSET', `{${venue.venue.shard}}:meta`, 'state', wanted);
    const headers = { ...signed(key, 'POST', '/orders', JSON.stringify(order('10.00'))), 'Openfill-Recv-Window': '60000' };
    const post = async (): Promise<string | number> => {
      const { status, body } = await venue.client.post<ProblemBody>('/orders', order('10.00'), headers);
      return status < 300 ? status : body.code;
    };
    await state('frozen');
    expect([await post(), await post()]).toEqual(['engine_frozen', 'engine_frozen']);
    await state('open');
    expect([await post(), await post()]).toEqual([201, 'signature_reused']);
  });

  it('stays taken over a rebuild, and belongs to what verify knows', async () => {
    const headers = signed(key, 'POST', '/orders', JSON.stringify(order('10.00')));
    const post = async (): Promise<string | undefined> => (await venue.client.post<ProblemBody>('/orders', order('10.00'), { ...headers, 'Openfill-Recv-Window': '60000' })).body.code;
    expect(await post()).toBeUndefined();
    await venue.venue.redis.command('HSET', `{${venue.venue.shard}}:meta`, 'state', 'faulted', 'fault', 'planted');
    await until('the shard is rebuilt', async () => (await ann.call('POST', '/orders', order('9.00'))).status === 201, 30_000);
    expect(await post()).toBe('signature_reused');
    let problems: readonly string[] = [];
    await until('the audit finds nothing', async () => (problems = await audit(venue.venue)).length === 0, 10_000).catch((error: unknown) => {
      expect(problems).toEqual([]);
      throw error;
    });
  });
});
