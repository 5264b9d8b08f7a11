import fc from 'fast-check';
import { parseStep } from '../../src/domain/amounts';
import { bookChecksum } from '../../src/domain/checksum';
import { BookReplica } from '../../src/market/book-replica';

const STEPS = { tick: parseStep('0.01'), lot: parseStep('1') };

describe('the book in memory', () => {
  it('has at any time the checksum of its ten best levels', () => {
    const change = fc.record({ side: fc.constantFrom('buy' as const, 'sell' as const), priceTicks: fc.integer({ min: 1, max: 40 }), quantityLots: fc.integer({ min: 0, max: 3 }), isAsked: fc.boolean() });
    fc.assert(fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
      const book = new BookReplica();
      for (const { isAsked, ...level } of changes) {
        book.apply({ type: 'level', ...level, instrument: 'BTC-USD' });
        if (isAsked) expect(book.checksum(STEPS)).toBe(bookChecksum(book.bids.top(20), book.asks.top(20), STEPS));
      }
    }), { numRuns: 500 });
  });

  it('keeps each side best first, whatever comes and goes', () => {
    const change = fc.record({ side: fc.constantFrom('buy' as const, 'sell' as const), priceTicks: fc.integer({ min: 1, max: 40 }), quantityLots: fc.integer({ min: 0, max: 3 }) });
    fc.assert(fc.property(fc.array(change, { maxLength: 200 }), fc.integer({ min: 0, max: 50 }), (changes, count) => {
      const book = new BookReplica();
      const plain = { buy: new Map<number, number>(), sell: new Map<number, number>() };
      for (const level of changes) {
        book.apply({ type: 'level', ...level, instrument: 'BTC-USD' });
        if (level.quantityLots === 0) plain[level.side].delete(level.priceTicks);
        else plain[level.side].set(level.priceTicks, level.quantityLots);
      }
      expect(book.bids.top(count)).toEqual([...plain.buy].sort(([a], [b]) => b - a).slice(0, count));
      expect(book.asks.top(count)).toEqual([...plain.sell].sort(([a], [b]) => a - b).slice(0, count));
      expect([book.bids.size, book.asks.size]).toEqual([plain.buy.size, plain.sell.size]);
    }), { numRuns: 500 });
  });
});
