import fc from 'fast-check';
import { formatPosition, parsePosition } from '../../src/dialects/native/stream-position';
import { LogTail } from '../../src/market/log-tail';

describe('the tail of the log in memory', () => {
  it('holds the newest entries, and knows each book\'s last change up to any of them', () => {
    const names = ['A', 'B', 'C'];
    fc.assert(fc.property(
      fc.integer({ min: 1, max: 600 }), fc.integer({ min: 0, max: 50 }), fc.array(fc.subarray(names), { maxLength: 1_500 }), fc.nat(), fc.nat(),
      (capacity, after, changes, pick, count) => {
        const tail = new LogTail(capacity);
        tail.restart(after);
        changes.forEach((changed, i) => { tail.push({ sequence: after + 1 + i, payload: `entry ${after + 1 + i}` }, [...new Set(changed)]); });
        const last = after + changes.length;
        const sequence = after + pick % (changes.length + 1);
        const first = Math.max(after + 1, last - capacity + 1);
        const page = tail.page(sequence, count % 100);
        if (sequence + 1 < first) expect(page).toBeNull();
        else expect(page).toEqual(Array.from({ length: Math.min(last - sequence, count % 100) }, (_, i) => ({ sequence: sequence + 1 + i, payload: `entry ${sequence + 1 + i}` })));
        for (const name of names) {
          const before = changes.slice(0, sequence - after).findLastIndex((changed) => changed.includes(name));
          const told = tail.lastChange(name, sequence);
          // Behind the oldest entry it may have forgotten, but is never wrong.
          if (told !== null || sequence + 1 >= first) expect(told).toBe(before < 0 ? null : after + 1 + before);
        }
      },
    ), { numRuns: 300 });
  });
});

describe('a position in the stream', () => {
  it('is a sequence, or the id of an event', () => {
    expect(parsePosition('42')).toEqual({ epoch: null, sequence: 42, count: 0, bookSequence: 42 });
    const position = { epoch: 'qsmxRzw4', sequence: 41, count: 3, bookSequence: 40 };
    expect(parsePosition(formatPosition(position))).toEqual(position);
    const ahead = { ...position, booksAhead: { lastBook: 'BTC-USD', sequence: 43 } };
    expect(parsePosition(formatPosition(ahead))).toEqual(ahead);
  });

  it.each(['', ' ', '-1', '1.5', '01', '1e3', 'x', 'x:1', 'x:1:2', 'x:1:2:3:4', 'x:1:2:', 'x:a:b:c', '99999999999999999999', ':::', 'x:-1:0:0', 'x:1:2:3~', 'x:1:2:3~4', 'x:1:2:3~~B', 'x:1:2:3~4~', 'x:1:2:3~4~B:C', 'x:1:2:3~4~B~C', '1~2~B'])('is not %j', (text) => {
    expect(parsePosition(text)).toBeNull();
  });
});
