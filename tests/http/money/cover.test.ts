import { limit, market, refusal } from '../../support/client';
import { Purse } from './support/purse';

describe('what orders need', () => {
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

  it('is held, and what is not there is refused whole', async () => {
    const buyer = await purse.account({ USD: '100' });
    const { body: order } = await purse.place(buyer, instrument, { price: '10.00', quantity: '9' });
    expect(await purse.balance(buyer, 'USD')).toEqual(['100.0000000000', '90.0000000000', '10.0000000000']);
    const refused = await refusal(purse.place(buyer, instrument, { price: '10.00', quantity: '1.00000001' }), 409, 'insufficient_funds');
    expect(refused.body).toMatchObject({ asset: 'USD', needed: '10.0000001000', available: '10.0000000000' });
    expect((await purse.place(buyer, instrument, { price: '10.00', quantity: '1' })).status).toBe(201);
    await refusal(purse.place(buyer, instrument, { price: '0.01', quantity: '0.00000001' }), 409, 'insufficient_funds');
    expect((await purse.client.cancel(order.order_id)).status).toBe(200);
    expect(await purse.balance(buyer, 'USD')).toEqual(['100.0000000000', '10.0000000000', '90.0000000000']);
    // Nobody has what it never got.
    await refusal(purse.place(purse.nextAccount(), instrument, { side: 'sell' }), 409, 'insufficient_funds');
  });

  it('frees what a better price saves, and what is left of an order that does not rest', async () => {
    const [buyer, seller] = [await purse.account({ USD: '100' }), await purse.account({ [base]: '5' })];
    await purse.place(seller, instrument, { side: 'sell', price: '8.00', quantity: '1' });
    await purse.place(buyer, instrument, { price: '10.00', quantity: '2' });
    expect(await purse.balance(buyer, 'USD')).toEqual(['92.0000000000', '10.0000000000', '82.0000000000']);
    expect(await purse.balance(seller, 'USD')).toEqual(['8.0000000000', '0.0000000000', '8.0000000000']);
    expect(await purse.balance(seller, base)).toEqual(['4.00000000', '0.00000000', '4.00000000']);
    for (const [more, status] of [[{ time_in_force: 'ioc' }, 'cancelled'], [{ time_in_force: 'fok', quantity: '3' }, 'rejected'], [{ post_only: true, price: '9.00' }, 'rejected']] as const) {
      expect((await purse.place(seller, instrument, { side: 'sell', price: '11.00', quantity: '1', ...more })).body.status).toBe(status);
      expect(await purse.balance(seller, base)).toEqual(['4.00000000', '0.00000000', '4.00000000']);
    }
  });

  it('is asked of a market order on the book that it takes', async () => {
    const [buyer, seller] = [await purse.account({ USD: '100' }), await purse.account({ [base]: '5' })];
    await purse.place(seller, instrument, { side: 'sell', price: '40.00', quantity: '2' });
    await purse.place(seller, instrument, { side: 'sell', price: '50.00', quantity: '2' });
    const refused = await refusal(purse.client.place(market({ client_id: buyer, instrument, side: 'buy', quantity: '3' })), 409, 'insufficient_funds');
    expect(refused.body).toMatchObject({ needed: '130.0000000000', available: '100.0000000000' });
    expect((await purse.client.place(market({ client_id: buyer, instrument, side: 'buy', quantity: '2.4' }))).body.status).toBe('filled');
    expect(await purse.balance(buyer, 'USD')).toEqual(['0.0000000000', '0.0000000000', '0.0000000000']);
    // What it does not trade it does not need: an empty side asks for nothing.
    expect((await purse.client.place(market({ client_id: buyer, instrument, side: 'sell', quantity: '3' }))).body.status_reason).toBe('no_liquidity');
    await purse.place(await purse.account({ USD: '100' }), instrument, { price: '1.00', quantity: '3' });
    await refusal(purse.client.place(market({ client_id: buyer, instrument, side: 'sell', quantity: '3' })), 409, 'insufficient_funds');
  });

  it('changes with an amend by the difference, and an amend that lacks it changes nothing', async () => {
    const buyer = await purse.account({ USD: '100' });
    const { body: order } = await purse.place(buyer, instrument, { price: '10.00', quantity: '5' });
    const refused = await refusal(purse.client.amend(order.order_id, { price: '20.01' }), 409, 'insufficient_funds');
    expect(refused.body).toMatchObject({ asset: 'USD', needed: '50.0500000000', available: '50.0000000000' });
    expect((await purse.client.order(order.order_id)).body).toMatchObject({ price: '10.00', sequence: order.sequence });
    expect((await purse.client.amend(order.order_id, { price: '20.00' })).status).toBe(200);
    expect(await purse.balance(buyer, 'USD')).toEqual(['100.0000000000', '100.0000000000', '0.0000000000']);
    expect((await purse.client.amend(order.order_id, { quantity: '1' })).status).toBe(200);
    expect(await purse.balance(buyer, 'USD')).toEqual(['100.0000000000', '20.0000000000', '80.0000000000']);
  });

  it('is freed by one operation of a batch for the next', async () => {
    const buyer = await purse.account({ USD: '10' });
    const order = limit({ client_id: buyer, instrument, price: '10.00', quantity: '1' });
    const { body } = await purse.client.batch([
      { op: 'place', ...order, client_order_id: 'a' }, { op: 'place', ...order, client_order_id: 'b' },
      { op: 'cancel', client_id: buyer, client_order_id: 'a' }, { op: 'place', ...order, client_order_id: 'b' },
    ]);
    expect(body.results.map(({ status, body: result }) => [status, result.code ?? result.status])).toEqual(
      [[201, 'open'], [409, 'insufficient_funds'], [200, 'cancelled'], [201, 'open']]);
  });

  it('is refused the same each time a key asks, whatever there is by then', async () => {
    const buyer = await purse.account({ USD: '1' });
    const order = limit({ client_id: buyer, instrument, price: '10.00', quantity: '1', idempotency_key: 'dear' });
    const first = await refusal(purse.client.place(order), 409, 'insufficient_funds');
    await purse.client.post('/deposits', { account_id: buyer, asset: 'USD', amount: '100' });
    const again = await refusal(purse.client.place(order), 409, 'insufficient_funds');
    expect([again.body.needed, again.body.available, again.headers.get('idempotency-replayed')]).toEqual([first.body.needed, first.body.available, 'true']);
  });

  it('is nothing of an account with unlimited credit', async () => {
    const account = await purse.account({}, { credit: 'unlimited' });
    expect((await purse.place(account, instrument, { price: '1000000.00', quantity: '1000' })).status).toBe(201);
    expect(await purse.balance(account, 'USD')).toEqual(['0.0000000000', '1000000000.0000000000', '-1000000000.0000000000']);
  });

  it('nets out where an account trades with itself', async () => {
    const account = await purse.account({ USD: '100', [base]: '1' });
    await purse.place(account, instrument, { side: 'sell', price: '10.00', quantity: '1' });
    await purse.place(account, instrument, { side: 'buy', price: '10.00', quantity: '1' });
    expect(await purse.balance(account, 'USD')).toEqual(['100.0000000000', '0.0000000000', '100.0000000000']);
    expect(await purse.balance(account, base)).toEqual(['1.00000000', '0.00000000', '1.00000000']);
  });

  it('lets exactly one of two orders through that together need more than is there', async () => {
    const accounts = await Promise.all(Array.from({ length: 50 }, () => purse.account({ USD: '10' })));
    await Promise.all(accounts.map(async (account) => {
      const answers = await Promise.all([1, 2, 3].map(() => purse.place(account, instrument, { price: '1.00', quantity: '6' })));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
      expect(await purse.balance(account, 'USD')).toEqual(['10.0000000000', '6.0000000000', '4.0000000000']);
    }));
  });
});

