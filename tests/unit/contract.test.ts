import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as contract from '#openfill-contract';
import type { Order, OrderTrade, Trade, Candle, TickerFields, ObjectOf } from '#openfill-contract';
import { CHANNELS } from '../../src/domain/channels';
import { INTERVALS } from '../../src/domain/candle';
import { AMOUNT_TEXT_LENGTH_MAX, PLAIN_DECIMAL } from '../../src/domain/amounts';
import { DEFAULT_INSTRUMENTS, INSTRUMENT_NAME } from '../../src/domain/instruments';
import { ORDER_KINDS, REASON_CODE, SIDES, STATUS_CODE } from '../../src/domain/order';
import type { OrderTradeView, OrderView, TradeView } from '../../src/dialects/native/present';
import type { CandleView, TickerView } from '../../src/dialects/native/present-market';

const sorted = (words: Iterable<string>): string[] => [...new Set(words)].sort();

/** Does not compile where a view lacks a field of the contract, has one too many, or has one of another type. */
type Same<View, Described> = keyof View extends keyof Described ? (Described extends View ? true : never) : never;

describe('the contract', () => {
  it('has the words that the service computes with', () => {
    expect(contract.SIDES).toEqual(SIDES);
    expect(contract.CHANNELS).toEqual(CHANNELS);
    expect(contract.INTERVALS).toEqual(INTERVALS);
    expect(sorted(contract.ORDER_TYPES)).toEqual(sorted(ORDER_KINDS.map(({ type }) => type)));
    expect(sorted(contract.TIMES_IN_FORCE)).toEqual(sorted(ORDER_KINDS.map(({ timeInForce }) => timeInForce)));
    expect(sorted(contract.ORDER_STATUSES)).toEqual(sorted(Object.keys(STATUS_CODE)));
    expect(sorted(contract.STATUS_REASONS)).toEqual(sorted(Object.keys(REASON_CODE)));
    expect(contract.INSTRUMENT_NAME).toBe(INSTRUMENT_NAME.source);
    expect(contract.DECIMAL_PATTERN).toBe(PLAIN_DECIMAL.source);
    expect(contract.AMOUNT_TEXT_LENGTH_MAX).toBe(AMOUNT_TEXT_LENGTH_MAX);
    expect(DEFAULT_INSTRUMENTS).toContainEqual(expect.objectContaining({ instrument: contract.INSTRUMENT_DEFAULT }));
  });

  it('describes what the service tells', () => {
    const same: [
      Same<OrderView, ObjectOf<typeof Order>>, Same<OrderTradeView, ObjectOf<typeof OrderTrade>>, Same<TradeView, ObjectOf<typeof Trade>>,
      Same<CandleView, ObjectOf<typeof Candle>>, Same<TickerView, ObjectOf<typeof TickerFields>>,
    ] = [true, true, true, true, true];
    expect(same).not.toContain(false);
  });

  it.each(['', 'u'])('has a pattern for printable text that refuses none of it (flags "%s")', (flags) => {
    const pattern = new RegExp(contract.PRINTABLE_PATTERN, flags);
    const printable = /^[^\p{C}]+$/u;
    const unassigned = /^\p{Cn}$/u;
    const wrong: string[] = [];
    for (let code = 0; code <= 0xffff; code++) {
      const text = String.fromCharCode(code);
      const isTaken = pattern.test(text);
      const isHalf = code >= 0xd800 && code <= 0xdfff;
      if (printable.test(text) ? !isTaken : isTaken && !isHalf && !unassigned.test(text)) wrong.push(code.toString(16));
    }
    expect(wrong).toEqual([]);
    expect(['client-A', 'p{C}', 'Zoë', '日本', '𝔘'.repeat(64), '👩'].every((text) => pattern.test(text))).toBe(true);
  });

  it('names each method and path once', () => {
    const calls = Object.values(contract.CALLS).map(({ method, path }) => `${method} ${path}`);
    expect(sorted(calls)).toHaveLength(calls.length);
  });

  it('has the same wishes of a stream in a query and in a message', () => {
    expect(Object.keys(contract.fieldsOf(contract.StreamQuery))).toEqual(Object.keys(contract.fieldsOf(contract.StreamWish)));
    expect(contract.ONLY_TO_SUBSCRIBE.filter((name) => !(name in contract.fieldsOf(contract.StreamWish)))).toEqual([]);
  });

  it('has fields of variants for every variant, or for words that are variants', () => {
    for (const shape of Object.values(contract.OPERATIONS)) {
      const variants = contract.variantsOf(shape);
      for (const [name, field] of Object.entries(contract.fieldsOf(shape))) {
        if (!contract.isVariantField(field)) continue;
        const words = Object.keys(field.variants);
        expect([name, words.filter((word) => !variants.includes(word))]).toEqual([name, []]);
        if (field.everywhere) expect([name, words]).toEqual([name, variants]);
      }
    }
  });

  it('is what the client\'s types say', () => {
    const written = readFileSync(join(__dirname, '..', '..', 'packages', 'client', 'src', 'contract.ts'), 'utf8');
    // `node scripts/client-types.mjs` writes them anew.
    expect(contract.clientTypes()).toBe(written);
  });
});
