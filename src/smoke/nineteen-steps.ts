import { randomUUID } from 'node:crypto';
import { isProblem, OpenfillClient, type Balances, type LimitOrderRequest, type OrderWithTrades, type Withdrawal } from '#openfill-client';
import { expect, StepSkippedError, type Step } from './step';
import { findMarket, type SmokeMarket } from './smoke-market';

/** How the venue keeps money, as it shows. */
type Funds = 'off' | 'paper' | 'required';

const OPENING = '10000';
const DEPOSITS = 50;
const DEPOSIT = '1';
const AFTER_DEPOSITS = '10050';
/** More than half of it. */
const HOLD = '7000';
const HOLD_STEP = 'process_fills';
const NO_PEOPLE = 'AUTH=off: whoever reaches the venue acts for any account';
const TIMEOUT_MS = 10_000;
const ATTEMPTS_MAX = 3;

interface Raw {
  readonly status: number;
  readonly text: string;
  readonly isReplayed: boolean;
}

/**
 * The nineteen steps by which a venue shows that it does what it is for, in their order; later ones go on from what earlier ones have
 * made. Accounts of its own stay behind, with what they have, and no open orders.
 */
export class NineteenSteps {
  private readonly client: OpenfillClient;
  private readonly run = randomUUID().slice(0, 8);
  private readonly clients = new Set<string>();
  private funds: Funds | null = null;
  private market: SmokeMarket | null = null;
  /** Of a user of its own. */
  private user: { readonly name: string; readonly token: string } | null = null;
  private keyed: { readonly order: LimitOrderRequest; readonly key: string; readonly first: Raw } | null = null;

  /** @param instrument to trade; null for whichever fits @param token with an operator's powers, null for a venue that asks nobody who they are */
  constructor(private readonly url: string, private readonly instrument: string | null, private readonly token: string | null) {
    this.client = this.clientOf(token);
  }

  private clientOf(accessToken: string | null): OpenfillClient {
    return new OpenfillClient(this.url, { attemptsMax: ATTEMPTS_MAX, timeoutMs: TIMEOUT_MS, ...(accessToken !== null && { auth: { accessToken } }) });
  }

  readonly steps: readonly Step[] = [
    { name: 'the API answers', run: async () => { await this.client.health(); } },
    { name: 'a writer brings what happens to the record', run: () => this.writer() },
    { name: 'the stream is in step with the log', run: () => this.stream() },
    { name: 'Postgres is up', run: () => this.server('postgres') },
    { name: 'Redis is up', run: () => this.server('redis') },
    { name: `an account opens with ${OPENING}`, run: () => this.open() },
    { name: `its balance is ${OPENING}, all of it available`, run: () => this.expectBalance(OPENING) },
    { name: `${DEPOSITS} deposits of ${DEPOSIT}, each by its reference, one of them told twice`, run: () => this.deposits() },
    { name: `its balance is ${AFTER_DEPOSITS}`, run: () => this.expectBalance(AFTER_DEPOSITS) },
    { name: 'its events, added up anew, come to the same', run: () => this.rebuild() },
    { name: 'and left its balance as it was', run: () => this.expectBalance(AFTER_DEPOSITS) },
    { name: `of two holds of ${HOLD} at once exactly one is taken`, run: () => this.holds() },
    { name: 'of two orders at one price the earlier one trades', run: () => this.timePriority() },
    { name: 'an order is held, matched, filled and paid for', run: () => this.fill() },
    { name: `an order that fails at ${HOLD_STEP} leaves everything as it was`, run: () => this.failure() },
    { name: 'a token is given', run: () => this.giveToken() },
    { name: 'a call with the token is answered, and one without is not', run: () => this.useToken() },
    { name: 'the same key again gets the first answer', run: () => this.replay() },
    { name: 'the same key with another order is refused', run: () => this.reuse() },
  ];

  /** Cancels what is still open of its own. */
  async clear(): Promise<void> {
    for (const name of this.clients) await this.client.cancelAll(name);
  }

