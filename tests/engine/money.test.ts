import { FAILURE_STEPS, type EngineCommand } from '../../src/domain/commands';
import { FEES } from '../../src/domain/money';
import { referenceDigest, reversalDigest } from '../../src/engine/idempotency';
import { amendCommand, cancelCommand, entryOf, orderOf, placeCommand, refusalOf } from './support/desk';
import {
  UNIT_SCALES, accountCommand, all, balanceIn, changeCommand, depositCommand, feesCommand, transferCommand, unkeyed,
} from './support/purse';
import { describeOnEachRedis } from './support/redis-targets';
import { EPOCH } from './support/test-shard';
import { useShard } from './support/use-shard';

const end = (transferId: string, status: 'posted' | 'voided' | 'expired', amount: string | null = null): EngineCommand => (
  { op: 'transfer_end', transferId, status, amount, ...unkeyed }
);

describeOnEachRedis('an order where money is kept', (target) => {
  const venue = useShard(target, { money: { funds: 'required', scales: UNIT_SCALES } });
  const fund = async (account: string, funds: Readonly<Record<string, string | number>>): Promise<void> => {
    await venue.desk.submit(accountCommand(account, funds));
  };

  test('holds what it could cost at its own limit, and lets go of what a better price saves in the same entry', async () => {
    const { desk } = venue;
    await fund('ann', { USD: 1_000 });
    await fund('bob', { BTC: 10 });
    await desk.sell(90, 4, { client: 'bob' });
    const bought = await desk.buy(100, 10, { client: 'ann' });
    // 4 at 90 are paid, 6 wait at 100.
    expect(balanceIn(bought, 'ann', 'USD')).toEqual({ total: '640', held: '600' });
    expect(balanceIn(bought, 'ann', 'BTC')).toEqual({ total: '4', held: '0' });
    expect(balanceIn(bought, 'bob', 'BTC')).toEqual({ total: '6', held: '0' });
    const cancelled = await desk.submit(cancelCommand(orderOf(bought)));
    expect(balanceIn(cancelled, 'ann', 'USD')).toEqual({ total: '640', held: '0' });
  });

  test('that is not covered is refused, with what it needs and what is there', async () => {
    const { desk } = venue;
    await fund('ann', { USD: 999 });
    expect(await desk.refused(placeCommand('buy', 100, 10, { client: 'ann' }))).toEqual({
      outcome: 'refused', code: 'insufficient_funds', order: null, shortfall: { asset: 'USD', needed: '1000', available: '999' },
    });
    expect((await desk.refused(placeCommand('sell', 100, 1, { client: 'nobody' }))).shortfall).toEqual({ asset: 'BTC', needed: '1', available: '0' });
    // With a key the refusal is told again, though the money has come by then.
    const keyed = placeCommand('buy', 100, 10, { client: 'ann', key: 'k' });
    expect((await desk.submit(keyed)).events).toEqual([{ type: 'shortfall', asset: 'USD', needed: '1000', available: '999' }]);
    await desk.submit(depositCommand('ann', 'USD', 1));
    expect(await desk.engine.submit(keyed)).toMatchObject({ outcome: 'repeated', entry: { kind: 'refuse' } });
    expect((await desk.buy(100, 10, { client: 'ann' })).kind).toBe('place');
  });

  test('without a limit is costed on the book that it takes, with its fee', async () => {
    const { desk } = venue;
    await desk.submit(feesCommand('default', all(0, 10_000)));
    await fund('ann', { USD: 303 });
    await fund('bob', { BTC: 10 });
    await desk.sell(100, 2, { client: 'bob' });
    await desk.sell(101, 8, { client: 'bob' });
    // 2 at 100 and 1 at 101, and one percent of it rounded up.
    expect((await desk.refused(placeCommand('buy', null, 3, { client: 'ann' }))).shortfall).toEqual({ asset: 'USD', needed: '305', available: '303' });
    const entry = await desk.buy(null, 2, { client: 'ann' });
    expect(balanceIn(entry, 'ann', 'USD')).toEqual({ total: '101', held: '0' });
    expect(balanceIn(entry, FEES, 'USD')).toEqual({ total: '2', held: '0' });
  });

  test('is charged its exact fees so far, rounded up once, however small its fills', async () => {
    const { desk } = venue;
    await desk.submit(feesCommand('default', all(-100, 300)));
    await fund('ann', { USD: 100_000 });
    await fund('bob', { BTC: 100 });
    const resting = orderOf(await desk.sell(1_000, 10, { client: 'bob' }));
    let [paid, back] = [0n, 0n];
    for (let lot = 0; lot < 10; lot++) {
      const { fills: [fill] } = await desk.buy(1_000, 1, { client: 'ann' });
      paid += BigInt(fill?.takerFee ?? 0);
      back += BigInt(fill?.makerFee ?? 0);
    }
    // Each taker is an order of its own and pays 0.3 rounded up; the maker gets 0.1 for each of its ten fills, rounded in the venue's favour once.
    expect([paid, back]).toEqual([10n, -1n]);
    expect((await desk.engine.readRecord(resting.orderId))?.fees).toEqual({ makerRate: -100, takerRate: 300, units: '-1', millionths: 0 });
  });

  test('trades with itself and has what it had, but for the fees', async () => {
    const { desk } = venue;
    await desk.submit(feesCommand('default', all(0, 1_000)));
    await fund('ann', { USD: 10_000, BTC: 10 });
    await desk.sell(1_000, 5, { client: 'ann' });
    const entry = await desk.buy(1_000, 5, { client: 'ann' });
    expect(balanceIn(entry, 'ann', 'USD')).toEqual({ total: '9995', held: '0' });
    expect(balanceIn(entry, 'ann', 'BTC')).toEqual({ total: '10', held: '0' });
  });

  test('that was placed at a rebate gets back no more than a taker of another day pays', async () => {
    const { desk } = venue;
    await desk.submit(feesCommand('default', all(-100, 100)));
    await fund('ann', { USD: 10_000_000 });
    await fund('bob', { BTC: 100 });
    await desk.sell(1_000_000, 1, { client: 'bob' });
    await desk.submit(feesCommand('default', all(0, 30)));
    const { fills: [fill] } = await desk.buy(1_000_000, 1, { client: 'ann' });
    expect([fill?.makerFee, fill?.takerFee]).toEqual(['-30', '30']);
  });

  test('is amended by the difference, or not at all', async () => {
    const { desk } = venue;
    await fund('ann', { USD: 1_000 });
    const order = orderOf(await desk.buy(100, 5, { client: 'ann' }));
    expect((await desk.refused(amendCommand(order, { quantity: 11 }))).shortfall).toEqual({ asset: 'USD', needed: '600', available: '500' });
    expect(await desk.engine.readRecord(order.orderId)).toEqual(order);
    expect(balanceIn(await desk.submit(amendCommand(order, { quantity: 10 })), 'ann', 'USD')).toEqual({ total: '1000', held: '1000' });
    expect(balanceIn(await desk.submit(amendCommand(order, { price: 50 })), 'ann', 'USD')).toEqual({ total: '1000', held: '500' });
  });

  test.each(FAILURE_STEPS)('made to fail at %s leaves nothing, and takes nothing from the others of its call', async (failAt) => {
    const { desk, shard } = venue;
    await desk.submit(feesCommand('default', all(100, 100)));
    await fund('ann', { USD: 10_000 });
    await fund('bob', { BTC: 10 });
    await desk.sell(100, 3, { client: 'bob' });
    const before = await shard.read();
    const failing = { ...placeCommand('buy', 100, 5, { client: 'ann' }), failAt } as EngineCommand;
    expect(await desk.engine.submit(failing)).toEqual({ outcome: 'refused', code: 'failure_injected', order: null });
    expect(await shard.read()).toEqual(before);
    const [first, failed, last] = await desk.engine.submitAll([placeCommand('buy', 90, 1, { client: 'ann' }), failing, placeCommand('buy', 100, 1, { client: 'ann' })]);
    expect([entryOf(first as never).sequence, refusalOf(failed as never).code, entryOf(last as never).sequence]).toEqual([5, 'failure_injected', 6]);
    expect(entryOf(last as never).fills).toHaveLength(1);
    const keyed = { ...placeCommand('buy', 100, 1, { client: 'ann', key: 'k' }), failAt } as EngineCommand;
    expect(entryOf(await desk.engine.submit(keyed))).toMatchObject({ kind: 'refuse', sequence: 7, events: [] });
    expect((await desk.engine.meta())?.state).toBe('open');
  });

  test('in amounts beyond what a double holds is exact to the unit', async () => {
    const { desk } = venue;
    const [price, lots] = [9_007_199_254_740_881, 9_007_199_254_739];
    const value = BigInt(price) * BigInt(lots);
    await desk.submit(feesCommand('default', all(333, 777)));
    await fund('ann', { USD: String(10n ** 30n) });
    await fund('bob', { BTC: lots });
    await desk.sell(price, lots, { client: 'bob' });
    const entry = await desk.buy(price, lots, { client: 'ann' });
    const [makerFee, takerFee] = [333n, 777n].map((rate) => (value * rate + 999_999n) / 1_000_000n) as [bigint, bigint];
    expect([entry.fills[0]?.makerFee, entry.fills[0]?.takerFee]).toEqual([String(makerFee), String(takerFee)]);
    expect(balanceIn(entry, 'ann', 'USD')).toEqual({ total: String(10n ** 30n - value - takerFee), held: '0' });
    expect(balanceIn(entry, 'bob', 'USD')).toEqual({ total: String(value - makerFee), held: '0' });
    expect(balanceIn(entry, FEES, 'USD')).toEqual({ total: String(makerFee + takerFee), held: '0' });
    expect((await desk.refused(placeCommand('buy', price, price, { client: 'ann' }))).code).toBe('balance_limit');
  });
});

