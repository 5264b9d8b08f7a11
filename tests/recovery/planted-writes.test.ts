import type { FeeGroup, Transfer } from '../../src/domain/money';
import type { Order, OrderFees } from '../../src/domain/order';
import { RedisConnection } from '../../src/engine/redis-connection';
import { ShardRestorer } from '../../src/engine/shard-restorer';
import { Database } from '../../src/persistence/database';
import { recordedScales } from '../../src/persistence/money-scales';
import { RecoverySource } from '../../src/persistence/recovery-source';
import { rebuild, type RebuildReport } from '../../src/recovery/rebuild';
import { audit } from '../audit/support';
import { Client } from '../support/client';
import { Venue, testLogger } from '../support/venue';

/** A rebuild that wrote something else than it was to does not open the shard: each wrong write planted alone. */

type Fault = (redis: RedisConnection, shard: string) => ShardRestorer;
type References = Parameters<ShardRestorer['addReferences']>[0];

let venue: Venue;
let redis: RedisConnection;
let database: Database;

const order = (account: string, side: string, price: string): object => ({ client_id: account, instrument: 'BTC-USD', side, type: 'limit', price, quantity: '1' });

beforeAll(async () => {
  venue = await Venue.open({ environment: { FUNDS: 'required' } });
  const running = await venue.start();
  const client = new Client(running.url);
  const post = async (path: string, body: object): Promise<Readonly<Record<string, unknown>>> => {
    const answer = await client.post<Record<string, unknown>>(path, body);
    expect([path, answer.status]).toEqual([path, 201]);
    return answer.body;
  };
  for (const group of ['default', 'vip']) await client.call('PUT', `/fee-groups/${group}`, { body: { rates: [{ instrument: 'BTC-USD', maker: '-0.0001', taker: '0.0005' }, { maker: '0', taker: '0.001' }] } });
  await post('/accounts', { account_id: 'ann', deposits: [{ asset: 'USD', amount: '10000' }] });
  await post('/accounts', { account_id: 'bob', fee_group: 'vip', deposits: [{ asset: 'BTC', amount: '5' }] });
  await post('/deposits', { account_id: 'ann', asset: 'USD', amount: '10', reference: 'wire-1' });
  await post('/orders', order('ann', 'buy', '100.00'));
  await post('/orders', order('ann', 'buy', '100.01'));
  await post('/orders', { ...order('bob', 'sell', '100.01'), quantity: '0.4' });
  const { transfer_id: id } = await post('/transfers', { from: 'ann', to: 'bob', asset: 'USD', amount: '7' });
  await post(`/transfers/${String(id)}/reverse`, {});
  await post('/transfers', { from: 'ann', to: 'bob', asset: 'USD', amount: '20', pending: true, timeout_s: 86_400, note: 'rent' });
  await post('/withdrawals', { account_id: 'ann', asset: 'USD', amount: '3', destination: 'a bank' });
  client.close();
  // Its end persists what is left.
  await running.stop();
  redis = new RedisConnection(venue.redisUrl, 'planting', testLogger);
  await redis.connect();
  database = new Database(venue.database.url, 30_000, 2, testLogger);
});
afterAll(async () => {
  redis.close();
  await database.close();
  await venue.close();
});

async function rebuilt(fault: Fault): Promise<RebuildReport> {
  const source = await RecoverySource.open(database, venue.shard, 30_000);
  try {
    const options = { idempotencyTtlS: 60, recentTradesKept: 10, reason: 'test', funds: 'required' as const, scales: await recordedScales(database) };
    return await rebuild(source, fault(redis, venue.shard), options);
  } finally {
    await source.close();
  }
}

/** Of what is to be written, the first that fits is written otherwise. */
function instead<T>(list: readonly T[], other: (one: T) => T | null): T[] {
  const at = list.findIndex((one) => other(one) !== null);
  return list.map((one, i) => (i === at ? other(one) as T : one));
}

