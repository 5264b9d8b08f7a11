import { AMOUNT_MAX } from '../../src/domain/amounts';
import { FEES, ISSUANCE, UNITS_MAX } from '../../src/domain/money';
import { amendCommand, cancelCommand, entryOf, orderOf } from '../engine/support/desk';
import { accountOf, BTC, depositOf, endOf, feesOf, order, Till, transferIdOf, transferOf, typesOf, USD } from './support/till';

/** What the reference does with money, number by number. A lot is 10 BTC, a tick of a lot 3 USD. */

let till: Till;
beforeEach(() => { till = new Till(); });
afterEach(() => expect(till.shard.invariants()).toEqual([]));

const ANN = 'ann';
const BOB = 'bob';

describe('holds', () => {
  test('a buyer holds its rest at its limit, a seller its rest', () => {
    till.deposit(ANN, USD, 1_000);
    till.deposit(BOB, BTC, 100);
    till.place('buy', 100, 3, ANN);
    expect(till.balance(ANN, USD)).toEqual([1_000n, 900n]);
    till.place('sell', 101, 4, BOB);
    expect(till.balance(BOB, BTC)).toEqual([100n, 40n]);
    const [ask] = [till.shard.state().orders.find(({ side }) => side === 'sell')];
    till.do(cancelCommand(ask?.orderId ?? ''));
    expect(till.balance(BOB, BTC)).toEqual([100n, 0n]);
  });

  test('what a better price saves is free in the same entry', () => {
    till.deposit(ANN, USD, 900);
    till.deposit(BOB, BTC, 100);
    till.place('sell', 90, 2, BOB);
    const bought = till.place('buy', 100, 3, ANN);
    expect([bought.status, bought.filledLots]).toEqual(['partially_filled', 2]);
    // 2 lots at 90 are 540; one waits at 100.
    expect(till.balance(ANN, USD)).toEqual([360n, 300n]);
    expect(till.balance(ANN, BTC)).toEqual([20n, 0n]);
    expect(till.balance(BOB, USD)).toEqual([540n, 0n]);
    expect(till.balance(BOB, BTC)).toEqual([80n, 0n]);
  });

  test('nothing stays held of what does not wait', () => {
    till.deposit(ANN, USD, 900);
    till.deposit(BOB, BTC, 100);
    till.place('sell', 100, 1, BOB);
    expect(till.place('buy', 100, 3, ANN, { kind: 'limit_fok' }).status).toBe('rejected');
    expect(till.place('buy', 100, 3, ANN, { kind: 'limit_post_only' }).status).toBe('rejected');
    expect(till.balance(ANN, USD)).toEqual([900n, 0n]);
    expect(till.place('buy', 100, 3, ANN, { kind: 'limit_ioc' }).reason).toBe('ioc_remainder');
    expect(till.balance(ANN, USD)).toEqual([600n, 0n]);
    expect(till.balance(BOB, BTC)).toEqual([90n, 0n]);
    expect(till.place('buy', null, 3, ANN).reason).toBe('no_liquidity');
    expect(till.balance(ANN, USD)).toEqual([600n, 0n]);
  });

  test('a mass cancel tells each balance once', () => {
    till.deposit(ANN, USD, 2_000);
    till.deposit(ANN, BTC, 10);
    till.place('buy', 100, 1, ANN);
    till.place('buy', 99, 2, ANN);
    till.place('sell', 110, 1, ANN);
    const result = till.apply({ op: 'mass_cancel', actor: null, clientId: ANN, instrument: null, after: 0, bound: null, pageSize: 10 });
    expect(result.outcome === 'mass_cancelled' && result.entry?.balances).toEqual([
      { type: 'balance', account: ANN, asset: USD, total: '2000', held: '0' },
      { type: 'balance', account: ANN, asset: BTC, total: '10', held: '0' },
    ]);
  });
});

