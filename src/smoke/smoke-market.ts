import type { Instrument, OpenfillClient } from '#openfill-client';
import { formatAmount, parseAmount, parseStep, type Step } from '../domain/amounts';

/** An instrument, with a price and a quantity at which two of ours meet and nobody else is met. */
export interface SmokeMarket {
  readonly instrument: string;
  readonly base: string;
  readonly quote: string;
  readonly price: string;
  readonly quantity: string;
  readonly priceMin: string;
}

/** What an order may be worth, of the quote asset: some of them are paid out of 10,000. */
const VALUE_MAX = 1_000n;
/** Where nobody quotes a price. */
const PRICE = 100n;

/**
 * Looks for an instrument whose best prices leave room for one between them.
 * @param named the one to take; null for whichever fits
 * @throws Error where none does
 */
export async function findMarket(client: OpenfillClient, named: string | null): Promise<SmokeMarket> {
  const instruments = (await client.instruments()).filter(({ instrument, state }) => state === 'open' && (named ?? instrument) === instrument);
  for (const instrument of instruments) {
    const market = await marketOf(client, instrument);
    if (market !== null) return market;
  }
  if (instruments.length === 0) throw new Error(`${named ?? 'no instrument'} is ${named === null ? '' : 'not '}open to orders`);
  throw new Error(`no price is free between the best bid and the best ask of ${named ?? 'any instrument'}`);
}

async function marketOf(client: OpenfillClient, { instrument, base, quote, price_min: priceMin, price_max: priceMax, ...rest }: Instrument): Promise<SmokeMarket | null> {
  const { bids: [bid], asks: [ask] } = await client.best({ instrument });
  const [tick, lot] = [parseStep(rest.tick_size), parseStep(rest.lot_size)];
  const stepsOf = (text: string, step: Step): number => {
    const parsed = parseAmount(text, step);
    return parsed.ok ? parsed.value : 0;
  };
  const [lowest, highest] = [stepsOf(priceMin, tick), stepsOf(priceMax, tick)];
  const [low, high] = [bid === undefined ? lowest - 1 : stepsOf(bid[0], tick), ask === undefined ? highest + 1 : stepsOf(ask[0], tick)];
  if (high - low < 2) return null;
  const usual = Number(PRICE * 10n ** BigInt(tick.decimals) / tick.units);
  const middle = bid === undefined || ask === undefined ? usual : Math.floor((low + high) / 2);
  const ticks = Math.min(Math.max(middle, low + 1), high - 1);
  // At most one of the base asset, and no more than it may be worth.
  const scale = 10n ** BigInt(tick.decimals + lot.decimals);
  const affordable = VALUE_MAX * scale / (BigInt(ticks) * tick.units * lot.units);
  const one = 10n ** BigInt(lot.decimals) / lot.units;
  const lots = Number(affordable < one ? affordable : one);
  if (lots < 1 || lots < stepsOf(rest.quantity_min, lot)) return null;
  return { instrument, base, quote, price: formatAmount(ticks, tick), quantity: formatAmount(lots, lot), priceMin };
}
