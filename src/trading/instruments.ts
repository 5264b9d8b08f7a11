import { AMOUNT_MAX, parseAmount, parseStep, textOfInput, type AmountInput, type AmountResult, type Step } from '../domain/amounts';
import { ASSET_DECIMALS_MAX, needsOf, parseFraction } from '../domain/assets';
import type { AssetTable } from '../domain/asset-table';
import type { CommandResult } from '../domain/commands';
import type { Context } from '../domain/context';
import type { InstrumentTable } from '../domain/instrument-table';
import {
  instrumentOfRules, rulesOfInstrument, valueStepOf, type ChangeableRules, type InstrumentRules, type InstrumentState, type WantedRules,
} from '../domain/instrument-rules';
import { INSTRUMENTS_MAX, type Instrument } from '../domain/instruments';
import type { LogEntry } from '../domain/log-entry';
import { initiator } from '../domain/principal';
import { Refusal, type FieldFault, type InstrumentField } from '../domain/refusal';
import { resultCodeOf } from '../domain/result-code';
import type { Acknowledgement } from './acknowledgement';
import type { CommandRunner } from './command-runner';
import type { OrderEngine, OrderHistory } from './ports';

const ZERO = /^0+(?:\.0+)?$/;
/** Whose keys commands to instruments have. */
const SCOPE = '@instruments';

/** What is wanted of an instrument, as it was written; undefined leaves a rule as it is. */
export interface RulesRequest {
  readonly state?: InstrumentState | undefined;
  readonly priceMin?: AmountInput | undefined;
  readonly priceMax?: AmountInput | undefined;
  readonly quantityMin?: AmountInput | undefined;
  readonly quantityMax?: AmountInput | undefined;
  /** 0 for none. */
  readonly minValue?: AmountInput | undefined;
  /** 0 for none. */
  readonly priceBand?: AmountInput | undefined;
  readonly bandWindowS?: number | undefined;
  /** 0 for any. */
  readonly maxSlippage?: AmountInput | undefined;
  readonly key: string | null;
}

export interface OpenInstrumentRequest extends RulesRequest {
  readonly instrument: string;
  readonly base: string;
  readonly quote: string;
  readonly tickSize: AmountInput;
  readonly lotSize: AmountInput;
}

export interface ChangeInstrumentRequest extends RulesRequest {
  readonly instrument: string;
}

export interface InstrumentOutcome {
  readonly rules: InstrumentRules;
  /** It is the answer that the request's key got first. */
  readonly replayed: boolean;
}

/** What an instrument's command asks for, to tell a retry from a reused key. */
interface Fingerprint {
  readonly op: 'open_instrument' | 'change_instrument';
  readonly bound: readonly string[];
  readonly wanted: WantedRules;
}

/** Making instruments and changing their rules, while the venue runs. */
export class Instruments {
  /** @param digest of an account and its idempotency key */
  constructor(
    private readonly engine: Pick<OrderEngine, 'hasKey'>, private readonly history: Pick<OrderHistory, 'journalEntry'>, private readonly runner: CommandRunner,
    private readonly acknowledgement: Acknowledgement, private readonly table: InstrumentTable, private readonly assets: AssetTable,
    private readonly digest: (account: string, key: string) => string,
  ) {}

