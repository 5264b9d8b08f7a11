import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { newOrderId } from '../../src/domain/order-id';
import { until } from '../support/until';
import { MessageContract } from '../support/asyncapi';
import { metricOf } from '../support/metrics';
import { limit } from '../support/client';
import { Service } from './support/service';

interface Told { readonly id: unknown; readonly status: number; readonly body: Record<string, unknown>; readonly headers?: Record<string, string> }

/** A connection that keeps every answer. */
class Entry {
  readonly told: Told[] = [];
  closed: number | null = null;

  /** @param link the connection under the socket */
  private constructor(readonly socket: WebSocket, private readonly link: Socket) {
    socket.on('message', (data: Buffer) => { this.told.push(JSON.parse(data.toString('utf8')) as Told); });
    socket.on('close', (code) => { this.closed = code; });
    socket.on('error', () => undefined);
  }

  static async open(service: Service): Promise<Entry> {
    const link = connect(service.running.port, '127.0.0.1');
    const entry = new Entry(new WebSocket(`${service.running.url.replace(/^http/, 'ws')}/orders`, { createConnection: () => link }), link);
    await new Promise<void>((resolve, reject) => {
      entry.socket.once('open', resolve);
      entry.socket.once('error', reject);
    });
    return entry;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message));
  }

  /** Sends messages in one write. */
  sendAtOnce(messages: readonly unknown[]): void {
    this.link.cork();
    for (const message of messages) this.send(message);
    this.link.uncork();
  }

  async ask(message: { id: unknown } & Record<string, unknown>): Promise<Told> {
    this.send(message);
    return this.answer(message.id);
  }

  async answer(id: unknown): Promise<Told> {
    let found: Told | undefined;
    await until(`an answer to ${String(id)}`, () => (found = this.told.find((told) => told.id === id)) !== undefined);
    return found as Told;
  }

  /** What of the answers so far the AsyncAPI document does not allow. */
  async violations(url: string): Promise<unknown[]> {
    const contract = await MessageContract.of(url, 'orders');
    return this.told.flatMap((answer) => contract.violations('answer', answer));
  }

  async count(count: number): Promise<readonly Told[]> {
    await until(`${count} answers`, () => this.told.length >= count);
    return this.told;
  }
}

const IN_FLIGHT_MAX = 20;
/** Sent by a client that does not read, unless they wait before. */
const BATCHES_MAX = 200;
/** A request that is not carried out over so many looks waits. */
const LOOKS = 20;
const LOOK_MS = 50;

