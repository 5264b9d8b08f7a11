/**
 * Requests that no honest client sends. Each is wrong in some way that the service must notice: a generated request
 * that would be valid is a mistake of the generator.
 */

export interface HostileRequest {
  /** What is wrong with it, for the report of a failure. */
  readonly kind: string;
  readonly method: string;
  readonly path: string;
  readonly bytes: Buffer;
}

/** Small, seeded and good enough: mulberry32. */
export class Random {
  constructor(private state: number) {}

  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  text(length: number, alphabet: string): string {
    return Array.from({ length }, () => alphabet[this.below(alphabet.length)]).join('');
  }
}

const DIGITS = '0123456789';

/** JSON texts that are no amount: none is, neither as a price nor as a quantity. */
function noAmount(random: Random): string {
  const fixed = [
    '1e400', '-1e400', '1e-400', '1e999999999', '1E-999999999', '-1e5', '1e-9', '1.5e-9', '1.00000000000000001e0', '0.30000000000000004', '0.1000000000000000055511151231257827', '-0', '-0.0', '0', '0.0', '0e0', '0e99', '-1', '-0.01',
    '9007199254740992', '9007199254740993', '90071992547409.92', '1e308', '5e-324', '123456789012345678901234567890', '0.000000001', '100.000000001',
    'null', 'true', 'false', '[]', '{}', '[1]', '{"value":1}', '{"text":"1"}', '""',
    '"1e5"', '"1E5"', '"NaN"', '"Infinity"', '"-Infinity"', '"-0"', '"+1"', '"-1"', '"0x10"', '"0b1"', '"0o7"', '" 1"', '"1 "', '"1\\n"', '"\\t1"', '"1,5"', '"1_000"', '"1 000"',
    '"\u0661"', '"\uff11"', '"\u00bd"', '"1\\u0000"', '"\\u00001"', '"1."', '".5"', '"."', '"1.2.3"', '"--1"', '"1-"', '"\u221e"', '"\u22121"', '"$1"', '"1%"', '"1n"', '"0"', '"0.00"', '"000"',
    '"9007199254740993"', '"1e400"', '"0.30000000000000004"', '"\u200b1"', '"1\u00a0"', '"[object Object]"', '"undefined"', '"null"', '"true"', '"\\ud800"',
  ];
  switch (random.below(5)) {
    case 0: return `0.${random.text(1_000, DIGITS)}1`;
    case 1: return `"0.${random.text(1_000, DIGITS)}1"`;
    case 2: return `${1 + random.below(9)}${random.text(20 + random.below(500), DIGITS)}`;
    case 3: return `"${1 + random.below(9)}${random.text(20 + random.below(500), DIGITS)}"`;
    default: return random.pick(fixed);
  }
}

/** What no JSON parser takes where a number may stand. */
const NO_JSON = [
  'NaN', 'Infinity', '-Infinity', '+1', '0x10', '01', '-01', '1.', '.5', '-.5', '1,5', '1_000', '\u0661', '0b1', '1n', '1e', '1e+', '--1', '1.2.3', 'undefined', 'None', "'1'", '', '1 2',
  '"\n"', '"\t"', '"\\x41"', '"\\u12"', '"', '[1,]', '{"a":1,}', '{a:1}', '{"a" 1}', '[1 2]', '/*1*/1', '1//', 'new Date()', '\u00a01', 'nul', 'TRUE',
];

const noText = (random: Random, lengthMax: number): string => random.pick([
  'null', '1', 'true', '[]', '{}', '["a"]', '{"toString":1}', '""', '"\\u0000"', '"a\\u0000b"', '"\\n"', '"\\u001b[2J"', '"\\ud800"', '"\\udc00\\ud800"', '"a\\u200b"', '"\\u202e"', '"\\ufeff"',
  '"\\u007f"', '"\\u0085"', JSON.stringify('x'.repeat(lengthMax + 1)), JSON.stringify('\u{1f4b0}'.repeat(lengthMax + 1)), JSON.stringify('x'.repeat(5_000)),
]);

