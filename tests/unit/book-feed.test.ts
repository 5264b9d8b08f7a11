import fc from 'fast-check';
import { DEFAULT_INSTRUMENTS, parseInstruments, type Instrument } from '../../src/domain/instruments';
import type { Side } from '../../src/domain/order';
import { Backlog } from '../../src/stream/backlog';
import { BookFeed } from '../../src/stream/book-feed';
import type { FeedDelta } from '../../src/stream/feed-delta';
import { BookReplica } from '../../src/market/book-replica';
import { LevelMerge } from '../../src/stream/level-merge';
import { Message } from '../../src/stream/message';
import { positionAt } from '../../src/stream/stream-position';

const [instrument] = parseInstruments(DEFAULT_INSTRUMENTS) as [Instrument];

/** A client's book: it takes deltas and nothing else, and notices what does not fit. */
class ClientBook {
  readonly buy = new Map<number, number>();
  readonly sell = new Map<number, number>();
  readonly problems: string[] = [];

  constructor(book: BookReplica, depth: number, public sequence: number) {
    for (const [price, lots] of book.bids.top(depth)) this.buy.set(price, lots);
    for (const [price, lots] of book.asks.top(depth)) this.sell.set(price, lots);
  }

  take(delta: FeedDelta): void {
    if (delta.previousSequence !== this.sequence) this.problems.push(`previous ${delta.previousSequence}, is at ${this.sequence}`);
    if (delta.firstSequence <= delta.previousSequence || delta.firstSequence > delta.sequence) this.problems.push(`first ${delta.firstSequence}`);
    this.sequence = delta.sequence;
    for (const [side, steps] of [[this.buy, delta.bids], [this.sell, delta.asks]] as const) {
      for (const { priceTicks, before, after } of steps) {
        if ((side.get(priceTicks) ?? 0) !== before) this.problems.push(`${priceTicks} was ${side.get(priceTicks)}, told ${before}`);
        if (before === after) this.problems.push(`${priceTicks} did not change`);
        if (after === 0) side.delete(priceTicks);
        else side.set(priceTicks, after);
      }
    }
  }

  top(side: Side): [number, number][] {
    return side === 'buy' ? [...this.buy].sort(([a], [b]) => b - a) : [...this.sell].sort(([a], [b]) => a - b);
  }
}

const change = fc.record({
  side: fc.constantFrom<Side>('buy', 'sell'), priceTicks: fc.integer({ min: 1, max: 25 }), quantityLots: fc.integer({ min: 0, max: 2 }),
});
/** Entries that are told together: each a few changes. */
const turns = fc.array(fc.array(fc.array(change, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }), { maxLength: 40 });

/** Applies a turn of entries. @returns what has changed, and the first sequence of it */
function applyTurn(book: BookReplica, entries: readonly (readonly { side: Side; priceTicks: number; quantityLots: number }[])[]): [LevelMerge, number] {
  const merge = new LevelMerge();
  const first = book.changedSequence + 1;
  for (const changes of entries) {
    book.changedSequence++;
    for (const level of changes) merge.note(level.side, level.priceTicks, book.apply({ type: 'level', ...level, instrument: 'BTC-USD' }), level.quantityLots);
  }
  return [merge, first];
}

const depths = fc.option(fc.integer({ min: 1, max: 12 }), { nil: null });

describe('a book feed', () => {
  it('keeps a client at exactly the best levels of its depth, in a chain without a gap', () => {
    fc.assert(fc.property(depths, turns, (depth, all) => {
      const book = new BookReplica();
      const feed = new BookFeed(instrument, depth, book);
      const client = new ClientBook(book, feed.levels, feed.toldSequence);
      for (const entries of all) {
        const [merge, first] = applyTurn(book, entries);
        const delta = feed.advance(merge, first, book);
        if (delta !== null) client.take(delta);
        expect(client.problems).toEqual([]);
        expect(client.sequence).toBe(feed.toldSequence);
        expect(client.top('buy')).toEqual(book.bids.top(feed.levels));
        expect(client.top('sell')).toEqual(book.asks.top(feed.levels));
      }
    }), { numRuns: 500 });
  });

  it('is the same for a client that gets its deltas merged, in one chain with those that it got singly', () => {
    fc.assert(fc.property(depths, turns, fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 20 }), (depth, all, lengths) => {
      const book = new BookReplica();
      const feed = new BookFeed(instrument, depth, book);
      const client = new ClientBook(book, feed.levels, feed.toldSequence);
      let backlog = new Backlog(positionAt(0));
      let held = 0;
      const release = (): void => {
        backlog.release((delta) => {
          client.take(delta);
          return new Message({ kind: 'delta', delta, checksum: 0 });
        });
        backlog = new Backlog(positionAt(0));
        held = 0;
      };
      for (const [i, entries] of all.entries()) {
        const [merge, first] = applyTurn(book, entries);
        const delta = feed.advance(merge, first, book);
        if (delta !== null) backlog.hold(new Message({ kind: 'delta', delta, checksum: 0 }), 1);
        if (++held < (lengths[i % lengths.length] as number)) continue;
        release();
        expect(client.problems).toEqual([]);
        expect(client.sequence).toBe(feed.toldSequence);
        expect(client.top('buy')).toEqual(book.bids.top(feed.levels));
        expect(client.top('sell')).toEqual(book.asks.top(feed.levels));
      }
    }), { numRuns: 500 });
  });
});

describe('what waits for a client that is behind', () => {
  const news = (sequence: number): Message => new Message({ kind: 'notice', notice: { is: 'heartbeat' }, epoch: '', sequence, timeUs: 0 });
  const delta = (feed: BookFeed, sequence: number, previousSequence: number): Message => new Message({ kind: 'delta', checksum: 0, delta: {
    feed, firstSequence: sequence, previousSequence, sequence, timeUs: 0, bids: [{ priceTicks: sequence, before: 0, after: 1 }], asks: [],
  } });
  const merged = (of: FeedDelta): Message => new Message({ kind: 'delta', delta: of, checksum: 0 });
  const textOf = ({ sequence, delta: of }: Message): string => (of === null ? `${sequence}` : `${of.previousSequence}<${of.firstSequence}-${sequence}`);

  it('is told in the order of the log', () => {
    const feed = new BookFeed(instrument, null, new BookReplica());
    const backlog = new Backlog(positionAt(4));
    for (const message of [news(5), delta(feed, 5, 3), news(6), delta(feed, 7, 5), news(9)]) backlog.hold(message, 10);
    expect(backlog.release(merged).map(textOf)).toEqual(['5', '6', '3<5-7', '9']);
  });

  it('is let go of as a whole, and then nothing more is kept', () => {
    const backlog = new Backlog(positionAt(4));
    const feed = new BookFeed(instrument, null, new BookReplica());
    backlog.hold(news(5), 1_000);
    backlog.hold(delta(feed, 5, 3), 1_000);
    expect(backlog.bytes).toBeGreaterThan(1_000);
    backlog.skip('slow_consumer');
    backlog.hold(news(6), 1_000);
    backlog.hold(delta(feed, 6, 5), 1_000);
    expect([backlog.bytes, backlog.skipped, backlog.release(merged)]).toEqual([0, 'slow_consumer', []]);
  });
});
