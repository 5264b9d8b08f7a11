import { refusal } from '../../support/client';
import { until } from '../../support/until';
import { Purse, type Body } from './support/purse';

describe('deposits, withdrawals and transfers', () => {
  let purse: Purse;
  beforeAll(async () => { purse = await Purse.open('required'); });
  afterAll(async () => {
    await purse.expectConserved();
    await purse.close();
  });

  const deposit = (body: Body, headers = {}) => purse.client.post<Body>('/deposits', { asset: 'USD', amount: '10', ...body }, headers);
  const withdraw = (account: string, amount = '4') => purse.client.post<Body>('/withdrawals', { account_id: account, asset: 'USD', amount });
  const usd = (account: string) => purse.balance(account, 'USD');

  it('are credited once for a reference, for ever', async () => {
    const account = purse.nextAccount();
    const first = await deposit({ account_id: account, reference: `wire ${account}` });
    expect([first.status, first.body]).toMatchObject([201, { account_id: account, asset: 'USD', amount: '10.0000000000', reference: `wire ${account}`, status: 'credited' }]);
    const answers = await Promise.all([1, 2, 3].map(() => deposit({ account_id: account, amount: 10.0, reference: `wire ${account}` })));
    for (const { status, body } of answers) expect([status, body]).toEqual([201, first.body]);
    await refusal(deposit({ account_id: account, amount: '11', reference: `wire ${account}` }), 422, 'reference_reused');
    await refusal(deposit({ account_id: purse.nextAccount(), reference: `wire ${account}` }), 422, 'reference_reused');
    // Another asset has references of its own.
    expect((await deposit({ account_id: account, asset: 'BTC', amount: '1', reference: `wire ${account}` })).status).toBe(201);
    expect(await usd(account)).toEqual(['10.0000000000', '0.0000000000', '10.0000000000']);
    const { body } = await purse.client.get<{ deposits: Body[] }>(`/deposits?account_id=${account}`);
    expect(body.deposits.map(({ asset }) => asset)).toEqual(['BTC', 'USD']);
    expect(body.deposits[1]).toEqual(first.body);
  });

  it('are the same with a key, and nothing with amounts that are none', async () => {
    const account = purse.nextAccount();
    const first = await deposit({ account_id: account }, { 'Idempotency-Key': 'one' });
    expect((await deposit({ account_id: account, idempotency_key: 'one' })).body).toEqual(first.body);
    await refusal(deposit({ account_id: account, amount: '11', idempotency_key: 'one' }), 422, 'idempotency_key_reused');
    for (const amount of ['0', '-1', '1.00000000001', '1e3', '', `1${'0'.repeat(31)}`]) {
      expect((await refusal(deposit({ account_id: account, amount }), 400, 'validation_failed')).body.errors).toMatchObject([{ field: 'amount' }]);
    }
    await refusal(deposit({ account_id: account, asset: 'DOGE' }), 404, 'asset_not_found');
    expect(await usd(account)).toEqual(['10.0000000000', '0.0000000000', '10.0000000000']);
  });

  it('hold what is to be withdrawn, and end once', async () => {
    const account = await purse.account({ USD: '10' });
    const ends = async (end: string): Promise<unknown[]> => {
      const { body: asked } = await withdraw(account);
      const id = String(asked.withdrawal_id);
      const { status, body } = await purse.client.post<Body>(`/withdrawals/${id}/${end}`, {});
      for (const again of [{}, { idempotency_key: `again ${end}` }]) {
        const told = await purse.client.post<Body>(`/withdrawals/${id}/${end}`, again);
        expect([told.status, told.body, told.headers.get('idempotency-replayed')]).toEqual([200, body, 'true']);
      }
      for (const other of ['complete', 'reject', 'cancel'].filter((one) => one !== end)) {
        const refused = await refusal(purse.client.post(`/withdrawals/${id}/${other}`, {}), 409, 'withdrawal_resolved');
        expect(refused.body.withdrawal).toMatchObject({ withdrawal_id: id, status: body.status });
      }
      return [asked.status, status, body.status, ...await usd(account) ?? []];
    };
    expect(await ends('reject')).toEqual(['requested', 200, 'rejected', '10.0000000000', '0.0000000000', '10.0000000000']);
    expect(await ends('cancel')).toEqual(['requested', 200, 'cancelled', '10.0000000000', '0.0000000000', '10.0000000000']);
    expect(await ends('complete')).toEqual(['requested', 200, 'completed', '6.0000000000', '0.0000000000', '6.0000000000']);
    await withdraw(account, '5');
    expect(await usd(account)).toEqual(['6.0000000000', '5.0000000000', '1.0000000000']);
    expect((await refusal(withdraw(account, '2'), 409, 'insufficient_funds')).body).toMatchObject({ asset: 'USD', needed: '2.0000000000', available: '1.0000000000' });
    const listed = async (status: string) => (await purse.client.get<{ withdrawals: Body[] }>(`/withdrawals?account_id=${account}${status}`)).body.withdrawals.map((one) => one.status);
    expect(await listed('')).toEqual(['requested', 'completed', 'cancelled', 'rejected']);
    expect(await listed('&status=completed')).toEqual(['completed']);
    await refusal(withdraw(purse.nextAccount()), 404, 'account_not_found');
    for (const id of ['none', '01900000-0000-7000-8000-000000000000']) await refusal(purse.client.post(`/withdrawals/${id}/complete`, {}), 404, 'withdrawal_not_found');
  });

  it('let exactly one of many withdrawals through that together need more than is there', async () => {
    const accounts = await Promise.all(Array.from({ length: 30 }, () => purse.account({ USD: '10' })));
    await Promise.all(accounts.map(async (account) => {
      const answers = await Promise.all([1, 2, 3].map(() => withdraw(account, '7')));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    }));
  });

  it('move between accounts, and back once', async () => {
    const [from, to] = [await purse.account({ USD: '10' }), purse.nextAccount()];
    const { status, body } = await purse.client.post<Body>('/transfers', { from, to, asset: 'USD', amount: '4', note: 'lunch' });
    expect([status, body]).toMatchObject([201, { from, to, amount: '4.0000000000', settled_amount: '4.0000000000', status: 'posted', note: 'lunch', reverses: null }]);
    expect([await usd(from), await usd(to)]).toEqual([['6.0000000000', '0.0000000000', '6.0000000000'], ['4.0000000000', '0.0000000000', '4.0000000000']]);
    const id = String(body.transfer_id);
    const back = await purse.client.post<Body>(`/transfers/${id}/reverse`, {}, { 'Idempotency-Key': 'back' });
    expect([back.status, back.body]).toMatchObject([201, { from: to, to: from, amount: '4.0000000000', reverses: id }]);
    expect((await purse.client.post<Body>(`/transfers/${id}/reverse`, {}, { 'Idempotency-Key': 'back' })).body).toEqual(back.body);
    expect((await refusal(purse.client.post(`/transfers/${id}/reverse`, {}), 409, 'transfer_resolved')).body.transfer).toMatchObject({ transfer_id: id, reversed_by: back.body.transfer_id });
    expect((await purse.events(from)).map(({ kind }) => kind)).toEqual(['transferred_in', 'transferred_out', 'deposited']);
    await refusal(purse.client.post('/transfers', { from, to: from, asset: 'USD', amount: '1' }), 400, 'same_account');
    await refusal(purse.client.post('/transfers', { from, to, asset: 'USD', amount: '10.0000000001' }), 409, 'insufficient_funds');
  });

  it('reach no account that has closed meanwhile: not by a post, not by a reversal', async () => {
    const [from, to] = [await purse.account({ USD: '10' }), await purse.account()];
    const close = async (account: string): Promise<void> => {
      expect((await purse.client.call('PATCH', `/accounts/${account}`, { body: { status: 'closed' } })).status).toBe(200);
    };
    const { body: { transfer_id: id } } = await purse.client.post<Body>('/transfers', { from, to, asset: 'USD', amount: '4', pending: true });
    await close(to);
    for (const body of [{}, { amount: '1' }]) await refusal(purse.client.post(`/transfers/${String(id)}/post`, body), 409, 'account_closed');
    expect((await purse.client.post<Body>(`/transfers/${String(id)}/void`, {})).body).toMatchObject({ status: 'voided', settled_amount: '0.0000000000' });
    const { body: { transfer_id: gone } } = await purse.client.post<Body>('/transfers', { from, to: purse.nextAccount(), asset: 'USD', amount: '10' });
    await close(from);
    await refusal(purse.client.post(`/transfers/${String(gone)}/reverse`, {}), 409, 'account_closed');
  });

  it('are not moved back again by way of what moved them back', async () => {
    const [from, to] = [await purse.account({ USD: '10' }), await purse.account({ USD: '10' })];
    const { body: { transfer_id: id } } = await purse.client.post<Body>('/transfers', { from, to, asset: 'USD', amount: '4' });
    const { body: { transfer_id: back } } = await purse.client.post<Body>(`/transfers/${String(id)}/reverse`, {});
    for (const end of ['reverse', 'void', 'post']) {
      expect((await refusal(purse.client.post(`/transfers/${String(back)}/${end}`, {}), 409, 'transfer_resolved')).body.transfer).toMatchObject({ transfer_id: back, reverses: id });
    }
  });

  it('are not moved back out of an account that has closed, even where it has credit', async () => {
    const [from, to] = [await purse.account({ USD: '10' }), await purse.account({}, { credit: 'unlimited' })];
    const { body: { transfer_id: id } } = await purse.client.post<Body>('/transfers', { from, to, asset: 'USD', amount: '4' });
    expect((await purse.client.post('/transfers', { from: to, to: from, asset: 'USD', amount: '4' })).status).toBe(201);
    expect((await purse.client.call('PATCH', `/accounts/${to}`, { body: { status: 'closed' } })).status).toBe(200);
    await refusal(purse.client.post(`/transfers/${String(id)}/reverse`, {}), 409, 'account_closed');
  });

  it('are pending only where they say so, and only then may be over by themselves', async () => {
    const [from, to] = [await purse.account({ USD: '10' }), purse.nextAccount()];
    expect((await purse.client.post<Body>('/transfers', { from, to, asset: 'USD', amount: '4', pending: false })).body.status).toBe('posted');
    for (const more of [{ timeout_s: 5 }, { timeout_s: 5, pending: false }]) {
      await refusal(purse.client.post('/transfers', { from, to, asset: 'USD', amount: '4', ...more }), 400, 'validation_failed');
    }
  });

  it('wait in two phases: posted in part or whole, called off, or over', async () => {
    const [from, to] = [await purse.account({ USD: '10' }), purse.nextAccount()];
    const hold = async (more: Body = {}) => String((await purse.client.post<Body>('/transfers', { from, to, asset: 'USD', amount: '4', pending: true, ...more })).body.transfer_id);
    const part = await hold();
    expect(await usd(from)).toEqual(['10.0000000000', '4.0000000000', '6.0000000000']);
    await refusal(purse.client.post(`/transfers/${part}/reverse`, {}), 409, 'transfer_resolved');
    await refusal(purse.client.post(`/transfers/${part}/post`, { amount: '4.0000000001' }), 422, 'amount_above_transfer');
    expect((await purse.client.post<Body>(`/transfers/${part}/post`, { amount: '1' })).body).toMatchObject({ status: 'posted', amount: '4.0000000000', settled_amount: '1.0000000000' });
    expect(await usd(from)).toEqual(['9.0000000000', '0.0000000000', '9.0000000000']);
    const off = await hold();
    expect((await purse.client.post<Body>(`/transfers/${off}/void`, {})).body.status).toBe('voided');
    expect((await refusal(purse.client.post(`/transfers/${off}/post`, {}), 409, 'transfer_resolved')).body.transfer).toMatchObject({ status: 'voided' });
    const over = await hold({ timeout_s: 1 });
    await until('the hold is over', async () => (await usd(from))?.[1] === '0.0000000000', 15_000);
    expect((await refusal(purse.client.post(`/transfers/${over}/post`, {}), 409, 'transfer_resolved')).body.transfer).toMatchObject({ status: 'expired' });
    expect(await usd(to)).toEqual(['1.0000000000', '0.0000000000', '1.0000000000']);
  });
});
