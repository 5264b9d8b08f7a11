import { refusal } from '../../support/client';
import { Purse, type Body } from './support/purse';

describe('accounts', () => {
  let purse: Purse;
  beforeAll(async () => { purse = await Purse.open('required', { environment: { ACCOUNT_SNAPSHOT_EVERY: '4' } }); });
  afterAll(() => purse.close());

  it('open with what they are given in one step, once, and with a key again', async () => {
    const account = purse.nextAccount();
    const asked = { account_id: account, name: 'Ada', deposits: [{ asset: 'USD', amount: '100.5' }, { asset: 'BTC', amount: 2 }] };
    const first = await purse.client.post<Body>('/accounts', asked, { 'Idempotency-Key': 'open' });
    expect([first.status, first.body]).toMatchObject([201, { account_id: account, name: 'Ada', status: 'active', credit: 'none', fee_group: 'default' }]);
    const again = await purse.client.post<Body>('/accounts', asked, { 'Idempotency-Key': 'open' });
    expect([again.status, again.body, again.headers.get('idempotency-replayed')]).toEqual([201, first.body, 'true']);
    await refusal(purse.client.post('/accounts', { ...asked, name: 'Bob' }, { 'Idempotency-Key': 'open' }), 422, 'idempotency_key_reused');
    await refusal(purse.client.post('/accounts', asked), 409, 'account_exists');
    expect(await purse.balances(account)).toEqual([
      { asset: 'BTC', total: '2.00000000', held: '0.00000000', available: '2.00000000' },
      { asset: 'USD', total: '100.5000000000', held: '0.0000000000', available: '100.5000000000' },
    ]);
    expect((await purse.client.get<Body>(`/accounts/${account}`)).body).toEqual(first.body);
    expect((await purse.events(account)).map(({ kind, asset, amount }) => [kind, asset, amount])).toEqual(
      [['deposited', 'BTC', '2.00000000'], ['deposited', 'USD', '100.5000000000']]);
  });

  it('are not there before anything is theirs', async () => {
    for (const path of ['', '/balances', '/events', '/snapshots', '/positions', '/portfolio', '/statements/2026-01-01']) {
      await refusal(purse.client.get(`/accounts/nobody${path}`), 404, 'account_not_found');
    }
    await refusal(purse.client.call('PATCH', '/accounts/nobody', { body: { name: 'x' } }), 404, 'account_not_found');
    await refusal(purse.client.post('/accounts/nobody/rebuild', {}), 404, 'account_not_found');
    await refusal(purse.client.post('/accounts', { account_id: purse.nextAccount(), fee_group: 'none' }), 404, 'fee_group_not_found');
  });

  it('suspended take no orders, amends, transfers and withdrawals, and let go of what they have', async () => {
    const instrument = purse.service.nextBook();
    const account = await purse.account({ USD: '1000' });
    const { body: order } = await purse.place(account, instrument, { price: '10.00', quantity: '1' });
    await purse.client.call('PATCH', `/accounts/${account}`, { body: { status: 'suspended' } });
    await refusal(purse.place(account, instrument, { price: '10.00', quantity: '1' }), 403, 'account_suspended');
    await refusal(purse.client.amend(order.order_id, { quantity: '2' }), 403, 'account_suspended');
    await refusal(purse.client.post('/withdrawals', { account_id: account, asset: 'USD', amount: 1 }), 403, 'account_suspended');
    await refusal(purse.client.post('/transfers', { from: account, to: purse.nextAccount(), asset: 'USD', amount: 1 }), 403, 'account_suspended');
    expect((await purse.client.post('/deposits', { account_id: account, asset: 'USD', amount: 1 })).status).toBe(201);
    expect((await purse.client.cancel(order.order_id)).status).toBe(200);
    expect(await purse.balance(account, 'USD')).toEqual(['1001.0000000000', '0.0000000000', '1001.0000000000']);
    expect((await purse.client.call<Body>('PATCH', `/accounts/${account}`, { body: { status: 'active' } })).body.status).toBe('active');
  });

  it('close only with nothing left', async () => {
    const account = await purse.account({ USD: '5' });
    const close = () => purse.client.call('PATCH', `/accounts/${account}`, { body: { status: 'closed' } });
    await refusal(close(), 409, 'account_not_empty');
    const { body: { withdrawal_id: id } } = await purse.client.post<Body>('/withdrawals', { account_id: account, asset: 'USD', amount: 5 });
    await refusal(close(), 409, 'account_not_empty');
    await purse.client.post(`/withdrawals/${String(id)}/complete`, {});
    expect((await close()).status).toBe(200);
    await refusal(purse.client.post('/deposits', { account_id: account, asset: 'USD', amount: 5 }), 409, 'account_closed');
    await refusal(purse.place(account, purse.service.nextBook(), {}), 409, 'account_closed');
  });

  it('have events that add up to what they have, snapshots, and rebuilds that agree', async () => {
    const account = await purse.account({ USD: '10' });
    for (let i = 1; i <= 9; i++) {
      await purse.client.post('/deposits', { account_id: account, asset: 'USD', amount: `0.${i}` });
      // What is recorded at once gives one snapshot, however many multiples it passes.
      if (i === 5) await purse.events(account, 3);
    }
    const events = await purse.events(account, 3);
    expect(events).toHaveLength(10);
    expect(events.map(({ total_after: total }) => total)[0]).toBe('14.5000000000');
    expect(new Set(events.map(({ event_id: id }) => id)).size).toBe(10);
    const { body: { snapshots } } = await purse.client.get<{ snapshots: { totals: unknown }[] }>(`/accounts/${account}/snapshots`);
    expect(snapshots.length).toBeGreaterThanOrEqual(2);
    const { body } = await purse.client.post<Body>(`/accounts/${account}/rebuild`, {});
    expect(body).toMatchObject({ ok: true, differences: [] });
    expect(body.events_replayed as number).toBeLessThan(10);
    expect((await purse.client.post<Body>('/accounts/@issuance/rebuild', {})).body).toMatchObject({ ok: true, differences: [] });
  });

  it('are listed by name, page by page', async () => {
    for (let i = 0; i < 3; i++) await purse.account();
    const names: string[] = [];
    let cursor = '';
    for (;;) {
      const { body } = await purse.client.get<{ accounts: { account_id: string }[]; next_cursor: string | null }>(`/accounts?limit=2${cursor}`);
      names.push(...body.accounts.map(({ account_id: name }) => name));
      if (body.next_cursor === null) break;
      cursor = `&cursor=${encodeURIComponent(body.next_cursor)}`;
    }
    expect(names).toEqual([...new Set(names)].sort());
    expect(names.filter((name) => name.startsWith('@'))).toEqual([]);
    expect(names.length).toBeGreaterThanOrEqual(3);
  });
});

