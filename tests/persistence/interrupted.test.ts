import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../src/seeded-random';
import { PrivateServer } from '../support/servers';
import { Venue } from '../support/venue';
import { Load, testSeed } from './support/load';
import { faultsOf, readRecord } from './support/record';
import { ServiceProcess } from './support/service-process';
import { ShardView } from './support/shard-view';

const INTERRUPTIONS = 25;
const WRITER_KILLS = 4;

/** Exactly once, whatever is broken while orders come in. The Redis is the test's own: its connections are killed by name. */
describe('a writer that is interrupted', () => {
  let redis: PrivateServer;
  let venue: Venue;
  let shard: ShardView;

  beforeAll(async () => { redis = await PrivateServer.redis(); });
  afterAll(async () => { await redis.remove(); });
  beforeEach(async () => {
    venue = await Venue.open({ redisUrl: redis.url });
    shard = new ShardView(venue);
  });
  afterEach(async () => {
    await ServiceProcess.killAll();
    await venue.close();
  });

  const expectExact = async (load: Load): Promise<void> => {
    await shard.persisted();
    const record = await readRecord(venue.database);
    expect(faultsOf(record, load)).toEqual([]);
    expect(record.deadLetters).toEqual([]);
    expect(record.trades.length).toBeGreaterThan(50);
  };

  it('writes everything once when connections break in the middle of load', async () => {
    const seed = testSeed('broken connections');
    const random = seededRandom(seed);
    const running = await venue.start({ WRITER_BATCH_ENTRIES_MAX: '20', LOG_TAIL_ENTRIES: '10' });
    const load = new Load(() => running.url, { seed, workers: 4, persistent: true });
    load.start();
    let writersHit = 0;
    for (let i = 0; i < INTERRUPTIONS; i++) {
      await sleep(random.below(200));
      switch (random.below(6)) {
        case 0: await shard.killRedisConnection('openfill-log-writer'); break;
        case 1: await shard.killRedisConnection('openfill-engine'); break;
        case 2: await shard.killAllSessions(); break;
        default: if (await shard.killWriterSession()) writersHit++;
      }
    }
    await load.stop();
    load.close();
    expect(writersHit).toBeGreaterThan(0);
    await expectExact(load);
  });

  it('writes everything once when its process is killed and started again', async () => {
    const seed = testSeed('killed writers');
    const random = seededRandom(seed);
    const environment = venue.environment({ ROLES: 'writer', LOG_LEVEL: 'info', WRITER_BATCH_ENTRIES_MAX: '25', LOG_TAIL_ENTRIES: '10' });
    let writer = new ServiceProcess(environment);
    const api = await venue.start({ ROLES: 'api' });
    const load = new Load(() => api.url, { seed, workers: 4, persistent: true });
    load.start();
    for (let i = 0; i < WRITER_KILLS; i++) {
      await writer.logged('writer at work');
      await sleep(random.below(400));
      await writer.kill();
      writer = new ServiceProcess(environment);
    }
    await writer.logged('writer at work');
    await load.stop();
    load.close();
    await expectExact(load);
    writer.signal('SIGTERM');
    expect(await writer.exited()).toBe(0);
  });
});
