import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  ConnectionError, OpenfillClient, OutcomeUnknownError, ProblemError, isDone, isProblem, type Attempt, type Commands, type LimitOrderRequest, type Operation, type Order,
  type PlaceRequest,
} from '#openfill-client';
import { findFreePort } from '../../src/servers/ports';
import { CutProxy } from '../engine/support/cut-proxy';
import { ServiceProcess } from '../persistence/support/service-process';
import { until } from '../support/until';
import { Venue } from '../support/venue';

const PACKAGE = join(__dirname, '..', '..', 'packages', 'client');
const ORDERS = 150;

const bid = (changes: Partial<LimitOrderRequest> = {}): PlaceRequest => ({ client_id: 'ann', side: 'buy', type: 'limit', price: '100.00', quantity: '1', ...changes });

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe('the client', () => {
  let venue: Venue;
  let port: number;
  let service: ServiceProcess;
  let client: OpenfillClient;

  const start = async (): Promise<void> => {
    service = new ServiceProcess(venue.environment({ PORT: String(port), LOG_LEVEL: 'info' }));
    await service.serving();
    await until('the service is ready', async () => (await client.readiness()).status === 'ready');
  };

  beforeAll(async () => {
    venue = await Venue.open();
    port = await findFreePort('127.0.0.1');
    client = new OpenfillClient(`http://127.0.0.1:${port}/`);
    await start();
  });
  afterAll(async () => {
    await ServiceProcess.killAll();
    await venue.close();
  });

  it('makes every call of the contract', async () => {
    const placed = await client.place(bid({ client_order_id: 'first' }));
    expect(placed).toMatchObject({ client_id: 'ann', status: 'open', price: '100.00', quantity: '1.00000000', trades: [] });
    const taken = await client.place({ client_id: 'bob', side: 'sell', type: 'market', quantity: '0.25' });
    expect(taken.trades).toHaveLength(1);
    expect(await client.amend(placed.order_id, { remaining_quantity: '0.5' })).toMatchObject({ quantity: '0.75000000', remaining_quantity: '0.50000000' });
    expect(await client.amend({ client_id: 'ann', client_order_id: 'first' }, { price: '101.00' })).toMatchObject({ price: '101.00' });
    expect(await client.orderbook({ levels: 5 })).toMatchObject({ instrument: 'BTC-USD', bids: [['101.00', '0.50000000']], asks: [] });
    expect((await client.best()).bids).toEqual([['101.00', '0.50000000']]);
    expect((await client.orderQueues()).bids).toEqual([['101.00', '0.50000000', placed.order_id]]);
    expect((await client.order(taken.order_id)).trades).toEqual(taken.trades);
    expect((await all(client.everyTrade())).map(({ trade_id: id }) => id)).toEqual([1]);
    expect((await all(client.everyOrder({ client_id: 'ann' }))).map(({ order_id: id }) => id)).toEqual([placed.order_id]);
    expect(await client.cancel({ client_id: 'ann', client_order_id: 'first' })).toMatchObject({ order_id: placed.order_id, status: 'cancelled' });
    const other = await client.place(bid({ instrument: 'ETH-USD' }));
    expect(await client.cancelAll('ann', 'BTC-USD')).toEqual([]);
    expect(await client.cancelAll('ann')).toEqual([other.order_id]);
    const algo = await client.algos.twap({ client_id: 'ann', side: 'buy', quantity: '1', duration_s: 60, slices: 2, limit_price: '1.00' });
    expect(algo).toMatchObject({ status: 'running', quantity: '1.00000000', slices: 2 });
    expect(await client.algos.one(algo.algo_id)).toMatchObject({ algo_id: algo.algo_id, orders: expect.any(Array) as unknown });
    expect(await client.algos.cancel(algo.algo_id)).toMatchObject({ status: 'cancelled', status_reason: 'requested' });
    await expect(client.algos.cancel(algo.algo_id)).rejects.toMatchObject({ code: 'algo_ended' });
    expect((await all(client.algos.every({ client_id: 'ann', status: 'all' }))).map(({ algo_id: id }) => id)).toEqual([algo.algo_id]);
    expect((await client.ticker()).last).toBe('100.00');
    expect((await client.candles({ interval: '1d' })).candles).toMatchObject([{ close: '100.00', trades: 1 }]);
    expect((await client.instruments()).map(({ instrument, tick_size: tick }) => [instrument, tick])).toEqual([['BTC-USD', '0.01'], ['ETH-USD', '0.01']]);
    expect(await client.health()).toEqual({ status: 'ok' });
    expect(await client.metrics()).toContain('orders_received_total');
    expect([await client.openapi(), await client.asyncapi()]).toMatchObject([{ openapi: '3.1.0' }, { asyncapi: '3.0.0' }]);
  });

  it('throws what the venue refuses, with its code, its fields and the final state of an order', async () => {
    const wrong = await client.place(bid({ price: '1.001' })).catch((error: unknown) => error) as ProblemError;
    expect(wrong).toBeInstanceOf(ProblemError);
    expect([wrong.status, wrong.code, wrong.errors.map(({ field }) => field)]).toEqual([400, 'validation_failed', ['price']]);
    const { order_id: id } = await client.place(bid());
    await client.cancel(id);
    const done = await client.cancel(id).catch((error: unknown) => error);
    expect(isProblem(done, 'order_not_open') && done.order).toMatchObject({ order_id: id, status: 'cancelled' });
    const results = await client.batch([{ op: 'place', ...bid() }, { op: 'cancel', order_id: id }, { op: 'cancel', client_id: 'ann', client_order_id: 'none' }]);
    expect(results.map(({ status }) => status)).toEqual([201, 409, 404]);
    expect(results.map(isDone)).toEqual([true, false, false]);
    await client.cancelAll('ann');
  });

  it.each(['calls', 'order entry'])('asks again, with the same key, where the answer was lost: %s', async (kind) => {
    const proxy = await CutProxy.open(client.url);
    const attempts: Attempt[] = [];
    const through = new OpenfillClient(proxy.url.replace('redis', 'http'), { onAttempt: (attempt) => attempts.push(attempt), backoffMs: 10 });
    const entry = through.orderEntry({ onAttempt: (attempt) => attempts.push(attempt) });
    const commands: Commands = kind === 'calls' ? through : entry;
    if (kind === 'order entry') await entry.open();
    for (const lose of [() => proxy.loseReplies(), () => proxy.loseRequests()]) {
      lose();
      const order = await commands.place(bid({ client_id: `lost ${kind}` }));
      lose();
      expect(await commands.amend(order.order_id, { price: '99.00' })).toMatchObject({ price: '99.00' });
      lose();
      const results = await commands.batch([{ op: 'place', ...bid({ client_id: `lost ${kind}` }) }, { op: 'cancel', order_id: order.order_id }]);
      expect(results.map(({ status }) => status)).toEqual([201, 200]);
    }
    expect(attempts.filter(({ status }) => status === null)).toHaveLength(6);
    expect((await all(client.everyOrder({ client_id: `lost ${kind}`, status: 'all' }))).map(({ status }) => status)).toEqual(['open', 'cancelled', 'open', 'cancelled']);
    await entry.close();
    await proxy.close();
  });

  it.each(['calls', 'order entry'])('carries each command out once over a killed service: %s', async (kind) => {
    let retried = 0;
    const onAttempt = ({ waitMs }: Attempt): void => { if (waitMs !== null) retried++; };
    const patient = new OpenfillClient(client.url, { attemptsMax: 100, backoffMaxMs: 200, onAttempt });
    const entry = patient.orderEntry({ onAttempt });
    const commands: Commands = kind === 'calls' ? patient : entry;
    const owner = `killed ${kind}`;
    const done: Order[] = [];
    const place = async (n: number): Promise<void> => { done.push(await commands.place(bid({ client_id: owner, client_order_id: String(n), price: `${10 + n % 7}.00` }))); };
    const batch = async (n: number): Promise<void> => {
      const operations = Array.from({ length: 5 }, (_, i): Operation => ({ op: 'place', ...bid({ client_id: owner, client_order_id: `${n}.${i}` }) }));
      for (const result of await commands.batch(operations)) if (isDone(result)) done.push(result.body);
    };
    const work = Array.from({ length: 15 }, async (_, worker) => {
      for (let n = worker; n < ORDERS; n += 15) await (n % 5 === 0 ? batch(n) : place(n));
    });
    await until('some are done', () => done.length > ORDERS / 4);
    await service.kill();
    await start();
    await Promise.all(work);
    await entry.close();
    const wanted = ORDERS + 4 * ORDERS / 5;
    expect(done).toHaveLength(wanted);
    const kept = await all(client.everyOrder({ client_id: owner, status: 'all' }));
    expect(kept.map(({ order_id: id }) => id).sort()).toEqual(done.map(({ order_id: id }) => id).sort());
    expect(new Set(kept.map(({ client_order_id: name }) => name)).size).toBe(wanted);
    expect(retried).toBeGreaterThan(0);
    await client.cancelAll(owner);
  });

  it('gives up after as many attempts as it may make, and hands back what tells the outcome later', async () => {
    const proxy = await CutProxy.open(client.url);
    const few = new OpenfillClient(proxy.url.replace('redis', 'http'), { attemptsMax: 3, backoffMs: 5, onAttempt: () => proxy.loseReplies() });
    proxy.loseReplies();
    const unknown = await few.place(bid({ client_id: 'lost for good' })).catch((error: unknown) => error) as OutcomeUnknownError;
    expect(unknown).toBeInstanceOf(OutcomeUnknownError);
    expect(unknown.attempts).toBe(3);
    const told = await client.batch([unknown.request as unknown as Operation]);
    expect(told).toMatchObject([{ status: 201, body: { client_id: 'lost for good' } }]);
    expect(await all(client.everyOrder({ client_id: 'lost for good', status: 'all' }))).toHaveLength(1);
    await client.cancelAll('lost for good');

    // Without a key of its own it must not be sent a second time.
    proxy.loseReplies();
    const keyless = new OpenfillClient(proxy.url.replace('redis', 'http'), { idempotencyKeys: false });
    await expect(keyless.place(bid({ client_id: 'keyless' }))).rejects.toMatchObject({ attempts: 1 });
    await proxy.close();
    await expect(few.place(bid())).rejects.toBeInstanceOf(ConnectionError);
    await expect(few.orderbook()).rejects.toBeInstanceOf(ConnectionError);
    expect(await client.cancelAll('keyless')).toHaveLength(1);
  });

  it('waits as long as the venue asks, and no longer than the caller does', async () => {
    const busy: Server = createServer((_request, response) => {
      response.writeHead(503, { 'Content-Type': 'application/problem+json', 'Retry-After': '30' });
      response.end(JSON.stringify({ type: 'x', title: 'x', status: 503, detail: 'frozen', instance: 'x', code: 'engine_frozen' }));
    }).listen(0, '127.0.0.1');
    await once(busy, 'listening');
    const url = `http://127.0.0.1:${(busy.address() as AddressInfo).port}`;
    const controller = new AbortController();
    const waits: (number | null)[] = [];
    const waiting = new OpenfillClient(url, {
      onAttempt: ({ waitMs }) => {
        waits.push(waitMs);
        controller.abort(new Error('enough'));
      },
    });
    await expect(waiting.place(bid(), { signal: controller.signal })).rejects.toThrow('enough');
    expect(waits).toEqual([30_000]);
    const impatient = new OpenfillClient(url, { retryAfterMaxMs: 10_000 });
    await expect(impatient.place(bid())).rejects.toMatchObject({ code: 'engine_frozen', retryAfterMs: 30_000 });
    busy.closeAllConnections();
    await new Promise((resolve) => busy.close(resolve));
  });

  it('has a README whose bot runs as printed', async () => {
    const readme = readFileSync(join(PACKAGE, 'README.md'), 'utf8');
    const bot = readFileSync(join(PACKAGE, 'examples', 'bot.mjs'), 'utf8');
    expect(/^```js\n(import [\s\S]*?)^```$/m.exec(readme)?.[1]).toBe(bot);
    const child = spawn(process.execPath, [join(PACKAGE, 'examples', 'bot.mjs'), client.url]);
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => { output += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { output += text; });
    const isQuoting = async (): Promise<boolean> => (await all(client.everyOrder({ client_id: 'bot' }))).length === 2;
    await until('the bot quotes', isQuoting);
    await client.place({ client_id: 'ann', side: 'sell', type: 'market', quantity: '0.1' });
    await client.place({ client_id: 'ann', side: 'buy', type: 'market', quantity: '0.1' });
    await until(`the bot tells its fills, not ${output}`, () => output.split('\n').length === 3);
    expect(output.split('\n').sort()).toEqual(['', 'buy 0.10000000 filled at 49990.00', 'sell 0.10000000 filled at 50010.00']);
    await until('the bot quotes again', isQuoting);
    child.kill();
    await once(child, 'close');
  });
});
