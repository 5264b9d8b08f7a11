import { ServiceProcess } from '../../persistence/support/service-process';
import { Client, limit, type Answer } from '../../support/client';
import { until } from '../../support/until';
import { Venue } from '../../support/venue';
import type { Body } from './support/purse';

/**
 * What there is once is given once, to two that ask for it at the same time at two processes. As often as TEST_RACES says: a thousand
 * times takes about half a minute.
 */
const RACES = Number(process.env.TEST_RACES ?? 250);
/** Accounts that race at a time. */
const AT_ONCE = 25;
const CLIENTS = RACES;

jest.setTimeout(300_000);

let venue: Venue;
let processes: ServiceProcess[];
let apis: [Client, Client];

beforeAll(async () => {
  venue = await Venue.open({ environment: { FUNDS: 'required', BALANCE_AUDIT_MS: '500' } });
  processes = [new ServiceProcess(venue.environment({ LOG_LEVEL: 'info' })), new ServiceProcess(venue.environment({ LOG_LEVEL: 'info', ROLES: 'api' }))];
  const [first, second] = await Promise.all(processes.map((service) => service.serving())) as [string, string];
  apis = [new Client(first), new Client(second)];
});
afterAll(async () => {
  apis.forEach((api) => { api.close(); });
  await ServiceProcess.killAll();
  await venue.close();
});

interface Balance { asset: string; total: string; held: string; available: string }

async function open(account: string, deposits: Readonly<Record<string, string>>): Promise<string> {
  const { status } = await apis[0].post('/accounts', { account_id: account, deposits: Object.entries(deposits).map(([asset, amount]) => ({ asset, amount })) });
  expect(status).toBe(201);
  return account;
}

const balance = async (account: string, asset: string): Promise<readonly string[]> => {
  const { body } = await apis[1].get<{ balances: Balance[] }>(`/accounts/${account}/balances`);
  const found = body.balances.find((one) => one.asset === asset);
  return found === undefined ? [] : [found.total, found.held, found.available];
};

const inTurn = async (count: number, one: (i: number) => Promise<void>): Promise<void> => {
  for (let first = 0; first < count; first += AT_ONCE) await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, i) => one(first + i)));
};

const bid = (api: Client, account: string, price: string): Promise<Answer> => api.place(limit({ client_id: account, price, quantity: '7' }));
const withdrawal = (api: Client, account: string): Promise<Answer> => api.post('/withdrawals', { account_id: account, asset: 'USD', amount: '7' });
const hold = (api: Client, account: string): Promise<Answer> => api.post('/transfers', { from: account, to: 'anybody', asset: 'USD', amount: '7', pending: true });

/** Each holds 7 of the 10 that there are. */
const CONTESTS: readonly [name: string, one: (api: Client, account: string) => Promise<Answer>, other: (api: Client, account: string) => Promise<Answer>][] = [
  ['two orders', (api, account) => bid(api, account, '1.00'), (api, account) => bid(api, account, '1.00')],
  ['an order and a withdrawal', (api, account) => bid(api, account, '1.00'), withdrawal],
  ['two transfers in two phases', hold, hold],
];

it.each(CONTESTS)('of %s at once that together need more than is there, exactly one goes through, always', async (name, one, other) => {
  const prefix = name.replaceAll(' ', '-');
  let firstWon = 0;
  await inTurn(RACES, async (i) => {
    const account = await open(`${prefix}-${i}`, { USD: '10' });
    const answers = await Promise.all([one(apis[i % 2] as Client, account), other(apis[(i + 1) % 2] as Client, account)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    const refused = answers.find(({ status }) => status === 409) as Answer<Body>;
    expect(refused.body).toMatchObject({ code: 'insufficient_funds', asset: 'USD', needed: '7.0000000000', available: '3.0000000000' });
    expect(await balance(account, 'USD')).toEqual(['10.0000000000', '7.0000000000', '3.0000000000']);
    if (answers[0]?.status === 201) firstWon++;
  });
  // It is a race: nobody is served first by rule.
  if (RACES >= 100) expect([firstWon > 0, firstWon < RACES]).toEqual([true, true]);
});

it('of many orders at one price, each client funded for half of what it asks, exactly what is affordable rests', async () => {
  const accounts = Array.from({ length: CLIENTS }, (_, i) => `half-${i}`);
  const orders = ['2', '2', '2', '2'];
  await inTurn(CLIENTS, async (i) => { await open(accounts[i] as string, { USD: '2' }); });
  const statuses = new Map<string, number[]>();
  await inTurn(CLIENTS, async (i) => {
    const account = accounts[i] as string;
    const answers = await Promise.all(orders.map((quantity, k) => (apis[(i + k) % 2] as Client).place(limit({ client_id: account, instrument: 'ETH-USD', price: '0.50', quantity }))));
    statuses.set(account, answers.map(({ status }) => status).sort());
  });
  for (const account of accounts) expect([account, statuses.get(account)]).toEqual([account, [201, 201, 409, 409]]);
  const book = await apis[1].book('?instrument=ETH-USD&levels=5');
  expect(book.body.bids).toEqual([['0.50', `${4 * CLIENTS}.000000`]]);
  await inTurn(CLIENTS, async (i) => { expect(await balance(accounts[i] as string, 'USD')).toEqual(['2.0000000000', '2.0000000000', '0.0000000000']); });
  // One seller takes them all: everybody has paid what he had, and not a unit more.
  await open('seller', { ETH: String(4 * CLIENTS) });
  const sold = await apis[0].place(limit({ client_id: 'seller', instrument: 'ETH-USD', side: 'sell', price: '0.50', quantity: String(4 * CLIENTS) }));
  expect(sold.body.status).toBe('filled');
  await inTurn(CLIENTS, async (i) => { expect(await balance(accounts[i] as string, 'USD')).toEqual(['0.0000000000', '0.0000000000', '0.0000000000']); });
  expect(await balance('seller', 'USD')).toEqual([`${2 * CLIENTS}.0000000000`, '0.0000000000', `${2 * CLIENTS}.0000000000`]);
});

it('and the venue adds up', async () => {
  await until('the record has caught up', async () => (await apis[1].get<{ stale?: true }>('/money')).body.stale === undefined);
  const { body } = await apis[1].get<{ assets: { sum: string }[]; findings: unknown[] }>('/money');
  expect([body.findings, body.assets.filter(({ sum }) => sum !== '0')]).toEqual([[], []]);
});
