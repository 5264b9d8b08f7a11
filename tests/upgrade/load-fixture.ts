import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gunzipSync } from 'node:zlib';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { TestRedis } from '../support/redis';

/** A venue of an older version, as make-fixture.mjs has written it down. */

const FIXTURE = join(__dirname, 'fixture');
/** Commands on their way to Redis at once. */
const PIPELINED = 200;

export interface ToldRequest {
  readonly what: string;
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly answer: { readonly status: number; readonly body: Readonly<Record<string, unknown>> };
}

export interface Told {
  /** The commit that the venue was of. */
  readonly version: string;
  readonly shard: string;
  readonly sequence: number;
  /** Up to where Postgres holds the log; the rest of it is in Redis alone. */
  readonly persisted: number;
  readonly instruments: readonly { readonly instrument: string }[];
  /** Traded no more when the old service stopped; orders for it are still open. */
  readonly retired: { readonly instrument: string };
  readonly clients: readonly string[];
  /** Client whose one order Postgres refused. */
  readonly poison: string;
  /** Requests with an idempotency key and their first answers. */
  readonly requests: readonly ToldRequest[];
  /** What the old service told last, before it stopped. */
  readonly reads: readonly { readonly path: string; readonly body: Readonly<Record<string, unknown>> }[];
}

function unpacked(name: string): string {
  return gunzipSync(readFileSync(join(FIXTURE, name))).toString('utf8');
}

export function readTold(): Told {
  return JSON.parse(unpacked('told.json.gz')) as Told;
}

/** @param redis without this shard */
export async function loadRedis(redis: TestRedis): Promise<void> {
  const commands = unpacked('redis.jsonl.gz').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as string[]);
  for (let i = 0; i < commands.length; i += PIPELINED) {
    await Promise.all(commands.slice(i, i + PIPELINED).map((command) => redis.command(...command)));
  }
}

interface SqlPart {
  readonly statements: string;
  /** A COPY … FROM stdin and its rows; null at the end. */
  readonly copy: { readonly statement: string; readonly rows: string } | null;
}

/** Cuts a script as psql reads it into what is sent as it is, and what is copied. */
function partsOf(script: string): SqlPart[] {
  const parts: SqlPart[] = [];
  const block = /^(COPY [^;]+ FROM stdin;)\n([^]*?)^\\\.\n/gm;
  let from = 0;
  for (const match of script.matchAll(block)) {
    const [whole, statement, rows] = match as unknown as [string, string, string];
    parts.push({ statements: script.slice(from, match.index), copy: { statement, rows } });
    from = match.index + whole.length;
  }
  return [...parts, { statements: script.slice(from), copy: null }];
}

/** @param url of an empty database */
export async function loadPostgres(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'test' });
  await client.connect();
  try {
    for (const { statements, copy } of partsOf(unpacked('postgres.sql.gz'))) {
      if (statements.trim() !== '') await client.query(statements);
      if (copy !== null) await pipeline(Readable.from([copy.rows]), client.query(copyFrom(copy.statement)));
    }
  } finally {
    await client.end();
  }
}
