import fc from 'fast-check';
import { parseAmount, parseStep, type Step } from '../../src/domain/amounts';
import { bookChecksum, crc32, type BookLevel } from '../../src/domain/checksum';
import { crcOf } from '../stream/support/rebuilt-book';

// The worked example of Kraken's guide "Book checksum (WebSocket v2)".
const KRAKEN_BIDS: [string, string][] = [
  ['45283.5', '0.10000000'], ['45283.4', '1.54582015'], ['45282.1', '0.10000000'], ['45281.0', '0.10000000'], ['45280.3', '1.54592586'],
  ['45279.0', '0.07990000'], ['45277.6', '0.03310103'], ['45277.5', '0.30000000'], ['45277.3', '1.54602737'], ['45276.6', '0.15445238'],
];
const KRAKEN_ASKS: [string, string][] = [
  ['45285.2', '0.00100000'], ['45286.4', '1.54571953'], ['45286.6', '1.54571109'], ['45289.6', '1.54560911'], ['45290.2', '0.15890660'],
  ['45291.8', '1.54553491'], ['45294.7', '0.04454749'], ['45296.1', '0.35380000'], ['45297.5', '0.09945542'], ['45299.5', '0.18772827'],
];
const KRAKEN_CHECKSUM = 3310070434;

const KRAKEN = { tick: parseStep('0.1'), lot: parseStep('0.00000001') };

function amountOf(text: string, step: Step): number {
  const parsed = parseAmount(text, step);
  if (!parsed.ok) throw new Error(`${text} ${parsed.problem}`);
  return parsed.value;
}

function levelsOf(levels: readonly (readonly [string, string])[], { tick, lot }: { tick: Step; lot: Step }): BookLevel[] {
  return levels.map(([price, quantity]) => [amountOf(price, tick), amountOf(quantity, lot)]);
}

const BIDS = levelsOf(KRAKEN_BIDS, KRAKEN);
const ASKS = levelsOf(KRAKEN_ASKS, KRAKEN);

describe('the checksum of a book', () => {
  it('is what Kraken published for its example', () => {
    expect(bookChecksum(BIDS, ASKS, KRAKEN)).toBe(KRAKEN_CHECKSUM);
  });

  it('is of the ten best levels a side only', () => {
    expect(bookChecksum([...BIDS, [10, 100_000_000]], [...ASKS, [999_999, 100_000_000]], KRAKEN)).toBe(KRAKEN_CHECKSUM);
    expect(bookChecksum(BIDS.slice(0, 9), ASKS, KRAKEN)).not.toBe(KRAKEN_CHECKSUM);
    expect(bookChecksum([], [], KRAKEN)).toBe(0);
  });

  it('is CRC-32 of the digits without the point and leading zeros', () => {
    const steps = { tick: parseStep('0.01'), lot: parseStep('0.00000001') };
    expect(bookChecksum(levelsOf([['0.05', '0.00000010']], steps), levelsOf([['12.00', '3']], steps), steps)).toBe(crcOf('1200300000000510'));
  });

  it('is of the amounts where a tick or lot is not a power of ten', () => {
    const steps = { tick: parseStep('0.25'), lot: parseStep('50') };
    expect(bookChecksum(levelsOf([['0.75', '100']], steps), levelsOf([['1.00', '150']], steps), steps)).toBe(crcOf('10015075100'));
  });
});

describe('crc32', () => {
  it('is the standard one', () => {
    expect(crc32('123456789')).toBe(0xcbf43926);
    expect(crc32('')).toBe(0);
    fc.assert(fc.property(fc.string({ unit: 'binary-ascii', maxLength: 500 }), (text) => {
      expect(crc32(text)).toBe(crcOf(text));
    }));
  });
});
