/** Web origins and hosts (RFC 6454, RFC 9110), in one spelling each, so that they can be compared as text. */

/** A name or address, in lower case, and its port; null for the scheme's own port. */
export interface Authority {
  readonly name: string;
  readonly port: number | null;
}

const AUTHORITY = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?$/i;
const ORIGIN = /^(https?):\/\/([^/?#]+)$/i;
const PORT_MAX = 65_535;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** @returns null for what is no name or address with an optional port */
export function authorityOf(text: string): Authority | null {
  const match = AUTHORITY.exec(text);
  if (match === null) return null;
  const port = match[2] === undefined ? null : Number(match[2]);
  if (port !== null && port > PORT_MAX) return null;
  const name = (match[1] as string).toLowerCase();
  if (!name.startsWith('[')) return { name, port };
  const address = `http://${name}/`;
  // One spelling for all that an IPv6 address has.
  return URL.canParse(address) ? { name: new URL(address).hostname, port } : null;
}

/** @returns an http or https origin in its one spelling, without the port that is its scheme's own; null for anything else */
export function originOf(text: string): string | null {
  const match = ORIGIN.exec(text);
  const authority = match === null ? null : authorityOf(match[2] as string);
  if (match === null || authority === null) return null;
  const scheme = (match[1] as string).toLowerCase();
  const port = authority.port === null || authority.port === DEFAULT_PORTS[scheme] ? '' : `:${authority.port}`;
  return `${scheme}://${authority.name}${port}`;
}
