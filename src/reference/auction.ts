import { AMOUNT_MAX } from '../domain/amounts';
import type { Crossing } from '../domain/auction';
import { displayedLots, isAhead, traitsAtEnd } from '../domain/iceberg';
import { remainingLots, type Order } from '../domain/order';
import { charge, makerRateOf } from './fees';
import { valueOf } from './holds';
import type { PlannedTrade, TradeMoment } from './trades';

/** Lots by price. */
type Totals = ReadonlyMap<number, bigint>;

function totalsOf(orders: readonly Order[]): Totals {
  const totals = new Map<number, bigint>();
  for (const order of orders) {
    const priceTicks = order.priceTicks as number;
    totals.set(priceTicks, (totals.get(priceTicks) ?? 0n) + BigInt(remainingLots(order)));
  }
  return totals;
}

/** What is bid and asked at a price. */
function crossingAt(priceTicks: number, bids: Totals, asks: Totals): Crossing {
  let demand = 0n;
  let supply = 0n;
  for (const [price, lots] of bids) if (price >= priceTicks) demand += lots;
  for (const [price, lots] of asks) if (price <= priceTicks) supply += lots;
  const lots = demand < supply ? demand : supply;
  return {
    priceTicks, lots, leftLots: demand + supply - 2n * lots, leftSide: demand === supply ? null : demand > supply ? 'buy' : 'sell',
  };
}

/**
 * The price at which everything trades: with the most lots, then the fewest left over, then nearest to the last trade's price or, where there
 * was none, to the middle of what is as good until then, rounded down.
 * @param lastTicks null ahead of the first trade
 * @returns null where nothing trades
 */
export function crossingOf(bids: readonly Order[], asks: readonly Order[], lastTicks: number | null): Crossing | null {
  const [buyers, sellers] = [totalsOf(bids), totalsOf(asks)];
  // What is bid and asked changes at the orders' prices only: those, and the ones beside them, say all of it.
  const prices = new Set([...buyers.keys(), ...sellers.keys()].flatMap((price) => [price - 1, price, price + 1]));
  const bestOf = (candidates: Iterable<number>): Crossing[] => {
    const crossings = [...candidates].map((price) => crossingAt(price, buyers, sellers)).filter(({ lots }) => lots > 0n);
    const most = crossings.reduce((lots, crossing) => (crossing.lots > lots ? crossing.lots : lots), 0n);
    const largest = crossings.filter(({ lots }) => lots === most);
    const fewest = largest.reduce<bigint | null>((left, { leftLots }) => (left === null || leftLots < left ? leftLots : left), null);
    return largest.filter(({ leftLots }) => leftLots === fewest).sort((a, b) => a.priceTicks - b.priceTicks);
  };
  const best = bestOf(prices);
  const [lowest, highest] = [best[0], best.at(-1)];
  if (lowest === undefined || highest === undefined) return null;
  const wanted = lastTicks ?? lowest.priceTicks + Math.floor((highest.priceTicks - lowest.priceTicks) / 2);
  const nearest = bestOf([...prices, wanted]).sort((a, b) => Math.abs(a.priceTicks - wanted) - Math.abs(b.priceTicks - wanted));
  return nearest[0] ?? null;
}

/**
 * The price nearest to an auction's at which the sides still cross, null where they do not: orders that have ended between its pages may leave
 * others that cross at another price only.
 * @param bids in the order in which they trade, as asks are
 */
export function priceOfPage(bids: readonly Pick<Order, 'priceTicks'>[], asks: readonly Pick<Order, 'priceTicks'>[], openingTicks: number): number | null {
  const [bid, ask] = [bids[0]?.priceTicks ?? null, asks[0]?.priceTicks ?? null];
  return bid === null || ask === null || bid < ask ? null : Math.max(Math.min(openingTicks, bid), ask);
}

/** A trade of an auction: of the two orders the one that waited for longer is the maker. */
interface Pair {
  readonly maker: Order;
  readonly taker: Order;
  readonly lots: number;
}

export interface AuctionPlan {
  readonly pairs: readonly Pair[];
  /** The first order of either side, null where it has none. */
  readonly first: { readonly buy: Order | null; readonly sell: Order | null };
  /** Nothing is left to trade. */
  readonly isOver: boolean;
}

/**
 * What trades at a price, at most `page` trades; changes nothing.
 * @param bids in the order in which they trade, as asks are
 */
