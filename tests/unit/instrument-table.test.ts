import { InstrumentTable } from '../../src/domain/instrument-table';
import { rulesOfInstrument, type InstrumentRules } from '../../src/domain/instrument-rules';
import { DEFAULT_INSTRUMENTS, parseInstruments } from '../../src/domain/instruments';

const [BTC] = parseInstruments(DEFAULT_INSTRUMENTS);
if (BTC === undefined) throw new Error('there is no default instrument');

function rules(quantityLotsMax: number): InstrumentRules {
  return { ...rulesOfInstrument(BTC as NonNullable<typeof BTC>, () => 8), quantityLotsMax };
}

describe('the table of instruments', () => {
  let table: InstrumentTable;
  const most = (): number => table.require('BTC-USD').quantityLotsMax;

  beforeEach(() => {
    table = new InstrumentTable([BTC]);
  });

  it('goes by the newest of what is told of an instrument, in whatever order it is told', () => {
    table.take(rules(5), { epoch: 'a', sequence: 7 });
    table.take(rules(4), { epoch: 'a', sequence: 6 });
    expect(most()).toBe(5);
    table.take(rules(6), { epoch: 'a', sequence: 8 });
    expect(most()).toBe(6);
  });

  it('takes whatever another life of the shard tells', () => {
    table.take(rules(5), { epoch: 'a', sequence: 7 });
    table.take(rules(4), { epoch: 'b', sequence: 6 });
    expect(most()).toBe(4);
  });

  it('tells once that an instrument is traded only from now on', () => {
    const sol = { ...rules(5), instrument: 'SOL-USD' };
    expect([1, 2].map((sequence) => table.take(sol, { epoch: 'a', sequence }))).toEqual([true, false]);
    expect([table.version, table.isTraded('SOL-USD')]).toEqual([1, true]);
  });
});
