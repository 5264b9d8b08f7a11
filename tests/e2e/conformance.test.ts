import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import WebSocket from 'ws';
import { operationOf, play } from '../../src/conformance/play';
import { parseMessages } from '../../src/conformance/messages';
import { VenueClient, type VenueInstrument } from '../../src/conformance/venue-client';
import { Venue } from '../support/venue';

/**
 * The benchmark's streams through the running service: over HTTP, in batches, with fsync, writer and stream on.
 * The reports are the consensus of the engines that agree; the record holds just what the answers told.
 */

const DIRECTORY = join(__dirname, '..', 'conformance');
const INSTRUMENT = 'BENCH-USD';

interface Expected {
  readonly sha256: string;
  readonly trades: number;
  readonly resting: number;
  readonly levels: readonly [number, number];
  readonly bids: readonly (readonly [number, number])[];
  readonly asks: readonly (readonly [number, number])[];
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

  test.each(['normal', 'static', 'flash-crash'])('%s gives the expected reports, book and record', async (name) => {
    const expected = JSON.parse(readFileSync(join(DIRECTORY, `${name}.expected.json`), 'utf8')) as Expected;
    const venue = await Venue.open({ environment: { INSTRUMENTS_FILE: instrumentsFile } });
    try {
      const service = await venue.start();
      const client = new VenueClient(service.url);
      const [instrument] = (await client.instruments()) as [VenueInstrument];
      const socket = new WebSocket(`${service.url.replace('http', 'ws')}/stream?channels=trades`);
      let streamedTrades = 0;
      socket.on('message', (data: Buffer) => { if (data.toString('utf8').startsWith('{"type":"trade"')) streamedTrades++; });
      await new Promise((resolve) => socket.once('open', resolve));

      const { reports, orders } = await play(client, instrument, parseMessages(read(`${name}.messages.csv.gz`)));
      expect(createHash('sha256').update(reports.join('\n')).digest('hex')).toBe(expected.sha256);

      const { bids, asks } = await client.orderbook(INSTRUMENT, 5_000);
      expect([bids.length, asks.length]).toEqual(expected.levels);
      expect(inSteps(bids).slice(0, 10)).toEqual(expected.bids);
      expect(inSteps(asks).slice(0, 10)).toEqual(expected.asks);

      // Stopping drains the writer: Postgres has it all.
      await service.stop();
      socket.terminate();
      expect(streamedTrades).toBe(expected.trades);
      const count = async (text: string): Promise<number> => Number((await venue.database.query<{ count: string }>(text))[0]?.count);
      expect(await count('SELECT count(*) FROM trades')).toBe(expected.trades);
      expect(await count("SELECT count(*) FROM orders WHERE status IN ('open', 'partially_filled')")).toBe(expected.resting);
      expect(await count('SELECT count(*) FROM orders')).toBe(orders);
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
