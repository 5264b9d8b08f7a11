import { setTimeout as sleep } from 'node:timers/promises';
import { LocalBook, OpenfillClient, StreamError, bookChecksum, type Stream, type StreamMessage, type StreamOptions, type Trade } from '#openfill-client';
import { findFreePort } from '../../src/servers/ports';
import { Load, testSeed } from '../persistence/support/load';
import { ServiceProcess } from '../persistence/support/service-process';
import { ShardView } from '../persistence/support/shard-view';
import { until } from '../support/until';
import { Venue, type RunningApp } from '../support/venue';
import { Doctor } from './support/doctor';

const KILLS = 2;
const CUTS = 10;
const BTC = 'BTC-USD';

/** What a reader got, and where each book stood after its messages. */
class Reader {
  readonly messages: StreamMessage[] = [];
  readonly repairs: string[] = [];
  breaks = 0;
  private readonly states = new Map<string, { sequence: number; text: string }[]>();

  constructor(readonly stream: Stream) {
    stream.on('message', (message) => this.messages.push(message));
    stream.on('repair', (instrument, reason) => this.repairs.push(`${instrument} ${reason}`));
    stream.on('disconnected', () => { this.breaks++; });
    stream.on('book', (book) => {
      const states = this.states.get(book.instrument) ?? [];
      this.states.set(book.instrument, states);
      states.push({ sequence: book.sequence, text: Reader.textOf(book.bids(), book.asks(), book.checksum) });
    });
  }

  static textOf(bids: unknown, asks: unknown, checksum: number): string {
    return JSON.stringify([bids, asks, checksum]);
  }

  /** The book as the last message up to a sequence left it. */
  bookAt(instrument: string, sequence: number): string | undefined {
    return this.states.get(instrument)?.findLast((state) => state.sequence <= sequence)?.text;
  }

  trades(instrument = BTC): Trade[] {
    return this.messages.flatMap((message) => (message.type === 'trade' && message.instrument === instrument ? [message.data] : []));
  }

  ofType(type: string): StreamMessage[] {
    return this.messages.filter((message) => message.type === type);
  }
}

