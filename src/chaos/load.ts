import type { Funds } from '../domain/money';
import { seededRandom, type Random } from '../seeded-random';
import type { ApiProcess } from './chaos-venue';
import type { Crew, Trader } from './crew';
import type { Habit } from './habit';
import type { Ledger } from './ledger';
import { OpenLine } from './line';
import { ListHabit } from './list-habit';
import { LoadClient, type Lines, type Share } from './load-client';
import { MoneyHabit } from './money-habit';
import { BETTER_GROUP, BETTER_RATES, DEFAULT_RATES, OperatorHabit } from './operator-habit';
import { OrderHabit } from './order-habit';

const CLIENT_PAUSE_MS = 20;
/** Of each client; the last of them begins with nothing. */
const ACCOUNTS = 4;
/** Enough for some orders and not for all. */
const FUNDS_OF_ACCOUNT = [{ asset: 'USD', amount: '150000' }, { asset: 'BTC', amount: '3' }, { asset: 'ETH', amount: '3' }];
const FUNDS_OF_TAKER = [{ asset: 'USD', amount: '50000000' }, { asset: 'BTC', amount: '1000' }, { asset: 'ETH', amount: '1000' }];
export const TAKER = 'client-taker';

export const clientName = (i: number): string => `client-${i + 1}`;

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

/**
 * Clients on every API process in turn. With money, accounts are opened and rates are set first: nothing is broken yet.
 * @param crew who they are, null where nobody is asked
 */
export async function beginLoad(apis: readonly ApiProcess[], ledger: Ledger, crew: Crew | null, { seed, clients, funds }: LoadOptions): Promise<Load> {
  const isMoneyKept = funds !== 'off';
  const accountsOf = (i: number): readonly string[] => Array.from({ length: isMoneyKept ? ACCOUNTS : 1 }, (_, k) => `${clientName(i)}${k === 0 ? '' : `-${k + 1}`}`);
  const own = Array.from({ length: clients }, (_, i) => accountsOf(i));
  const accounts = [...own.flat(), TAKER];
  const linesOf = (client: string, api: ApiProcess): Lines => (crew === null ? openLines(api) : linesOfTrader(crew, crew.ownerOf(client)));
  if (isMoneyKept) await fund(apis, ledger, crew, own, seed);

  const made = own.map((mine, i) => {
    const api = apis[i % apis.length] as ApiProcess;
    const { mode } = api;
    const random = seededRandom(seed * 1_000 + i);
    const habit = new OrderHabit(mine, mode, ledger, random);
    const orders: Share = { habit, of: 1 - LIST_SHARE, inBatches: true };
    const lists: Share = { habit: new ListHabit(mine, mode, ledger, random, habit), of: LIST_SHARE, inBatches: false };
    const shares: Share[] = isMoneyKept
      ? [{ ...orders, of: 0.74 - LIST_SHARE }, lists, { habit: new MoneyHabit(mine, accounts, mode, ledger, random), of: 0.25, inBatches: false }, { habit: new OperatorHabit(mine, mode, ledger, random), of: 0.01, inBatches: false }]
      : [orders, lists];
    const [first] = shares as [Share, ...Share[]];
    if (crew !== null) shares.splice(0, 1, { ...first, of: first.of - GUEST_SHARE }, guestShare(crew.ownerOf(clientName(i)), api, ledger, random));
    return new LoadClient(linesOf(clientName(i), api), ledger, random, CLIENT_PAUSE_MS, shares);
  });
  // While Postgres is away, the others may all come to ask for orders that only it knows; this one goes on, and fills
  // the backlog.
  const [taken] = apis;
  if (taken !== undefined) {
    const random = seededRandom(seed * 1_000 + clients);
    made.push(new LoadClient(linesOf(TAKER, taken), ledger, random, CLIENT_PAUSE_MS, [{ habit: new OrderHabit([TAKER], taken.mode, ledger, random, 'taker'), of: 1, inBatches: true }]));
  }
  return { accounts, clients: made };
}

const GUEST_SHARE = 0.15;
const LIST_SHARE = 0.12;

/** Orders for an account that somebody shares, for as long as it does and a while longer. */
function guestShare(trader: Trader, { mode }: ApiProcess, ledger: Ledger, random: Random): Share {
  let account: string | null = null;
  let orders: Habit | null = null;
  const plan: Habit['plan'] = () => {
    if (orders === null || trader.guestOf !== account) {
      account = trader.guestOf;
      orders = new OrderHabit(account === null ? [] : [account], mode, ledger, random, 'guest');
    }
    return orders.plan();
  };
  return { habit: { plan }, of: GUEST_SHARE, inBatches: false, isOn: () => trader.guestOf !== null };
}

function openLines({ url }: ApiProcess): Lines {
  const own = new OpenLine(url);
  return { own, of: () => own };
}

function linesOfTrader(crew: Crew, trader: Trader): Lines {
  const { line, api } = trader;
  return {
    own: line,
    of: ({ command, byOperator }) => {
      if (byOperator) return crew.operator(api);
      const owner = crew.ownerOf(command.account);
      // What became of a guest's command only the owner can learn, once the account is taken back.
      return owner === trader || command.unclear === 0 || trader.guestOf === command.account ? line : owner.line;
    },
  };
}

async function fund(apis: readonly ApiProcess[], ledger: Ledger, crew: Crew | null, own: readonly (readonly string[])[], seed: number): Promise<void> {
  const safe = apis.find(({ mode }) => mode === 'postgres') as ApiProcess;
  const random = seededRandom(seed);
  const desk = new OperatorHabit([], safe.mode, ledger, random);
  const lines = crew === null ? openLines(safe) : { own: crew.operator(safe), of: () => crew.operator(safe) };
  const operator = new LoadClient(lines, ledger, random, 0, []);
  await operator.carryOut(desk.putRates('default', DEFAULT_RATES));
  await operator.carryOut(desk.putRates(BETTER_GROUP, BETTER_RATES[0] ?? []));
  if (crew !== null) await openAccounts(crew, ledger, own, random);
  const funded = [...own.map((mine) => ({ accounts: mine.slice(0, ACCOUNTS - 1), deposits: FUNDS_OF_ACCOUNT })), { accounts: [TAKER], deposits: FUNDS_OF_TAKER }];
  for (const { accounts, deposits } of funded) {
    for (const account of accounts) {
      if (crew === null) await operator.carryOut(desk.open(account, deposits));
      else for (const deposit of deposits) await operator.carryOut(desk.deposit(account, deposit));
    }
  }
}

/** The further accounts of each trader: the first has come with the user. */
async function openAccounts(crew: Crew, ledger: Ledger, own: readonly (readonly string[])[], random: Random): Promise<void> {
  for (const account of own.flatMap((mine) => mine.slice(1))) {
    const owner = crew.ownerOf(account);
    const { mode } = owner.api;
    crew.owns(account, owner.username);
    await new LoadClient(linesOfTrader(crew, owner), ledger, random, 0, []).carryOut(new OperatorHabit([], mode, ledger, random).open(account, []));
  }
}
