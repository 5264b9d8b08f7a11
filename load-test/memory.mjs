// What an open order and a remembered idempotency key cost Redis. Needs a running venue with nothing in its book:
//
//   npm run up                              in one terminal
//   node load-test/memory.mjs [orders]      in another; by default 100,000 orders
//
// URL, DATA_DIR: as of that venue (http://127.0.0.1:3000, ./data).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';

const ORDERS = Number(process.argv[2] ?? 100_000);
const BATCH = 500;
const CLIENTS = 100;
const LEVELS = 1_000;
const URL_BASE = process.env.URL ?? 'http://127.0.0.1:3000';

const { redisUrl } = JSON.parse(readFileSync(join(process.env.DATA_DIR ?? './data', 'runtime.json'), 'utf8'));
const redis = createClient({ url: redisUrl, RESP: 2 });
redis.on('error', () => undefined);
await redis.connect();
const send = (...command) => redis.sendCommand(command.map(String));

async function call(method, path, body) {
  const response = await fetch(`${URL_BASE}${path}`, {
    method, ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
  return answer;
}

async function persisted() {
  for (;;) {
    const { writer } = await call('GET', '/readyz');
    if (writer.lag_entries === 0) return;
    await sleep(100);
  }
}

/** Bytes by kind of key, every element counted; the log apart, since it is trimmed to a fixed tail. */
async function usage() {
  const kinds = { used: Number(/used_memory:(\d+)/.exec(await send('INFO', 'memory'))[1]) };
  let cursor = '0';
  do {
    const [next, keys] = await send('SCAN', cursor, 'MATCH', '{main}:*', 'COUNT', 1000);
    cursor = next;
    for (const key of keys) {
      const kind = key.slice('{main}:'.length).split(':')[0];
      kinds[kind] = (kinds[kind] ?? 0) + Number(await send('MEMORY', 'USAGE', key, 'SAMPLES', 0));
    }
  } while (cursor !== '0');
  return kinds;
}

async function place(keyed) {
  const ids = [];
  for (let sent = 0; sent < ORDERS; sent += BATCH) {
    const operations = Array.from({ length: Math.min(BATCH, ORDERS - sent) }, (_, i) => {
      const n = sent + i;
      return {
        op: 'place', client_id: `client-${n % CLIENTS}`, client_order_id: `order-${String(n).padStart(8, '0')}`, side: n % 2 ? 'buy' : 'sell',
        type: 'limit', price: (n % 2 ? 49_999 - (n % LEVELS) : 50_001 + (n % LEVELS)).toFixed(2), quantity: '0.01000000',
        ...(keyed && { idempotency_key: `${n}-4f1c0a52-8d1e-4f8e-9b1d-2a7c5e3f4d60` }),
      };
    });
    const { results } = await call('POST', '/orders/batch', { operations });
    for (const { status, body } of results) {
      if (status !== 201) throw new Error(JSON.stringify(body));
      ids.push(body.order_id);
    }
  }
  await persisted();
  return ids;
}

async function cancelAll() {
  for (let n = 0; n < CLIENTS; n++) await call('DELETE', `/orders?client_id=client-${n}`);
  await persisted();
}

const each = (bytes) => `${(bytes / ORDERS).toFixed(0).padStart(5)} bytes`;
const withoutLog = (kinds) => kinds.used - (kinds.log ?? 0);

try {
  // Once without counting: what is allocated once only, such as the log's tail, is there then.
  await place(false);
  await cancelAll();
  const base = await usage();
  await place(false);
  const open = await usage();
  console.log(`an open order with a client order id, ${ORDERS} of them at ${LEVELS} levels:`);
  for (const kind of ['orders', 'book', 'open', 'client_order_ids', 'depth']) {
    console.log(`  ${kind.padEnd(18)} ${each((open[kind] ?? 0) - (base[kind] ?? 0))}`);
  }
  console.log(`  ${'in all (INFO)'.padEnd(18)} ${each(withoutLog(open) - withoutLog(base))}`);
  await cancelAll();
  const closed = await usage();
  console.log(`after all were cancelled and persisted:  ${each(withoutLog(closed) - withoutLog(base))} left`);
  await place(true);
  await cancelAll();
  const keyed = await usage();
  console.log(`an idempotency key of a persisted order: ${each((keyed.idem ?? 0) - (closed.idem ?? 0))}, ${each(withoutLog(keyed) - withoutLog(closed))} by INFO`);
  console.log(`the log's tail of ${await send('XLEN', '{main}:log')} entries: ${((keyed.log ?? 0) / 1e6).toFixed(1)} MB`);
} finally {
  redis.destroy();
}
