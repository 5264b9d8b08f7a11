import { INSTRUMENT_NAME } from '../../domain/instruments';
import { positionAt, type BooksAhead, type StreamPosition } from '../../stream/stream-position';

const NUMBER = /^(0|[1-9][0-9]{0,15})$/;

function numberOf(text: string | undefined): number {
  const number = text !== undefined && NUMBER.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(number) ? number : Number.NaN;
}

/** A position as the id of a server-sent event: `epoch:sequence:count:bookSequence`, and `~sequence~BOOK` where some books are further. */
export function formatPosition({ epoch, sequence, count, bookSequence, booksAhead }: StreamPosition): string {
  const ahead = booksAhead === undefined ? '' : `~${booksAhead.sequence}~${booksAhead.lastBook}`;
  return `${epoch ?? ''}:${sequence}:${count}:${bookSequence}${ahead}`;
}

function parseAhead([sequenceText, lastBook, ...more]: readonly string[]): BooksAhead | null {
  const sequence = numberOf(sequenceText);
  return more.length > 0 || Number.isNaN(sequence) || lastBook === undefined || !INSTRUMENT_NAME.test(lastBook) ? null : { lastBook, sequence };
}

/** @returns null for what is neither a sequence nor the id of an event */
export function parsePosition(text: string): StreamPosition | null {
  if (!text.includes(':')) {
    const sequence = numberOf(text);
    return Number.isNaN(sequence) ? null : positionAt(sequence);
  }
  const [told = '', ...aheadParts] = text.split('~');
  const booksAhead = aheadParts.length === 0 ? undefined : parseAhead(aheadParts);
  if (booksAhead === null) return null;
  const [epoch, ...numbers] = told.split(':');
  const [sequence, count, bookSequence] = numbers.map(numberOf);
  if (numbers.length !== 3 || sequence === undefined || count === undefined || bookSequence === undefined) return null;
  if (Number.isNaN(sequence + count + bookSequence)) return null;
  return {
    epoch: epoch === undefined || epoch === '' ? null : epoch, sequence, count, bookSequence, ...(booksAhead === undefined ? {} : { booksAhead }),
  };
}
