import type { FeeGroupCommand } from '../../domain/commands';
import { Arguments } from './layout';
import { encodeActor, encodeRequest } from './reference';

const FEE_GROUP = new Arguments('fee_group');
const { at } = FEE_GROUP;

/** The arguments of lua/commands/fee_group.lua, its letter first. */
export function encodeFeeGroup(command: FeeGroupCommand): string[] {
  const args = FEE_GROUP.fresh();
  args[at.group] = command.group;
  args[at.rates] = command.rates.map(({ instrument, makerRate, takerRate }) => `,"${instrument ?? ''}",${makerRate},${takerRate}`).join('');
  args[at.actor] = encodeActor(command.actor);
  args[at.idem] = command.idempotency ?? '';
  args[at.request] = encodeRequest(command.idempotency, command.request);
  return args;
}
