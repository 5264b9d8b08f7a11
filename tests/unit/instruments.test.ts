import { AMOUNT_MAX } from '../../src/domain/amounts';
import { DEFAULT_INSTRUMENTS, INSTRUMENTS_MAX, parseInstruments } from '../../src/domain/instruments';

const BTC = { instrument: 'BTC-USD', base: 'BTC', quote: 'USD', tick_size: '0.01', lot_size: '0.00000001' };

describe('the instruments file', () => {
  it('gives ticks, lots and limits', () => {
    const [btc] = parseInstruments([{ ...BTC, price_min: '1.00', price_max: '1000000', quantity_min: '0.0001', quantity_max: '9.5' }]);
    expect(btc).toEqual({
      instrument: 'BTC-USD', base: 'BTC', quote: 'USD', tick: { text: '0.01', decimals: 2, units: 1n }, lot: { text: '0.00000001', decimals: 8, units: 1n },
      priceTicksMin: 100, priceTicksMax: 100_000_000, quantityLotsMin: 10_000, quantityLotsMax: 950_000_000,
    });
    expect(parseInstruments([BTC])[0]).toMatchObject({ priceTicksMin: 1, priceTicksMax: AMOUNT_MAX, quantityLotsMin: 1, quantityLotsMax: AMOUNT_MAX });
    expect(parseInstruments(DEFAULT_INSTRUMENTS).map(({ instrument }) => instrument)).toEqual(['BTC-USD', 'ETH-USD']);
  });

  it.each<[unknown, string]>([
    [{}, 'must be a JSON array with at least one instrument'],
    [[], 'must be a JSON array with at least one instrument'],
    [null, 'must be a JSON array with at least one instrument'],
    [Array.from({ length: INSTRUMENTS_MAX + 1 }, () => BTC), `must hold at most ${INSTRUMENTS_MAX} instruments`],
    [['BTC-USD'], 'instrument 1: must be an object'],
    [[null], 'instrument 1: must be an object'],
    [[[BTC]], 'instrument 1: must be an object'],
    [[BTC, BTC], 'instrument 2: "BTC-USD" is listed twice'],
    [[BTC, { ...BTC, instrument: 'X', tick: '1' }], 'instrument 2: unknown field "tick"'],
    [[{ ...BTC, instrument: undefined }], 'instrument 1: "instrument" is missing or not a plain name'],
    [[{ ...BTC, instrument: '' }], 'instrument 1: "instrument" is missing or not a plain name'],
    [[{ ...BTC, instrument: 'BTC/USD' }], 'instrument 1: "instrument" is missing or not a plain name'],
    [[{ ...BTC, instrument: 'a'.repeat(33) }], 'instrument 1: "instrument" is missing or not a plain name'],
    [[{ ...BTC, instrument: '__proto__' }], 'instrument 1: "instrument" is missing or not a plain name'],
    [[{ ...BTC, base: 5 }], 'instrument 1: "base" is missing or not a plain name'],
    [[{ ...BTC, quote: 'US D' }], 'instrument 1: "quote" is missing or not a plain name'],
    [[{ ...BTC, tick_size: 0.01 }], 'instrument 1: "tick_size" must be a decimal string such as "0.01"'],
    [[{ ...BTC, tick_size: '0' }], 'instrument 1: "tick_size": "0" must be greater than zero'],
    [[{ ...BTC, tick_size: '1e-2' }], 'instrument 1: "tick_size": "1e-2" is not a plain positive decimal'],
    [[{ ...BTC, lot_size: '0.0000000000000001' }], 'instrument 1: "lot_size": "0.0000000000000001" has more than 15 decimals'],
    [[{ ...BTC, lot_size: undefined }], 'instrument 1: "lot_size" must be a decimal string such as "0.01"'],
    [[{ ...BTC, price_min: 5 }], 'instrument 1: "price_min" must be a decimal string'],
    [[{ ...BTC, price_max: '0.015' }], 'instrument 1: "price_max" must be a multiple of 0.01'],
    [[{ ...BTC, quantity_min: '0' }], 'instrument 1: "quantity_min" must be greater than zero'],
    [[{ ...BTC, price_min: '5', price_max: '4.99' }], 'instrument 1: "price_min" is above "price_max"'],
    [[{ ...BTC, quantity_min: '2', quantity_max: '1' }], 'instrument 1: "quantity_min" is above "quantity_max"'],
  ])('%#: says what is wrong', (content, message) => {
    let said = '';
    try {
      parseInstruments(JSON.parse(JSON.stringify(content)));
    } catch (error) {
      said = (error as Error).message;
    }
    expect(said).toBe(message);
  });
});
