import type { AssetTable } from './asset-table';
import { instrumentOfRules, rulesOfInstrument, type InstrumentRules } from './instrument-rules';
import type { Instrument } from './instruments';
import { isSameLife, type LogPosition } from './log-position';
import { Refusal } from './refusal';

/**
 * The venue's instruments by name: those it trades, and those it once traded and still has history of. What the log tells of them goes
 * before what the instruments file says.
 */
export class InstrumentTable {
  private readonly traded = new Map<string, Instrument>();
  private readonly known = new Map<string, Instrument>();
  /** As the log has told them, and where. */
  private readonly told = new Map<string, { readonly rules: InstrumentRules; readonly at: LogPosition }>();
  /** Counts the changes of what is traded. */
  version = 0;

  constructor(traded: readonly Instrument[]) {
    for (const instrument of traded) {
      this.traded.set(instrument.instrument, instrument);
      this.known.set(instrument.instrument, instrument);
    }
  }

  /** Instruments that are only in history any more. */
  addRetired(retired: readonly Instrument[]): void {
    for (const instrument of retired) if (!this.traded.has(instrument.instrument)) this.known.set(instrument.instrument, instrument);
  }

  /**
   * Takes an instrument as the log tells it. An answer is ahead of those who follow the log: what they tell of before is old by then.
   * @param at where the log tells it
   * @returns whether it is traded only from now on
   */
  take(rules: InstrumentRules, at: LogPosition): boolean {
    const { instrument } = rules;
    const before = this.told.get(instrument);
    if (before !== undefined && isSameLife(at, before.at) && at.sequence < before.at.sequence) return false;
    const isNew = !this.traded.has(instrument);
    this.told.set(instrument, { rules, at });
    this.traded.set(instrument, instrumentOfRules(rules));
    this.known.set(instrument, this.traded.get(instrument) as Instrument);
    if (isNew) this.version++;
    return isNew;
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

  /** An instrument that is traded, or was. */
  find(name: string): Instrument | undefined {
    return this.known.get(name);
  }

  isTraded(name: string): boolean {
    return this.traded.has(name);
  }

  /** The rules of an instrument that is traded. @throws Refusal `instrument_not_found` */
  rulesOf(name: string, assets: Pick<AssetTable, 'decimalsOf'>): InstrumentRules {
    return this.told.get(name)?.rules ?? rulesOfInstrument(this.require(name), (asset) => assets.decimalsOf(asset));
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
