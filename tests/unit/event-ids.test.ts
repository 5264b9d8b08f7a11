import { DEFAULT_INSTRUMENTS, parseInstruments } from '../../src/domain/instruments';
import { formatPosition, parsePosition } from '../../src/dialects/native/stream-position';
import { BookFeed } from '../../src/stream/book-feed';
import { BookReplica } from '../../src/market/book-replica';
import { standsAhead, withBooksTold, withOwnBooksTold } from '../../src/stream/event-ids';
import { Message } from '../../src/stream/message';
import type { News } from '../../src/stream/news';
import { bookSequenceOf, type StreamPosition } from '../../src/stream/stream-position';

const feeds = parseInstruments(DEFAULT_INSTRUMENTS).map((instrument) => new BookFeed(instrument, null, new BookReplica()));

function at(text: string): StreamPosition {
  return parsePosition(`life:${text}`) as StreamPosition;
}

/** What is no book's: how it is told is of no matter here. */
function news(sequence: number): News {
  return { kind: 'notice', notice: { is: 'heartbeat' }, epoch: 'life', sequence, timeUs: 0 };
}

function order(sequence: number, id: string): Message {
  return new Message(news(sequence), at(id));
}

/** @param book which of the books it changes */
function delta(sequence: number, firstSequence: number, id: string | null, book = 0): Message {
  return new Message({ kind: 'delta', checksum: 0, delta: {
    feed: feeds[book] as BookFeed, firstSequence, previousSequence: firstSequence - 1, sequence, timeUs: 0, bids: [], asks: [],
  } }, id === null ? null : at(id));
}

const ticker = new Message(news(9));

/** Ids without the life; null for a message that has none. */
function idsOf(messages: readonly Message[]): (string | null)[] {
  return messages.map(({ position }) => (position === null ? null : formatPosition(position).replace(/^life:/, '')));
}

describe('event ids', () => {
  it('of missed messages say that the books are told from the last of them on, and never go back', () => {
    const missed = [delta(4, 4, null), order(6, '5:1:3'), ticker, order(6, '5:2:3'), delta(6, 6, null, 1), order(8, '7:1:3')];
    expect(idsOf(withBooksTold(missed, at('4:1:3'), 8))).toEqual([null, '5:1:3', null, '5:2:3', '5:2:8', '7:1:8']);
    expect(idsOf(withBooksTold(missed.slice(0, 2), at('4:1:3'), 8))).toEqual(['4:1:8', '5:1:8']);
    expect(idsOf(withBooksTold([ticker, order(8, '7:1:3')], at('4:1:3'), 8))).toEqual([null, '7:1:3']);
  });

  it('of messages that were made for others name the books that the client has', () => {
    expect(idsOf(withBooksTold([order(6, '5:1:5'), order(7, '6:1:6'), delta(7, 6, null)], at('5:0:4'), 7))).toEqual(['5:1:4', '6:1:4', '6:1:7']);
  });

  it('of a turn name an entry as a whole behind the last book that is followed', () => {
    expect(idsOf(withOwnBooksTold([order(6, '5:1:5'), delta(6, 6, '6:0:5'), ticker, order(7, '6:1:6'), delta(7, 7, '7:0:6'), delta(7, 7, '7:0:6', 1)])))
      .toEqual(['5:1:5', '6:0:6', null, '6:1:6', '7:0:6', '7:0:7']);
  });

  it('say which of several books have been told, until all have', () => {
    const ahead = (book: number, sequence: number): string => `~${sequence}~${(feeds[book] as BookFeed).instrument.instrument}`;
    const flush = [delta(7, 5, `7:0:4${ahead(0, 7)}`), delta(6, 6, '7:0:7', 1)];
    expect(idsOf(withOwnBooksTold(flush))).toEqual([`7:0:4${ahead(0, 7)}`, '7:0:7']);
    // Who was cut off between them, and is again while it is told what it has missed.
    const missed = [order(8, '7:1:4'), delta(6, 6, null, 1), order(9, '8:1:4')];
    expect(idsOf(withBooksTold(missed, at(`7:0:4${ahead(0, 7)}`), 9))).toEqual([`7:1:4${ahead(0, 7)}`, '7:1:9', '8:1:9']);
    const position = at(`7:0:4${ahead(0, 7)}`);
    expect(feeds.map(({ instrument }) => bookSequenceOf(position, instrument.instrument))).toEqual([7, 4]);
    // Ahead of the first of them, none had been told.
    expect(idsOf([new Message(news(0), standsAhead(flush, at('9:0:8')))])).toEqual(['7:0:4']);
  });

  it('begin where a client stood ahead of a turn', () => {
    const now = at('9:0:8');
    const ahead = (...messages: Message[]): string | null => idsOf([new Message(news(0), standsAhead(messages, now))])[0] as string | null;
    expect(ahead(order(6, '5:2:3'), delta(6, 4, '6:0:6'))).toBe('5:1:3');
    expect(ahead(ticker, delta(6, 4, '6:0:6'))).toBe('6:0:3');
    expect(ahead(delta(6, 4, '6:0:2'), delta(6, 3, '6:0:6', 1))).toBe('6:0:2');
    expect(ahead(ticker)).toBe('9:0:8');
  });
});
