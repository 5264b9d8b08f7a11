import { DEFAULT_INSTRUMENTS, parseInstruments } from '../../src/domain/instruments';
import { ShardRestorer } from '../../src/engine/shard-restorer';
import { LogReader } from '../../src/log/log-reader';
import { Market, type MarketLog } from '../../src/market/market';
import { BTC, Desk } from '../engine/support/desk';
import { plainRedis } from '../engine/support/redis-targets';
import { EPOCH, TestShard, quiet } from '../engine/support/test-shard';

const WAIT_MS = 50;
const TAIL_ENTRIES = 100;
const NOW_US = 1_800_000_000_000_000;

/** The log, which tells nothing while it is shut: as long as that, the books do not notice what became of the shard. */
class ShutLog implements MarketLog {
  private opened: Promise<void> | null = null;
  private unblock: () => void = () => undefined;
  private arrived: () => void = () => undefined;

  constructor(private readonly log: LogReader) {}

  /** Resolves once somebody waits for it to open. */
  shut(): Promise<void> {
    this.opened = new Promise((resolve) => { this.unblock = resolve; });
    return new Promise((resolve) => { this.arrived = resolve; });
  }

  open(): void {
    this.opened = null;
    this.unblock();
  }

  async read(...range: Parameters<MarketLog['read']>): ReturnType<MarketLog['read']> {
    if (this.opened !== null) {
      this.arrived();
      await this.opened;
    }
    return this.log.read(...range);
  }
}

describe('books in memory, of a shard that is rebuilt', () => {
  let shard: TestShard;
  let reader: LogReader;
  let log: ShutLog;
  let market: Market;
  let resets: string[];

  beforeEach(async () => {
    shard = await TestShard.open(plainRedis());
    reader = new LogReader(plainRedis().url, shard.name, 'market', quiet);
    await reader.connect();
    log = new ShutLog(reader);
    resets = [];
    const listener = { entry: () => undefined, reset: (from: Market) => { resets.push(from.epoch); } };
    market = new Market(parseInstruments(DEFAULT_INSTRUMENTS), shard.engine, log, listener, quiet, TAIL_ENTRIES);
  });
  afterEach(async () => {
    log.open();
    await market.stop();
    reader.close();
    await shard.close();
  });

  it.each([
    ['at the same sequence', 0],
    ['at a lower one', 2],
  ])('do not pass for those of the next life, which begins %s', async (_, lost) => {
    const desk = new Desk(shard.engine);
    for (const price of [100, 101, 102]) await desk.buy(price, 10);
    const { sequence } = await shard.engine.position();
    market.start();
    expect(await market.waitFor(await shard.engine.position(), 10_000)).toBe(true);
    expect(market.book(BTC)?.bids.size).toBe(3);

    await log.shut();
    const restorer = new ShardRestorer(shard.redis, shard.name);
    await restorer.clear({ epoch: 'next-life', sequence: sequence - lost, timeUs: NOW_US, tradeIds: new Map(), funds: 'off' });
    await restorer.open('open');
    const rebuilt = await shard.engine.position();
    expect(rebuilt).toEqual({ epoch: 'next-life', sequence: sequence - lost });
    // What it has is of the life before, and no less than is asked for.
    expect([market.synced, market.sequence >= rebuilt.sequence]).toEqual([true, true]);
    expect(await market.waitFor(rebuilt, WAIT_MS)).toBe(false);

    log.open();
    expect(await market.waitFor(rebuilt, 10_000)).toBe(true);
    expect([market.epoch, market.book(BTC)?.bids.size]).toEqual(['next-life', 0]);
    expect(await market.waitFor({ epoch: EPOCH, sequence: 1 }, WAIT_MS)).toBe(false);
  });

  it('stand as they stood until those of the next life are whole', async () => {
    const desk = new Desk(shard.engine);
    for (const price of [100, 101, 102]) await desk.buy(price, 10);
    market.start();
    const { sequence } = await shard.engine.position();
    expect(await market.waitFor({ epoch: EPOCH, sequence }, 10_000)).toBe(true);
    await log.shut();
    const restorer = new ShardRestorer(shard.redis, shard.name);
    await restorer.clear({ epoch: 'next-life', sequence, timeUs: NOW_US, tradeIds: new Map(), funds: 'off' });
    await restorer.open('open');

    // Held up again where it reads the log of the next life.
    log.open();
    await log.shut();
    expect([market.synced, market.epoch, market.sequence, market.book(BTC)?.bids.size, resets]).toEqual([false, EPOCH, sequence, 3, [EPOCH]]);
    log.open();
    expect(await market.waitFor({ epoch: 'next-life', sequence }, 10_000)).toBe(true);
    expect([market.book(BTC)?.bids.size, resets]).toEqual([0, [EPOCH, 'next-life']]);
  });
});
