/**
 * How far a client has been told: all of the log up to `sequence`, `count` of the trades and orders of the entry behind
 * it, and the books up to `bookSequence`. One entry makes several messages, and book changes may be told later than the
 * trades of the same entries, so that a sequence alone would repeat or lose some.
 */
export interface StreamPosition {
  /** Life of the shard; null when the client does not say. */
  readonly epoch: string | null;
  readonly sequence: number;
  readonly count: number;
  readonly bookSequence: number;
  /** Some books have been told further than that. */
  readonly booksAhead?: BooksAhead;
}

/** Books whose names sort up to `lastBook` have been told up to `sequence`: where several are told at once, they come in that order. */
export interface BooksAhead {
  readonly lastBook: string;
  readonly sequence: number;
}

/** Up to where a book has been told. */
export function bookSequenceOf({ bookSequence, booksAhead }: StreamPosition, instrument: string): number {
  return booksAhead !== undefined && instrument <= booksAhead.lastBook ? Math.max(bookSequence, booksAhead.sequence) : bookSequence;
}

/** Behind everything up to a sequence. */
export function positionAt(sequence: number, epoch: string | null = null): StreamPosition {
  return { epoch, sequence, count: 0, bookSequence: sequence };
}
