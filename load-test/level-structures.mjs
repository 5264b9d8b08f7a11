// How should the queue of a price level lie in Redis? Compares a list per level with the sorted set per side that
// the engine uses, inside Lua, so that neither network nor client counts.
//
//   node load-test/level-structures.mjs            starts a redis-server of its own, in memory only
//   REDIS_URL=redis://… node load-test/level-structures.mjs     uses keys {levels}:* there, and removes them
//
// Costs are what Redis itself charges to the script (INFO commandstats), less an empty loop of the same length.
// Each figure is the median of its rounds.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';

const SIZES = [100, 1_000, 10_000, 100_000];
/** Orders at other prices of the same side, for the sorted set that holds them all. */
const OTHERS = 1_000_000;
const ROUNDS = 9;
const OPERATIONS_MAX = 200;
const BUILD_PAGE = 1_000;

const LIST = '{levels}:list';
const ALONE = '{levels}:set';
const SHARED = '{levels}:side';

// Order n of the level: 22 characters as a compact id has. In the set, 14 digits of priority stand before them.
const NAMES = `
local function id(n) return string.format('%022d', n) end
local function member(n) return string.format('%014d', n) .. id(n) end
`;
const PRICE = 5000000;

const SCRIPTS = {
  build_list: `${NAMES} local ids = {} for n = ARGV[1], ARGV[2] do ids[#ids + 1] = id(n) end redis.call('RPUSH', KEYS[1], unpack(ids))`,
  build_set: `${NAMES} local values = {} for n = ARGV[1], ARGV[2] do values[#values + 1] = ${PRICE} values[#values + 1] = member(n) end
    redis.call('ZADD', KEYS[1], unpack(values))`,
  build_others: `${NAMES} local values = {} for n = ARGV[1], ARGV[2] do
      values[#values + 1] = ${PRICE} + 1 + n % 10000 values[#values + 1] = member(1e9 + n) end
    redis.call('ZADD', KEYS[1], unpack(values))`,
  // The same loops and names without the command that is measured.
  empty_list: `${NAMES} local ids = 0 for n = ARGV[1], ARGV[2] do ids = ids + #id(n) end`,
  empty_set: `${NAMES} local ids = 0 for n = ARGV[1], ARGV[2] do ids = ids + #member(n) end`,
  join_list: `${NAMES} for n = ARGV[1], ARGV[2] do redis.call('RPUSH', KEYS[1], id(n)) end`,
  join_set: `${NAMES} for n = ARGV[1], ARGV[2] do redis.call('ZADD', KEYS[1], ${PRICE}, member(n)) end`,
  cancel_list: `${NAMES} for n = ARGV[1], ARGV[2] do redis.call('LREM', KEYS[1], 1, id(n)) end`,
  cancel_set: `${NAMES} for n = ARGV[1], ARGV[2] do redis.call('ZREM', KEYS[1], member(n)) end`,
  head_list: `${NAMES} for n = ARGV[1], ARGV[2] do id(n) redis.call('LINDEX', KEYS[1], 0) end`,
  head_set: `${NAMES} for n = ARGV[1], ARGV[2] do member(n) redis.call('ZRANGE', KEYS[1], 0, 0) end`,
};