  /** Tick, lot and assets are bound for ever. @throws Refusal */
  async open(context: Context, request: OpenInstrumentRequest): Promise<InstrumentOutcome> {
    const { instrument: name, base, quote, key } = request;
    const faults: FieldFault[] = [];
    const [tick, lot] = [stepOf('tickSize', request.tickSize, faults), stepOf('lotSize', request.lotSize, faults)];
    if (base === quote) faults.push({ field: 'quote', message: 'must be another asset than base' });
    if (tick === null || lot === null || faults.length > 0) throw new Refusal('validation_failed', { fields: faults });
    const bare: Instrument = {
      instrument: name, base, quote, tick, lot, priceTicksMin: 1, priceTicksMax: AMOUNT_MAX, quantityLotsMin: 1, quantityLotsMax: AMOUNT_MAX,
    };
    const decimals = this.decimalsOf(bare, faults);
    const wanted = wantedOf(bare, request, faults);
    if (faults.length > 0) throw new Refusal('validation_failed', { fields: faults });
    // A retry is answered as before.
    const isRetry = key !== null && (this.table.isTraded(name) || this.isFull) && await this.engine.hasKey(this.digest(SCOPE, key));
    if (!isRetry && this.table.isTraded(name)) throw new Refusal('instrument_exists', { instrument: name });
    if (!isRetry && this.isFull) throw new Refusal('instruments_limit');
    return this.carryOut(context, true, rulesOfInstrument(bare, (asset) => decimals.get(asset) ?? 0), wanted, key);
  }

  /** What is not named stays as it is. @throws Refusal */
  async change(context: Context, request: ChangeInstrumentRequest): Promise<InstrumentOutcome> {
    const listed = this.table.rulesOf(request.instrument, this.assets);
    const faults: FieldFault[] = [];
    const wanted = wantedOf(instrumentOfRules(listed), request, faults);
    if (faults.length > 0) throw new Refusal('validation_failed', { fields: faults });
    return this.carryOut(context, false, listed, wanted, request.key);
  }

  private get isFull(): boolean {
    return this.table.all.length >= INSTRUMENTS_MAX;
  }

  /** How fine its assets are, or come to be. */
  private decimalsOf(instrument: Instrument, faults: FieldFault[]): ReadonlyMap<string, number> {
    const decimals = new Map<string, number>();
    for (const { asset, decimals: needed } of needsOf(instrument)) {
      const own = this.assets.find(asset) ?? Math.max(needed, decimals.get(asset) ?? 0);
      decimals.set(asset, own);
      if (needed <= own && own <= ASSET_DECIMALS_MAX) continue;
      const field = asset === instrument.base ? 'lotSize' : 'tickSize';
      faults.push({ field, message: `needs ${needed} decimals of ${asset}, which ${own < needed ? 'has' : 'may have'} ${Math.min(own, ASSET_DECIMALS_MAX)}` });
    }
    return decimals;
  }

  private async carryOut(context: Context, opens: boolean, listed: InstrumentRules, wanted: WantedRules, key: string | null): Promise<InstrumentOutcome> {
    const fingerprint: Fingerprint = {
      op: opens ? 'open_instrument' : 'change_instrument',
      bound: [listed.instrument, ...(opens ? [listed.base, listed.quote, listed.tickSize, listed.lotSize] : [])], wanted,
    };
    const { result, epoch } = await this.runner.one({
      op: 'instrument', actor: initiator(context.principal), opens, listed, wanted,
      idempotency: key === null ? null : this.digest(SCOPE, key), request: key === null ? null : fingerprint,
    });
    const { entry, replayed } = await this.entryOf(result, fingerprint);
    if (!(replayed && result.outcome === 'repeated' && result.entry === null) && this.acknowledgement.isAfterPostgres(undefined)) {
      await this.acknowledgement.committed(context, epoch, entry.sequence);
    }
    const told = entry.events.find((event) => event.type === 'instrument');
    if (entry.kind === 'refuse') {
      const refusal = refusalOfInstrument(resultCodeOf(entry.code), listed.instrument);
      refusal.replayed = replayed;
      throw refusal;
    }
    if (told === undefined) throw new Error(`entry ${entry.sequence} has no instrument`);
    // What follows on this connection may name it at once; the log tells it to everybody.
    if (!replayed) {
      this.assets.take(told.rules);
      if (epoch !== null) this.table.take(told.rules, { epoch, sequence: entry.sequence });
    }
    return { rules: told.rules, replayed };
  }