describeOnEachRedis('an account where money is kept', (target) => {
  const venue = useShard(target, { money: { funds: 'required', scales: UNIT_SCALES } });

  test('may be called as an asset is, and be in a group that is', async () => {
    const { desk } = venue;
    await desk.submit(feesCommand('USD', all(0, 0)));
    await desk.submit(feesCommand('BTC', all(0, 0)));
    for (const [account, name, feeGroup] of [['a', 'USD', null], ['b', 'USD', 'USD'], ['c', null, 'USD'], ['d', 'BTC', 'USD'], ['e', 'USD', 'BTC']] as const) {
      await desk.submit(accountCommand(account, { BTC: 3 }, { name, feeGroup }));
      expect(balanceIn(await desk.submit(depositCommand(account, 'USD', 100)), account, 'USD')).toEqual({ total: '100', held: '0' });
      await desk.submit(changeCommand(account, { name: name === 'USD' ? 'BTC' : 'USD' }));
      const bid = await desk.buy(10, 5, { client: account });
      expect(balanceIn(bid, account, 'USD')).toEqual({ total: '100', held: '50' });
      expect(balanceIn(await desk.submit(cancelCommand(orderOf(bid))), account, 'USD')).toEqual({ total: '100', held: '0' });
      expect(balanceIn(await desk.sell(1_000, 2, { client: account }), account, 'BTC')).toEqual({ total: '3', held: '2' });
    }
  });

  test('keeps its credit until it has what it holds', async () => {
    const { desk } = venue;
    await desk.submit(accountCommand('ann', { USD: 5 }, { credit: 'unlimited' }));
    const bid = await desk.buy(10, 5, { client: 'ann' });
    await desk.sell(1_000, 2, { client: 'ann' });
    expect(await desk.refused(changeCommand('ann', { credit: 'none' }))).toMatchObject({ code: 'insufficient_funds', shortfall: { asset: 'BTC', needed: '2', available: '0' } });
    await desk.submit(depositCommand('ann', 'BTC', 2));
    expect((await desk.refused(changeCommand('ann', { credit: 'none' }))).shortfall).toEqual({ asset: 'USD', needed: '50', available: '5' });
    await desk.submit(cancelCommand(orderOf(bid)));
    await desk.submit(changeCommand('ann', { credit: 'none' }));
    expect((await desk.refused(placeCommand('buy', 10, 1, { client: 'ann' }))).code).toBe('insufficient_funds');
  });
});

