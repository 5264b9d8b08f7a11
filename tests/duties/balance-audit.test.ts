import { audit } from '../audit/support';
import { Purse, type Body } from '../http/money/support/purse';
import { Client, limit, market, refusal, type Answer } from '../support/client';
import { metricOf } from '../support/metrics';
import { until } from '../support/until';

/** A unit that is changed by hand in Redis is found by the running audit within its interval, and stops what could carry it away. */

const AUDIT_MS = 200;

interface Overview { readonly assets: { asset: string; sum: string }[]; readonly findings: { account_id: string | null; asset: string; what: string }[] }

let purse: Purse;
beforeEach(async () => { purse = await Purse.open('required', { environment: { BALANCE_AUDIT_MS: String(AUDIT_MS) } }); });
afterEach(() => purse.close());

const overview = async (): Promise<Overview> => (await purse.client.get<Overview>('/money')).body;
const breaches = (url = purse.client.url): Promise<number> => metricOf(url, 'balance_audit_breaches_total');
const rebuild = (account: string): Promise<Answer<Body>> => purse.client.post(`/accounts/${account}/rebuild`, {});

/** Adds to what an account has of an asset in Redis, and to what of it is held. */
async function add(account: string, asset: string, total: bigint, held = 0n): Promise<void> {
  const { shard, redis } = purse.service.venue;
  const key = `{${shard}}:accounts`;
  const record = (await redis.command('HGET', key, account)) as string;
  const changed = record.replace(new RegExp(`"${asset}",(-?\\d+),(\\d+)`), (_, was: string, heldWas: string) => `"${asset}",${BigInt(was) + total},${BigInt(heldWas) + held}`);
  expect(changed).not.toBe(record);
  await redis.command('HSET', key, account, changed);
}

const found = (account: string, asset: string): Promise<void> => (
  until(`the audit names ${account}`, async () => (await overview()).findings.some((one) => one.account_id === account && one.asset === asset)));
const soundAgain = (): Promise<void> => until('the audit finds nothing any more', async () => (await overview()).findings.length === 0);

it('is found by the running audit, by verify and by a rebuild of the account; put back, everything goes on', async () => {
  const [buyer, seller] = [await purse.account({ USD: '1000' }), await purse.account({ BTC: '5' })];
  const { body: resting } = await purse.place(buyer, 'BTC-USD', { price: '10.00', quantity: '9' });
  const { body: other } = await purse.place(buyer, 'BTC-USD', { price: '9.00', quantity: '1' });
  await purse.place(seller, 'BTC-USD', { side: 'sell', price: '10.00', quantity: '1' });
  const { body: withdrawal } = await purse.client.post<Body>('/withdrawals', { account_id: buyer, asset: 'USD', amount: '1' });
  const send = (more: Body) => purse.client.post<Body>('/transfers', { from: buyer, to: seller, asset: 'USD', amount: '1', ...more });
  const [{ body: moved }, { body: held }] = [await send({}), await send({ pending: true })];
  expect((await rebuild(buyer)).body).toMatchObject({ ok: true, differences: [] });
  expect([await breaches(), await overview()]).toMatchObject([0, { findings: [] }]);

  const startedMs = Date.now();
  await add(buyer, 'USD', 1n);
  await found(buyer, 'USD');
  // Its own interval, one look, and the time that the test takes to see it.
  expect(Date.now() - startedMs).toBeLessThan(AUDIT_MS + 5_000);
  expect((await overview()).findings).toEqual([{ account_id: buyer, asset: 'USD', what: expect.stringMatching(/ in Redis, /) as string, sequence: expect.any(Number) as number }]);
  expect(await breaches()).toBe(1);

  await refusal(purse.place(buyer, 'BTC-USD', { price: '1.00' }), 503, 'balance_audit_breach');
  await refusal(purse.client.place(market({ client_id: seller })), 503, 'balance_audit_breach');
  await refusal(purse.client.amend(resting.order_id, { price: '1.00' }), 503, 'balance_audit_breach');
  const stopped = await refusal(purse.client.post('/withdrawals', { account_id: buyer, asset: 'USD', amount: '1' }), 503, 'balance_audit_breach');
  expect(stopped.headers.get('retry-after')).not.toBeNull();
  // Neither what was asked for before it was found, nor a way round by another account.
  const [gone, back, post] = [`/withdrawals/${String(withdrawal.withdrawal_id)}/complete`, `/transfers/${String(moved.transfer_id)}/reverse`, `/transfers/${String(held.transfer_id)}/post`];
  for (const path of [gone, back, post]) await refusal(purse.client.post(path, {}), 503, 'balance_audit_breach');
  await refusal(send({}), 503, 'balance_audit_breach');
  await refusal(send({ pending: true }), 503, 'balance_audit_breach');
  // What frees goes on, and what comes in.
  expect((await purse.client.cancel(other.order_id)).status).toBe(200);
  expect((await purse.client.post(`/withdrawals/${String(withdrawal.withdrawal_id)}/cancel`, {})).status).toBe(200);
  expect((await purse.client.post(`/transfers/${String(held.transfer_id)}/void`, {})).status).toBe(200);
  expect((await purse.client.post('/deposits', { account_id: seller, asset: 'USD', amount: '1' })).status).toBe(201);
  expect((await purse.client.get('/readyz')).status).toBe(200);

  expect((await rebuild(buyer)).body).toMatchObject({
    ok: false, differences: [{ asset: 'USD', live: '989.0000000001', from_snapshot: '989.0000000000', from_events: '989.0000000000' }],
  });
  await purse.service.persisted();
  expect((await audit(purse.service.venue)).filter((problem) => problem.startsWith('redis: accounts'))).toEqual([
    expect.stringContaining(`balance of ${buyer} in USD .total: expected "9890000000000", got "9890000000001"`),
  ]);
  expect((await overview()).findings).toMatchObject([{ account_id: buyer, asset: 'USD' }]);

  await add(buyer, 'USD', -1n);
  await soundAgain();
  expect((await purse.place(buyer, 'BTC-USD', { price: '1.00' })).status).toBe(201);
  expect((await purse.client.amend(resting.order_id, { price: '11.00' })).status).toBe(200);
  expect((await purse.client.post('/withdrawals', { account_id: buyer, asset: 'USD', amount: '1' })).status).toBe(201);
  expect([(await send({})).status, (await purse.client.post(back, {})).status]).toEqual([201, 201]);
  expect((await rebuild(buyer)).body).toMatchObject({ ok: true, differences: [] });
  expect(await breaches()).toBe(1);
  await purse.expectConserved();
  await purse.service.persisted();
  // Each cancel and deposit meanwhile told the unit as well: what the log has said stays said.
  expect((await audit(purse.service.venue)).filter((problem) => !problem.startsWith('journal'))).toEqual([]);
});