describe('cover', () => {
  test('is asked for of the whole order at its own limit, whatever it would trade at', () => {
    till.deposit(ANN, USD, 899);
    till.deposit(BOB, BTC, 100);
    till.place('sell', 10, 3, BOB);
    const refused = till.refused(order('buy', 100, 3, ANN, { kind: 'limit_ioc' }));
    expect(refused).toEqual({ outcome: 'refused', code: 'insufficient_funds', order: null, shortfall: { asset: USD, needed: '900', available: '899' } });
    till.deposit(ANN, USD, 1);
    expect(till.place('buy', 100, 3, ANN).status).toBe('filled');
    expect(till.refused(order('sell', 1, 4, ANN)).shortfall).toEqual({ asset: BTC, needed: '40', available: '30' });
  });

  test('is nobody’s who was never heard of', () => {
    expect(till.refused(order('sell', 1, 1, ANN)).shortfall).toEqual({ asset: BTC, needed: '10', available: '0' });
    expect(till.shard.state().accounts).toEqual([]);
  });

  test('of a market order is what the book takes, with fees', () => {
    till.do(feesOf('default', [null, 0, 1_000]));
    till.deposit(BOB, BTC, 100);
    till.place('sell', 100, 1, BOB);
    till.place('sell', 200, 2, BOB);
    // 300 and 2 × 600, and a thousandth of 1500, rounded up.
    till.deposit(ANN, USD, 1_501);
    expect(till.refused(order('buy', null, 3, ANN)).shortfall).toEqual({ asset: USD, needed: '1502', available: '1501' });
    till.deposit(ANN, USD, 1);
    const bought = till.place('buy', null, 3, ANN);
    expect(bought.status).toBe('filled');
    expect(till.balance(ANN, USD)).toEqual([0n, 0n]);
    expect(till.balance(FEES, USD)).toEqual([2n, 0n]);
    // Of a market sell, what is there to trade with.
    till.place('buy', 50, 1, BOB);
    expect(till.place('sell', null, 99, ANN).filledLots).toBe(1);
    till.place('buy', 50, 4, BOB);
    expect(till.refused(order('sell', null, 99, ANN)).shortfall).toEqual({ asset: BTC, needed: '40', available: '20' });
  });

  test('is not asked of unlimited credit, nor of anybody on paper', () => {
    till.do(accountOf(ANN, { credit: 'unlimited' }));
    till.place('buy', 100, 1, ANN);
    expect(till.balance(ANN, USD)).toEqual([0n, 300n]);
    till.limits.funds = 'paper';
    till.place('sell', 100, 1, BOB);
    expect(till.balance(ANN, USD)).toEqual([-300n, 0n]);
    expect(till.balance(BOB, BTC)).toEqual([-10n, 0n]);
  });

  test('of an amend is the difference, and one without leaves the order as it was', () => {
    till.deposit(ANN, USD, 1_000);
    const before = till.place('buy', 100, 3, ANN);
    const refused = till.refused(amendCommand(before, { quantity: 4 }));
    expect(refused.shortfall).toEqual({ asset: USD, needed: '300', available: '100' });
    expect(till.shard.order(before.orderId)).toBe(before);
    expect(till.balance(ANN, USD)).toEqual([1_000n, 900n]);
    const dearer = till.amend(before, { price: 111 });
    expect(till.balance(ANN, USD)).toEqual([1_000n, 999n]);
    till.amend(dearer, { price: 111, quantity: 1 });
    expect(till.balance(ANN, USD)).toEqual([1_000n, 333n]);
  });
});