async function ownRedis() {
  const directory = mkdtempSync(join(tmpdir(), 'levels-'));
  const port = await new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = server.address();
      server.close(() => resolve(free));
    });
  });
  const child = spawn(process.env.REDIS_SERVER ?? 'redis-server', [
    '--bind', '127.0.0.1', '--port', String(port), '--dir', directory, '--save', '', '--appendonly', 'no',
  ], { stdio: 'ignore' });
  child.on('error', (error) => { console.error(`redis-server does not start: ${error.message}`); process.exit(1); });
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: () => {
      child.kill('SIGKILL');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const own = process.env.REDIS_URL ? null : await ownRedis();
const redis = createClient({ url: process.env.REDIS_URL ?? own.url, RESP: 2 });
redis.on('error', () => undefined);
await redis.connect();
const send = (...command) => redis.sendCommand(command.map(String));

const hashes = {};
for (const [name, source] of Object.entries(SCRIPTS)) hashes[name] = await send('SCRIPT', 'LOAD', source);
const run = (name, key, first, last) => send('EVALSHA', hashes[name], 1, key, first, last);

/** Microseconds of Redis' own time. */
async function cost(name, key, first, last) {
  await send('CONFIG', 'RESETSTAT');
  await run(name, key, first, last);
  return Number(/cmdstat_evalsha:calls=1,usec=(\d+)/.exec(await send('INFO', 'commandstats'))[1]);
}

async function build(script, key, first, last) {
  for (let at = first; at <= last; at += BUILD_PAGE) await run(script, key, at, Math.min(last, at + BUILD_PAGE - 1));
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

/** µs an operation takes: places at the back, cancels in the middle, looks at the head. */
async function measure(kind, key, size) {
  // Few enough that the middle stays in the middle.
  const operations = Math.min(OPERATIONS_MAX, size / 10);
  // Short loops are repeated, so that a microsecond of rounding does not show.
  const repeats = OPERATIONS_MAX / operations;
  const costs = { join: [], cancel: [], head: [] };
  let next = size + 1;
  let middle = size >> 1;
  for (let round = 0; round < ROUNDS; round++) {
    const spent = { join: 0, cancel: 0, head: 0 };
    for (let repeat = 0; repeat < repeats; repeat++) {
      const empty = await cost(`empty_${kind}`, key, 1, operations);
      spent.cancel += await cost(`cancel_${kind}`, key, middle, middle + operations - 1) - empty;
      spent.join += await cost(`join_${kind}`, key, next, next + operations - 1) - empty;
      spent.head += await cost(`head_${kind}`, key, 1, operations) - empty;
      // Everything before the middle stays, so as many names further on the middle is again.
      middle += operations;
      next += operations;
    }
    for (const name of Object.keys(costs)) costs[name].push(spent[name] / (operations * repeats));
  }
  return Object.fromEntries(Object.entries(costs).map(([name, values]) => [name, median(values)]));
}

const cell = (value) => value.toFixed(value < 100 ? 1 : 0).padStart(8);

try {
  const version = /redis_version:(\S+)/.exec(await send('INFO', 'server'))[1];
  console.log(`Redis ${version}, µs per operation inside Lua; "shared": with ${OTHERS.toLocaleString('en')} orders at other prices in the set\n`);
  console.log('| orders at the level | cancel, list | cancel, set | cancel, shared | join, list | join, set | join, shared | head, list | head, set | head, shared | bytes, list | bytes, set |');
  console.log(`|${'---:|'.repeat(12)}`);
  await send('UNLINK', LIST, ALONE, SHARED);
  await build('build_others', SHARED, 1, OTHERS);
  for (const size of SIZES) {
    await send('UNLINK', LIST, ALONE);
    await send('ZREMRANGEBYSCORE', SHARED, PRICE, PRICE);
    await build('build_list', LIST, 1, size);
    await build('build_set', ALONE, 1, size);
    await build('build_set', SHARED, 1, size);
    const bytes = [await send('MEMORY', 'USAGE', LIST, 'SAMPLES', 0) / size, await send('MEMORY', 'USAGE', ALONE, 'SAMPLES', 0) / size];
    const list = await measure('list', LIST, size);
    const alone = await measure('set', ALONE, size);
    const shared = await measure('set', SHARED, size);
    const cells = ['cancel', 'join', 'head'].flatMap((name) => [list[name], alone[name], shared[name]]).map(cell);
    console.log(`| ${String(size).padStart(7)} | ${cells.join(' | ')} | ${bytes.map((value) => value.toFixed(0)).join(' | ')} |`);
  }
} finally {
  await send('UNLINK', LIST, ALONE, SHARED).catch(() => undefined);
  redis.destroy();
  own?.stop();
}