  private name(role: string): string {
    return `smoke-${this.run}-${role}`;
  }

  private async writer(): Promise<void> {
    const { writer } = await this.client.readiness();
    if (writer.active === null) throw new StepSkippedError('the process that answers has no writer: another one of the venue has');
    if (!writer.active) throw new StepSkippedError('the process that answers stands by: another one writes');
  }

  private async stream(): Promise<void> {
    const { market_data: { synced } } = await this.client.readiness();
    expect(synced, 'its books are not in step with the log');
    const stream = this.client.stream({ channels: ['orderbook'], signal: AbortSignal.timeout(TIMEOUT_MS) });
    for await (const { type } of stream) if (type === 'orderbook_snapshot') break;
    await stream.close();
  }

  private async server(name: 'postgres' | 'redis'): Promise<void> {
    const { [name]: server, problem } = await this.client.readiness();
    expect(server.status === 'up', `it is ${server.status}${problem === null ? '' : `: ${problem}`}`);
  }

  private async open(): Promise<void> {
    const { quote } = await this.findMarket();
    try {
      this.funds = await this.openAccount('a', quote, OPENING) === 'none' ? 'required' : 'paper';
    } catch (error) {
      if (!isProblem(error, 'funds_off')) throw error;
      this.funds = 'off';
      this.requireMoney();
    }
  }

  /** @returns the account's credit */
  private async openAccount(role: string, asset: string, amount: string): Promise<string> {
    const { credit } = await this.client.openAccount({ account_id: this.name(role), deposits: [{ asset, amount }] });
    return credit;
  }

  /** @throws StepSkippedError where it did not show how the venue keeps money */
  private requireFunds(): Funds {
    if (this.funds === null) throw new StepSkippedError('there is no account to try it on');
    return this.funds;
  }

  /** @throws StepSkippedError */
  private requireMoney(): 'paper' | 'required' {
    const funds = this.requireFunds();
    if (funds === 'off') throw new StepSkippedError('FUNDS=off: the venue keeps no balances');
    return funds;
  }

  private async findMarket(): Promise<SmokeMarket> {
    this.market ??= await findMarket(this.client, this.instrument);
    return this.market;
  }

  private async expectBalance(total: string): Promise<void> {
    this.requireMoney();
    const { balances } = await this.client.balances(this.name('a'));
    const { quote } = await this.findMarket();
    const found = balances.find(({ asset }) => asset === quote);
    const isWhole = found !== undefined && unitsOf(found.total) === unitsOf(total, decimalsOf(found.total)) && found.available === found.total;
    expect(isWhole, `it is ${JSON.stringify(found)}`);
  }

  private async deposits(): Promise<void> {
    this.requireMoney();
    const { quote } = await this.findMarket();
    const deposit = (i: number): Promise<{ readonly deposit_id: string }> => this.client.deposit({
      account_id: this.name('a'), asset: quote, amount: DEPOSIT, reference: `${this.name('deposit')}-${i}`,
    });
    const done = await Promise.all(Array.from({ length: DEPOSITS }, (_, i) => deposit(i)));
    const again = await deposit(0);
    expect(again.deposit_id === done[0]?.deposit_id, `the first deposit told again is ${again.deposit_id}, and was ${done[0]?.deposit_id}`);
  }

  private async rebuild(): Promise<void> {
    this.requireMoney();
    const { ok, differences, events_replayed: events } = await this.client.rebuildAccount(this.name('a'));
    expect(ok && differences.length === 0, `${differences.length} differences: ${JSON.stringify(differences)}`);
    expect(events === DEPOSITS + 1, `${events} events were added up`);
  }

