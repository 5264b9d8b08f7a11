import type { LeaseCommand } from '../../domain/commands';
import { Arguments } from './layout';
import { encodeActor } from './reference';
import { escapeText } from './text';

const LEASE = new Arguments('lease');
const { at } = LEASE;

/** The arguments of lua/commands/lease.lua, its letter first. */
export function encodeLease({ lease, clientId, begins, ttlUs, actor }: LeaseCommand): string[] {
  const args = LEASE.fresh();
  args[at.lease] = lease;
  args[at.client] = escapeText(clientId);
  args[at.begins] = begins ? '1' : '0';
  args[at.ttl_us] = String(ttlUs);
  args[at.actor] = encodeActor(actor);
  return args;
}
