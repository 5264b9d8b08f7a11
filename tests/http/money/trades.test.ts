import { refusal } from '../../support/client';
import { Purse, type Body } from './support/purse';

describe('what trades cost and come to', () => {
  let purse: Purse;
  let instrument: string;
  let base: string;
  beforeAll(async () => { purse = await Purse.open('required'); });
  afterAll(async () => {
    await purse.expectConserved();
    await purse.close();
  });
  beforeEach(() => {
    instrument = purse.service.nextBook();
    base = instrument.split('-')[0] as string;
  });

  const put = (group: string, ...rates: Body[]) => purse.client.call<Body>('PUT', `/fee-groups/${group}`, { body: { rates } });

  it('is charged to both sides by the rates that each order was placed with', async () => {
    expect((await put('fee-a', { maker: '0.0002', taker: '0.0005' })).status).toBe(200);
    const [maker, taker] = [await purse.account({ [base]: '10' }, { fee_group: 'fee-a' }), await purse.account({ USD: '1000' }, { fee_group: 'fee-a' })];
    const before = await purse.balance('@fees', 'USD') ?? ['0'];
    const { body: resting } = await purse.place(maker, instrument, { side: 'sell', price: '100.00', quantity: '3' });
    expect(resting).toMatchObject({ maker_fee_rate: '0.0002', taker_fee_rate: '0.0005', fee: '0.0000000000', fee_asset: 'USD' });
    // What is charged is what was agreed, whatever comes later.
    await put('fee-a', { maker: '0.01', taker: '0.1' });
    const { body: taken } = await purse.place(taker, instrument, { side: 'buy', price: '100.00', quantity: '1' });
    expect(taken).toMatchObject({ taker_fee_rate: '0.1', fee: '10.0000000000', trades: [{ role: 'taker', fee: '10.0000000000' }] });
    expect((await purse.client.order(resting.order_id)).body).toMatchObject({ fee: '0.0200000000', trades: [{ role: 'maker', fee: '0.0200000000' }] });
    expect((await purse.balance(maker, 'USD'))?.[0]).toBe('99.9800000000');
    expect((await purse.balance(taker, 'USD'))?.[0]).toBe('890.0000000000');
    expect(Number((await purse.balance('@fees', 'USD'))?.[0]) - Number(before[0])).toBeCloseTo(10.02, 6);
    const { body } = await purse.client.get<{ fills: Body[]; next_cursor: null }>(`/fills?client_id=${maker}&instrument=${instrument}`);
    expect(body).toMatchObject({
      next_cursor: null,
      fills: [{
        instrument, order_id: resting.order_id, side: 'sell', role: 'maker', price: '100.00', quantity: '1.00000000', value: '100.0000000000', fee: '0.0200000000', fee_asset: 'USD',
        fee_rate: '0.0002', sequence: taken.sequence,
      }],
    });
    expect((await purse.events(maker)).map(({ kind, asset, amount }) => [kind, asset, amount])).toEqual([
      ['fee', 'USD', '-0.0200000000'], ['traded', 'USD', '100.0000000000'], ['traded', base, '-1.00000000'], ['deposited', base, '10.00000000'],
    ]);
  });

  it('is paid back to a maker where its rate is below zero', async () => {
    // Everybody who may take pays at least what makers get.
    await put('default', { maker: '0', taker: '0.0005' });
    expect((await put('fee-b', { maker: '-0.0001', taker: '0.0005' }, { instrument, maker: '-0.0002', taker: '0.0005' })).status).toBe(200);
    const [maker, taker] = [await purse.account({ USD: '1000' }, { fee_group: 'fee-b' }), await purse.account({ [base]: '1' }, { fee_group: 'fee-b' })];
    await purse.place(maker, instrument, { side: 'buy', price: '100.00', quantity: '1' });
    await purse.place(taker, instrument, { side: 'sell', price: '100.00', quantity: '1' });
    expect((await purse.balance(maker, 'USD'))?.[0]).toBe('900.0200000000');
    expect((await purse.balance(taker, 'USD'))?.[0]).toBe('99.9500000000');
    expect((await purse.events(maker)).map(({ kind }) => kind)).toContain('rebate');
    await put('fee-b');
    await put('default');
  });

  it('does not depend on how an order is filled, and is rounded up once', async () => {
    await put('fee-c', { maker: '0.000001', taker: '0.000003' });
    const [maker, taker] = [await purse.account({ [base]: '1' }, { fee_group: 'fee-c' }), await purse.account({ USD: '1' }, { fee_group: 'fee-c' })];
    const { body: resting } = await purse.place(maker, instrument, { side: 'sell', price: '0.07', quantity: '0.00000010' });
    // Ten fills of 7 units: each would be charged a whole unit by itself.
    for (let i = 0; i < 10; i++) await purse.place(taker, instrument, { side: 'buy', price: '0.07', quantity: '0.00000001' });
    expect((await purse.client.order(resting.order_id)).body.fee).toBe('0.0000000001');
  });

  it('is refused where some maker would get more than some taker pays', async () => {
    await put('fee-d', { maker: '0', taker: '0' });
    await refusal(put('fee-e', { maker: '-0.000001', taker: '0.0005' }), 422, 'fee_rates_lose_money');
    const { body } = await purse.client.get<{ fee_groups: { group: string }[] }>('/fee-groups');
    expect(body.fee_groups.map(({ group }) => group)).toEqual(expect.arrayContaining(['default', 'fee-d']));
    expect(body.fee_groups.map(({ group }) => group)).not.toContain('fee-e');
    await put('fee-d');
  });

  it('is a position that goes through zero, with exact sums', async () => {
    const [ann, bob] = [await purse.account({ USD: '1000', [base]: '10' }), await purse.account({ USD: '10000', [base]: '10' })];
    const trade = async (side: 'buy' | 'sell', price: string, quantity: string): Promise<void> => {
      await purse.place(bob, instrument, { side: side === 'buy' ? 'sell' : 'buy', price, quantity });
      expect((await purse.place(ann, instrument, { side, price, quantity })).body.status).toBe('filled');
    };
    const position = async () => (await purse.client.get<Body>(`/accounts/${ann}/positions/${instrument}`)).body;
    await refusal(purse.client.get(`/accounts/${ann}/positions/${instrument}`), 404, 'position_not_found');
    await trade('buy', '10.00', '2');
    await trade('buy', '13.00', '1');
    expect(await position()).toMatchObject({ net_quantity: '3.00000000', average_price: '11.000000', cost: '33.0000000000', realized_pnl: '0.0000000000', unrealized_pnl: '6.0000000000' });
    await trade('sell', '14.00', '5');
    expect(await position()).toMatchObject({
      net_quantity: '-2.00000000', average_price: '14.000000', cost: '-28.0000000000', realized_pnl: '9.0000000000', unrealized_pnl: '0.0000000000', mark_price: '14.00',
      bought_quantity: '3.00000000', sold_quantity: '5.00000000',
    });
    const { body } = await purse.client.get<{ assets: Body[] }>(`/accounts/${ann}/portfolio`);
    expect(body.assets).toMatchObject([{ asset: 'USD', position_value: '-28.0000000000', realized_pnl: '9.0000000000', total_pnl: '9.0000000000' }]);
    // One side of the book has no middle.
    expect((await purse.client.get<{ assets: Body[] }>(`/accounts/${ann}/portfolio?mark=mid`)).body.assets).toMatchObject([{ position_value: null, total_pnl: null }]);
  });

  it('is listed fill by fill, an account\'s trades with itself from both sides', async () => {
    const account = await purse.account({ USD: '1000', [base]: '10' });
    for (let i = 1; i <= 3; i++) {
      await purse.place(account, instrument, { side: 'sell', price: `${i}.00`, quantity: '1' });
      await purse.place(account, instrument, { side: 'buy', price: `${i}.00`, quantity: '1' });
    }
    const seen: unknown[] = [];
    let before = '';
    for (;;) {
      const { body } = await purse.client.get<{ fills: Body[]; next_cursor: string | null }>(`/fills?client_id=${account}&limit=2${before}`);
      seen.push(...body.fills.map(({ price, role, side }) => [price, role, side]));
      if (body.next_cursor === null) break;
      before = `&before=${body.next_cursor}`;
    }
    expect(seen).toEqual(['3.00', '2.00', '1.00'].flatMap((price) => [[price, 'taker', 'buy'], [price, 'maker', 'sell']]));
  });

  it('is exact to the unit where a double is not', async () => {
    const [rich, other] = [await purse.account({ USD: '99000000000000000000' }), await purse.account({ [base]: '90000000' })];
    await purse.place(other, instrument, { side: 'sell', price: '9007199254.77', quantity: '90000000' });
    const { body } = await purse.place(rich, instrument, { side: 'buy', price: '9007199254.77', quantity: '90000000' });
    expect(body.status).toBe('filled');
    const value = 900_719_925_477n * 90_000_000n * 10n ** 8n;
    const units = (text: string): bigint => BigInt(text.replace('.', ''));
    expect(units((await purse.balance(other, 'USD'))?.[0] ?? '')).toBe(value);
    expect(units((await purse.balance(rich, 'USD'))?.[0] ?? '')).toBe(99n * 10n ** 28n - value);
    const { body: page } = await purse.client.get<{ fills: { value: string }[] }>(`/fills?client_id=${rich}`);
    expect(units(page.fills[0]?.value ?? '')).toBe(value);
    const { body: { assets } } = await purse.client.get<{ assets: Body[] }>(`/accounts/${other}/statements/${new Date().toISOString().slice(0, 10)}`);
    expect(units(String(assets.find(({ asset }) => asset === 'USD')?.bought))).toBe(value);
    expect(units(String((await purse.events(rich)).find(({ asset, kind }) => asset === 'USD' && kind === 'traded')?.amount).replace('-', ''))).toBe(value);
  });

  it('takes a balance of 10^20 USD to its last unit', async () => {
    const all = `1${'0'.repeat(20)}`;
    const [rich, other] = [await purse.account({ USD: '99999999999999999999.9999999999' }), await purse.account({ [base]: '50000000' })];
    const order = { side: 'buy', price: '2000000000000.00', quantity: '50000000' } as const;
    await refusal(purse.place(rich, instrument, order), 409, 'insufficient_funds');
    expect((await purse.client.post('/deposits', { account_id: rich, asset: 'USD', amount: '0.0000000001' })).status).toBe(201);
    expect((await purse.place(rich, instrument, order)).body.status).toBe('open');
    expect(await purse.balance(rich, 'USD')).toEqual([`${all}.0000000000`, `${all}.0000000000`, '0.0000000000']);
    expect((await purse.place(other, instrument, { ...order, side: 'sell' })).body.status).toBe('filled');
    expect(await purse.balance(rich, 'USD')).toEqual(['0.0000000000', '0.0000000000', '0.0000000000']);
    expect(await purse.balance(other, 'USD')).toEqual([`${all}.0000000000`, '0.0000000000', `${all}.0000000000`]);
    const today = new Date().toISOString().slice(0, 10);
    const { body } = await purse.client.get<{ assets: Body[] }>(`/accounts/${other}/statements/${today}`);
    expect(body.assets.find(({ asset }) => asset === 'USD')).toMatchObject({ opening: '0.0000000000', bought: `${all}.0000000000`, closing: `${all}.0000000000` });
    for (const account of [rich, other]) expect((await purse.client.post<Body>(`/accounts/${account}/rebuild`, {})).body).toMatchObject({ ok: true, differences: [] });
  });

  it('is a day that closes', async () => {
    const account = await purse.account({ USD: '100' });
    await purse.client.post('/transfers', { from: account, to: purse.nextAccount(), asset: 'USD', amount: '10' });
    const today = new Date().toISOString().slice(0, 10);
    const { body } = await purse.client.get<{ assets: Body[] }>(`/accounts/${account}/statements/${today}`);
    expect(body).toMatchObject({
      status: 'open', assets: [{ asset: 'USD', opening: '0.0000000000', deposits: '100.0000000000', transfers_out: '10.0000000000', closing: '90.0000000000' }],
    });
    const { body: day } = await purse.client.get<{ assets: Body[]; accounts: Body[] }>(`/settlements/${today}?limit=1000`);
    expect(day.accounts.map(({ account_id: name }) => name)).toContain(account);
    await refusal(purse.client.get(`/accounts/${account}/statements/2999-01-01`), 400, 'validation_failed');
  });
});
