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

/** An instrument's tick and lot. */
export interface Steps {
  readonly tick: Step;
  readonly lot: Step;
}

export type BookLevel = readonly [priceTicks: number, quantityLots: number];

/** The register of a CRC-32 before anything was added to it. */
export const CRC_START = 0xffffffff;

/** @param text ASCII */
function addText(register: number, text: string): number {
  let crc = register;
  for (let i = 0; i < text.length; i++) crc = (TABLE[(crc ^ text.charCodeAt(i)) & 0xff] as number) ^ (crc >>> 8);
  return crc;
}

/** @returns the register after one more level */
export function addLevel(register: number, priceTicks: number, quantityLots: number, { tick, lot }: Steps): number {
  // The decimals of an instrument's amounts are fixed: without point and leading zeros, their digits are an integer's.
  return addText(addText(register, digitsOfAmount(priceTicks, tick)), digitsOfAmount(quantityLots, lot));
}

/** @returns the checksum that a register stands for */
export function crcOf(register: number): number {
  return (register ^ CRC_START) >>> 0;
}

/** @param text ASCII */
export function crc32(text: string): number {
  return crcOf(addText(CRC_START, text));
}

/**
 * @param bids best first
 * @param asks best first
 */
export function bookChecksum(bids: readonly BookLevel[], asks: readonly BookLevel[], steps: Steps): number {
  let register = CRC_START;
  for (const side of [asks, bids]) {
    const count = Math.min(side.length, CHECKSUM_LEVELS);
    for (let i = 0; i < count; i++) {
      const [priceTicks, quantityLots] = side[i] as BookLevel;
      register = addLevel(register, priceTicks, quantityLots, steps);
    }
  }
  return crcOf(register);
}
