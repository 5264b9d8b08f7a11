import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { pino } from 'pino';
import { engineCommandOf } from '../../conformance/commands';
import { Engine } from '../../engine/engine';
import { buildLibrary } from '../../engine/library';
import { RedisConnection } from '../../engine/redis-connection';
import { BENCH_LIMITS, submitAll } from '../engine-shard';
import { openLoad, requireExpected } from '../http-load';
import { lagsMs, percentile, type Sample } from '../lag';
import { orderRequests } from '../orders';
import type { Bench, Part } from '../result';
import { ServicesApart } from '../../servers/services-apart';
import { prepareStream } from '../streams';
import { BenchVenue } from '../venue';

const RATE = 2_000;
const POLL_MS = 5;
const TABLES = ['journal', 'orders', 'trades'] as const;

/** Fills the log while no writer runs, then starts one. @returns entries a second, and what COPY makes of the same rows */
async function drain(bench: Bench) {
  const venue = await ServicesApart.start(mkdtempSync(join(bench.directory, 'writer-')));
  try {
    const api = await venue.service({ ...bench.settings, ROLES: 'api' });
    await api.stop();
    const redis = new RedisConnection(venue.redis.url, 'bench', pino({ level: 'silent' }));
    await redis.connect();
    const engine = new Engine(redis, buildLibrary(), 'main', BENCH_LIMITS, pino({ level: 'silent' }));
    await engine.load();
    const stream = prepareStream('normal');
    await submitAll(engine, stream.commands.map((command) => engineCommandOf(command, 'BTC-USD')), 8, true);
    const meta = async () => (await engine.meta()) as { sequence: number; persisted: number };
    const { sequence } = await meta();
    const writer = await venue.service({ ...bench.settings, ROLES: 'writer' }, false);
    // From the first commit: until then a process starts.
    let first: { atMs: number; persisted: number } | null = null;
    let last = 0;
    while (last < sequence) {
      last = (await meta()).persisted;
      if (first === null && last > 0) first = { atMs: performance.now(), persisted: last };
      await sleep(POLL_MS);
    }
    const seconds = (performance.now() - (first?.atMs ?? 0)) / 1_000;
    await writer.stop();
    engine.close();
    redis.close();
    return { entries: sequence, rate: (sequence - (first?.persisted ?? 0)) / seconds, copy: await copyRows(venue.postgres.url, sequence) };
  } finally {
    await venue.stop();
  }
}

/** Writes the rows that the writer wrote once more, by COPY, into tables with the same keys. @returns entries a second */
async function copyRows(url: string, entries: number): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const rows = new Map<string, Buffer[]>();
    for (const table of TABLES) {
      const chunks: Buffer[] = [];
      for await (const chunk of client.query(copyTo(`COPY (SELECT * FROM ${table}) TO STDOUT`))) chunks.push(chunk as Buffer);
      rows.set(table, chunks);
      await client.query(`CREATE TABLE bare_${table} (LIKE ${table} INCLUDING ALL)`);
    }
    const started = performance.now();
    await client.query('BEGIN');
    for (const table of TABLES) await pipeline(Readable.from(rows.get(table) ?? []), client.query(copyFrom(`COPY bare_${table} FROM STDIN`)));
    await client.query('COMMIT');
    return entries / ((performance.now() - started) / 1_000);
  } finally {
    await client.end();
  }
}

/** At a steady rate of orders: how far is Postgres behind? */
async function lag(bench: Bench) {
  const venue = await BenchVenue.start(bench);
  try {
    const samples: Sample[] = [];
    let isDone = false;
    const load = openLoad({ port: venue.port, connections: 64, expected: 201, rate: RATE, seconds: bench.seconds, request: orderRequests('lag') })
      .finally(() => { isDone = true; });
    while (!isDone) {
      samples.push({ atMs: performance.now(), ...await venue.positions() });
      await sleep(POLL_MS);
    }
    const result = await load;
    requireExpected(result);
    await venue.untilDrained();
    return { lags: lagsMs(samples), answered: result.answered / result.seconds };
  } finally {
    await venue.stop();
  }
}

async function run(bench: Bench) {
  const drained = await drain(bench);
  const { lags, answered } = await lag(bench);
  return {
    figures: [
      { name: 'log entries that the writer brings to Postgres', value: drained.rate, unit: 'entries/s', floor: { name: 'COPY of the same rows', value: drained.copy }, goal: { bound: 30_000, better: 'higher' as const } },
      { name: `lag behind ${Math.round(answered).toLocaleString('en-US')} orders/s, p50`, value: percentile(lags, 50), unit: 'ms' },
      { name: `lag behind ${Math.round(answered).toLocaleString('en-US')} orders/s, p99`, value: percentile(lags, 99), unit: 'ms', goal: { bound: 250, better: 'lower' as const } },
    ],
  };
}

export const writerPart: Part = { name: 'writer', about: 'how fast the writer drains a log, and how far it is behind at 2,000 orders/s', run };
