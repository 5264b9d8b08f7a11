import type { Refused } from '../domain/commands';
import type { EntryEvent } from '../domain/entry';
import type { InstrumentRules } from '../domain/instrument-rules';
import type { Shortfall, Transfer } from '../domain/money';
import type { Order } from '../domain/order';
import type { ResultCode } from '../domain/result-code';

/** Why a command is turned down, and what its answer shows. */
export interface Refusal {
  readonly code: ResultCode;
  readonly order?: Order;
  readonly shortfall?: Shortfall;
  readonly transfer?: Transfer;
  readonly instrument?: InstrumentRules;
}

/** As an answer without an entry. */
export function refusedOf({ code, order, shortfall, transfer, instrument }: Refusal): Refused {
  return {
    outcome: 'refused', code, order: order ?? null, ...(shortfall && { shortfall }), ...(transfer && { transfer }), ...(instrument && { instrument }),
  };
}

/** As an entry shows it. */
export function shownBy({ order, shortfall, transfer, instrument }: Refusal): EntryEvent[] {
  const events: EntryEvent[] = [];
  if (order !== undefined) events.push({ type: 'shown', order });
  if (transfer !== undefined) events.push({ type: 'transfer', transfer });
  if (shortfall !== undefined) events.push({ type: 'shortfall', ...shortfall });
  if (instrument !== undefined) events.push({ type: 'instrument', rules: instrument });
  return events;
}
