import fc from 'fast-check';
import { formatTimeUs } from '../../src/domain/order';

describe('a time as text', () => {
  it('is ISO 8601 with microseconds, whatever was asked for before', () => {
    const second = fc.constantFrom(0, 1, 951_782_399, 1_795_281_801, 1_795_281_802, 4_102_444_799);
    const time = fc.tuple(second, fc.oneof(fc.constantFrom(0, 1, 999, 1_000, 999_999), fc.nat({ max: 999_999 })));
    fc.assert(fc.property(fc.array(time, { minLength: 1, maxLength: 20 }), (times) => {
      for (const [s, us] of times) {
        expect(formatTimeUs(s * 1_000_000 + us)).toBe(new Date(s * 1000).toISOString().replace('.000Z', `.${String(us).padStart(6, '0')}Z`));
      }
    }));
  });
});