describe('fees', () => {
  test('are those of the day an order was placed, of maker and taker, rounded up once an order', () => {
    till.do(feesOf('default', [null, 1_000, 10_000]));
    till.deposit(ANN, USD, 1_000);
    till.deposit(BOB, BTC, 100);
    const bid = till.place('buy', 11, 5, ANN);
    // 165 with a hundredth, as it may yet take.
    expect(till.balance(ANN, USD)).toEqual([1_000n, 167n]);
    till.do(feesOf('default', [null, 0, 0]));
    till.do(feesOf('default', [null, 500, 20_000]));
    const entry = till.do(order('sell', 11, 1, BOB));
    // Of 33, 0.033 and 0.66.
    expect(entry.fills[0]).toMatchObject({ makerFee: '1', takerFee: '1', maker: { fees: { makerRate: 1_000, takerRate: 10_000, units: '0', millionths: 33_000 } } });
    expect(orderOf(entry).fees).toEqual({ makerRate: 500, takerRate: 20_000, units: '0', millionths: 660_000 });
    // A second fill of the bid stays below its first unit; a second taker pays again.
    expect(till.do(order('sell', 11, 1, BOB)).fills[0]).toMatchObject({ makerFee: '0', takerFee: '1' });
    expect(till.balance(ANN, USD)).toEqual([1_000n - 67n, 99n + 1n]);
    expect(till.balance(BOB, USD)).toEqual([64n, 0n]);
    expect(till.balance(FEES, USD)).toEqual([3n, 0n]);
    // An amend keeps the rates.
    expect(till.amend(till.shard.order(bid.orderId) as never, { price: 12 }).fees).toMatchObject({ makerRate: 1_000, takerRate: 10_000 });
  });

  test('of a taker that comes to rest go on as those of a maker', () => {
    till.do(feesOf('default', [null, -100, 200]));
    till.deposit(ANN, USD, 10_000_000);
    till.deposit(BOB, BTC, 100_000);
    till.place('sell', 1_000, 100, BOB);
    const entry = till.do(order('buy', 1_000, 200, ANN));
    expect(entry.fills[0]).toMatchObject({ makerFee: '-30', takerFee: '60' });
    expect(orderOf(entry)).toMatchObject({ status: 'partially_filled', fees: { units: '60', millionths: 0 } });
    const taken = till.do(order('sell', 1_000, 100, BOB));
    expect(taken.fills[0]).toMatchObject({ makerFee: '-30', takerFee: '60', maker: { fees: { units: '30' } } });
    expect(till.balance(ANN, USD)).toEqual([10_000_000n - 600_000n - 30n, 0n]);
    expect(till.balance(FEES, USD)).toEqual([60n, 0n]);
  });

  test('are none where both rates are nothing, and are looked up by group and instrument', () => {
    till.do(feesOf('default', ['BTC-USD', 1, 2]));
    till.do(feesOf('vip', ['ETH-USD', 0, 0]));
    till.do(accountOf(ANN, { feeGroup: 'vip', deposits: [[USD, '1000']] }));
    expect(till.place('buy', 1, 1, ANN).fees).toEqual({ makerRate: 1, takerRate: 2, units: '0', millionths: 0 });
    expect(till.place('buy', 1, 1, ANN, { instrument: 'ETH-USD' }).fees).toBeNull();
    expect(till.refused(accountOf(BOB, { feeGroup: 'unheard of' })).code).toBe('fee_group_not_found');
  });

  test('of a self-trade are all that it costs', () => {
    till.do(feesOf('default', [null, 1_000, 2_000]));
    till.deposit(ANN, USD, 302);
    till.deposit(ANN, BTC, 10);
    till.place('sell', 100, 1, ANN);
    const entry = till.do(order('buy', 100, 1, ANN));
    expect(entry.fills[0]).toMatchObject({ makerFee: '1', takerFee: '1' });
    expect(till.balance(ANN, USD)).toEqual([300n, 0n]);
    expect(till.balance(ANN, BTC)).toEqual([10n, 0n]);
    expect(till.balance(FEES, USD)).toEqual([2n, 0n]);
  });

  test('that would lose money are refused, and so is one group too many', () => {
    till.do(feesOf('default', [null, 0, 100]));
    till.do(feesOf('vip', [null, -50, 60]));
    expect(till.refused(feesOf('other', [null, 0, 49])).code).toBe('fee_rates_lose_money');
    expect(till.refused(feesOf('default', ['BTC-USD', 0, 49], [null, 0, 100])).code).toBe('fee_rates_lose_money');
    // Without its row everybody but vip would take for nothing.
    expect(till.refused(feesOf('default')).code).toBe('fee_rates_lose_money');
    for (let n = 2; n < 100; n++) till.do(feesOf(`g${n}`, [null, 0, 100]));
    expect(till.refused(feesOf('one more', [null, 0, 100])).code).toBe('fee_groups_limit');
    expect(till.do(feesOf('vip', [null, -50, 70])).events).toEqual([{ type: 'fee_group', group: 'vip', rates: [{ instrument: null, makerRate: -50, takerRate: 70 }] }]);
  });
});

