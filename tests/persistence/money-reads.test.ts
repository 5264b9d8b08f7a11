import pg from 'pg';
import { FEES, ISSUANCE } from '../../src/domain/money';
import { applyFill } from '../../src/domain/position';
import { closingOf } from '../../src/domain/settled-day';
import { AuditSource } from '../../src/persistence/audit-source';
import { MoneyHistory, type AccountEvent, type AccountFill, type PostingPosition } from '../../src/persistence/money-history';
import type { RecordedTransfer } from '../../src/persistence/money-rows';
import { EVENTS, FILLS } from '../../src/persistence/queries/money';
import { RecoverySource, type UsedReference } from '../../src/persistence/recovery-source';
import { dayStartUs, Statements } from '../../src/persistence/statements';
import { seededRandom } from '../../src/seeded-random';
import { TestDatabase } from '../support/postgres';
import { testSeed } from '../support/seed';
import { sharedUrl } from '../support/servers';
import { MoneyVenue, type ModelEvent } from './support/money-venue';
import { THIS_MONTH, WriterOnEntries } from './support/writer-on-entries';

const ACCOUNTS = ['ann', 'bob "the" \\ builder', 'çèé-客户', 'eve'];
const SHARD = 'main';
const STEPS = 1_500;
const MINUTE_US = 60_000_000;
/** Two days before a month ends: its rows lie in its partition, the others in the default one. */
const START_US = Date.UTC(2025, 5, 28, 22) * 1_000;
const DAYS = ['2025-06-27', '2025-06-28', '2025-06-29', '2025-06-30', '2025-07-01', '2025-07-02', '2025-07-03'];
const SNAPSHOT_EVERY = 30;
/** Some transfers are still pending in the end. */
const WEIGHTS = { place: 50, cancel: 15, amend: 10, massCancel: 2, refuse: 3, transfer: 16, end: 4, account: 2, feeGroup: 1 };

let database: TestDatabase;
let writer: WriterOnEntries;
let venue: MoneyVenue;
let money: MoneyHistory;
let statements: Statements;

beforeAll(async () => {
  database = await TestDatabase.create(sharedUrl('TEST_DATABASE_URL'));
  venue = new MoneyVenue(seededRandom(testSeed('reads')), { accounts: ACCOUNTS, startUs: START_US, stepUs: (random) => random.below(6 * MINUTE_US), weights: WEIGHTS });
  writer = new WriterOnEntries(database.url, {
    shard: SHARD, epoch: venue.epoch, instruments: venue.instruments, scales: venue.scales, batchEntriesMax: 11, accountSnapshotEvery: SNAPSHOT_EVERY,
  });
  await writer.start();
  await writer.preparePartitions('2025-06-01');
  for (let i = 0; i < STEPS; i++) venue.step();
  writer.append(venue.raws);
  await writer.written();
  money = new MoneyHistory(writer.database, SHARD);
  statements = new Statements(writer.database, SHARD);
});
afterAll(async () => {
  await writer.stop();
  expect(await database.drop()).toEqual([]);
});

let closeClient = (): Promise<void> => Promise.resolve();
afterEach(async () => {
  await closeClient();
  closeClient = () => Promise.resolve();
});

const ALL = (): string[] => [...venue.events.keys()];
const newestFirst = (events: readonly ModelEvent[]): ModelEvent[] => [...events].reverse();
const modelOf = (account: string): readonly ModelEvent[] => venue.events.get(account) ?? [];

/** All of a list, page by page. */
async function paged<T extends PostingPosition>(read: (before: PostingPosition | null, limit: number) => Promise<T[]>, limit: number): Promise<T[]> {
  const all: T[] = [];
  for (let before: PostingPosition | null = null; ;) {
    const page: T[] = await read(before, limit);
    all.push(...page);
    const last = page.at(-1);
    if (last === undefined || page.length < limit) return all;
    before = { sequence: last.sequence, index: last.index };
  }
}

