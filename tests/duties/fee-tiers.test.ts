import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import type { FeeTier } from '../../src/domain/fee-tiers';
import type { LogEntry } from '../../src/domain/log-entry';
import type { ResultCode } from '../../src/domain/result-code';
import { FeeTierDuty, groupOfVolumes, type TieredVenue } from '../../src/duties/fee-tier-duty';
import { connectionOf } from '../../src/shard/connection';
import { readConfig } from '../../src/config';
import { Purse, type Body } from '../http/money/support/purse';
import { temporaryDirectory } from '../support/servers';
import { until } from '../support/until';
import { testLogger } from '../support/venue';

/** Groups of fees by the volume of the 30 days before. */

const TIERS: readonly FeeTier[] = [
  { feeGroup: 'silver', asset: 'USD', volume: '1000' }, { feeGroup: 'gold', asset: 'USD', volume: '5000.5' }, { feeGroup: 'euro', asset: 'EUR', volume: '10' },
];
const DECIMALS = 10;
const DAY_MS = 86_400_000;
const units = (text: string): bigint => BigInt(text) * 10n ** BigInt(DECIMALS);

test('an account is in the group of the last row that it has reached', () => {
  const group = (volumes: Readonly<Record<string, bigint>>): string => groupOfVolumes(TIERS, new Map(Object.entries(volumes)), () => DECIMALS);
  expect(group({})).toBe('default');
  expect(group({ USD: units('1000') - 1n })).toBe('default');
  expect(group({ USD: units('1000') })).toBe('silver');
  expect(group({ USD: units('5000') + units('1') / 2n - 1n })).toBe('silver');
  expect(group({ USD: units('5000') + units('1') / 2n })).toBe('gold');
  expect(group({ EUR: units('10') })).toBe('euro');
  expect(group({ USD: units('9999'), EUR: units('9') })).toBe('gold');
  expect(group({ USD: units('9999'), EUR: units('10') })).toBe('euro');
});

describe('a group of the tiers that is not there', () => {
  const GONE: readonly FeeTier[] = [{ feeGroup: 'silver', asset: 'USD', volume: '1' }, { feeGroup: 'gold', asset: 'USD', volume: '10' }];

  /** Accounts that have traded for more and more, of whom every second one reaches gold, at a venue that knows silver only. */
  function venueOf(count: number, page: number, code: ResultCode = 'fee_group_not_found') {
    const names = Array.from({ length: count }, (_, i) => `account-${String(i).padStart(4, '0')}`);
    const groups = new Map(names.map((name) => [name, 'default']));
    const said: { readonly level: number; readonly [fact: string]: unknown }[] = [];
    const asked: string[] = [];
    const venue: TieredVenue = {
      volumes: () => Promise.resolve(names.map((account, i) => ({ account, asset: 'USD', value: String(units(i % 2 === 0 ? '10' : '1')) }))),
      accounts: (behind) => Promise.resolve(names.filter((name) => name > behind).slice(0, page).map((account) => (
        { account, name: null, status: 'active', credit: 'none', feeGroup: groups.get(account) as string, createdUs: 1 }))),
      submitAll: (commands) => Promise.resolve(commands.map((command) => {
        if (command.op !== 'account' || command.feeGroup === null) throw new Error(command.op);
        asked.push(command.account);
        if (command.feeGroup === 'gold') return { outcome: 'refused', code, order: null };
        groups.set(command.account, command.feeGroup);
        return { outcome: 'logged', entry: {} as LogEntry };
      })),
    };
    const logger = pino({ level: 'info' }, { write: (line: string) => said.push(JSON.parse(line) as { level: number }) });
    const duty = new FeeTierDuty(venue, { tiers: GONE, decimalsOf: () => DECIMALS, isOnDuty: () => true, nowMs: () => Date.now() }, logger);
    return { duty, groups, said, asked };
  }

  it('keeps nobody else from his own, is told once an evaluation, and tried again at the next', async () => {
    const { duty, groups, said, asked } = venueOf(6, 1_000);
    const warned = { level: 40, code: 'fee_group_not_found', feeGroup: 'gold', count: 3, accounts: ['account-0000', 'account-0002', 'account-0004'] };
    expect(await duty.evaluate(20_000)).toBe(3);
    expect([...groups.values()]).toEqual(['default', 'silver', 'default', 'silver', 'default', 'silver']);
    expect([said.length, said, asked.length]).toMatchObject([1, [warned], 6]);
    expect(await duty.evaluate(20_001)).toBe(0);
    expect([said.length, said, asked.length]).toMatchObject([2, [warned, warned], 9]);
  });

  it('is told with a few of many accounts', async () => {
    const { duty, said } = venueOf(2_500, 1_000);
    expect(await duty.evaluate(20_000)).toBe(1_250);
    expect(said).toMatchObject([{ count: 1_250 }]);
    expect(said[0]?.accounts).toHaveLength(10);
  });

  it('is another thing than a venue that takes nothing now: that is tried again soon', async () => {
    const { duty, said } = venueOf(6, 1_000, 'engine_frozen');
    await expect(duty.evaluate(20_000)).rejects.toThrow('engine_frozen');
    expect(said).toEqual([]);
  });
});

