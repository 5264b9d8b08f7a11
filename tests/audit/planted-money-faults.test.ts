import { ENTRY, positionsOf } from '../../src/domain/layouts';
import { compactId } from '../../src/domain/order-id';
import { referenceDigest, reversalDigest } from '../../src/engine/idempotency';
import { ShardView } from '../persistence/support/shard-view';
import { Client } from '../support/client';
import { Venue } from '../support/venue';
import { Planting, type Fault } from './planting';
import { audit } from './support';

/** Faults of money, each planted alone in a venue at rest: an audit finds it and names it. */

const TABLES = [
  'journal', 'orders', 'trades', 'accounts', 'balances', 'fills', 'transfers', 'positions', 'account_snapshots', 'fee_groups', 'checkpoints',
] as const;
const STRANGER = '01890000-0000-7000-8000-000000000001';
const ENTRY_AT = positionsOf(ENTRY);

let venue: Venue;
let planting: Planting;
let client: Client;
/** A bid of ann's that rests, partly filled; a transfer of hers to bob that is pending; a deposit; a transfer that was moved back. */
const ids = { bid: '', pending: '', deposit: '', reversed: '', withdrawal: '' };
/** Log sequences of the last trade, and of ann's opening. */
let traded: number;
let opened: number;

const key = (name: string): string => planting.key(name);
const redis = (...args: string[]): Promise<unknown> => planting.redis(...args);
const sql = (text: string): Promise<unknown> => planting.sql(text);

async function post(path: string, body: unknown, status = 201): Promise<Record<string, string>> {
  const answer = await client.post<Record<string, string>>(path, body);
  expect([path, answer.status, answer.body]).toEqual([path, status, answer.body]);
  return answer.body;
}

const order = (account: string, side: string, price: string, quantity: string): Promise<Record<string, string>> => (
  post('/orders', { client_id: account, instrument: 'BTC-USD', side, type: 'limit', price, quantity })
);

async function rates(group: string, ...rows: readonly object[]): Promise<void> {
  const { status, body } = await client.call('PUT', `/fee-groups/${group}`, { body: { rates: rows } });
  expect([group, status, body]).toEqual([group, 200, body]);
}

async function usualRates(): Promise<void> {
  await rates('vip', { instrument: 'BTC-USD', maker: '0', taker: '0.0002' }, { maker: '0', taker: '0.0003' });
  await rates('default', { maker: '-0.0001', taker: '0.0005' });
}

/** Adds to what an account has of an asset in Redis, and to what of it is held. */
async function add(account: string, asset: string, total: bigint, held = 0n): Promise<void> {
  const record = (await redis('HGET', key('accounts'), account)) as string;
  const changed = record.replace(new RegExp(`"${asset}",(-?\\d+),(\\d+)`), (_, before: string, heldBefore: string) => (
    `"${asset}",${BigInt(before) + total},${BigInt(heldBefore) + held}`));
  expect(changed).not.toBe(record);
  await redis('HSET', key('accounts'), account, changed);
}

beforeAll(async () => {
  venue = await Venue.open({ environment: { FUNDS: 'required', ACCOUNT_SNAPSHOT_EVERY: '10' } });
  const shard = new ShardView(venue);
  let running = await venue.start();
  client = new Client(() => running.url);
  await usualRates();
  await post('/accounts', { account_id: 'ann', name: 'Ann', deposits: [{ asset: 'USD', amount: '100000' }, { asset: 'BTC', amount: '5' }] });
  opened = await shard.meta('seq');
  await post('/accounts', { account_id: 'bob', fee_group: 'vip', deposits: [{ asset: 'BTC', amount: '20' }, { asset: 'USD', amount: '1000' }] });
  for (let i = 0; i < 8; i++) {
    await order('ann', 'buy', '123.45', `0.${i + 1}`);
    await order('bob', 'sell', '123.40', `0.${i + 1}`);
  }
  // Through zero, and with oneself.
  await order('bob', 'buy', '130.00', '6');
  await order('ann', 'sell', '130.00', '5.6');
  await order('bob', 'sell', '129.00', '0.4');
  // A rebate of older rates, of which its taker pays less.
  await order('ann', 'buy', '110.00', '0.3');
  await rates('default', { maker: '0', taker: '0.0005' });
  await rates('vip', { maker: '0', taker: '0.00005' });
  await order('bob', 'sell', '110.00', '0.3');
  await usualRates();
  ids.deposit = (await post('/deposits', { account_id: 'ann', asset: 'USD', amount: '10', reference: 'wire-1' })).deposit_id as string;
  ids.reversed = (await post('/transfers', { from: 'ann', to: 'bob', asset: 'USD', amount: '7' })).transfer_id as string;
  await post(`/transfers/${ids.reversed}/reverse`, {});
  ids.withdrawal = (await post('/withdrawals', { account_id: 'ann', asset: 'USD', amount: '3' })).withdrawal_id as string;
  await post(`/withdrawals/${ids.withdrawal}/complete`, {}, 200);
  ids.pending = (await post('/transfers', { from: 'ann', to: 'bob', asset: 'USD', amount: '20', pending: true, timeout_s: 86_400 })).transfer_id as string;
  ids.bid = (await order('ann', 'buy', '100.00', '2')).order_id as string;
  await order('bob', 'sell', '100.00', '0.5');
  traded = await shard.meta('seq');
  await shard.persisted();
  await running.stop();

  // What is only in Redis so far is audited as well.
  running = await venue.start({ ROLES: 'api' });
  await order('bob', 'sell', '100.00', '0.1');
  await post('/deposits', { account_id: 'carl', asset: 'USD', amount: '1', reference: 'wire-2' });
  await running.stop();
  client.close();
  planting = await Planting.begin(venue, TABLES);
  expect(planting.last.sequence).toBeGreaterThan(planting.last.persisted);
}, 60_000);

