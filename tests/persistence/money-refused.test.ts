import type { RawLogEntry } from '../../src/domain/entry';
import { Database } from '../../src/persistence/database';
import { DeadLetters } from '../../src/persistence/dead-letters';
import { History } from '../../src/persistence/history';
import { migrate, readMigrations } from '../../src/persistence/migrate';
import { seededRandom } from '../../src/seeded-random';
import { TestDatabase } from '../support/postgres';
import { testSeed } from '../support/seed';
import { sharedUrl } from '../support/servers';
import { until } from '../support/until';
import { testLogger } from '../support/venue';
import { MoneyVenue } from './support/money-venue';
import { WriterOnEntries, type EntriesOptions } from './support/writer-on-entries';

const SHARD = 'main';

let database: TestDatabase;
let writer: WriterOnEntries | null = null;

beforeEach(async () => { database = await TestDatabase.create(sharedUrl('TEST_DATABASE_URL'), { hasSchema: true }); });
afterEach(async () => {
  await writer?.stop();
  writer = null;
  expect(await database.drop()).toEqual([]);
});

async function started(venue: MoneyVenue, more: Partial<EntriesOptions> = {}): Promise<WriterOnEntries> {
  writer = new WriterOnEntries(database.url, { shard: SHARD, epoch: venue.epoch, instruments: venue.instruments, scales: venue.scales, ...more });
  await writer.start();
  return writer;
}

const count = async (table: string): Promise<number> => Number((await database.query<{ count: string }>(`SELECT count(*) FROM ${table}`))[0]?.count);
const checkpoint = async (): Promise<number> => Number((await database.query<{ sequence: string }>('SELECT sequence FROM checkpoints'))[0]?.sequence);

describe('an entry that tells a total that its postings do not lead to', () => {
  it('leaves the record with what the postings come to', async () => {
    const venue = new MoneyVenue(seededRandom(testSeed('false total')), { accounts: ['ann', 'bob'] });
    for (let i = 0; i < 30; i++) venue.step();
    const before = venue.balance('ann', 'USD').total;
    venue.makeTransfer({ kind: 'deposit', from: '@issuance', to: 'ann', asset: 'USD', amount: 5n, pending: false, reference: 'one', timeoutUs: null, reverses: null });
    const { sequence, payload } = venue.raws.at(-1) as RawLogEntry;
    const [told, wrong] = [`"ann","USD","${before + 5n}"`, `"ann","USD","${before + 6n}"`];
    expect(payload).toContain(told);
    venue.raws[venue.raws.length - 1] = { sequence, payload: payload.replace(told, wrong) };
    const running = await started(venue, { batchEntriesMax: 10 });
    running.append(venue.raws);
    await running.written();
    expect(await database.query(`SELECT total::text FROM balances WHERE account = 'ann' AND asset = 'USD'`)).toEqual([{ total: String(before + 5n) }]);
    expect(await database.query('SELECT asset FROM balances GROUP BY asset HAVING sum(total) <> 0')).toEqual([]);
  });
});

