import type { AmountInput } from '../domain/amounts';
import { formatRate, parseRate } from '../domain/assets';
import type { Context } from '../domain/context';
import type { InstrumentTable } from '../domain/instrument-table';
import { DEFAULT_FEE_GROUP, FEES, RATE_LIMITS, type FeeGroup, type FeeRate } from '../domain/money';
import { initiator } from '../domain/principal';
import { Refusal, type FieldFault, type MoneyField } from '../domain/refusal';
import type { MoneyOutcomes } from './outcomes';
import type { MoneyEngine } from './ports';
import type { FeeGroupRequest } from './requests';

export interface FeeGroupOutcome {
  readonly group: FeeGroup;
  readonly replayed: boolean;
}

/** The rates that groups of accounts are charged. */
export class FeeGroups {
  /** @param digest of an account and its idempotency key */
  constructor(
    private readonly engine: Pick<MoneyEngine, 'readFeeGroups'>, private readonly outcomes: MoneyOutcomes, private readonly instruments: InstrumentTable,
    private readonly digest: (account: string, key: string) => string,
  ) {}

  /** By name, everybody's among them. */
  async all(_context: Context): Promise<readonly FeeGroup[]> {
    const groups = await this.engine.readFeeGroups();
    const all = groups.some(({ group }) => group === DEFAULT_FEE_GROUP) ? groups : [...groups, { group: DEFAULT_FEE_GROUP, rates: [] }];
    return [...all].sort((a, b) => (a.group < b.group ? -1 : 1));
  }

  /** Orders that are there keep the rates that they were placed with. @throws Refusal */
  async put(context: Context, { group, rates: asked, key }: FeeGroupRequest): Promise<FeeGroupOutcome> {
    const faults: FieldFault[] = [];
    const rates = asked.map(({ instrument, maker, taker }, index): FeeRate => {
      const fault = (field: 'instrument' | MoneyField, message: string): void => { faults.push({ field: { list: 'rates', index, field }, message }); };
      if (instrument !== null) this.instruments.require(instrument);
      if (asked.findIndex((other) => other.instrument === instrument) < index) fault('instrument', 'has a row already');
      const rate = (field: 'maker' | 'taker', input: AmountInput, { min, max }: { readonly min: number; readonly max: number }): number => {
        const parsed = parseRate(input);
        if (parsed !== null && parsed >= min && parsed <= max) return parsed;
        fault(field, `must be whole millionths from ${formatRate(min)} to ${formatRate(max)}`);
        return 0;
      };
      return { instrument, makerRate: rate('maker', maker, RATE_LIMITS.makerRate), takerRate: rate('taker', taker, RATE_LIMITS.takerRate) };
    });
    if (faults.length > 0) throw new Refusal('validation_failed', { fields: faults });
    const fingerprint = {
      op: 'fee_group', fee_group: group, rates: rates.map(({ instrument, makerRate, takerRate }) => [instrument, makerRate, takerRate]),
    };
    const { entry, replayed } = await this.outcomes.carryOut(context, {
      op: 'fee_group', actor: initiator(context.principal), group, rates,
      // Fees are what moves.
      idempotency: key === null ? null : this.digest(FEES, key), request: key === null ? null : fingerprint,
    }, fingerprint);
    const told = entry.events.find((event) => event.type === 'fee_group');
    if (told === undefined) throw new Error(`entry ${entry.sequence} has no group of fees`);
    return { group: { group: told.group, rates: told.rates }, replayed };
  }
}