const noWord = (random: Random): string => random.pick([
  'null', '0', '1', 'true', '[]', '{}', '["buy"]', '""', '"BUY"', '"buy "', '" limit"', '"buy\\u0000"', '"__proto__"', '"constructor"', '"toString"', '"undefined"', '"GTC"', '"days"', '"stop"', '"\\ud800"',
]);

const BASE: Readonly<Record<string, string>> = {
  client_id: '"hostile"', instrument: '"BTC-USD"', side: '"buy"', type: '"limit"', price: '50000.00', quantity: '"0.5"', time_in_force: '"gtc"', post_only: 'false',
};

const FIELD_NAMES = [
  '__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', 'op', 'order_id', 'Price', 'price ', 'prices', 'qty', 'symbol', 'clientId', 'client-id', '', ' ', '$where', '$gt', 'a.b', '0',
  'length', '\\u0000', '\u202e', 'constructor.prototype.x', '__defineGetter__', 'status', 'trades', 'filled_quantity', 'sequence', 'toJSON', 'then',
];

function hostileValue(random: Random, field: string): string {
  switch (field) {
    case 'price': case 'quantity': case 'remaining_quantity': return noAmount(random);
    case 'client_id': case 'client_order_id': return noText(random, 64);
    case 'idempotency_key': return noText(random, 255);
    case 'post_only': return random.pick(['"true"', '"false"', '0', '1', 'null', '[]', '{}', '"yes"', '""']);
    case 'instrument': return random.pick(['null', '1', '[]', '{}', '""', '"BTC USD"', '"BTC-USD "', '"btc-usd"', '"../BTC-USD"', '"BTC-USD\\u0000"', '"__proto__"', '"constructor"', '"toString"', '"*"', '"BTC-USD;"', '["BTC-USD"]', JSON.stringify('B'.repeat(33)), '"{main}:meta"']);
    case 'ack': return random.pick(['"never"', 'null', '1', '"REDIS"', '{}', '""']);
    default: return noWord(random);
  }
}

const nested = (random: Random): string => {
  const depth = random.pick([40, 500, 5_000]);
  const [open, close] = random.pick([['[', ']'], ['{"a":', '}']] as const);
  return `${open.repeat(depth)}1${close.repeat(depth)}`;
};

/** @returns a JSON object's text */
function join(fields: readonly (readonly [name: string, value: string])[]): string {
  return `{${fields.map(([name, value]) => `"${name}":${value}`).join(',')}}`;
}

const EVERY_FIELD = [...Object.keys(BASE), 'client_order_id', 'idempotency_key', 'ack'];

/** A body for POST /orders that is JSON, and no order. */
function badOrder(random: Random): string {
  const fields = new Map(Object.entries(BASE));
  switch (random.below(8)) {
    case 0: case 1: case 2: {
      for (let i = 0; i <= random.below(3); i++) {
        const field = random.pick(EVERY_FIELD);
        fields.set(field, hostileValue(random, field));
      }
      return join([...fields]);
    }
    case 3: {
      fields.delete(random.pick(['client_id', 'side', 'type', 'price', 'quantity']));
      return join([...fields]);
    }
    case 4: return join([...fields, [random.pick(FIELD_NAMES), random.pick(['1', 'null', '{}', '"x"', '{"post_only":true}', '{"constructor":{"prototype":{"x":1}}}'])]]);
    case 5: {
      const field = random.pick([...fields.keys()]);
      return join([...fields, [random.chance(0.3) ? `\\u${field.charCodeAt(0).toString(16).padStart(4, '0')}${field.slice(1)}` : field, random.chance(0.5) ? fields.get(field) as string : hostileValue(random, field)]]);
    }
    case 6: return random.chance(0.5) ? nested(random) : join([...fields, [random.pick([...EVERY_FIELD, 'x']), nested(random)]]);
    default: return random.pick([
      'null', 'true', '1', '-1', '1e400', '""', '"{}"', '[]', `[${join([...fields])}]`, '{}', '{"":{}}', '{"operations":[]}', join([['type', '"market"'], ...Object.entries(BASE).filter(([name]) => name !== 'type')]),
      join(Array.from({ length: 2_000 }, (_, i) => [`f${i}`, '1'])), `{"client_id":[${'1,'.repeat(5_000)}1]}`,
    ]);
  }
}