describe('accounts', () => {
  test('begin with their first order, also one that the book rejects; makers of trades have theirs', () => {
    till.limits.funds = 'paper';
    till.place('sell', 100, 1, BOB);
    const entry = till.do(order('buy', 100, 2, ANN, { kind: 'limit_post_only' }));
    expect(typesOf(entry)).toEqual(['order', 'account']);
    const traded = till.do(order('buy', 100, 2, 'carl'));
    expect(typesOf(traded)).toEqual(['trade', 'order', 'level', 'level', 'account', 'balance', 'balance', 'balance', 'balance']);
    expect(traded.events[4]).toEqual({
      type: 'account', account: { account: 'carl', name: null, status: 'active', credit: 'venue', feeGroup: 'default', createdUs: traded.timeUs },
    });
    expect(till.shard.state().accounts.map(({ account }) => account)).toEqual([ANN, BOB, 'carl']);
  });

  test('are opened with what they have in one entry, once', () => {
    const entry = till.do(accountOf(ANN, { name: 'Ann', credit: 'none', deposits: [[USD, '5'], [BTC, '7'], [USD, '1']] }));
    expect(entry.kind).toBe('account');
    expect(entry.events).toEqual([
      { type: 'account', account: { account: ANN, name: 'Ann', status: 'active', credit: 'none', feeGroup: 'default', createdUs: entry.timeUs } },
      { type: 'balance', account: ISSUANCE, asset: USD, total: '-6', held: '0' },
      { type: 'balance', account: ISSUANCE, asset: BTC, total: '-7', held: '0' },
      { type: 'balance', account: ANN, asset: USD, total: '6', held: '0' },
      { type: 'balance', account: ANN, asset: BTC, total: '7', held: '0' },
    ]);
    expect(till.refused(accountOf(ANN)).code).toBe('account_exists');
    till.deposit(BOB, USD, 1);
    expect(till.refused(accountOf(BOB)).code).toBe('account_exists');
    expect(till.refused(accountOf('carl', { deposits: [[USD, String(UNITS_MAX)], [USD, '1']] })).code).toBe('balance_limit');
  });

  test('change what is given, and close when they are empty', () => {
    expect(till.refused(accountOf(ANN, { opens: false })).code).toBe('account_not_found');
    till.do(accountOf(ANN, { name: 'Ann', deposits: [[USD, '300']] }));
    const close = accountOf(ANN, { opens: false, status: 'closed' });
    expect(till.refused(close).code).toBe('account_not_empty');
    const bid = till.place('buy', 1, 1, ANN);
    till.do(transferOf('transfer', ANN, BOB, USD, 297));
    till.do(cancelCommand(bid));
    till.do(transferOf('transfer', ANN, BOB, USD, 3));
    const entry = till.do(close);
    expect(entry.events).toEqual([{ type: 'account', account: { account: ANN, name: 'Ann', status: 'closed', credit: 'venue', feeGroup: 'default', createdUs: till.log[0]?.timeUs } }]);
    expect(till.refused(order('buy', 1, 1, ANN)).code).toBe('account_closed');
    expect(till.refused(depositOf(ANN, USD, 1)).code).toBe('account_closed');
    expect(till.refused(transferOf('transfer', BOB, ANN, USD, 1)).code).toBe('account_closed');
  });

  test('that are suspended cancel and receive, and do nothing else', () => {
    till.deposit(ANN, USD, 1_000);
    const bid = till.place('buy', 100, 1, ANN);
    till.do(accountOf(ANN, { opens: false, status: 'suspended' }));
    expect(till.refused(order('buy', 1, 1, ANN)).code).toBe('account_suspended');
    expect(till.refused(amendCommand(bid, { quantity: 2 }))).toEqual({ outcome: 'refused', code: 'account_suspended', order: bid });
    // What asks for nothing is not refused.
    expect(till.apply(amendCommand(bid, { price: 100 })).outcome).toBe('unchanged');
    expect(till.refused(transferOf('transfer', ANN, BOB, USD, 1)).code).toBe('account_suspended');
    expect(till.refused(transferOf('withdrawal', ANN, ISSUANCE, USD, 1)).code).toBe('account_suspended');
    till.deposit(ANN, USD, 1);
    till.deposit(BOB, BTC, 10);
    till.place('sell', 100, 1, BOB);
    till.do(transferOf('transfer', BOB, ANN, USD, 300));
    expect(till.balance(ANN, USD)).toEqual([1_001n, 0n]);
  });
});