const MONEY = 'redis: accounts, balances, holds, groups of fees, pending transfers and references equal the replay: ';
const OWNERS = 'redis: no key without an owner, every structure tells the same: ';
const STATE = 'redis: orders, books, queues, depths, listings and counters equal the replay: ';
const JOURNAL = 'journal without gaps, every entry follows from those before: ';
const ACCOUNTS = 'postgres: accounts, balances, holds and groups of fees equal the replay: ';
const FILLS = 'postgres: fills with fees and totals equal the replay: ';
const TRANSFERS = 'postgres: deposits, withdrawals and transfers equal the replay: ';
const POSITIONS = 'postgres: positions equal the replay: ';
const SNAPSHOTS = 'postgres: snapshots of accounts equal the replay: ';

const fillOf = (role: string): string => `fill 0 of entry ${traded}, its ${role}'s side of trade 12 of BTC-USD,`;

const inRedis: Fault[] = [
  {
    name: 'a unit too much at one account', keys: ['accounts'], byCommand: true,
    plant: () => add('ann', 'USD', 1n), finds: () => new RegExp(`^${MONEY}balance of ann in USD \\.total: expected "\\d+", got "\\d+"$`),
  }, {
    name: 'a unit too much, as the sum over all accounts', keys: ['accounts'],
    plant: () => add('bob', 'BTC', 1n), finds: () => `${OWNERS}asset BTC adds up to 1 over all accounts`,
  }, {
    name: 'a unit from one account to another', keys: ['accounts'],
    plant: async () => { await add('ann', 'USD', -1n); await add('bob', 'USD', 1n); }, finds: () => `${MONEY}balance of bob in USD .total: `,
  }, {
    name: 'a hold left behind', keys: ['accounts'],
    plant: () => add('ann', 'USD', 0n, 100n), finds: () => `${MONEY}balance of ann in USD .held: `,
  }, {
    name: 'a hold left behind, as its orders and transfers say', keys: ['accounts'],
    plant: () => add('ann', 'USD', 0n, 100n), finds: () => new RegExp(`^${OWNERS}account ann has \\d+ of USD held, its orders and transfers say \\d+$`),
  }, {
    name: 'a fee not credited', keys: ['accounts'],
    plant: () => add('@fees', 'USD', -5_000n), finds: () => `${MONEY}balance of @fees in USD .total: `,
  }, {
    name: 'a fill counted twice', keys: ['accounts'],
    plant: async () => {
      await add('ann', 'USD', -500_000_000_000n);
      await add('ann', 'BTC', 50_000_000n);
      await add('bob', 'USD', 500_000_000_000n);
      await add('bob', 'BTC', -50_000_000n);
    },
    finds: () => `${MONEY}balance of bob in BTC .total: `,
  }, {
    name: 'a transfer posted twice', keys: ['accounts'],
    plant: async () => { await add('ann', 'USD', -70_000_000_000n); await add('bob', 'USD', 70_000_000_000n); },
    finds: () => `${MONEY}balance of ann in USD .total: `,
  }, {
    name: 'an account that is gone', keys: ['accounts'],
    plant: () => redis('HDEL', key('accounts'), 'carl'), finds: () => `${MONEY}account carl: expected {"account":"carl"`,
  }, {
    name: 'an account that nobody has made', keys: ['accounts'],
    plant: async () => redis('HSET', key('accounts'), 'dora', (await redis('HGET', key('accounts'), 'carl')) as string),
    finds: () => `${MONEY}account dora: expected null, got `,
  }, {
    name: 'an account with credit that nobody gave', keys: ['accounts'],
    plant: async () => redis('HSET', key('accounts'), 'ann', ((await redis('HGET', key('accounts'), 'ann')) as string).replace(/^1,1,0,/, '1,1,2,')),
    finds: () => `${MONEY}account ann .credit: expected "venue", got "unlimited"`,
  }, {
    name: 'an account that cannot be read', keys: ['accounts'],
    plant: () => redis('HSET', key('accounts'), 'carl', 'nonsense'), finds: () => `${OWNERS}account carl: nonsense cannot be read: `,
  }, {
    name: 'rates of a group that were altered', keys: ['fee_groups'],
    plant: async () => redis('HSET', key('fee_groups'), 'vip', ((await redis('HGET', key('fee_groups'), 'vip')) as string).replace('200', '201')),
    finds: () => `${MONEY}group of fees vip .rates[0].takerRate: expected 200, got 201`,
  }, {
    name: 'a group of fees that is gone', keys: ['fee_groups'],
    plant: () => redis('HDEL', key('fee_groups'), 'vip'), finds: () => `${MONEY}group of fees vip is missing`,
  }, {
    name: 'an order that was charged otherwise', keys: ['orders'],
    plant: async () => {
      const stored = (await redis('HGET', key('orders'), compactId(ids.bid))) as string;
      const changed = stored.replace(/\[-100,500,"(-?\d+)",(\d+)\]/, (_, units: string, millionths: string) => `[-100,500,"${BigInt(units) + 1n}",${millionths}]`);
      expect(changed).not.toBe(stored);
      await redis('HSET', key('orders'), compactId(ids.bid), changed);
    },
    finds: () => `${STATE}order ${ids.bid} .fees.units: expected "-60000000", got "-59999999"`,
  }, {
    name: 'a pending transfer that is gone', keys: ['transfers', 'timers'],
    plant: async () => { await redis('DEL', key('timers')); await redis('HDEL', key('transfers'), compactId(ids.pending)); },
    finds: () => `${MONEY}pending transfer ${ids.pending} is missing`,
  }, {
    name: 'a pending transfer of another amount', keys: ['transfers'],
    plant: async () => redis('HSET', key('transfers'), compactId(ids.pending), ((await redis('HGET', key('transfers'), compactId(ids.pending))) as string).replace('"200000000000"', '"200000000001"')),
    finds: () => `${MONEY}pending transfer ${ids.pending} .amount: expected "200000000000", got "200000000001"`,
  }, {
    name: 'a pending transfer without a timer', keys: ['timers'],
    plant: () => redis('DEL', key('timers')), finds: () => `${OWNERS}transfer ${ids.pending} has no timer`,
  }, {
    name: 'a pending transfer that would expire early', keys: ['timers'],
    plant: () => redis('ZINCRBY', key('timers'), '-1', compactId(ids.pending)), finds: () => `${OWNERS}transfer ${ids.pending} is timed for `,
  }, {
    name: 'a reference that could be used again', keys: ['references'],
    plant: () => redis('HDEL', key('references'), referenceDigest('USD', 'wire-1')), finds: () => `${MONEY}reference wire-1 of a deposit of USD .sequence: expected `,
  }, {
    name: 'a transfer that could be moved back again', keys: ['references'],
    plant: () => redis('HDEL', key('references'), reversalDigest(ids.reversed)), finds: () => `${MONEY}reversal of transfer ${ids.reversed} .sequence: expected `,
  }, {
    name: 'a reference that nobody used', keys: ['references'],
    plant: () => redis('HSET', key('references'), 'x'.repeat(22), '3,1'), finds: () => `${MONEY}reference ${'x'.repeat(22)} points at entry 3, no deposit`,
  }, {
    name: 'funds that are kept in another way than the record says', keys: ['meta'],
    plant: () => redis('HSET', key('meta'), 'funds', '1'), finds: () => 'checkpoint and log agree: funds are paper in redis, required in postgres',
  }, {
    name: 'a finding of the running audit', keys: ['meta'],
    plant: () => redis('HSET', key('meta'), 'breach', '[]'), finds: () => 'checkpoint and log agree: the audit of balances has stopped orders, transfers and withdrawals: []',
  },
];