/** A body that is no JSON, in bytes. */
function brokenJson(random: Random): Buffer {
  const good = join(Object.entries(BASE));
  switch (random.below(7)) {
    case 0: {
      const fields = new Map(Object.entries(BASE));
      fields.set(random.pick([...fields.keys()]), random.pick(NO_JSON));
      return Buffer.from(join([...fields]));
    }
    case 1: return Buffer.from(good.slice(0, 1 + random.below(good.length - 1)));
    case 2: return Buffer.concat([Buffer.from(random.pick(['\ufeff', '\u0000', ')]}\',\n', '\u00a0', '\u2028', '//\n']), 'utf8'), Buffer.from(good)]);
    case 3: return Buffer.from(good + random.pick(['x', '}', ']', ',', '\u0000', good, '\ufeff', ';', '"']));
    case 4: return random.chance(0.5) ? Buffer.from(good, 'utf16le') : Buffer.from(Buffer.from(good).toString(random.pick(['base64', 'hex'])));
    case 5: {
      // Bytes that are no UTF-8 inside a string.
      const bad = random.pick([[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82], [0x80], [0xfe, 0xff]]);
      return Buffer.concat([Buffer.from('{"client_id":"'), Buffer.from(bad), Buffer.from('",'), Buffer.from(good.slice(1))]);
    }
    default: {
      for (;;) {
        const bytes = Buffer.from(good);
        for (let i = 0; i <= random.below(3); i++) bytes[random.below(bytes.length)] = random.below(256);
        if (!isJson(bytes)) return bytes;
      }
    }
  }
}

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}

const UNKNOWN_ORDER = '01900000-0000-7000-8000-000000000000';

const BAD_IDS = [
  '0', '-1', 'my-7', 'null', 'undefined', '__proto__', 'constructor', '%00', '%0d%0aSet-Cookie:x', '..%2f..%2fetc%2fpasswd', '%2e%2e%2f', '..%5c..', '%ff', '%c0%af', '*', '{main}:meta', '%7Bmain%7D%3Ameta',
  '01900000-0000-7000-8000-00000000000', '01900000-0000-7000-8000-0000000000000', '01900000_0000_7000_8000_000000000000', 'g1900000-0000-7000-8000-000000000000', `${UNKNOWN_ORDER}%00`, `${UNKNOWN_ORDER}%20`,
  '------------------------------------', '000000000000000000000000000000000000', "'%20OR%201=1--", '%25252e', '%F0%9F%92%B0', 'a'.repeat(500),
];

const BAD_ADDRESSES = [
  '/%', '/%zz', '/orders/%', '/orders/%E0%A4%A', '/public/orders/%c3%28', '/..', '/../orders', '/./', '//', '///', '//orders', '/orders//', '/orders/batch/', '/orders/x/y/z', '/public', '/public/', '/public/orders',
  '/public/orderbook/BTC-USD', '/.env', '/.git/config', '/admin', '/wp-login.php', '/docs/../package.json', '/docs/assets/../../package.json', '/docs/assets/%2e%2e/package.json', '/docs/assets/%00', '/metrics/x', '/healthz/x',
  '/Orders', '/PUBLIC/TRADES', '/orders;x=1', '/orders%2fbatch', '/\\orders', '/orders\\batch', '/__proto__', '/constructor', '/%2e%2e', '/asyncapi', '/stream', '/stream/', '/graphql', '/*', '/{order_id}', '/:order_id', '/orders/:order_id/cancel/x',
];

const BAD_QUERIES = [
  'levels=0', 'levels=-1', 'levels=1e2', 'levels=5001', 'levels=99999999999999999999', 'levels=NaN', 'levels=', 'levels', 'levels=%00', 'levels=1&levels=2', 'levels[]=1', 'levels=1.5', 'levels=+1', 'levels=%201', 'levels=0x10', 'levels=%D9%A1',
  'levels[$gt]=1', 'instrument=', 'instrument=BTC%20USD', 'instrument=NO-SUCH', 'instrument=__proto__', 'instrument=constructor', 'instrument=BTC-USD&instrument=ETH-USD', 'instrument=%ff', 'instrument=BTC-USD%00', 'instrument[]=BTC-USD', 'x=1', '__proto__=1', '__proto__[x]=1',
  'constructor=1', 'constructor[prototype][x]=1', 'toString=1', '=', '=1', 'a', '%', '%zz=1', '%00=1', '?', '?x', `x=${'1'.repeat(6_000)}`, 'a&'.repeat(3_000), 'x=1&'.repeat(1_500), `levels=${'1'.repeat(3_000)}`, 'LEVELS=5', 'Instrument=BTC-USD', 'levels=5#x',
];

