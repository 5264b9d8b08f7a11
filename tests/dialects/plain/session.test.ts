import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import WebSocket from 'ws';
import { Client, limit } from '../../support/client';
import { until } from '../../support/until';
import { Venue, type RunningApp } from '../../support/venue';
import { plainDialect } from './dialect';
import { TapeClient } from './tape-client';

/** The same use cases behind another way of speaking: nothing in trading, market or the engine knows that there are two. */

/** The book that a tape's lines make: bids, then asks. */
function bookOf(lines: readonly string[]): string[][] {
  const sides = [new Map<string, string>(), new Map<string, string>()];
  for (const line of lines.filter((one) => /^(full|step) /.test(one))) {
    line.split(' |').slice(1).forEach((levels, at) => {
      for (const level of levels.trim().split(' ').filter((one) => one !== '')) {
        const [price = '', size = ''] = level.split('x');
        if (Number(size) === 0) sides[at]?.delete(price);
        else sides[at]?.set(price, level);
      }
    });
  }
  return sides.map((side) => [...side.values()]);
}

const UNKNOWN = '01900000-0000-7000-8000-000000000000';

describe.each([['ahead of Express', true], ['through Express', false]])('a second dialect %s', (_name, hotPath) => {
  let venue: Venue;
  let running: RunningApp;
  let native: Client;

  beforeAll(async () => {
    venue = await Venue.open({ app: { hotPath, dialects: [plainDialect()] } });
    running = await venue.start();
    native = new Client(running.url);
  });
  afterAll(() => venue.close());

  const ask = async (method: string, path: string, init: RequestInit = {}): Promise<{ status: number; headers: Headers; lines: string[] }> => {
    const response = await fetch(`${running.url}/plain${path}`, { method, ...init });
    return { status: response.status, headers: response.headers, lines: (await response.text()).trimEnd().split('\n') };
  };
  const read = async (path: string): Promise<string[]> => (await ask('GET', path)).lines;
  const form = (fields: Readonly<Record<string, string>>): URLSearchParams => new URLSearchParams(fields);
  const call = async (fields: Readonly<Record<string, string>> | URLSearchParams): Promise<string[]> => (
    (await ask('POST', '/call', { body: fields instanceof URLSearchParams ? fields : form(fields) })).lines
  );
  const enter = async (fields: Readonly<Record<string, string>>): Promise<string> => (
    await call({ call: 'enter', account: 'plain', market: 'BTCUSD', ...fields })
  )[0] as string;
  const refOf = (line: string): string => /ref=(\S+)/.exec(line)?.[1] ?? line;

  it('trades a session, and is told it on its tape', async () => {
    const tape = await TapeClient.open(running.url, 'deals:BTCUSD book:BTCUSD orders:BTCUSD');
    await until('an empty book', () => tape.of('full').length === 1);

    const offer = await enter({ way: 'ask', limit: '101', size: '2', tag: 'offer', once: 'first' });
    expect(offer).toMatch(/^OK ref=[0-9a-f-]{36} market=BTCUSD way=ask limit=101\.00 state=open size=2\.00000000 done=0\.00000000 tag=offer$/);
    expect(await enter({ way: 'ask', limit: '101.0', size: '2', tag: 'offer', once: 'first' })).toBe(offer.replace('OK', 'AGAIN'));
    expect(await enter({ way: 'ask', limit: '102', size: '2', tag: 'offer', once: 'first' }))
      .toMatch(/^NO IDEMPOTENCY-KEY-REUSED limit: differs from the request that used this key first \[/);
    expect(await enter({ way: 'ask', limit: '103', size: '1', tag: 'offer' })).toMatch(/^NO DUPLICATE-CLIENT-ORDER-ID \[/);

    const bid = await enter({ way: 'bid', limit: '101.50', size: '0.5', account: 'other' });
    expect(bid).toMatch(/ state=done size=0\.50000000 done=0\.50000000 \| deal=1 limit=101\.00 size=0\.50000000$/);
    const sweep = await enter({ way: 'bid', size: '0.25', account: 'other' });
    expect(sweep).toMatch(/ state=done .* \| deal=2 limit=101\.00 size=0\.25000000$/);
    expect(await read('/tape/BTCUSD')).toEqual(['OK deals=2', 'deal=2 limit=101.00 size=0.25000000', 'deal=1 limit=101.00 size=0.50000000']);
    expect(await read(`/one/${refOf(offer).toUpperCase()}`)).toEqual([expect.stringMatching(/ state=part size=2\.00000000 done=0\.75000000 .*\| deal=1 .*\| deal=2 /)]);

    expect((await call({ call: 'change', account: 'plain', tag: 'offer', limit: '100.5', left: '1' }))[0]).toMatch(/limit=100\.50 state=part size=1\.75000000/);
    expect((await call({ call: 'change', ref: refOf(offer), size: '0.75' }))[0]).toMatch(/^NO QUANTITY-BELOW-FILLED \[/);
    await enter({ way: 'bid', limit: '99', size: '3' });
    const [at, ...ladder] = await read('/ladder/BTCUSD?rows=1');
    expect(ladder).toEqual(['ask 100.50 1.00000000', 'bid 99.00 3.00000000']);
    await tape.caughtUp(Number(at?.slice('OK at='.length)));
    expect(bookOf(tape.lines)).toEqual([['99.00x3.00000000'], ['100.50x1.00000000']]);
    expect((await read('/mine/plain'))[0]).toBe('OK open=2');

    expect((await call({ call: 'withdraw', ref: refOf(offer), account: 'other' }))[0]).toMatch(/^NO ORDER-NOT-FOUND \[/);
    expect((await call({ call: 'withdraw', ref: refOf(offer), account: 'plain' }))[0]).toMatch(/^OK .* state=gone size=1\.75000000 done=0\.75000000 .*\| deal=1 .*\| deal=2 /);
    expect((await call({ call: 'withdraw', ref: refOf(offer) }))[0]).toMatch(/^NO ORDER-NOT-OPEN ref=\S+ .* state=gone .*; left=100000000 \[/);
    expect(await call({ call: 'withdrawAll', account: 'plain' })).toEqual(['OK gone=1']);
    expect(await read('/mine/plain')).toEqual(['OK open=0']);

    await tape.caughtUp(Number(/^OK at=(\d+)/.exec((await read('/ladder/BTCUSD'))[0] ?? '')?.[1]));
    const untimed = (word: string): string[] => tape.of(word).map((line) => line.replace(/ at \d+$/, ''));
    expect(untimed('deal')).toEqual(['deal BTCUSD 101.00x0.50000000 n1', 'deal BTCUSD 101.00x0.25000000 n2']);
    const life = (ref: string): (string | undefined)[] => untimed('order').filter((line) => line.startsWith(`order ref=${ref} `)).map((line) => / state=(.*)/.exec(line)?.[1]);
    expect(life(refOf(offer))).toEqual([
      'open size=2.00000000 done=0.00000000 tag=offer', 'part size=2.00000000 done=0.50000000 tag=offer', 'part size=2.00000000 done=0.75000000 tag=offer',
      'part size=1.75000000 done=0.75000000 tag=offer', 'gone size=1.75000000 done=0.75000000 tag=offer',
    ]);
    expect(life(refOf(bid))).toEqual(['done size=0.50000000 done=0.50000000']);
    expect(bookOf(tape.lines)).toEqual([[], []]);
    expect(tape.of('step').length).toBeGreaterThan(4);
    await tape.close();
  });

  it('refuses a tape in its own words, too', async () => {
    const socket = new WebSocket(`${running.url.replace(/^http/, 'ws')}/plain/tape?on=deals:BTCUSD`, { origin: 'http://evil.example' });
    const [, response] = await once(socket, 'unexpected-response') as [unknown, IncomingMessage];
    expect([response.statusCode, await text(response)]).toEqual([200, expect.stringMatching(/^NO ORIGIN-NOT-ALLOWED /)]);
    const client = await TapeClient.open(running.url, 'deals:BTC-USD');
    await until('a refusal', () => client.lines.length > 0);
    expect(client.lines).toEqual(['no - VALIDATION-FAILED']);
    await client.close();
  });

  it('carries out several calls in their order, each with its own answer', async () => {
    const lines = new URLSearchParams({ call: 'several' });
    for (const line of [
      { call: 'enter', account: 'many', market: 'ETHUSD', way: 'bid', limit: '10', size: '1', tag: 'a' },
      { call: 'enter', account: 'many', market: 'ETHUSD', way: 'bid', limit: '10.001', size: '0' },
      { call: 'enter', account: 'many', market: 'NO-SUCH', way: 'bid', limit: '10', size: '1' },
      { call: 'change', account: 'many', tag: 'a', limit: '11' },
      { call: 'withdraw', account: 'many', tag: 'a' },
      { call: 'withdraw', account: 'many', tag: 'a' },
    ]) lines.append('line', form(line).toString());
    expect(await call(lines)).toEqual([
      expect.stringMatching(/^OK .* limit=10\.00 state=open /),
      'NO VALIDATION-FAILED limit: must be a multiple of 0.01; size: must be greater than zero',
      'NO INSTRUMENT-NOT-FOUND',
      expect.stringMatching(/^OK .* limit=11\.00 state=open /),
      expect.stringMatching(/^OK .* state=gone /),
      expect.stringMatching(/^NO ORDER-NOT-FOUND/),
    ]);
  });

  it('says in its own words what is no call of it', async () => {
    for (const [method, path, init, line] of [
      ['GET', '/nowhere', {}, 'NOT-FOUND'],
      ['GET', '/one/x/y', {}, 'NOT-FOUND'],
      ['DELETE', '/call', {}, 'METHOD-NOT-ALLOWED'],
      ['GET', '/one/%zz', {}, 'VALIDATION-FAILED The address is not valid.'],
      ['GET', `/one/${UNKNOWN}`, {}, 'ORDER-NOT-FOUND'],
      ['GET', '/one/x', {}, 'ORDER-NOT-FOUND'],
      ['GET', '/ladder/NO-SUCH', {}, 'INSTRUMENT-NOT-FOUND'],
      ['POST', '/call', {}, 'VALIDATION-FAILED call: missing'],
      ['POST', '/call', { body: '{}', headers: { 'Content-Type': 'application/json' } }, 'UNSUPPORTED-MEDIA-TYPE'],
      ['POST', '/call', { body: form({ call: 'enter', way: 'up', account: 'a', market: 'BTCUSD' }) }, 'VALIDATION-FAILED way: not one of bid, ask'],
      ['GET', `/${'x'.repeat(9_000)}`, {}, 'URI-TOO-LONG'],
      ['POST', '/call', { body: form({ call: 'withdrawAll', account: 'a' }), headers: { Origin: 'http://evil.example' } }, 'ORIGIN-NOT-ALLOWED'],
    ] as const) {
      const { status, headers, lines } = await ask(method, path, init);
      expect([path.slice(0, 40), status, headers.get('content-type')]).toEqual([path.slice(0, 40), 200, 'text/plain; charset=utf-8']);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(new RegExp(`^NO ${line}`));
      expect(lines[0]).toContain(`[${headers.get('x-request-id')}]`);
    }
  });

  it('and the native one speak of the same orders, each in its words', async () => {
    const entered = await enter({ way: 'bid', limit: '50', size: '1', account: 'both', tag: 'mine' });
    const { body } = await native.order(refOf(entered));
    expect(body).toMatchObject({ client_id: 'both', client_order_id: 'mine', side: 'buy', price: '50.00', quantity: '1.00000000', status: 'open' });
    const placed = await native.place(limit({ client_id: 'both', price: '49.00', client_order_id: 'theirs' }));
    expect((await call({ call: 'withdraw', account: 'both', tag: 'theirs' }))[0]).toContain(`ref=${placed.body.order_id} market=BTCUSD way=bid limit=49.00 state=gone`);
    expect((await native.cancel(refOf(entered))).body.status).toBe('cancelled');
    expect((await native.call<{ code: string }>('GET', '/plainly', { outside: 'NotFound' })).body.code).toBe('not_found');
  });

  it('needs nothing of the native one', () => {
    const imports = ['dialect.ts', 'tape.ts', 'words.ts'].flatMap((file) => (
      [...readFileSync(join(__dirname, file), 'utf8').matchAll(/from '\.\.\/\.\.\/\.\.\/src\/([^']+)'/g)].map((match) => match[1] as string)
    ));
    expect(imports.length).toBeGreaterThan(15);
    const known = /^(domain\/|dialects\/(services|streams)$|http\/(answer|dialect)$|stream\/(dialect|level-merge|news|stream-position|subscriptions)$|trading\/requests$)/;
    expect(imports.filter((file) => !known.test(file))).toEqual([]);
  });
});
