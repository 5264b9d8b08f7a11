import { parseInstruments, type Instrument } from '../domain/instruments';
import type { Database } from './database';
import { INSTRUMENTS, REGISTER_INSTRUMENT } from './queries/instruments';

interface InstrumentRow extends Record<string, unknown> {
  instrument: string; base: string; quote: string; tick_size: string; lot_size: string;
}

/** The instruments file says another tick or lot size than the one the records were made in. */
export class InstrumentChangedError extends Error {}

/**
 * Remembers every instrument the venue ever traded. Records hold ticks and lots, so neither may change
 * under them.
 */
export class InstrumentRegister {
  constructor(private readonly database: Database) {}

  /**
   * Registers new instruments.
   * @returns those that are in the records but not traded any more
   * @throws InstrumentChangedError naming the instrument and both sizes
   */
  async reconcile(traded: readonly Instrument[]): Promise<Instrument[]> {
    for (const { instrument, base, quote, tick, lot } of traded) {
      await this.database.query(REGISTER_INSTRUMENT, [instrument, base, quote, tick.text, lot.text]);
    }
    const byName = new Map(traded.map((instrument) => [instrument.instrument, instrument]));
    const retired: InstrumentRow[] = [];
    for (const row of await this.database.query<InstrumentRow>(INSTRUMENTS, [])) {
      const now = byName.get(row.instrument);
      if (now === undefined) retired.push(row);
      else if (now.tick.text !== row.tick_size || now.lot.text !== row.lot_size) {
        throw new InstrumentChangedError(
          `instrument ${row.instrument} has tick ${row.tick_size} and lot ${row.lot_size} in the records, `
          + `but ${now.tick.text} and ${now.lot.text} in the instruments file`,
        );
      }
    }
    return retired.length === 0 ? [] : parseInstruments(retired);
  }
}