describeOnEachRedis('a transfer', (target) => {
  const venue = useShard(target, { money: { funds: 'required', scales: UNIT_SCALES } });

  test('that is pending holds its amount until it is posted, in part or whole, or released; once', async () => {
    const { desk } = venue;
    await desk.submit(accountCommand('ann', { USD: 100 }));
    const pending = transferCommand('ann', 'bob', 'USD', 60, { pending: true });
    expect(balanceIn(await desk.submit(pending), 'ann', 'USD')).toEqual({ total: '100', held: '60' });
    expect((await desk.refused(transferCommand('ann', 'bob', 'USD', 41))).shortfall).toEqual({ asset: 'USD', needed: '41', available: '40' });
    expect((await desk.refused(end(pending.transferId, 'posted', '61'))).code).toBe('amount_above_transfer');
    const posted = await desk.submit(end(pending.transferId, 'posted', '25'));
    expect([balanceIn(posted, 'ann', 'USD'), balanceIn(posted, 'bob', 'USD')]).toEqual([{ total: '75', held: '0' }, { total: '25', held: '0' }]);
    expect(await desk.refused(end(pending.transferId, 'voided'))).toMatchObject({ code: 'transfer_resolved', transfer: { status: 'posted', settledAmount: '25' } });
    expect((await desk.refused(end(transferCommand('a', 'b', 'USD', 1).transferId, 'voided'))).code).toBe('transfer_not_found');
  });

  test('is over at its time by the clock of the shard: never earlier, and posted no more afterwards', async () => {
    const { desk } = venue;
    await desk.submit(accountCommand('ann', { USD: 100 }));
    const long = transferCommand('ann', 'bob', 'USD', 1, { pending: true, timeoutUs: 3_600_000_000 });
    const short = transferCommand('ann', 'bob', 'USD', 2, { pending: true, timeoutUs: 1 });
    await desk.submit(long);
    await desk.submit(short);
    expect(await desk.refused(end(long.transferId, 'expired'))).toMatchObject({ code: 'transfer_resolved', transfer: { status: 'pending' } });
    expect(await desk.refused(end(short.transferId, 'posted'))).toMatchObject({ code: 'transfer_resolved', transfer: { status: 'expired' } });
    const { timeUs } = await desk.engine.clock();
    expect(await desk.engine.dueTransfers(timeUs, 10)).toEqual([short.transferId]);
    expect(balanceIn(await desk.submit(end(short.transferId, 'expired')), 'ann', 'USD')).toEqual({ total: '100', held: '1' });
    expect(await desk.engine.dueTransfers(timeUs, 10)).toEqual([]);
  });

  test('is not posted into an account that closed meanwhile, be it a part, nor moved back there; it can be voided', async () => {
    const { desk } = venue;
    await desk.submit(accountCommand('ann', { USD: 100 }));
    await desk.submit(accountCommand('bob', {}));
    const pending = transferCommand('ann', 'bob', 'USD', 60, { pending: true });
    const moved = transferCommand('ann', 'carl', 'USD', 40);
    for (const command of [pending, moved, changeCommand('bob', { status: 'closed' })]) await desk.submit(command);
    for (const amount of [undefined, '1']) expect((await desk.refused(end(pending.transferId, 'posted', amount))).code).toBe('account_closed');
    // Of a batch the command behind it finds all as it was.
    const [refused, voided] = await desk.engine.submitAll([end(pending.transferId, 'posted'), end(pending.transferId, 'voided')]);
    expect(refusalOf(refused as never).code).toBe('account_closed');
    expect(entryOf(voided as never).balances).toEqual([{ type: 'balance', account: 'ann', asset: 'USD', total: '60', held: '0' }]);
    await desk.submit(transferCommand('ann', 'carl', 'USD', 60));
    await desk.submit(changeCommand('ann', { status: 'closed' }));
    expect((await desk.refused(transferCommand('carl', 'ann', 'USD', 40, { kind: 'reversal', reverses: moved.transferId, referenceDigest: reversalDigest(moved.transferId) }))).code)
      .toBe('account_closed');
  });

  test('with a reference happens once, for ever', async () => {
    const { desk } = venue;
    const deposit = (): EngineCommand => depositCommand('ann', 'USD', 7, { reference: 'wire 1', referenceDigest: referenceDigest('USD', 'wire 1'), request: { n: 1 } });
    const first = await desk.submit(deposit());
    expect(first.request).toEqual({ n: 1 });
    expect(await desk.engine.submit(deposit())).toMatchObject({ outcome: 'repeated', by: 'reference', sequence: first.sequence, entry: first });
    const [again, other] = await desk.engine.submitAll([deposit(), depositCommand('ann', 'BTC', 7, { reference: 'wire 1', referenceDigest: referenceDigest('BTC', 'wire 1') })]);
    expect([again?.outcome, other?.outcome]).toEqual(['repeated', 'logged']);
  });

  test('takes nothing from an account while the balances do not add up, and ends only as what frees', async () => {
    const { desk } = venue;
    await desk.submit(accountCommand('ann', { USD: 100 }));
    const order = orderOf(await desk.buy(10, 1, { client: 'ann' }));
    const moved = transferCommand('ann', 'bob', 'USD', 10);
    const withdrawal = transferCommand('ann', '@issuance', 'USD', 10, { kind: 'withdrawal', pending: true });
    const pending = transferCommand('ann', 'bob', 'USD', 10, { pending: true });
    const short = transferCommand('ann', 'bob', 'USD', 10, { pending: true, timeoutUs: 1 });
    for (const command of [moved, withdrawal, pending, short]) await desk.submit(command);
    expect(await desk.engine.setBreach('a unit too much', EPOCH)).toBe(true);
    const back = { kind: 'reversal' as const, reverses: moved.transferId, referenceDigest: reversalDigest(moved.transferId) };
    const stopped: EngineCommand[] = [
      placeCommand('buy', 1, 1, { client: 'ann' }), amendCommand(order, { price: 9 }), transferCommand('ann', 'bob', 'USD', 1),
      transferCommand('ann', '@issuance', 'USD', 1, { kind: 'withdrawal', pending: true }), transferCommand('bob', 'ann', 'USD', 10, back),
      end(withdrawal.transferId, 'posted'), end(pending.transferId, 'posted'),
    ];
    for (const command of stopped) expect((await desk.refused(command)).code).toBe('balance_audit_breach');
    await desk.submit(depositCommand('ann', 'USD', 1));
    await desk.submit(cancelCommand(order));
    await desk.submit(end(pending.transferId, 'voided'));
    expect(balanceIn(await desk.submit(end(short.transferId, 'expired')), 'ann', 'USD')).toEqual({ total: '91', held: '10' });
    await desk.engine.setBreach(null, EPOCH);
    expect(balanceIn(await desk.submit(end(withdrawal.transferId, 'posted')), 'ann', 'USD')).toEqual({ total: '81', held: '0' });
  });

  test('and an order ask whether their account is active', async () => {
    const { desk } = venue;
    await desk.submit(accountCommand('ann', { USD: 100 }));
    const order = orderOf(await desk.buy(10, 5, { client: 'ann' }));
    await desk.submit(changeCommand('ann', { status: 'suspended', name: 'Ann "A"' }));
    for (const command of [placeCommand('buy', 1, 1, { client: 'ann' }), amendCommand(order, { quantity: 4 }), transferCommand('ann', 'bob', 'USD', 1)]) {
      expect((await desk.refused(command)).code).toBe('account_suspended');
    }
    await desk.submit(depositCommand('ann', 'USD', 1));
    expect((await desk.refused(changeCommand('ann', { status: 'closed' }))).code).toBe('account_not_empty');
    await desk.submit(cancelCommand(order));
    await desk.submit(changeCommand('ann', { status: 'active' }));
    await desk.submit(transferCommand('ann', 'bob', 'USD', 101));
    await desk.submit(changeCommand('ann', { status: 'closed' }));
    expect((await desk.refused(placeCommand('buy', 1, 1, { client: 'ann' }))).code).toBe('account_closed');
    expect((await desk.refused(depositCommand('ann', 'USD', 1))).code).toBe('account_closed');
    const { accounts: [ann] } = await desk.engine.readAccounts(['ann']);
    expect(ann).toMatchObject({ details: { status: 'closed', name: 'Ann "A"' }, balances: [{ asset: 'USD', total: '0', held: '0' }] });
  });
});
