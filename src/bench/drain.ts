import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { pino } from 'pino';
import type { EngineCommand } from '../domain/commands';
import type { Funds } from '../domain/money';
import { Engine } from '../engine/engine';
import { buildLibrary } from '../engine/library';
import { RedisConnection } from '../engine/redis-connection';
import { ServicesApart } from '../servers/services-apart';
import { BENCH_LIMITS, submitAll } from './engine-shard';
import { setFees } from './money';
import type { Bench } from './result';

const POLL_MS = 5;
/** What the writer writes of a log; of money where it is kept. */
const TABLES = ['journal', 'orders', 'trades'] as const;
const MONEY_TABLES = ['fills', 'accounts', 'balances', 'positions', 'account_snapshots'] as const;

export interface Drained {
  readonly entries: number;
  /** Entries a second, and what COPY makes of the same rows. */
  readonly rate: number;
  readonly copy: number;
}

/** Fills the log while no writer runs, then starts one. */
export async function drain(bench: Bench, funds: Funds, commands: readonly EngineCommand[]): Promise<Drained> {
  const venue = await ServicesApart.start(mkdtempSync(join(bench.directory, 'writer-')));
  const settings = { ...bench.settings, FUNDS: funds };
  try {
    const api = await venue.service({ ...settings, ROLES: 'api' });
    await api.stop();
    const redis = new RedisConnection(venue.redis.url, 'bench', pino({ level: 'silent' }));
    await redis.connect();
    const engine = new Engine(redis, buildLibrary(), 'main', BENCH_LIMITS, pino({ level: 'silent' }));
    await engine.load();
    if (funds !== 'off') await setFees(engine);
    await submitAll(engine, commands, 8, true);
    const meta = async () => (await engine.meta()) as { sequence: number; persisted: number };
    const { sequence } = await meta();
    const writer = await venue.service({ ...settings, ROLES: 'writer' }, false);
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
    const tables = funds === 'off' ? TABLES : [...TABLES, ...MONEY_TABLES];
    return { entries: sequence, rate: (sequence - (first?.persisted ?? 0)) / seconds, copy: await copyRows(venue.postgres.url, tables, sequence) };
  } finally {
    await venue.stop();
  }
}

/** Writes the rows that the writer wrote once more, by COPY, into tables with the same keys. @returns entries a second */
async function copyRows(url: string, tables: readonly string[], entries: number): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const rows = new Map<string, Buffer[]>();
    for (const table of tables) {
      const chunks: Buffer[] = [];
      for await (const chunk of client.query(copyTo(`COPY (SELECT * FROM ${table}) TO STDOUT`))) chunks.push(chunk as Buffer);
      rows.set(table, chunks);
      await client.query(`CREATE TABLE bare_${table} (LIKE ${table} INCLUDING ALL)`);
    }
    const started = performance.now();
    await client.query('BEGIN');
    for (const table of tables) await pipeline(Readable.from(rows.get(table) ?? []), client.query(copyFrom(`COPY bare_${table} FROM STDIN`)));
    await client.query('COMMIT');
    return entries / ((performance.now() - started) / 1_000);
  } finally {
    await client.end();
  }
}