const inPostgres: Fault[] = [
  {
    name: 'a unit too much at one account', tables: ['balances'],
    plant: () => sql(`UPDATE balances SET total = total + 1 WHERE account = 'ann' AND asset = 'USD'`),
    finds: () => new RegExp(`^${ACCOUNTS}balance of ann in USD \\.total: expected "\\d+", got "\\d+"$`),
  }, {
    name: 'a hold left behind', tables: ['balances'],
    plant: () => sql(`UPDATE balances SET held = held + 1 WHERE account = 'ann' AND asset = 'USD'`), finds: () => `${ACCOUNTS}balance of ann in USD .held: `,
  }, {
    name: 'a fee not credited', tables: ['balances'],
    plant: () => sql(`UPDATE balances SET total = total - 1 WHERE account = '@fees'`), finds: () => `${ACCOUNTS}balance of @fees in USD .total: `,
  }, {
    name: 'a balance that is gone', tables: ['balances'],
    plant: () => sql(`DELETE FROM balances WHERE account = 'bob' AND asset = 'BTC'`), finds: () => `${ACCOUNTS}balance of bob in BTC .total: `,
  }, {
    name: 'a posting counted twice', tables: ['balances'],
    plant: () => sql(`UPDATE balances SET postings = postings + 1 WHERE account = 'bob' AND asset = 'BTC'`), finds: () => `${ACCOUNTS}balance of bob in BTC .postings: `,
  }, {
    name: 'a balance that says it is of a later entry', tables: ['balances'],
    plant: () => sql(`UPDATE balances SET sequence = sequence + 1 WHERE account = 'bob' AND asset = 'BTC'`), finds: () => `${ACCOUNTS}balance of bob in BTC .sequence: `,
  }, {
    name: 'an account that is gone', tables: ['accounts'],
    plant: () => sql(`DELETE FROM accounts WHERE account = 'bob'`), finds: () => `${ACCOUNTS}account bob is missing`,
  }, {
    name: 'an account that nobody has made', tables: ['accounts'],
    plant: () => sql(`INSERT INTO accounts SELECT shard, 'dora', name, status, credit, fee_group, created_us, sequence FROM accounts WHERE account = 'ann'`),
    finds: () => `${ACCOUNTS}account dora is in no journal entry`,
  }, {
    name: 'an account with another status', tables: ['accounts'],
    plant: () => sql(`UPDATE accounts SET status = 'suspended' WHERE account = 'ann'`), finds: () => `${ACCOUNTS}account ann .status: expected "active", got "suspended"`,
  }, {
    name: 'rates of a group that were altered', tables: ['fee_groups'],
    plant: () => sql(`UPDATE fee_groups SET rates = jsonb_set(rates, '{0,maker}', '-101') WHERE fee_group = 'default'`),
    finds: () => `${ACCOUNTS}group of fees default .rates[0].makerRate: expected -100, got -101`,
  }, {
    name: 'an order that was charged otherwise', tables: ['orders'],
    plant: () => sql(`UPDATE orders SET fee_units = fee_units + 1 WHERE order_id = '${ids.bid}'`),
    finds: () => `postgres: orders equal the replay: order ${ids.bid} .fees.units: `,
  }, {
    name: 'a trade with another fee', tables: ['trades'],
    plant: () => sql('UPDATE trades SET taker_fee = taker_fee + 1 WHERE trade_id = 3'), finds: () => 'postgres: trades equal the replay: trade 3 of BTC-USD .takerFee: ',
  }, {
    name: 'a trade of another account', tables: ['trades'],
    plant: () => sql(`UPDATE trades SET maker_account = 'bob' WHERE trade_id = 3`),
    finds: () => 'postgres: trades equal the replay: trade 3 of BTC-USD .makerClientId: expected "ann", got "bob"',
  }, {
    name: 'a fill that is missing', tables: ['fills'],
    plant: () => sql(`DELETE FROM fills WHERE sequence = ${traded} AND role = 'maker'`), finds: () => `${FILLS}${fillOf('maker')} is missing`,
  }, {
    name: 'a fill counted twice', tables: ['fills'],
    plant: () => sql(`INSERT INTO fills SELECT sequence, executed_us + 1, trade_id, price_ticks, quantity_lots, fill, fee_rate, order_id, shard, instrument, account, side, role,
      base_units, value, fee, base_after, quote_after, fees_after FROM fills WHERE sequence = ${traded} AND role = 'taker'`),
    finds: () => `${FILLS}${fillOf('taker')} is there twice`,
  }, {
    name: 'a fill too many', tables: ['fills'],
    plant: () => sql(`INSERT INTO fills SELECT sequence - 1, executed_us, trade_id, price_ticks, quantity_lots, fill, fee_rate, order_id, shard, instrument, account, side, role,
      base_units, value, fee, base_after, quote_after, fees_after FROM fills WHERE sequence = ${traded} AND role = 'taker'`),
    finds: () => `${FILLS}fill 0 of entry ${traded - 1}, its taker's side of trade 12 of BTC-USD, is of no journal entry`,
  }, {
    name: 'a fill with another fee', tables: ['fills'],
    plant: () => sql(`UPDATE fills SET fee = fee + 1 WHERE sequence = ${traded} AND role = 'taker'`), finds: () => `${FILLS}${fillOf('taker')} .fee: `,
  }, {
    name: 'a fill with another total behind it', tables: ['fills'],
    plant: () => sql(`UPDATE fills SET quote_after = quote_after + 1 WHERE sequence = ${traded} AND role = 'maker'`), finds: () => `${FILLS}${fillOf('maker')} .quoteAfter: `,
  }, {
    name: 'a fill whose fee @fees did not get', tables: ['fills'],
    plant: () => sql(`UPDATE fills SET fees_after = fees_after - fee WHERE sequence = ${traded} AND role = 'taker'`), finds: () => `${FILLS}${fillOf('taker')} .feesAfter: `,
  }, {
    name: 'a fill that was worth more', tables: ['fills'],
    plant: () => sql(`UPDATE fills SET value = value + 1 WHERE sequence = ${traded} AND role = 'taker'`), finds: () => `${FILLS}${fillOf('taker')} .value: `,
  }, {
    name: 'a transfer posted twice', tables: ['transfers'], byCommand: true,
    plant: () => sql(`INSERT INTO transfers SELECT shard, sequence, 1, '${STRANGER}', kind, status, from_account, to_account, asset, amount, settled_amount, NULL, note, expires_us,
      reverses, created_us, ended_sequence, ended_us, from_after, to_after FROM transfers WHERE transfer_id = '${ids.deposit}'`),
    finds: () => `${TRANSFERS}deposit ${STRANGER} is in no journal entry`,
  }, {
    name: 'a transfer that posted more than it did', tables: ['transfers'],
    plant: () => sql(`UPDATE transfers SET settled_amount = settled_amount - 1 WHERE transfer_id = '${ids.withdrawal}'`),
    finds: () => `${TRANSFERS}withdrawal ${ids.withdrawal} .settledAmount: `,
  }, {
    name: 'a pending transfer that is told as posted', tables: ['transfers'],
    plant: () => sql(`UPDATE transfers SET status = 'posted', ended_sequence = sequence, ended_us = created_us, from_after = 0, to_after = 0 WHERE transfer_id = '${ids.pending}'`),
    finds: () => `${TRANSFERS}transfer ${ids.pending} .status: expected "pending", got "posted"`,
  }, {
    name: 'a transfer with another total behind it', tables: ['transfers'],
    plant: () => sql(`UPDATE transfers SET to_after = to_after + 1 WHERE transfer_id = '${ids.reversed}'`), finds: () => `${TRANSFERS}transfer ${ids.reversed} .toAfter: `,
  }, {
    name: 'a deposit with another reference', tables: ['transfers'],
    plant: () => sql(`UPDATE transfers SET reference = 'wire-9' WHERE transfer_id = '${ids.deposit}'`), finds: () => `${TRANSFERS}deposit ${ids.deposit} .reference: `,
  }, {
    name: 'an opening deposit that is gone', tables: ['transfers'],
    plant: () => sql(`DELETE FROM transfers WHERE kind = 'opening' AND sequence = ${opened}`), finds: () => `${TRANSFERS}deposit 0 that entry ${opened} opens with is missing`,
  }, {
    name: 'a position off by one', tables: ['positions'],
    plant: () => sql(`UPDATE positions SET net_lots = net_lots + 1 WHERE account = 'ann'`), finds: () => `${POSITIONS}position of ann in BTC-USD .position.netLots: `,
  }, {
    name: 'a profit off by one', tables: ['positions'],
    plant: () => sql(`UPDATE positions SET realized = realized + 1 WHERE account = 'bob'`), finds: () => `${POSITIONS}position of bob in BTC-USD .position.realized: `,
  }, {
    name: 'a position that counts a fill twice', tables: ['positions'],
    plant: () => sql(`UPDATE positions SET bought_lots = bought_lots + 50000000 WHERE account = 'ann'`), finds: () => `${POSITIONS}position of ann in BTC-USD .position.boughtLots: `,
  }, {
    name: 'a position that is gone', tables: ['positions'],
    plant: () => sql(`DELETE FROM positions WHERE account = 'bob'`), finds: () => `${POSITIONS}position of bob in BTC-USD is missing`,
  }, {
    name: 'a snapshot off by one', tables: ['account_snapshots'], byCommand: true,
    plant: () => sql(`UPDATE account_snapshots SET balances = jsonb_set(balances, '{1,total}', to_jsonb(((balances->1->>'total')::numeric + 1)::text))
      WHERE account = 'ann' AND sequence = (SELECT min(sequence) FROM account_snapshots WHERE account = 'ann')`),
    finds: () => new RegExp(`^${SNAPSHOTS}snapshot of ann at entry \\d+: balance in USD \\.total: `),
  }, {
    name: 'a snapshot with another hold', tables: ['account_snapshots'],
    plant: () => sql(`UPDATE account_snapshots SET balances = jsonb_set(balances, '{1,held}', '"1"') WHERE account = 'bob'`),
    finds: () => new RegExp(`^${SNAPSHOTS}snapshot of bob at entry \\d+: balance in USD \\.held: expected "0", got "1"$`),
  }, {
    name: 'a snapshot that counts a posting twice', tables: ['account_snapshots'],
    plant: () => sql(`UPDATE account_snapshots SET postings = postings + 1 WHERE account = 'ann'`),
    finds: () => new RegExp(`^${SNAPSHOTS}snapshot of ann at entry \\d+ \\.postings: expected \\d+, got \\d+$`),
  }, {
    name: 'a snapshot of no entry', tables: ['account_snapshots'],
    plant: () => sql(`UPDATE account_snapshots SET sequence = 100000 WHERE account = 'ann' AND sequence = (SELECT max(sequence) FROM account_snapshots WHERE account = 'ann')`),
    finds: () => `${SNAPSHOTS}snapshot of ann at entry 100000: there is no such entry`,
  }, {
    name: 'a journal entry with a unit too much', tables: ['journal'],
    plant: async () => {
      const entry = await planting.payload(traded);
      const balance = (entry[ENTRY_AT.events] as unknown[][]).find(([, account, asset]) => account === 'ann' && asset === 'USD') as unknown[];
      balance[3] = String(BigInt(balance[3] as string) + 1n);
      await planting.setPayload(traded, entry);
    },
    finds: () => `${JOURNAL}entry ${traded}: balances of USD add up to 1 more than before`,
  },
];