describe('an order that is made to fail', () => {
  let purse: Purse;
  beforeAll(async () => { purse = await Purse.open('required', { environment: { FAULT_INJECTION: 'true' } }); });
  afterAll(() => purse.close());

  it.each(['reserve_funds', 'submit_order', 'process_fills', 'settle'])('at %s leaves everything as it was', async (step) => {
    const instrument = purse.service.nextBook();
    const [buyer, seller] = [await purse.account({ USD: '100' }), await purse.account({ [instrument.split('-')[0] as string]: '1' })];
    await purse.place(seller, instrument, { side: 'sell', price: '10.00', quantity: '1' });
    const before = [await purse.balances(buyer), await purse.balances(seller), (await purse.client.book(`?instrument=${instrument}`)).body];
    const refused = await refusal(purse.place(buyer, instrument, { price: '10.00', quantity: '2', inject_failure_step: step }), 422, 'failure_injected');
    expect(refused.body.step).toBe(step);
    expect([await purse.balances(buyer), await purse.balances(seller), (await purse.client.book(`?instrument=${instrument}`)).body]).toEqual(before);
    expect((await purse.client.get<{ shard: { state: string } }>('/readyz')).body.shard.state).toBe('open');
    expect((await purse.place(buyer, instrument, { price: '10.00', quantity: '2' })).body.status).toBe('partially_filled');
  });
});
