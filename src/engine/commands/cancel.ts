import type { CancelCommand } from '../../domain/commands';
import { Arguments } from './layout';
import { encodeActor, encodeReference, encodeRequest } from './reference';

const CANCEL = new Arguments('cancel');
const { at } = CANCEL;

/** The arguments of lua/commands/cancel.lua, its letter first. */
export function encodeCancel(command: CancelCommand): string[] {
  const args = CANCEL.fresh();
  const [id, name] = encodeReference(command.order);
  args[at.id] = id;
  args[at.name] = name;
  args[at.actor] = encodeActor(command.actor);
  args[at.idem] = command.idempotency ?? '';
  args[at.request] = encodeRequest(command.idempotency, command.request);
  return args;
}
