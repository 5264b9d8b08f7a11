import { setTimeout as sleep } from 'node:timers/promises';
import { ageKeys } from '../support/old-keys';
import { metricOf } from '../support/metrics';
import { Venue, type RunningApp } from '../support/venue';
import { Client } from '../support/client';
import { readRecord } from './support/record';
import { ShardView } from './support/shard-view';
import { until, within } from '../support/until';
import { WriterRig } from './support/writer-rig';

const LIFETIME_S = 3_600;

describe('log entries that Postgres refuses', () => {
  let venue: Venue;
  let shard: ShardView;
  let api: RunningApp;
  let client: Client;

  beforeEach(async () => {
    // One that changes money is never put aside.
    venue = await Venue.open({ environment: { FUNDS: 'off' } });
    shard = new ShardView(venue);
    api = await venue.start({ ROLES: 'api' });
    client = new Client(() => api.url);
  });
  afterEach(async () => {
    client.close();
    await venue.close();
  });

  const place = async (clientId: string, side: string, price: string, more: Record<string, unknown> = {}): Promise<string> => {
    const { status, body } = await client.post('/orders', { client_id: clientId, side, type: 'limit', price, quantity: '1', ...more });
    expect(status).toBe(201);
    return (body as { order_id: string }).order_id;
  };

  it('are kept whole with their reason, and the rest goes on in order', async () => {
    await venue.database.query(`ALTER TABLE orders ADD CONSTRAINT refuses_poison CHECK (client_id <> 'poison')`);
    const poisoned: number[] = [];
    let maker = '';
    for (let i = 1; i <= 40; i++) {
      const isPoison = i === 1 || i === 17 || i === 18 || i === 40;
      const id = await place(isPoison ? 'poison' : 'ann', 'buy', `${100 + i}.00`, { idempotency_key: `key ${i}` });
      if (isPoison) poisoned.push(i);
      if (i === 40) maker = id;
    }
    // Trades with the best bid, which is poison: its fill changes the refused order, so this entry is refused as well.
    const taker = await place('bob', 'sell', '140.00');
    poisoned.push(41);
    // The next best is an ordinary one.
    const last = await place('bob', 'sell', '139.00');
    const log = await shard.log();

    const writing = await venue.start({ WRITER_BATCH_ENTRIES_MAX: '100' });
    await shard.persisted();
    const record = await readRecord(venue.database);
    expect(record.checkpoint).toBe(42);
    expect(record.deadLetters.map((letter) => Number(letter.sequence))).toEqual(poisoned);
    expect(record.deadLetters.map((letter) => letter.payload)).toEqual(poisoned.map((sequence) => log[sequence - 1]?.payload));
    for (const { reason } of record.deadLetters) expect(reason).toContain('refuses_poison');
    expect(record.sequences).toEqual(log.map((_, i) => i + 1).filter((sequence) => !poisoned.includes(sequence)));
    expect(record.payloads).toEqual(log.map(({ payload }) => payload).filter((_, i) => !poisoned.includes(i + 1)));
    expect(record.orders.get(last)).toMatchObject({ status: 'filled', client_id: 'bob' });
    expect(record.trades).toHaveLength(1);
    await until('the metric tells of each', async () => await metricOf(writing.url, 'dead_letters_total') === poisoned.length);
    expect(await metricOf(writing.url, 'writer_lag_entries')).toBe(0);

    // Redis keeps what Postgres does not have.
    for (const [id, status] of [[maker, 'filled'], [taker, 'filled'], [last, 'filled']] as const) {
      expect((await client.get(`/public/orders/${id}`)).body).toMatchObject({ order_id: id, status });
    }
  });

  it('are answered again to the key they came with, after they have left the log', async () => {
    await venue.database.query(`ALTER TABLE orders ADD CONSTRAINT refuses_poison CHECK (client_id <> 'poison')`);
    const body = { client_id: 'poison', side: 'buy', type: 'limit', price: '90.00', quantity: '1', idempotency_key: 'again' };
    const first = await client.post('/orders', body);
    await venue.start({ LOG_TAIL_ENTRIES: '1' });
    for (let i = 0; (await shard.log())[0]?.sequence === 1; i++) {
      await client.post('/orders/batch', { operations: Array.from({ length: 100 }, () => ({ op: 'place', ...body, client_id: 'ann', idempotency_key: undefined })) });
      await shard.persisted();
      expect(i).toBeLessThan(20);
    }
    const again = await client.post('/orders', body);
    expect(again.status).toBe(201);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.body).toEqual(first.body);
  });

  it('let go of their keys once the lifetime of these is over', async () => {
    const environment = { IDEMPOTENCY_TTL: String(LIFETIME_S) };
    await venue.database.query(`ALTER TABLE orders ADD CONSTRAINT refuses_poison CHECK (client_id <> 'poison')`);
    // The last of them stands behind all that the journal has.
    for (const [i, name] of ['ann', 'poison', 'ann', 'poison'].entries()) await place(name, 'buy', '90.00', { idempotency_key: `key ${i}` });
    await (await venue.start({ ROLES: 'writer', ...environment })).stop();
    expect((await readRecord(venue.database)).deadLetters).toHaveLength(2);
    expect(await venue.redis.command('HLEN', shard.key('idem'))).toBe(4);
    // They are old by their own time, not by when they were put aside; and by far, since "now" is the last commit's time.
    await ageKeys((...command) => venue.redis.command(...command), shard.key('idem'), LIFETIME_S);
    await venue.database.query(`BEGIN; SET LOCAL session_replication_role = replica;
      UPDATE journal SET at = at - interval '${2 * LIFETIME_S} seconds'; COMMIT`);
    await venue.database.query(`UPDATE dead_letters SET payload = regexp_replace(payload, '^(\\[\\d+,"place",\\d+,)(\\d+)', '\\1' || (split_part(payload, ',', 4)::bigint - ${2 * LIFETIME_S}000000))`);
    // Something that is no entry, and has no key, holds nothing up.
    await venue.database.query(`INSERT INTO dead_letters (shard, sequence, payload, reason)
      VALUES ('${venue.shard}', 5, '{"no": "entry"}', 'x'), ('${venue.shard}', 6, '[3,"place",6,${'9'.repeat(30)},', 'x')`);
    const writer = await venue.start({ ROLES: 'writer', ...environment });
    await until('the keys are swept', async () => await venue.redis.command('HLEN', shard.key('idem')) === 0);
    await writer.stop();
  });

  it('stay in Redis when their writer ends before it could tell Redis of them', async () => {
    await venue.database.query(`ALTER TABLE orders ADD CONSTRAINT refuses_poison CHECK (client_id <> 'poison')`);
    const poison = await place('poison', 'buy', '100.00', { time_in_force: 'ioc' });
    const other = await place('ann', 'buy', '100.00', { time_in_force: 'ioc' });
    let ended: () => void = () => undefined;
    const end = new Promise<void>((resolve) => { ended = resolve; });
    const doomed = await WriterRig.start(venue, {
      beforeTrim: async () => {
        await doomed.cutOff();
        ended();
      },
    });
    await within('a batch is committed', end);
    await doomed.stop();
    expect(doomed.deadLetters).toBe(1);
    expect(await shard.meta('persisted')).toBe(0);

    await venue.start();
    await shard.persisted();
    expect(await venue.redis.command('HLEN', shard.key('orders'))).toBe(1);
    expect((await client.get(`/public/orders/${poison}`)).body).toMatchObject({ order_id: poison, status: 'cancelled' });
    expect((await client.get(`/public/orders/${other}`)).body).toMatchObject({ order_id: other, status: 'cancelled' });
  });

  it('are not made of what a broken schema refuses: the writer waits until it is whole again', async () => {
    await venue.database.query('ALTER TABLE trades RENAME COLUMN taker_side TO taker_side_away');
    for (const side of ['buy', 'sell', 'buy', 'sell']) await place('ann', side, '100.00');
    await venue.start();
    await until('a writer is at work', async () => (await shard.writerSessions()).length === 1);
    await sleep(300);
    expect((await readRecord(venue.database).catch(() => null))).toBeNull();
    expect(await venue.database.query('SELECT sequence FROM dead_letters')).toEqual([]);
    await venue.database.query('ALTER TABLE trades RENAME COLUMN taker_side_away TO taker_side');
    await shard.persisted();
    const record = await readRecord(venue.database);
    expect(record.deadLetters).toEqual([]);
    expect(record.sequences).toEqual([1, 2, 3, 4]);
    expect(record.trades).toHaveLength(2);
  });
});
