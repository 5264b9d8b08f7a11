import type { CommandResult, MoneyCommand } from '../../src/domain/commands';
import type { TransferStatus } from '../../src/domain/money';
import { UnavailableError } from '../../src/domain/unavailable';
import { MoneyDesk, NOW_US, TRANSFER_ID, accountNamed, entry, refusalEntry, transferOf, type Told } from './support/money-desk';

/** What the calls tell the engine, and what they make of what it says. */

const logged = (made: ReturnType<typeof entry>): CommandResult => ({ outcome: 'logged', entry: made });
const repeated = (made: ReturnType<typeof entry>, by: 'key' | 'reference' = 'key'): CommandResult => ({
  outcome: 'repeated', by, sequence: made.sequence, second: 0, entry: made,
});

/** The transfer that a command asks for, as an entry tells it. */
function transferEntry(command: MoneyCommand, status: TransferStatus): ReturnType<typeof entry> {
  if (command.op !== 'transfer') throw new Error('a transfer is needed');
  const { transferId, kind, from, to, asset, amount, reference, note, reverses, request } = command;
  const transfer = transferOf({
    transferId, kind, status, from, to, asset, amount, settledAmount: status === 'posted' ? amount : '0', reference, note, reverses, sequence: 1_042,
  });
  return entry('transfer', [{ type: 'transfer', transfer }], { request });
}

const errorsOf = ({ status, body }: Told): unknown => [status, body.code, body.errors];

