import type { Level } from './contract';

/** Levels of each side that a checksum is made of. */
export const CHECKSUM_LEVELS = 10;

const TABLE = new Uint32Array(256);
for (let n = 0; n < 256; n++) {
  let value = n;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  TABLE[n] = value;
}

/** The point and leading zeros removed. */
function digits(text: string): string {
  return text.replace('.', '').replace(/^0+/, '');
}

/**
 * CRC-32 of a book's top by Kraken v2's rule: the ten best asks from the lowest, then the ten best bids from the highest.
 * @param bids best first, as `asks`; more than ten are left alone
 */
export function bookChecksum(bids: readonly Level[], asks: readonly Level[]): number {
  let text = '';
  for (const side of [asks, bids]) {
    for (const [price, quantity] of side.slice(0, CHECKSUM_LEVELS)) text += digits(price) + digits(quantity);
  }
  let crc = 0xffffffff;
  for (let i = 0; i < text.length; i++) crc = (TABLE[(crc ^ text.charCodeAt(i)) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
