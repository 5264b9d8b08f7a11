import { isIPv4, isIPv6 } from 'node:net';

const MAPPED = '::ffff:';

/** An address as the system writes it: one of IPv4 in that form, however it came. */
export function plainAddress(address: string): string {
  const rest = address.slice(MAPPED.length);
  return address.startsWith(MAPPED) && isIPv4(rest) ? rest : address;
}

/** Whether an address of the system's is the machine itself. */
export function isLoopback(address: string): boolean {
  const text = plainAddress(address);
  return text === '::1' || (text.startsWith('127.') && isIPv4(text));
}

const IPV6_GROUPS = 8;
/** A household, or one machine, has all addresses that share so many groups of an IPv6 address (a /64). */
const NETWORK_GROUPS = 4;

/** What counts as one where tries are counted: an address of IPv4, a /64 of IPv6. */
export function networkOf(address: string): string {
  const plain = plainAddress(address);
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = (plain.split('%')[0] as string).split('::');
  const groups = head === '' ? [] : head.split(':');
  const behind = tail === undefined || tail === '' ? [] : tail.split(':');
  const all = tail === undefined ? groups : [...groups, ...Array.from({ length: IPV6_GROUPS - groups.length - behind.length }, () => '0'), ...behind];
  return `${all.slice(0, NETWORK_GROUPS).map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