describe('accounts', () => {
  it('are made with what they open with, in one command', async () => {
    const desk = new MoneyDesk();
    desk.next = () => logged(entry('account', [{ type: 'account', account: accountNamed('ann', { name: 'Ann' }) }]));
    const told = await desk.call('openAccount', '/accounts', {
      account_id: 'ann', name: 'Ann', deposits: [{ asset: 'USD', amount: 1000 }, { asset: 'BTC', amount: '0.5' }], idempotency_key: 'k',
    });
    expect(told).toMatchObject({
      status: 201, body: { account_id: 'ann', name: 'Ann', status: 'active', credit: 'none', fee_group: 'default', created_at: '2026-01-31T09:26:53.589793Z' },
    });
    expect(desk.commands).toMatchObject([{
      op: 'account', account: 'ann', opens: true, name: 'Ann', status: null, credit: null, feeGroup: null,
      deposits: [{ asset: 'USD', amount: '10000000000000' }, { asset: 'BTC', amount: '50000000' }],
      request: { op: 'open_account', account_id: 'ann', deposits: [['USD', '10000000000000'], ['BTC', '50000000']] },
    }]);
  });

  it('tell every wrong amount by its place', async () => {
    const desk = new MoneyDesk();
    const told = await desk.call('openAccount', '/accounts', { account_id: 'ann', deposits: [{ asset: 'USD', amount: '1' }, { asset: 'BTC', amount: '0.000000001' }, { asset: 'USD', amount: -1 }] });
    expect(errorsOf(told)).toEqual([400, 'validation_failed', [
      { field: 'deposits.1.amount', message: 'must have at most 8 decimals' },
      { field: 'deposits.2.amount', message: 'must be a plain decimal such as 123.45, without sign, exponent or spaces' },
    ]]);
    expect(errorsOf(await desk.call('openAccount', '/accounts', { account_id: 'ann', deposits: [{ asset: 'USD' }, 7, { asset: '@', amount: 1, x: 1 }] }))).toEqual([400, 'validation_failed', [
      { field: 'deposits.0.amount', message: 'is required' },
      { field: 'deposits.1', message: 'must be a JSON object' },
      { field: 'deposits.2.asset', message: 'must be the name of an asset' },
      { field: 'deposits.2.x', message: 'is not allowed' },
    ]]);
    expect(errorsOf(await desk.call('openAccount', '/accounts', { account_id: 'ann', deposits: 7 }))).toEqual(
      [400, 'validation_failed', [{ field: 'deposits', message: 'must be an array of 0 to 100 deposits' }]]);
    expect(await desk.call('openAccount', '/accounts', { account_id: 'ann', deposits: [{ asset: 'DOGE', amount: 1 }] })).toMatchObject(
      { status: 404, body: { code: 'asset_not_found', detail: 'There is no asset DOGE.' } });
    expect(desk.commands).toEqual([]);
  });

  it('have the credit that the venue gives, where nobody has said', async () => {
    const state = { account: accountNamed('ann'), balances: [], sequence: 7 };
    const read = (funds: 'paper' | 'required') => new MoneyDesk({ funds, engine: { readAccount: () => Promise.resolve(state) } }).call('getAccount', '/accounts/ann');
    expect([(await read('paper')).body.credit, (await read('required')).body.credit]).toEqual(['unlimited', 'none']);
  });

  it('are changed by what is given, and need something to be given', async () => {
    const desk = new MoneyDesk();
    desk.next = () => logged(entry('account', [{ type: 'account', account: accountNamed('ann', { status: 'suspended' }) }]));
    expect(await desk.call('changeAccount', '/accounts/ann', { status: 'suspended' })).toMatchObject({ status: 200, body: { status: 'suspended' } });
    expect(desk.commands).toMatchObject([{ op: 'account', account: 'ann', opens: false, status: 'suspended', name: null, idempotency: null, request: null }]);
    expect((await desk.call('changeAccount', '/accounts/ann', {})).status).toBe(400);
    expect(errorsOf(await desk.call('changeAccount', '/accounts/@fees', { status: 'suspended' }))).toEqual(
      [400, 'validation_failed', [{ field: 'account_id', message: 'must not be one of the venue\'s own' }]]);
  });

  it.each([
    ['openAccount', '/accounts', { account_id: '@ann' }, 'account_id'],
    ['deposit', '/deposits', { account_id: '@issuance', asset: 'USD', amount: 1 }, 'account_id'],
    ['requestWithdrawal', '/withdrawals', { account_id: '@fees', asset: 'USD', amount: 1 }, 'account_id'],
    ['transfer', '/transfers', { from: '@fees', to: 'ann', asset: 'USD', amount: 1 }, 'from'],
    ['transfer', '/transfers', { from: 'ann', to: '@fees', asset: 'USD', amount: 1 }, 'to'],
    ['listFills', '/fills?client_id=%40fees', undefined, 'client_id'],
    ['listDeposits', '/deposits?account_id=%40fees', undefined, 'account_id'],
  ] as const)('of the venue are nobody\'s to name: %s %s', async (call, path, body, field) => {
    const desk = new MoneyDesk();
    expect(errorsOf(await desk.call(call, path, body))).toEqual(
      [400, 'validation_failed', [{ field, message: 'must not begin with @: such names are the venue\'s own' }]]);
  });

  it('are listed by name, page by page', async () => {
    const asked: unknown[] = [];
    const desk = new MoneyDesk({
      isCaughtUp: false,
      record: { accounts: (...page) => { asked.push(page); return Promise.resolve([accountNamed('ann'), accountNamed('bob', { credit: 'unlimited' })]); } },
    });
    const { body } = await desk.call('listAccounts', '/accounts?limit=2&cursor=alf');
    expect(asked).toEqual([['alf', 2]]);
    expect(body).toMatchObject({ next_cursor: 'bob', stale: true, lag_entries: 3, accounts: [{ account_id: 'ann' }, { account_id: 'bob', credit: 'unlimited' }] });
  });
});

