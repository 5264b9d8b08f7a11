import { FEES, ISSUANCE } from '../../src/domain/money';
import { chargedUnits } from '../../src/domain/order';
import { seededRandom } from '../../src/seeded-random';
import { TestDatabase } from '../support/postgres';
import { testSeed } from '../support/seed';
import { sharedUrl } from '../support/servers';
import { MoneyVenue, type VenueOptions } from './support/money-venue';
import { WriterOnEntries, type EntriesOptions } from './support/writer-on-entries';

type Text = Record<string, string | null>;

const ACCOUNTS = ['ann', 'bob "the" \\ builder', 'çèé-客户', 'NULL', 'eve'];
const SHARD = 'main';
const STEPS = 1_500;

let database: TestDatabase;
let writer: WriterOnEntries;

beforeEach(async () => { database = await TestDatabase.create(sharedUrl('TEST_DATABASE_URL'), { hasSchema: true }); });
afterEach(async () => {
  await writer.stop();
  expect(await database.drop()).toEqual([]);
});

async function started(venue: MoneyVenue, more: Partial<EntriesOptions> = {}): Promise<void> {
  writer = new WriterOnEntries(database.url, { shard: SHARD, epoch: venue.epoch, instruments: venue.instruments, scales: venue.scales, ...more });
  await writer.start();
}

async function played(seed: number, options: Partial<VenueOptions> = {}, more: Partial<EntriesOptions> = {}): Promise<MoneyVenue> {
  const venue = new MoneyVenue(seededRandom(seed), { accounts: ACCOUNTS, ...options });
  await started(venue, more);
  // What rates come by chance may have no rebate among them.
  if (options.funds !== 'off') venue.setRates('default', [{ instrument: null, makerRate: -100, takerRate: 500 }]);
  for (let i = 0; i < STEPS; i++) venue.step();
  writer.append(venue.raws);
  await writer.written();
  return venue;
}

const text = async (query: string): Promise<Text[]> => {
  const columns = (await database.query(`SELECT * FROM (${query}) AS asked LIMIT 1`))[0] ?? {};
  const list = Object.keys(columns).map((column) => `"${column}"::text`).join(', ');
  return list === '' ? [] : database.query<Text>(`SELECT ${list} FROM (${query}) AS asked`);
};

