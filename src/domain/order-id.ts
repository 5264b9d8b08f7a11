import { randomFillSync } from 'node:crypto';
import { V7Generator } from 'uuidv7';

/**
 * Order ids are UUIDv7 towards clients. Redis holds them as 22 characters of a base-64 alphabet in
 * ASCII order: 14 bytes less in each of the places where an id stands, and ids still sort by age.
 */
const ALPHABET = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';

const CHAR_TO_VALUE = new Int8Array(128).fill(-1);
for (let i = 0; i < 64; i++) CHAR_TO_VALUE[ALPHABET.charCodeAt(i)] = i;

const HEX = '0123456789abcdef';
const HEX_TO_VALUE = new Int8Array(128).fill(-1);
for (let i = 0; i < 16; i++) {
  HEX_TO_VALUE[HEX.charCodeAt(i)] = i;
  HEX_TO_VALUE[HEX.toUpperCase().charCodeAt(i)] = i;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Length of an id as Redis holds it. */
export const COMPACT_ID_LENGTH = 22;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** Random words are drawn many at once: asking the system for each id costs more than making it. */
const randomWords = new Uint32Array(1_024);
let nextWord = randomWords.length;

const generator = new V7Generator({
  nextUint32(): number {
    if (nextWord === randomWords.length) {
      randomFillSync(randomWords);
      nextWord = 0;
    }
    return randomWords[nextWord++] as number;
  },
});

/**
 * Where the 32 digits of a UUID stand in its text. Three digits are two characters of the compact form; the 33rd digit is
 * none: it fills up the last pair.
 */
const DIGIT_AT = new Uint8Array(33);
for (let digit = 0; digit < 33; digit++) DIGIT_AT[digit] = digit + [8, 12, 16, 20].filter((dash) => dash <= digit).length;
const LAST_DIGIT = 32;

const ALPHABET_CODES = Buffer.from(ALPHABET, 'latin1');
const HEX_CODES = Buffer.from(HEX, 'latin1');

// Written byte by byte and read as a whole: text that grows by a character leaves a piece of garbage for each.
const uuidText = Buffer.alloc(37, '-');
const compactText = Buffer.alloc(COMPACT_ID_LENGTH);

/** A new id, sorting after every id this process made before. */
export function newOrderId(): string {
  const { bytes } = generator.generate();
  let digit = 0;
  for (const byte of bytes) {
    uuidText[DIGIT_AT[digit++] as number] = HEX_CODES[byte >> 4] as number;
    uuidText[DIGIT_AT[digit++] as number] = HEX_CODES[byte & 15] as number;
  }
  return uuidText.toString('latin1', 0, 36);
}

function digitOf(uuid: string, digit: number): number {
  return HEX_TO_VALUE[uuid.charCodeAt(DIGIT_AT[digit] as number)] as number;
}

/** UUID text (36 characters) to compact form (22). The text must be a UUID. */
export function compactId(uuid: string): string {
  let at = 0;
  for (let digit = 0; digit < 33; digit += 3) {
    const last = digit + 2 === LAST_DIGIT ? 0 : digitOf(uuid, digit + 2);
    const bits = (digitOf(uuid, digit) << 8) | (digitOf(uuid, digit + 1) << 4) | last;
    compactText[at++] = ALPHABET_CODES[bits >> 6] as number;
    compactText[at++] = ALPHABET_CODES[bits & 63] as number;
  }
  return compactText.toString('latin1');
}

/** Compact form (22 characters) back to UUID text. */
export function expandId(compact: string): string {
  let digit = 0;
  for (let i = 0; i < COMPACT_ID_LENGTH; i += 2) {
    const bits = ((CHAR_TO_VALUE[compact.charCodeAt(i)] as number) << 6) | (CHAR_TO_VALUE[compact.charCodeAt(i + 1)] as number);
    uuidText[DIGIT_AT[digit++] as number] = HEX_CODES[bits >> 8] as number;
    uuidText[DIGIT_AT[digit++] as number] = HEX_CODES[(bits >> 4) & 15] as number;
    uuidText[DIGIT_AT[digit++] as number] = HEX_CODES[bits & 15] as number;
  }
  return uuidText.toString('latin1', 0, 36);
}
