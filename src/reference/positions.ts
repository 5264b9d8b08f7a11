import type { Side } from '../domain/order';
import { NO_POSITION, type Position } from '../domain/position';

/** One side of a trade, as it counts for a position. */
export interface CountedFill {
  readonly account: string;
  readonly instrument: string;
  readonly side: Side;
  readonly lots: bigint;
  /** Units of the quote asset that a lot went for. */
  readonly price: bigint;
  readonly fee: bigint;
  readonly timeUs: number;
  readonly sequence: number;
}

/** The open part of a position: its size, whichever way it goes, and what that has cost. */
interface OpenPart {
  readonly isLong: boolean;
  readonly lots: bigint;
  readonly cost: bigint;
}

const sizeOf = (value: bigint): bigint => (value < 0n ? -value : value);

/** Positions by plain steps (D-01 to D-04): what a fill takes away from the open part is closed first, the rest opens anew. */
export class Positions {
  private readonly positions = new Map<string, { account: string; instrument: string; position: Position }>();

  fill(fill: CountedFill): void {
    const before = this.get(fill);
    const isBuy = fill.side === 'buy';
    let open: OpenPart = { isLong: before.netLots > 0n, lots: sizeOf(before.netLots), cost: sizeOf(before.cost) };
    let { realized, openedUs } = before;
    let left = fill.lots;
    if (open.lots > 0n && open.isLong !== isBuy) {
      const closed = left < open.lots ? left : open.lots;
      const part = open.cost * closed / open.lots;
      const money = closed * fill.price;
      realized += open.isLong ? money - part : part - money;
      open = { ...open, lots: open.lots - closed, cost: open.cost - part };
      left -= closed;
      if (open.lots === 0n) openedUs = null;
    }
    if (left > 0n) {
      open = { isLong: isBuy, lots: open.lots + left, cost: open.cost + left * fill.price };
      openedUs ??= fill.timeUs;
    }
    const sign = open.isLong ? 1n : -1n;
    this.put(fill, { ...this.counted(before, fill, [fill.side]), netLots: sign * open.lots, cost: sign * open.cost, realized, openedUs });
  }

  /** A trade of an account with itself: it has bought and sold, and nothing of what it has changes but fees (D-05). @param fill with the fees of both sides */
  selfTrade(fill: CountedFill): void {
    this.put(fill, this.counted(this.get(fill), fill, ['buy', 'sell']));
  }

  all(): readonly { readonly account: string; readonly instrument: string; readonly position: Position }[] {
    return [...this.positions.values()];
  }

  private counted(position: Position, { lots, price, fee, timeUs, sequence }: CountedFill, sides: readonly Side[]): Position {
    const [bought, sold] = [sides.includes('buy') ? lots : 0n, sides.includes('sell') ? lots : 0n];
    return {
      ...position, fees: position.fees + fee, updatedUs: timeUs, sequence,
      boughtLots: position.boughtLots + bought, boughtCost: position.boughtCost + bought * price,
      soldLots: position.soldLots + sold, soldProceeds: position.soldProceeds + sold * price,
    };
  }

  private get({ account, instrument }: CountedFill): Position {
    return this.positions.get(JSON.stringify([account, instrument]))?.position ?? NO_POSITION;
  }

  private put({ account, instrument }: CountedFill, position: Position): void {
    this.positions.set(JSON.stringify([account, instrument]), { account, instrument, position });
  }
}