const BAD_LIST_QUERIES = [
  '', 'client_id=', 'client_id=a&client_id=b', 'client_id[]=a', 'client_id=%00', 'client_id=a%0Ab', 'client_id=%ED%A0%80%00', `client_id=${'x'.repeat(65)}`, 'client_id=a&x=1', 'client_id=a&instrument=', 'client_id=a&instrument=NO-SUCH', 'Client_id=a', 'client_id%00=a', 'client=a',
  'client_id=a&__proto__=1', 'client_id=%', 'client_id=%zz', 'client_id=%ff', 'client_id=%ED%A0%80', 'client_id=%c0%af', 'client_id=a&x=%f5', 'client_id=a&instrument=BTC-USD&instrument=BTC-USD', '=a',
];

const BAD_TYPES = [
  'text/plain', 'text/html', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml', 'application/octet-stream', 'application/json; charset=utf-16', 'application/json; charset=latin1', 'application/json,application/json',
  'application/ld+json', 'application/json-patch+json', 'application/jsonx', 'x/application/json', 'json', '*/*', '/', ';', 'application/json;', 'application/json; charset=', 'application/json; x=y', 'application /json', `application/${'x'.repeat(2_000)}`,
];

const METHODS = ['PUT', 'OPTIONS', 'TRACE', 'PROPFIND', 'PROPPATCH', 'MKCOL', 'COPY', 'MOVE', 'LOCK', 'UNLOCK', 'SEARCH', 'PURGE', 'REPORT', 'SUBSCRIBE', 'LINK', 'ACL', 'BIND', 'M-SEARCH', 'MERGE', 'NOTIFY', 'REBIND', 'SOURCE'];

/** Bytes that are no HTTP, ended so that a parser need not wait for more. */
function garbage(random: Random): Buffer {
  const fixed = [
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '*1\r\n$8\r\nFLUSHALL\r\n', 'FLUSHALL\r\n\r\n', 'GET / HTTP/3.0\r\n\r\n', 'GET / HTTP/1.1 x\r\nHost: localhost\r\n\r\n', 'GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n', ' GET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
    'GET\t/\tHTTP/1.1\r\nHost: localhost\r\n\r\n', 'get / HTTP/1.1\r\nHost: localhost\r\n\r\n', 'GET / HTTP/1.1\nHost x\n\n', 'GET / HTTP/1.1\r\n Host: localhost\r\n\r\n', 'GET / HTTP/1.1\r\nHost : x\r\n\r\n', 'GET / HTTP/1.1\r\n: x\r\n\r\n', 'GET / HTTP/1.1\r\nA\x01: x\r\n\r\n', 'GET / HTTP/1.1\r\nA: \x01\r\n\r\n',
    'GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n', 'GET /\xff\xfe HTTP/1.1 \r\nHost: localhost\r\n\r\n', 'GET http:// HTTP/1.1 HTTP/1.1\r\n\r\n', 'POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n', 'POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0x10\r\n\r\n',
    'POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5, 5\r\n\r\nhello', 'POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999999\r\n\r\n', 'POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!',
    'POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 'POST /orders HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, gzip\r\n\r\n', 'POST /orders HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
    'POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 'POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n', 'POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n',
    'POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}garbage\r\n', 'GET /healthz HTTP/1.1\r\n\r\n', 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: localhost\r\n\r\n', '\x00\x00\x00\x00\r\n\r\n', '<xml/>\r\n\r\n', '{"op":"ping"}\r\n\r\n', 'GARBAGE\r\n\r\n',
  ];
  if (random.chance(0.7)) return Buffer.from(random.pick(fixed), 'latin1');
  const bytes = Buffer.alloc(1 + random.below(300));
  for (let i = 0; i < bytes.length; i++) bytes[i] = random.below(256);
  // No letter, which might begin a method, and no line break, which would be passed over.
  bytes[0] = random.pick([0x00, 0x01, 0x16, 0x7b, 0x80, 0xff]);
  return Buffer.concat([bytes, Buffer.from('\r\n\r\n')]);
}

