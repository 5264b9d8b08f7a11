import type { Funds } from '../domain/money';
import { seededRandom } from '../seeded-random';
import type { ApiProcess } from './chaos-venue';
import type { Ledger } from './ledger';
import { LoadClient, type Share } from './load-client';
import { MoneyHabit } from './money-habit';
import { BETTER_GROUP, BETTER_RATES, DEFAULT_RATES, OperatorHabit } from './operator-habit';
import { OrderHabit } from './order-habit';

const CLIENT_PAUSE_MS = 20;
/** Of each client; the last of them begins with nothing. */
const ACCOUNTS = 4;
/** Enough for some orders and not for all. */
const FUNDS_OF_ACCOUNT = [{ asset: 'USD', amount: '150000' }, { asset: 'BTC', amount: '3' }, { asset: 'ETH', amount: '3' }];
const FUNDS_OF_TAKER = [{ asset: 'USD', amount: '50000000' }, { asset: 'BTC', amount: '1000' }, { asset: 'ETH', amount: '1000' }];
const TAKER = 'client-taker';

export interface LoadOptions {
  readonly seed: number;
  readonly clients: number;
  readonly funds: Funds;
}

/** The clients of a campaign, and the accounts that they act for. */
export interface Load {
  readonly accounts: readonly string[];
  readonly clients: readonly LoadClient[];
}

/** Clients on every API process in turn. With money, accounts are opened and rates are set first: nothing is broken yet. */
export async function beginLoad(apis: readonly ApiProcess[], ledger: Ledger, { seed, clients, funds }: LoadOptions): Promise<Load> {
  const isMoneyKept = funds !== 'off';
  const accountsOf = (i: number): readonly string[] => Array.from({ length: isMoneyKept ? ACCOUNTS : 1 }, (_, k) => `client-${i + 1}${k === 0 ? '' : `-${k + 1}`}`);
  const own = Array.from({ length: clients }, (_, i) => accountsOf(i));
  const accounts = [...own.flat(), TAKER];
  if (isMoneyKept) await fund(apis, ledger, own, seed);

  const made = own.map((mine, i) => {
    const { url, mode } = apis[i % apis.length] as ApiProcess;
    const random = seededRandom(seed * 1_000 + i);
    const orders: Share = { habit: new OrderHabit(mine, mode, ledger, random), of: 1, inBatches: true };
    const shares: readonly Share[] = isMoneyKept
      ? [{ ...orders, of: 0.74 }, { habit: new MoneyHabit(mine, accounts, mode, ledger, random), of: 0.25, inBatches: false }, { habit: new OperatorHabit(mine, mode, ledger, random), of: 0.01, inBatches: false }]
      : [orders];
    return new LoadClient(url, ledger, random, CLIENT_PAUSE_MS, shares);
  });
  // While Postgres is away, the others may all come to ask for orders that only it knows; this one goes on, and fills
  // the backlog.
  const [taken] = apis;
  if (taken !== undefined) {
    const random = seededRandom(seed * 1_000 + clients);
    made.push(new LoadClient(taken.url, ledger, random, CLIENT_PAUSE_MS, [{ habit: new OrderHabit([TAKER], taken.mode, ledger, random, 'taker'), of: 1, inBatches: true }]));
  }
  return { accounts, clients: made };
}

async function fund(apis: readonly ApiProcess[], ledger: Ledger, own: readonly (readonly string[])[], seed: number): Promise<void> {
  const safe = apis.find(({ mode }) => mode === 'postgres') as ApiProcess;
  const random = seededRandom(seed);
  const desk = new OperatorHabit([], safe.mode, ledger, random);
  const operator = new LoadClient(safe.url, ledger, random, 0, []);
  await operator.carryOut(desk.putRates('default', DEFAULT_RATES));
  await operator.carryOut(desk.putRates(BETTER_GROUP, BETTER_RATES[0] ?? []));
  for (const account of own.flatMap((mine) => mine.slice(0, ACCOUNTS - 1))) await operator.carryOut(desk.open(account, FUNDS_OF_ACCOUNT));
  await operator.carryOut(desk.open(TAKER, FUNDS_OF_TAKER));
}