export function planAuction(bids: readonly Order[], asks: readonly Order[], priceTicks: number, page: number): AuctionPlan {
  const buyers = bids.filter((order) => (order.priceTicks as number) >= priceTicks).map((order) => ({ order, left: remainingLots(order) }));
  const sellers = asks.filter((order) => (order.priceTicks as number) <= priceTicks).map((order) => ({ order, left: remainingLots(order) }));
  const first = { buy: buyers[0]?.order ?? null, sell: sellers[0]?.order ?? null };
  const pairs: Pair[] = [];
  let [b, s] = [0, 0];
  for (;;) {
    const [buyer, seller] = [buyers[b], sellers[s]];
    if (buyer === undefined || seller === undefined) return { pairs, first, isOver: true };
    if (pairs.length === page) return { pairs, first, isOver: false };
    const lots = Math.min(buyer.left, seller.left);
    buyer.left -= lots;
    seller.left -= lots;
    pairs.push(isAhead(seller.order, buyer.order) ? { maker: seller.order, taker: buyer.order, lots } : { maker: buyer.order, taker: seller.order, lots });
    if (buyer.left === 0) b++;
    if (seller.left === 0) s++;
  }
}

/** The one of two orders that came later; of those that came at once the seller's. */
export function laterOf(buyer: Order, seller: Order): Order {
  return isAhead(seller, buyer) ? buyer : seller;
}

/** What a page comes to. */
export interface AuctionTrades {
  readonly trades: readonly PlannedTrade[];
  /** Orders that traded, as they were and as they are behind it. */
  readonly changes: ReadonlyMap<string, { readonly before: Order; readonly after: Order }>;
  /** Ids of those that took, in the order in which they first did. */
  readonly takers: readonly string[];
}

/** @param totalLots what a level shows ahead of the page */
export function tradesOfAuction(plan: AuctionPlan, priceTicks: number, moment: TradeMoment, totalLots: (order: Order) => number): AuctionTrades {
  const { sequence, timeUs, scale } = moment;
  const changes = new Map<string, { before: Order; after: Order }>();
  const takers: string[] = [];
  const totals = new Map<string, number>();
  let { lastTradeId: tradeId } = moment;
  const trade = (order: Order, lots: number, rate: number): { readonly before: Order; readonly after: Order; readonly fee: bigint } => {
    const before = changes.get(order.orderId)?.after ?? order;
    const charged = scale === null || before.fees === null ? null : charge(before.fees, rate, valueOf(priceTicks, lots, scale));
    const traded: Order = {
      ...before, filledLots: before.filledLots + lots, notional: String(BigInt(before.notional) + BigInt(priceTicks) * BigInt(lots)),
      fillSequence: sequence, fees: charged?.fees ?? before.fees, sequence, updatedUs: timeUs,
    };
    const level = `${order.side} ${order.priceTicks}`;
    const others = (totals.get(level) ?? totalLots(order)) - displayedLots(before);
    const after: Order = { ...traded, status: remainingLots(traded) === 0 ? 'filled' : 'partially_filled', traits: shownBehind(before, traded, lots, others) };
    totals.set(level, others + (remainingLots(after) === 0 ? 0 : displayedLots(after)));
    changes.set(order.orderId, { before: changes.get(order.orderId)?.before ?? order, after });
    return { before, after, fee: charged?.fee ?? 0n };
  };
  const trades = plan.pairs.map(({ maker, taker, lots }): PlannedTrade => {
    const made = trade(maker, lots, maker.fees === null ? 0 : makerRateOf(maker.fees, taker.fees));
    const took = trade(taker, lots, taker.fees?.takerRate ?? 0);
    if (!takers.includes(taker.orderId)) takers.push(taker.orderId);
    tradeId++;
    return {
      before: made.before,
      fill: {
        type: 'trade', tradeId, priceTicks, quantityLots: lots, taker: takers.indexOf(taker.orderId), maker: made.after,
        makerPreviousFill: made.before.fillSequence, makerFee: String(made.fee), takerFee: String(took.fee),
      },
    };
  });
  return { trades, changes, takers };
}

/** What an iceberg shows behind a trade of all that it has, at the place that it keeps. @param others lots that its level shows beside it */
function shownBehind(before: Order, traded: Order, lots: number, others: number): Order['traits'] {
  const { traits } = before;
  if (traits.shown === undefined || traits.display === undefined) return traits;
  if (remainingLots(traded) === 0) return traitsAtEnd(traits);
  const shown = lots < traits.shown ? traits.shown - lots : Math.min(traits.display, remainingLots(traded), AMOUNT_MAX - others);
  return { ...traits, shown };
}