describe('a venue that keeps no money', () => {
  let purse: Purse;
  beforeAll(async () => { purse = await Purse.open('off'); });
  afterAll(() => purse.close());

  it('says so, takes orders as ever, and tells its assets', async () => {
    for (const path of ['/accounts', '/accounts/a', '/accounts/a/balances', '/deposits?account_id=a', '/withdrawals?account_id=a', '/fills?client_id=a', '/fee-groups', '/money']) {
      await refusal(purse.client.get(path), 409, 'funds_off');
    }
    for (const path of ['/accounts', '/deposits', '/withdrawals', '/transfers']) await refusal(purse.client.post(path, {}), 409, 'funds_off');
    const { status, body } = await purse.place('anyone', purse.service.nextBook(), {});
    expect([status, body]).toMatchObject([201, { maker_fee_rate: '0', taker_fee_rate: '0', fee: '0.0000000000', fee_asset: 'USD' }]);
    expect((await purse.client.get<{ assets: unknown[] }>('/public/assets')).body.assets).toContainEqual({ asset: 'USD', decimals: 10 });
  });
});

describe('a venue that gives everybody credit', () => {
  let purse: Purse;
  beforeAll(async () => { purse = await Purse.open('paper'); });
  afterAll(() => purse.close());

  it('takes the order of a client that nobody knows, and leaves a balance and a position', async () => {
    const instrument = purse.service.nextBook();
    const [buyer, seller] = [purse.nextAccount(), purse.nextAccount()];
    await purse.place(seller, instrument, { side: 'sell', price: '100.00', quantity: '2' });
    expect((await purse.place(buyer, instrument, { side: 'buy', price: '100.00', quantity: '0.5' })).body.status).toBe('filled');
    expect(await purse.balance(buyer, 'USD')).toEqual(['-50.0000000000', '0.0000000000', '-50.0000000000']);
    expect(await purse.balance(seller, instrument.split('-')[0] as string)).toEqual(['-0.50000000', '1.50000000', '-2.00000000']);
    expect((await purse.client.get<Body>(`/accounts/${buyer}`)).body).toMatchObject({ credit: 'unlimited', status: 'active' });
    expect((await purse.client.get<Body>(`/accounts/${buyer}/positions/${instrument}`)).body).toMatchObject({
      net_quantity: '0.50000000', average_price: '100.000000', cost: '50.0000000000', mark_price: '100.00', unrealized_pnl: '0.0000000000',
    });
    await purse.expectConserved();
  });

  it('keeps its own names for itself, in orders too', async () => {
    const instrument = purse.service.nextBook();
    await refusal(purse.place('@fees', instrument, {}), 400, 'validation_failed');
    await refusal(purse.client.get('/orders?client_id=%40fees'), 400, 'validation_failed');
    const { body } = await purse.client.batch([{ op: 'place', client_id: '@x', instrument, side: 'buy', type: 'limit', price: 1, quantity: 1 }]);
    expect(body.results[0]).toMatchObject({ status: 400, body: { errors: [{ field: 'client_id' }] } });
    expect((await purse.client.get('/accounts/@fees/balances')).status).toBe(200);
  });
});