describe('at a venue', () => {
  const directory = temporaryDirectory('tiers');
  const file = join(directory.path, 'tiers.json');
  let purse: Purse;
  beforeAll(async () => {
    writeFileSync(file, JSON.stringify([{ fee_group: 'silver', asset: 'USD', volume: '1000' }, { fee_group: 'gold', asset: 'USD', volume: '5000.5' }]));
    purse = await Purse.open('required');
    for (const [group, taker] of [['silver', '0.0004'], ['gold', '0.0003'], ['friends', '0.0001']]) {
      expect((await purse.client.call('PUT', `/fee-groups/${String(group)}`, { body: { rates: [{ maker: '0.0001', taker }] } })).status).toBe(200);
    }
  });
  afterAll(async () => {
    directory.remove();
    await purse.close();
  });

  const groupOf = async (account: string): Promise<unknown> => (await purse.client.get<Body>(`/accounts/${account}`)).body.fee_group;

  it('accounts go where the volume of 30 days leads, up and down again, once a day; those that somebody has put elsewhere stay', async () => {
    const { venue } = purse.service;
    const seller = await purse.account({ BTC: '1000' }, { fee_group: 'friends' });
    const [small, middle, large] = [await purse.account({ USD: '2000' }), await purse.account({ USD: '2000' }), await purse.account({ USD: '9000' }, { fee_group: 'silver' })];
    const idle = await purse.account({ USD: '1' }, { fee_group: 'gold' });
    const gone = await purse.account({}, { fee_group: 'gold' });
    expect((await purse.client.call('PATCH', `/accounts/${gone}`, { body: { status: 'closed' } })).status).toBe(200);
    for (const [account, quantity] of [[small, '9.9999'], [middle, '10'], [large, '50.005']] as const) {
      await purse.place(seller, 'BTC-USD', { side: 'sell', price: '100.00', quantity });
      expect((await purse.place(account, 'BTC-USD', { price: '100.00', quantity })).body.status).toBe('filled');
    }
    await purse.service.persisted();

    const connection = connectionOf(readConfig(venue.environment()), 'tiers', 2, testLogger);
    await connection.redis.connect();
    const { engine, moneyHistory } = connection;
    const duty = new FeeTierDuty({
      volumes: (fromUs, toUs) => moneyHistory.volumes(fromUs, toUs), accounts: (behind, limit) => moneyHistory.accounts(behind, limit),
      submitAll: (commands) => engine.submitAll(commands),
    }, { tiers: TIERS.slice(0, 2), decimalsOf: () => DECIMALS, isOnDuty: () => true, nowMs: () => Date.now() }, testLogger);
    const today = Math.floor(Date.now() / DAY_MS);
    const groups = async (): Promise<unknown[]> => {
      await purse.service.persisted();
      return Promise.all([small, middle, large, seller, idle, gone].map(groupOf));
    };
    try {
      // The day's own trades are not of the days before.
      expect([await duty.evaluate(today), await groups()]).toEqual([2, ['default', 'default', 'default', 'friends', 'default', 'gold']]);
      expect([await duty.evaluate(today + 1), await groups()]).toEqual([2, ['default', 'silver', 'gold', 'friends', 'default', 'gold']]);
      expect(await duty.evaluate(today + 1)).toBe(0);
      expect(await duty.evaluate(today + 30)).toBe(0);
      expect([await duty.evaluate(today + 31), await groups()]).toEqual([2, ['default', 'default', 'default', 'friends', 'default', 'gold']]);
      expect(await duty.evaluate(today + 1)).toBe(2);
    } finally {
      await connection.close();
    }
    // Orders that are placed from now on are charged as their group is.
    await purse.place(seller, 'BTC-USD', { side: 'sell', price: '100.00', quantity: '2' });
    expect((await purse.place(middle, 'BTC-USD', { price: '100.00', quantity: '1' })).body).toMatchObject({ taker_fee_rate: '0.0004' });
    expect((await purse.place(large, 'BTC-USD', { price: '100.00', quantity: '1' })).body).toMatchObject({ taker_fee_rate: '0.0003' });
  });

  it('the service does so by itself', async () => {
    const idle = await purse.account({ USD: '1' }, { fee_group: 'gold' });
    await purse.service.persisted();
    await purse.service.running.stop();
    const again = await purse.service.venue.start({ FEE_TIERS_FILE: file });
    await until('the account is where its volume leads', async () => {
      const answer = await fetch(`${again.url}/accounts/${idle}`);
      return ((await answer.json()) as Body).fee_group === 'default';
    });
  });
});