describe('balances', () => {
  const account = accountNamed('ann');

  it('tell total, held and what is left, below zero too', async () => {
    const desk = new MoneyDesk({
      engine: { readAccount: () => Promise.resolve({ account, sequence: 7, balances: [{ asset: 'BTC', total: '-5', held: '3' }, { asset: 'USD', total: '10', held: '0' }] }) },
    });
    expect((await desk.call('getBalances', '/accounts/ann/balances')).body).toEqual({
      account_id: 'ann', sequence: 7,
      balances: [
        { asset: 'BTC', total: '-0.00000005', held: '0.00000003', available: '-0.00000008' },
        { asset: 'USD', total: '0.0000000010', held: '0.0000000000', available: '0.0000000010' },
      ],
    });
  });

  it('of the venue are there before anything has moved; others are not', async () => {
    const desk = new MoneyDesk({ engine: { readAccount: () => Promise.resolve(null) } });
    expect((await desk.call('getBalances', '/accounts/@fees/balances')).body).toEqual({ account_id: '@fees', sequence: 1_042, balances: [] });
    expect((await desk.call('getBalances', '/accounts/@others/balances')).body.code).toBe('account_not_found');
    expect((await desk.call('getBalances', '/accounts/ann/balances')).body.code).toBe('account_not_found');
  });

  it('have a history, newest first, that goes on behind an event', async () => {
    const asked: unknown[] = [];
    const event = { sequence: 40, index: 4, kind: 'traded', asset: 'USD', amount: '-15', totalAfter: '85', orderId: TRANSFER_ID, tradeId: 3, transferId: null, counterparty: null, atUs: NOW_US } as const;
    const desk = new MoneyDesk({
      engine: { readAccount: () => Promise.resolve({ account, sequence: 7, balances: [] }) },
      record: { events: (...page) => { asked.push(page); return Promise.resolve([event, { ...event, index: 3, asset: 'BTC', amount: '1', totalAfter: '1' }]); } },
    });
    const { body } = await desk.call('getAccountEvents', '/accounts/ann/events?before=41:0&limit=2&asset=USD');
    expect(asked).toEqual([['ann', { asset: 'USD', before: { sequence: 41, index: 0 }, limit: 2 }]]);
    expect(body).toMatchObject({
      next_cursor: '40:3', events: [{ event_id: '40:4', amount: '-0.0000000015', total_after: '0.0000000085', trade_id: 3, order_id: TRANSFER_ID }, { event_id: '40:3' }],
    });
    expect((await desk.call('getAccountEvents', '/accounts/ann/events?before=41')).status).toBe(400);
    expect((await desk.call('getAccountEvents', '/accounts/ann/events?asset=DOGE')).body.code).toBe('asset_not_found');
  });

  it('are rebuilt from the latest snapshot and from the first event, and held against what is there', async () => {
    const live = { account, sequence: 50, balances: [{ asset: 'USD', total: '100', held: '0' }] };
    const sums = (after: number): string => (after === 0 ? '100' : '40');
    const desk = (snapshotTotal: string) => new MoneyDesk({
      engine: { readAccount: () => Promise.resolve(live) },
      record: {
        snapshots: (_account, upTo) => Promise.resolve(upTo === 50 ? [{ sequence: 30, totals: [{ asset: 'USD', amount: snapshotTotal }], atUs: NOW_US }] : []),
        eventSums: (_account, after, upTo) => Promise.resolve({ events: upTo - after, sums: [{ asset: 'USD', amount: sums(after) }] }),
      },
    });
    expect((await desk('60').call('rebuildAccount', '/accounts/ann/rebuild')).body).toMatchObject({ ok: true, snapshot_sequence: 30, events_replayed: 20, differences: [] });
    expect((await desk('61').call('rebuildAccount', '/accounts/ann/rebuild', { idempotency_key: 'k' })).body).toMatchObject({
      ok: false, differences: [{ asset: 'USD', live: '0.0000000100', from_snapshot: '0.0000000101', from_events: '0.0000000100' }],
    });
    const behind = new MoneyDesk({ isCaughtUp: false, engine: { readAccount: () => Promise.resolve(live) } });
    expect((await behind.call('rebuildAccount', '/accounts/ann/rebuild')).body.code).toBe('history_unavailable');
  });
});

