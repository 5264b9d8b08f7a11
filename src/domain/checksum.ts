/**
 * CRC-32 of the top of a book by Kraken v2's rule: the ten best asks from the lowest, then the ten best
 * bids from the highest, each level's price and quantity with the point and leading zeros removed.
 */

export const CHECKSUM_LEVELS = 10;

const TABLE = new Uint32Array(256);
for (let n = 0; n < 256; n++) {
  let value = n;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  TABLE[n] = value;
}

/** @param text ASCII */
export function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let i = 0; i < text.length; i++) crc = (TABLE[(crc ^ text.charCodeAt(i)) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function levelText(level: readonly [price: string, quantity: string]): string {
  return level[0].replace('.', '').replace(/^0+/, '') + level[1].replace('.', '').replace(/^0+/, '');
}

/** @param bids best first, as decimal strings @param asks best first, as decimal strings */
export function bookChecksum(
  bids: readonly (readonly [price: string, quantity: string])[],
  asks: readonly (readonly [price: string, quantity: string])[],
): number {
  let text = '';
  for (const level of asks.slice(0, CHECKSUM_LEVELS)) text += levelText(level);
  for (const level of bids.slice(0, CHECKSUM_LEVELS)) text += levelText(level);
  return crc32(text);
}
