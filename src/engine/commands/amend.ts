import type { AmendCommand } from '../../domain/commands';
import { encodeReference, encodeRequest } from './cancel';

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