describe('deposits, withdrawals and transfers', () => {
  it('are commands in whole units, with keys of the account whose money moves', async () => {
    const desk = new MoneyDesk();
    desk.next = (command) => logged(transferEntry(command, command.op === 'transfer' && command.pending ? 'pending' : 'posted'));
    const deposit = await desk.call('deposit', '/deposits', { account_id: 'ann', asset: 'USD', amount: '1.5', reference: 'wire 7' }, 'k');
    const withdrawal = await desk.call('requestWithdrawal', '/withdrawals', { account_id: 'ann', asset: 'USD', amount: '1.5', destination: 'bank' }, 'k2');
    const transfer = await desk.call('transfer', '/transfers', { from: 'ann', to: 'bob', asset: 'USD', amount: 2, note: 'lunch', pending: true, timeout_s: 60, idempotency_key: 'k3' });
    expect([deposit.status, deposit.body.status, deposit.body.amount, deposit.body.reference]).toEqual([201, 'credited', '1.5000000000', 'wire 7']);
    expect([withdrawal.status, withdrawal.body.status, withdrawal.body.destination]).toEqual([201, 'requested', 'bank']);
    expect([transfer.status, transfer.body.status, transfer.body.note]).toEqual([201, 'pending', 'lunch']);
    expect(desk.commands).toMatchObject([
      { kind: 'deposit', pending: false, from: '@issuance', to: 'ann', amount: '15000000000', reference: 'wire 7', request: { op: 'deposit', amount: '15000000000' } },
      { kind: 'withdrawal', pending: true, from: 'ann', to: '@issuance', note: 'bank', referenceDigest: null },
      { kind: 'transfer', pending: true, from: 'ann', to: 'bob', amount: '20000000000', timeoutUs: 60_000_000 },
    ]);
    expect(new Set(desk.commands.map(({ idempotency }) => idempotency)).size).toBe(3);
  });

  it('are refused before the engine is asked where they make no sense', async () => {
    const desk = new MoneyDesk();
    expect(await desk.call('transfer', '/transfers', { from: 'ann', to: 'ann', asset: 'USD', amount: 1 })).toMatchObject({ status: 400, body: { code: 'same_account' } });
    expect(errorsOf(await desk.call('transfer', '/transfers', { from: 'ann', to: 'bob', asset: 'USD', amount: 1, timeout_s: 5 }))).toEqual(
      [400, 'validation_failed', [{ field: 'body', message: 'must have pending where it has timeout_s' }]]);
    expect(errorsOf(await desk.call('deposit', '/deposits', { account_id: 'ann', asset: 'USD', amount: '0' }))).toEqual(
      [400, 'validation_failed', [{ field: 'amount', message: 'must be greater than zero' }]]);
    expect(desk.commands).toEqual([]);
  });

  it('get the first answer again with a key or a reference, and are told apart from another', async () => {
    const desk = new MoneyDesk();
    const body = { account_id: 'ann', asset: 'USD', amount: '1.5', reference: 'wire 7' };
    let first: ReturnType<typeof entry> | undefined;
    desk.next = (command) => logged(first = transferEntry(command, 'posted'));
    const made = await desk.call('deposit', '/deposits', body);
    desk.next = () => repeated(first as ReturnType<typeof entry>, 'reference');
    const again = await desk.call('deposit', '/deposits', { ...body, amount: 1.50 });
    expect([again.status, again.body, again.headers['idempotency-replayed']]).toEqual([201, made.body, 'true']);
    expect(await desk.call('deposit', '/deposits', { ...body, account_id: 'bob', amount: '2' })).toMatchObject({
      status: 422, body: { code: 'reference_reused', detail: 'The reference was used for a deposit with another account_id, amount.' },
    });
    desk.next = () => repeated(first as ReturnType<typeof entry>);
    expect(await desk.call('requestWithdrawal', '/withdrawals', { account_id: 'ann', asset: 'USD', amount: '1.5' }, 'k')).toMatchObject({
      status: 422, body: { code: 'idempotency_key_reused', errors: [{ field: 'op' }] },
    });
  });

  it('say what is wanting, each time a key asks', async () => {
    const desk = new MoneyDesk();
    const shortfall = { asset: 'USD', needed: '15000000000', available: '-1' };
    desk.next = () => ({ outcome: 'refused', code: 'insufficient_funds', order: null, shortfall });
    const asked = { account_id: 'ann', asset: 'USD', amount: '1.5' };
    const told = await desk.call('requestWithdrawal', '/withdrawals', asked);
    const facts = { code: 'insufficient_funds', asset: 'USD', needed: '1.5000000000', available: '-0.0000000001', detail: '1.5000000000 USD are needed, -0.0000000001 are available.' };
    expect(told).toMatchObject({ status: 409, body: facts });
    desk.next = ({ request }) => repeated(refusalEntry('insufficient_funds', [{ type: 'shortfall', ...shortfall }], { request }));
    const again = await desk.call('requestWithdrawal', '/withdrawals', asked, 'k');
    expect([again.body, again.headers['idempotency-replayed']]).toEqual([told.body, 'true']);
  });
});