const orders = (other: (fees: OrderFees) => OrderFees | null): Fault => (...of) => new class extends ShardRestorer {
  override addOrders(list: readonly Order[]): Promise<void> {
    return super.addOrders(instead(list, (one) => (one.fees === null ? null : { ...one, fees: other(one.fees) })));
  }
}(...of);
const transfers = (change: (list: readonly Transfer[]) => Transfer[]): Fault => (...of) => new class extends ShardRestorer {
  override addTransfers(list: readonly Transfer[]): Promise<void> { return super.addTransfers(change(list)); }
}(...of);
const transfer = (more: Partial<Transfer>): Fault => transfers((list) => instead(list, (one) => (one.kind === 'transfer' ? { ...one, ...more } : null)));
const groups = (change: (list: readonly FeeGroup[]) => FeeGroup[]): Fault => (...of) => new class extends ShardRestorer {
  override addFeeGroups(list: readonly FeeGroup[]): Promise<void> { return super.addFeeGroups(change(list)); }
}(...of);
const references = (change: (list: References) => References): Fault => (...of) => new class extends ShardRestorer {
  override addReferences(list: References): Promise<void> { return super.addReferences(change(list)); }
}(...of);
/** Something that is written besides, or taken away again, at the end of the money. */
const behind = (...command: string[]): Fault => (on, shard) => new class extends ShardRestorer {
  override async addAccounts(...args: Parameters<ShardRestorer['addAccounts']>): Promise<void> {
    await super.addAccounts(...args);
    await on.send(command.map((part) => part.replace('{}', `{${shard}}`)), 1_000);
  }
}(on, shard);

it.each<[string, Fault, RegExp]>([
  ['an order without its fees', orders(() => null), /^the rebuilt book has 2 orders and hash/],
  ['an order with another rate', orders((fees) => ({ ...fees, takerRate: fees.takerRate + 1 })), /^the rebuilt book has 2 orders/],
  ['an order that was charged a millionth more', orders((fees) => ({ ...fees, millionths: fees.millionths + 1 })), /^the rebuilt book has 2 orders/],
  ['a pending transfer too few', transfers((list) => list.slice(1)), /^the rebuilt money .* 1 transfers.*, the record's .* 2 transfers/],
  ['a pending transfer of another amount', transfer({ amount: '1' }), /^the rebuilt money/],
  ['a pending transfer to somebody else', transfer({ to: 'carl' }), /^the rebuilt money/],
  ['a pending transfer with another note', transfer({ note: null }), /^the rebuilt money/],
  ['a pending transfer that never expires', transfer({ expiresUs: null }), /^the rebuilt money/],
  ['a pending transfer without its timer', behind('DEL', '{}:timers'), /^transfer \S+ is timed for no time, it expires at \d+/],
  ['a timer of no transfer', behind('ZADD', '{}:timers', '5', 'nobody'), /^there are 2 timers, and 1 transfers that expire$/],
  ['a group of fees too few', groups((list) => list.slice(1)), /^the rebuilt money .* 1 groups of fees/],
  ['a group with another rate', groups((list) => instead(list, (one) => ({ ...one, rates: one.rates.map((rate) => ({ ...rate, takerRate: 7 })) }))), /^the rebuilt money/],
  ['rates that no order looks for', behind('HDEL', '{}:meta', 'fees'), /^there are 2 groups of fees, and nothing says so/],
  ['a reference too few', references((list) => list.slice(1)), /^1 references are written, the record has 2/],
  ['a reference under another digest', references((list) => instead(list, (one) => ({ ...one, digest: `${one.digest}x` }))), /^the rebuilt money .* 1 references/],
  ['a reference of another entry', references((list) => instead(list, (one) => ({ ...one, sequence: one.sequence + 1 }))), /^the rebuilt money/],
  ['a reference that nobody has used', behind('HSET', '{}:references', 'x', '1,1'), /^3 references are written, the record has 2/],
])('%s', async (_, fault, problem) => {
  await expect(rebuilt(fault)).rejects.toThrow(problem);
  expect(await venue.redis.command('HGET', `{${venue.shard}}:meta`, 'state')).toBe('recovering');
});

it('what was written as it was meant opens, and an audit finds nothing', async () => {
  expect(await rebuilt((...of) => new ShardRestorer(...of))).toMatchObject({ openOrders: 2, accounts: 4 });
  expect(await audit(venue)).toEqual([]);
});