  private async entryOf(result: CommandResult, fingerprint: Fingerprint): Promise<{ readonly entry: LogEntry; readonly replayed: boolean }> {
    switch (result.outcome) {
      case 'logged': return { entry: result.entry, replayed: false };
      case 'repeated': {
        const entry = result.entry ?? await this.history.journalEntry(result.sequence, result.second);
        if (entry === null) throw new Error(`entry ${result.sequence} is neither in the log nor in the journal`);
        const fields = differences(entry.request as Partial<Fingerprint> | null, fingerprint);
        if (fields.length > 0) throw new Refusal('idempotency_key_reused', { fields });
        return { entry, replayed: true };
      }
      case 'refused': throw refusalOfInstrument(result.code, fingerprint.bound[0] as string);
      case 'unchanged':
      case 'nothing_due':
      case 'killed':
      case 'mass_cancelled': throw new Error(`a command to an instrument answered as ${result.outcome}`);
    }
  }
}

function refusalOfInstrument(code: Refusal['code'], instrument: string): Refusal {
  return new Refusal(code, code === 'instrument_exists' || code === 'instrument_bound' ? { instrument } : {});
}

const BOUND_FIELDS = ['instrument', 'base', 'quote', 'tickSize', 'lotSize'] as const;
const WANTED_FIELDS = {
  state: 'state', priceTicksMin: 'priceMin', priceTicksMax: 'priceMax', quantityLotsMin: 'quantityMin', quantityLotsMax: 'quantityMax', minValue: 'minValue',
  priceBand: 'priceBand', bandWindowS: 'bandWindowS', maxSlippage: 'maxSlippage',
} as const satisfies Record<keyof ChangeableRules, InstrumentField>;

/** @returns the fields in which a repeat differs from what its key was used for first */
function differences(first: Partial<Fingerprint> | null, repeat: Fingerprint): FieldFault[] {
  const message = 'differs from the request that came first';
  if (first?.op !== repeat.op) return [{ field: 'op', message }];
  const bound = BOUND_FIELDS.filter((_, i) => first.bound?.[i] !== repeat.bound[i]);
  const wanted = (Object.keys(WANTED_FIELDS) as (keyof ChangeableRules)[]).filter((name) => (first.wanted?.[name] ?? null) !== repeat.wanted[name]);
  return [...bound, ...wanted.map((name) => WANTED_FIELDS[name])].map((field) => ({ field, message }));
}

function stepOf(field: 'tickSize' | 'lotSize', input: AmountInput, faults: FieldFault[]): Step | null {
  try {
    return parseStep(textOfInput(input));
  } catch (error) {
    faults.push({ field, message: `must be the size of a step: ${(error as Error).message}` });
    return null;
  }
}

function wantedOf(instrument: Instrument, request: RulesRequest, faults: FieldFault[]): WantedRules {
  const read = (field: InstrumentField, input: AmountInput | undefined, parse: (input: AmountInput) => AmountResult): number | null => {
    if (input === undefined) return null;
    const parsed = parse(input);
    if (parsed.ok) return parsed.value;
    faults.push({ field, message: parsed.problem });
    return null;
  };
  const amount = (field: InstrumentField, input: AmountInput | undefined, step: Step): number | null => read(field, input, (given) => parseAmount(given, step));
  const { minValue } = request;
  return {
    state: request.state ?? null,
    priceTicksMin: amount('priceMin', request.priceMin, instrument.tick), priceTicksMax: amount('priceMax', request.priceMax, instrument.tick),
    quantityLotsMin: amount('quantityMin', request.quantityMin, instrument.lot), quantityLotsMax: amount('quantityMax', request.quantityMax, instrument.lot),
    minValue: minValue !== undefined && ZERO.test(textOfInput(minValue)) ? 0 : amount('minValue', minValue, valueStepOf(instrument)),
    priceBand: read('priceBand', request.priceBand, parseFraction), bandWindowS: request.bandWindowS ?? null, maxSlippage: read('maxSlippage', request.maxSlippage, parseFraction),
  };
}