const sorted = (rows: readonly Text[]): Text[] => [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

describe('the record of money', () => {
  it.each([1, 7, 1_000])('holds what the log tells, in batches of %i entries', async (batchEntriesMax) => {
    const venue = await played(testSeed(`money ${batchEntriesMax}`), {}, { batchEntriesMax, accountSnapshotEvery: 20 });
    expect(writer.faults).toEqual([]);
    expect(writer.deadLetters).toBe(0);

    // Balances. What never changed need not be there.
    const balances = await text('SELECT account, asset, total, held FROM balances');
    const expected = [...venue.balances].flatMap(([account, assets]) => [...assets].map(([asset, { total, held }]) => (
      { account, asset, total: String(total), held: String(held) })));
    const isKept = (row: Text): boolean => balances.some(({ account, asset }) => account === row.account && asset === row.asset) || row.total !== '0' || row.held !== '0';
    expect(sorted(balances)).toEqual(sorted(expected.filter(isKept)));
    expect(await text('SELECT asset, sum(total) AS sum FROM balances GROUP BY asset HAVING sum(total) <> 0')).toEqual([]);

    // Postings: the same, one by one, as the model made them going forward.
    const ledger = await text('SELECT account, sequence, index, asset, amount, kind, total_after, order_id, trade_id, transfer_id, at_us FROM ledger');
    const events = [...venue.events].flatMap(([account, list]) => list.map((event) => {
      const [sequence, index] = event.eventId.split(':') as [string, string];
      return {
        account, sequence, index, asset: event.asset, amount: String(event.amount), kind: event.kind, total_after: String(event.totalAfter), order_id: event.orderId,
        trade_id: event.tradeId === null ? null : String(event.tradeId), transfer_id: event.transferId, at_us: String(event.timeUs),
      };
    }));
    expect(ledger).toHaveLength(events.length);
    expect(sorted(ledger)).toEqual(sorted(events));
    expect(await text('SELECT sequence, asset, sum(amount) AS sum FROM ledger GROUP BY sequence, asset HAVING sum(amount) <> 0')).toEqual([]);
    expect(await text(`SELECT account, asset, total, coalesce(sum(amount), 0) AS sum, postings, count(amount) AS count FROM balances LEFT JOIN ledger USING (account, asset)
      GROUP BY account, asset, total, postings HAVING total <> coalesce(sum(amount), 0) OR postings <> count(amount)`)).toEqual([]);

    // Everything was there to be seen.
    const kinds = new Set(ledger.map(({ kind }) => kind));
    expect(kinds).toEqual(new Set(['deposited', 'withdrew', 'transferred_in', 'transferred_out', 'traded', 'fee', 'rebate']));
    expect(Number((await text(`SELECT count(*) AS self FROM fills AS a JOIN fills AS b USING (sequence, fill, account) WHERE a.role < b.role`))[0]?.self)).toBeGreaterThan(5);
    expect(new Set((await text('SELECT DISTINCT kind FROM transfers')).map(({ kind }) => kind))).toEqual(new Set(['opening', 'deposit', 'withdrawal', 'transfer', 'reversal']));
    expect(events.some(({ amount }) => BigInt(amount) > 10n ** 25n)).toBe(true);
  });

  it('has positions as sums make them, through zero and with oneself', async () => {
    const venue = await played(testSeed('positions'), { tradingShare: 95, weights: { place: 80, cancel: 5, amend: 10, massCancel: 0, refuse: 1, transfer: 1, end: 1, account: 1, feeGroup: 1 } }, { batchEntriesMax: 61 });
    const rows = await text(`SELECT account, instrument, net_lots, cost, realized, fees, bought_lots, bought_cost, sold_lots, sold_proceeds, opened_us, updated_us, sequence
      FROM positions`);
    const expected = [...venue.positions].map(([key, position]) => {
      const [account, instrument] = key.split('\u0000') as [string, string];
      return {
        account, instrument, net_lots: String(position.net), cost: String(position.cost), realized: String(position.realized), fees: String(position.fees),
        bought_lots: String(position.boughtLots), bought_cost: String(position.boughtCost), sold_lots: String(position.soldLots),
        sold_proceeds: String(position.soldProceeds), opened_us: position.openedUs === null ? null : String(position.openedUs), updated_us: String(position.updatedUs),
        sequence: String(position.sequence),
      };
    });
    expect(sorted(rows)).toEqual(sorted(expected));
    // What came in beyond what went out is either made or in the open part.
    expect(await text('SELECT * FROM positions WHERE sold_proceeds - bought_cost <> realized - cost OR bought_lots - sold_lots <> net_lots')).toEqual([]);
    expect(await text('SELECT * FROM positions WHERE sign(cost) <> sign(net_lots)')).toEqual([]);
    expect(new Set(rows.map((row) => Math.sign(Number(row.net_lots))))).toEqual(new Set([-1, 1]));
  });

  it('keeps the last state of accounts, groups of fees, transfers, orders and trades', async () => {
    const venue = await played(testSeed('states'), {}, { batchEntriesMax: 13 });
    expect(sorted(await text('SELECT account, name, status, credit, fee_group, created_us FROM accounts'))).toEqual(sorted([...venue.accounts.values()].map((account) => ({
      account: account.account, name: account.name, status: account.status, credit: account.credit, fee_group: account.feeGroup, created_us: String(account.createdUs),
    }))));
    const groups = await database.query<{ fee_group: string; rates: { instrument: string | null; maker: number; taker: number }[] }>('SELECT fee_group, rates FROM fee_groups');
    expect(new Map(groups.map(({ fee_group: group, rates }) => [group, rates.map(({ instrument, maker, taker }) => ({ instrument, makerRate: maker, takerRate: taker }))])))
      .toEqual(venue.rates);
    const transfers = await text(`SELECT transfer_id, kind, status, from_account, to_account, asset, amount, settled_amount, reference, note, expires_us, reverses, sequence, created_us
      FROM transfers WHERE kind <> 'opening'`);
    expect(sorted(transfers)).toEqual(sorted([...venue.transfers.values()].map((transfer) => ({
      transfer_id: transfer.transferId, kind: transfer.kind, status: transfer.status, from_account: transfer.from, to_account: transfer.to, asset: transfer.asset,
      amount: transfer.amount, settled_amount: transfer.settledAmount, reference: transfer.reference, note: transfer.note,
      expires_us: transfer.expiresUs === null ? null : String(transfer.expiresUs), reverses: transfer.reverses, sequence: String(transfer.sequence),
      created_us: String(transfer.createdUs),
    }))));
    expect(new Set(transfers.map(({ status }) => status))).toEqual(new Set(['pending', 'posted', 'voided', 'rejected', 'expired']));

    for (const [id, order] of venue.orders) expect({ ...await writer.history.order(id) }).toEqual(order);
    const charged = new Map<string, bigint>();
    for (const { order_id: id, fee } of await text('SELECT order_id, sum(fee) AS fee FROM fills GROUP BY order_id')) charged.set(id as string, BigInt(fee as string));
    for (const [id, order] of venue.orders) expect(charged.get(id) ?? 0n).toBe(chargedUnits(order.fees));
    const filled = [...venue.orders.values()].filter(({ filledLots }) => filledLots > 0).slice(0, 50);
    for (const { orderId, clientId } of filled) {
      const trades = await writer.history.tradesOfOrder(orderId);
      expect(trades.length).toBeGreaterThan(0);
      for (const trade of trades) {
        const isMaker = trade.makerOrderId === orderId;
        expect(isMaker ? trade.makerClientId : trade.takerClientId).toBe(clientId);
        const [fill] = await text(`SELECT fee FROM fills WHERE trade_id = ${trade.tradeId} AND instrument = '${trade.instrument}' AND role = '${isMaker ? 'maker' : 'taker'}'`);
        expect(isMaker ? trade.makerFee : trade.takerFee).toBe(fill?.fee);
      }
    }
  });

  it('has a snapshot of each account as often as its postings ask for', async () => {
    const every = 40;
    const venue = await played(testSeed('snapshots'), {}, { batchEntriesMax: 1, accountSnapshotEvery: every });
    const snapshots = await database.query<{ account: string; sequence: string; postings: string; balances: { asset: string; total: string; held: string }[] }>(
      'SELECT account, sequence, postings, balances FROM account_snapshots ORDER BY account, sequence');
    const expected = [...venue.events].flatMap(([account, events]) => {
      const found: { account: string; sequence: string; postings: string }[] = [];
      let told = 0;
      events.forEach((event, i) => {
        const sequence = event.eventId.split(':')[0] as string;
        // Behind the last posting of its entry.
        if (events[i + 1]?.eventId.split(':')[0] === sequence) return;
        if (Math.floor((i + 1) / every) > Math.floor(told / every)) found.push({ account, sequence, postings: String(i + 1) });
        told = i + 1;
      });
      return found;
    });
    expect(snapshots.map(({ account, sequence, postings }) => ({ account, sequence, postings })))
      .toEqual(expected.sort((a, b) => (a.account === b.account ? Number(a.sequence) - Number(b.sequence) : a.account < b.account ? -1 : 1)));
    expect(new Set(snapshots.map(({ account }) => account)).has(FEES)).toBe(true);
    expect(new Set(snapshots.map(({ account }) => account)).has(ISSUANCE)).toBe(true);
    for (const { account, sequence, balances } of snapshots) {
      const totals = await text(`SELECT asset, sum(amount) AS total FROM ledger WHERE account = '${account.replaceAll("'", "''")}' AND sequence <= ${sequence} GROUP BY asset ORDER BY asset`);
      const told = balances.filter(({ asset }) => totals.some((row) => row.asset === asset)).map(({ asset, total }) => ({ asset, total }));
      expect(told).toEqual(totals);
    }
  });

  it('is nothing where no money is kept', async () => {
    const venue = await played(testSeed('off'), { funds: 'off', weights: { place: 60, cancel: 20, amend: 15, massCancel: 2, refuse: 3, transfer: 0, end: 0, account: 0, feeGroup: 0 } });
    for (const table of ['accounts', 'balances', 'fills', 'transfers', 'positions', 'account_snapshots', 'fee_groups']) expect(await text(`SELECT * FROM ${table}`)).toEqual([]);
    const [trades] = await text('SELECT count(*) AS count, count(maker_account) AS accounts, sum(maker_fee + taker_fee) AS fees FROM trades');
    expect(Number(trades?.count)).toBeGreaterThan(100);
    expect(trades).toMatchObject({ accounts: trades?.count, fees: '0' });
    for (const [id, order] of venue.orders) expect((await writer.history.order(id))?.fees).toBe(order.fees);
  });
});
