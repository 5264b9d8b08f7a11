import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '../../src/seeded-random';
import { runCommand, type Finished } from '../audit/support';
import { MoneyVenue } from '../persistence/support/money-venue';
import { WriterOnEntries } from '../persistence/support/writer-on-entries';
import { testSeed } from '../support/seed';
import { temporaryDirectory } from '../support/servers';
import { Venue } from '../support/venue';

const DAY_MS = 86_400_000;
const STEPS = 400;
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** A venue that has traded from the day before yesterday on, up to a moment of yesterday. */
const directory = temporaryDirectory('settle');
const before = Math.floor(Date.now() / DAY_MS) * DAY_MS - 2 * DAY_MS;
let venue: Venue;

beforeAll(async () => {
  const traded = new MoneyVenue(seededRandom(testSeed('settle')), {
    accounts: ['ann', 'bob', 'eve'], startUs: before * 1_000 + 1, stepUs: (random) => random.below(700_000_000),
  });
  const file = join(directory.path, 'instruments.json');
  writeFileSync(file, JSON.stringify([
    { instrument: 'BTC-USD', base: 'BTC', quote: 'USD', tick_size: '0.01', lot_size: '0.00000001' },
    { instrument: 'ETH-USD', base: 'ETH', quote: 'USD', tick_size: '0.05', lot_size: '0.00002' },
    { instrument: 'ETH-BTC', base: 'ETH', quote: 'BTC', tick_size: '0.00001', lot_size: '0.001' },
  ]));
  venue = await Venue.open({ environment: { INSTRUMENTS_FILE: file } });
  const writer = new WriterOnEntries(venue.database.url, { shard: venue.shard, epoch: traded.epoch, instruments: traded.instruments, scales: traded.scales });
  await writer.start();
  for (const day of [before, before + DAY_MS]) await writer.preparePartitions(dayOf(day));
  for (let i = 0; i < STEPS; i++) traded.step();
  writer.append(traded.raws);
  await writer.written();
  await writer.stop();
  // Redis has nothing: the start rebuilds it.
  await venue.start();
});
afterAll(async () => {
  await venue.close();
  directory.remove();
});

const settle = (...args: string[]): Promise<Finished> => runCommand('settle', venue.environment(), args);

it('closes a day of all accounts, each asset at zero; twice gives the same', async () => {
  const day = dayOf(before);
  const first = await settle('--date', day);
  expect(first).toMatchObject({ code: 0, stderr: '' });
  expect(first.stdout).toMatch(new RegExp(`^${day}: log entries 1 to \\d+, \\d+ balances, \\d+ nets\n`));
  for (const asset of ['BTC', 'ETH', 'USD']) expect(first.stdout).toMatch(new RegExp(`^ok {4}${asset}: all accounts add up to 0\\.0* before and 0\\.0* behind$`, 'm'));
  expect(first.stdout).toContain('settled: every balance closes\n');
  const rows = (): Promise<unknown[]> => venue.database.query('SELECT * FROM settlement_assets JOIN settlements USING (shard, day) ORDER BY account, asset');
  const written = await rows();
  expect(written.length).toBeGreaterThan(6);
  const second = await settle('--date', day);
  expect(second).toMatchObject({ code: 0, stderr: '' });
  expect(second.stdout).toContain('was settled before, and comes to the same\n');
  expect(await rows()).toEqual(written);
});

it('without a day takes the last one that is over; two at once write it once', async () => {
  const both = await Promise.all([settle(), settle()]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect(both.map(({ stdout }) => stdout.split('\n').at(-2)).sort()).toEqual(['settled: every balance closes', 'was settled before, and comes to the same']);
  for (const { stdout } of both) expect(stdout.slice(0, 10)).toBe(dayOf(before + DAY_MS));
});

it('refuses a day that is not over, and what is no day', async () => {
  const today = await settle('--date', dayOf(Date.now() + 1_000));
  expect(today).toMatchObject({ code: 1, stdout: '' });
  expect(today.stderr).toMatch(/^openfill: \d{4}-\d\d-\d\d is over at .+T00:00:00\.000Z, and by the venue's clock it is /);
  for (const none of ['yesterday', '2026-02-31', '2026-1-1']) {
    const { code, stderr } = await settle('--date', none);
    expect(code).toBe(1);
    expect(stderr).toContain('It is a UTC day as YYYY-MM-DD.');
  }
});

it('ends with 1 where a day comes to something else than it did, or a balance does not close', async () => {
  await venue.database.query(`UPDATE settlement_assets SET bought = bought + 1 WHERE account = 'ann' AND day = '${dayOf(before)}' AND asset = 'BTC'`);
  const differing = await settle('--date', dayOf(before));
  expect(differing).toMatchObject({ code: 1 });
  expect(differing.stdout).toContain('FAIL  was settled before, and comes to something else now: what was settled stays\n');

  await venue.database.query(`UPDATE balances SET total = total + 1 WHERE account = 'bob' AND asset = 'USD'`);
  const mismatched = await settle();
  expect(mismatched).toMatchObject({ code: 1 });
  expect(mismatched.stdout).toMatch(/^FAIL {2}bob USD: from -?[\d.]+ its movements do not lead to -?[\d.]+$/m);
});