describe('ends of transfers', () => {
  const pending = transferOf({ status: 'pending', settledAmount: '0' });
  const ended = (transfer: typeof pending) => logged(entry('transfer_end', [{ type: 'transfer', transfer }]));

  it('are told to the engine, with keys of the account that holds the money', async () => {
    const desk = new MoneyDesk({ engine: { readTransfer: () => Promise.resolve(pending) } });
    desk.next = () => ended({ ...pending, status: 'posted', settledAmount: '4' });
    expect((await desk.call('postTransfer', `/transfers/${TRANSFER_ID}/post`, { amount: '0.0000000004' })).body).toMatchObject({ status: 'posted', settled_amount: '0.0000000004' });
    desk.next = () => ended({ ...pending, status: 'voided' });
    expect((await desk.call('voidTransfer', `/transfers/${TRANSFER_ID.toUpperCase()}/void`, undefined, 'k')).body).toMatchObject({ status: 'voided' });
    expect(desk.commands).toMatchObject([{ op: 'transfer_end', status: 'posted', amount: '4', idempotency: null }, { op: 'transfer_end', status: 'voided', amount: null, transferId: TRANSFER_ID }]);
  });

  it('of a withdrawal are its own words', async () => {
    const withdrawal = transferOf({ kind: 'withdrawal', status: 'pending', to: '@issuance' });
    const desk = new MoneyDesk({ engine: { readTransfer: () => Promise.resolve(withdrawal) } });
    for (const [call, path, status, told] of [
      ['completeWithdrawal', 'complete', 'posted', 'completed'], ['rejectWithdrawal', 'reject', 'rejected', 'rejected'], ['cancelWithdrawal', 'cancel', 'voided', 'cancelled'],
    ] as const) {
      desk.next = () => ended({ ...withdrawal, status });
      expect((await desk.call(call, `/withdrawals/${TRANSFER_ID}/${path}`)).body.status).toBe(told);
      expect(desk.commands.at(-1)).toMatchObject({ op: 'transfer_end', status });
    }
    desk.next = () => ({ outcome: 'refused', code: 'transfer_resolved', order: null, transfer: { ...withdrawal, status: 'voided' } });
    expect(await desk.call('completeWithdrawal', `/withdrawals/${TRANSFER_ID}/complete`)).toMatchObject({
      status: 409, body: { code: 'withdrawal_resolved', withdrawal: { withdrawal_id: TRANSFER_ID, status: 'cancelled' }, detail: 'The withdrawal is cancelled.' },
    });
    // A withdrawal is no transfer, nor the other way round.
    expect((await desk.call('postTransfer', `/transfers/${TRANSFER_ID}/post`)).body.code).toBe('transfer_not_found');
    expect((await desk.call('completeWithdrawal', '/withdrawals/none/complete')).body.code).toBe('withdrawal_not_found');
  });

  it('are looked up in the record where they have left Redis', async () => {
    const voided = transferOf({ status: 'voided', settledAmount: '0' });
    const desk = new MoneyDesk({ record: { transfer: () => Promise.resolve(voided) } });
    desk.next = () => ({ outcome: 'refused', code: 'transfer_not_found', order: null });
    expect(await desk.call('postTransfer', `/transfers/${TRANSFER_ID}/post`)).toMatchObject({ status: 409, body: { code: 'transfer_resolved', transfer: { status: 'voided' } } });
    const behind = new MoneyDesk({ isCaughtUp: false });
    expect((await behind.call('postTransfer', `/transfers/${TRANSFER_ID}/post`)).body.code).toBe('history_unavailable');
    expect((await new MoneyDesk().call('postTransfer', `/transfers/${TRANSFER_ID}/post`)).body.code).toBe('transfer_not_found');
    // The refusal is remembered under the key: that Redis is lost just then is no answer, and no promise that nothing was remembered.
    let asked = 0;
    const lost = new MoneyDesk({
      engine: {
        readTransfer: () => Promise.resolve(transferOf({ status: 'pending' })),
        position: () => Promise.reject(new UnavailableError('engine_recovering', 'another life begins')),
      },
      record: { transfer: () => { asked++; return Promise.resolve(null); } },
    });
    lost.next = () => ({ outcome: 'logged', entry: refusalEntry('transfer_not_found', []) });
    const told = await lost.call('voidTransfer', `/transfers/${TRANSFER_ID}/void`, undefined, 'k-1');
    expect([told.status, told.body.code, asked]).toEqual([503, 'history_unavailable', 0]);
  });

  it('move a posted transfer back once', async () => {
    const posted = transferOf({ settledAmount: '4' });
    const desk = new MoneyDesk({ record: { transfer: () => Promise.resolve(posted) } });
    let first: ReturnType<typeof entry> | undefined;
    desk.next = (command) => logged(first = transferEntry(command, 'posted'));
    const made = await desk.call('reverseTransfer', `/transfers/${TRANSFER_ID}/reverse`, {}, 'k');
    expect(made).toMatchObject({ status: 201, body: { from: 'bob', to: 'ann', amount: '0.0000000004', reverses: TRANSFER_ID } });
    desk.next = () => repeated(first as ReturnType<typeof entry>);
    expect((await desk.call('reverseTransfer', `/transfers/${TRANSFER_ID}/reverse`, {}, 'k')).body).toEqual(made.body);
    desk.next = () => repeated(first as ReturnType<typeof entry>, 'reference');
    expect(await desk.call('reverseTransfer', `/transfers/${TRANSFER_ID}/reverse`)).toMatchObject({
      status: 409, body: { code: 'transfer_resolved', transfer: { transfer_id: TRANSFER_ID, status: 'posted', reversed_by: made.body.transfer_id } },
    });
    const waiting = new MoneyDesk({ engine: { readTransfer: () => Promise.resolve(pending) } });
    expect((await waiting.call('reverseTransfer', `/transfers/${TRANSFER_ID}/reverse`)).body).toMatchObject({ code: 'transfer_resolved', transfer: { status: 'pending' } });
  });
});

