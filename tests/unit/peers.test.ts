import type { IncomingMessage } from 'node:http';
import { Peers } from '../../src/http/peers';

interface Asked {
  readonly from: string;
  readonly for?: string;
  readonly proto?: string;
  readonly encrypted?: boolean;
  readonly more?: Readonly<Record<string, string>>;
}

/** As far as it is looked at. */
function request({ from, for: forwardedFor, proto, encrypted = false, more = {} }: Asked): IncomingMessage {
  const headers = { ...more, ...(forwardedFor !== undefined && { 'x-forwarded-for': forwardedFor }), ...(proto !== undefined && { 'x-forwarded-proto': proto }) };
  return { headers, socket: { remoteAddress: from, encrypted } } as unknown as IncomingMessage;
}

const CLIENT = '203.0.113.7';

describe('the address of a request', () => {
  it.each<[what: string, trusted: string[], asked: Asked, address: string]>([
    ['the peer', [], { from: CLIENT }, CLIENT],
    ['the peer, whatever it says', [], { from: '127.0.0.1', for: CLIENT }, '127.0.0.1'],
    ['the peer in its plain form', [], { from: '::ffff:203.0.113.7' }, CLIENT],
    ['the peer, where it is no proxy', ['10.0.0.0/8'], { from: CLIENT, for: '192.0.2.1' }, CLIENT],
    ['whom a proxy speaks for', ['loopback'], { from: '127.0.0.1', for: CLIENT }, CLIENT],
    ['whom a proxy on IPv6 speaks for', ['loopback'], { from: '::1', for: '2001:db8::7' }, '2001:db8::7'],
    ['whom a proxy speaks for that came as a mapped address', ['10.0.0.0/8'], { from: '::ffff:10.0.0.2', for: `::ffff:${CLIENT}` }, CLIENT],
    ['what the proxy saw, not what the client said', ['loopback'], { from: '127.0.0.1', for: `192.0.2.1, ${CLIENT}` }, CLIENT],
    ['not the loopback that a client made up', ['loopback'], { from: '127.0.0.1', for: `127.0.0.1, ${CLIENT}` }, CLIENT],
    ['whom the first of two proxies speaks for', ['loopback', '10.0.0.0/8'], { from: '127.0.0.1', for: `192.0.2.1, ${CLIENT}, 10.0.0.2` }, CLIENT],
    ['the first that is not trusted', ['loopback'], { from: '127.0.0.1', for: `${CLIENT}, 10.0.0.2` }, '10.0.0.2'],
    ['the last, where all are trusted', ['loopback', 'uniquelocal'], { from: '127.0.0.1', for: '192.168.1.1, 10.0.0.2' }, '192.168.1.1'],
    ['the proxy, where it says nothing', ['loopback'], { from: '127.0.0.1' }, '127.0.0.1'],
    ['an address with a port', ['loopback'], { from: '127.0.0.1', for: `${CLIENT}:50123` }, CLIENT],
    ['an address of IPv6 with a port', ['loopback'], { from: '127.0.0.1', for: '[2001:db8::7]:50123' }, '2001:db8::7'],
    ['a proxy that writes ports', ['loopback', '10.0.0.0/8'], { from: '127.0.0.1', for: `${CLIENT}:1, 10.0.0.2:2` }, CLIENT],
    ['nobody\'s, where it is none', ['loopback'], { from: '127.0.0.1', for: 'unknown' }, 'unknown'],
    ['nobody\'s, where it is some text', ['loopback'], { from: '127.0.0.1', for: '127.0.0.1 or so' }, 'unknown'],
    ['nobody\'s, once the connection is gone', ['loopback'], { from: '' }, ''],
  ])('is that of %s', (_what, trusted, asked, address) => {
    expect(new Peers(trusted).addressOf(request(asked))).toBe(address);
  });
});

describe('a request is internal', () => {
  it.each<[what: string, trusted: string[], asked: Asked, isInternal: boolean]>([
    ['from the machine itself', [], { from: '127.0.0.1' }, true],
    ['on IPv6', [], { from: '::1' }, true],
    ['as a mapped address', [], { from: '::ffff:127.0.0.1' }, true],
    ['from elsewhere', [], { from: CLIENT }, false],
    ['from elsewhere that says otherwise', [], { from: CLIENT, for: '127.0.0.1' }, false],
    ['through a proxy that nobody named', [], { from: '127.0.0.1', for: CLIENT }, false],
    ['through one that says that it is one', [], { from: '127.0.0.1', more: { via: '1.1 proxy' } }, false],
    ['through one that says for whom otherwise', ['loopback'], { from: '127.0.0.1', more: { forwarded: `for=${CLIENT}` } }, false],
    ['through a trusted one that does not say for whom', ['loopback'], { from: '127.0.0.1', proto: 'https' }, false],
    ['through a trusted one for somebody else', ['loopback'], { from: '127.0.0.1', for: CLIENT }, false],
    ['through a trusted one for somebody who says to be here', ['loopback'], { from: '127.0.0.1', for: `127.0.0.1, ${CLIENT}` }, false],
    ['through a trusted one for nobody that can be told', ['loopback'], { from: '127.0.0.1', for: 'unknown' }, false],
    ['through a trusted one of the machine, for the machine', ['loopback'], { from: '127.0.0.1', for: '127.0.0.1' }, true],
    ['directly, beside a trusted one', ['loopback'], { from: '127.0.0.1' }, true],
    ['through a trusted one elsewhere, for that machine', ['10.0.0.2'], { from: '10.0.0.2', for: '127.0.0.1' }, false],
    ['by way of a trusted one elsewhere', ['loopback', '10.0.0.2'], { from: '127.0.0.1', for: '127.0.0.1, 10.0.0.2' }, false],
  ])('%s: %j %j', (_what, trusted, asked, isInternal) => {
    expect(new Peers(trusted).isInternal(request(asked))).toBe(isInternal);
  });
});

describe('how a request left who asks', () => {
  it.each<[what: string, trusted: string[], asked: Asked, scheme: string | null]>([
    ['is not known', [], { from: CLIENT }, null],
    ['is not for anybody to say', [], { from: CLIENT, proto: 'https' }, null],
    ['is told by the connection', [], { from: CLIENT, encrypted: true, proto: 'http' }, 'https'],
    ['is told by a trusted proxy', ['loopback'], { from: '127.0.0.1', for: CLIENT, proto: 'https' }, 'https'],
    ['is told by a trusted proxy, plain', ['loopback'], { from: '127.0.0.1', for: CLIENT, proto: 'HTTP', encrypted: true }, 'http'],
    ['is plain where proxies would tell', ['10.0.0.2'], { from: CLIENT, proto: 'https' }, 'http'],
    ['is not known of a proxy that does not tell', ['loopback'], { from: '127.0.0.1', for: CLIENT }, null],
    ['is what the nearest saw', ['loopback'], { from: '127.0.0.1', for: CLIENT, proto: 'https, http' }, 'http'],
    ['is what the first trusted one saw', ['loopback', '10.0.0.2'], { from: '127.0.0.1', for: `${CLIENT}, 10.0.0.2`, proto: 'https, http' }, 'https'],
    ['is nothing else', ['loopback'], { from: '127.0.0.1', for: CLIENT, proto: 'ftp' }, null],
  ])('%s', (_what, trusted, asked, scheme) => {
    expect(new Peers(trusted).schemeOf(request(asked))).toBe(scheme);
  });
});