  private async holds(): Promise<void> {
    if (this.requireMoney() === 'paper') throw new StepSkippedError('FUNDS=paper: nothing is refused for want of money');
    const { quote } = await this.findMarket();
    const hold = (): Promise<Withdrawal> => this.client.withdraw({ account_id: this.name('a'), asset: quote, amount: HOLD });
    const settled = await Promise.allSettled([hold(), hold()]);
    const taken = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const refused = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    for (const { withdrawal_id: id } of taken) await this.client.cancelWithdrawal(id);
    expect(taken.length === 1, `${taken.length} were taken`);
    expect(isProblem(refused[0], 'insufficient_funds'), `the other one was answered ${String(refused[0])}`);
    await this.expectBalance(AFTER_DEPOSITS);
  }

  /** A limit order of the market's quantity at its price. */
  private order(side: 'buy' | 'sell', role: string, { instrument, price, quantity }: SmokeMarket): LimitOrderRequest {
    this.clients.add(this.name(role));
    return { client_id: this.name(role), instrument, side, type: 'limit', price, quantity };
  }

  private place(side: 'buy' | 'sell', role: string, market: SmokeMarket): Promise<OrderWithTrades> {
    return this.client.place(this.order(side, role, market));
  }

  private async timePriority(): Promise<void> {
    const funds = this.requireFunds();
    const market = await this.findMarket();
    if (funds !== 'off') for (const role of ['b', 'c']) await this.openAccount(role, market.base, market.quantity);
    const [earlier, later] = [await this.place('sell', 'b', market), await this.place('sell', 'c', market)];
    await this.place('buy', 'a', market);
    const [first, second] = [await this.client.order(earlier.order_id), await this.client.order(later.order_id)];
    expect(first.status === 'filled' && second.status === 'open', `the earlier one is ${first.status}, the later one ${second.status}`);
  }

  /** Takes the later one's offer, which still stands. */
  private async fill(): Promise<void> {
    const funds = this.requireFunds();
    const market = await this.findMarket();
    const before = funds === 'off' ? null : await this.client.balances(this.name('a'));
    const { order_id: id, status } = await this.place('buy', 'a', market);
    expect(status === 'filled', `it is ${status}`);
    if (before === null) return;
    const after = await this.client.balances(this.name('a'));
    const [fill] = (await this.client.fills({ client_id: this.name('a'), limit: 1 })).fills;
    expect(fill?.order_id === id, 'it is not the newest of its account\'s fills');
    const paid = totalOf(before, market.quote) - totalOf(after, market.quote);
    expect(paid === unitsOf(fill.value) + unitsOf(fill.fee), `${paid} units were paid for a value of ${fill.value} and a fee of ${fill.fee}`);
    const got = totalOf(after, market.base) - totalOf(before, market.base);
    const decimals = decimalsOf(after.balances.find(({ asset }) => asset === market.base)?.total ?? '');
    expect(got === unitsOf(market.quantity, decimals), `${got} units of ${market.base} came in for ${market.quantity}`);
    const held = after.balances.filter((balance) => unitsOf(balance.held) !== 0n);
    expect(held.length === 0, `something is still held: ${JSON.stringify(held)}`);
  }

  private async failure(): Promise<void> {
    const funds = this.requireFunds();
    const market = await this.findMarket();
    if (funds !== 'off') await this.openAccount('d', market.quote, OPENING);
    // What was bought is offered again.
    const resting = await this.place('sell', 'a', market);
    const state = async (): Promise<string> => JSON.stringify([
      await this.client.order(resting.order_id), ...funds === 'off' ? [] : [await this.amounts('a'), await this.amounts('d')],
    ]);
    const before = await state();
    const failing = { ...this.order('buy', 'd', market), inject_failure_step: HOLD_STEP };
    try {
      await this.client.place(failing);
    } catch (error) {
      if (isProblem(error, 'validation_failed') && error.errors.some(({ field }) => field === 'inject_failure_step')) {
        throw new StepSkippedError('the venue does not know the field: it runs without FAULT_INJECTION=true');
      }
      if (!isProblem(error, 'failure_injected')) throw error;
      const after = await state();
      expect(after === before, `it was ${before} and is ${after}`);
      const { shard } = await this.client.readiness();
      expect(shard.state === 'open', `the shard is ${shard.state}`);
      return;
    } finally {
      await this.client.cancelAll(this.name('a'));
    }
    throw new Error('it was carried out');
  }

