import { expiryUs, isOpen, type Order } from '../domain/order';
import { dueMember } from './record';

/**
 * Whether what is due in a shard is just what ends by itself, at its time, and whether the shard knows of the first.
 * @param dues members with their times, the earliest first
 * @param dueUs what `meta` says of the first
 * @param problems to which what is wrong is added
 */
export function checkDues(dues: readonly (readonly [member: string, score: string])[], orders: readonly Order[], dueUs: string | undefined, problems: string[]): void {
  const told = new Map(dues);
  for (const order of orders) {
    const timeUs = isOpen(order) ? expiryUs(order) : null;
    if (timeUs === null) continue;
    const member = dueMember(order);
    if (told.get(member) !== String(timeUs)) problems.push(`order ${order.orderId} is over at ${timeUs}, it is due at ${told.get(member) ?? 'no time'}`);
    told.delete(member);
  }
  for (const [member, score] of told) problems.push(`${member} is due at ${score}, and nothing is there for it`);
  const first = dues[0]?.[1];
  if (dueUs !== first) problems.push(`the first is said to be due at ${dueUs ?? 'no time'}, it is due at ${first ?? 'none'}`);
}
