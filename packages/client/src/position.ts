/** A moment of a position. */
export interface Place {
  /** Life of the shard; null before the first word. */
  readonly epoch: string | null;
  /** Up to here every trade and order has been told; null before the first word. */
  readonly whole: number | null;
  /** Up to here the venue has said that everything has been told, books included. */
  readonly confirmed: number;
}

/**
 * Where to go on, as `since` takes it. Books may stand behind trades and orders.
 * @param booksAt up to where each book has been told by its own messages; null when one of them has none
 */
export function formatPlace({ epoch, whole, confirmed }: Place, booksAt: number | null): string | null {
  return whole === null ? null : `${epoch ?? ''}:${whole}:0:${Math.max(confirmed, booksAt ?? 0)}`;
}

/**
 * How far the stream has been told. An entry of the venue's log makes several messages of one sequence: it is whole when a
 * message of a later one has come. Behind a break the stream goes on from the last whole entry, so the messages of the entry
 * that it broke in come again; they are known by their names.
 */
export class Position {
  /** Life of the shard; null before the first word. */
  epoch: string | null = null;
  /** Up to here every trade and order has been told; null before the first word. */
  private whole: number | null = null;
  /** Up to here the venue has said that everything has been told, books included. */
  private confirmed = 0;
  private current = 0;
  private readonly told = new Set<string>();

  get place(): Place {
    return { epoch: this.epoch, whole: this.whole, confirmed: this.confirmed };
  }

  /** A trade or an order. @param name tells it from the others of its entry @returns false for one that was told before */
  item(sequence: number, name: string): boolean {
    if (this.whole !== null && sequence <= this.whole) return false;
    if (sequence > this.current) {
      this.current = sequence;
      this.told.clear();
    }
    this.passed(sequence);
    if (this.told.has(name)) return false;
    this.told.add(name);
    return true;
  }

  /** Something of a sequence came: all before it is whole. */
  passed(sequence: number): void {
    this.whole = Math.max(this.whole ?? 0, sequence - 1);
  }

  /** The venue says that everything up to a sequence has been told. */
  confirm(sequence: number): void {
    this.whole = Math.max(this.whole ?? 0, sequence);
    this.confirmed = Math.max(this.confirmed, sequence);
  }

  /** Begins where another one stood. @param since a sequence, or what `format` gave */
  resume(since: number | string): void {
    const [epoch, sequence, , books] = typeof since === 'string' && since.includes(':') ? since.split(':') : [undefined, since, 0, since];
    this.epoch = epoch === undefined || epoch === '' ? null : epoch;
    this.whole = Number(sequence);
    this.confirmed = Number(books);
  }

  /** The venue had to skip: it goes on from here. */
  restart(sequence: number): void {
    this.whole = sequence;
    this.confirmed = sequence;
    this.current = 0;
    this.told.clear();
  }
}
