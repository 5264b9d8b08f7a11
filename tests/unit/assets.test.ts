import { NumberText } from '../../src/domain/amounts';
import { AssetTable } from '../../src/domain/asset-table';
import { assetsOf, formatRate, formatUnits, needsOf, parseRate, parseUnits, scaleOf } from '../../src/domain/assets';
import { parseInstruments } from '../../src/domain/instruments';
import { Refusal } from '../../src/domain/refusal';

const [BTC, ODD] = parseInstruments([
  { instrument: 'BTC-USD', base: 'BTC', quote: 'USD', tick_size: '0.01', lot_size: '0.00000001' },
  { instrument: 'ODD-EUR', base: 'ODD', quote: 'EUR', tick_size: '0.25', lot_size: '5' },
]) as [ReturnType<typeof parseInstruments>[0], ReturnType<typeof parseInstruments>[0]];

describe('amounts of assets', () => {
  it.each<[input: string | number | NumberText, decimals: number, units: string]>([
    ['1', 2, '100'], ['1.5', 2, '150'], ['0.01', 2, '1'], ['007.10', 1, '71'], ['1.500', 1, '15'], [1, 0, '1'], [0.1, 10, '1000000000'], ['5', 18, `5${'0'.repeat(18)}`],
    // At and around what a double holds, and the largest.
    ['9007199254740991', 0, '9007199254740991'], ['9007199254740993', 0, '9007199254740993'], [new NumberText('9007199254740993'), 0, '9007199254740993'],
    ['1000000000000000000000000000000', 0, `1${'0'.repeat(30)}`], ['100000000000000000000', 10, `1${'0'.repeat(30)}`], [new NumberText('1e3'), 2, '100000'],
  ])('%j at %i decimals is %s units', (input, decimals, units) => {
    expect(parseUnits(input, decimals)).toEqual({ ok: true, units });
  });

  it.each<[input: string | number | NumberText, decimals: number, problem: string]>([
    ['0', 2, 'must be greater than zero'], ['0.00', 2, 'must be greater than zero'], [0, 2, 'must be greater than zero'],
    ['0.001', 2, 'must have at most 2 decimals'], ['1.5', 0, 'must have at most 0 decimals'],
    ['-1', 2, 'must be a plain decimal such as 123.45, without sign, exponent or spaces'], ['+1', 2, 'must be a plain decimal such as 123.45, without sign, exponent or spaces'],
    ['1e3', 2, 'must be a plain decimal such as 123.45, without sign, exponent or spaces'], [' 1', 2, 'must be a plain decimal such as 123.45, without sign, exponent or spaces'],
    ['', 2, 'must be a plain decimal such as 123.45, without sign, exponent or spaces'], ['1'.repeat(65), 2, 'must have at most 64 characters'],
    ['1000000000000000000000000000001', 0, `must be at most 1${'0'.repeat(30)}`], ['100000000000000000000.1', 10, 'must be at most 100000000000000000000.0000000000'],
  ])('%j at %i decimals %s', (input, decimals, problem) => {
    expect(parseUnits(input, decimals)).toEqual({ ok: false, problem });
  });

  it.each<[units: bigint | string, decimals: number, text: string]>([
    [0n, 2, '0.00'], ['5', 2, '0.05'], [-5n, 2, '-0.05'], [12345n, 2, '123.45'], ['-12345', 0, '-12345'], [10n ** 30n, 10, '100000000000000000000.0000000000'],
  ])('%s units at %i decimals are %s', (units, decimals, text) => {
    expect(formatUnits(units, decimals)).toBe(text);
  });

  it.each<[input: string | number | NumberText, millionths: number | null]>([
    ['0.0005', 500], ['-0.0001', -100], ['0', 0], ['-0', 0], [0.1, 100_000], ['0.1000000', 100_000], [new NumberText('-0.01'), -10_000], [new NumberText('1e-05'), 10],
    ['0.0000001', null], ['.5', null], ['1.', null], ['', null], ['+0.1', null], ['0,1', null], ['one', null], ['1000', null],
  ])('the rate %j is %j millionths', (input, millionths) => {
    expect(parseRate(input)).toBe(millionths);
    if (millionths !== null) expect(parseRate(formatRate(millionths))).toBe(millionths);
  });

  it('are as fine as instruments need, or as the file says', () => {
    expect(needsOf(ODD)).toEqual([{ instrument: 'ODD-EUR', asset: 'ODD', decimals: 0 }, { instrument: 'ODD-EUR', asset: 'EUR', decimals: 2 }]);
    expect(assetsOf([BTC, ODD], new Map([['EUR', 4]]))).toEqual([
      { asset: 'BTC', decimals: 8 }, { asset: 'EUR', decimals: 4 }, { asset: 'ODD', decimals: 0 }, { asset: 'USD', decimals: 10 },
    ]);
    expect(() => assetsOf([ODD], new Map([['EUR', 1]]))).toThrow('instrument ODD-EUR needs 2 decimals of EUR, which has 1');
  });

  it('scale ticks and lots exactly', () => {
    const decimals = new Map([['BTC', 8], ['USD', 12], ['ODD', 0], ['EUR', 2]]);
    expect(scaleOf(BTC, decimals)).toEqual({ base: 'BTC', quote: 'USD', lotUnits: 1n, valueUnits: 100n });
    // A lot is 5, a tick of a lot 1.25.
    expect(scaleOf(ODD, decimals)).toEqual({ base: 'ODD', quote: 'EUR', lotUnits: 5n, valueUnits: 125n });
  });
});

describe('the assets table', () => {
  it('tells assets by name, and what the record says in place of the settings', () => {
    const assets = new AssetTable(assetsOf([ODD, BTC], new Map()));
    expect(assets.all.map(({ asset }) => asset)).toEqual(['BTC', 'EUR', 'ODD', 'USD']);
    expect(assets.format('USD', 0n)).toBe('0.0000000000');
    expect(assets.scaleOf(BTC).valueUnits).toBe(1n);
    assets.replace([{ asset: 'USD', decimals: 12 }, { asset: 'BTC', decimals: 8 }]);
    expect(assets.format('USD', '0')).toBe('0.000000000000');
    expect(assets.scaleOf(BTC).valueUnits).toBe(100n);
    expect(() => assets.require('EUR')).toThrow(Refusal);
    expect(() => assets.format('EUR', '1')).toThrow('asset EUR is in the records but not in the assets table');
  });
});
