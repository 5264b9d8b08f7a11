import { encodeReference, encodeRequest, type OrderReference } from './cancel';

/** What an amend means in one instrument's ticks and lots; `invalid` where the value does not fit it. */
export interface AmendCandidate {
  readonly instrument: string;
  readonly priceTicks: number | 'invalid' | null;
  readonly quantityLots: number | 'invalid' | null;
  readonly remainingLots: number | 'invalid' | null;
  readonly quantityLotsMax: number;
}

export interface AmendCommand {
  readonly order: OrderReference;
  /**
   * One for each instrument the order may be of: the service need not look the order up first, and the
   * engine picks the one that applies within its atomic step.
   */
  readonly candidates: readonly AmendCandidate[];
  readonly idempotency: string | null;
  readonly request: unknown;
}

function encodeAmount(amount: number | 'invalid' | null): string {
  if (amount === null) return '';
  return amount === 'invalid' ? 'x' : String(amount);
}

/** The arguments of lua/amend.lua, its letter first. */
export function encodeAmend(command: AmendCommand): string[] {
  let candidates = ';';
  for (const candidate of command.candidates) {
    const price = encodeAmount(candidate.priceTicks);
    const quantity = encodeAmount(candidate.quantityLots);
    const remaining = encodeAmount(candidate.remainingLots);
    candidates += `${candidate.instrument}=${price},${quantity},${remaining},${candidate.quantityLotsMax};`;
  }
  return [
    'A',
    ...encodeReference(command.order),
    candidates,
    command.idempotency ?? '',
    encodeRequest(command.idempotency, command.request),
  ];
}
