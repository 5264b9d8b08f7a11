import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../src/seeded-random';
import { Answers, type OrderTold } from '../persistence/support/answers';
import { Client, type Answer } from '../support/client';
import { Load, testSeed } from '../persistence/support/load';
import { differences, faultsOf, inconsistencies, readRecord } from '../persistence/support/record';
import { ServiceProcess } from '../persistence/support/service-process';
import { ShardView } from '../persistence/support/shard-view';
import { until } from '../support/until';
import { StreamClient } from '../stream/support/stream-client';
import { Venue } from '../support/venue';

const WORKERS = 8;
const IN_FLIGHT = 20;
const KILLS = 3;

describe('the end of a service', () => {
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

  const start = (more: Record<string, string> = {}): ServiceProcess => new ServiceProcess(venue.environment({ LOG_LEVEL: 'info', ...more }));

  it('by SIGTERM under load loses nothing that was answered, tells the streams, and exits with 0', async () => {
    const seed = testSeed('sigterm');
    const service = start();
    const url = await service.serving();
    const stream = await StreamClient.open(url);
    const answers = new Answers();
    const problems: string[] = [];
    let isStopping = false;
    const http = new Client(() => url);
    const workers = Array.from({ length: WORKERS }, async (_, worker) => {
      const random = seededRandom(seed + worker);
      for (let n = 0; ; n++) {
        let answer: Answer;
        try {
          answer = await http.post('/orders', {
            client_id: `c${worker}`, side: random.pick(['buy', 'sell']), type: 'limit', price: `${100 + random.below(5)}.00`, quantity: `${1 + random.below(5)}`,
          });
        } catch (error) {
          if (!isStopping) problems.push(`order ${n}: ${String(error)}`);
          return;
        }
        if (answer.status === 201) answers.order(answer.body as OrderTold);
        else if (answer.status !== 503 || !isStopping) problems.push(`order ${n}: ${answer.status} ${JSON.stringify(answer.body)}`);
      }
    });
    await until('the load is under way', () => answers.orders.size > 200);
    isStopping = true;
    service.signal('SIGTERM');
    await Promise.all(workers);
    expect(await service.exited()).toBe(0);
    http.close();

    expect(problems).toEqual([]);
    const record = await readRecord(venue.database);
    expect(inconsistencies(record)).toEqual([]);
    expect(differences(record, answers, false)).toEqual([]);
    // Flushed to the last entry: the next start has nothing to catch up with.
    expect(record.checkpoint).toBe(await shard.meta('seq'));
    expect(await shard.meta('persisted')).toBe(record.checkpoint);

    expect(await stream.untilClosed()).toEqual({ code: 1001, reason: 'shutdown' });
    expect(stream.told.at(-1)?.type).toBe('shutdown');
    const told = new Set(stream.ofType('order').map(({ data }) => data.order_id));
    expect([...answers.orders.keys()].filter((id) => !told.has(id))).toEqual([]);
    expect(service.lines.at(-1)).toMatchObject({ level: 'info', msg: 'stopped' });
    expect(service.stderr).toBe('');
  });

  it('by SIGTERM waits for requests in flight, and takes no others', async () => {
    const service = start();
    const url = await service.serving();
    const http = new Client(() => url);
    // Held up on their way to Postgres: their answers wait for it.
    const unlock = await venue.database.lock('orders');
    const pending = Array.from({ length: IN_FLIGHT }, (_, n) => http.post('/orders', {
      client_id: 'ann', side: 'buy', type: 'limit', price: `${10 + n}.00`, quantity: '1', ack: 'postgres',
    }));
    await until('all of them are in the log', async () => await shard.meta('seq') === IN_FLIGHT);
    service.signal('SIGTERM');
    await service.logged('stopping');
    await until('others are refused', async () => {
      const answer = await http.get('/public/instruments').catch(() => null);
      return answer === null || answer.status === 503;
    });
    expect(service.hasExited).toBe(false);
    await unlock();
    const answers = await Promise.all(pending);
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: IN_FLIGHT }, () => 201));
    expect(answers.map(({ headers }) => headers.get('connection'))).toEqual(Array.from({ length: IN_FLIGHT }, () => 'close'));
    expect(await service.exited()).toBe(0);
    expect((await readRecord(venue.database)).orders.size).toBe(IN_FLIGHT);
    http.close();
  });

  it('by SIGTERM brings to Postgres what still waits in the log', async () => {
    const service = start({ WRITER_BATCH_ENTRIES_MAX: '1' });
    const url = await service.serving();
    const http = new Client(() => url);
    const unlock = await venue.database.lock('orders');
    for (let n = 0; n < IN_FLIGHT; n++) {
      expect((await http.post('/orders', { client_id: 'ann', side: 'buy', type: 'limit', price: `${10 + n}.00`, quantity: '1' })).status).toBe(201);
    }
    http.close();
    service.signal('SIGTERM');
    await service.logged('stopping');
    // Nothing is in flight: by now its writer has been told to stop, in the middle of the first of many batches.
    await sleep(500);
    expect(await venue.database.query('SELECT sequence FROM journal')).toEqual([]);
    await unlock();
    expect(await service.exited()).toBe(0);
    const record = await readRecord(venue.database);
    expect(record.checkpoint).toBe(IN_FLIGHT);
    expect(inconsistencies(record)).toEqual([]);
    expect(await shard.meta('persisted')).toBe(IN_FLIGHT);
  });

  it('by SIGKILL under load, again and again, loses and doubles nothing', async () => {
    const seed = testSeed('sigkill');
    const random = seededRandom(seed);
    let service = start({ WRITER_BATCH_ENTRIES_MAX: '50' });
    let url = await service.serving();
    const load = new Load(() => url, { seed, workers: 4, persistent: true });
    load.start();
    for (let i = 0; i < KILLS; i++) {
      const before = load.answered;
      await until('orders are answered', () => load.answered > before + 20);
      await sleep(random.below(300));
      await service.kill();
      service = start({ WRITER_BATCH_ENTRIES_MAX: '50' });
      url = await service.serving();
    }
    await load.stop();
    load.close();
    await shard.persisted();
    const record = await readRecord(venue.database);
    expect(faultsOf(record, load)).toEqual([]);
    expect(record.trades.length).toBeGreaterThan(50);
    const http = new Client(() => url);
    for (const [id, order] of [...record.orders].filter(() => random.below(20) === 0)) {
      expect((await http.get(`/public/orders/${id}`)).body).toMatchObject({ order_id: id, status: order.status, sequence: Number(order.sequence) });
    }
    http.close();
    service.signal('SIGINT');
    expect(await service.exited()).toBe(0);
  });

  it('comes at once while it still waits for its servers to be there', async () => {
    for (const missing of [{ REDIS_URL: 'redis://127.0.0.1:1' }, { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing' }]) {
      const service = start({ LOG_LEVEL: 'debug', ...missing });
      await until('it has tried', () => service.stdout.includes('ECONNREFUSED'));
      service.signal('SIGTERM');
      expect(await service.exited()).toBe(0);
      expect(service.lines.at(-1)).toMatchObject({ msg: 'stopped' });
    }
  });
});
