import type { FeeGroupCommand } from '../../domain/commands';
import { Arguments } from './layout';
import type { FeeRate } from '../../domain/money';
import { encodeActor, encodeRequest } from './reference';

const FEE_GROUP = new Arguments('fee_group');
const { at } = FEE_GROUP;

/** Rates as the log and the `fee_groups` hash have them: a comma, instrument, maker and taker rate of each. */
export function encodeRates(rates: readonly FeeRate[]): string {
  return rates.map(({ instrument, makerRate, takerRate }) => `,"${instrument ?? ''}",${makerRate},${takerRate}`).join('');
}

/** The arguments of lua/commands/fee_group.lua, its letter first. */
export function encodeFeeGroup(command: FeeGroupCommand): string[] {
  const args = FEE_GROUP.fresh();
  args[at.group] = command.group;
  args[at.rates] = encodeRates(command.rates);
  args[at.actor] = encodeActor(command.actor);
  args[at.idem] = command.idempotency ?? '';
  args[at.request] = encodeRequest(command.idempotency, command.request);
  return args;
}
