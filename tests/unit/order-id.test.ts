import fc from 'fast-check';
import { COMPACT_ID_LENGTH, compactId, expandId, isUuid, newOrderId } from '../../src/domain/order-id';

const anyUuid = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'));

describe('order ids', () => {
  it('are the same after they have been compact', () => {
    fc.assert(fc.property(anyUuid, (uuid) => {
      const compact = compactId(uuid);
      expect(compact).toMatch(/^[-0-9A-Z_a-z]{22}$/);
      expect(compact).toHaveLength(COMPACT_ID_LENGTH);
      expect(expandId(compact)).toBe(uuid);
      expect(compactId(uuid.toUpperCase())).toBe(compact);
    }), { numRuns: 2_000 });
  });

  it('sort alike in both forms, byte by byte', () => {
    const near = fc.tuple(anyUuid, fc.nat(35), fc.constantFrom(...Array.from('0123456789abcdef'))).map(([uuid, at, digit]) =>
      [uuid, uuid[at] === '-' ? uuid : uuid.slice(0, at) + digit + uuid.slice(at + 1)] as const);
    fc.assert(fc.property(fc.oneof(fc.tuple(anyUuid, anyUuid), near), ([a, b]) => {
      expect(Math.sign(Buffer.compare(Buffer.from(compactId(a)), Buffer.from(compactId(b))))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
    }), { numRuns: 2_000 });
  });

  it('made here are UUIDs of version 7, each behind the one before', () => {
    const ids = Array.from({ length: 20_000 }, () => newOrderId());
    expect(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toBe(true);
    expect(ids.every((id, i) => i === 0 || id > (ids[i - 1] as string))).toBe(true);
  });

  it.each(['', 'x', '0190163d86947 39baea5966c26f8ad91', '0190163d-8694-739b-aea5-966c26f8ad9', '0190163d-8694-739b-aea5-966c26f8ad911', '0190163g-8694-739b-aea5-966c26f8ad91', '0190163d-8694-739b-aea5-966c26f8ad91\n', '{0190163d-8694-739b-aea5-966c26f8ad91}'])('%j is none', (text) => {
    expect(isUuid(text)).toBe(false);
  });
});
