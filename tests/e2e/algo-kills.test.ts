import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { seededRandom } from '../../src/seeded-random';
import { audit } from '../audit/support';
import { Client, limit } from '../support/client';
import { ServiceProcess } from '../persistence/support/service-process';
import { ShardView } from '../persistence/support/shard-view';
import { testSeed } from '../support/seed';
import { until } from '../support/until';
import { Venue } from '../support/venue';
import type { AlgoSliceView, AlgoView } from '../../src/dialects/native/present-algos';

type Whole = AlgoView & { readonly orders: readonly AlgoSliceView[] };

const ALGOS = 6;
const SLICES = 12;
const DURATION_S = 10;
/** At some moment, besides the one between the order of a slice and its note. */
const KILLS = Number(process.env.ALGO_KILLS ?? 1);
const LATER_MS = 600;
/** Holds up whoever notes what came of a slice. */
const GATE = 4_711;

const lotsOf = (quantity: string): number => Number(quantity.replace('.', ''));

let venue: Venue;
let service: ServiceProcess;
let url = '';

async function start(): Promise<void> {
  service = new ServiceProcess(venue.environment({ LOG_LEVEL: 'info' }));
  url = await service.serving();
}

beforeAll(async () => {
  venue = await Venue.open();
  await start();
});
afterAll(async () => {
  await ServiceProcess.killAll();
  await venue.close();
});

/** Nothing is noted of slices until it is opened. */
async function closeGate(): Promise<() => Promise<void>> {
  const session = new pg.Client({ connectionString: venue.database.url });
  await session.connect();
  await session.query(`
    CREATE OR REPLACE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(${GATE}); RETURN NEW; END $$;
    CREATE TRIGGER gate BEFORE UPDATE ON algo_slices FOR EACH ROW EXECUTE FUNCTION wait_at_gate();
    SELECT pg_advisory_lock(${GATE})`);
  return async () => {
    await session.query(`SELECT pg_advisory_unlock(${GATE}); DROP TRIGGER gate ON algo_slices`);
    await session.end();
  };
}

it('parent orders go on over kills, one of them between a slice and its note: no slice twice, none lost, sums right', async () => {
  const random = seededRandom(testSeed('algo kills'));
  const client = new Client(() => url);
  expect((await client.place(limit({ client_id: 'maker', side: 'sell', price: '100.00', quantity: '1000' }))).status).toBe(201);
  const begin = async (): Promise<string> => (await client.post<AlgoView>('/algos/twap', {
    client_id: 'slicer', side: 'buy', quantity: '1.2', duration_s: DURATION_S, slices: SLICES,
  })).body.algo_id;
  const ids = await Promise.all(Array.from({ length: ALGOS }, begin));
  const read = async (id: string): Promise<Whole> => (await client.get<Whole>(`/algos/${id}`)).body;

  const openGate = await closeGate();
  const unnoted = async (): Promise<string[]> => (await venue.database.query<{ order_id: string }>(
    "SELECT order_id FROM algo_slices JOIN orders USING (order_id) WHERE algo_slices.status = 'placing'")).map(({ order_id: id }) => id);
  await until('a slice is placed and not noted', async () => (await unnoted()).length > 0);
  await service.kill();
  const found = await unnoted();
  await openGate();
  await start();
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(random.below(LATER_MS));
    await service.kill();
    await start();
  }

  await until('all have ended', async () => (await Promise.all(ids.map(read))).every(({ status }) => status !== 'running'));
  let filled = 0;
  const noted = new Set<string | null>();
  for (const { status, filled_quantity: own, orders } of await Promise.all(ids.map(read))) {
    // What was missed is spread over the slices that are left, unless a slow start has left none.
    expect([['completed', '1.20000000'], ['expired', own]]).toContainEqual([status, own]);
    filled += lotsOf(own);
    for (const { order_id: id, status: known, filled_quantity: traded } of orders) {
      if (id !== null && found.includes(id)) expect([known, traded]).toEqual(['placed', '0.10000000']);
      noted.add(id);
    }
  }
  expect(found.filter((id) => !noted.has(id))).toEqual([]);
  expect(await venue.database.query("SELECT sum(filled_lots)::text AS lots FROM orders WHERE client_id = 'slicer'")).toEqual([{ lots: String(filled) }]);
  client.close();
  await new ShardView(venue).persisted();
  service.signal('SIGTERM');
  expect(await service.exited()).toBe(0);
  expect(await audit(venue)).toEqual([]);
});
