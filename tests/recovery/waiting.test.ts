import fc from 'fast-check';
import { parseInstruments } from '../../src/domain/instruments';
import type { LogEntry } from '../../src/domain/log-entry';
import type { Order } from '../../src/domain/order';
import { DIRECTIONS } from '../../src/domain/order-type';
import type { RedisConnection } from '../../src/engine/redis-connection';
import { ShardRestorer } from '../../src/engine/shard-restorer';
import { RecoverySource } from '../../src/persistence/recovery-source';
import { WaitingRebuild } from '../../src/recovery/rebuild-waiting';
import { ReferenceShard } from '../../src/reference/shard';
import type { WaitingState } from '../../src/reference/state';
import { plainRedis } from '../engine/support/redis-targets';
import { connectTo, dropShard } from '../engine/support/test-shard';
import { readShard } from '../engine/support/read-shard';
import { Scenario, spanOf } from '../model/support/scenario';
import { trailSequences } from '../model/support/trail-steps';
import { entryText } from '../persistence/support/entry-text';
import { WriterOnEntries } from '../persistence/support/writer-on-entries';
import { TestDatabase } from '../support/postgres';
import { testSeed } from '../support/seed';
import { sharedUrl } from '../support/servers';

jest.setTimeout(120_000);

/**
 * What waits for a price comes back as it was, wherever the record ends: in the middle of a cascade, too, and what trails with the best trade
 * that it had seen by then.
 */

const SEQUENCES = 6;
const STOPS = 12;
const EPOCH = 'epoch---';
const START_US = 1_760_000_000_000_000;
const INSTRUMENTS = parseInstruments(['BTC', 'ETH'].map((base) => ({ instrument: `${base}-USD`, base, quote: 'USD', tick_size: '1', lot_size: '1' })));

/** A log, and what waits behind each of its entries. */
interface Played {
  readonly entries: readonly LogEntry[];
  readonly waiting: readonly (readonly WaitingState[])[];
}

/** Carries a sequence out on the reference alone. */
function play(seed: number): Played {
  const [sequence] = fc.sample(trailSequences, { seed, numRuns: 1 });
  if (sequence === undefined) throw new Error('no sequence');
  const { profile, steps } = sequence;
  const shard = new ReferenceShard({
    fillsPerOrderMax: profile.fillsMax, openOrdersPerClientMax: profile.openOrdersMax, icebergPartsMax: profile.partsMax, backlogMax: profile.backlogMax,
    idempotencyTtlS: profile.ttlS, auctionPage: profile.auctionPage, funds: 'off',
  });
  const scenario = new Scenario(profile);
  const entries: LogEntry[] = [];
  const waiting: (readonly WaitingState[])[] = [];
  const note = (entry: LogEntry): void => {
    entries.push(entry);
    waiting.push(shard.state().waiting);
  };
  let timeUs = START_US;
  for (const step of steps) {
    if (step.op === 'persist') continue;
    if (step.op === 'time') {
      timeUs += spanOf(step);
      continue;
    }
    const moment = { timeUs: ++timeUs, second: Math.floor(timeUs / 1e6) };
    const result = shard.apply(scenario.command(step, entries.length, timeUs), moment);
    if (result.outcome === 'logged') note(result.entry);
    while (shard.reached !== null) note(shard.trigger(moment));
  }
  return { entries, waiting };
}

/** Brings what waits from the record to an empty Redis, as a rebuild does. @returns what is there then */
async function restored(redis: RedisConnection, writer: WriterOnEntries, shard: string): Promise<readonly WaitingState[]> {
  const source = await RecoverySource.open(writer.database, 'main', 10_000);
  try {
    const target = new ShardRestorer(redis, shard);
    await target.clear({ epoch: EPOCH, sequence: writer.persisted, timeUs: START_US, tradeIds: new Map(), funds: 'off' });
    const rebuild = new WaitingRebuild();
    const orders = new Set<string>();
    for await (const page of source.openOrders(7)) {
      await target.addOrders(page);
      rebuild.add(page);
      for (const { orderId, status } of page) if (status === 'pending') orders.add(orderId);
    }
    await rebuild.restore(source, target, () => true);
    const read: Order[] = [];
    for (const { instrument } of INSTRUMENTS) {
      for (const direction of DIRECTIONS) {
        for await (const page of target.pendingOrders(instrument, direction)) read.push(...page);
      }
    }
    expect(read.map(({ orderId }) => orderId).sort()).toEqual([...orders].sort());
    const { state, problems } = await readShard(redis, shard);
    expect(problems).toEqual([]);
    return state.waiting;
  } finally {
    await source.close();
  }
}

/** Where the record ends: some places, most of them with an order that has been reached and has not gone. */
function stopsOf({ waiting }: Played): number[] {
  const reached = waiting.flatMap((instruments, i) => (instruments.some(({ next }) => next !== null) ? [i + 1] : []));
  const some = (list: readonly number[], count: number): number[] => list.filter((_, i) => i % Math.max(1, Math.floor(list.length / count)) === 0);
  return [...new Set([...some(reached, STOPS), ...some(waiting.map((_, i) => i + 1), STOPS / 2), waiting.length])].sort((a, b) => a - b);
}

test('what waits comes back wherever the record ends', async () => {
  const seed = testSeed('waiting');
  const redis = await connectTo(plainRedis());
  const seen = { unfinished: 0, trailing: 0, groups: 0 };
  try {
    for (let i = 0; i < SEQUENCES; i++) {
      const played = play(seed + i);
      const database = await TestDatabase.create(sharedUrl('TEST_DATABASE_URL'));
      let begun = false;
      let from = 0;
      for (const end of stopsOf(played)) {
        const writer = new WriterOnEntries(database.url, { shard: 'main', epoch: EPOCH, instruments: INSTRUMENTS, scales: new Map(), persisted: from });
        if (begun) writer.writer.start();
        else await writer.start();
        begun = true;
        writer.append(played.entries.slice(from, end).map((entry) => ({
          sequence: entry.sequence, payload: entryText({ ...entry, command: entry.command as NonNullable<LogEntry['command']>, idempotency: '', epoch: EPOCH }),
        })));
        await writer.written();
        await writer.writer.stop(1_000);
        const shard = `waiting-${process.pid}-${i}-${end}`;
        const expected = played.waiting[end - 1] as readonly WaitingState[];
        expect({ seed: seed + i, end, waiting: await restored(redis, writer, shard) }).toEqual({ seed: seed + i, end, waiting: expected });
        await dropShard(redis, shard);
        await writer.database.close();
        expect(writer.deadLetters).toBe(0);
        from = end;
        for (const { next, trailing } of expected) {
          if (next !== null) seen.unfinished++;
          seen.trailing += trailing.length;
          seen.groups += new Set(trailing.map(({ bestTicks }) => bestTicks)).size;
        }
      }
      expect(await database.drop()).toEqual([]);
    }
  } finally {
    redis.close();
  }
  expect(seen.unfinished).toBeGreaterThan(10);
  expect(seen.groups).toBeGreaterThan(50);
});
