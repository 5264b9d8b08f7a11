import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FeeTier } from '../../src/domain/fee-tiers';
import { FeeTierDuty, groupOfVolumes } from '../../src/duties/fee-tier-duty';
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