export interface HostileTarget {
  /** An order that is open, and is to stay as it is. */
  readonly orderId: string;
  /** One that is done. */
  readonly doneOrderId: string;
  readonly bodyBytesMax: number;
}

export class HostileGenerator {
  constructor(private readonly random: Random, private readonly target: HostileTarget) {}

  next(): HostileRequest {
    const { random } = this;
    const kind = random.below(100);
    if (kind < 30) return this.withBody('an order that is none', 'POST', '/orders', badOrder(random));
    if (kind < 44) return this.withBody('broken JSON', random.pick(['POST', 'POST', 'PATCH']), null, brokenJson(random));
    if (kind < 52) return this.amend();
    if (kind < 58) return this.cancel();
    if (kind < 63) return this.batch();
    if (kind < 74) return this.read();
    if (kind < 79) return this.address();
    if (kind < 83) return this.method();
    if (kind < 88) return this.contentType();
    if (kind < 92) return this.headers();
    if (kind < 94) return this.tooLarge();
    if (kind < 97) return this.foreign();
    return { kind: 'no HTTP', method: 'RAW', path: '', bytes: garbage(random) };
  }

  /** What a web page of elsewhere can make a browser send: all of it would be right, but for who asks. */
  private foreign(): HostileRequest {
    const { random, target } = this;
    const [method, path, body] = random.pick<[string, string, string]>([
      ['POST', '/orders', join(Object.entries(BASE))], ['POST', `/orders/${target.orderId}/cancel`, ''], ['DELETE', `/orders/${target.orderId}`, ''],
      ['DELETE', '/orders?client_id=victim', ''], ['GET', '/public/orderbook', ''], ['GET', '/public/stream', ''], ['GET', '/docs', ''],
    ]);
    const who = random.pick([
      'Origin: null', 'Origin: http://evil.example', 'Origin: http://127.0.0.1:1', 'Origin: http://127.0.0.1.', 'Origin: file://', 'Origin: ', 'Origin: http://127.0.0.1, http://127.0.0.1',
      'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Site: same-site', 'Origin: https://localhost', 'Origin: http://localhost.evil.example', 'Host: evil.example',
    ]);
    const json = body === '' ? [] : ['Content-Type: application/json', `Content-Length: ${body.length}`];
    return this.request('a foreign page', method, path, [who, ...json], body);
  }

