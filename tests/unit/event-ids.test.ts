import { DEFAULT_INSTRUMENTS, parseInstruments } from '../../src/domain/instruments';
import { BookFeed } from '../../src/stream/book-feed';
import { BookReplica } from '../../src/market/book-replica';
import { standsAhead, withBooksTold, withOwnBooksTold } from '../../src/stream/event-ids';
import { Message } from '../../src/stream/message';
import { formatPosition, parsePosition, type Position } from '../../src/stream/position';

const feeds = parseInstruments(DEFAULT_INSTRUMENTS).map((instrument) => new BookFeed(instrument, null, new BookReplica()));

function at(text: string): Position {
  return parsePosition(`life:${text}`) as Position;
}

function order(sequence: number, id: string): Message {
  return new Message('order', '', sequence, at(id));
}

/** @param book which of the books it changes */
function delta(sequence: number, firstSequence: number, id: string | null, book = 0): Message {
  return new Message('orderbook_delta', '', sequence, id === null ? null : at(id), {
    feed: feeds[book] as BookFeed, firstSequence, previousSequence: firstSequence - 1, sequence, timeUs: 0, bids: [], asks: [],
  });
}

const ticker = new Message('ticker', '', 9);

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

  it('begin where a client stood ahead of a turn', () => {
    const now = at('9:0:8');
    const ahead = (...messages: Message[]): string | null => idsOf([new Message('', '', 0, standsAhead(messages, now))])[0] as string | null;
    expect(ahead(order(6, '5:2:3'), delta(6, 4, '6:0:6'))).toBe('5:1:3');
    expect(ahead(ticker, delta(6, 4, '6:0:6'))).toBe('6:0:3');
    expect(ahead(delta(6, 4, '6:0:2'), delta(6, 3, '6:0:6', 1))).toBe('6:0:2');
    expect(ahead(ticker)).toBe('9:0:8');
  });
});
