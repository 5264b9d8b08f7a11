// Makes tests/upgrade/fixture: what a venue of an older version leaves behind, which the version here must start on.
//
//   git worktree add /tmp/openfill-old 393e3b4
//   (cd /tmp/openfill-old && npm run build)
//   node tests/upgrade/make-fixture.mjs /tmp/openfill-old [seed]
//
// Run by hand, once for a version worth keeping. It starts that version's own servers and service, trades through HTTP,
// stops it with the end of its log not persisted, and writes Redis and Postgres down as text:
//
//   redis.jsonl.gz     one Redis command a line, as a JSON array
//   postgres.sql.gz    that version's schema.sql, then COPY … FROM stdin blocks as psql reads them
//   told.json.gz       keyed requests with their first answers, and what the service told last of its books and orders
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const [checkout, seedText = '393304'] = process.argv.slice(2);
if (checkout === undefined) throw new Error('usage: node tests/upgrade/make-fixture.mjs <checkout of the old version, built> [seed]');
const OLD = resolve(checkout);
const FIXTURE = join(dirname(fileURLToPath(import.meta.url)), 'fixture');
const old = createRequire(join(OLD, 'package.json'));
const { startEmbeddedRedis } = old('./dist/servers/embedded-redis.js');
const { startEmbeddedPostgres } = old('./dist/servers/embedded-postgres.js');
const { createClient } = old('redis');
const pg = old('pg');
const { to: copyTo } = old('pg-copy-streams');

const SEED = Number(seedText);
const SHARD = 'main';
const HISTORY_OPERATIONS = 2_460;
const TAIL_OPERATIONS = 260;
const BATCH = 30;
const WAIT_MAX_MS = 60_000;
const POLL_MS = 20;
const PAGE = 100;

const INSTRUMENTS = [
  { instrument: 'BTC-USD', base: 'BTC', quote: 'USD', tick_size: '0.01', lot_size: '0.00000001' },
  { instrument: 'ETH-USD', base: 'ETH', quote: 'USD', tick_size: '0.01', lot_size: '0.000001' },
];
/** Traded in the first life of the venue only: its orders stay open when it is retired. */
const RETIRED = { instrument: 'OLD-EUR', base: 'OLD', quote: 'EUR', tick_size: '0.05', lot_size: '0.1' };
const CLIENTS = ['ann', 'bob "the" \\ builder', 'Zoë:客户/😀', 'd%20 an, [x] {y}', "o'brien"];
const CLIENT_ORDER_IDS = ['plain-1', 'with "quotes" and \\back\\slashes', 'Größe № 7 – 日本', '😀/%2F?&#', "' ; -- {main}:", '[1,2],"x"'];
const POISON = 'refused-by-postgres';

console.log(`seed ${SEED}`);
let state = SEED | 0;
/** mulberry32 */
function below(limit) {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
}
const pick = (from) => from[below(from.length)];

let service = null;
const directory = mkdtempSync(join(tmpdir(), 'openfill-fixture-'));
const redisServer = await startEmbeddedRedis({ dataDir: join(directory, 'redis') });
const postgresServer = await startEmbeddedPostgres({ dataDir: join(directory, 'postgres') });
// A run that fails leaves nothing running either.
process.once('exit', () => {
  for (const child of [service, redisServer.process, postgresServer.process]) child?.kill('SIGINT');
});
const redis = createClient({ url: redisServer.url, RESP: 2 });
await redis.connect();
const send = (...command) => redis.sendCommand(command);
const postgres = new pg.Client({ connectionString: postgresServer.url });
await postgres.connect();
await postgres.query('CREATE DATABASE fixture');
await postgres.end();
const databaseUrl = Object.assign(new URL(postgresServer.url), { pathname: '/fixture' }).toString();
const database = new pg.Client({ connectionString: databaseUrl });
await database.connect();

async function until(what, check) {
  const deadline = Date.now() + WAIT_MAX_MS;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await sleep(POLL_MS);
  }
}

let url = '';