describe('an audit of money finds nothing', () => {
  it('in a venue that has opened, paid in and out, transferred, moved back and traded', async () => {
    expect(await audit(venue)).toEqual([]);
    const count = async (table: string): Promise<number> => Number((await venue.database.query<{ count: string }>(`SELECT count(*) FROM ${table}`))[0]?.count);
    for (const table of TABLES) expect([table, await count(table)]).not.toEqual([table, 0]);
    expect(await venue.database.query(`SELECT account FROM positions WHERE net_lots < 0`)).not.toEqual([]);
    expect(await venue.database.query('SELECT a.sequence FROM fills AS a JOIN fills AS b USING (sequence, fill, account) WHERE a.role < b.role')).not.toEqual([]);
    expect(await venue.database.query(`SELECT role FROM fills WHERE fee_rate = -50`)).toEqual([{ role: 'maker' }]);
    expect(await venue.database.query(`SELECT count(DISTINCT account) AS accounts FROM account_snapshots`)).toEqual([{ accounts: '3' }]);
  });
});

describe('an audit of Redis finds, and says what is wrong and where:', () => {
  it.each(inRedis)('$name', (fault) => planting.expectFound(fault));
});

describe('an audit of the record finds, and says what is wrong and where:', () => {
  it.each(inPostgres)('$name', (fault) => planting.expectFound(fault));
});

afterAll(async () => {
  try {
    await planting.expectSound();
  } finally {
    await venue.close();
  }
});
