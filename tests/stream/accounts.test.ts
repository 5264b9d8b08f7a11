import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../src/seeded-random';
import { Client, callOnce, type ProblemBody } from '../support/client';
import { MessageContract } from '../support/asyncapi';
import { until } from '../support/until';
import { Venue, type RunningApp } from '../support/venue';
import { Load, testSeed } from '../persistence/support/load';
import { ShardView } from '../persistence/support/shard-view';
import { EventClient } from './support/event-client';
import { RebuiltBalances, type BalanceTold } from './support/rebuilt-balances';
import { StreamClient, type StreamMessage } from './support/stream-client';

type Fill = Record<string, unknown> & { readonly trade_id: number; readonly sequence: number; readonly role: string };

const LATECOMERS = 60;
const CUTS = 20;

describe('the channels balances and fills', () => {
  let venue: Venue;
  let shard: ShardView;
  let services: [RunningApp, RunningApp];
  let http: Client;
  let accounts = 0;

  beforeAll(async () => {
    venue = await Venue.open({ environment: { FUNDS: 'paper' } });
    shard = new ShardView(venue);
    services = [await venue.start(), await venue.start({ ROLES: 'api' })];
    http = new Client(() => services[0].url);
    await http.call('PUT', '/fee-groups/default', { body: { rates: [{ maker: '-0.0001', taker: '0.0005' }] } });
  });
  afterAll(async () => {
    http.close();
    await venue.close();
  });

  const nextAccount = (): string => `account-${++accounts}`;
  const sequenceNow = (): Promise<number> => shard.meta('seq');
  const place = async (account: string, side: string, price: string, quantity = '1', more: Record<string, unknown> = {}): Promise<number> => {
    const { status, body } = await http.post('/orders', { client_id: account, side, type: 'limit', price, quantity, ...more });
    expect(status).toBe(201);
    return (body as { sequence: number }).sequence;
  };
  const deposit = async (account: string, asset: string, amount: string): Promise<void> => {
    expect((await http.post('/deposits', { account_id: account, asset, amount })).status).toBe(201);
  };
  const balancesOf = async (account: string): Promise<{ sequence: number; balances: BalanceTold[] }> =>
    (await http.get(`/accounts/${encodeURIComponent(account)}/balances`)).body as { sequence: number; balances: BalanceTold[] };
  const fillsOf = async (account: string): Promise<Fill[]> => {
    const fills: Fill[] = [];
    for (let before: string | null = ''; before !== null;) {
      const page: { fills: Fill[]; next_cursor: string | null; stale?: true } = (await http.get(`/fills?client_id=${encodeURIComponent(account)}&limit=1000${before}`)).body as never;
      expect(page.stale).toBeUndefined();
      fills.push(...page.fills);
      before = page.next_cursor === null ? null : `&before=${page.next_cursor}`;
    }
    return fills.reverse();
  };
  const toldFills = (messages: readonly StreamMessage[], account: string): unknown[] => messages
    .filter(({ type, data }) => type === 'fill' && data.account_id === account)
    .map(({ data: { account_id: _, ...fill } }) => fill);
  const query = (names: readonly string[], channels = 'balances,fills'): string => `?channels=${channels}&accounts=${names.map(encodeURIComponent).join(',')}`;

  it('show what an account has, then each change and each fill in sequence with the rest, as their contract says', async () => {
    const [ann, bob] = [nextAccount(), nextAccount()];
    await deposit(ann, 'USD', '1000');
    await deposit(bob, 'BTC', '5');
    await place(ann, 'buy', '100.00', '2');
    const client = await StreamClient.open(services[0].url, `${query([ann, bob], 'orders,fills,balances')}&instruments=BTC-USD`);
    const [told, ...first] = await client.count(3);
    expect(told?.data.subscriptions).toEqual([
      { channel: 'orders', instruments: ['BTC-USD'] }, { channel: 'fills', accounts: [ann, bob] }, { channel: 'balances', accounts: [ann, bob] },
    ]);
    expect(first.map(({ type, instrument, data }) => ({ type, instrument, data }))).toEqual([
      { type: 'balances_snapshot', instrument: null, data: { account_id: ann, balances: (await balancesOf(ann)).balances } },
      { type: 'balances_snapshot', instrument: null, data: { account_id: bob, balances: (await balancesOf(bob)).balances } },
    ]);
    const sequence = await place(bob, 'sell', '100.00', '0.5');
    await client.caughtUp(sequence);
    const trade = client.told.slice(3);
    expect(trade.map(({ type, instrument, sequence: of }) => [type, instrument, of])).toEqual([
      ['order', 'BTC-USD', sequence], ['order', 'BTC-USD', sequence], ['fill', 'BTC-USD', sequence], ['fill', 'BTC-USD', sequence],
      ['balances', null, sequence], ['balances', null, sequence],
    ]);
    expect(trade.slice(2, 4).map(({ data }) => [data.account_id, data.side, data.role, data.fee, data.fee_rate])).toEqual([
      [ann, 'buy', 'maker', '-0.0050000000', '-0.0001'], [bob, 'sell', 'taker', '0.0250000000', '0.0005'],
    ]);
    for (const account of [ann, bob]) {
      expect(toldFills(client.messages, account)).toEqual(await fillsOf(account));
      expect(RebuiltBalances.of(client.messages, account).at(sequence)).toEqual((await balancesOf(account)).balances);
    }
    // A transfer is no order: it is told like all else.
    await http.post('/transfers', { from: ann, to: bob, asset: 'USD', amount: '1' });
    await http.call('DELETE', `/orders?client_id=${ann}`);
    await client.caughtUp(await sequenceNow());
    expect(client.told.slice(9).map(({ type, data }) => [type, data.account_id])).toEqual(expect.arrayContaining([['balances', ann], ['balances', bob]]));
    const contract = await MessageContract.of(services[0].url, 'stream');
    expect(client.messages.flatMap((message) => contract.violations(message.type, message))).toEqual([]);
    expect(contract.violations('request', { op: 'subscribe', channels: ['fills'], accounts: [ann] })).toEqual([]);
    expect(contract.violations('request', { op: 'subscribe', channels: ['orders', 'fills'] })).not.toEqual([]);
    await client.close();
  });

  it('begin with nothing for an account that nobody knows, tell a trade of an account with itself twice, and the venue\'s own', async () => {
    const account = nextAccount();
    const client = await StreamClient.open(services[1].url, query([account, '@fees']));
    await client.count(3);
    expect(client.told.slice(1).map(({ type, data }) => [type, data.account_id]).sort()).toEqual([['balances_snapshot', '@fees'], ['balances_snapshot', account]]);
    expect(client.ofType('balances_snapshot').find(({ data }) => data.account_id === account)?.data.balances).toEqual([]);
    await place(account, 'buy', '120.00');
    const sequence = await place(account, 'sell', '120.00');
    await client.caughtUp(sequence);
    expect(client.ofType('fill').map(({ data }) => [data.role, data.side])).toEqual([['maker', 'buy'], ['taker', 'sell']]);
    expect(toldFills(client.messages, account)).toEqual(await fillsOf(account));
    for (const name of [account, '@fees']) expect(RebuiltBalances.of(client.messages, name).at(sequence)).toEqual((await balancesOf(name)).balances);
    await client.close();
  });

  it('come by name only, and only for accounts that are named', async () => {
    const narrow = await venue.start({ ROLES: 'api', STREAM_ACCOUNTS_MAX: '2' });
    const bare = await StreamClient.open(narrow.url);
    await bare.count(2);
    const account = nextAccount();
    const sequence = await place(account, 'buy', '1.00');
    await bare.caughtUp(sequence);
    expect(bare.messages.filter(({ type }) => ['balances', 'balances_snapshot', 'fill'].includes(type))).toEqual([]);
    const refused = async (message: Record<string, unknown>, text: string): Promise<void> => {
      const { data } = await bare.ask(message, 'error');
      expect([data.code, data.message]).toEqual(['validation_failed', text]);
    };
    await refused({ op: 'subscribe', channels: ['balances'] }, 'accounts is required with balances');
    await refused({ op: 'subscribe', channels: ['orders', 'fills', 'balances'] }, 'accounts is required with fills and balances');
    await refused({ op: 'subscribe', channels: ['orders'], accounts: ['a'] }, 'accounts is for the channels balances and fills');
    await refused({ op: 'subscribe', accounts: ['a'] }, 'accounts is for the channels balances and fills');
    await refused({ op: 'subscribe', channels: ['fills'], accounts: ['a'], instruments: ['BTC-USD'] }, 'instruments is for other channels than balances and fills');
    await refused({ op: 'subscribe', channels: ['fills'], accounts: [] }, 'accounts must contain at least 1 items');
    await refused({ op: 'subscribe', channels: ['fills'], accounts: ['a', 'b', 'c'] }, 'accounts must contain less than or equal to 2 items');
    await refused({ op: 'subscribe', channels: ['fills'], accounts: ['a', 'a'] }, 'accounts[1] contains a duplicate value');
    await refused({ op: 'subscribe', channels: ['fills'], accounts: ['a\n'] }, 'accounts[0] must be 1 to 64 printable characters');
    await refused({ op: 'unsubscribe', channels: ['orders'], accounts: ['a'] }, 'accounts is for the channels balances and fills');
    for (const [asked, field] of [['channels=balances', 'accounts'], ['accounts=a', 'accounts'], ['channels=fills&accounts=a,b,c', 'accounts'], ['channels=fills&accounts=a&instruments=BTC-USD', 'instruments']]) {
      const client = await StreamClient.open(narrow.url, `?${asked}`);
      expect((await client.next('an error', ({ type }) => type === 'error')).data).toMatchObject({ code: 'validation_failed' });
      await client.close();
      const { status, body } = await callOnce<ProblemBody>(narrow.url, 'GET', `/public/stream?${asked}`);
      expect([status, body.errors?.[0]?.field]).toEqual([400, field]);
    }
    await bare.close();
    await narrow.stop();
  });

  it('are refused where no money is kept, over a WebSocket and as events', async () => {
    const other = await Venue.open({ environment: { FUNDS: 'off' } });
    const service = await other.start();
    const client = await StreamClient.open(service.url, '?channels=balances&accounts=a');
    expect((await client.next('an error', ({ type }) => type === 'error')).data).toMatchObject({ code: 'funds_off' });
    expect((await client.ask({ op: 'subscribe', channels: ['orders', 'fills'], accounts: ['a'] }, 'error')).data).toMatchObject({ code: 'funds_off' });
    expect((await client.ask({ op: 'subscribe', channels: ['orders'] }, 'subscribed')).data).toMatchObject({ subscriptions: [{ channel: 'orders' }] });
    const contract = await MessageContract.of(service.url, 'stream');
    expect(client.messages.flatMap((message) => contract.violations(message.type, message))).toEqual([]);
    expect(await callOnce(service.url, 'GET', '/public/stream?channels=fills&accounts=a')).toMatchObject({ status: 409, body: { code: 'funds_off' } });
    await client.close();
    await other.close();
  });

  it('end for what an unsubscribe means, and begin anew with another snapshot', async () => {
    const [ann, bob] = [nextAccount(), nextAccount()];
    const client = await StreamClient.open(services[0].url, `${query([ann, bob], 'trades,balances,fills')}&instruments=BTC-USD,ETH-USD`);
    await client.count(3);
    const left = async (message: Record<string, unknown>): Promise<unknown> => (await client.ask(message, 'subscribed')).data.subscriptions;
    const trades = (...instruments: string[]): unknown => ({ channel: 'trades', instruments });
    const of = (channel: string, ...names: string[]): unknown => ({ channel, accounts: names });
    expect(await left({ op: 'unsubscribe', channels: ['fills'], accounts: [bob] })).toEqual([trades('BTC-USD', 'ETH-USD'), of('balances', ann, bob), of('fills', ann)]);
    expect(await left({ op: 'unsubscribe', instruments: ['ETH-USD'] })).toEqual([trades('BTC-USD'), of('balances', ann, bob), of('fills', ann)]);
    expect(await left({ op: 'unsubscribe', channels: ['fills'] })).toEqual([trades('BTC-USD'), of('balances', ann, bob)]);
    expect(await left({ op: 'unsubscribe', accounts: [ann] })).toEqual([trades('BTC-USD'), of('balances', bob)]);
    await deposit(ann, 'USD', '1');
    await deposit(bob, 'USD', '1');
    await client.caughtUp(await sequenceNow());
    expect(client.ofType('balances').map(({ data }) => data.account_id)).toEqual([bob]);
    // Once more is not anew.
    await client.ask({ op: 'subscribe', channels: ['balances'], accounts: [ann, bob] }, 'subscribed');
    await client.caughtUp(await sequenceNow());
    expect(client.ofType('balances_snapshot').slice(2).map(({ data }) => data)).toEqual([{ account_id: ann, balances: (await balancesOf(ann)).balances }]);
    expect(await left({ op: 'unsubscribe' })).toEqual([]);
    await client.close();
  });

  it(`have no gap and nothing twice between snapshot and changes, for ${LATECOMERS} that come while much happens, at either of two processes`, async () => {
    const seed = testSeed('accounts');
    const random = seededRandom(seed);
    const names = [nextAccount(), nextAccount(), nextAccount()];
    const load = new Load(() => services[0].url, { seed, workers: 4, clients: names });
    const first = await StreamClient.open(services[0].url, query(names));
    await first.count(4);
    const late: StreamClient[] = [];
    const seen: { account: string; sequence: number; balances: BalanceTold[] }[] = [];
    load.start();
    while (late.length < LATECOMERS) {
      const some = names.filter(() => random.below(2) === 0);
      if (some.length > 0) late.push(await StreamClient.open(random.pick(services).url, query(some)));
      const account = random.pick(names);
      seen.push({ account, ...await balancesOf(account) });
      if (random.below(4) === 0) await sleep(random.below(10));
    }
    await load.stop();
    load.close();
    for (const name of names) await http.call('DELETE', `/orders?client_id=${name}`);
    const end = await sequenceNow();
    for (const client of [first, ...late]) await client.caughtUp(end);
    expect(load.unexpected).toEqual([]);
    for (const account of names) {
      const whole = RebuiltBalances.of(first.messages, account);
      const changes = first.ofType('balances').filter(({ data }) => data.account_id === account);
      const fills = first.ofType('fill').filter(({ data }) => data.account_id === account);
      expect(changes.length).toBeGreaterThan(100);
      expect(toldFills(first.messages, account)).toEqual(await fillsOf(account));
      for (const { sequence, balances } of seen.filter((one) => one.account === account)) expect([sequence, whole.at(sequence)]).toEqual([sequence, balances]);
      for (const client of late) {
        const rebuilt = RebuiltBalances.of(client.messages, account);
        expect(rebuilt.problems).toEqual([]);
        const snapshot = client.ofType('balances_snapshot').find(({ data }) => data.account_id === account);
        if (snapshot === undefined) continue;
        expect(rebuilt.snapshots).toBe(1);
        expect(snapshot.data.balances).toEqual(whole.at(snapshot.sequence));
        // Word for word what the first one was told behind the snapshot.
        expect(client.ofType('balances').filter(({ data }) => data.account_id === account)).toEqual(changes.filter(({ sequence }) => sequence > snapshot.sequence));
        const own = client.ofType('fill').filter(({ data }) => data.account_id === account);
        expect(own).toEqual(fills.slice(fills.length - own.length));
      }
    }
    for (const client of [first, ...late]) await client.close();
  });

  it(`are exact to the message over ${CUTS} broken event streams`, async () => {
    const seed = testSeed('broken accounts');
    const random = seededRandom(seed);
    const names = [nextAccount(), nextAccount()];
    const load = new Load(() => services[0].url, { seed, workers: 4, clients: names });
    const asked = `${query(names, 'trades,orderbook,balances,fills')}&instruments=BTC-USD`;
    const whole = await StreamClient.open(services[0].url, asked);
    const first = await EventClient.open(services[1].url, asked);
    await until('the first snapshots', () => first.lastEventId !== '');
    await whole.count(4);
    load.start();
    const got: StreamMessage[] = [];
    let client = first;
    for (let i = 0; i < CUTS; i++) {
      const wanted = client.events.length + 1 + random.below(60);
      await until('some events', () => client.events.length >= wanted);
      client.cut();
      got.push(...client.events.map(({ message }) => message));
      client = await EventClient.open(random.pick(services).url, asked, client.lastEventId);
    }
    await load.stop();
    load.close();
    for (const name of names) await http.call('DELETE', `/orders?client_id=${name}`);
    const end = await sequenceNow();
    await whole.caughtUp(end);
    await until('the end', () => Number(client.lastEventId.split(':')[1]) >= end);
    client.cut();
    got.push(...client.events.map(({ message }) => message));
    const told = (messages: readonly StreamMessage[]): StreamMessage[] => messages.filter(({ type }) => ['trade', 'fill', 'balances'].includes(type));
    expect(told(got)).toEqual(told(whole.messages));
    expect(got.filter(({ type }) => type === 'balances_snapshot')).toHaveLength(2);
    expect(got.filter(({ type }) => type === 'resync')).toEqual([]);
    await whole.close();
  });

  it('go on behind a sequence, out of the journal as well, also of accounts only', async () => {
    const account = nextAccount();
    const since = await sequenceNow();
    await deposit(account, 'BTC', '3');
    await place(account, 'buy', '100.00', '1');
    await place(account, 'sell', '100.00', '1');
    await place(account, 'sell', '200.00', '2');
    const forgetful = await venue.start({ ROLES: 'api', STREAM_TAIL_ENTRIES: '1' });
    const told: unknown[] = [];
    for (const { url } of [services[0], forgetful]) {
      const client = await StreamClient.open(url, `${query([account])}&since=${since}`);
      await client.next('it went on', ({ type }) => type === 'resumed');
      told.push(client.told.filter(({ type }) => type !== 'subscribed' && type !== 'resumed').map(({ type, sequence, data }) => [type, sequence - since, data]));
      expect(client.ofType('balances_snapshot')).toEqual([]);
      // What it has been told is all there is: the account began behind the sequence.
      await place(account, 'sell', '200.00', '0.5');
      await client.caughtUp(await sequenceNow());
      const balances = new Map(client.ofType('balances').flatMap(({ data }) => (data.balances as BalanceTold[]).map((one) => [one.asset, one] as const)));
      expect([...balances.values()].sort((a, b) => (a.asset < b.asset ? -1 : 1))).toEqual((await balancesOf(account)).balances);
      await client.close();
      if (told.length === 1) await http.call('DELETE', `/orders?client_id=${account}`);
    }
    expect((told[0] as unknown[][]).map(([type, sequence]) => [type, sequence])).toEqual([
      ['balances', 1], ['balances', 2], ['fill', 3], ['fill', 3], ['balances', 3], ['balances', 4],
    ]);
    expect((told[1] as unknown[]).slice(0, 6)).toEqual(told[0]);
    await forgetful.stop();
  });

  it.each([
    ['of the future', () => '999999999', 'since_in_future'],
    ['of another life', (end: number) => `otherlif:${end}:0:${end}`, 'other_life'],
  ])('show everything anew for a sequence %s', async (_, since, reason) => {
    const account = nextAccount();
    await deposit(account, 'USD', '7');
    const client = await StreamClient.open(services[1].url, `${query([account])}&since=${since(await sequenceNow())}`);
    await client.next('a snapshot', ({ type }) => type === 'balances_snapshot');
    expect(client.told.map(({ type, data }) => (type === 'resync' ? `resync ${data.reason as string}` : type))).toEqual(['subscribed', `resync ${reason}`, 'balances_snapshot']);
    await client.close();
  });

  it('are shown anew to a client that was too slow, and to all behind a lost Redis', async () => {
    const [busy, ann] = [nextAccount(), nextAccount()];
    const narrow = await venue.start({ ROLES: 'api', STREAM_BEHIND_BYTES: '65536', STREAM_BUFFER_BYTES_MAX: '65536', STREAM_BEHIND_MS: '600000' });
    const asked = `${query([busy, ann], 'orders,balances,fills')}&instruments=BTC-USD`;
    const slow = await StreamClient.open(narrow.url, asked);
    const good = await StreamClient.open(services[0].url, asked);
    await Promise.all([slow.count(3), good.count(3)]);
    slow.socket.pause();
    const trades = (): Promise<unknown> => http.post('/orders/batch', { operations: Array.from({ length: 400 }, (_, i) => (
      { op: 'place', client_id: busy, side: i % 2 === 0 ? 'sell' : 'buy', type: 'limit', price: '100.00', quantity: '1' }
    )) });
    for (let i = 0; i < 8; i++) await trades();
    await deposit(ann, 'USD', '5');
    slow.socket.resume();
    await slow.next('a resync', ({ type }) => type === 'resync');
    const from = slow.messages.findIndex(({ type }) => type === 'resync');
    await slow.next('a snapshot', ({ type, data }) => type === 'balances_snapshot' && data.account_id === ann, from);
    for (let i = 0; i < 2; i++) await place(busy, i % 2 === 0 ? 'sell' : 'buy', '100.00');
    const end = await sequenceNow();
    for (const client of [slow, good]) await client.caughtUp(end);
    for (const account of [busy, ann]) {
      for (const client of [slow, good]) {
        const rebuilt = RebuiltBalances.of(client.messages, account);
        expect(rebuilt.problems).toEqual([]);
        expect(rebuilt.at(end)).toEqual((await balancesOf(account)).balances);
      }
    }
    expect(good.ofType('resync')).toEqual([]);
    const resyncs = slow.ofType('resync').length;

    await shard.persisted();
    await venue.redis.dropShard(venue.shard);
    for (const [client, before] of [[good, 0], [slow, resyncs]] as const) {
      await until('a resync', () => client.ofType('resync').length > before);
      const last = client.messages.findLastIndex(({ type }) => type === 'resync');
      await until('snapshots of both', () => client.messages.slice(last).filter(({ type }) => type === 'balances_snapshot').length === 2);
      expect(client.messages.slice(last).find(({ type }) => type === 'orders')).toBeUndefined();
    }
    await until('orders are taken', async () => (await http.post('/orders', { client_id: busy, side: 'sell', type: 'limit', price: '100.00', quantity: '1' })).status === 201);
    await place(busy, 'buy', '100.00');
    const later = await sequenceNow();
    for (const client of [slow, good]) {
      await client.caughtUp(later);
      for (const account of [busy, ann]) {
        const rebuilt = RebuiltBalances.of(client.messages, account);
        expect(rebuilt.problems).toEqual([]);
        expect(rebuilt.at(later)).toEqual((await balancesOf(account)).balances);
      }
      await client.close();
    }
    await narrow.stop();
  });
});