describe('transfers', () => {
  test('move at once, and make who receives', () => {
    till.deposit(ANN, USD, 10);
    const entry = till.do(transferOf('transfer', ANN, BOB, USD, 4, { note: 'rent', timeoutUs: 5 }));
    expect(typesOf(entry)).toEqual(['transfer', 'account', 'balance', 'balance']);
    expect(entry.events[0]).toMatchObject({ transfer: { kind: 'transfer', status: 'posted', amount: '4', settledAmount: '4', note: 'rent', expiresUs: null, sequence: entry.sequence, createdUs: entry.timeUs } });
    expect([till.balance(ANN, USD), till.balance(BOB, USD)]).toEqual([[6n, 0n], [4n, 0n]]);
    expect(till.refused(transferOf('transfer', ANN, BOB, USD, 7)).shortfall).toEqual({ asset: USD, needed: '7', available: '6' });
    expect(till.refused(transferOf('transfer', 'carl', BOB, USD, 1)).code).toBe('account_not_found');
    till.limits.funds = 'paper';
    expect(typesOf(till.do(transferOf('transfer', 'carl', 'dora', USD, 1)))).toEqual(['transfer', 'account', 'account', 'balance', 'balance']);
    expect(till.refused(transferOf('withdrawal', 'emil', ISSUANCE, USD, 1)).code).toBe('account_not_found');
  });

  test('hold what they may yet take, and end once: in part, or not at all', () => {
    till.deposit(ANN, USD, 10);
    const first = transferIdOf(till.do(transferOf('transfer', ANN, BOB, USD, 6, { pending: true })));
    const second = transferIdOf(till.do(transferOf('withdrawal', ANN, ISSUANCE, USD, 3)));
    expect(till.balance(ANN, USD)).toEqual([10n, 9n]);
    expect(till.shard.state().transfers.map(({ transferId }) => transferId)).toEqual([first, second]);
    expect(till.refused(endOf(first, 'posted', 7)).code).toBe('amount_above_transfer');
    const posted = till.do(endOf(first, 'posted', 5));
    expect(posted.kind).toBe('transfer_end');
    expect(posted.events[0]).toMatchObject({ transfer: { status: 'posted', amount: '6', settledAmount: '5', sequence: 2 } });
    expect([till.balance(ANN, USD), till.balance(BOB, USD)]).toEqual([[5n, 3n], [5n, 0n]]);
    const again = till.refused(endOf(first, 'voided'));
    expect(again).toMatchObject({ code: 'transfer_resolved', transfer: { transferId: first, status: 'posted', settledAmount: '5' } });
    expect(till.do(endOf(second, 'rejected')).events[0]).toMatchObject({ transfer: { status: 'rejected', settledAmount: '0' } });
    expect(till.balance(ANN, USD)).toEqual([5n, 0n]);
    expect(till.refused(endOf(first.replace('01900000', '01900001'), 'posted')).code).toBe('transfer_not_found');
    const third = transferIdOf(till.do(transferOf('withdrawal', ANN, ISSUANCE, USD, 3)));
    till.do(endOf(third, 'posted'));
    expect([till.balance(ANN, USD), till.balance(ISSUANCE, USD)]).toEqual([[2n, 0n], [-7n, 0n]]);
  });

  test('are over at their time, not before and not without one', () => {
    till.deposit(ANN, USD, 10);
    const timed = transferIdOf(till.do(transferOf('transfer', ANN, BOB, USD, 6, { pending: true, timeoutUs: 1_000 })));
    const untimed = transferIdOf(till.do(transferOf('transfer', ANN, BOB, USD, 4, { pending: true })));
    const { expiresUs } = till.shard.transfer(timed) as { expiresUs: number };
    expect(expiresUs).toBe(till.timeUs - 1 + 1_000);
    expect(till.refused(endOf(untimed, 'expired'))).toMatchObject({ code: 'transfer_resolved', transfer: { status: 'pending' } });
    till.timeUs = expiresUs - 2;
    expect(till.refused(endOf(timed, 'expired'))).toMatchObject({ code: 'transfer_resolved', transfer: { status: 'pending' } });
    // From now on nothing but its timer ends it.
    const keyed = till.do(endOf(timed, 'posted', null, 'key'));
    expect([keyed.kind, keyed.code]).toEqual(['refuse', 19]);
    expect(keyed.events).toEqual([{ type: 'transfer', transfer: { ...till.shard.transfer(timed), status: 'expired' } }]);
    expect(till.balance(ANN, USD)).toEqual([10n, 10n]);
    expect(till.do(endOf(timed, 'expired')).events[0]).toMatchObject({ transfer: { status: 'expired', settledAmount: '0' } });
    expect(till.balance(ANN, USD)).toEqual([10n, 4n]);
  });

  test('happen once where they have a reference, for ever and whatever else is asked', () => {
    till.limits.idempotencyTtlS = 0;
    const more = { reference: 'r', referenceDigest: 'digest', request: { amount: '10' } };
    const first = till.do(depositOf(ANN, USD, 10, more));
    expect(first.request).toEqual({ amount: '10' });
    till.timeUs += 1_000_000_000;
    const again = till.apply(depositOf(BOB, USD, 11, more));
    expect(again).toEqual({ outcome: 'repeated', by: 'reference', sequence: 1, second: 1, entry: first });
    expect(till.shard.state().references).toEqual([{ digest: 'digest', sequence: 1, second: 1 }]);
    // A refusal uses no reference up.
    expect(till.refused(depositOf(ANN, USD, UNITS_MAX, { referenceDigest: 'other' })).code).toBe('balance_limit');
    till.do(depositOf(BOB, USD, 1, { referenceDigest: 'other' }));
  });

  test('are moved back once, where it is there', () => {
    const deposit = transferIdOf(till.do(depositOf(ANN, USD, 10)));
    till.do(transferOf('transfer', ANN, BOB, USD, 1));
    const back = { reverses: deposit, referenceDigest: 'reversal' };
    expect(till.refused(transferOf('reversal', ANN, ISSUANCE, USD, 10, back)).shortfall).toEqual({ asset: USD, needed: '10', available: '9' });
    till.deposit(ANN, USD, 1);
    // Whoever owes it need not be free to order.
    till.do(accountOf(ANN, { opens: false, status: 'suspended' }));
    expect(till.do(transferOf('reversal', ANN, ISSUANCE, USD, 10, back)).events[0]).toMatchObject({ transfer: { kind: 'reversal', status: 'posted', reverses: deposit } });
    expect(till.apply(transferOf('reversal', ANN, ISSUANCE, USD, 10, back)).outcome).toBe('repeated');
    expect(till.balance(ANN, USD)).toEqual([0n, 0n]);
  });
});