describe('order entry over a WebSocket', () => {
  let service: Service;
  let instrument: string;

  beforeAll(async () => {
    service = await Service.open({
      environment: {
        ORDER_ENTRY_IN_FLIGHT_MAX: String(IN_FLIGHT_MAX), ORDER_ENTRY_CONNECTIONS_MAX: '3', BODY_BYTES_MAX: '100000', ORDER_ENTRY_BUFFER_BYTES_MAX: '1000', CANCEL_ON_DISCONNECT_MS: '1000',
      },
    });
  });
  afterAll(() => service.close());
  beforeEach(() => { instrument = service.nextBook(); });

  async function withEntry(work: (entry: Entry) => Promise<void>): Promise<void> {
    const entry = await Entry.open(service);
    try {
      await work(entry);
    } finally {
      entry.socket.terminate();
      await until('the connection is gone', () => entry.closed !== null);
    }
  }

  it('has a client\'s orders go with the connection that says so, whoever placed them, and no other\'s', async () => {
    const reasonOf = async (orderId: unknown): Promise<unknown> => (await service.client.get<{ status_reason: unknown }>(`/public/orders/${String(orderId)}`)).body.status_reason;
    const place = async (clientId: string): Promise<unknown> => (await service.client.post<{ order_id: string }>('/orders', { ...limit({ instrument }), client_id: clientId })).body.order_id;
    const [leaving, staying, other] = [await Entry.open(service), await Entry.open(service), await place('stays')];
    const orders = [await place('goes'), await place('goes')];
    for (const clientId of ['goes', 'stays']) {
      expect(await leaving.ask({ id: `${clientId} on`, op: 'cancel_on_disconnect', client_id: clientId, enabled: true })).toMatchObject({ status: 200, body: { client_id: clientId, enabled: true } });
    }
    expect(await leaving.ask({ id: 'stays off', op: 'cancel_on_disconnect', client_id: 'stays', enabled: false })).toMatchObject({ status: 200 });
    expect(await leaving.ask({ id: 'unclear', op: 'cancel_on_disconnect', client_id: 'goes' })).toMatchObject({ status: 400 });
    expect(await leaving.violations(service.running.url)).toEqual([]);
    // Longer than a lease: it is renewed.
    await sleep(1_500);
    expect(await reasonOf(orders[0])).toBeNull();
    leaving.socket.terminate();
    await until('the orders are gone', async () => await reasonOf(orders[0]) === 'disconnected' && await reasonOf(orders[1]) === 'disconnected');
    expect(await reasonOf(other)).toBeNull();
    expect(await staying.ask({ id: 1, op: 'place', ...limit({ instrument }), client_id: 'goes' })).toMatchObject({ status: 201, body: { status: 'open' } });
    staying.socket.close();
  });

  it('answers each operation with its id, as the HTTP call would', () => withEntry(async (entry) => {
    const placed = await entry.ask({ id: 1, op: 'place', ...limit({ instrument, client_order_id: 'ws-1', quantity: '2' }) });
    expect(placed).toMatchObject({ id: 1, status: 201, body: { status: 'open', quantity: '2.00000000', trades: [] } });
    const id = placed.body.order_id as string;
    expect((await service.client.order(id)).body).toEqual(placed.body);
    const amended = await entry.ask({ id: 'two', op: 'amend', order_id: id, quantity: '1' });
    expect(amended).toMatchObject({ id: 'two', status: 200, body: { order_id: id, quantity: '1.00000000' } });
    const cancelled = await entry.ask({ id: 3, op: 'cancel', client_id: placed.body.client_id, client_order_id: 'ws-1' });
    expect(cancelled).toMatchObject({ status: 200, body: { order_id: id, status: 'cancelled' } });
    const again = await entry.ask({ id: 4, op: 'cancel', order_id: id });
    expect(again).toMatchObject({ status: 409, body: { code: 'order_not_open', order: { order_id: id, status: 'cancelled' } } });
    expect(await entry.ask({ id: 7, op: 'fly' })).toMatchObject({ status: 400, body: { errors: [{ field: 'op', message: 'must be one of place, cancel, amend, batch, place_list, cancel_list, cancel_on_disconnect' }] } });
    expect(await entry.ask({ id: 5, op: 'cancel', order_id: newOrderId() })).toMatchObject({ status: 404, body: { code: 'order_not_found' } });
    const batch = await entry.ask({ id: 6, op: 'batch', operations: [{ op: 'place', ...limit({ instrument }) }, { op: 'cancel', order_id: id }] });
    expect(batch).toMatchObject({ status: 200, body: { results: [{ status: 201 }, { status: 409 }] } });
    expect(await entry.violations(service.running.url)).toEqual([]);
  }));

  it('tells a replay, and a reused key', () => withEntry(async (entry) => {
    const order = { op: 'place', ...limit({ instrument, idempotency_key: 'ws-key', client_id: instrument }) };
    const first = await entry.ask({ id: 1, ...order });
    const second = await entry.ask({ id: 2, ...order });
    expect(first.headers).toBeUndefined();
    expect(second).toEqual({ id: 2, status: 201, body: first.body, headers: { 'Idempotency-Replayed': 'true' } });
    expect(await entry.ask({ id: 3, ...order, quantity: '7' })).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  }));

  it.each<[what: string, message: string | Buffer, id: unknown, code: string]>([
    ['no JSON', '{', null, 'malformed_json'],
    ['a binary message', Buffer.from('{"id":1}'), null, 'malformed_json'],
    ['an array', '[]', null, 'validation_failed'],
    ['a prototype', '{"id":1,"__proto__":{}}', null, 'validation_failed'],
    ['no id', '{"op":"place"}', null, 'validation_failed'],
    ['an id that is an object', '{"id":{},"op":"place"}', null, 'validation_failed'],
    ['an id that is too long', `{"id":"${'x'.repeat(65)}","op":"place"}`, null, 'validation_failed'],
    ['an id that is no whole number', '{"id":1.5,"op":"place"}', null, 'validation_failed'],
    ['an id that is nearly none', '{"id":1e-400,"op":"place"}', null, 'validation_failed'],
    ['an id that is nearly a whole number', '{"id":1.00000000000000000001,"op":"place"}', null, 'validation_failed'],
    ['an id with an exponent', '{"id":7e2}', 700, 'validation_failed'],
    ['no op', '{"id":7}', 7, 'validation_failed'],
    ['an op of another kind', '{"id":7,"op":"subscribe"}', 7, 'validation_failed'],
    ['an unknown field', '{"id":7,"op":"cancel","order":"x"}', 7, 'validation_failed'],
    ['a batch without operations', '{"id":7,"op":"batch"}', 7, 'validation_failed'],
    ['a number that no double holds', '{"id":7,"op":"place","client_id":"a","side":"buy","type":"limit","price":1e400,"quantity":1}', 7, 'validation_failed'],
  ])('answers %s with a problem and stays open', (_what, message, id, code) => withEntry(async (entry) => {
    entry.send(message);
    expect((await entry.count(1))[0]).toMatchObject({ id, status: 400, body: { code, status: 400 } });
    expect(await entry.violations(service.running.url)).toEqual([]);
    expect(await entry.ask({ id: 'after', op: 'place', ...limit({ instrument }) })).toMatchObject({ status: 201 });
  }));

  it('reads amounts with an exponent', () => withEntry(async (entry) => {
    entry.send(JSON.stringify({ id: 1, op: 'place', ...limit({ instrument, price: 'P', quantity: 'Q' }) }).replace('"P"', '1E2').replace('"Q"', '5.0e-4'));
    expect((await entry.count(1))[0]).toMatchObject({ status: 201, body: { price: '100.00', quantity: '0.00050000' } });
  }));

  it('carries out the requests of a connection in their order', () => withEntry(async (entry) => {
    const rounds = IN_FLIGHT_MAX / 2;
    for (let round = 0; round < rounds; round++) {
      entry.send({ id: `p${round}`, op: 'place', ...limit({ instrument, client_id: instrument, client_order_id: 'same' }) });
      entry.send({ id: `c${round}`, op: 'cancel', client_id: instrument, client_order_id: 'same' });
    }
    const told = await entry.count(2 * rounds);
    expect(told.map(({ status }) => status).sort()).toEqual([...Array<number>(rounds).fill(200), ...Array<number>(rounds).fill(201)]);
    const sequences = Array.from({ length: rounds }, (_, round) => ['p', 'c'].map((kind) => told.find(({ id }) => id === `${kind}${round}`)?.body.sequence as number)).flat();
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
  }));

  it('refuses what is too much at once, and every request is answered once', () => withEntry(async (entry) => {
    const count = 5 * IN_FLIGHT_MAX;
    entry.sendAtOnce(Array.from({ length: count }, (_, id) => ({ id, op: 'place', ...limit({ instrument }) })));
    const told = await entry.count(count);
    expect(new Set(told.map(({ id }) => id)).size).toBe(count);
    const refused = told.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    for (const { body, headers } of refused) {
      expect(body.code).toBe('rate_limited');
      expect(headers).toEqual({ 'Retry-After': '1' });
    }
    const open = await service.client.book(`?instrument=${instrument}`);
    const resting = (open.body as { bids: [string, string][] }).bids.reduce((sum, [, quantity]) => sum + Number(quantity), 0);
    const taken = told.filter(({ status }) => status === 201);
    expect(resting).toBeCloseTo(taken.reduce((sum, { body }) => sum + Number(body.quantity), 0), 8);
  }));

  it('does not read from a client that does not read, and loses nothing of it', () => withEntry(async (entry) => {
    const counted = (): Promise<number> => metricOf(service.running.url, 'http_request_seconds_count{method="WS",route="/orders batch",status="200"}');
    const before = await counted();
    entry.socket.pause();
    // What is wrong with so many operations is long: a few of these answers fill what the system holds between the two.
    const operations = Array.from({ length: 1_000 }, () => ({ op: 'place' }));
    let sent = 0;
    const isCarriedOut = async (): Promise<boolean> => {
      for (let look = 0; look < LOOKS; look++) {
        if (await counted() - before === sent) return true;
        await sleep(LOOK_MS);
      }
      return false;
    };
    do entry.send({ id: sent++, op: 'batch', operations }); while (sent < BATCHES_MAX && await isCarriedOut());
    expect(await counted() - before).toBeLessThan(sent);
    entry.socket.resume();
    for (const { body } of await entry.count(sent)) expect((body.results as { status: number }[]).map(({ status }) => status)).toEqual(operations.map(() => 400));
    expect(await counted() - before).toBe(sent);
  }));

  it('takes so many connections', async () => {
    const entries = await Promise.all([1, 2, 3].map(() => Entry.open(service)));
    await expect(Entry.open(service)).rejects.toThrow('503');
    for (const entry of entries) entry.socket.terminate();
    await until('all are gone', () => entries.every(({ closed }) => closed !== null));
  });

  it('closes on a message that is too large', () => withEntry(async (entry) => {
    entry.send(`{"id":1,"note":"${'x'.repeat(100_000)}"}`);
    await until('the close', () => entry.closed !== null);
    expect(entry.closed).toBe(1009);
  }));
});

describe('order entry at shutdown', () => {
  it('answers what it has taken, and closes', async () => {
    const service = await Service.open();
    const entry = await Entry.open(service);
    const instrument = service.nextBook();
    for (let id = 0; id < 50; id++) entry.send({ id, op: 'place', ...limit({ instrument }) });
    await entry.count(1);
    await service.close();
    await until('the close', () => entry.closed !== null);
    expect(entry.closed).toBe(1001);
    for (const { status } of entry.told) expect([201, 503]).toContain(status);
    expect(entry.told).toHaveLength(50);
  });
});