it('is found where it is but a hold, or a unit that went from one account to another, over a restart of the service too', async () => {
  const [one, other] = [await purse.account({ USD: '10' }), await purse.account({ USD: '10' })];
  await add(one, 'USD', 0n, 5n);
  await found(one, 'USD');
  await add(one, 'USD', 0n, -5n);
  await soundAgain();

  await add(one, 'USD', -1n);
  await add(other, 'USD', 1n);
  await found(one, 'USD');
  await found(other, 'USD');
  await purse.service.running.stop();
  const again = await purse.service.venue.start();
  const client = new Client(again.url);
  // Nobody takes what is there now for what was there always.
  await until('the audit has looked', async () => await breaches(again.url) > 0);
  await refusal(client.place(limit({ client_id: one, price: '1.00' })), 503, 'balance_audit_breach');
  expect((await client.get<Overview>('/money')).body.findings.map(({ account_id: account }) => account).sort()).toEqual([one, other].sort());
  await add(one, 'USD', 1n);
  await add(other, 'USD', -1n);
  await until('orders go on', async () => (await client.place(limit({ client_id: one, price: '1.00' }))).status === 201);
  client.close();
});

it('is found with the account that has it, though it has traded since', async () => {
  const [buyer, seller] = [await purse.account({ USD: '1000' }), await purse.account({ BTC: '5' })];
  await purse.place(buyer, 'BTC-USD', { price: '10.00', quantity: '9' });
  await until('the audit has looked', async () => await metricOf(purse.client.url, 'balance_audit_last_ok_seconds') > 0);
  // At once behind the change, ahead of the next look.
  await add(buyer, 'USD', 1n);
  await purse.place(seller, 'BTC-USD', { side: 'sell', price: '10.00', quantity: '1' });
  await found(buyer, 'USD');
  expect(new Set((await overview()).findings.map(({ account_id: account }) => account))).toEqual(new Set([buyer]));
  await add(buyer, 'USD', -1n);
  await soundAgain();
  expect((await purse.place(seller, 'BTC-USD', { side: 'sell', price: '10.00', quantity: '1' })).status).toBe(201);
});

it('is found with the account that has it, where the record has taken it over', async () => {
  const buyer = await purse.account({ USD: '1000' });
  await purse.service.persisted();
  await purse.service.running.stop();
  await add(buyer, 'USD', 1n);
  await purse.service.venue.database.query(`UPDATE balances SET total = total + 1 WHERE account = '${buyer}'`);
  const again = await purse.service.venue.start();
  const client = new Client(again.url);
  await until(`the audit names ${buyer}`, async () => (await client.get<Overview>('/money')).body.findings.some(({ account_id: account }) => account === buyer));
  await add(buyer, 'USD', -1n);
  await until('orders go on', async () => (await client.place(limit({ client_id: buyer, price: '1.00' }))).status === 201);
  client.close();
});
