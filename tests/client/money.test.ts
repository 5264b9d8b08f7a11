import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  LocalBalances, OpenfillClient, StreamError, type AccountView, type Balance, type LocalPosition, type Position, type ProblemError, type Stream,
} from '#openfill-client';
import { findFreePort } from '../../src/servers/ports';
import { CutProxy } from '../engine/support/cut-proxy';
import { Load, testSeed } from '../persistence/support/load';
import { ServiceProcess } from '../persistence/support/service-process';
import { ShardView } from '../persistence/support/shard-view';
import { until } from '../support/until';
import { Venue, type RunningApp } from '../support/venue';
import { Doctor } from './support/doctor';

const PACKAGE = join(__dirname, '..', '..', 'packages', 'client');
const CUTS = 10;
const DEPOSITS = 30;

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const refusal = async (call: Promise<unknown>): Promise<ProblemError> => call.then(() => { throw new Error('it was done'); }, (error: unknown) => error as ProblemError);

describe('the client of a venue that keeps money', () => {
  let venue: Venue;
  let shard: ShardView;
  let app: RunningApp;
  let client: OpenfillClient;
  let accounts = 0;
  const open: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    venue = await Venue.open({ environment: { FUNDS: 'required' } });
    shard = new ShardView(venue);
    app = await venue.start();
    client = new OpenfillClient(app.url);
    await client.putFeeGroup('default', { rates: [{ maker: '-0.0001', taker: '0.0005' }] });
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
  });
  afterAll(async () => {
    await ServiceProcess.killAll();
    await venue.close();
  });

  const funded = async (deposits: Readonly<Record<string, string>> = { USD: '1000', BTC: '10', ETH: '10' }, credit: 'none' | 'unlimited' = 'none'): Promise<string> => {
    const account = `account-${++accounts}`;
    await client.openAccount({ account_id: account, credit, deposits: Object.entries(deposits).map(([asset, amount]) => ({ asset, amount })) });
    return account;
  };
  const trade = async (buyer: string, seller: string, price = '100.00', quantity = '1', instrument = 'BTC-USD'): Promise<number> => {
    await client.place({ client_id: seller, instrument, side: 'sell', type: 'limit', price, quantity });
    return (await client.place({ client_id: buyer, instrument, side: 'buy', type: 'limit', price, quantity })).sequence;
  };
  const untilRecorded = <T extends { readonly stale?: true }>(read: () => Promise<T>): Promise<T> => until('it is recorded', async () => (await read()).stale === undefined).then(read);
  /** What the venue says of a position, without a price to hold it against. */
  const unmarked = ({ unrealized_pnl: _, mark_price: __, ...position }: Position): LocalPosition => position;
  const positionsOf = async (account: string): Promise<LocalPosition[]> => (await untilRecorded(() => client.positions(account))).positions.map(unmarked);
  const balancesOf = async (account: string): Promise<readonly Balance[]> => (await client.balances(account)).balances;
  const follow = (account: string, from = client): AccountView => {
    const view = from.followAccount(account, { backoffMs: 20, backoffMaxMs: 100 });
    open.push(view);
    return view;
  };

  it('makes every call about money', async () => {
    const [ann, bob] = [await funded(), await funded({})];
    expect(await client.account(ann)).toMatchObject({ account_id: ann, status: 'active', credit: 'none', fee_group: 'default' });
    expect(await client.changeAccount(bob, { name: 'Bob', credit: 'unlimited' })).toMatchObject({ name: 'Bob', credit: 'unlimited' });
    await until('accounts are recorded', async () => (await all(client.everyAccount())).some(({ account_id: name }) => name === bob));
    expect((await client.accounts({ limit: 1 })).accounts).toHaveLength(1);
    const deposit = await client.deposit({ account_id: bob, asset: 'USD', amount: '500', reference: 'r-1' });
    expect(await client.deposit({ account_id: bob, asset: 'USD', amount: '500', reference: 'r-1' })).toEqual(deposit);
    await trade(bob, ann);
    expect((await client.balances(bob)).balances.map(({ asset, total }) => [asset, total])).toEqual([['BTC', '1.00000000'], ['USD', '399.9500000000']]);
    const fills = await untilRecorded(() => client.fills({ client_id: ann, instrument: 'BTC-USD' }));
    expect(fills.fills).toMatchObject([{ side: 'sell', role: 'maker', fee: '-0.0100000000' }]);
    expect(await all(client.everyFill({ client_id: ann }))).toEqual(fills.fills);
    expect((await all(client.everyAccountEvent(bob, { asset: 'USD' }))).map(({ kind }) => kind)).toEqual(['fee', 'traded', 'deposited']);
    expect((await client.accountEvents(bob, { limit: 1 })).events).toHaveLength(1);
    expect((await client.accountSnapshots(ann)).snapshots).toEqual([]);
    expect(await client.rebuildAccount(ann)).toMatchObject({ ok: true, differences: [] });
    const { sequence, positions } = await client.positions(ann);
    expect([sequence, positions]).toEqual([fills.fills[0]?.sequence, [await client.position(ann, 'BTC-USD')]]);
    expect((await client.portfolio(ann, { mark: 'mid' })).assets.map(({ asset }) => asset)).toEqual(['USD']);
    const today = new Date().toISOString().slice(0, 10);
    expect((await client.statement(bob, today)).assets.map(({ asset }) => asset)).toEqual(['BTC', 'USD']);
    expect((await client.settlement(today, { limit: 1 })).accounts).toHaveLength(1);

    const withdrawals = await Promise.all([1, 2, 3].map((amount) => client.withdraw({ account_id: bob, asset: 'USD', amount: String(amount), destination: 'home' })));
    const [first, second, third] = withdrawals.map(({ withdrawal_id: id }) => id) as [string, string, string];
    expect([(await client.completeWithdrawal(first)).status, (await client.rejectWithdrawal(second)).status, (await client.cancelWithdrawal(third)).status])
      .toEqual(['completed', 'rejected', 'cancelled']);
    const transfer = await client.transfer({ from: bob, to: ann, asset: 'USD', amount: '5', note: 'lunch' });
    expect(await client.reverseTransfer(transfer.transfer_id)).toMatchObject({ reverses: transfer.transfer_id, from: ann, to: bob });
    const pending = await client.transfer({ from: bob, to: ann, asset: 'USD', amount: '6', pending: true, timeout_s: 60 });
    expect(await client.postTransfer(pending.transfer_id, { amount: '2' })).toMatchObject({ status: 'posted', settled_amount: '2.0000000000' });
    const called = await client.transfer({ from: bob, to: ann, asset: 'USD', amount: '6', pending: true });
    expect(await client.voidTransfer(called.transfer_id)).toMatchObject({ status: 'voided' });
    await untilRecorded(() => client.withdrawals({ account_id: bob }));
    expect((await all(client.everyWithdrawal(bob))).map(({ withdrawal_id: id }) => id).sort()).toEqual([first, second, third].sort());
    expect((await client.withdrawals({ account_id: bob, status: 'rejected' })).withdrawals.map(({ withdrawal_id: id }) => id)).toEqual([second]);
    expect((await all(client.everyDeposit(bob)))).toEqual([deposit]);
    expect((await client.deposits({ account_id: bob, limit: 1 })).deposits).toEqual([deposit]);
    expect((await client.feeGroups()).map(({ group }) => group)).toEqual(['default']);
    expect((await client.assets()).map(({ asset }) => asset)).toEqual(['BTC', 'ETH', 'USD']);
    expect((await untilRecorded(() => client.money())).assets.map(({ sum }) => sum)).toEqual(['0', '0', '0']);
  });

  it('throws what is refused, with what is wanting and the state of what has come to its end', async () => {
    const account = await funded({ USD: '10' });
    const short = await refusal(client.place({ client_id: account, side: 'buy', type: 'limit', price: '100.00', quantity: '1' }));
    expect([short.status, short.code, short.shortfall]).toEqual([409, 'insufficient_funds', { asset: 'USD', needed: '100.0500000000', available: '10.0000000000' }]);
    const { withdrawal_id: id } = await client.withdraw({ account_id: account, asset: 'USD', amount: '1' });
    await client.cancelWithdrawal(id);
    const ended = await refusal(client.completeWithdrawal(id));
    expect([ended.code, ended.withdrawal?.status, ended.order, ended.shortfall]).toEqual(['withdrawal_resolved', 'cancelled', undefined, undefined]);
    const { transfer_id: transfer } = await client.transfer({ from: account, to: 'elsewhere', asset: 'USD', amount: '1', pending: true });
    await client.voidTransfer(transfer);
    expect((await refusal(client.postTransfer(transfer))).transfer).toMatchObject({ transfer_id: transfer, status: 'voided' });
    expect(await refusal(client.deposit({ account_id: account, asset: 'USD', amount: '-1' }))).toMatchObject({ status: 400, errors: [{ field: 'amount' }] });
  });

  it('moves money once, however often it has to ask', async () => {
    const account = await funded({});
    const proxy = await CutProxy.open(app.url);
    let retried = 0;
    const through = new OpenfillClient(proxy.url.replace('redis', 'http'), { backoffMs: 5, onAttempt: ({ waitMs }) => { if (waitMs !== null) retried++; } });
    for (let i = 0; i < DEPOSITS; i++) {
      if (i % 3 === 0) proxy.loseReplies();
      if (i % 3 === 1) proxy.loseRequests();
      await through.deposit({ account_id: account, asset: 'USD', amount: '1' });
    }
    const { withdrawal_id: id } = await through.withdraw({ account_id: account, asset: 'USD', amount: '10' });
    proxy.loseReplies();
    expect(await through.completeWithdrawal(id)).toMatchObject({ status: 'completed' });
    expect(retried).toBeGreaterThan(DEPOSITS / 3);
    expect(await balancesOf(account)).toMatchObject([{ total: `${DEPOSITS - 10}.0000000000`, held: '0.0000000000' }]);
    const few = new OpenfillClient(proxy.url.replace('redis', 'http'), { attemptsMax: 2, backoffMs: 5, onAttempt: () => proxy.loseReplies() });
    proxy.loseReplies();
    const unknown = await few.withdraw({ account_id: account, asset: 'USD', amount: '2' }).catch((error: unknown) => error) as { request: never };
    expect(await client.withdraw(unknown.request)).toMatchObject({ status: 'requested', amount: '2.0000000000' });
    expect((await balancesOf(account))[0]).toMatchObject({ held: '2.0000000000' });
    await proxy.close();
  });

  it('follows what an account has, for who listens and for who reads in a loop', async () => {
    const [ann, bob] = [await funded(), await funded()];
    const stream = client.stream({ channels: ['balances', 'fills'], accounts: [ann, bob] });
    open.push(stream);
    const told: string[] = [];
    stream.on('balances', ({ data, sequence }) => {
      expect(stream.balances(data.account_id)).toMatchObject({ account: data.account_id, sequence });
      told.push(data.account_id);
    });
    await stream.reached();
    expect(stream.balances(ann)?.all).toEqual(await balancesOf(ann));
    expect(stream.balances('somebody else')).toBeUndefined();
    const first = await trade(ann, bob);
    await stream.reached(first);
    expect(new Set(told)).toEqual(new Set([ann, bob]));
    for (const account of [ann, bob]) expect(stream.balances(account)?.all).toEqual(await balancesOf(account));
    expect(stream.balances(ann)?.of('BTC')?.total).toBe('11.00000000');

    stream.removeAllListeners('balances');
    // Behind, in a loop: what it has is of the message that it has.
    const reading = stream[Symbol.asyncIterator]();
    const before = await balancesOf(ann);
    const last = await trade(bob, ann, '101.00');
    await stream.reached(last);
    expect(stream.balances(ann)?.all).toEqual(before);
    const own = new LocalBalances(ann);
    for (let sequence = 0; sequence < last || own.sequence < last;) {
      const { value } = await reading.next();
      if (value?.type === 'balances' && value.data.account_id === ann) {
        own.take(value);
        expect(own.all.map(({ asset }) => stream.balances(ann)?.of(asset))).toEqual(own.all);
      }
      sequence = value?.sequence ?? last;
    }
    expect(stream.balances(ann)?.all).toEqual(await balancesOf(ann));
  });

  it('asks for an account anew of which it knows nothing behind a break, and takes another life of the shard for what it is', async () => {
    const account = await funded();
    const doctor = await Doctor.open(app.url);
    const from = await shard.meta('seq');
    await client.deposit({ account_id: account, asset: 'USD', amount: '1' });
    const stream: Stream = new OpenfillClient(doctor.url).stream({ channels: ['balances'], accounts: [account], since: from });
    open.push(stream);
    const types: string[] = [];
    stream.on('message', ({ type }) => types.push(type));
    await until('it knows the account', () => stream.balances(account) !== undefined);
    expect(types).toEqual(['balances', 'balances_snapshot']);
    doctor.change = (message) => (message.type === 'pong' ? { ...message, data: { epoch: 'otherone' } } : message);
    await stream.reached();
    doctor.change = (message) => message;
    await stream.reached();
    await until('it knows the account again', () => stream.balances(account) !== undefined);
    expect(stream.balances(account)?.all).toEqual(await balancesOf(account));
    await doctor.close();
  });

  it('does not follow what cannot be followed', async () => {
    expect(() => client.stream({ channels: ['fills'], accounts: ['a,b'] })).toThrow(RangeError);
    const none = client.stream({ channels: ['fills'] });
    await expect(none[Symbol.asyncIterator]().next()).rejects.toThrow(StreamError);
    const other = await Venue.open({ environment: { FUNDS: 'off' } });
    const view = new OpenfillClient((await other.start()).url).followAccount('ann');
    const [error] = await once(view, 'error') as [Error];
    expect(error.message).toMatch(/^funds_off/);
    await expect(view.reached()).rejects.toThrow('funds_off');
    await other.close();
  });

  it('keeps balances and positions of an account that begins, trades with others and with itself', async () => {
    const [ann, other] = [`account-${++accounts}`, await funded()];
    const view = follow(ann);
    let changes = 0;
    view.on('change', () => { changes++; });
    await view.reached();
    expect([view.balances?.all, view.positions, view.isLive]).toEqual([[], [], true]);
    await client.openAccount({ account_id: ann, deposits: [{ asset: 'USD', amount: '1000' }] });
    await trade(ann, other, '100.00', '3');
    await view.reached(await trade(other, ann, '110.00', '1'));
    const before = view.position('BTC-USD');
    await view.reached(await trade(ann, ann, '105.00', '1'));
    expect(view.position('BTC-USD')).toMatchObject({ net_quantity: '2.00000000', cost: '200.0000000000', realized_pnl: '10.0000000000', average_price: '100.000000' });
    expect(before).toMatchObject({ net_quantity: '2.00000000', cost: '200.0000000000', realized_pnl: '10.0000000000' });
    expect(view.positions).toEqual(await positionsOf(ann));
    expect(view.balances?.all).toEqual(await balancesOf(ann));
    expect(view.position('ETH-USD')).toBeUndefined();
    expect(changes).toBeGreaterThan(4);
    // One that comes later has all of it.
    const later = follow(ann);
    await later.reached();
    expect([later.positions, later.balances?.all]).toEqual([view.positions, view.balances?.all]);
  });

  it(`has what the venue has, over ${CUTS} cuts and a killed service under load, and anew behind a lost Redis`, async () => {
    const seed = testSeed('client money');
    const names = [await funded(undefined, 'unlimited'), await funded(undefined, 'unlimited'), await funded(undefined, 'unlimited')];
    const port = await findFreePort('127.0.0.1');
    const start = async (): Promise<ServiceProcess> => {
      const started = new ServiceProcess(venue.environment({ PORT: String(port), LOG_LEVEL: 'info', ROLES: 'api' }));
      await started.serving();
      return started;
    };
    let other = await start();
    const cut = await Doctor.open(`http://127.0.0.1:${port}`);
    const load = new Load(() => app.url, { seed, workers: 3, clients: names });
    load.start();
    await until('something has happened', () => load.answered > 30);
    // They begin in the middle of it. A view makes a call, too, and the doctor only knows streams.
    const views = names.map((name) => follow(name, new OpenfillClient(`http://127.0.0.1:${port}`)));
    const streams = names.map((name) => new OpenfillClient(cut.url).stream({ channels: ['fills', 'balances'], accounts: [name], backoffMs: 20, backoffMaxMs: 100 }));
    open.push(...streams);
    let breaks = 0;
    let resyncs = 0;
    for (const one of [...views, ...streams]) one.on('resync', () => { resyncs++; });
    for (const one of streams) one.on('disconnected', () => { breaks++; });
    for (let i = 0; i < CUTS; i++) {
      await sleep(100);
      cut.cut();
      if (i === CUTS / 2) {
        await other.kill();
        other = await start();
      }
    }
    await load.stop();
    load.close();
    expect(load.unexpected).toEqual([]);
    const expectWhole = async (): Promise<void> => {
      const end = await shard.meta('seq');
      await Promise.all([...views, ...streams].map((one) => one.reached(end)));
      for (const [i, name] of names.entries()) {
        expect(views[i]?.balances?.all).toEqual(await balancesOf(name));
        expect(streams[i]?.balances(name)?.all).toEqual(await balancesOf(name));
        expect(views[i]?.positions).toEqual(await positionsOf(name));
      }
    };
    await expectWhole();
    expect(resyncs).toBe(0);
    expect(breaks).toBeGreaterThan(CUTS);
    await shard.persisted();
    await venue.redis.dropShard(venue.shard);
    await until('all are told', () => resyncs === views.length + streams.length);
    const [ann, bob] = names as [string, string];
    await until('orders are taken', () => trade(ann, bob, '500.00').then(() => true, () => false));
    await trade(bob, ann, '500.00');
    await expectWhole();
    for (const name of names) await client.cancelAll(name);
    await Promise.all(open.splice(0).map((one) => one.close()));
    await cut.close();
    await other.kill();
  });

  it('has a README whose account is followed as printed', async () => {
    const example = readFileSync(join(PACKAGE, 'examples', 'account.mjs'), 'utf8');
    const printed = [...readFileSync(join(PACKAGE, 'README.md'), 'utf8').matchAll(/^```js\n(import [\s\S]*?)^```$/gm)].map(([, text]) => text);
    expect(printed).toContain(example);
    const child = spawn(process.execPath, [join(PACKAGE, 'examples', 'account.mjs'), app.url]);
    open.push({ close: async () => { if (child.kill()) await once(child, 'close'); } });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => { output += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { output += text; });
    await until(`the order is placed, not ${output}`, () => output.split('\n').length === 3);
    const bob = await funded();
    await client.place({ client_id: bob, side: 'sell', type: 'market', quantity: '0.025' });
    await until(`the fill is told, not ${output}`, () => output.split('\n').length === 4);
    expect(output.split('\n')).toEqual([
      '10000.0000000000 USD of 10000.0000000000 are free, no BTC bought', '5998.0000000000 USD of 10000.0000000000 are free, no BTC bought',
      '5998.6000000000 USD of 9000.1000000000 are free, 0.02500000 BTC bought', '',
    ]);
  });
});