async function start(instruments, roles) {
  const file = join(directory, 'instruments.json');
  writeFileSync(file, JSON.stringify(instruments));
  const child = spawn(process.execPath, [join(OLD, 'dist', 'main.js')], {
    cwd: OLD,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH, PORT: '0', SHARD, REDIS_URL: redisServer.url, DATABASE_URL: databaseUrl, INSTRUMENTS_FILE: file,
      ROLES: roles, LOG_TAIL_ENTRIES: '150', RECENT_TRADES_KEPT: '60',
    },
  });
  let logged = '';
  child.stdout.setEncoding('utf8').on('data', (text) => { logged += text; });
  await until('the service serves', () => {
    if (child.exitCode !== null) throw new Error(`the service ended:\n${logged}`);
    return logged.includes('"msg":"serving"');
  });
  const serving = logged.split('\n').find((line) => line.includes('"msg":"serving"'));
  url = `http://127.0.0.1:${JSON.parse(serving).port}`;
  service = child;
}

async function stop() {
  service.kill('SIGTERM');
  await once(service, 'close');
  service = null;
}

const meta = (field) => send('HGET', `{${SHARD}}:meta`, field);
const persisted = () => until('everything is persisted', async () => await meta('seq') === await meta('persisted'));

async function call(method, path, body, headers = {}) {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

const requests = [];
/** A request whose key the venue remembers, and its first answer. @param status what the script counts on */
async function keyed(what, status, method, path, body, headers) {
  const answer = await call(method, path, body, headers);
  if (answer.status !== status) throw new Error(`${what}: ${answer.status} instead of ${status}: ${JSON.stringify(answer.body)}`);
  requests.push({ what, method, path, body, ...(headers === undefined ? {} : { headers }), answer });
  return answer.body;
}

async function place(order) {
  const answer = await call('POST', '/orders', order);
  if (answer.status !== 201) throw new Error(`order refused: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

let keys = 0;
const key = () => `fixture key ${++keys}`;
const recent = [];
/** Every so many placed orders one is remembered, to be read at the end, whatever has become of it. */
const SAMPLE_EVERY = 25;
const sampled = [];
let placed = 0;
const instruments = [['BTC-USD', 10_000, (lots) => `0.${String(lots).padStart(8, '0')}`], ['ETH-USD', 2_000, (lots) => `0.${String(lots).padStart(6, '0')}`]];
const OLD_EUR = ['OLD-EUR', 4_000, (lots) => `${Math.floor(lots / 10)}.${lots % 10}`];

function price(base, side) {
  const cents = base + (side === 'buy' ? -2 : 2) + below(14) - 7;
  // Steps of 0.05 everywhere: what every instrument here allows.
  return ((Math.round(cents / 5) * 5) / 100).toFixed(2);
}

function operation(tradable) {
  const choice = below(100);
  const more = below(6) === 0 ? { idempotency_key: key() } : {};
  if (choice < 24 && recent.length > 0) {
    const order = pick(recent);
    if (choice < 13) return { op: 'cancel', order_id: order.order_id, ...more };
    const [, base, quantity] = tradable.find(([name]) => name === order.instrument) ?? OLD_EUR;
    return { op: 'amend', order_id: order.order_id, ...pick([{ price: price(base, order.side) }, { remaining_quantity: quantity(1 + below(40)) }]), ...more };
  }
  const [instrument, base, quantity] = pick(tradable);
  const side = pick(['buy', 'sell']);
  const order = { op: 'place', client_id: pick(CLIENTS), instrument, side, quantity: quantity(1 + below(40)), ...more };
  if (below(12) === 0) return { ...order, type: 'market' };
  const kind = below(16);
  return { ...order, type: 'limit', price: price(base, side), ...(kind === 0 ? { time_in_force: 'ioc' } : kind === 1 ? { time_in_force: 'fok' } : kind === 2 ? { post_only: true } : {}) };
}

/** Random trading in batches; now and then a batch is kept with its answer. */
async function trade(count, tradable) {
  for (let done = 0; done < count; done += BATCH) {
    const operations = Array.from({ length: BATCH }, () => operation(tradable));
    const answer = await call('POST', '/orders/batch', { operations });
    if (answer.status !== 200) throw new Error(`batch refused: ${JSON.stringify(answer.body)}`);
    const remembered = operations.map((one, i) => [one, answer.body.results[i]]).filter(([one]) => one.idempotency_key !== undefined);
    if (done % (BATCH * 12) === 0) {
      requests.push({
        what: `keyed operations of a batch at ${await meta('seq')}`, method: 'POST', path: '/orders/batch', body: { operations: remembered.map(([one]) => one) },
        answer: { status: 200, body: { results: remembered.map(([, result]) => result) } },
      });
    }
    for (const { status, body } of answer.body.results) {
      if (status === 201 && ++placed % SAMPLE_EVERY === 0) sampled.push(body.order_id);
      if (body.status === 'open' || body.status === 'partially_filled') recent.push(body);
    }
    if (recent.length > 80) recent.splice(0, recent.length - 80);
  }
}

/** Every kind of keyed command with every kind of answer. */
async function everyKey(life, tradable) {
  const [name, , quantity] = tradable.at(-1);
  const ann = { client_id: CLIENTS[0], instrument: name, type: 'limit', side: 'buy', price: '5.00', quantity: quantity(20) };
  const rest = await keyed(`${life}: an order that rests`, 201, 'POST', '/orders', { ...ann, client_order_id: `${life} named`, idempotency_key: key() });
  await keyed(`${life}: a name that is taken`, 409, 'POST', '/orders', { ...ann, client_order_id: `${life} named`, idempotency_key: key() });
  await keyed(`${life}: an order with its key in the header`, 201, 'POST', '/orders', { ...ann, client_id: CLIENTS[2], price: '5.05' }, { 'Idempotency-Key': `${life} in the header` });
  await keyed(`${life}: fok that cannot be filled`, 201, 'POST', '/orders', { ...ann, time_in_force: 'fok', idempotency_key: key() });
  await keyed(`${life}: ioc that finds nobody`, 201, 'POST', '/orders', { ...ann, time_in_force: 'ioc', idempotency_key: key() });
  const path = `/orders/${rest.order_id}`;
  await keyed(`${life}: an amend that keeps priority`, 200, 'PATCH', path, { quantity: quantity(15), idempotency_key: key() });
  await keyed(`${life}: an amend that loses priority`, 200, 'PATCH', path, { price: '5.10', idempotency_key: key() });
  await keyed(`${life}: an amend that changes nothing`, 200, 'PATCH', path, { price: '5.10', idempotency_key: key() });
  const ask = await place({ ...ann, client_id: CLIENTS[1], side: 'sell', price: '900.00', quantity: quantity(9) });
  const taken = await keyed(`${life}: an order that is filled in part`, 201, 'POST', '/orders', { ...ann, client_id: CLIENTS[4], price: '900.00', quantity: quantity(4000), idempotency_key: key() });
  if (taken.status !== 'partially_filled') throw new Error('the book is deeper than this script counts on');
  await keyed(`${life}: an amend to less than is filled`, 422, 'PATCH', `/orders/${taken.order_id}`, { quantity: quantity(1), idempotency_key: key() });
  await keyed(`${life}: a cancel`, 200, 'POST', `/orders/${taken.order_id}/cancel`, { idempotency_key: key() });
  await keyed(`${life}: a cancel of what is cancelled`, 409, 'POST', `/orders/${taken.order_id}/cancel`, { idempotency_key: key() });
  await keyed(`${life}: an amend of what is filled`, 409, 'PATCH', `/orders/${ask.order_id}`, { price: '901.00', idempotency_key: key() });
  const careful = await place({ ...ann, side: 'sell', price: '800.00', quantity: quantity(7), post_only: true });
  await keyed(`${life}: an amend that would match`, 422, 'PATCH', `/orders/${careful.order_id}`, { price: '5.00', idempotency_key: key() });
  await keyed(`${life}: post-only that would match`, 201, 'POST', '/orders', { ...ann, price: '800.00', post_only: true, idempotency_key: key() });
  return rest;
}

/** Orders that stay open, in every state an open order has. */
async function openOrders([name, , quantity], prefix) {
  for (const [i, clientOrderId] of CLIENT_ORDER_IDS.entries()) {
    const side = i % 2 === 0 ? 'buy' : 'sell';
    const order = {
      client_id: CLIENTS[i % CLIENTS.length], instrument: name, side, type: 'limit', price: side === 'buy' ? '4.50' : '950.00', quantity: quantity(30 + i),
      client_order_id: prefix + clientOrderId,
    };
    const { order_id: id } = await place(order);
    if (i % 3 === 0) await call('PATCH', `/orders/${id}`, { quantity: quantity(20 + i) });
    if (i % 3 === 1) await call('PATCH', `/orders/${id}`, { price: side === 'buy' ? '4.55' : '949.95' });
    if (i % 3 === 2) await call('PATCH', `/orders/${id}`, { quantity: quantity(50 + i) });
  }
  // Filled in part and amended around that.
  const maker = await place({ client_id: 'ann', instrument: name, side: 'sell', type: 'limit', price: '850.00', quantity: quantity(33), client_order_id: `${prefix}part` });
  await call('POST', '/orders', { client_id: 'ann', instrument: name, side: 'buy', type: 'limit', price: '850.00', quantity: quantity(3900), time_in_force: 'ioc' });
  const again = await place({ client_id: "o'brien", instrument: name, side: 'sell', type: 'limit', price: '850.00', quantity: quantity(33), client_order_id: `${prefix}part` });
  const { body: fill } = await call('POST', '/orders', { client_id: 'ann', instrument: name, side: 'buy', type: 'limit', price: '850.00', quantity: quantity(13), time_in_force: 'ioc' });
  if (fill.status !== 'filled') throw new Error('nothing was there to fill in part');
  await call('PATCH', `/orders/${again.order_id}`, { quantity: quantity(30) });
  return maker;
}

console.log('first life: history, persisted');
await start([...INSTRUMENTS, RETIRED], 'api,writer');
const all = [...instruments, OLD_EUR];
await trade(HISTORY_OPERATIONS / 2, all);
for (const [i, one] of all.entries()) await everyKey(`first life ${i}`, [one]);
await persisted();
await database.query(`ALTER TABLE orders ADD CONSTRAINT refuses_poison CHECK (client_id <> '${POISON}')`);
await keyed('an entry in dead letters', 201, 'POST', '/orders', { client_id: POISON, side: 'buy', type: 'limit', price: '1.00', quantity: '1', time_in_force: 'ioc', idempotency_key: key() });
await persisted();
await database.query('ALTER TABLE orders DROP CONSTRAINT refuses_poison');
await trade(HISTORY_OPERATIONS / 2, all);
for (const [i, one] of all.entries()) await openOrders(one, `${i} `);
await persisted();
await stop();

console.log('second life: an instrument less, and nobody who writes');
await start(INSTRUMENTS, 'api');
await trade(TAIL_OPERATIONS, instruments);
for (const [i, one] of instruments.entries()) await everyKey(`second life ${i}`, [one]);
for (const [i, one] of instruments.entries()) await openOrders(one, `tail ${i} `);
const { body: annsOrders } = await call('GET', '/orders?client_id=ann&limit=1000');
const retiredOrder = annsOrders.orders.find((order) => order.instrument === RETIRED.instrument);
await keyed('a cancel in a retired instrument', 200, 'POST', `/orders/${retiredOrder.order_id}/cancel`, { idempotency_key: key() });

const reads = [];
async function told(path) {
  const answer = await call('GET', path);
  if (answer.status !== 200 || answer.body.stale === true) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 200)}`);
  reads.push({ path, body: answer.body });
  return answer.body;
}
const openIds = [];
for (const { instrument } of INSTRUMENTS) {
  await told(`/public/orderbook?instrument=${instrument}&levels=5000`);
  await told(`/public/orderbook?instrument=${instrument}&levels=1000&level=3`);
  await told(`/public/trades?instrument=${instrument}&limit=200`);
}
for (const client of CLIENTS) {
  const { orders } = await told(`/orders?client_id=${encodeURIComponent(client)}&limit=1000`);
  openIds.push(...orders.map((order) => order.order_id));
}
// With their trades: some that are open, the keyed orders of both lives, and some of all others.
const ids = new Set([...sampled, ...openIds.filter((_, i) => i % 4 === 0), ...requests.map(({ answer }) => answer.body.order_id).filter((id) => id !== undefined)]);
for (const id of ids) {
  if (requests.some(({ body, answer }) => answer.body.order_id === id && body.client_id === POISON)) continue;
  await told(`/public/orders/${id}`);
}
const [seq, persistedTo] = [await meta('seq'), await meta('persisted')];
await stop();
if (await meta('seq') !== seq || await meta('persisted') !== persistedTo) throw new Error('the venue went on while it was read');

console.log('writing it down');
/** A hash, list, sorted set or stream as the commands that make it, a page each. */
async function commandsOf(name) {
  const type = await send('TYPE', name);
  const cut = (command, values, size) => Array.from({ length: Math.ceil(values.length / size) }, (_, i) => [command, name, ...values.slice(i * size, (i + 1) * size)]);
  if (type === 'hash') return cut('HSET', await send('HGETALL', name), 2 * PAGE);
  if (type === 'list') return cut('RPUSH', await send('LRANGE', name, '0', '-1'), PAGE);
  if (type === 'zset') {
    const pairs = await send('ZRANGE', name, '0', '-1', 'WITHSCORES');
    return cut('ZADD', pairs.flatMap((_, i) => (i % 2 === 0 ? [pairs[i + 1], pairs[i]] : [])), 2 * PAGE);
  }
  if (type === 'stream') return (await send('XRANGE', name, '-', '+')).map(([id, fields]) => ['XADD', name, id, ...fields]);
  throw new Error(`key ${name} is a ${type}`);
}
const names = (await send('KEYS', '*')).sort();
const redisLines = [];
for (const name of names) redisLines.push(...await commandsOf(name));
// The library of that version stays loaded beside a new one's.
for (const library of await send('FUNCTION', 'LIST', 'WITHCODE')) {
  redisLines.push(['FUNCTION', 'LOAD', library[library.indexOf('library_code') + 1]]);
}

async function copied(query) {
  const chunks = [];
  for await (const chunk of database.query(copyTo(`COPY (${query}) TO STDOUT`))) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
const { rows: tables } = await database.query(`
  SELECT table_name AS name, string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position) AS columns
  FROM information_schema.columns JOIN pg_class ON oid = to_regclass(quote_ident(table_name))
  WHERE table_schema = 'public' AND NOT relispartition AND relkind IN ('r', 'p') GROUP BY table_name ORDER BY table_name`);
const { rows: partitions } = await database.query(`SELECT relname AS name, pg_get_expr(relpartbound, oid) AS bound FROM pg_class
  WHERE relispartition AND relkind = 'r' AND pg_get_expr(relpartbound, oid) <> 'DEFAULT' ORDER BY relname`);
let sql = readFileSync(join(OLD, 'schema.sql'), 'utf8');
for (const { name, bound } of partitions) sql += `CREATE TABLE IF NOT EXISTS ${name} PARTITION OF ${name.replace(/_\d{4}_\d{2}$/, '')} ${bound};\n`;
sql += 'DELETE FROM schema_version;\n';
const counts = {};
for (const { name, columns } of tables) {
  const rows = await copied(`SELECT ${columns} FROM ${name} ORDER BY ${name === 'journal' ? 'sequence' : name === 'trades' ? 'executed_us, instrument, trade_id' : '1, 2'}`);
  if (rows !== '') sql += `COPY ${name} (${columns}) FROM stdin;\n${rows}\\.\n`;
  counts[name] = rows.split('\n').length - 1;
}

const files = {
  'redis.jsonl.gz': redisLines.map((line) => `${JSON.stringify(line)}\n`).join(''),
  'postgres.sql.gz': sql,
  'told.json.gz': JSON.stringify({ version: '393e3b4', seed: SEED, shard: SHARD, sequence: Number(seq), persisted: Number(persistedTo), instruments: INSTRUMENTS, retired: RETIRED, clients: CLIENTS, poison: POISON, requests, reads }),
};
for (const [name, text] of Object.entries(files)) {
  const packed = gzipSync(text, { level: 9 });
  writeFileSync(join(FIXTURE, name), packed);
  console.log(`${name}: ${text.length} characters, ${packed.length} bytes`);
}
console.log(`sequence ${seq}, persisted ${persistedTo}, ${openIds.length} open orders, ${requests.length} keyed requests, ${reads.length} reads, rows ${JSON.stringify(counts)}`);
await database.end();
redis.destroy();
await postgresServer.stop();
await redisServer.stop();
rmSync(directory, { recursive: true });
