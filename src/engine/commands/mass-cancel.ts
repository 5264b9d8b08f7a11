import type { MassCancelCommand } from '../../domain/commands';
import { Arguments } from './layout';
import { encodeActor } from './reference';
import { escapeText } from './text';

const MASS_CANCEL = new Arguments('mass_cancel');
const { at } = MASS_CANCEL;

/** The arguments of lua/commands/mass_cancel.lua, its letter first. */
export function encodeMassCancel(command: MassCancelCommand): string[] {
  const args = MASS_CANCEL.fresh();
  args[at.client] = escapeText(command.clientId);
  args[at.instrument] = command.instrument ?? '';
  args[at.after] = String(command.after);
  args[at.bound] = command.bound === null ? '' : String(command.bound);
  args[at.page_size] = String(command.pageSize);
  args[at.actor] = encodeActor(command.actor);
  return args;
}