describe('what is on its way to an account that closes meanwhile', () => {
  test('is not posted, be it a part, and can be voided', () => {
    till.deposit(ANN, USD, 10);
    till.do(accountOf(BOB));
    const [first, second] = [5, 3].map((amount) => transferIdOf(till.do(transferOf('transfer', ANN, BOB, USD, amount, { pending: true }))));
    till.do(accountOf(BOB, { opens: false, status: 'closed' }));
    const before = till.shard.state();
    expect(till.refused(endOf(first as string, 'posted')).code).toBe('account_closed');
    expect(till.refused(endOf(first as string, 'posted', 1)).code).toBe('account_closed');
    expect(till.refused(endOf(first as string, 'posted', 6)).code).toBe('amount_above_transfer');
    expect(till.shard.state()).toEqual(before);
    till.do(endOf(first as string, 'voided'));
    expect(till.balance(ANN, USD)).toEqual([10n, 3n]);
    till.do(accountOf(BOB, { opens: false, status: 'suspended' }));
    till.do(endOf(second as string, 'posted'));
    expect(till.balance(BOB, USD)).toEqual([3n, 0n]);
  });

  test('is not moved back to it either', () => {
    till.deposit(ANN, USD, 10);
    const moved = transferIdOf(till.do(transferOf('transfer', ANN, BOB, USD, 10)));
    till.do(accountOf(ANN, { opens: false, status: 'closed' }));
    expect(till.refused(transferOf('reversal', BOB, ANN, USD, 10, { reverses: moved, referenceDigest: 'back' })).code).toBe('account_closed');
    expect([till.balance(ANN, USD), till.balance(BOB, USD)]).toEqual([[0n, 0n], [10n, 0n]]);
  });
});

