import type { Message } from './message';
import { positionAt, type StreamPosition } from './stream-position';

/**
 * A server-sent event carries its own id, so a client that is cut off goes on behind the very message that it got last. A
 * message is made for all clients alike: these say what its id has to be for some of them.
 */

/** Where a client stood ahead of a turn's messages. @param now where one stands that they say nothing of */
export function standsAhead(messages: readonly Message[], now: StreamPosition): StreamPosition {
  for (const { position, delta } of messages) {
    if (position === null) continue;
    if (delta === null) return { ...position, count: position.count - 1 };
    const { booksAhead: _, ...stands } = position;
    return { ...stands, bookSequence: Math.min(position.bookSequence, delta.firstSequence - 1) };
  }
  return now;
}

/**
 * What a client has missed, book by book as one message each, with ids that say from which message on it has the books.
 * @param stands where the client stands ahead of it
 * @param bookSequence up to where the books are told in it
 */
export function withBooksTold(messages: readonly Message[], stands: StreamPosition, bookSequence: number): Message[] {
  const last = messages.findLastIndex((message) => message.isOfBook);
  let told = stands;
  return messages.map((message, i) => {
    if (i === last) {
      const { booksAhead: _, ...others } = told;
      told = { ...others, bookSequence };
    } else if (message.position !== null && !message.isOfBook) {
      const { epoch, sequence, count } = message.position;
      told = { ...told, epoch, sequence, count };
    } else {
      return message;
    }
    return message.at(told);
  });
}

/**
 * A turn's messages with ids that look at their own subscriptions: where several books changed at once, only behind the
 * last of them all have been told, but who follows one of them has everything behind that one.
 */
export function withOwnBooksTold(messages: readonly Message[]): Message[] {
  const last = new Map<number, Message>();
  for (const message of messages) {
    if (message.delta !== null && message.position !== null) last.set(message.position.sequence, message);
  }
  return messages.map((message) => {
    const { position } = message;
    if (position === null || position.bookSequence >= position.sequence || last.get(position.sequence) !== message) return message;
    return message.at(positionAt(position.sequence, position.epoch));
  });
}