  private request(kind: string, method: string, path: string, headers: readonly string[], body: Buffer | string = ''): HostileRequest {
    const head = [`${method} ${path} HTTP/1.1`, 'Host: 127.0.0.1', ...headers, ''].map((line) => `${line}\r\n`).join('');
    return { kind, method, path, bytes: Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body as string)]) };
  }

  /** @param path null for any that takes a body */
  private withBody(kind: string, method: string, path: string | null, body: Buffer | string, type = 'application/json'): HostileRequest {
    const { orderId } = this.target;
    const paths = method === 'PATCH' ? [`/orders/${orderId}`] : ['/orders', '/orders/batch', '/orders/', `/orders/${orderId}/cancel`];
    const bytes = Buffer.from(body as string);
    if (this.random.chance(0.15)) return this.chunked(kind, method, path ?? this.random.pick(paths), bytes, type);
    return this.request(kind, method, path ?? this.random.pick(paths), [`Content-Type: ${type}`, `Content-Length: ${bytes.length}`], bytes);
  }

  private chunked(kind: string, method: string, path: string, body: Buffer, type: string): HostileRequest {
    const pieces: Buffer[] = [];
    const size = Math.max(1, Math.ceil(body.length / (1 + this.random.below(4))));
    for (let at = 0; at < body.length; at += size) {
      const piece = body.subarray(at, at + size);
      pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
    }
    return this.request(kind, method, path, [`Content-Type: ${type}`, 'Transfer-Encoding: chunked'], Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')]));
  }

  private amend(): HostileRequest {
    const { random } = this;
    const field = random.pick(['price', 'quantity', 'remaining_quantity', 'idempotency_key']);
    const body = random.pick([
      join([[field, hostileValue(random, field)]]), join([['price', '1'], [field === 'price' ? 'quantity' : field, hostileValue(random, field)]]), '{}', '[]', 'null', '1e400', '"price"',
      '{"quantity":1,"remaining_quantity":1}', '{"price":1,"price":2}', '{"price":1,"side":"sell"}', '{"price":1,"__proto__":{}}', '{"price":1,"client_id":"thief"}', '{"price":1,"instrument":"ETH-USD"}', nested(random),
    ]);
    return this.withBody('an amend that is none', 'PATCH', `/orders/${this.target.orderId}`, body);
  }

  private cancel(): HostileRequest {
    const { random } = this;
    const { orderId, doneOrderId } = this.target;
    const isPost = random.chance(0.5);
    const path = (id: string): string => (isPost ? `/orders/${id}/cancel` : `/orders/${id}`);
    const method = isPost ? 'POST' : 'DELETE';
    if (random.chance(0.5)) {
      const body = random.pick(['null', '[]', '1', '1e9', '"x"', '{"reason":"x"}', '{"idempotency_key":""}', '{"idempotency_key":null}', '{"client_id":"thief"}', '{"client_id":""}', '{"__proto__":{}}', '{"order_id":"x"}', '{"a":1,"a":1}', nested(random)]);
      return this.withBody('a cancel that is none', method, path(orderId), body);
    }
    // Each kind of refusal is one in a hundred requests at least, so that some thousand bring them all.
    const id = random.chance(0.5) ? random.pick([doneOrderId, doneOrderId.toUpperCase()]) : random.pick([...BAD_IDS, UNKNOWN_ORDER]);
    const query = random.chance(0.2) ? `?${random.pick(['x=1', 'client_id=', 'client_id=thief&client_id=b', 'idempotency_key=', '__proto__=1'])}` : '';
    return this.request('a cancel of no order', method, path(id) + query, []);
  }

  private batch(): HostileRequest {
    const { random } = this;
    const order = join([['op', '"place"'], ...Object.entries(BASE)]);
    const body = random.pick([
      '{}', '[]', 'null', '{"operations":[]}', '{"operations":{}}', '{"operations":null}', '{"operations":"x"}', '{"operations":1e400}', `{"operations":[${order}],"operations":[]}`, `{"operations":[${order}],"extra":1}`, `[${order}]`,
      `{"operations":{"0":${order},"length":1}}`, `{"operations":[${Array.from({ length: 1_001 }, () => '{}').join(',')}]}`, `{"operations":[${'[],'.repeat(20_000)}[]]}`, `{"Operations":[${order}]}`, `{"operations":[${order}],"__proto__":{}}`, order,
    ]);
    return this.withBody('a batch that is none', 'POST', '/orders/batch', body);
  }

  private read(): HostileRequest {
    const { random } = this;
    switch (random.below(4)) {
      case 0: return this.request('a bad query', 'GET', `/public/orderbook?${random.pick(BAD_QUERIES)}`, []);
      case 1: return this.request('a bad query', 'GET', `/public/trades?${random.pick([...BAD_QUERIES, 'limit=0', 'limit=1001', 'limit=1e2', 'before=0', 'before=x', 'before=9007199254740993', 'before=', 'limit=10&limit=10'])}`, []);
      case 2: return this.request('a bad listing', random.pick(['GET', 'DELETE']), `/orders?${random.pick(BAD_LIST_QUERIES)}`, []);
      default: return this.request('no order', 'GET', `/public/orders/${random.pick([...BAD_IDS, UNKNOWN_ORDER])}${random.chance(0.1) ? '?x=1' : ''}`, []);
    }
  }

  private address(): HostileRequest {
    const { random } = this;
    if (random.chance(0.3)) return this.request('a long address', random.pick(['GET', 'POST', 'DELETE']), `/orders/${'x'.repeat(8_300 + random.below(5_000))}`, []);
    return this.request('no address', random.pick(['GET', 'POST', 'DELETE', 'PATCH']), random.pick(BAD_ADDRESSES), random.chance(0.2) ? ['Connection: Upgrade', `Upgrade: ${random.pick(['websocket', 'h2c', 'x'])}`] : []);
  }

  private method(): HostileRequest {
    const { random } = this;
    const path = random.pick(['/orders', '/orders/batch', `/orders/${this.target.orderId}`, `/orders/${this.target.orderId}/cancel`, '/public/orderbook', '/public/trades', '/healthz', '/metrics', '/docs', '/nowhere', '*', `/public/orders/${this.target.orderId}`, 'http://elsewhere/orders']);
    const body = random.chance(0.5) ? join(Object.entries(BASE)) : '';
    return this.request('a method that it has not', random.pick(METHODS), path, [`Content-Length: ${body.length}`, 'Content-Type: application/json'], body);
  }

  private contentType(): HostileRequest {
    const { random } = this;
    const good = join(Object.entries(BASE));
    if (random.chance(0.3)) {
      return this.request('an encoded body', 'POST', '/orders', ['Content-Type: application/json', `Content-Encoding: ${random.pick(['gzip', 'br', 'deflate', 'zstd', 'x', 'identity, gzip'])}`, `Content-Length: ${good.length}`], good);
    }
    if (random.chance(0.2)) return this.request('no content type', 'POST', '/orders', [`Content-Length: ${good.length}`], good);
    return this.withBody('another content type', 'POST', '/orders', good, random.pick(BAD_TYPES));
  }

  private headers(): HostileRequest {
    const { random } = this;
    const good = join(Object.entries(BASE));
    const json = ['Content-Type: application/json', `Content-Length: ${good.length}`];
    switch (random.below(4)) {
      case 0: return this.request('huge headers', 'GET', '/healthz', [`X-Large: ${'x'.repeat(17_000 + random.below(40_000))}`]);
      case 1: return this.request('many headers', 'GET', '/healthz', Array.from({ length: 1_500 }, (_, i) => `X-${i}: ${'y'.repeat(10)}`));
      case 2: return this.request('a bad key', 'POST', '/orders', [...json, `Idempotency-Key: ${random.pick(['', ' ', 'x'.repeat(256), 'a\tb', '\x80\x81', 'a, b'.repeat(100)])}`], good);
      default: return this.request('two keys', 'POST', '/orders', [...json, 'Idempotency-Key: a', 'Idempotency-Key: b'], good);
    }
  }

  private tooLarge(): HostileRequest {
    const { random } = this;
    const good = join(Object.entries(BASE));
    const body = `${good}${' '.repeat(this.target.bodyBytesMax - good.length + 1 + random.below(200_000))}`;
    return this.withBody('too large a body', 'POST', random.pick(['/orders', '/orders/batch']), body);
  }

  /** Operations for a batch, none of which is one. */
  operation(): string {
    const { random } = this;
    const { orderId, doneOrderId } = this.target;
    const order = badOrder(random);
    return random.pick([
      order.startsWith('{"client_id"') && !order.startsWith('{"client_id":[') ? order.replace('{', '{"op":"place",') : order,
      join([['op', noWord(random)], ...Object.entries(BASE)]), join([['op', '"cancel"'], ['order_id', JSON.stringify(random.pick(BAD_IDS))]]),
      join([['op', '"cancel"'], ['order_id', `"${orderId}"`], ['client_id', '"thief"']]), join([['op', '"cancel"'], ['order_id', `"${doneOrderId}"`]]), join([['op', '"cancel"']]),
      join([['op', '"cancel"'], ['order_id', `"${orderId}"`], ['client_id', '"hostile"'], ['client_order_id', '"x"']]), join([['op', '"amend"'], ['order_id', `"${orderId}"`]]),
      join([['op', '"amend"'], ['order_id', `"${orderId}"`], ['price', noAmount(random)]]), join([['op', '"amend"'], ['client_order_id', '"x"'], ['price', '1']]),
      'null', '1', '1e400', '"place"', '[]', '{}',
    ]);
  }
}
