import { plainDialect } from '../dialects/plain/dialect';
import { TapeEncoder } from '../dialects/plain/tape';
import { TapeClient } from '../dialects/plain/tape-client';
import { Client } from '../support/client';
import { Load, testSeed } from '../persistence/support/load';
import { ShardView } from '../persistence/support/shard-view';
import { until } from '../support/until';
import { metricOf } from '../support/metrics';
import { Venue, type RunningApp } from '../support/venue';
import type { BalanceTold } from './support/rebuilt-balances';
import { StreamClient, type BookData, type DeltaData, type StreamMessage } from './support/stream-client';

const REQUESTS = 300;
const BATCH = 400;
const FOLLOWED = 'deals:BTCUSD book:BTCUSD';
const FOLLOWED_BY_ANN = `${FOLLOWED} purse:ann deeds:ann`;

type Level = readonly [price: string, quantity: string];

const side = (levels: readonly Level[]): string => levels.map(([price, quantity]) => `${price}x${quantity === '0' ? '0.00000000' : quantity}`).join(' ');

/** Decimal text as a whole number of units. */
const units = (text: string | undefined): string => String(BigInt((text ?? '').replace('.', '')));

/** What the venue's own dialect says, as the tests' own says it. */
function inOtherWords({ type, instrument, sequence, data }: StreamMessage): string | null {
  if (type === 'trade') return `deal BTCUSD ${data.price as string}x${data.quantity as string} n${data.trade_id as number} at ${sequence}`;
  if (type === 'fill') {
    const { account_id: account, side: way, price, quantity, trade_id: id, fee } = data as Record<string, string>;
    if (instrument !== 'BTC-USD') return null;
    return `deed ${account} BTCUSD ${way === 'buy' ? 'bid' : 'ask'} ${price}x${quantity} n${id} cost ${units(fee)} at ${sequence}`;
  }
  if (type === 'balances' || type === 'balances_snapshot') {
    const purse = (data.balances as BalanceTold[]).map(({ asset, total, held }) => `${asset} ${units(total)}/${units(held)}`).join(' ');
    return `${type === 'balances' ? '' : 'all '}purse ${data.account_id as string} at ${sequence} | ${purse}`;
  }
  const { bids, asks, checksum } = data as unknown as BookData;
  if (type === 'orderbook_snapshot') return `full BTCUSD at ${sequence} sum ${checksum} | ${side(bids)} | ${side(asks)}`;
  if (type === 'orderbook_delta') return `step BTCUSD ${(data as unknown as DeltaData).previous_sequence}>${sequence} sum ${checksum} | ${side(bids)} | ${side(asks)}`;
  return null;
}

const translated = (messages: readonly StreamMessage[]): string[] => messages.map(inOtherWords).filter((line) => line !== null);
const market = (lines: readonly string[]): string[] => lines.filter((line) => /^(deal|full|step|purse|all|deed \S+ BTCUSD) /.test(line));

/** Whether each change of the book goes on from where the one before it ended. */
function chainProblems(lines: readonly string[]): string[] {
  const problems: string[] = [];
  let at: string | undefined;
  for (const line of lines) {
    const [, full] = /^full \w+ at (\d+)/.exec(line) ?? [];
    const [, previous, sequence] = /^step \w+ (\d+)>(\d+)/.exec(line) ?? [];
    if (previous !== undefined && previous !== at) problems.push(`${line.slice(0, 40)} came behind ${at}`);
    at = full ?? sequence ?? at;
  }
  return problems;
}

