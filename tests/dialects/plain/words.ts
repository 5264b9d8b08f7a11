import { formatAmount } from '../../../src/domain/amounts';
import type { Instrument } from '../../../src/domain/instruments';
import type { Order, Trade } from '../../../src/domain/order';

/** The dialect's words, in answers and on its tape alike. */

const STATES = { open: 'open', partially_filled: 'part', filled: 'done', cancelled: 'gone', rejected: 'never', expired: 'over', pending: 'held' } as const;

export const marketOf = ({ base, quote }: Instrument): string => `${base}${quote}`;

export const wordOf = (code: string): string => code.replaceAll('_', '-').toUpperCase();

export function lineOfOrder(order: Order, instrument: Instrument): string {
  const { lot, tick } = instrument;
  const limit = order.priceTicks === null ? '' : ` limit=${formatAmount(order.priceTicks, tick)}`;
  const tag = order.clientOrderId === null ? '' : ` tag=${order.clientOrderId}`;
  return `ref=${order.orderId} market=${marketOf(instrument)} way=${order.side === 'buy' ? 'bid' : 'ask'}${limit} state=${STATES[order.status]}`
    + ` size=${formatAmount(order.quantityLots, lot)} done=${formatAmount(order.filledLots, lot)}${tag}`;
}

export function lineOfTrade({ tradeId, priceTicks, quantityLots }: Trade, { lot, tick }: Instrument): string {
  return `deal=${tradeId} limit=${formatAmount(priceTicks, tick)} size=${formatAmount(quantityLots, lot)}`;
}

/** Its markets by name: none of them has the name that the venue knows. */
export class Markets {
  private readonly byName: ReadonlyMap<string, Instrument>;

  constructor(instruments: readonly Instrument[]) {
    this.byName = new Map(instruments.map((instrument) => [marketOf(instrument), instrument]));
  }

  find(market: string): Instrument | undefined {
    return this.byName.get(market);
  }

  /** The venue's name of a market; that of no instrument for one that there is not, so that the use case says so. */
  nameOf(market: string): string {
    return this.find(market)?.instrument ?? `no ${market}`;
  }
}
