import type { KillCommand } from '../../domain/commands';
import { Arguments } from './layout';
import { encodeActor } from './reference';
import { escapeText } from './text';

const KILL = new Arguments('kill');
const { at } = KILL;

/** The arguments of lua/commands/kill.lua, its letter first. */
export function encodeKill({ account, kills, pageSize, actor }: KillCommand): string[] {
  const args = KILL.fresh();
  args[at.account] = escapeText(account);
  args[at.kills] = kills ? '1' : '0';
  args[at.page_size] = String(pageSize);
  args[at.actor] = encodeActor(actor);
  return args;
}