describe('groups of fees', () => {
  it('are set in millionths', async () => {
    const desk = new MoneyDesk();
    desk.next = (command) => logged(entry('fee_group', command.op === 'fee_group' ? [{ type: 'fee_group', group: command.group, rates: command.rates }] : []));
    const rates = [{ maker: '-0.0001', taker: 0.0005 }, { instrument: 'BTC-USD', maker: 0, taker: '0.1' }];
    expect((await desk.call('putFeeGroup', '/fee-groups/vip', { rates }, 'k')).body).toEqual(
      { group: 'vip', rates: [{ maker: '-0.0001', taker: '0.0005' }, { instrument: 'BTC-USD', maker: '0', taker: '0.1' }] });
    expect(desk.commands).toMatchObject([{ op: 'fee_group', group: 'vip', rates: [{ instrument: null, makerRate: -100, takerRate: 500 }, { instrument: 'BTC-USD', makerRate: 0, takerRate: 100_000 }] }]);
  });

  it('are refused row by row', async () => {
    const desk = new MoneyDesk();
    const put = async (...rates: unknown[]): Promise<unknown> => errorsOf(await desk.call('putFeeGroup', '/fee-groups/vip', { rates }));
    const row = { maker: 0, taker: 0 };
    expect(await put({ maker: '-0.010001', taker: '-0.000001' }, row, { maker: '0.0000001', taker: 0.2 }, row)).toEqual([400, 'validation_failed', [
      { field: 'rates.0.maker', message: 'must be whole millionths from -0.01 to 0.1' },
      { field: 'rates.0.taker', message: 'must be whole millionths from 0 to 0.1' },
      { field: 'rates.1.instrument', message: 'has a row already' },
      { field: 'rates.2.instrument', message: 'has a row already' },
      { field: 'rates.2.maker', message: 'must be whole millionths from -0.01 to 0.1' },
      { field: 'rates.2.taker', message: 'must be whole millionths from 0 to 0.1' },
      { field: 'rates.3.instrument', message: 'has a row already' },
    ]]);
    expect(await put({ ...row, instrument: 'NO-SUCH' })).toEqual([404, 'instrument_not_found', undefined]);
    expect((await desk.call('putFeeGroup', '/fee-groups/@vip', { rates: [] })).status).toBe(400);
    desk.next = () => ({ outcome: 'refused', code: 'fee_rates_lose_money', order: null });
    expect(await put(row)).toEqual([422, 'fee_rates_lose_money', undefined]);
  });

  it('have everybody\'s among them', async () => {
    const desk = new MoneyDesk({ engine: { readFeeGroups: () => Promise.resolve([{ group: 'vip', rates: [] }]) } });
    expect((await desk.call('listFeeGroups', '/fee-groups')).body).toEqual({ fee_groups: [{ group: 'default', rates: [] }, { group: 'vip', rates: [] }] });
  });
});