describe('what is asked first', () => {
  test('of a place', () => {
    till.deposit(ANN, USD, 1_000);
    till.deposit(BOB, BTC, 1_000);
    till.limits.openOrdersPerClientMax = 1;
    till.place('buy', 1, 1, ANN, { name: 'mine' });
    // Held beyond what may be, and more than is there; more than is there, and more than a level takes; made to fail, and too much.
    const huge = order('buy', AMOUNT_MAX, AMOUNT_MAX, ANN, { kind: 'limit_ioc' });
    expect(till.refused(huge).code).toBe('balance_limit');
    expect(till.refused({ ...order('buy', 1, AMOUNT_MAX, ANN, { kind: 'limit_ioc' }), failAt: 'settle' } as never).code).toBe('insufficient_funds');
    expect(till.refused(order('buy', 100, 1_000, ANN)).code).toBe('open_orders_limit');
    expect(till.refused(order('buy', 100, 1_000, ANN, { name: 'mine', kind: 'limit_ioc' })).code).toBe('duplicate_client_order_id');
    till.do(accountOf(ANN, { opens: false, status: 'suspended' }));
    expect(till.refused(order('buy', 100, 1_000, ANN)).code).toBe('account_suspended');
    till.shard.stopMoney(true);
    expect(till.refused(order('buy', 100, 1_000, ANN)).code).toBe('balance_audit_breach');
    till.limits.backlogMax = 1;
    expect(till.refused(order('buy', 100, 1_000, ANN)).code).toBe('backlog_full');
  });

  test('a level that is full is told of before a balance that is', () => {
    till.limits.funds = 'paper';
    till.place('sell', 10, AMOUNT_MAX, ANN);
    expect(till.refused(order('sell', 10, AMOUNT_MAX, ANN)).code).toBe('level_quantity_limit');
  });

  test('a total or a hold that would be too large is refused before anything is changed', () => {
    till.deposit(ANN, USD, UNITS_MAX);
    till.deposit(BOB, BTC, 10);
    till.limits.funds = 'paper';
    till.place('buy', 100, 1, BOB);
    // ANN would have more than anybody may.
    expect(till.refused(order('sell', 100, 1, ANN)).code).toBe('balance_limit');
    expect(till.refused(depositOf(ANN, USD, 1)).code).toBe('balance_limit');
    // @issuance stands against all of them, and may owe nine times as much.
    for (let n = 1; n < 9; n++) till.deposit(`rich ${n}`, USD, UNITS_MAX);
    expect(till.refused(depositOf(BOB, USD, 1)).code).toBe('balance_limit');
    expect(till.shard.state().orders).toHaveLength(1);
  });

  test('a balance audit stops orders, amends and what takes money from an account, and uses up no key', () => {
    till.deposit(ANN, USD, 1_000);
    const bid = till.place('buy', 1, 1, ANN);
    const moved = transferIdOf(till.do(transferOf('transfer', ANN, BOB, USD, 1)));
    const [held, other] = [1, 2].map((amount) => transferIdOf(till.do(transferOf('withdrawal', ANN, ISSUANCE, USD, amount)))) as [string, string];
    till.shard.stopMoney(true);
    expect(till.refused(order('buy', 1, 1, ANN, { key: 'k' })).code).toBe('balance_audit_breach');
    expect(till.refused(amendCommand(bid, { quantity: 2, key: 'k' })).code).toBe('balance_audit_breach');
    expect(till.refused(transferOf('withdrawal', ANN, ISSUANCE, USD, 1, { idempotency: 'k' })).code).toBe('balance_audit_breach');
    expect(till.refused(transferOf('transfer', ANN, BOB, USD, 1, { idempotency: 'k' })).code).toBe('balance_audit_breach');
    expect(till.refused(transferOf('reversal', BOB, ANN, USD, 1, { reverses: moved, referenceDigest: 'back' })).code).toBe('balance_audit_breach');
    expect(till.refused(endOf(held, 'posted', null, 'k')).code).toBe('balance_audit_breach');
    till.deposit(ANN, USD, 1);
    till.do(endOf(other, 'voided'));
    till.do(accountOf('carl', { deposits: [[USD, '1']] }));
    till.do(cancelCommand(bid));
    till.shard.stopMoney(false);
    till.do(endOf(held, 'posted', null, 'k'));
    till.do(transferOf('reversal', BOB, ANN, USD, 1, { reverses: moved, referenceDigest: 'back' }));
    till.do(order('buy', 1, 1, ANN, { key: 'other' }));
  });

  test('a refusal with a key is told with what it shows, and repeated', () => {
    till.deposit(ANN, USD, 1);
    const command = order('buy', 100, 1, ANN, { key: 'k' });
    const entry = till.do(command);
    expect([entry.kind, entry.code, entry.events]).toEqual(['refuse', 10, [{ type: 'shortfall', asset: USD, needed: '300', available: '1' }]]);
    till.deposit(ANN, USD, 1_000);
    expect(till.apply(command)).toEqual({ outcome: 'repeated', by: 'key', sequence: entry.sequence, second: 1, entry });
  });

  test('what is made to fail changes nothing', () => {
    till.deposit(ANN, USD, 1_000);
    till.deposit(BOB, BTC, 10);
    till.place('sell', 100, 1, BOB);
    const before = till.shard.state();
    for (const failAt of ['reserve_funds', 'submit_order', 'process_fills', 'settle'] as const) {
      expect(till.refused({ ...order('buy', 100, 2, ANN), failAt } as never)).toEqual({ outcome: 'refused', code: 'failure_injected', order: null });
    }
    expect(till.shard.state()).toEqual(before);
    const keyed = till.do({ ...order('buy', 100, 2, ANN, { key: 'k' }), failAt: 'settle' } as never);
    expect([keyed.kind, keyed.code, keyed.events]).toEqual(['refuse', 24, []]);
  });
});

