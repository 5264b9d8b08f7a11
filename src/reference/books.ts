import { AMOUNT_MAX } from '../domain/amounts';
import type { LevelChange } from '../domain/entry';
import { displayedLots, isAhead } from '../domain/iceberg';
import { isOpen, type Order, type Side } from '../domain/order';
import { BookSide, type PriceLevel } from './book-side';
import { compareText, type BookState, type LevelState } from './state';

type Book = Readonly<Record<Side, BookSide>>;
type Place = Pick<Order, 'instrument' | 'side'>;

const opposite = (side: Side): Side => (side === 'buy' ? 'sell' : 'buy');

/** The books of every instrument: who waits where. */
export class Books {
  private readonly byInstrument = new Map<string, Book>();

  /** The side where an order waits. */
  own({ instrument, side }: Place): BookSide {
    return this.of(instrument)[side];
  }

  /** The side that an order trades with. */
  makersFor({ instrument, side }: Place): BookSide {
    return this.of(instrument)[opposite(side)];
  }

  join(order: Order): LevelChange {
    const priceTicks = order.priceTicks as number;
    this.own(order).join(order.orderId, priceTicks, displayedLots(order));
    return this.level(order, priceTicks);
  }

  leave(order: Order): void {
    this.own(order).leave(order.orderId, order.priceTicks as number, displayedLots(order));
  }

  /** An order that waits has traded, or lost lots: it waits on with less, shows another part at the back, or is done. */
  change(before: Order, after: Order): void {
    if (isOpen(after) && after.priority === before.priority && after.traits.refill === before.traits.refill) {
      this.own(before).change(before.priceTicks as number, displayedLots(after) - displayedLots(before));
      return;
    }
    this.leave(before);
    if (isOpen(after)) this.join(after);
  }

  /** Puts orders to the back of their prices, in the order of their refills. */
  requeue(orders: readonly Order[]): void {
    for (const order of [...orders].sort((a, b) => (isAhead(a, b) ? -1 : 1))) this.own(order).requeue(order.orderId, order.priceTicks as number);
  }

  /** Whether a level would hold more than an exact integer with `lots` on top. */
  overflows(order: Place, priceTicks: number, lots: number): boolean {
    return BigInt(this.own(order).totalLots(priceTicks)) + BigInt(lots) > BigInt(AMOUNT_MAX);
  }

  level({ instrument, side }: Place, priceTicks: number): LevelChange {
    return { type: 'level', instrument, side, priceTicks, quantityLots: this.of(instrument)[side].totalLots(priceTicks) };
  }

  state(): BookState[] {
    const levelState = ({ priceTicks, totalLots, queue }: PriceLevel): LevelState => (
      { priceTicks, quantityLots: totalLots, orderIds: [...queue] }
    );
    return [...this.byInstrument]
      .map(([instrument, book]) => ({
        instrument, bids: [...book.buy.levels()].map(levelState), asks: [...book.sell.levels()].map(levelState),
      }))
      .filter((book) => book.bids.length + book.asks.length > 0)
      .sort((a, b) => compareText(a.instrument, b.instrument));
  }

  private of(instrument: string): Book {
    let book = this.byInstrument.get(instrument);
    if (book === undefined) {
      book = { buy: new BookSide('buy'), sell: new BookSide('sell') };
      this.byInstrument.set(instrument, book);
    }
    return book;
  }
}
