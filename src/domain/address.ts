import { isIPv4 } from 'node:net';

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