describe('an entry that changes money and that Postgres refuses', () => {
  it.each([
    ['a balance', `ALTER TABLE balances ADD CONSTRAINT refuses CHECK (account <> 'poison')`, 'ALTER TABLE balances DROP CONSTRAINT refuses', (venue: MoneyVenue) => venue.place('poison')],
    ['an order', `ALTER TABLE orders ADD CONSTRAINT refuses CHECK (client_id <> 'poison')`, 'ALTER TABLE orders DROP CONSTRAINT refuses', (venue: MoneyVenue) => venue.place('poison')],
    ['an account', `ALTER TABLE accounts ADD CONSTRAINT refuses CHECK (account <> 'poison')`, 'ALTER TABLE accounts DROP CONSTRAINT refuses', (venue: MoneyVenue) => venue.place('poison')],
    ['a group of fees', `ALTER TABLE fee_groups ADD CONSTRAINT refuses CHECK (fee_group <> 'poison')`, 'ALTER TABLE fee_groups DROP CONSTRAINT refuses',
      (venue: MoneyVenue) => venue.setRates('poison', [{ instrument: null, makerRate: 1, takerRate: 2 }])],
    ['a transfer', `ALTER TABLE transfers ADD CONSTRAINT refuses CHECK (reference <> 'poison')`, 'ALTER TABLE transfers DROP CONSTRAINT refuses',
      (venue: MoneyVenue) => venue.makeTransfer({ kind: 'deposit', from: '@issuance', to: 'ann', asset: 'USD', amount: 5n, pending: false, reference: 'poison', timeoutUs: null, reverses: null })],
  ])('stops the shard and is written once it can be: %s', async (_, breaks, mends, poison) => {
    const venue = new MoneyVenue(seededRandom(testSeed('refused')), { accounts: ['ann', 'bob'] });
    for (let i = 0; i < 30; i++) venue.step();
    poison(venue);
    const refused = venue.sequence;
    for (let i = 0; i < 30; i++) venue.step();
    const running = await started(venue, { batchEntriesMax: 100 });
    await database.query(breaks);
    running.append(venue.raws);
    await until('the shard is told to stop, and told so again', () => running.faults.length >= 3);
    // Everything before it is there, nothing of it and nothing behind it.
    expect(await checkpoint()).toBe(refused - 1);
    expect(await count('journal')).toBe(refused - 1);
    expect(await count('dead_letters')).toBe(0);
    expect(running.deadLetters).toBe(0);
    expect(running.state).toBe('faulted');
    for (const { epoch, reason } of running.faults) {
      expect(epoch).toBe(venue.epoch);
      expect(reason).toContain(`log entry ${refused}, which changes money`);
      expect(reason).toContain('refuses');
    }
    await database.query(mends);
    await running.written();
    expect(await checkpoint()).toBe(venue.sequence);
    expect(await count('journal')).toBe(venue.sequence);
    expect(await count('dead_letters')).toBe(0);
    expect(await database.query('SELECT asset FROM balances GROUP BY asset HAVING sum(total) <> 0')).toEqual([]);
  });

  it('is no dead letter where it cannot even be read: nobody can tell what it moves', async () => {
    const venue = new MoneyVenue(seededRandom(1), { accounts: ['ann'] });
    for (let i = 0; i < 5; i++) venue.step();
    const running = await started(venue);
    const [good] = venue.raws.splice(2, 1, { sequence: 3, payload: '[4,"place",3,' });
    running.append(venue.raws);
    await until('the shard is told to stop', () => running.faults.length >= 2);
    expect(await checkpoint()).toBe(2);
    expect(await count('dead_letters')).toBe(0);
    expect(good?.sequence).toBe(3);
  });

  it('is put aside as ever where no money is kept', async () => {
    const weights = { place: 60, cancel: 20, amend: 20, massCancel: 0, refuse: 0, transfer: 0, end: 0, account: 0, feeGroup: 0 };
    const venue = new MoneyVenue(seededRandom(testSeed('put aside')), { accounts: ['ann', 'bob'], funds: 'off', weights, tradingShare: 0 });
    for (let i = 0; i < 20; i++) venue.step();
    venue.place('poison');
    const refused = venue.sequence;
    for (let i = 0; i < 20; i++) venue.step();
    const running = await started(venue);
    await database.query(`ALTER TABLE orders ADD CONSTRAINT refuses CHECK (client_id <> 'poison')`);
    running.append(venue.raws);
    await running.written();
    expect(running.faults).toEqual([]);
    // Amends and cancels of the refused order are refused as well.
    const letters = await database.query<{ sequence: string }>('SELECT sequence FROM dead_letters ORDER BY sequence');
    expect(Number(letters[0]?.sequence)).toBe(refused);
    await database.query('ALTER TABLE orders DROP CONSTRAINT refuses');
    expect((await new DeadLetters(running.database, SHARD).retry(null)).refused).toEqual([]);
    expect(await count('orders')).toBe(venue.orders.size);
  });

  it('is neither a transfer that ends twice nor a fill that is there twice: the record refuses both', async () => {
    const venue = new MoneyVenue(seededRandom(3), { accounts: ['ann', 'bob'] });
    const transfer = venue.makeTransfer({ kind: 'transfer', from: 'ann', to: 'bob', asset: 'USD', amount: 100n, pending: true, reference: null, timeoutUs: null, reverses: null });
    venue.end(transfer, 'posted');
    const running = await started(venue);
    running.append(venue.raws);
    await running.written();
    const before = await database.query('SELECT * FROM transfers');
    venue.end(transfer, 'voided');
    running.append(venue.raws.slice(-1));
    await until('the shard is told to stop', () => running.faults.length >= 1);
    expect(running.faults[0]?.reason).toContain('transfers is append-only');
    expect(await database.query('SELECT * FROM transfers')).toEqual(before);
    for (const table of ['fills', 'transfers']) {
      await expect(database.query(`TRUNCATE ${table}`)).rejects.toThrow('is append-only');
    }
    await expect(database.query('DELETE FROM transfers')).rejects.toThrow('is append-only');
  });
});