describe('where no money is kept', () => {
  beforeEach(() => { till.limits.funds = 'off'; });

  test('commands of money are refused, orders are free', () => {
    expect(till.refused(accountOf(ANN)).code).toBe('funds_off');
    expect(till.refused(depositOf(ANN, USD, 1)).code).toBe('funds_off');
    expect(till.refused(endOf('01900000-0000-7000-8000-000000000000', 'posted')).code).toBe('funds_off');
    expect(till.refused(feesOf('default')).code).toBe('funds_off');
    const entry = till.do(order('buy', 100, 1, ANN));
    expect([typesOf(entry), orderOf(entry).fees]).toEqual([['order', 'level'], null]);
    expect(till.shard.state().accounts).toEqual([]);
  });

  test('what is open is held from when it is', () => {
    const created = orderOf(till.do(order('buy', 100, 2, ANN))).createdUs;
    till.place('buy', 90, 1, ANN);
    till.place('sell', 101, 3, BOB);
    till.limits.funds = 'required';
    till.deposit('carl', USD, 1);
    expect(till.balance(ANN, USD)).toEqual([0n, 870n]);
    expect(till.balance(BOB, BTC)).toEqual([0n, 30n]);
    expect(till.shard.state().accounts.find(({ account }) => account === ANN)?.details).toMatchObject({ status: 'active', createdUs: created });
    till.limits.funds = 'paper';
  });

  test('balances stand still meanwhile, and what is charged as well', () => {
    till.limits.funds = 'required';
    till.do(feesOf('default', [null, 1_000, 1_000]));
    till.deposit(ANN, USD, 1_000);
    till.deposit(BOB, BTC, 100);
    const bid = till.place('buy', 100, 2, ANN);
    const pending = transferIdOf(till.do(transferOf('transfer', BOB, ANN, BTC, 50, { pending: true })));
    till.limits.funds = 'off';
    const entry = till.do(order('sell', 100, 1, BOB));
    expect(typesOf(entry)).toEqual(['trade', 'order', 'level']);
    expect(entry.fills[0]).toMatchObject({ makerFee: '0', takerFee: '0', maker: { fees: bid.fees } });
    expect([till.balance(ANN, USD), till.balance(BOB, BTC)]).toEqual([[1_000n, 601n], [100n, 50n]]);
    till.limits.funds = 'required';
    expect(entryOf(till.apply(endOf(pending, 'voided'))).balances).toEqual([{ type: 'balance', account: BOB, asset: BTC, total: '100', held: '0' }]);
    expect(till.balance(ANN, USD)).toEqual([1_000n, 301n]);
  });
});

describe('amounts at the borders', () => {
  test('a balance of 10^20 trades to the last unit', () => {
    till.do(feesOf('default', [null, 0, 1]));
    const lots = 8_333_333_333_333;
    const price = 4_000_000;
    // 99,999,999,999,996,000,000, and a millionth of it: 99,999,999,999,996.
    const needed = BigInt(lots) * BigInt(price) * 3n;
    const fee = needed / 1_000_000n;
    till.deposit(ANN, USD, needed + fee);
    till.deposit(BOB, BTC, BigInt(lots) * 10n);
    till.place('sell', price, lots, BOB);
    expect(till.refused(order('buy', price, lots + 1, ANN)).code).toBe('insufficient_funds');
    expect(till.place('buy', price, lots, ANN).status).toBe('filled');
    expect([till.balance(ANN, USD), till.balance(BOB, USD), till.balance(FEES, USD)]).toEqual([[0n, 0n], [needed, 0n], [fee, 0n]]);
  });

  test.each([2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, UNITS_MAX])('%s is there or not to the unit', (units) => {
    till.deposit(ANN, USD, units);
    if (units < UNITS_MAX) expect(till.refused(transferOf('transfer', ANN, BOB, USD, units + 1n)).shortfall).toEqual({ asset: USD, needed: String(units + 1n), available: String(units) });
    till.do(transferOf('transfer', ANN, BOB, USD, units));
    expect([till.balance(ANN, USD), till.balance(BOB, USD), till.balance(ISSUANCE, USD)]).toEqual([[0n, 0n], [units, 0n], [-units, 0n]]);
  });
});