describe('the client\'s stream', () => {
  let venue: Venue;
  let shard: ShardView;
  let app: RunningApp;
  let client: OpenfillClient;
  let doctor: Doctor;
  const open: Stream[] = [];

  beforeAll(async () => {
    venue = await Venue.open();
    shard = new ShardView(venue);
    app = await venue.start();
    client = new OpenfillClient(app.url);
    doctor = await Doctor.open(app.url);
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((stream) => stream.close()));
    doctor.change = (message) => message;
  });
  afterAll(async () => {
    await doctor.close();
    await ServiceProcess.killAll();
    await venue.close();
  });

  const follow = (url: string, options: StreamOptions = {}): Reader => {
    const stream = new OpenfillClient(url).stream({ backoffMs: 20, backoffMaxMs: 100, ...options });
    open.push(stream);
    return new Reader(stream);
  };
  const place = async (price: string, side: 'buy' | 'sell' = 'buy'): Promise<number> =>
    (await client.place({ client_id: 'zoe', side, type: 'limit', price, quantity: '1' })).sequence;
  const expectWhole = async (reader: Reader, instrument = BTC, depth = 5_000): Promise<void> => {
    const { sequence, bids, asks, checksum } = await client.orderbook({ instrument, levels: depth });
    await reader.stream.reached(sequence);
    const book = reader.stream.book(instrument) as LocalBook;
    // That of a book of less than ten levels is of what it holds.
    expect([book.bids(), book.asks(), depth < 10 || book.checksum]).toEqual([bids, asks, depth < 10 || checksum]);
  };

  it('computes Kraken\'s published example', () => {
    const asks = [
      ['45285.2', '0.00100000'], ['45286.4', '1.54571953'], ['45286.6', '1.54571109'], ['45289.6', '1.54560911'], ['45290.2', '0.15890660'],
      ['45291.8', '1.54553491'], ['45294.7', '0.04454749'], ['45296.1', '0.35380000'], ['45297.5', '0.09945542'], ['45299.5', '0.18772827'],
    ] as const;
    const bids = [
      ['45283.5', '0.10000000'], ['45283.4', '1.54582015'], ['45282.1', '0.10000000'], ['45281.0', '0.10000000'], ['45280.3', '1.54592586'],
      ['45279.0', '0.07990000'], ['45277.6', '0.03310103'], ['45277.5', '0.30000000'], ['45277.3', '1.54602737'], ['45276.6', '0.15445238'],
    ] as const;
    expect(bookChecksum(bids, asks)).toBe(3310070434);
  });

  it('has a lost book change and a spoilt one seen and the book made anew', async () => {
    const reader = follow(doctor.url, { instruments: [BTC] });
    await until('it is subscribed', () => reader.stream.book(BTC) !== undefined);
    await reader.stream.reached(await place('50.00'));
    for (const fault of ['gap', 'checksum'] as const) {
      let isDone = false;
      doctor.change = (message) => {
        if (isDone || message.type !== 'orderbook_delta') return message;
        isDone = true;
        return fault === 'gap' ? null : { ...message, data: { ...message.data, bids: [['50.00', '123.00000000']] } };
      };
      await place('51.00');
      await reader.stream.reached(await place('52.00'));
      await until('the book is back', () => reader.stream.book(BTC) !== undefined);
      await expectWhole(reader);
      expect(reader.repairs.splice(0)).toEqual([`${BTC} ${fault}`]);
    }
    // Readers get a chain without what did not fit.
    const own = new LocalBook(BTC);
    for (const message of reader.messages) {
      if (message.type === 'orderbook_snapshot') expect(own.load(message)).toBeNull();
      if (message.type === 'orderbook_delta') expect(own.apply(message)).toBeNull();
    }
    expect(reader.ofType('orderbook_snapshot')).toHaveLength(3);
    expect(reader.ofType('order')).toHaveLength(5);
  });

  it('takes another life of the shard for what it is, and silence for a dead connection', async () => {
    const reader = follow(doctor.url, { instruments: [BTC], heartbeatTimeoutMs: 400 });
    await reader.stream.reached();
    doctor.change = (message) => (message.type === 'pong' ? { ...message, data: { epoch: 'otherone' } } : message);
    await reader.stream.reached();
    doctor.change = (message) => message;
    await reader.stream.reached();
    expect(reader.ofType('resync').map(({ data }) => (data as { reason: string }).reason)).toEqual(['other_life', 'other_life']);
    await until('the book is back', () => reader.stream.book(BTC) !== undefined);
    doctor.change = () => null;
    await place('53.00');
    await until('it gives the connection up', () => reader.breaks === 1);
    doctor.change = (message) => message;
    await expectWhole(reader);
  });

  it('fails where what it asks for is wrong, and ends when it is told to', async () => {
    const wrong = new OpenfillClient(app.url).stream({ instruments: ['NO-SUCH'] });
    await expect((async () => { for await (const _ of wrong) expect(_).toBeUndefined(); })()).rejects.toThrow(StreamError);
    const controller = new AbortController();
    const stream = client.stream({ signal: controller.signal });
    const messages = stream[Symbol.asyncIterator]();
    expect(await messages.next()).toMatchObject({ value: { type: 'orderbook_snapshot' } });
    controller.abort(new Error('enough'));
    await expect((async () => { for (;;) if ((await messages.next()).done === true) return; })()).rejects.toThrow('enough');
    for await (const message of client.stream()) {
      expect(message.type).toBe('orderbook_snapshot');
      break;
    }
  });

  it('tells a slow reader everything, once, without keeping much', async () => {
    const stream = client.stream({ channels: ['orders'], instruments: [BTC], queueMax: 5 });
    open.push(stream);
    const reading = stream[Symbol.asyncIterator]();
    await stream.reached();
    const placed: string[] = [];
    for (let i = 0; i < 20; i++) {
      const results = await client.batch(Array.from({ length: 10 }, () => ({ op: 'place', client_id: 'zoe', side: 'buy', type: 'limit', price: '1.00', quantity: '1' }) as const));
      placed.push(...results.map(({ body }) => (body as { order_id: string }).order_id));
    }
    const told: string[] = [];
    while (told.length < placed.length) {
      const { value } = await reading.next();
      if (value?.type === 'order') told.push(value.data.order_id);
    }
    expect(told).toEqual(placed);
    await client.cancelAll('zoe');
  });

  it('stands, for who reads it in a loop, where the loop is: its book is of the message that the loop has, its position loses nothing that waits', async () => {
    const instrument = 'ETH-USD';
    const trade = async (count: number): Promise<number> => {
      const order = { op: 'place', client_id: 'zoe', instrument, type: 'limit', price: '100.00', quantity: '1' } as const;
      await client.batch(Array.from({ length: count }, () => [{ ...order, side: 'sell' }, { ...order, side: 'buy' }] as const).flat());
      return (await client.orderbook({ instrument })).sequence;
    };
    const stream = new OpenfillClient(doctor.url).stream({ channels: ['trades', 'orderbook'], instruments: [instrument], backoffMs: 20 });
    open.push(stream);
    const reading = stream[Symbol.asyncIterator]();
    await stream.reached();
    await stream.reached(await trade(5));
    // All of it waits for the loop: a book that was had anew, and a break.
    let isLost = false;
    doctor.change = (message) => {
      if (isLost || message.type !== 'orderbook_delta') return message;
      isLost = true;
      return null;
    };
    await stream.reached(await trade(10));
    doctor.cut();
    const end = await trade(10);
    await stream.reached(end);

    const own = new LocalBook(instrument);
    const kept: { position: string; trade: number }[] = [];
    let told = 0;
    let without = 0;
    while (told < 25) {
      const { value: message } = await reading.next();
      if (message === undefined) throw new Error('the stream has ended');
      if (message.type === 'trade') expect(message.data.trade_id).toBe(++told);
      if (message.type === 'orderbook_snapshot') expect(own.load(message)).toBeNull();
      if (message.type === 'orderbook_delta') expect(own.apply(message, true)).toBeNull();
      const book = stream.book(instrument);
      if (book === undefined) without++;
      else expect([book.sequence, book.bids(), book.asks(), book.checksum]).toEqual([own.sequence, own.bids(), own.asks(), own.checksum]);
      if (message.type === 'trade') expect(stream.sequence).toBe(message.sequence - 1);
      kept.push({ position: stream.position as string, trade: told });
    }
    expect(without).toBeGreaterThan(0);
    for (const { position, trade: before } of kept.filter((_, i) => i % 7 === 0)) {
      const later = follow(app.url, { channels: ['trades', 'orderbook'], instruments: [instrument], since: position });
      await later.stream.reached(end);
      const ids = later.trades(instrument).map(({ trade_id: id }) => id);
      const first = ids[0] ?? 26;
      expect(first).toBeLessThanOrEqual(before + 1);
      expect(ids).toEqual(Array.from({ length: 26 - first }, (_, i) => first + i));
    }
    // A loop that waits has all that there is.
    const rest = (async () => { while ((await reading.next()).done === false); })();
    await until('it stands at the end', () => stream.sequence >= end && stream.book(instrument) !== undefined);
    await stream.close();
    await rest;
  });

  it('goes on for another loop than the one that stopped reading', async () => {
    const stream = client.stream({ channels: ['orders'], instruments: [BTC], queueMax: 2 });
    open.push(stream);
    const first = stream[Symbol.asyncIterator]();
    await stream.reached();
    let told = 0;
    stream.on('order', () => { told++; });
    for (const price of ['1.00', '1.01']) await place(price);
    await until('as many wait as may', () => told === 2);
    const second = stream[Symbol.asyncIterator]();
    expect([(await first.next()).done, (await first.next()).done, (await first.next()).done]).toEqual([false, false, true]);
    const last = await place('1.02');
    for (;;) {
      const { value } = await second.next();
      if (value?.sequence === last) break;
    }
    await client.cancelAll('zoe');
  });

  it(`has each trade once and every book as the service has it, over ${KILLS} kills and ${CUTS} cuts under load`, async () => {
    const seed = testSeed('client stream');
    const port = await findFreePort('127.0.0.1');
    const start = async (): Promise<ServiceProcess> => {
      const started = new ServiceProcess(venue.environment({ PORT: String(port), LOG_LEVEL: 'info', ROLES: 'api' }));
      await started.serving();
      return started;
    };
    let other = await start();
    const before = await shard.meta('seq');
    const [earlier] = (await client.trades({ instrument: 'ETH-USD', limit: 1 })).trades;
    const cut = await Doctor.open(`http://127.0.0.1:${port}`);
    const readers = [
      follow(cut.url), follow(cut.url, { channels: ['trades', 'orderbook'], instruments: [BTC], depth: 3 }), follow(`http://127.0.0.1:${port}`, { since: before }),
    ] as [Reader, Reader, Reader];
    await Promise.all(readers.map(({ stream }) => stream.reached(before)));
    const load = new Load(() => app.url, { seed, workers: 3 });
    load.start();
    let compared = 0;
    const compare = async (reader: Reader): Promise<void> => {
      const { breaks } = reader;
      if (!reader.stream.isLive) return;
      const { sequence, bids, asks, checksum } = await client.orderbook({ levels: 5_000 });
      await reader.stream.reached(sequence);
      if (reader.breaks !== breaks) return;
      expect(reader.bookAt(BTC, sequence)).toBe(Reader.textOf(bids, asks, checksum));
      compared++;
    };
    for (let i = 0; i < CUTS; i++) {
      await sleep(30);
      cut.cut();
      if (i % (CUTS / KILLS) === 1) {
        await other.kill();
        other = await start();
      }
      await Promise.all([compare(readers[2]), readers[0].stream.reached()]);
    }
    await load.stop();
    load.close();
    const end = await shard.meta('seq');
    await Promise.all(readers.map(({ stream }) => stream.reached(end)));
    const all = new Map<string, Trade[]>();
    for (const instrument of [BTC, 'ETH-USD']) {
      const trades: Trade[] = [];
      for await (const trade of client.everyTrade({ instrument })) trades.unshift(trade);
      all.set(instrument, trades);
    }
    expect(load.unexpected).toEqual([]);
    for (const reader of readers) {
      expect(reader.ofType('resync')).toEqual([]);
      const first = all.get(BTC)?.findIndex(({ trade_id: id }) => id === reader.trades()[0]?.trade_id) ?? 0;
      expect(reader.trades()).toEqual(all.get(BTC)?.slice(first));
      expect(reader.trades().length).toBeGreaterThan(CUTS);
    }
    expect(readers[0].trades('ETH-USD')).toEqual(all.get('ETH-USD')?.filter(({ trade_id: id }) => id > (earlier?.trade_id ?? 0)));
    // What a record of the orders themselves would show: each state once, none left out.
    const states = readers[0].messages.flatMap((message) => (message.type === 'order' ? [`${message.data.order_id} ${message.data.sequence}`] : []));
    expect(new Set(states).size).toBe(states.length);
    for (const reader of [readers[0], readers[2]]) for (const instrument of [BTC, 'ETH-USD']) await expectWhole(reader, instrument);
    await expectWhole(readers[1], BTC, 3);
    expect([readers[0].repairs, readers[1].repairs]).toEqual([[], []]);
    // It began behind a sequence, without books of its own.
    expect(readers[2].repairs.filter((repair) => !repair.endsWith(' missing'))).toEqual([]);
    expect(readers[2].repairs).toContain(`${BTC} missing`);
    expect(compared).toBeGreaterThan(0);
    expect(readers[0].breaks).toBeGreaterThanOrEqual(CUTS);
    await Promise.all(open.splice(0).map((stream) => stream.close()));
    await cut.close();
    await other.kill();
  });
});
