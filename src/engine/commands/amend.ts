import type { AmendCommand } from '../../domain/commands';
import { Arguments } from './layout';
import { encodeActor, encodeReference, encodeRequest } from './reference';

const AMEND = new Arguments('amend');
const { at } = AMEND;

function encodeAmount(amount: number | 'invalid' | null): string {
  if (amount === null) return 'null';
  return amount === 'invalid' ? 'x' : String(amount);
}

/** The arguments of lua/commands/amend.lua, its letter first. */
export function encodeAmend(command: AmendCommand): string[] {
  let candidates = ';';
  for (const candidate of command.candidates) {
    const price = encodeAmount(candidate.priceTicks);
    const quantity = encodeAmount(candidate.quantityLots);
    const remaining = encodeAmount(candidate.remainingLots);
    const waitsBy = [candidate.stopTicks, candidate.trailingOffset, candidate.trailingPercent].map((amount) => encodeAmount(amount ?? null)).join();
    candidates += `${candidate.instrument}=${price},${quantity},${remaining},${waitsBy},${candidate.quantityLotsMax};`;
  }
  const args = AMEND.fresh();
  const [id, name] = encodeReference(command.order);
  args[at.id] = id;
  args[at.name] = name;
  args[at.actor] = encodeActor(command.actor);
  args[at.candidates] = candidates;
  args[at.idem] = command.idempotency ?? '';
  args[at.request] = encodeRequest(command.idempotency, command.request);
  return args;
}
