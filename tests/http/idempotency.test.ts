import { ageKeys } from '../support/old-keys';
import { BOTH_WAYS, limit, market, refusal, type Answer, type Client, type OrderWithTradesView } from '../support/client';
import { Service } from './support/service';

const UNKNOWN_ID = '01900000-0000-7000-8000-000000000000';

describe.each(BOTH_WAYS)('idempotency keys %s', (_name, hotPath) => {
  let service: Service;
  let client: Client;
  let instrument: string;
  let keys = 0;
  const newKey = (): string => `key-${++keys}`;

  beforeAll(async () => {
    // A log that keeps nothing once it is in Postgres: answers have to come from there, too.
    service = await Service.open({ hotPath, environment: { LOG_TAIL_ENTRIES: '1' } });
    client = service.client;
  });
  afterAll(() => service.close());
  beforeEach(() => { instrument = service.nextBook(); });

  const sequence = async (): Promise<number> => (await client.book(`?instrument=${instrument}`)).body.sequence;

  /** Whether the log has forgotten an entry: `~` trims whole nodes of the stream only. */
  const forgetLog = async (): Promise<void> => {
    await service.persisted();
    await service.venue.redis.command('XTRIM', `{${service.venue.shard}}:log`, 'MAXLEN', '0');
  };

  const expectReplay = async (first: Answer<unknown>, repeat: Promise<Answer<unknown>>): Promise<void> => {
    const again = await repeat;
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([first.status, 'true']);
    if (first.status < 300) expect(again.text).toBe(first.text);
    else expect({ ...(again.body as object), instance: '' }).toEqual({ ...(first.body as object), instance: '' });
  };

  describe.each([
    ['in the body', (order: Record<string, unknown>, key: string) => client.place({ ...order, idempotency_key: key })],
    ['in the header', (order: Record<string, unknown>, key: string) => client.place(order, { 'Idempotency-Key': key })],
    ['in both', (order: Record<string, unknown>, key: string) => client.place({ ...order, idempotency_key: key }, { 'Idempotency-Key': key })],
  ])('of an order, %s', (_where, place) => {
    it('bring the first answer again, trades included, now and from history', async () => {
      await client.place(limit({ instrument, side: 'sell', quantity: '0.4' }));
      const key = newKey();
      const first = await place(limit({ instrument }), key);
      expect(first.headers.has('idempotency-replayed')).toBe(false);
      expect(first.body.trades).toHaveLength(1);
      // The order goes on living; the first answer stays what it was.
      await client.place(market({ instrument, quantity: '0.1' }));
      await client.cancel(first.body.order_id);
      const before = await sequence();
      await expectReplay(first, place(limit({ instrument }), key));
      await forgetLog();
      await expectReplay(first, place(limit({ instrument }), key));
      expect(await sequence()).toBe(before);
    });

    it('are one order for fifty requests at once', async () => {
      const key = newKey();
      const answers = await Promise.all(Array.from({ length: 50 }, () => place(limit({ instrument }), key)));
      expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
      expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 50 }, () => 201));
      expect(answers.filter((answer) => answer.headers.get('idempotency-replayed') === 'true')).toHaveLength(49);
      expect((await client.book(`?instrument=${instrument}`)).body.bids).toEqual([['100.00', '1.00000000']]);
    });
  });

  it('are the same key in the header and in the body', async () => {
    const key = `schlüssel-${newKey()}`;
    const first = await client.place(limit({ instrument, idempotency_key: key }));
    const latin1 = Buffer.from(key, 'utf8').toString('latin1');
    await expectReplay(first, client.place(limit({ instrument }), { 'Idempotency-Key': latin1 }));
  });

  it('are the same request in another spelling', async () => {
    const idempotency_key = newKey();
    const first = await client.place(limit({ instrument, price: 100, quantity: 1, idempotency_key }));
    await expectReplay(first, client.place(limit({ instrument, price: '100.00', quantity: '1.0', time_in_force: 'gtc', post_only: false, idempotency_key })));
  });

  it.each([
    ['price', limit({ price: '101.00' })],
    ['quantity', limit({ quantity: '2' })],
    ['side', limit({ side: 'sell' })],
    ['post_only', limit({ post_only: true })],
    ['time_in_force', limit({ time_in_force: 'ioc' })],
    ['client_order_id', limit({ client_order_id: 'other' })],
    ['self_trade_prevention', limit({ self_trade_prevention: 'decrement' })],
  ])('refuse a different order and name what differs: %s', async (field, other) => {
    const idempotency_key = newKey();
    const first = await client.place(limit({ instrument, idempotency_key }));
    for (const forget of [false, true]) {
      if (forget) await forgetLog();
      const { body } = await refusal(client.place({ ...other, instrument, idempotency_key }), 422, 'idempotency_key_reused');
      expect(body.errors).toEqual([{ field, message: 'differs from the request that used this key first' }]);
      expect(body.detail).toContain(field);
    }
    await expectReplay(first, client.place(limit({ instrument, idempotency_key })));
  });

  it('leave to the venue what a request does not say', async () => {
    const idempotency_key = newKey();
    const first = await client.place(limit({ instrument, self_trade_prevention: 'cancel_both', idempotency_key }));
    expect(first.body.self_trade_prevention).toBe('cancel_both');
    await expectReplay(first, client.place(limit({ instrument, idempotency_key })));
    await expectReplay(first, client.place(limit({ instrument, self_trade_prevention: 'cancel_both', idempotency_key })));
    await refusal(client.place(limit({ instrument, self_trade_prevention: 'none', idempotency_key })), 422, 'idempotency_key_reused');
  });

  it('refuse another instrument, several differences and another kind of request', async () => {
    const idempotency_key = newKey();
    const { body: order } = await client.place(limit({ instrument, idempotency_key }));
    const several = await refusal(client.place(market({ client_id: 'client-A', instrument: 'BTC-USD', idempotency_key })), 422, 'idempotency_key_reused');
    expect(several.body.errors?.map(({ field }) => field).sort()).toEqual(['instrument', 'price', 'side', 'time_in_force', 'type']);
    const cancel = await refusal(client.cancel(order.order_id, { idempotency_key }), 422, 'idempotency_key_reused');
    expect(cancel.body.errors?.map(({ field }) => field)).toEqual(['op']);
    const amend = await refusal(client.amend(order.order_id, { price: 1, idempotency_key }), 422, 'idempotency_key_reused');
    expect(amend.body.errors?.map(({ field }) => field)).toEqual(['op']);
  });

  it('belong to their client', async () => {
    const idempotency_key = newKey();
    const orders = await Promise.all(['a', 'b'].map((client_id) => client.place(limit({ instrument, client_id, idempotency_key }))));
    expect(new Set(orders.map((order) => order.body.order_id)).size).toBe(2);
  });

  it('remember a refusal by the book as well', async () => {
    await client.place(limit({ instrument, client_order_id: `twice-${instrument}` }));
    const send = (key: string) => client.place(limit({ instrument, client_order_id: `twice-${instrument}`, idempotency_key: key }));
    const key = newKey();
    const first = await send(key);
    expect([first.status, first.headers.has('idempotency-replayed')]).toEqual([409, false]);
    await client.call('DELETE', '/orders?client_id=client-A');
    await expectReplay(first, send(key));
    await forgetLog();
    await expectReplay(first, send(key));
    expect((await send(newKey())).status).toBe(201);
    const rejected = limit({ instrument, price: '1', post_only: false, time_in_force: 'fok', idempotency_key: newKey() });
    const turnedDown = await client.place(rejected);
    expect(turnedDown.body.status).toBe('rejected');
    await expectReplay(turnedDown, client.place(rejected));
  });

  it('do not remember what was not valid', async () => {
    const idempotency_key = newKey();
    await refusal(client.place(limit({ instrument, price: -1, idempotency_key })), 400, 'validation_failed');
    expect((await client.place(limit({ instrument, idempotency_key }))).status).toBe(201);
  });

  const changes: [string, (id: string, key: string) => Promise<Answer<OrderWithTradesView>>][] = [
    ['POST cancel, in the body', (id, idempotency_key) => client.cancel(id, { idempotency_key })],
    ['POST cancel, in the header', (id, key) => client.cancel(id, undefined, { 'Idempotency-Key': key })],
    ['DELETE, in the header', (id, key) => client.call('DELETE', `/orders/${id}`, { headers: { 'Idempotency-Key': key } })],
    ['DELETE, in the query', (id, key) => client.call('DELETE', `/orders/${id}?idempotency_key=${key}`)],
    ['DELETE, in the body', (id, idempotency_key) => client.call('DELETE', `/orders/${id}`, { body: { idempotency_key } })],
    ['PATCH, in the body', (id, idempotency_key) => client.amend(id, { price: '102.00', quantity: 2, idempotency_key })],
    ['PATCH, in the header', (id, key) => client.amend(id, { remaining_quantity: '0.7' }, { 'Idempotency-Key': key })],
    ['PATCH that changes nothing', (id, idempotency_key) => client.amend(id, { price: '100', idempotency_key })],
  ];
  describe.each(changes)('of %s', (_call, change) => {
    it('bring the first answer again, now and from history', async () => {
      await client.place(limit({ instrument, side: 'sell', quantity: '0.5', price: '101.00' }));
      const { body: order } = await client.place(limit({ instrument }));
      const key = newKey();
      const first = await change(order.order_id, key);
      expect([first.status, first.headers.has('idempotency-replayed')]).toEqual([200, false]);
      const before = await sequence();
      await expectReplay(first, change(order.order_id, key));
      await client.cancel(order.order_id).catch(() => undefined);
      await expectReplay(first, change(order.order_id, key));
      await forgetLog();
      await expectReplay(first, change(order.order_id, key));
      expect(await sequence()).toBeLessThanOrEqual(before + 1);
    });

    it('remember a refusal', async () => {
      const { body: order } = await client.place(limit({ instrument }));
      await client.cancel(order.order_id);
      const key = newKey();
      const first = await change(order.order_id, key);
      expect(first.status).toBe(409);
      await expectReplay(first, change(order.order_id, key));
      await forgetLog();
      await expectReplay(first, change(order.order_id, key));
      const unknown = newKey();
      const missing = await change(UNKNOWN_ID, unknown);
      expect(missing.status).toBe(404);
      await expectReplay(missing, change(UNKNOWN_ID, unknown));
    });

    it('are one change for many requests at once', async () => {
      const { body: order } = await client.place(limit({ instrument }));
      const before = await sequence();
      const key = newKey();
      const answers = await Promise.all(Array.from({ length: 20 }, () => change(order.order_id, key)));
      expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
      expect(answers.filter((answer) => !answer.headers.has('idempotency-replayed'))).toHaveLength(1);
      expect(await sequence()).toBe(before + 1);
    });
  });

  it('refuse a different amend or another order', async () => {
    const [one, two] = [(await client.place(limit({ instrument }))).body, (await client.place(limit({ instrument }))).body];
    const key = newKey();
    await client.amend(one.order_id, { price: '99.00', idempotency_key: key });
    await expectReplay(await client.amend(one.order_id, { price: '99.0', idempotency_key: key }), client.amend(one.order_id, { price: 99, idempotency_key: key }));
    const tiny = newKey();
    await client.amend(two.order_id, { quantity: '0.0000001', idempotency_key: tiny });
    for (const quantity of ['00.00000010', '0.0000001']) await expectReplay(await client.amend(two.order_id, { quantity, idempotency_key: tiny }), client.amend(two.order_id, { quantity, idempotency_key: tiny }));
    const asNumber = await client.call('PATCH', `/orders/${two.order_id}`, { raw: `{"quantity":0.0000001,"idempotency_key":"${tiny}"}`, headers: { 'Content-Type': 'application/json' } });
    expect([asNumber.status, asNumber.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
    const fields = async (answer: Promise<Answer<unknown>>) => (await refusal(answer, 422, 'idempotency_key_reused')).body.errors?.map(({ field }) => field);
    expect(await fields(client.amend(one.order_id, { price: '98.00', idempotency_key: key }))).toEqual(['price']);
    expect(await fields(client.amend(one.order_id, { price: '99.00', quantity: 1, idempotency_key: key }))).toEqual(['quantity']);
    expect(await fields(client.amend(two.order_id, { price: '99.00', idempotency_key: key }))).toEqual(['order_id']);
    const cancelKey = newKey();
    await client.cancel(one.order_id, { idempotency_key: cancelKey });
    expect(await fields(client.cancel(two.order_id, { idempotency_key: cancelKey }))).toEqual(['order_id']);
    expect((await client.order(two.order_id)).body).toMatchObject({ status: 'open', price: two.price, quantity: '0.00000010' });
  });

  it('work for each operation of a batch', async () => {
    const operations = [
      { op: 'place', ...limit({ instrument, client_order_id: `in-batch-${instrument}`, idempotency_key: newKey() }) },
      { op: 'amend', client_id: 'client-A', client_order_id: `in-batch-${instrument}`, price: '99.00', idempotency_key: newKey() },
      { op: 'cancel', client_id: 'client-A', client_order_id: `in-batch-${instrument}`, idempotency_key: newKey() },
      { op: 'place', ...limit({ instrument }) },
    ];
    const first = await client.batch(operations);
    expect(first.body.results.map((result) => result.status)).toEqual([201, 200, 200, 201]);
    for (const forget of [false, true]) {
      if (forget) await forgetLog();
      const again = await client.batch(operations);
      expect(again.body.results.slice(0, 3)).toEqual(first.body.results.slice(0, 3));
      expect(again.body.results[3]?.body.order_id).not.toBe(first.body.results[3]?.body.order_id);
    }
    // One key, twice in a batch: one order.
    const twice = { op: 'place', ...limit({ instrument, idempotency_key: newKey() }) };
    const { results } = (await client.batch([twice, twice, { ...twice, price: '1.00' }])).body;
    expect(results[1]).toEqual(results[0]);
    expect([results[2]?.status, results[2]?.body.code]).toEqual([422, 'idempotency_key_reused']);
    // What was placed alone is known in a batch, and the other way round.
    const { op: _op, ...alone } = twice;
    await expectReplay({ ...await client.place(alone), text: JSON.stringify(results[0]?.body) }, client.place(alone));
  });

  it('are refused for a batch as a whole, where they would promise too much', async () => {
    const answer = client.call('POST', '/orders/batch', { body: { operations: [{ op: 'place', ...limit({ instrument }) }] }, headers: { 'Idempotency-Key': newKey() } });
    expect((await refusal(answer, 400, 'validation_failed')).body.errors?.[0]?.field).toBe('Idempotency-Key');
    expect((await client.book(`?instrument=${instrument}`)).body.bids).toEqual([]);
  });

  it('must be one, and of 1 to 255 printable characters', async () => {
    const order = limit({ instrument });
    const fields = async (headers: Record<string, string>, body = {}) =>
      (await refusal(client.place({ ...order, ...body }, headers), 400, 'validation_failed')).body.errors?.map(({ field }) => field);
    expect(await fields({ 'Idempotency-Key': '' })).toEqual(['Idempotency-Key']);
    expect(await fields({ 'Idempotency-Key': 'x'.repeat(256) })).toEqual(['Idempotency-Key']);
    expect(await fields({ 'Idempotency-Key': 'a\tb' })).toEqual(['Idempotency-Key']);
    expect(await fields({ 'Idempotency-Key': 'a' }, { idempotency_key: 'b' })).toEqual(['idempotency_key']);
    expect((await client.place(order, { 'Idempotency-Key': 'x'.repeat(255) })).status).toBe(201);
  });
});

describe('the lifetime of idempotency keys', () => {
  it('ends', async () => {
    const service = await Service.open({ environment: { IDEMPOTENCY_TTL: '3600' } });
    const order = limit({ idempotency_key: 'short-lived' });
    const first = await service.client.place(order);
    const keys = `{${service.venue.shard}}:idem`;
    const send = (...command: string[]): Promise<unknown> => service.venue.redis.command(...command);
    expect(await ageKeys(send, keys, 3_500)).toBe(1);
    expect((await service.client.place(order)).body).toEqual(first.body);
    await ageKeys(send, keys, 100);
    const later = await service.client.place(order);
    expect(later.status).toBe(201);
    expect(later.headers.has('idempotency-replayed')).toBe(false);
    expect(later.body.order_id).not.toBe(first.body.order_id);
    await service.close();
  });
});