  private async amounts(role: string): Promise<Balances['balances']> {
    return (await this.client.balances(this.name(role))).balances;
  }

  /** To a user that is made for it. */
  private async giveToken(): Promise<void> {
    const { people } = this.clientOf(null);
    const [name, password] = [this.name('user'), randomUUID()];
    try {
      await people.register(name, password);
    } catch (error) {
      if (isProblem(error, 'auth_off')) throw new StepSkippedError(NO_PEOPLE);
      if (isProblem(error, 'registration_closed')) throw new StepSkippedError('REGISTRATION=closed: nobody can become a user');
      throw error;
    }
    const { access_token: token } = await people.logIn(name, password);
    this.user = { name, token };
  }

  private async useToken(): Promise<void> {
    if (this.user === null) throw new StepSkippedError(this.token === null ? NO_PEOPLE : 'there is no token to use');
    const { name, token } = this.user;
    const { username } = await this.clientOf(token).people.me();
    expect(username === name, `the token is of ${username}`);
    const answered = await this.clientOf(null).people.me().then(() => 'answered', (error: unknown) => (isProblem(error, 'unauthenticated') ? null : String(error)));
    expect(answered === null, `without it the call is ${String(answered)}`);
    const other = await this.clientOf(token).account(this.name('a')).then(() => 'answered', (error: unknown) => (isProblem(error, 'account_not_found') ? null : String(error)));
    expect(other === null, `another's account is ${String(other)}`);
  }

  private async replay(): Promise<void> {
    const market = await this.findMarket();
    // At the lowest price there is, where nobody sells.
    const order = { ...this.order('buy', 'a', { ...market, price: market.priceMin }), post_only: true };
    const key = randomUUID();
    const first = await this.post(order, key);
    this.keyed = { order, key, first };
    expect(first.status === 201, `the order was answered ${first.status}: ${first.text}`);
    const again = await this.post(order, key);
    expect(again.status === 201 && again.text === first.text, `it was answered ${again.status}: ${again.text}, and first ${first.text}`);
    expect(again.isReplayed && !first.isReplayed, 'the header Idempotency-Replayed does not say which one is the repeat');
  }

  private async reuse(): Promise<void> {
    if (this.keyed === null) throw new StepSkippedError('there is no key to use again');
    const { order, key } = this.keyed;
    const { status, text } = await this.post({ ...order, side: 'sell' }, key);
    expect(status === 422 && text.includes('"idempotency_key_reused"'), `it was answered ${status}: ${text}`);
  }

  /** The client gives no headers: these are what is looked at here. */
  private async post(order: LimitOrderRequest, key: string): Promise<Raw> {
    const response = await fetch(`${this.url}/orders`, {
      method: 'POST', headers: {
        'Content-Type': 'application/json', 'Idempotency-Key': key, ...(this.token !== null && { Authorization: `Bearer ${this.token}` }),
      }, body: JSON.stringify(order), signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: response.status, text: await response.text(), isReplayed: response.headers.get('Idempotency-Replayed') === 'true' };
  }
}

function decimalsOf(amount: string): number {
  const point = amount.indexOf('.');
  return point < 0 ? 0 : amount.length - point - 1;
}

/** Whole units of 10^-decimals, by default of the amount's own last digit. */
function unitsOf(amount: string, decimals = decimalsOf(amount)): bigint {
  return BigInt(amount.replace('.', '')) * 10n ** BigInt(decimals) / 10n ** BigInt(decimalsOf(amount));
}

function totalOf({ balances }: Balances, asset: string): bigint {
  return unitsOf(balances.find((balance) => balance.asset === asset)?.total ?? '0');
}
