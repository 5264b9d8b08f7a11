/**
 * How far a client has been told: all of the log up to `sequence`, `count` of the trades and orders of the entry behind
 * it, and the books up to `bookSequence`. One entry makes several messages, and book changes may be told later than the
 * trades of the same entries, so that a sequence alone would repeat or lose some.
 */
export interface Position {
  /** Life of the shard; null when the client does not say. */
  readonly epoch: string | null;
  readonly sequence: number;
  readonly count: number;
  readonly bookSequence: number;
}

const NUMBER = /^(0|[1-9][0-9]{0,15})$/;

function numberOf(text: string | undefined): number {
  const number = text !== undefined && NUMBER.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(number) ? number : Number.NaN;
}

/** A position as the id of a server-sent event. */
export function formatPosition({ epoch, sequence, count, bookSequence }: Position): string {
  return `${epoch ?? ''}:${sequence}:${count}:${bookSequence}`;
}

export function positionAt(sequence: number, epoch: string | null = null): Position {
  return { epoch, sequence, count: 0, bookSequence: sequence };
}

/** @returns null for what is neither a sequence nor the id of an event */
export function parsePosition(text: string): Position | null {
  if (!text.includes(':')) {
    const sequence = numberOf(text);
    return Number.isNaN(sequence) ? null : positionAt(sequence);
  }
  const [epoch, ...numbers] = text.split(':');
  const [sequence, count, bookSequence] = numbers.map(numberOf);
  if (numbers.length !== 3 || sequence === undefined || count === undefined || bookSequence === undefined) return null;
  if (Number.isNaN(sequence + count + bookSequence)) return null;
  return { epoch: epoch === undefined || epoch === '' ? null : epoch, sequence, count, bookSequence };
}