const shown = (event: AccountEvent): unknown => ({
  eventId: `${event.sequence}:${event.index}`, asset: event.asset, amount: event.amount, kind: event.kind, totalAfter: event.totalAfter, orderId: event.orderId,
  tradeId: event.tradeId, transferId: event.transferId, counterparty: event.counterparty, timeUs: event.atUs,
});
const expectedEvent = (event: ModelEvent): unknown => ({ ...event, amount: String(event.amount), totalAfter: String(event.totalAfter) });

describe('reads of money', () => {
  it.each([1, 2, 7, 100])('give an account\'s events in pages of %i, newest first, each once', async (limit) => {
    for (const account of limit === 1 ? ['ann'] : [...ACCOUNTS, FEES, ISSUANCE]) {
      const events = await paged((before, count) => money.events(account, null, before, count), limit);
      expect(events.map(shown)).toEqual(newestFirst(modelOf(account)).map(expectedEvent));
      for (const asset of ['USD', 'BTC', 'ETH']) {
        const ofAsset = await paged((before, count) => money.events(account, asset, before, count), limit * 3);
        expect(ofAsset.map(shown)).toEqual(newestFirst(modelOf(account).filter((event) => event.asset === asset)).map(expectedEvent));
      }
    }
  });

  it('begin a page of events before any event', async () => {
    const events = newestFirst(modelOf(FEES)).concat(newestFirst(modelOf('ann')));
    for (const account of [FEES, 'ann']) {
      const all = newestFirst(modelOf(account));
      for (let i = 0; i < all.length; i += 5) {
        const [sequence, index] = (all[i] as ModelEvent).eventId.split(':').map(Number) as [number, number];
        expect((await money.events(account, null, { sequence, index }, 3)).map(shown)).toEqual(all.slice(i + 1, i + 4).map(expectedEvent));
      }
    }
    expect(events.length).toBeGreaterThan(200);
    expect(await money.events('nobody', null, null, 10)).toEqual([]);
    expect(await money.events('ann', null, { sequence: 0, index: 0 }, 10)).toEqual([]);
  });

  it('give fills by account and instrument, in pages, with what each was charged', async () => {
    const rows = await database.query<{ sequence: string; fill: number; role: string; account: string; instrument: string; trade_id: string; fee: string; value: string }>(
      'SELECT sequence, fill, role, account, instrument, trade_id, fee, value FROM fills ORDER BY sequence DESC, fill DESC, role DESC');
    for (const account of ACCOUNTS) {
      for (const instrument of [null, 'BTC-USD', 'ETH-BTC', 'XYZ']) {
        const expected = rows.filter((row) => row.account === account && (instrument === null || row.instrument === instrument));
        for (const limit of [1, 4, 1_000]) {
          const fills = await paged<AccountFill>((before, count) => money.fills(account, instrument, before, count), limit);
          expect(fills.map((fill) => [fill.sequence, fill.role, fill.tradeId, fill.instrument, fill.fee, fill.value]))
            .toEqual(expected.map((row) => [Number(row.sequence), row.role, Number(row.trade_id), row.instrument, row.fee, row.value]));
        }
      }
    }
    const [fill] = await money.fills('ann', null, null, 1);
    expect(fill).toMatchObject({ side: expect.stringMatching(/^(buy|sell)$/) as unknown, feeRate: expect.any(Number) as unknown, executedUs: expect.any(Number) as unknown });
  });

  it('find a page in the index where the one before ended, whatever plan is kept', async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    closeClient = () => client.end();
    await client.query('SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off');
    const plan = async (name: string, text: string, types: string, values: string): Promise<string> => {
      await client.query(`PREPARE ${name} (${types}) AS ${text}`);
      return (await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN EXECUTE ${name} (${values})`)).rows.map((row) => row['QUERY PLAN']).join('\n');
    };
    const fills = await plan('fills_page', FILLS.text, 'text, text, text, bigint, integer, text, integer', `'main', 'ann', NULL, 100, 0, 'maker', 10`);
    expect(fills).toMatch(/Index Cond: .*ROW\(sequence, fill, role\) < ROW\(\$4, \$5, \$6\)/);
    expect(fills.replaceAll('Sort Key', '')).not.toContain('Sort');
    const events = await plan('events_page', EVENTS.text, 'text, text, text, bigint, integer, integer', `'main', 'ann', NULL, 100, 0, 10`);
    expect(events.match(/Index Cond: .*ROW\((sequence|ended_sequence), (fill|ordinal)\) <= ROW/g)?.length).toBeGreaterThanOrEqual(4);
    expect(events).not.toContain('Seq Scan on fills');
    expect(events).not.toContain('Seq Scan on transfers');
  });

  it('lie in partitions by month, and nothing of a fill is changed or removed', async () => {
    const landed = await database.query<{ name: string }>('SELECT DISTINCT tableoid::regclass::text AS name FROM fills ORDER BY 1');
    expect(landed.map(({ name }) => name)).toEqual(['fills_2025_06', 'fills_default']);
    expect(await database.query(`SELECT to_regclass('fills_${THIS_MONTH}')::text AS name`)).toEqual([{ name: `fills_${THIS_MONTH}` }]);
    for (let i = 0; i < 2; i++) await database.query(`SELECT ensure_fills_partition('2025-07-31')`);
    expect(await database.query(`SELECT to_regclass('fills_2025_07') AS name`)).toEqual([{ name: null }]);
    for (const statement of ['UPDATE fills SET fee = fee + 1', 'DELETE FROM fills', 'TRUNCATE fills']) await expect(database.query(statement)).rejects.toThrow('is append-only');
  });

  it('give accounts by name, transfers by account, id and reference', async () => {
    const names: string[] = [];
    for (let behind = ''; ;) {
      const page = await money.accounts(behind, 3);
      names.push(...page.map(({ account }) => account));
      if (page.length < 3) break;
      behind = names.at(-1) as string;
    }
    expect(new Set(names)).toEqual(new Set(venue.accounts.keys()));
    expect(names).toHaveLength(venue.accounts.size);
    for (const account of venue.accounts.values()) expect(await money.account(account.account)).toEqual(account);
    expect(await money.account(FEES)).toBeNull();

    const plain = ({ endedSequence: _s, endedUs: _t, fromAfter: _f, toAfter: _a, ...transfer }: RecordedTransfer): unknown => transfer;
    const all = [...venue.transfers.values()].sort((a, b) => b.sequence - a.sequence);
    for (const transfer of all) {
      const found = await money.transfer(transfer.transferId) as RecordedTransfer;
      expect(plain(found)).toEqual(transfer);
      expect(found.endedSequence === null).toBe(transfer.status === 'pending');
      expect(found.fromAfter !== null && found.toAfter !== null).toBe(transfer.status === 'posted');
      if (transfer.reference !== null) expect(plain(await money.depositByReference(transfer.asset, transfer.reference) as RecordedTransfer)).toEqual(transfer);
      if (transfer.reverses !== null) expect(plain(await money.reversalOf(transfer.reverses) as RecordedTransfer)).toEqual(transfer);
    }
    expect(await money.transfer('00000000-0000-7000-8000-000000000000')).toBeNull();
    expect(await money.depositByReference('USD', 'never')).toBeNull();
    for (const account of ACCOUNTS) {
      const pages = async (read: (before: number | null) => Promise<RecordedTransfer[]>): Promise<unknown[]> => {
        const found: RecordedTransfer[] = [];
        for (let before: number | null = null; ;) {
          const page: RecordedTransfer[] = await read(before);
          found.push(...page);
          if (page.length < 3) return found.map(plain);
          before = found.at(-1)?.sequence ?? null;
        }
      };
      expect(await pages((before) => money.deposits(account, before, 3))).toEqual(all.filter(({ kind, to }) => kind === 'deposit' && to === account));
      expect(await pages((before) => money.withdrawals(account, null, before, 3))).toEqual(all.filter(({ kind, from }) => kind === 'withdrawal' && from === account));
      expect(await pages((before) => money.withdrawals(account, 'pending', before, 3)))
        .toEqual(all.filter(({ kind, from, status }) => kind === 'withdrawal' && from === account && status === 'pending'));
      expect(await pages((before) => money.transfers(account, before, 3)))
        .toEqual(all.filter(({ kind, from, to }) => (kind === 'transfer' || kind === 'reversal') && (from === account || to === account)));
    }
  });

  it('give positions, snapshots, groups of fees, sums and volumes', async () => {
    for (const account of ACCOUNTS) {
      const positions = await money.positions(account);
      expect(positions.length).toBeGreaterThan(0);
      for (const position of positions) {
        expect(position.position.netLots).toBe(venue.position(account, position.instrument).net);
        expect(await money.position(account, position.instrument)).toEqual(position);
      }
      const [newest, next] = await money.snapshots(account, null, 2);
      expect(newest?.sequence).toBeGreaterThan(next?.sequence as number);
      expect(await money.snapshots(account, newest?.sequence as number, 1)).toEqual([next]);
      expect((await money.balances(account)).balances.map(({ asset, total, held }) => [asset, total, held]))
        .toEqual([...venue.balances.get(account) ?? []].map(([asset, { total, held }]) => [asset, String(total), String(held)]).sort());
    }
    expect(await money.position('ann', 'XYZ')).toBeNull();
    expect((await money.balances('nobody'))).toEqual({ sequence: venue.sequence, balances: [] });
    expect(new Map((await money.feeGroups()).map(({ group, rates }) => [group, rates]))).toEqual(venue.rates);

    const { sequence, assets } = await money.sums();
    expect(sequence).toBe(venue.sequence);
    expect(assets.map(({ asset, sum }) => [asset, sum])).toEqual([['BTC', '0'], ['ETH', '0'], ['USD', '0']]);
    for (const { asset, customers, issuance, fees, held } of assets) {
      const total = (of: string): bigint => venue.balances.get(of)?.get(asset)?.total ?? 0n;
      expect([issuance, fees]).toEqual([String(total(ISSUANCE)), String(total(FEES))]);
      expect(BigInt(customers)).toBe(-total(ISSUANCE) - total(FEES));
      expect(BigInt(held)).toBe([...venue.balances.values()].reduce((sum, own) => sum + (own.get(asset)?.held ?? 0n), 0n));
    }

    const [from, to] = [START_US + 600 * MINUTE_US, START_US + 3_000 * MINUTE_US];
    const expected = new Map<string, bigint>();
    for (const account of ACCOUNTS) {
      // Of each of its trades, the value is what moved of the quote asset.
      const fills = await paged<AccountFill>((before, limit) => money.fills(account, null, before, limit), 1_000);
      for (const { instrument, value, executedUs } of fills) {
        if (executedUs < from || executedUs >= to) continue;
        const key = `${account} ${instrument.split('-')[1] as string}`;
        expected.set(key, (expected.get(key) ?? 0n) + BigInt(value));
      }
    }
    expect(new Map((await money.volumes(from, to)).map(({ account, asset, value }) => [`${account} ${asset}`, BigInt(value)]))).toEqual(expected);
    expect(expected.size).toBeGreaterThan(4);
  });

  it('recompute totals from a snapshot and from the first event, at any entry', async () => {
    for (const account of [...ACCOUNTS, FEES, ISSUANCE]) {
      for (const at of [null, 1, 400, 1_111]) {
        const done = await money.recompute(account, at);
        const upTo = modelOf(account).filter((event) => Number(event.eventId.split(':')[0]) <= (at ?? venue.sequence));
        const totals = new Map<string, string>();
        for (const { asset, totalAfter } of upTo) totals.set(asset, String(totalAfter));
        const nonZero = (of: ReadonlyMap<string, string>): [string, string][] => [...of].filter(([asset, total]) => total !== '0' || totals.has(asset)).sort();
        expect(nonZero(done.fromFirst)).toEqual([...totals].sort());
        expect(nonZero(done.fromSnapshot)).toEqual([...totals].sort());
        expect(done.postings).toBe(upTo.length);
        expect(done.replayed).toBeLessThanOrEqual(upTo.length);
        expect(done.recorded === null).toBe(at !== null);
        expect(done.pending.map(({ transferId }) => transferId))
          .toEqual([...venue.transfers.values()].filter(({ from, status }) => from === account && status === 'pending').map(({ transferId }) => transferId));
      }
      expect((await money.recompute(account, null)).replayed).toBeLessThan(SNAPSHOT_EVERY * 2);
    }
    await expect(money.recompute('ann', venue.sequence + 1)).rejects.toThrow(`the record ends at entry ${venue.sequence}`);
  });
});

describe('statements', () => {
  const sum = (events: readonly ModelEvent[], kinds: readonly string[], sign: (amount: bigint) => boolean = () => true): bigint =>
    events.filter(({ kind, amount }) => kinds.includes(kind) && sign(amount)).reduce((all, { amount }) => all + amount, 0n);

  it('of a day close, and tell what moved', async () => {
    let moved = 0;
    for (const account of [...ACCOUNTS, FEES, ISSUANCE]) {
      for (const day of DAYS) {
        const startUs = dayStartUs(day) as number;
        const statement = await statements.statement(account, day);
        expect(statement).toMatchObject({ day, closes: true });
        for (const asset of ['BTC', 'ETH', 'USD']) {
          const events = modelOf(account).filter((event) => event.asset === asset);
          const before = events.filter(({ timeUs }) => timeUs < startUs);
          const ofDay = events.filter(({ timeUs }) => timeUs >= startUs && timeUs < startUs + 1_440 * MINUTE_US);
          const opening = before.at(-1)?.totalAfter ?? 0n;
          const told = statement.assets.find((one) => one.asset === asset);
          const expected = {
            asset, opening: String(opening), deposits: String(sum(ofDay, ['deposited'])), withdrawals: String(-sum(ofDay, ['withdrew'])),
            transfersIn: String(sum(ofDay, ['transferred_in'])), transfersOut: String(-sum(ofDay, ['transferred_out'])),
            bought: String(sum(ofDay, ['traded'], (amount) => amount > 0n)), sold: String(-sum(ofDay, ['traded'], (amount) => amount < 0n)),
            fees: String(-sum(ofDay, ['fee', 'rebate'])), closing: String(ofDay.at(-1)?.totalAfter ?? opening),
          };
          if (told !== undefined) expect(told).toEqual(expected);
          else expect([opening, ofDay]).toEqual([0n, []]);
          expect(closingOf(expected)).toBe(BigInt(expected.closing));
          moved += ofDay.length;
        }
      }
    }
    expect(moved).toBeGreaterThan(1_000);
  });

  it('are refused of what is no day', async () => {
    for (const day of ['2025-02-30', '2025-6-1', 'yesterday', '2025-13-01', '2025-06-01T00:00:00Z', '']) {
      expect(dayStartUs(day)).toBeNull();
      await expect(statements.statement('ann', day)).rejects.toThrow('is no day');
    }
    expect(dayStartUs('2024-02-29')).toBe(Date.UTC(2024, 1, 29) * 1_000);
  });

  it('of all accounts are those of each, with what every account has netted', async () => {
    for (const day of DAYS) {
      const settlement = await statements.settlement(day);
      expect(settlement.mismatches).toBe(0);
      for (const account of ALL()) {
        const statement = await statements.statement(account, day);
        expect([settlement.fromSequence, settlement.toSequence]).toEqual([statement.fromSequence, statement.toSequence]);
        const own = settlement.assets.filter((one) => one.account === account).map(({ account: _, ...one }) => one);
        const isAlive = (one: (typeof own)[number]): boolean => one.opening !== '0' || Object.entries(one).some(([name, value]) => name !== 'asset' && value !== '0');
        expect(own.filter(isAlive)).toEqual(statement.assets.filter(isAlive));
      }
      // Every unit that one has got another has given.
      for (const asset of ['BTC', 'ETH', 'USD']) {
        expect(settlement.assets.filter((one) => one.asset === asset).reduce((all, { closing }) => all + BigInt(closing), 0n)).toBe(0n);
      }
      for (const instrument of new Set(settlement.nets.map((net) => net.instrument))) {
        const nets = settlement.nets.filter((net) => net.instrument === instrument);
        expect(nets.reduce((all, { netLots }) => all + BigInt(netLots), 0n)).toBe(0n);
        expect(nets.reduce((all, { netValue }) => all + BigInt(netValue), 0n)).toBe(0n);
      }
      for (const net of settlement.nets) {
        const startUs = dayStartUs(day) as number;
        const fills = (await paged<AccountFill>((before, limit) => money.fills(net.account, net.instrument, before, limit), 1_000))
          .filter(({ executedUs }) => executedUs >= startUs && executedUs < startUs + 1_440 * MINUTE_US);
        const signed = (of: (fill: AccountFill) => bigint): string => String(fills.reduce((all, fill) => all + of(fill), 0n));
        expect(net).toMatchObject({
          netLots: signed((fill) => BigInt(fill.side === 'buy' ? fill.quantityLots : -fill.quantityLots)),
          netValue: signed((fill) => (fill.side === 'buy' ? -BigInt(fill.value) : BigInt(fill.value))), fees: signed((fill) => BigInt(fill.fee)),
        });
      }
    }
  });

  it('are settled once a day: twice gives the same, and what was changed since is seen', async () => {
    const [, , day] = DAYS as [string, string, string];
    expect(await statements.settled(day)).toBeNull();
    const first = await statements.settle(day);
    expect(first.outcome).toBe('written');
    expect(first.settlement.assets.length).toBeGreaterThan(10);
    expect(first.settlement.nets.length).toBeGreaterThan(5);
    expect(await statements.settled(day)).toEqual(first.settlement);
    const again = await statements.settle(day);
    expect(again).toEqual({ outcome: 'same', settlement: first.settlement, mismatched: [] });
    await database.query(`UPDATE balances SET total = total + 1 WHERE account = 'ann' AND asset = 'USD'`);
    const changed = await statements.settle(day);
    expect([changed.outcome, changed.settlement.mismatches]).toEqual(['differs', 1]);
    expect(await statements.settled(day)).toEqual(first.settlement);
    expect((await money.sums()).assets.map(({ sum: all }) => all)).toEqual(['0', '0', '1']);
    const { recorded, fromFirst } = await money.recompute('ann', null);
    expect(BigInt(recorded?.find(({ asset }) => asset === 'USD')?.total as string)).toBe(BigInt(fromFirst.get('USD') as string) + 1n);
    await database.query(`UPDATE balances SET total = total - 1 WHERE account = 'ann' AND asset = 'USD'`);
    expect((await statements.settle(day)).outcome).toBe('same');
  });

  it('do not close where the last total of a day was told wrongly', async () => {
    const found = DAYS.flatMap((day) => ACCOUNTS.flatMap((account) => ['BTC', 'ETH', 'USD'].flatMap((asset) => {
      const startUs = dayStartUs(day) as number;
      const last = modelOf(account).filter((event) => event.asset === asset && event.timeUs >= startUs && event.timeUs < startUs + 1_440 * MINUTE_US).at(-1);
      return last?.transferId && last.amount > 0n ? [{ day, transferId: last.transferId }] : [];
    })));
    const { day, transferId } = found[0] as (typeof found)[number];
    const tell = (change: string): Promise<unknown> => database.query(
      `BEGIN; SET LOCAL session_replication_role = replica; UPDATE transfers SET to_after = to_after ${change} WHERE transfer_id = '${transferId}'; COMMIT`);
    await tell('+ 1');
    expect((await statements.settlement(day)).mismatches).toBe(1);
    await tell('- 1');
    expect((await statements.settlement(day)).mismatches).toBe(0);
  });
});

describe('what a rebuild reads of money', () => {
  it('is all accounts with what they have, pending transfers, groups, and every reference ever used', async () => {
    await writer.writer.stop(1_000);
    const source = await RecoverySource.open(writer.database, SHARD, 5_000);
    const accounts: string[] = [];
    for await (const page of source.accounts(3)) {
      expect(page.length).toBeLessThanOrEqual(3);
      for (const { name, account, balances } of page) {
        accounts.push(name);
        expect(account).toEqual(venue.accounts.get(name) ?? null);
        for (const { asset, total, held } of balances) {
          const expected = venue.balances.get(name)?.get(asset);
          expect([total, held]).toEqual([String(expected?.total), String(expected?.held)]);
        }
      }
    }
    expect(accounts.sort()).toEqual([...new Set([...venue.accounts.keys(), FEES, ISSUANCE])].sort());
    expect(await source.accountCount()).toBe(venue.accounts.size);

    const pending: unknown[] = [];
    for await (const page of source.pendingTransfers(2)) pending.push(...page.map(({ transferId, amount, expiresUs }) => ({ transferId, amount, expiresUs })));
    expect(pending).toEqual([...venue.transfers.values()].filter(({ status }) => status === 'pending').map(({ transferId, amount, expiresUs }) => ({ transferId, amount, expiresUs })));
    expect(pending.length).toBeGreaterThan(3);
    expect((await source.feeGroups()).length).toBe(venue.rates.size);

    const used: UsedReference[] = [];
    for await (const page of source.usedReferences(4)) used.push(...page);
    expect(used).toEqual([...venue.transfers.values()].filter(({ reference, reverses }) => reference !== null || reverses !== null)
      .map(({ sequence, createdUs, asset, reference, reverses }) => ({
        sequence, second: Math.floor(createdUs / 1e6), ...(reverses === null ? { kind: 'deposit', asset, reference } : { kind: 'reversal', transferId: reverses }),
      })));
    expect(new Set(used.map(({ kind }) => kind))).toEqual(new Set(['deposit', 'reversal']));

    const before = await database.query<{ total: string }>(`SELECT total FROM balances WHERE account = 'ann' AND asset = 'USD'`);
    const made = { account: 'late "one"', name: null, status: 'active', credit: 'venue', feeGroup: 'default', createdUs: 5 } as const;
    for (const funds of ['off', 'paper'] as const) {
      const checkpoint = await source.checkpoint();
      if (checkpoint === null) throw new Error('no checkpoint');
      const recoveryId = await source.beginEpoch(checkpoint, `as ${funds}`, 'test');
      await source.takeFunds(recoveryId, funds, { accounts: [made], held: [{ account: 'ann', asset: 'USD', held: '7' }, { account: 'late "one"', asset: 'BTC', held: '9' }] });
      expect(await source.funds()).toBe(funds);
    }
    const audited = await AuditSource.open(writer.database, SHARD);
    expect(await audited.fundsSwitches()).toEqual([{ sequence: venue.sequence, funds: 'off' }, { sequence: venue.sequence, funds: 'paper' }]);
    await audited.close();
    expect(await database.query(`SELECT total, held, sequence::int FROM balances WHERE account = 'ann' AND asset = 'USD'`)).toEqual([{ total: before[0]?.total, held: '7', sequence: venue.sequence }]);
    expect(await database.query(`SELECT total, held, postings::int FROM balances WHERE account = 'late "one"'`)).toEqual([{ total: '0', held: '9', postings: 0 }]);
    expect(await money.account('late "one"')).toEqual(made);
    await source.close();
  });
});

describe('a position', () => {
  it('takes cost × q ÷ n with what closes, cut towards zero, and nothing is left at zero', () => {
    const fill = { timeUs: 1, sequence: 1, fee: 0n };
    let position = applyFill({ netLots: 0n, cost: 0n, realized: 0n, fees: 0n, boughtLots: 0n, boughtCost: 0n, soldLots: 0n, soldProceeds: 0n, openedUs: null, updatedUs: 0, sequence: 0 },
      { ...fill, side: 'buy', lots: 2n, value: 6n });
    position = applyFill(position, { ...fill, side: 'buy', lots: 1n, value: 4n });
    expect(position).toMatchObject({ netLots: 3n, cost: 10n, realized: 0n });
    position = applyFill(position, { ...fill, side: 'sell', lots: 2n, value: 8n });
    expect(position).toMatchObject({ netLots: 1n, cost: 4n, realized: 2n, openedUs: 1 });
    position = applyFill(position, { ...fill, timeUs: 9, side: 'sell', lots: 3n, value: 15n });
    expect(position).toMatchObject({ netLots: -2n, cost: -10n, realized: 3n, openedUs: 9 });
    position = applyFill(position, { ...fill, side: 'buy', lots: 2n, value: 6n });
    expect(position).toMatchObject({ netLots: 0n, cost: 0n, realized: 7n, openedUs: null, boughtLots: 5n, soldLots: 5n, boughtCost: 16n, soldProceeds: 23n });
  });
});
