import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { readiness } from '../servers/service';
import { startTemporaryVenue, type TemporaryVenue } from '../servers/temporary-venue';
import { cpuSeconds } from './cpu';
import { FUNDS_UNSET, type Bench, type Figure, type Table } from './result';
import { inTurn, median } from './turns';

/** What a process takes to know a hundred thousand users, each with an API key: beside one of a venue that has none. */

const USERS = 100_000;
const ROUNDS = 5;
const POLL_MS = 5;
const START_TIMEOUT_MS = 60_000;
/** What the start has left behind is collected. */
const SETTLE_MS = 3_000;
const SIGNATURE_BYTES = 32;
const MB = 1_000_000;

/** Sealed as a secret of 43 characters is: nonce, tag, text. */
const SEALED_BYTES = 12 + 16 + 43;
const FILL = [
  `INSERT INTO users (user_id, username, username_key, password_hash, roles, status, change)
    SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'user-' || n, 'user-' || n, '$argon2id$', '{trader}', 'active', n FROM generate_series(1, ${USERS}) AS n`,
  `INSERT INTO account_owners (account, user_id, kind, status, change) SELECT username, user_id, 'main', 'active', change FROM users`,
  `INSERT INTO api_keys (api_key, user_id, name, scopes, sealed_secret, change)
    SELECT 'key-' || lpad(change::text, 18, '0'), user_id, 'bot', '{read,trade}', decode(repeat('ab', ${SEALED_BYTES}), 'hex'), change FROM users`,
  `UPDATE people_clock SET change = ${USERS}`,
  'ANALYZE users', 'ANALYZE account_owners', 'ANALYZE api_keys',
];

const SIDES = ['none', 'many'] as const;
type Side = (typeof SIDES)[number];

interface Started {
  readonly seconds: number;
  /** Of its processor, until then; the machine's other work is not in it. */
  readonly cpuS: number;
  readonly residentMb: number;
}

async function fill(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of FILL) await client.query(statement);
  } finally {
    await client.end();
  }
}

function residentMb(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1_024 / MB;
}

/** A key that nobody has is looked for in all that there is: whoever asks by one is answered when that is known. */
async function untilKnown(url: string): Promise<void> {
  const headers = { 'Openfill-Key': 'nobodys', 'Openfill-Timestamp': String(Date.now()), 'Openfill-Signature': Buffer.alloc(SIGNATURE_BYTES).toString('base64') };
  const { status } = await fetch(`${url}/auth/me`, { headers, signal: AbortSignal.timeout(START_TIMEOUT_MS) });
  if (status !== 401) throw new Error(`a key that nobody has was answered ${status}`);
}

/** One start of a process on the servers of a venue whose own has ended. */
async function start(venue: TemporaryVenue): Promise<Started> {
  const startedMs = performance.now();
  const { service, url } = await venue.another();
  try {
    while ((await readiness(url))?.isReady !== true) {
      if (service.hasExited() || performance.now() - startedMs > START_TIMEOUT_MS) throw new Error('the service was not ready in time');
      await sleep(POLL_MS);
    }
    await untilKnown(url);
    const seconds = (performance.now() - startedMs) / 1_000;
    const cpuS = cpuSeconds(service.pid) ?? Number.NaN;
    await sleep(SETTLE_MS);
    return { seconds, cpuS, residentMb: residentMb(service.pid) };
  } finally {
    await service.stop();
  }
}

export async function measureDirectory(bench: Bench): Promise<{ readonly figures: readonly Figure[]; readonly tables: readonly Table[] }> {
  const measured: Record<Side, Started[]> = { none: [], many: [] };
  const venues: { readonly side: Side; readonly venue: TemporaryVenue }[] = [];
  try {
    for (const side of SIDES) {
      const venue = await startTemporaryVenue({ FUNDS: FUNDS_UNSET, ...bench.settings, AUTH: 'required' });
      venues.push({ side, venue });
      await venue.service.stop();
      if (side === 'many') await fill(venue.postgres.url);
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const { side, venue } of inTurn(venues, round)) measured[side].push(await start(venue));
    }
  } finally {
    for (const { venue } of venues) await venue.stop();
  }
  const added = (of: (one: Started) => number): number[] => measured.many.map((one, round) => of(one) - of(measured.none[round] as Started));
  const [seconds, memory] = [({ seconds: s }: Started): number => s, ({ residentMb: mb }: Started): number => mb];
  const row = (name: string, values: readonly number[]): (string | number)[] => [name, median(values), Math.min(...values), Math.max(...values)];
  return {
    figures: [
      { name: `added memory of a process by ${USERS.toLocaleString('en-US')} users with a key each`, value: median(added(memory)), unit: 'MB', goal: { bound: 150, better: 'lower' } },
      { name: 'added time of its start', value: median(added(seconds)), unit: 's', goal: { bound: 2, better: 'lower' } },
    ],
    tables: [{
      title: `Of ${ROUNDS} starts by turns`, columns: ['what', 'median', 'least', 'most'],
      rows: [
        row('start without users, s', measured.none.map(seconds)), row('start with them, s', measured.many.map(seconds)),
        row('CPU of a start without users, s', measured.none.map(({ cpuS }) => cpuS)), row('CPU of a start with them, s', measured.many.map(({ cpuS }) => cpuS)),
        row('resident without users, MB', measured.none.map(memory)), row('resident with them, MB', measured.many.map(memory)),
      ],
    }],
  };
}
