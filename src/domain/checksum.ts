import { digitsOfAmount, type Step } from './amounts';

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

export type BookLevel = readonly [priceTicks: number, quantityLots: number];

/**
 * @param bids best first
 * @param asks best first
 * @param steps the instrument's tick and lot
 */
export function bookChecksum(bids: readonly BookLevel[], asks: readonly BookLevel[], { tick, lot }: { readonly tick: Step; readonly lot: Step }): number {
  // The decimals of an instrument's amounts are fixed: without point and leading zeros, their digits are an integer's.
  let text = '';
  for (const side of [asks, bids]) {
    const count = Math.min(side.length, CHECKSUM_LEVELS);
    for (let i = 0; i < count; i++) {
      const [ticks, lots] = side[i] as BookLevel;
      text += digitsOfAmount(ticks, tick) + digitsOfAmount(lots, lot);
    }
  }
  return crc32(text);
}
