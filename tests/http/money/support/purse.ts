import { limit, type Answer, type Client, type OrderWithTradesView, type ProblemBody } from '../../../support/client';
import { until } from '../../../support/until';
import { Service, type ServiceOptions } from '../../support/service';

/** A venue that keeps money, and what is asked of it in one line each. */

export interface BalanceTold {
  readonly asset: string; readonly total: string; readonly held: string; readonly available: string;
}

export type Body = Readonly<Record<string, unknown>>;

export class Purse {
  private accounts = 0;

  private constructor(readonly service: Service) {}

  static async open(funds: 'off' | 'paper' | 'required', options: ServiceOptions = {}): Promise<Purse> {
    return new Purse(await Service.open({ ...options, environment: { FUNDS: funds, ...options.environment } }));
  }

  get client(): Client {
    return this.service.client;
  }

  /** A name that nobody has used. */
  nextAccount(): string {
    return `account-${++this.accounts}`;
  }

  /** An account with what it opens with, as `{ USD: '100' }`. */
  async account(deposits: Readonly<Record<string, string>> = {}, more: Body = {}): Promise<string> {
    const account = this.nextAccount();
    const { status, body } = await this.client.post('/accounts', {
      account_id: account, deposits: Object.entries(deposits).map(([asset, amount]) => ({ asset, amount })), ...more,
    });
    if (status !== 201) throw new Error(`no account: ${status} ${JSON.stringify(body)}`);
    return account;
  }

  async balances(account: string): Promise<readonly BalanceTold[]> {
    const { status, body } = await this.client.get<{ balances: readonly BalanceTold[] }>(`/accounts/${encodeURIComponent(account)}/balances`);
    expect(status).toBe(200);
    return body.balances;
  }

  /** [total, held, available] of an asset; nothing of what the account never had. */
  async balance(account: string, asset: string): Promise<readonly [total: string, held: string, available: string] | undefined> {
    const balance = (await this.balances(account)).find((one) => one.asset === asset);
    return balance === undefined ? undefined : [balance.total, balance.held, balance.available];
  }

  /** Every event of an account, newest first, page by page. */
  async events(account: string, limitOfPage = 7): Promise<Body[]> {
    const events: Body[] = [];
    let before = '';
    for (;;) {
      const { body } = await this.client.get<{ events: Body[]; next_cursor: string | null }>(`/accounts/${account}/events?limit=${limitOfPage}${before}`);
      events.push(...body.events);
      if (body.next_cursor === null) return events;
      before = `&before=${body.next_cursor}`;
    }
  }

  place(account: string, instrument: string, changes: Body): Promise<Answer<OrderWithTradesView & ProblemBody>> {
    return this.client.place(limit({ client_id: account, instrument, ...changes })) as Promise<Answer<OrderWithTradesView & ProblemBody>>;
  }

  /** Nothing is missing or too much, in any asset. */
  async expectConserved(): Promise<void> {
    await until('the record has caught up', async () => (await this.client.get<{ stale?: true }>('/money')).body.stale === undefined);
    const { body } = await this.client.get<{ assets: { sum: string }[]; findings: unknown[] }>('/money');
    expect(body.findings).toEqual([]);
    expect(body.assets.filter(({ sum }) => sum !== '0')).toEqual([]);
  }

  close(): Promise<void> {
    return this.service.close();
  }
}