describe('what trades come to', () => {
  const account = accountNamed('ann');
  const state = { account, sequence: 7, balances: [{ asset: 'BTC', total: '200000000', held: '0' }, { asset: 'USD', total: '1000', held: '250' }] };
  // 2 BTC bought at 50,000, 1 sold at 51,000.
  const btc = {
    instrument: 'BTC-USD', netLots: '100000000', cost: '500000000000000', realized: '10000000000000', fees: '75', boughtLots: '200000000', soldLots: '100000000', updatedUs: NOW_US,
    sequence: 6,
  };
  const flat = { ...btc, sequence: 5, instrument: 'ETH-USD', netLots: '0', cost: '0', realized: '-5', fees: '1', boughtLots: '7', soldLots: '7' };
  const desk = (last: bigint | null) => new MoneyDesk({
    engine: { readAccount: () => Promise.resolve(state) }, record: { positions: () => Promise.resolve([btc, flat]) },
    marks: { doubleTicks: (instrument, kind) => Promise.resolve(instrument === 'BTC-USD' && last !== null ? last + (kind === 'mid' ? 1n : 0n) : null) },
  });

  it('is told with a price, and without one where there is none', async () => {
    expect((await desk(10_000_200n).call('getPosition', '/accounts/ann/positions/BTC-USD')).body).toEqual({
      instrument: 'BTC-USD', net_quantity: '1.00000000', average_price: '50000.000000', cost: '50000.0000000000', realized_pnl: '1000.0000000000',
      unrealized_pnl: '1.0000000000', mark_price: '50001.00', fees: '0.0000000075', bought_quantity: '2.00000000', sold_quantity: '1.00000000',
      updated_at: '2026-01-31T09:26:53.589793Z',
    });
    expect((await desk(null).call('getPosition', '/accounts/ann/positions/BTC-USD')).body).toMatchObject({ unrealized_pnl: null, mark_price: null });
    expect((await desk(null).call('listPositions', '/accounts/ann/positions')).body).toMatchObject({ sequence: 6, positions: [
      { instrument: 'BTC-USD' }, { instrument: 'ETH-USD', net_quantity: '0.000000', average_price: null, unrealized_pnl: '0.0000000000' },
    ] });
    expect((await desk(null).call('getPosition', '/accounts/ann/positions/NO-SUCH')).body.code).toBe('instrument_not_found');
    const none = new MoneyDesk({ engine: { readAccount: () => Promise.resolve(state) }, record: { positions: () => Promise.resolve([]) } });
    expect((await none.call('getPosition', '/accounts/ann/positions/BTC-USD')).body.code).toBe('position_not_found');
  });

  it('adds up by quote asset, at the last price or the mid', async () => {
    expect((await desk(10_000_200n).call('getPortfolio', '/accounts/ann/portfolio')).body).toEqual({
      account_id: 'ann', mark: 'last', sequence: 7,
      assets: [{
        asset: 'USD', total: '0.0000001000', available: '0.0000000750', position_value: '50001.0000000000', unrealized_pnl: '1.0000000000',
        realized_pnl: '999.9999999995', fees: '0.0000000076', total_pnl: '1000.9999999919',
      }],
    });
    expect((await desk(10_000_200n).call('getPortfolio', '/accounts/ann/portfolio?mark=mid')).body.assets).toMatchObject([{ position_value: '50001.0050000000' }]);
    expect((await desk(null).call('getPortfolio', '/accounts/ann/portfolio')).body.assets).toMatchObject([
      { position_value: null, unrealized_pnl: null, total_pnl: null, realized_pnl: '999.9999999995' },
    ]);
    expect((await desk(null).call('getPortfolio', '/accounts/ann/portfolio?mark=best')).status).toBe(400);
  });

  it('is listed trade by trade', async () => {
    const asked: unknown[] = [];
    const fill = {
      instrument: 'BTC-USD', tradeId: 77, index: 0, orderId: TRANSFER_ID, side: 'buy', role: 'maker', priceTicks: 5_000_000, quantityLots: 3, fee: '-1', feeRate: -100, sequence: 40, executedUs: NOW_US,
    } as const;
    const trades = new MoneyDesk({ record: { fills: (...page) => { asked.push(page); return Promise.resolve([fill]); } } });
    const { body } = await trades.call('listFills', '/fills?client_id=ann&limit=1&before=41:3&instrument=BTC-USD');
    expect(asked).toEqual([['ann', { instrument: 'BTC-USD', before: { sequence: 41, index: 3 }, limit: 1 }]]);
    expect(body).toMatchObject({
      next_cursor: '40:0', fills: [{ trade_id: 77, role: 'maker', price: '50000.00', value: '0.0015000000', fee: '-0.0000000001', fee_asset: 'USD', fee_rate: '-0.0001' }],
    });
  });

  it('is told day by day', async () => {
    const line = { asset: 'USD', opening: '0', deposits: '10', withdrawals: '1', transfersIn: '2', transfersOut: '3', bought: '4', sold: '5', fees: '-1', closing: '8' };
    const days = new MoneyDesk({
      engine: { readAccount: () => Promise.resolve(state) },
      record: {
        statement: () => Promise.resolve({ status: 'settled', lines: [line] }),
        settlement: () => Promise.resolve({
          status: 'open', totals: [line], accounts: [{ account: 'ann', lines: [line], netting: [{ instrument: 'BTC-USD', netLots: '-3', netMoney: '1500', fees: '2' }] }],
        }),
      },
    });
    expect((await days.call('getStatement', '/accounts/ann/statements/2026-01-30')).body).toMatchObject({
      account_id: 'ann', date: '2026-01-30', status: 'settled', assets: [{ opening: '0.0000000000', deposits: '0.0000000010', fees: '-0.0000000001', closing: '0.0000000008' }],
    });
    expect((await days.call('getSettlement', '/settlements/2026-01-31?limit=1')).body).toMatchObject({
      status: 'open', next_cursor: 'ann', accounts: [{ account_id: 'ann', netting: [{ instrument: 'BTC-USD', net_quantity: '-0.00000003', net_money: '0.0000001500', money_asset: 'USD' }] }],
    });
    for (const day of ['2026-02-30', '2026-1-1', 'today', '2026-01-30T00:00:00Z']) expect((await days.call('getStatement', `/accounts/ann/statements/${day}`)).body.code).toBe('validation_failed');
    expect(errorsOf(await days.call('getSettlement', '/settlements/2026-02-01'))).toEqual([400, 'validation_failed', [{ field: 'date', message: 'has not begun yet' }]]);
  });

  it('adds up to nothing over all accounts', async () => {
    const totals = { asset: 'USD', customers: '90', issuance: '-100', fees: '10', held: '5' };
    const venue = (fees: string) => new MoneyDesk({ record: { totals: () => Promise.resolve({ sequence: 9, assets: [{ ...totals, fees }] }) } });
    expect((await venue('10').call('getMoney', '/money')).body).toMatchObject({ sequence: 9, findings: [], assets: [{ asset: 'USD', customers: '0.0000000090', sum: '0' }] });
    expect((await venue('11').call('getMoney', '/money')).body.assets).toMatchObject([{ sum: '0.0000000001' }]);
  });
});

it('a venue that keeps no money says so, and tells its assets', async () => {
  const desk = new MoneyDesk({ funds: 'off' });
  for (const [call, path, body] of [
    ['openAccount', '/accounts', {}], ['deposit', '/deposits', {}], ['listFills', '/fills', undefined], ['getMoney', '/money', undefined], ['postTransfer', '/transfers/x/post', {}],
    ['getStatement', '/accounts/ann/statements/today', undefined], ['putFeeGroup', '/fee-groups/vip', {}],
  ] as const) expect(await desk.call(call, path, body)).toMatchObject({ status: 409, body: { code: 'funds_off' } });
  expect((await desk.call('getAssets', '/public/assets')).body).toEqual({
    assets: [{ asset: 'BTC', decimals: 8 }, { asset: 'ETH', decimals: 6 }, { asset: 'USD', decimals: 10 }],
  });
});
