// How long does the venue take to come back? On servers of its own, in a temporary directory:
//
//   node load-test/recovery-time.mjs rebuild [orders]      Redis emptied, rebuilt from Postgres (1,000,000 open orders)
//   node load-test/recovery-time.mjs redis [orders]        Redis killed with an intact append-only file (100,000)
//   node load-test/recovery-time.mjs postgres [seconds]    Postgres stopped under load (60 s; RATE=1000 orders/s)
//
// Needs `npm run build`.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createClient } from 'redis';

const root = fileURLToPath(new URL('..', import.meta.url));
const load = createRequire(import.meta.url);
const { startEmbeddedRedis } = load(join(root, 'dist/servers/embedded-redis.js'));
const { signalPostgres, startEmbeddedPostgres } = load(join(root, 'dist/servers/embedded-postgres.js'));
const { findFreePort } = load(join(root, 'dist/servers/ports.js'));
const { fillOpenOrders } = load(join(root, 'dist/bench/fill-orders.js'));

const [what, amount] = process.argv.slice(2);
const POLL_MS = 20;
const KEEP_ALIVE = new Agent({ keepAlive: true, maxSockets: 256 });

const dataDir = mkdtempSync(join(tmpdir(), 'openfill-recovery-'));
const running = [];
const seconds = (since) => ((performance.now() - since) / 1000).toFixed(2);

async function servers() {
  const redis = await startEmbeddedRedis({ dataDir });
  const postgres = await startEmbeddedPostgres({ dataDir });
  const venue = { redis, postgres, port: await findFreePort() };
  venue.environment = {
    PATH: process.env.PATH, DATA_DIR: dataDir, PORT: String(venue.port), REDIS_URL: redis.url, DATABASE_URL: postgres.url,
    LOG_LEVEL: process.env.LOG_LEVEL ?? 'error', REQUIRE_DURABLE: 'true',
  };
  running.push(() => venue.redis.stop(), () => venue.postgres.stop());
  return venue;
}

async function startService(venue) {
  const child = spawn(process.execPath, [join(root, 'dist/main.js')], { env: venue.environment, stdio: ['ignore', 'inherit', 'inherit'] });
  const exited = new Promise((resolve) => { child.once('exit', resolve); });
  running.push(async () => { child.kill('SIGTERM'); await exited; });
  await until(async () => (await call(venue, 'GET', '/readyz')).status === 200);
  return child;
}

function call({ port }, method, path, body) {
  return new Promise((resolve) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const sent = request({
      port, host: '127.0.0.1', method, path, agent: KEEP_ALIVE,
      headers: text === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) },
    }, (response) => {
      let received = '';
      response.setEncoding('utf8').on('data', (chunk) => { received += chunk; });
      response.on('end', () => resolve({ status: response.statusCode, text: received }));
    });
    sent.on('error', (error) => resolve({ status: 0, text: error.message }));
    sent.end(text);
  });
}

async function until(holds) {
  while (!(await holds().catch(() => false))) await sleep(POLL_MS);
}

async function rebuild() {
  const orders = Number(amount ?? 1_000_000);
  const venue = await servers();
  const service = await startService(venue);
  service.kill('SIGTERM');
  await new Promise((resolve) => { service.once('exit', resolve); });
  console.log(`writing ${orders} open orders to postgres`);
  await fillOpenOrders(venue.postgres.url, orders);
  const redis = createClient({ url: venue.redis.url });
  await redis.connect();
  await redis.sendCommand(['FLUSHALL']);
  redis.destroy();

  const started = performance.now();
  const child = spawn('node', ['--enable-source-maps', join(root, 'dist/cli/recover.js')], { env: venue.environment, stdio: ['ignore', 'inherit', 'inherit'] });
  let peakKb = 0;
  let cpuTicks = 0;
  const watch = setInterval(() => {
    try {
      peakKb = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? peakKb);
      const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
      const [utime, stime] = stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(11, 13).map(Number);
      cpuTicks = utime + stime;
    } catch { /* it has ended */ }
  }, 50);
  const code = await new Promise((resolve) => { child.once('exit', resolve); });
  clearInterval(watch);
  console.log(`recover of ${orders} open orders: ${seconds(started)} s, exit code ${code}, peak memory ${Math.round(peakKb / 1024)} MiB, ${(cpuTicks / 100).toFixed(1)} s of CPU`);

  // The same by a service that finds Redis empty.
  const again = createClient({ url: venue.redis.url });
  await again.connect();
  await again.sendCommand(['FLUSHALL']);
  again.destroy();
  const restarted = performance.now();
  await startService(venue);
  console.log(`service started beside an empty redis, ready after ${seconds(restarted)} s`);
}

