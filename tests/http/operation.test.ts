import { once } from 'node:events';
import { createServer, request as forward, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { runInNewContext } from 'node:vm';
import { WebSocket } from 'ws';
import { createOpenapiDocument } from '../../src/dialects/native/documents/openapi';
import { readConfig } from '../../src/config';
import { BOTH_WAYS, limit, market, refusal, type Answer, type Client, type OrderWithTradesView, type ProblemBody } from '../support/client';
import { Contract, type Operation } from '../support/contract';
import { Service } from './support/service';

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;
const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

describe.each(BOTH_WAYS)('what every answer carries %s', (_name, hotPath) => {
  let service: Service;
  let client: Client;

  beforeAll(async () => {
    service = await Service.open({ hotPath });
    client = service.client;
  });
  afterAll(() => service.close());

  const calls: [string, (headers: Record<string, string>) => Promise<Answer<unknown>>][] = [
    ['an order', (headers) => client.place(limit(), headers)],
    ['an invalid order', (headers) => client.place({}, headers)],
    ['a batch', (headers) => client.call('POST', '/orders/batch', { body: { operations: [{ op: 'place', ...limit() }] }, headers })],
    ['a read', (headers) => client.get('/public/orderbook', headers)],
    ['an unknown address', (headers) => client.call('GET', '/nowhere', { headers, outside: 'NotFound' })],
    ['an unknown method', (headers) => client.call('PUT', '/orders', { headers, outside: 'MethodNotAllowed' })],
    ['/healthz', (headers) => client.get('/healthz', headers)],
    ['/metrics', (headers) => client.get('/metrics', headers)],
    ['/docs', (headers) => client.get('/docs', headers)],
  ];

  it.each(calls)('%s carries the request\'s id, the caller\'s or a new one', async (_call, send) => {
    const given = await send({ 'X-Request-Id': 'my-request-1' });
    expect(given.headers.get('x-request-id')).toBe('my-request-1');
    if (given.status >= 400) expect((given.body as ProblemBody).instance).toBe('my-request-1');
    const made = [(await send({})).headers.get('x-request-id'), (await send({})).headers.get('x-request-id')];
    for (const id of made) expect(id).toMatch(UUID);
    expect(made[0]).not.toBe(made[1]);
    for (const unfit of ['x'.repeat(129), 'with space', '', 'ümlaut']) {
      expect((await send({ 'X-Request-Id': Buffer.from(unfit).toString('latin1') })).headers.get('x-request-id')).toMatch(UUID);
    }
  });

  it.each(calls)('%s carries on the caller\'s trace, or begins one', async (_call, send) => {
    const [version, traceId, spanId, flags] = ((await send({ traceparent: TRACE })).headers.get('traceparent') ?? '').split('-');
    expect([version, traceId, flags]).toEqual(['00', TRACE.split('-')[1], '01']);
    expect(spanId).toMatch(/^[0-9a-f]{16}$/);
    expect(spanId).not.toBe(TRACE.split('-')[2]);
    for (const unfit of ['', 'x', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, TRACE.toUpperCase(), `${TRACE}-more`]) {
      const made = (await send({ traceparent: unfit })).headers.get('traceparent');
      expect(made).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
      expect(made).not.toContain(TRACE.split('-')[1]);
      expect(made).not.toContain('0'.repeat(32));
    }
  });

  it('says nothing of what it is made of, and is kept by no cache', async () => {
    for (const [name, send] of calls) {
      const { headers, text } = await send({});
      expect([name, headers.get('x-content-type-options')]).toEqual([name, 'nosniff']);
      expect([name, headers.has('x-powered-by'), headers.has('server'), headers.has('strict-transport-security'), headers.has('set-cookie')]).toEqual([name, false, false, false, false]);
      if (name !== '/docs') expect([name, headers.get('cache-control')]).toEqual([name, 'no-store']);
      expect(text).not.toMatch(/node_modules|\.ts:|\.js:\d|at Object\.|Error:/);
    }
  });
});

describe('operating the service', () => {
  let service: Service;
  let client: Client;

  beforeAll(async () => {
    service = await Service.open();
    client = service.client;
  });
  afterAll(() => service.close());

  it('is alive, and ready with each of its parts', async () => {
    expect((await client.get('/healthz')).body).toEqual({ status: 'ok' });
    const ready = await client.get('/readyz');
    expect(ready.status).toBe(200);
    expect(ready.body).toMatchObject({
      status: 'ready', problem: null, roles: ['api', 'writer'], redis: { status: 'up' }, postgres: { status: 'up' },
      shard: { name: service.venue.shard, state: 'open' }, writer: { active: true, lag_entries: 0 }, market_data: { synced: true }, people: null,
    });
  });

  it('has the metrics of the contract, and no order or client in them', async () => {
    const secret = 'a-client-nobody-may-see';
    const placed: OrderWithTradesView[] = [];
    for (const order of [limit({ side: 'sell' }), limit(), limit({ side: 'sell', time_in_force: 'fok' }), limit({ client_order_id: secret }), market()]) {
      placed.push((await client.place({ ...order, client_id: secret, idempotency_key: `${secret}-${placed.length}` })).body);
    }
    await client.place(limit({ client_id: secret, price: -1 }));
    await client.place(limit({ client_id: secret, instrument: 'NO-SUCH' }));
    await client.place(limit({ client_id: secret, side: 'sell', price: '101.00' }));
    // A change may trade, too.
    const changed = (await client.place(limit({ client_id: secret, price: '99.00', instrument: 'ETH-USD' }))).body;
    await client.place(limit({ client_id: secret, side: 'sell', instrument: 'ETH-USD' }));
    await client.amend(changed.order_id, { price: '100.00' });
    await client.get(`/public/orders/${placed[0]?.order_id}`);
    await client.list(`?client_id=${secret}`);
    await client.call('GET', `/${secret}`, { outside: 'NotFound' });
    await client.call('GET', `/orders/${secret}/x`, { outside: 'NotFound' });
    const { text, headers } = await client.get('/metrics');
    expect(headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const value = (name: string): number | undefined => {
      const line = samples.find((sample) => sample.startsWith(`${name} `));
      return line === undefined ? undefined : Number(line.slice(name.length + 1));
    };
    expect(value('orders_received_total{instrument="BTC-USD",type="limit",side="buy"}')).toBe(2);
    expect(value('orders_received_total{instrument="BTC-USD",type="market",side="sell"}')).toBe(1);
    expect(value('orders_matched_total{instrument="BTC-USD"}')).toBe(2);
    expect(value('orders_rejected_total{instrument="BTC-USD",reason="fok_not_fillable"}')).toBe(1);
    expect(value('trades_total{instrument="BTC-USD"}')).toBe(2);
    expect(value('trades_total{instrument="ETH-USD"}')).toBe(1);
    expect(value('orders_matched_total{instrument="ETH-USD"}')).toBe(1);
    expect(value('order_latency_seconds_count{instrument="BTC-USD",type="limit"}')).toBe(5);
    expect(value('current_orderbook_depth{instrument="BTC-USD",side="sell"}')).toBe(1);
    expect(value('websocket_connections')).toBe(0);
    const names = new Set(samples.map((sample) => (/^\w+/.exec(sample) as RegExpExecArray)[0]));
    for (const name of [
      'order_latency_seconds_bucket', 'engine_call_seconds_bucket', 'engine_call_commands_bucket', 'log_length_entries', 'writer_lag_entries', 'writer_lag_seconds',
      'dead_letters_total', 'stream_clients_dropped_total', 'stream_clients_resynced_total', 'http_request_seconds_bucket', 'process_cpu_seconds_total', 'nodejs_eventloop_lag_seconds',
    ]) expect([name, names.has(name)]).toEqual([name, true]);
    // A counter with labels has no line before it first counts; its name stands all the same.
    expect(text).toContain('# TYPE recoveries_total counter');
    expect(samples.some((sample) => /le="0\.0005"/.test(sample) && sample.startsWith('order_latency_seconds_bucket'))).toBe(true);
    expect(text).not.toContain(secret);
    expect(text).not.toMatch(UUID);
    const labels = new Set([...text.matchAll(/[{,](\w+)="/g)].map((match) => match[1]));
    expect([...labels].sort()).toEqual(expect.not.arrayContaining(['client', 'client_id', 'order', 'order_id']));
    const routes = new Set([...text.matchAll(/route="([^"]*)"/g)].map((match) => match[1]));
    for (const route of routes) expect(route).toMatch(/^(none|(\/:?[a-z_.]+)+)$/);
  });

  it('serves its own document, with the limits that it runs with', async () => {
    const served = await client.get<{ openapi: string }>('/openapi.json');
    expect(served.headers.get('content-type')).toBe('application/json');
    expect(served.body).toEqual(JSON.parse(JSON.stringify(createOpenapiDocument(readConfig({})))));
    const other = await Service.open({ environment: { BATCH_OPERATIONS_MAX: '7', ORDERBOOK_LEVELS_MAX: '10' } });
    const document = new Contract((await other.client.get('/openapi.json')).body);
    expect(document.document.components.schemas.BatchRequest).toMatchObject({ properties: { operations: { maxItems: 7 } } });
    const limited = Array.from({ length: 8 }, () => ({ op: 'place', ...limit() }));
    expect((await other.client.batch(limited)).status).toBe(400);
    expect((await other.client.batch(limited.slice(1))).status).toBe(200);
    expect((await other.client.book('?levels=11')).status).toBe(400);
    await other.close();
  });

  it('serves a page to try it from, without anything from elsewhere', async () => {
    const { text, headers } = await client.get('/docs');
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("script-src 'self'");
    // The service speaks plain HTTP: a browser must not be told to go to https.
    expect(policy).not.toContain('upgrade-insecure-requests');
    expect(headers.has('strict-transport-security')).toBe(false);
    expect(headers.get('x-frame-options')).toBe('DENY');
    const files = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] as string);
    expect(files.length).toBeGreaterThanOrEqual(3);
    expect(text).not.toMatch(/<script>|<script [^>]*>[^<]|onload=/);
    for (const file of files) {
      expect(file).toMatch(/^docs\//);
      const response = await fetch(new URL(file, `${client.url}/docs`));
      expect([file, response.status, response.headers.get('x-content-type-options')]).toEqual([file, 200, 'nosniff']);
      expect(response.headers.get('x-request-id')).toMatch(UUID);
      expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(50);
    }
    for (const file of ['/docs/assets/swagger-initializer.js', '/docs/assets/%2e%2e/package.json', '/docs/assets/..%2fpackage.json', '/docs/assets/']) {
      await refusal(client.call('GET', file, { outside: 'NotFound' }), 404, 'not_found');
    }
  });
});

describe('the page behind a proxy that serves the venue below a path', () => {
  let service: Service;
  let proxy: Server;
  let place: string;

  beforeAll(async () => {
    service = await Service.open();
    const { port } = new URL(service.running.url);
    proxy = createServer((request, response) => {
      // What is not below the path is none of the venue's.
      if (request.url?.startsWith('/venue/') !== true) {
        response.writeHead(404).end();
        return;
      }
      const onward = forward({ agent: false, port, method: request.method, path: request.url.slice('/venue'.length), headers: request.headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => response.destroy());
      request.pipe(onward);
    });
    await new Promise<void>((resolve) => { proxy.listen(0, '127.0.0.1', resolve); });
    place = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/venue`;
  });
  afterAll(async () => {
    proxy.closeAllConnections();
    await new Promise((resolve) => { proxy.close(resolve); });
    await service.close();
  });

  /** Reads all of an answer: one that is left unread keeps its connection open. */
  const statusOf = async (url: string): Promise<number> => {
    const response = await fetch(url);
    await response.arrayBuffer();
    return response.status;
  };

  it.each(['/docs', '/docs/'])('finds its files, its document and the calls from %s', async (path) => {
    const page = `${place}${path}`;
    const text = await (await fetch(page)).text();
    const files = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => new URL(match[1] as string, page).href);
    expect(files).toHaveLength(4);
    for (const file of files) expect([file, await statusOf(file)]).toEqual([file, 200]);
    // The script itself says where the document is: it is run as the page would, with nothing of the page's but its own address.
    const script = files.find((file) => file.endsWith('/start.js')) as string;
    let told: { url?: string } = {};
    runInNewContext(await (await fetch(script)).text(), { URL, document: { currentScript: { src: script } }, SwaggerUIBundle: (options: { url: string }) => { told = options; } });
    expect(told.url).toBe(`${place}/openapi.json`);
    const document = await (await fetch(`${place}/openapi.json`)).json() as { servers: { url: string }[] };
    const server = new URL(document.servers[0]?.url ?? '', told.url).href.replace(/\/$/, '');
    expect(server).toBe(place);
    expect(await statusOf(`${server}/public/orderbook`)).toBe(200);
  });
});

describe('the examples of the document', () => {
  let service: Service;
  beforeAll(async () => { service = await Service.open(); });
  afterAll(() => service.close());

  it('work as they are printed', async () => {
    const { client } = service;
    const contract = await client.contract();
    const operation = (path: string, method: string): Operation => contract.document.paths[path]?.[method] as Operation;
    const examples = (path: string, method: string): unknown[] =>
      Object.values(operation(path, method).requestBody?.content['application/json']?.examples ?? {}).map((example) => example.value);

    const placed: string[] = [];
    for (const body of examples('/orders', 'post')) {
      const answer = await client.place(body);
      expect([body, answer.status]).toEqual([body, 201]);
      placed.push(answer.body.order_id);
    }
    expect(placed).toHaveLength(13);
    const [first] = placed as [string];
    for (const body of examples('/orders/{order_id}', 'patch')) {
      const answer = await client.amend(first, body);
      expect([body, answer.status]).toEqual([body, 200]);
    }
    for (const body of examples('/orders/batch', 'post')) {
      const { results } = (await client.call<{ results: { status: number }[] }>('POST', '/orders/batch', { body })).body;
      expect(results.map((result) => result.status)).toEqual([201, 200, 200]);
    }
    for (const body of examples('/orders/{order_id}/cancel', 'post')) {
      expect((await client.cancel(first, body)).status).toBe(200);
    }
    for (const [path, method, { parameters, tags }] of contract.operations()) {
      if (method !== 'get' || path.includes('{')) continue;
      const query = (parameters ?? []).map((parameter) => contract.resolve(parameter)).filter(({ example }) => example !== undefined)
        .map(({ name, example }) => `${name}=${encodeURIComponent(String(example))}`);
      const target = `${path}?${query.join('&')}`;
      if (path === '/stream') {
        const socket = new WebSocket(`${client.url.replace('http', 'ws')}${target}`);
        const [message] = await once(socket, 'message') as [Buffer];
        expect((JSON.parse(message.toString()) as { type: string }).type).toBe('subscribed');
        socket.terminate();
      } else if (path === '/public/stream') {
        // The answer to a GET would not end.
        const answer = await client.call('HEAD', target);
        expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
      } else {
        // An open venue knows nobody.
        expect([target, (await client.get(target)).status]).toEqual([target, tags.includes('People') ? 409 : 200]);
      }
    }
    // Oldest first, as they are cancelled; those of a later example may have traded with others.
    const open = (await client.get<{ orders: { order_id: string }[] }>('/orders?client_id=client-A&status=open')).body.orders.map((order) => order.order_id).reverse();
    expect(open).toContain(placed[1]);
    expect((await client.call<{ cancelled: string[] }>('DELETE', '/orders?client_id=client-A')).body.cancelled).toEqual(open);
  });
});
