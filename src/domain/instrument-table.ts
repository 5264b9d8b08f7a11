import type { Instrument } from './instruments';
import { Refusal } from './refusal';

/** The venue's instruments by name: those it trades, and those it once traded and still has history of. */
export class InstrumentTable {
  private readonly traded = new Map<string, Instrument>();
  private readonly known = new Map<string, Instrument>();

  constructor(traded: readonly Instrument[]) {
    for (const instrument of traded) {
      this.traded.set(instrument.instrument, instrument);
      this.known.set(instrument.instrument, instrument);
    }
  }

  /** Instruments that are only in history any more. */
  addRetired(retired: readonly Instrument[]): void {
    for (const instrument of retired) this.known.set(instrument.instrument, instrument);
  }

  get all(): Instrument[] {
    return [...this.traded.values()];
  }

  /** Those that it trades first. */
  get everKnown(): Instrument[] {
    return [...this.traded.values(), ...[...this.known.values()].filter(({ instrument }) => !this.traded.has(instrument))];
  }

  /** @throws Refusal `instrument_not_found` */
  require(name: string): Instrument {
    const instrument = this.traded.get(name);
    if (instrument === undefined) throw new Refusal('instrument_not_found', { instrument: name });
    return instrument;
  }

  /** @returns whether it is traded no more, and in history only */
  isRetired(name: string): boolean {
    return this.known.has(name) && !this.traded.has(name);
  }

  /** The instrument of an order or trade that exists. */
  of(name: string): Instrument {
    const instrument = this.known.get(name);
    if (instrument === undefined) throw new Error(`instrument ${name} is in the records but not in the instruments table`);
    return instrument;
  }
}
