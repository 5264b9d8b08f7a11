import pg from 'pg';
import { Venue } from '../support/venue';
import { Client } from '../support/client';
import { ShardView } from './support/shard-view';

describe('the schema', () => {
  let venue: Venue;
  let shard: ShardView;

  beforeAll(async () => {
    venue = await Venue.open();
    shard = new ShardView(venue);
    const running = await venue.start();
    const client = new Client(() => running.url);
    for (const side of ['buy', 'sell']) {
      expect((await client.post('/orders', { client_id: 'ann', side, type: 'limit', price: '10.00', quantity: '1' })).status).toBe(201);
    }
    await shard.persisted();
    client.close();
    await running.stop();
  });
  afterAll(async () => { await venue.close(); });

  it.each(['journal', 'trades'])('refuses to change or remove what stands in %s', async (table) => {
    const before = await venue.database.query(`SELECT * FROM ${table}`);
    expect(before.length).toBeGreaterThan(0);
    for (const statement of [`UPDATE ${table} SET sequence = sequence + 100`, `DELETE FROM ${table}`, `TRUNCATE ${table}`]) {
      await expect(venue.database.query(statement)).rejects.toThrow('is append-only');
    }
    expect(await venue.database.query(`SELECT * FROM ${table}`)).toEqual(before);
  });

  it('has partitions for this month and the next, and rows land in theirs', async () => {
    const now = new Date();
    const suffix = (months: number): string => {
      const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, 1));
      return `${month.getUTCFullYear()}_${String(month.getUTCMonth() + 1).padStart(2, '0')}`;
    };
    for (const parent of ['journal', 'trades']) {
      const partitions = (await venue.database.query<{ name: string }>(
        'SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = $1::regclass', [parent])).map((row) => row.name);
      expect(partitions.sort()).toEqual([`${parent}_${suffix(0)}`, `${parent}_${suffix(1)}`, `${parent}_default`].sort());
      const landed = await venue.database.query<{ name: string }>(`SELECT DISTINCT tableoid::regclass::text AS name FROM ${parent}`);
      expect(landed).toEqual([{ name: `${parent}_${suffix(0)}` }]);
    }
  });

  it('makes the partition of any month, once, and leaves a month alone whose rows stand in the default one', async () => {
    const partition = `SELECT to_regclass($1)::text AS name`;
    for (let i = 0; i < 2; i++) await venue.database.query(`SELECT ensure_partitions('2031-12-15')`);
    expect(await venue.database.query(partition, ['journal_2031_12'])).toEqual([{ name: 'journal_2031_12' }]);
    await venue.database.query(
      `INSERT INTO journal (shard, sequence, at, kind, payload) VALUES ('other', 1, '2031-12-31 23:59:59.999999+00', 'place', '[]'), ('other', 2, '2032-01-01 00:00:00+00', 'place', '[]')`);
    expect(await venue.database.query(`SELECT sequence::int, tableoid::regclass::text AS name FROM journal WHERE shard = 'other' ORDER BY 1`))
      .toEqual([{ sequence: 1, name: 'journal_2031_12' }, { sequence: 2, name: 'journal_default' }]);
    await venue.database.query(`SELECT ensure_partitions('2032-01-01')`);
    expect(await venue.database.query(partition, ['journal_2032_01'])).toEqual([{ name: null }]);
    expect(await venue.database.query(partition, ['trades_2032_01'])).toEqual([{ name: 'trades_2032_01' }]);
  });

  it('never holds up the record for a partition: rows go to the default one while somebody reads all of the table', async () => {
    const month = new Date().toISOString().slice(0, 7).replace('-', '_');
    await venue.database.query(`DROP TABLE journal_${month}`);
    // What a dump holds on every partition while it runs.
    const reader = new pg.Client({ connectionString: venue.database.url });
    await reader.connect();
    await reader.query('BEGIN');
    await reader.query('SELECT count(*) FROM journal');
    const running = await venue.start();
    const client = new Client(() => running.url);
    expect((await client.post('/orders', { client_id: 'ann', side: 'buy', type: 'limit', price: '10.00', quantity: '1' })).status).toBe(201);
    await shard.persisted();
    expect(await venue.database.query(`SELECT count(*)::int AS rows FROM journal_default WHERE shard = '${venue.shard}'`)).toEqual([{ rows: 1 }]);
    await reader.query('COMMIT');
    await reader.end();
    client.close();
    await running.stop();
  });

  it('is looked at again at every start, and nothing changes then', async () => {
    const rows = (): Promise<unknown> => venue.database.query(
      `SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2`);
    const before = await rows();
    const journal = await venue.database.query('SELECT * FROM journal ORDER BY shard, sequence');
    const all = await Promise.all([venue.start(), venue.start()]);
    await Promise.all(all.map((running) => running.stop()));
    expect(await rows()).toEqual(before);
    expect(await venue.database.query('SELECT * FROM journal ORDER BY shard, sequence')).toEqual(journal);
  });
});