describe('a record of before money was kept', () => {
  beforeEach(async () => {
    await database.drop();
    database = await TestDatabase.create(sharedUrl('TEST_DATABASE_URL'));
  });

  it('is brought on with its rows: nothing is charged, and trades name their accounts by their orders', async () => {
    const before = new Database(database.url, 5_000, 2, testLogger);
    await migrate(before, readMigrations().slice(0, 3));
    // Two orders of one trade, as the version before wrote them; and a trade whose orders are nowhere.
    const [maker, taker, lost] = ['00000000-0000-7000-8000-00000000000a', '00000000-0000-7000-8000-00000000000b', '00000000-0000-7000-8000-00000000000c'];
    const columns = `order_id, client_id, instrument, side, type, time_in_force, post_only, price_ticks, quantity_lots, filled_lots, notional, status, sequence, fill_sequence,
      priority, created_us, updated_us, shard, placed_sequence`;
    await database.query(`INSERT INTO checkpoints (shard, epoch, sequence, candles_sequence) VALUES ('main', 'epoch---', 3, 3);
      INSERT INTO instruments (instrument, base, quote, tick_size, lot_size) VALUES ('BTC-USD', 'BTC', 'USD', '0.01', '0.00000001');
      INSERT INTO orders (${columns}) VALUES ('${maker}', 'ann', 'BTC-USD', 'sell', 'limit', 'gtc', false, 100, 10, 4, 400, 'partially_filled', 2, 2, 1, 1, 2, 'main', 1),
        ('${taker}', 'bob', 'BTC-USD', 'buy', 'limit', 'gtc', false, 100, 4, 4, 400, 'filled', 2, 2, 2, 2, 2, 'main', 2);
      INSERT INTO trades (instrument, trade_id, price_ticks, quantity_lots, taker_side, maker_order_id, taker_order_id, sequence, executed_us, executed_at, shard)
        VALUES ('BTC-USD', 1, 100, 4, 'buy', '${maker}', '${taker}', 2, 2, now(), 'main'), ('BTC-USD', 2, 100, 1, 'buy', '${maker}', '${lost}', 3, 3, now(), 'main')`);
    await before.close();

    const venue = new MoneyVenue(seededRandom(testSeed('upgrade')), { accounts: ['ann', 'bob'], sequence: 3, tradeId: 2 });
    const running = await started(venue, { persisted: 3 });
    const history = new History(running.database, SHARD);
    expect(await history.order(maker)).toMatchObject({ clientId: 'ann', fees: null, filledLots: 4 });
    const uncharged = { makerClientId: 'ann', makerFee: '0', takerFee: '0' };
    expect(await history.tradesOfOrder(maker)).toMatchObject([{ tradeId: 1, takerClientId: 'bob', ...uncharged }, { tradeId: 2, takerClientId: '', ...uncharged }]);
    expect(await database.query('SELECT maker_account, taker_account, maker_fee FROM trades')).toEqual([
      { maker_account: null, taker_account: null, maker_fee: '0' }, { maker_account: null, taker_account: null, maker_fee: '0' },
    ]);
    expect((await history.trades('BTC-USD', null, 10)).map(({ tradeId }) => tradeId)).toEqual([2, 1]);
    for (const table of ['accounts', 'balances', 'fills', 'transfers', 'positions', 'fee_groups', 'settlements', 'ledger']) expect(await count(table)).toBe(0);

    // And it goes on from there.
    for (let i = 0; i < 300; i++) venue.step();
    running.append(venue.raws);
    await running.written();
    expect(running.faults).toEqual([]);
    expect(await count('fills')).toBe(2 * (await count('trades') - 2));
    expect(await database.query('SELECT sequence, asset FROM ledger GROUP BY sequence, asset HAVING sum(amount) <> 0')).toEqual([]);
  });
});
