import { assetsOf, formatRate, scaleOf, type MoneyScale } from '../domain/assets';
import type { EngineCommand } from '../domain/commands';
import { DEFAULT_INSTRUMENTS, parseInstruments } from '../domain/instruments';
import { DEFAULT_FEE_GROUP, type Funds } from '../domain/money';
import type { Engine } from '../engine/engine';
import { submitAll, type EngineShard } from './engine-shard';
import type { BenchVenue } from './venue';

/** What money is measured with: so many accounts, everybody's fees, and where cover is asked for more than enough of it. */

export const ACCOUNTS = 1_000;
/** Millionths. */
export const MAKER_RATE = 200;
export const TAKER_RATE = 500;

export const accountName = (n: number): string => `account-${n}`;

/** Whose an order of a stream is: its ids are numbers. */
export const accountOfOrder = (orderId: string): string => accountName(Number(orderId) % ACCOUNTS);

export interface Deposit {
  readonly asset: string;
  /** Units. */
  readonly amount: string;
}

/** Both beyond 2^53 units, where an amount is no plain number in Lua any more: the dearer kind. */
export const DEEP_POCKETS: readonly Deposit[] = [{ asset: 'USD', amount: `1${'0'.repeat(20)}` }, { asset: 'BTC', amount: `1${'0'.repeat(18)}` }];

/** Of the instruments that there are without an INSTRUMENTS_FILE. */
export function defaultScales(): ReadonlyMap<string, MoneyScale> {
  const instruments = parseInstruments(DEFAULT_INSTRUMENTS);
  const decimals = new Map(assetsOf(instruments, new Map()).map((asset) => [asset.asset, asset.decimals]));
  return new Map(instruments.map((instrument) => [instrument.instrument, scaleOf(instrument, decimals)]));
}

export function accountCommand(account: string, deposits: readonly Deposit[]): EngineCommand {
  return { op: 'account', actor: null, account, opens: true, name: null, status: null, credit: null, feeGroup: null, deposits, idempotency: null, request: null };
}

export async function setFees(engine: Engine): Promise<void> {
  const rates = [{ instrument: null, makerRate: MAKER_RATE, takerRate: TAKER_RATE }];
  await submitAll(engine, [{ op: 'fee_group', actor: null, group: DEFAULT_FEE_GROUP, rates, idempotency: null, request: null }]);
}

/** A shard of that name with fees, and where cover is asked for with `accounts` that have enough of it. */
export async function moneyEngine(shard: EngineShard, name: string, funds: Funds, accounts = ACCOUNTS): Promise<Engine> {
  const engine = await shard.engine(name, funds);
  await engine.register(defaultScales());
  if (funds !== 'off') await setFees(engine);
  if (funds === 'required') await submitAll(engine, Array.from({ length: accounts }, (_, n) => accountCommand(accountName(n), DEEP_POCKETS)));
  return engine;
}

/** The same fees, over HTTP. */
export async function setVenueFees(venue: BenchVenue): Promise<void> {
  const body = JSON.stringify({ rates: [{ maker: formatRate(MAKER_RATE), taker: formatRate(TAKER_RATE) }] });
  const { status, text } = await venue.call('PUT', `/fee-groups/${DEFAULT_FEE_GROUP}`, body);
  if (status !== 200) throw new Error(`fees were answered ${status}: ${text.slice(0, 300)}`);
}
