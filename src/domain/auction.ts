import type { InstrumentRules } from './instrument-rules';
import type { Side } from './order';

/** What a call auction would come to: the price, the lots that trade there, and those that are left over, of which side. */
export interface Crossing {
  readonly priceTicks: number;
  readonly lots: bigint;
  readonly leftLots: bigint;
  readonly leftSide: Side | null;
}

/** An instrument's call auction at one moment. */
export interface AuctionView {
  readonly sequence: number;
  readonly timeUs: number;
  /** null where the log has told none of it: it is open. */
  readonly rules: InstrumentRules | null;
  /** Price of its last trade, null ahead of the first. */
  readonly lastTicks: number | null;
  /** null where nothing would trade. */
  readonly crossing: Crossing | null;
}
