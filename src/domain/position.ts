import type { Side } from './order';

/** What an account has made of its trades in one instrument (D-01). Amounts are lots and units of the quote asset, exact at any size. */
export interface Position {
  /** Below zero where more was sold than bought. */
  readonly netLots: bigint;
  /** What the open part has cost, of the sign of `netLots`: the average entry is cost ÷ net, and is stored nowhere. */
  readonly cost: bigint;
  /** What closed parts brought beyond what they had cost. */
  readonly realized: bigint;
  /** Part of neither cost nor realized. */
  readonly fees: bigint;
  readonly boughtLots: bigint;
  readonly boughtCost: bigint;
  readonly soldLots: bigint;
  readonly soldProceeds: bigint;
  /** Since when there is an open part, null while there is none. */
  readonly openedUs: number | null;
  readonly updatedUs: number;
  /** Log sequence of its last trade. */
  readonly sequence: number;
}

export const NO_POSITION: Position = Object.freeze({
  netLots: 0n, cost: 0n, realized: 0n, fees: 0n, boughtLots: 0n, boughtCost: 0n, soldLots: 0n, soldProceeds: 0n, openedUs: null, updatedUs: 0, sequence: 0,
});

/** One side of a trade, as its account's position takes it. */
export interface PositionFill {
  readonly side: Side;
  readonly lots: bigint;
  /** Units of the quote asset, a whole number for each lot. */
  readonly value: bigint;
  /** Below zero for a rebate. */
  readonly fee: bigint;
  readonly timeUs: number;
  readonly sequence: number;
}

const magnitude = (of: bigint): bigint => (of < 0n ? -of : of);

/**
 * Adds one side of a trade. A decrease by q of n lots takes trunc(cost × q ÷ n) of the cost with it, all of it where q = n
 * (D-02); through zero is a decrease to zero and an increase by the rest (D-03).
 */
export function applyFill(position: Position, fill: PositionFill): Position {
  const { side, lots, value, fee, timeUs, sequence } = fill;
  const isBuy = side === 'buy';
  let { netLots, cost, realized, openedUs } = position;
  let [change, money] = isBuy ? [lots, value] : [-lots, -value];
  const size = magnitude(netLots);
  if (size > 0n && (netLots > 0n) !== isBuy) {
    const closed = lots < size ? lots : size;
    const part = closed === size ? cost : cost * closed / size;
    const closing = isBuy ? closed : -closed;
    const price = value / lots;
    netLots += closing;
    cost -= part;
    realized -= closing * price + part;
    change -= closing;
    money -= closing * price;
    if (netLots === 0n) openedUs = null;
  }
  if (change !== 0n) {
    netLots += change;
    cost += money;
    openedUs ??= timeUs;
  }
  return {
    netLots, cost, realized, fees: position.fees + fee,
    boughtLots: isBuy ? position.boughtLots + lots : position.boughtLots, boughtCost: isBuy ? position.boughtCost + value : position.boughtCost,
    soldLots: isBuy ? position.soldLots : position.soldLots + lots, soldProceeds: isBuy ? position.soldProceeds : position.soldProceeds + value,
    openedUs, updatedUs: timeUs, sequence,
  };
}

/** Adds a trade of an account with itself: bought and sold count it, and its fees; what it has stays as it was (D-05). */
export function applySelfTrade(position: Position, trade: Omit<PositionFill, 'side'>): Position {
  const { lots, value, fee, timeUs, sequence } = trade;
  return {
    ...position, fees: position.fees + fee, updatedUs: timeUs, sequence,
    boughtLots: position.boughtLots + lots, boughtCost: position.boughtCost + value,
    soldLots: position.soldLots + lots, soldProceeds: position.soldProceeds + value,
  };
}
