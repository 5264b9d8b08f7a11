import { decodeLogEntry } from '../../src/domain/log-entry';
import { LogGapError, LogReader } from '../../src/log/log-reader';
import { cancelCommand, orderOf, placeCommand } from './support/desk';
import { describeOnEachRedis } from './support/redis-targets';
import { EPOCH, quiet } from './support/test-shard';
import { useShard } from './support/use-shard';

/** Redis keeps the log entries of one call together; every reader goes by single entries. */
describeOnEachRedis('the log of calls of several commands', (target) => {
  const venue = useShard(target);
  let reader: LogReader;

  beforeEach(async () => {
    reader = new LogReader(target.url, venue.shard.name, 'test', quiet);
    await reader.connect();
  });

  afterEach(() => reader.close());

  /** Entries 1 to 4 in one call, 5 alone, 6 to 8 in one call. */
  async function fill(): Promise<void> {
    const { desk, shard } = venue;
    const four = [100, 101, 102, 103].map((price) => placeCommand('sell', price, 1));
    await shard.engine.submitAll(four);
    await desk.rest('buy', 99, 1);
    // A refusal without a key makes no entry.
    const missing = cancelCommand({ clientId: 'nobody', clientOrderId: 'none' });
    await shard.engine.submitAll([placeCommand('buy', 100, 1), missing, placeCommand('buy', 101, 1), placeCommand('buy', 98, 1)]);
  }

  const sequences = async (after: number, count: number): Promise<number[]> =>
    (await reader.read(EPOCH, after, count, 1)).map(({ sequence }) => sequence);

  test('is one element of the stream for each call, under the sequence of its last entry', async () => {
    await fill();
    const elements = (await venue.shard.send('XRANGE', venue.shard.engine.keys.log, '-', '+')) as [id: string, fields: string[]][];
    expect(elements.map(([id, fields]) => [id, fields.length / 2])).toEqual([['4-0', 4], ['5-0', 1], ['8-0', 3]]);
    expect(await venue.shard.engine.logLength()).toBe(8);
  });

  test('is read from within a call, and no further than asked for', async () => {
    await fill();
    // Fewer than asked for do not mean that the log ends there: what is fetched is counted in calls.
    const read: number[] = [];
    for (let page = await sequences(0, 3); page.length > 0; page = await sequences(read.length, 3)) {
      expect(page.length).toBeLessThanOrEqual(3);
      read.push(...page);
    }
    expect(read).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect((await sequences(2, 500)).slice(0, 3)).toEqual([3, 4, 5]);
    expect(await sequences(2, 1)).toEqual([3]);
    expect(await sequences(8, 100)).toEqual([]);
    for (let after = 0; after < 8; after++) {
      const page = (await venue.shard.engine.logPage(after, 2)).map(({ sequence }) => sequence);
      expect([[after + 1], [after + 1, after + 2]]).toContainEqual(page);
    }
  });

  test('tells each entry to who asks for one of them', async () => {
    await fill();
    const [first, , third] = await reader.read(EPOCH, 0, 3, 1);
    expect(await venue.shard.engine.entryTimeUs(3)).not.toBeNull();
    expect(await venue.shard.engine.entryTimeUs(9)).toBeNull();
    // Made in the first call, traded in the last: its history is in two elements.
    const orderId = orderOf(decodeLogEntry(first?.payload ?? '')).orderId;
    const read = await venue.shard.engine.readOrder(orderId);
    expect(read?.order.status).toBe('filled');
    expect(read?.entries.map(({ sequence }) => sequence)).toEqual([6]);
    expect(third?.sequence).toBe(3);
  });

  test('that begins behind the reader is a gap', async () => {
    await fill();
    await venue.shard.send('XDEL', venue.shard.engine.keys.log, '4-0');
    await expect(sequences(0, 10)).rejects.toThrow(LogGapError);
    await expect(sequences(3, 10)).rejects.toThrow(LogGapError);
    expect((await sequences(4, 10))[0]).toBe(5);
    expect(await venue.shard.engine.entryTimeUs(4)).toBeNull();
    await venue.shard.send('DEL', venue.shard.engine.keys.log);
  });
});
