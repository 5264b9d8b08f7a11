import type { CancelAfterCommand } from '../../domain/commands';
import { Arguments } from './layout';
import { encodeActor } from './reference';
import { escapeText } from './text';

const CANCEL_AFTER = new Arguments('cancel_after');
const { at } = CANCEL_AFTER;

/** The arguments of lua/commands/cancel_after.lua, its letter first. */
export function encodeCancelAfter({ clientId, instrument, timeoutUs, actor }: CancelAfterCommand): string[] {
  const args = CANCEL_AFTER.fresh();
  args[at.client] = escapeText(clientId);
  args[at.instrument] = instrument ?? '';
  args[at.timeout_us] = String(timeoutUs ?? 0);
  args[at.actor] = encodeActor(actor);
  return args;
}
