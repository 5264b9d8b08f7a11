import { CHECKSUM_LEVELS, bookChecksum } from './checksum';
import type { BookData, Decimal, Level, Side, Time } from './contract';
import type { DeltaMessage, SnapshotMessage } from './messages';

/** Prices of one instrument have the same decimals: the longer text is the higher price, and of equal length they sort as text. */
function isHigher(a: Decimal, b: Decimal): boolean {
  return a.length === b.length ? a > b : a.length > b.length;
}

/** One side: its prices best first, and what stands at each. */
class BookSide {
  private prices: Decimal[] = [];
  private readonly quantities = new Map<Decimal, Decimal>();

  constructor(private readonly side: Side) {}

  get size(): number {
    return this.prices.length;
  }

  /** @param levels best first */
  load(levels: readonly Level[]): void {
    this.prices = levels.map(([price]) => price);
    this.quantities.clear();
    for (const [price, quantity] of levels) this.quantities.set(price, quantity);
  }

  copyFrom(other: BookSide): void {
    this.load(other.top(Infinity));
  }

  /** @param quantity the new total, "0" for none; a level that is not there may be taken away */
  set(price: Decimal, quantity: Decimal): void {
    const isThere = this.quantities.has(price);
    if (quantity === '0') {
      if (!isThere) return;
      this.quantities.delete(price);
      this.prices.splice(this.placeOf(price), 1);
      return;
    }
    this.quantities.set(price, quantity);
    if (!isThere) this.prices.splice(this.placeOf(price), 0, price);
  }

  private placeOf(price: Decimal): number {
    let from = 0;
    let to = this.prices.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      const other = this.prices[middle] as Decimal;
      const isBehind = this.side === 'buy' ? isHigher(other, price) : isHigher(price, other);
      if (isBehind) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  quantityAt(price: Decimal): Decimal {
    return this.quantities.get(price) ?? '0';
  }

  top(count: number): Level[] {
    return this.prices.slice(0, count).map((price) => [price, this.quantityAt(price)] as const);
  }
}

/** Why a book's message cannot be taken. */
export type BookFault = 'gap' | 'checksum';

/** One book, kept from the stream: a snapshot, then deltas, each held against its checksum. */
export class LocalBook {
  private readonly bidSide = new BookSide('buy');
  private readonly askSide = new BookSide('sell');
  private told = 0;
  private changed: Time = '';
  private sum = 0;

  constructor(readonly instrument: string) {}

  /** Of the last change. */
  get sequence(): number {
    return this.told;
  }

  /** Of the last change. */
  get timestamp(): Time {
    return this.changed;
  }

  get checksum(): number {
    return this.sum;
  }

  /** Price levels a side. */
  get size(): { readonly bids: number; readonly asks: number } {
    return { bids: this.bidSide.size, asks: this.askSide.size };
  }

  get bestBid(): Level | undefined {
    return this.bidSide.top(1)[0];
  }

  get bestAsk(): Level | undefined {
    return this.askSide.top(1)[0];
  }

  /** Best first. */
  bids(count = Infinity): Level[] {
    return this.bidSide.top(count);
  }

  /** Best first. */
  asks(count = Infinity): Level[] {
    return this.askSide.top(count);
  }

  /** @param price with the instrument's decimals @returns "0" where nobody stands */
  quantityAt(side: Side, price: Decimal): Decimal {
    return (side === 'buy' ? this.bidSide : this.askSide).quantityAt(price);
  }

  /** Begins anew. @returns null when all is well */
  load({ sequence, timestamp, data }: SnapshotMessage): BookFault | null {
    this.replace(data);
    return this.moved(sequence, timestamp, data.checksum);
  }

  /**
   * @param mayOverlap whether the delta may begin before where the book stands: quantities are absolute, so it holds all the same
   * @returns null when all is well; with a gap the book is as it was, with a wrong checksum it is not to be used any more
   */
  apply({ sequence, timestamp, data }: DeltaMessage, mayOverlap = false): BookFault | null {
    const fits = mayOverlap ? data.previous_sequence <= this.told && sequence > this.told : data.previous_sequence === this.told;
    if (!fits) return 'gap';
    this.change(data);
    return this.moved(sequence, timestamp, data.checksum);
  }

  /** The same book, to be kept apart. */
  copy(): LocalBook {
    const copy = new LocalBook(this.instrument);
    copy.bidSide.copyFrom(this.bidSide);
    copy.askSide.copyFrom(this.askSide);
    copy.told = this.told;
    copy.changed = this.changed;
    copy.sum = this.sum;
    return copy;
  }

  /** Takes a message that another book has taken and found right: it is not computed again. */
  follow({ type, sequence, timestamp, data }: SnapshotMessage | DeltaMessage): void {
    if (type === 'orderbook_snapshot') this.replace(data);
    else this.change(data);
    this.told = sequence;
    this.changed = timestamp;
    this.sum = data.checksum;
  }

  private replace({ bids, asks }: BookData): void {
    this.bidSide.load(bids);
    this.askSide.load(asks);
  }

  private change({ bids, asks }: BookData): void {
    for (const [price, quantity] of bids) this.bidSide.set(price, quantity);
    for (const [price, quantity] of asks) this.askSide.set(price, quantity);
  }

  private moved(sequence: number, timestamp: Time, checksum: number): BookFault | null {
    this.told = sequence;
    this.changed = timestamp;
    this.sum = bookChecksum(this.bids(CHECKSUM_LEVELS), this.asks(CHECKSUM_LEVELS));
    return this.sum === checksum ? null : 'checksum';
  }
}