describe('the stream in another dialect', () => {
  let venue: Venue;
  let shard: ShardView;
  let encoder: TapeEncoder;
  let running: RunningApp;
  let http: Client;

  const start = (environment: Readonly<Record<string, string>> = {}): Promise<RunningApp> => venue.start(environment, { dialects: [plainDialect(encoder)] });

  beforeAll(async () => {
    venue = await Venue.open();
    shard = new ShardView(venue);
    encoder = new TapeEncoder();
    running = await start();
    http = new Client(() => running.url);
  });
  afterAll(async () => {
    http.close();
    await venue.close();
  });

  const place = async (body: Readonly<Record<string, unknown>>): Promise<void> => {
    expect((await http.post('/orders', { client_id: 'ann', side: 'buy', type: 'limit', price: '9.00', quantity: '1', ...body })).status).toBe(201);
  };

  it('tells the same as the venue\'s own, each thing put into words once for all who hear it', async () => {
    const seed = testSeed('another dialect');
    const own = await StreamClient.open(running.url, '?channels=trades,orderbook,balances,fills&instruments=BTC-USD&accounts=ann');
    const others = await Promise.all([1, 2, 3].map(() => TapeClient.open(running.url, FOLLOWED_BY_ANN)));
    await own.count(3);
    await until('every book', () => others.every(({ lines }) => lines.length === 3));
    const load = new Load(() => running.url, { seed, workers: 4 });
    await load.run(REQUESTS);
    load.close();
    expect(load.unexpected).toEqual([]);
    const end = await shard.meta('seq');
    await own.caughtUp(end);
    for (const other of others) await other.caughtUp(end);
    const expected = translated(own.messages);
    for (const word of ['deal', 'deed', 'purse']) expect(expected.filter((line) => line.startsWith(word)).length).toBeGreaterThan(20);
    for (const other of others) expect(market(other.lines)).toEqual(expected);
    expect(market(encoder.said)).toEqual(expected);
    await own.close();
    for (const other of others) await other.close();
  });

  it('is asked in its own way, and answers by the number of the request', async () => {
    const client = await TapeClient.open(running.url);
    expect(await client.ask('+', 'deals:ETHUSD')).toBe('ok 1');
    expect(await client.ask('+', 'deals:DOGEUSD')).toBe('no 2 VALIDATION-FAILED');
    expect(await client.ask('-', 'deals:ETHUSD')).toBe('ok 3');
    client.socket.send('{"op":"ping"}');
    await until('a refusal', () => client.lines.includes('no - VALIDATION-FAILED'));
    // It has no word for tickers, and is told none.
    expect(await client.ask('+', 'ticks:BTCUSD')).toBe('ok 4');
    await place({});
    await client.caughtUp(await shard.meta('seq'));
    expect(client.lines.filter((line) => !/^(ok|no) /.test(line))).toEqual([]);
    await client.close();
  });

  it('goes on from a sequence, with what was missed and then what happens', async () => {
    const own = await StreamClient.open(running.url, '?channels=trades,orderbook&instruments=BTC-USD');
    const client = await TapeClient.open(running.url, FOLLOWED);
    await own.count(2);
    await place({ price: '8.00' });
    await client.caughtUp(await shard.meta('seq'));
    const since = await shard.meta('seq');
    client.socket.terminate();
    await place({ price: '70.00' });
    await place({ side: 'sell', price: '70.00', quantity: '0.4' });
    const again = await TapeClient.open(running.url);
    expect(await again.ask('+', `${FOLLOWED} from ${since}`)).toBe('ok 1');
    await until('it has gone on', () => again.lines.includes(`went on from ${since}`));
    await place({ price: '71.00' });
    await again.caughtUp(await shard.meta('seq'));
    await own.caughtUp(await shard.meta('seq'));
    const kept = [...client.lines, ...again.lines];
    expect(chainProblems(kept)).toEqual([]);
    expect(kept.filter((line) => line.startsWith('full'))).toHaveLength(1);
    expect(again.of('deal')).toEqual(translated(own.messages.filter(({ sequence }) => sequence > since)).filter((line) => line.startsWith('deal')));
    // The book's changes come as one, and what happens since as it happens.
    expect(again.of('step')).toHaveLength(2);
    expect(again.of('step').at(-1)).toBe(translated(own.messages).at(-1));
    await again.close();
    await own.close();
  });

  it('merges book changes for a client that does not read, and keeps every trade', async () => {
    const service = await start({ STREAM_BEHIND_BYTES: '65536', STREAM_BEHIND_MS: '600000', STREAM_BUFFER_BYTES_MAX: String(64 * 1_048_576) });
    const good = await TapeClient.open(service.url, FOLLOWED);
    const slow = await TapeClient.open(service.url, FOLLOWED);
    await until('both books', () => [good, slow].every(({ lines }) => lines.length === 2));
    slow.socket.pause();
    let price = 0;
    const busy = async (): Promise<void> => {
      const operations = Array.from({ length: BATCH }, (_, i) => {
        price = (price + 7) % 97;
        return { op: 'place', client_id: 'ann', side: i % 3 === 0 ? 'sell' : 'buy', type: 'limit', price: (100 + price / 10).toFixed(2), quantity: '1' };
      });
      expect((await http.post('/orders/batch', { operations })).status).toBe(200);
    };
    await until('it is behind', async () => {
      await busy();
      return await metricOf(service.url, 'stream_clients_behind_total') > 0;
    });
    await busy();
    slow.socket.resume();
    for (const client of [good, slow]) await client.caughtUp(await shard.meta('seq'));
    expect([chainProblems(good.lines), chainProblems(slow.lines)]).toEqual([[], []]);
    expect(slow.of('deal')).toEqual(good.of('deal'));
    expect(slow.of('step').length).toBeLessThan(good.of('step').length);
    const last = (lines: readonly string[]): string | undefined => /sum \d+/.exec(lines.at(-1) ?? '')?.[0];
    expect(last(slow.of('step'))).toBe(last(good.of('step')));
    await good.close();
    await slow.close();
    await service.stop();
  });

  it('says goodbye in its own words', async () => {
    const service = await start();
    const client = await TapeClient.open(service.url, FOLLOWED);
    await service.stop();
    await until('the service closes the connection', () => client.closed !== null);
    expect([client.lines.at(-1), client.closed]).toEqual(['closing', { code: 1000, reason: 'bye shutdown' }]);
  });
});