async function killRedis() {
  const orders = Number(amount ?? 100_000);
  const venue = await servers();
  await startService(venue);
  const batch = 500;
  for (let first = 0; first < orders; first += batch) {
    const operations = Array.from({ length: Math.min(batch, orders - first) }, (_, i) => {
      const n = first + i;
      const isBuy = n % 2 === 0;
      return {
        op: 'place', client_id: `client-${n % 100}`, instrument: n % 3 === 0 ? 'ETH-USD' : 'BTC-USD', side: isBuy ? 'buy' : 'sell', type: 'limit',
        price: ((isBuy ? 40_000 : 50_000) + (n % 1000) / 100).toFixed(2), quantity: '0.01',
      };
    });
    const { status, text } = await call(venue, 'POST', '/orders/batch', { operations });
    if (status !== 200) throw new Error(`batch answered ${status}: ${text}`);
  }
  console.log(`${orders} open orders`);
  const order = { client_id: 'probe', instrument: 'BTC-USD', side: 'buy', type: 'limit', price: '1.00', quantity: '0.01' };
  for (let round = 1; round <= 3; round++) {
    const killed = performance.now();
    process.kill(venue.redis.pid, 'SIGKILL');
    await venue.redis.exited;
    venue.redis = await startEmbeddedRedis({ dataDir, port: venue.redis.port });
    const back = seconds(killed);
    await until(async () => (await call(venue, 'POST', '/orders', order)).status === 201);
    console.log(`round ${round}: redis back after ${back} s, orders answered again after ${seconds(killed)} s`);
  }
}

async function stopPostgres() {
  const outageS = Number(amount ?? 60);
  const rate = Number(process.env.RATE ?? 1_000);
  const venue = await servers();
  await startService(venue);
  const answers = new Map();
  let sending = true;
  let slowestMs = 0;
  const inFlight = new Set();
  const run = (async () => {
    const started = performance.now();
    for (let n = 0; sending;) {
      // The first is due at once.
      const due = Math.floor(((performance.now() - started) / 1000) * rate) + 1;
      for (; n < due; n++) {
        const at = performance.now();
        const isBuy = n % 2 === 0;
        const sent = call(venue, 'POST', '/orders', {
          client_id: `client-${n % 50}`, instrument: 'BTC-USD', side: isBuy ? 'buy' : 'sell', type: 'limit',
          price: (50_000 + ((n * 7) % 21) - 10).toFixed(2), quantity: '0.01',
        }).then(({ status }) => {
          slowestMs = Math.max(slowestMs, performance.now() - at);
          answers.set(status, (answers.get(status) ?? 0) + 1);
          inFlight.delete(sent);
        });
        inFlight.add(sent);
      }
      await sleep(2);
    }
    await Promise.all(inFlight);
  })();
  const lag = async () => JSON.parse((await call(venue, 'GET', '/readyz')).text).writer.lag_entries;
  await sleep(5_000);
  signalPostgres(venue.postgres.pid, dataDir, 'SIGSTOP');
  console.log(`postgres stopped for ${outageS} s`);
  await sleep(outageS * 1000);
  console.log(`backlog ${await lag()} entries`);
  signalPostgres(venue.postgres.pid, dataDir, 'SIGCONT');
  const back = performance.now();
  await until(async () => await lag() < rate / 2);
  console.log(`drained ${seconds(back)} s after its return, under load`);
  await sleep(2_000);
  sending = false;
  await run;
  await until(async () => await lag() === 0);
  console.log(`answers by status: ${JSON.stringify(Object.fromEntries(answers))}, slowest ${Math.round(slowestMs)} ms`);
  console.log(execFileSync(process.execPath, [join(root, 'dist/cli/verify.js')], { env: venue.environment, encoding: 'utf8' }));
}

const measure = { rebuild, redis: killRedis, postgres: stopPostgres }[what];
if (measure === undefined) {
  console.error('usage: node load-test/recovery-time.mjs rebuild|redis|postgres [amount]');
  process.exit(1);
}
try {
  await measure();
} finally {
  KEEP_ALIVE.destroy();
  for (const stop of running.reverse()) await stop();
  rmSync(dataDir, { recursive: true, force: true });
}
