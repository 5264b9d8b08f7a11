import { compareControls, type Control } from '../domain/controls';
import { expiryUs, isOpen, type Order } from '../domain/order';
import { escapeText } from './commands/text';
import { DUE_KILL, DUE_LEASE, DUE_SWITCH, dueMember } from './record';

type Pairs = readonly (readonly [string, string])[];

/** What a shard's keys hold of controls, and of what falls due: fields and values of hashes, members and scores of a sorted set. */
export interface ControlKeys {
  /** The earliest first. */
  readonly dues: Pairs;
  readonly killed: Pairs;
  /** By lease. */
  readonly leases: ReadonlyMap<string, Pairs>;
}

/** Client texts stand in keys as they stand in records: JSON-escaped. */
const unescape = (text: string): string => JSON.parse(`"${text}"`) as string;

/** A dead man's switch by its member of the set of what falls due, null for what is none. */
export function switchOf(member: string, score: string): Control | null {
  const [, client, instrument] = /^A([^"]*)","([^"]*)$/.exec(member) ?? [];
  if (!member.startsWith(DUE_SWITCH) || client === undefined || instrument === undefined) return null;
  return { kind: 'cancel_after', account: unescape(client), detail: instrument, atUs: Number(score) };
}

/** What a dead man's switch is called in the set of what falls due. */
export function switchMember({ account, detail }: Control): string {
  return `${DUE_SWITCH}${escapeText(account)}","${detail}`;
}

/**
 * A shard's controls as they are stored, and whether what is due in it is just what ends or acts by itself, at its time.
 * @param problems to which what is wrong is added
 */
export function storedControls({ dues, killed, leases }: ControlKeys, orders: readonly Order[], meta: Readonly<Record<string, string>>, problems: string[]): Control[] {
  const told = new Map(dues);
  const open = orders.filter(isOpen);
  for (const order of open) {
    const timeUs = expiryUs(order);
    if (timeUs === null) continue;
    const member = dueMember(order);
    if (told.get(member) !== String(timeUs)) problems.push(`order ${order.orderId} is over at ${timeUs}, it is due at ${told.get(member) ?? 'no time'}`);
    told.delete(member);
  }
  const controls: Control[] = [];
  const traders = new Set(open.map(({ clientId }) => clientId));
  for (const [name, since] of killed) {
    const account = unescape(name);
    controls.push({ kind: 'kill', account, detail: '', atUs: Number(since) });
    const member = `${DUE_KILL}${escapeText(account)}`;
    if (traders.has(account) && !told.has(member)) problems.push(`account ${account} is stopped, and nothing is due for the orders that it has open`);
    told.delete(member);
  }
  for (const [member, score] of dues) {
    const control = switchOf(member, score);
    if (control === null) continue;
    controls.push(control);
    told.delete(member);
  }
  for (const [lease, clients] of leases) {
    if (!told.delete(`${DUE_LEASE}${lease}`)) problems.push(`lease ${lease} does not end`);
    controls.push(...clients.map(([client, since]): Control => ({ kind: 'lease', account: unescape(client), detail: lease, atUs: Number(since) })));
  }
  if ((meta.kills === '1') !== killed.length > 0) problems.push(`${killed.length} accounts are stopped, and ${meta.kills === '1' ? 'some are' : 'none is'} looked for`);
  for (const [member, score] of told) problems.push(`${member} is due at ${score}, and nothing is there for it`);
  const first = dues[0]?.[1];
  if (meta.due_us !== first) problems.push(`the first is said to be due at ${meta.due_us ?? 'no time'}, it is due at ${first ?? 'none'}`);
  return controls.sort(compareControls);
}
