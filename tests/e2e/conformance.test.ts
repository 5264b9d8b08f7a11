import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import WebSocket from 'ws';
import { operationOf, play } from '../../src/conformance/play';
import { parseMessages } from '../../src/conformance/messages';
import { FUNDS, type Funds } from '../../src/domain/money';
import { VenueClient, type VenueInstrument } from '../../src/conformance/venue-client';
import { Client } from '../support/client';
import { testSeed } from '../support/seed';
import { Venue } from '../support/venue';

/**
 * The benchmark's streams through the running service: over HTTP, in batches, with fsync, writer and stream on, without money, with it,
 * and with cover. The reports are the consensus of the engines that agree; the record holds just what the answers told.
 */

const DIRECTORY = join(__dirname, '..', 'conformance');
const INSTRUMENT = 'BENCH-USD';
const STREAMS = ['normal', 'static', 'flash-crash'] as const;
/** Whose orders a stream's are, where money is kept. */
const ACCOUNTS = 100;
const accountOf = (orderId: string): string => `account-${Number(orderId) % ACCOUNTS}`;
/** Units are whole ticks and lots; beyond 2^53 the engine calculates otherwise. */
const DEPOSITS = [{ asset: 'USD', amount: '10000000000000000' }, { asset: 'BENCH', amount: '100000000' }];

interface Expected {
  readonly sha256: string;
  readonly trades: number;
  readonly resting: number;
  readonly levels: readonly [number, number];
  readonly bids: readonly (readonly [number, number])[];
  readonly asks: readonly (readonly [number, number])[];
}

/**
 * One stream with one setting, another each time (the engine's own test has every stream); CONFORMANCE_ALL tries every stream with every
 * setting.
 */
const ALL: readonly (readonly [stream: string, funds: Funds])[] = STREAMS.flatMap((stream) => FUNDS.map((funds) => [stream, funds] as const));
const CASES = process.env.CONFORMANCE_ALL === undefined ? [ALL[testSeed('conformance over HTTP') % ALL.length] as (typeof ALL)[number]] : ALL;

/** Fees for everybody, and where cover is asked for accounts that have it. */
async function prepareMoney(client: Client, funds: Funds): Promise<void> {
  if (funds === 'off') return;
  expect((await client.call('PUT', '/fee-groups/default', { body: { rates: [{ maker: '0.0002', taker: '0.0005' }] } })).status).toBe(200);
  if (funds !== 'required') return;
  const opened = await Promise.all(Array.from({ length: ACCOUNTS }, (_, n) => client.post('/accounts', { account_id: accountOf(String(n)), deposits: DEPOSITS })));
  expect(opened.filter(({ status }) => status !== 201)).toEqual([]);
}

const read = (name: string): string => gunzipSync(readFileSync(join(DIRECTORY, name))).toString('utf8');

function inSteps(levels: readonly (readonly [string, string])[]): number[][] {
  return levels.map(([price, quantity]) => [Number(price), Number(quantity)]);
}

describe('conformance streams over HTTP', () => {
  const directory = mkdtempSync(join(tmpdir(), 'openfill-conformance-'));
  const instrumentsFile = join(directory, 'instruments.json');
  writeFileSync(instrumentsFile, JSON.stringify([{ instrument: INSTRUMENT, base: 'BENCH', quote: 'USD', tick_size: '1', lot_size: '1' }]));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  test.each(CASES)('%s gives the expected reports, book and record with FUNDS=%s', async (name, funds) => {
    const expected = JSON.parse(readFileSync(join(DIRECTORY, `${name}.expected.json`), 'utf8')) as Expected;
    const venue = await Venue.open({ environment: { INSTRUMENTS_FILE: instrumentsFile, FUNDS: funds } });
    try {
      const service = await venue.start();
      const caller = new Client(service.url);
      await prepareMoney(caller, funds);
      const client = new VenueClient(service.url);
      const [instrument] = (await client.instruments()) as [VenueInstrument];
      const socket = new WebSocket(`${service.url.replace('http', 'ws')}/stream?channels=trades`);
      let streamedTrades = 0;
      socket.on('message', (data: Buffer) => { if (data.toString('utf8').startsWith('{"type":"trade"')) streamedTrades++; });
      await new Promise((resolve) => socket.once('open', resolve));

      const { reports, orders } = await play(client, instrument, parseMessages(read(`${name}.messages.csv.gz`)), accountOf);
      expect(createHash('sha256').update(reports.join('\n')).digest('hex')).toBe(expected.sha256);

      const { bids, asks } = await client.orderbook(INSTRUMENT, 5_000);
      expect([bids.length, asks.length]).toEqual(expected.levels);
      expect(inSteps(bids).slice(0, 10)).toEqual(expected.bids);
      expect(inSteps(asks).slice(0, 10)).toEqual(expected.asks);

      if (funds !== 'off') {
        const { body } = await caller.get<{ assets: { asset: string; fees: string; sum: string }[]; findings: unknown[] }>('/money');
        expect(body).toMatchObject({ assets: [{ asset: 'BENCH', fees: '0', sum: '0' }, { asset: 'USD', sum: '0' }], findings: [] });
        expect(Number(body.assets[1]?.fees)).toBeGreaterThan(0);
      }
      caller.close();

      // Stopping drains the writer: Postgres has it all.
      await service.stop();
      socket.terminate();
      expect(streamedTrades).toBe(expected.trades);
      const count = async (text: string): Promise<number> => Number((await venue.database.query<{ count: string }>(text))[0]?.count);
      expect(await count('SELECT count(*) FROM trades')).toBe(expected.trades);
      expect(await count("SELECT count(*) FROM orders WHERE status IN ('open', 'partially_filled')")).toBe(expected.resting);
      expect(await count('SELECT count(*) FROM orders')).toBe(orders);
      expect(await count('SELECT count(*) FROM fills')).toBe(funds === 'off' ? 0 : 2 * expected.trades);
    } finally {
      await venue.close();
    }
  }, 180_000);

  test('a message becomes the operations that the contract knows', () => {
    const instrument: VenueInstrument = {
      instrument: INSTRUMENT, tick: { text: '0.5', decimals: 1, units: 5n }, lot: { text: '1', decimals: 0, units: 1n },
    };
    expect(operationOf({ op: 'amend', orderId: '7', price: 3, remaining: 4 }, instrument)).toEqual({
      op: 'amend', client_id: 'replay', client_order_id: '7', price: '1.5', remaining_quantity: '4',
    });
  });
});
