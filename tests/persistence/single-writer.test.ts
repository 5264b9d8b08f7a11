import { setTimeout as sleep } from 'node:timers/promises';
import { Venue } from '../support/venue';
import { Client } from '../support/client';
import { Load, testSeed } from './support/load';
import { faultsOf, inconsistencies, readRecord } from './support/record';
import { ServiceProcess } from './support/service-process';
import { ShardView } from './support/shard-view';
import { until } from '../support/until';
import { WriterRig } from './support/writer-rig';

/** A promise that a test resolves. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => { open = resolve; });
  return { opened, open };
}

describe('one writer for a shard', () => {
  let venue: Venue;
  let shard: ShardView;

  beforeEach(async () => {
    venue = await Venue.open();
    shard = new ShardView(venue);
  });
  afterEach(async () => {
    await ServiceProcess.killAll();
    await venue.close();
  });

  const order = (n: number): Record<string, unknown> => ({ client_id: `c${n}`, side: n % 2 === 0 ? 'buy' : 'sell', type: 'limit', price: '100.00', quantity: '0.5' });

  it('is one of two processes; the other stands by and takes over when the first is killed', async () => {
    const seed = testSeed('take over');
    const environment = venue.environment({ ROLES: 'writer', LOG_LEVEL: 'info', WRITER_BATCH_ENTRIES_MAX: '20' });
    const first = new ServiceProcess(environment);
    await first.logged('writer at work');
    const second = new ServiceProcess(environment);
    await second.serving();
    const api = await venue.start({ ROLES: 'api' });
    const load = new Load(() => api.url, { seed, workers: 4 });
    load.start();
    for (let i = 0; i < 30; i++) {
      expect(await shard.writerSessions()).toHaveLength(1);
      await sleep(50);
    }
    expect(second.lines.filter((line) => line.msg === 'writer at work')).toEqual([]);
    const persistedBefore = await shard.meta('persisted');
    expect(persistedBefore).toBeGreaterThan(0);
    await first.kill();
    await second.logged('writer at work');
    await load.stop();
    load.close();
    await shard.persisted();
    const record = await readRecord(venue.database);
    expect(faultsOf(record, load)).toEqual([]);
    second.signal('SIGTERM');
    expect(await second.exited()).toBe(0);
  });

  it('finds its checkpoint moved when it only believes to be at work, and writes nothing', async () => {
    const api = await venue.start({ ROLES: 'api' });
    const client = new Client(() => api.url);
    const held = gate();
    let reads = 0;
    const stale = await WriterRig.start(venue, {
      beforeWrite: async () => {
        reads++;
        await held.opened;
      },
    });
    await until('the first writer is at work', () => stale.isActive);
    for (let i = 0; i < 6; i++) expect((await client.post('/orders', order(i))).status).toBe(201);
    await until('the first writer has read', () => reads === 1);
    await stale.loseLock();

    const other = await WriterRig.start(venue);
    await shard.persisted();
    expect(other.isActive).toBe(true);
    const written = await readRecord(venue.database);
    expect(written.checkpoint).toBe(6);

    expect(stale.isActive).toBe(true);
    held.open();
    await until('the first writer stands by', () => !stale.isActive);
    expect((await client.post('/orders', order(6))).status).toBe(201);
    await shard.persisted();
    expect(stale.turns).toEqual([true, false]);
    const record = await readRecord(venue.database);
    expect(record.checkpoint).toBe(7);
    expect(inconsistencies(record)).toEqual([]);
    expect(record.payloads.slice(0, 6)).toEqual(written.payloads);
    await stale.stop();
    await other.stop();
    client.close();
  });

  it('finishes the trim of a writer that ended between commit and trim', async () => {
    const api = await venue.start({ ROLES: 'api' });
    const client = new Client(() => api.url);
    const settings = { LOG_TAIL_ENTRIES: '1', RECENT_TRADES_KEPT: '1', WRITER_BATCH_ENTRIES_MAX: '7' };
    const operations = Array.from({ length: 60 }, (_, i) => ({ op: 'place', ...order(i) }));
    expect((await client.post('/orders/batch', { operations })).status).toBe(200);

    const reached = gate();
    const doomed = await WriterRig.start(venue, {
      beforeTrim: async (sequence) => {
        if (sequence < 40) return;
        await doomed.cutOff();
        reached.open();
      },
    }, settings);
    await reached.opened;
    await doomed.stop();
    const left = await readRecord(venue.database);
    expect(left.checkpoint).toBeGreaterThanOrEqual(40);
    expect(left.checkpoint).toBeLessThan(60);
    expect(await shard.meta('persisted')).toBeLessThan(left.checkpoint);

    const next = await WriterRig.start(venue, {}, settings);
    await shard.persisted();
    const record = await readRecord(venue.database);
    expect(record.checkpoint).toBe(60);
    expect(inconsistencies(record)).toEqual([]);
    // All sixty are filled: Redis has let go of every one, of those between commit and trim, too.
    expect(record.trades).toHaveLength(30);
    expect(await venue.redis.command('HLEN', shard.key('orders'))).toBe(0);
    expect(await venue.redis.command('LLEN', shard.key('trades:BTC-USD'))).toBe(1);
    await next.stop();
    client.close();
  });
});
