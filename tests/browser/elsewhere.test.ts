import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { chromiumProgram, startChromium } from '../support/chromium';
import { Client, limit, type ProblemBody } from '../support/client';
import { Venue, type RunningApp } from '../support/venue';

jest.setTimeout(180_000);

const program = chromiumProgram();
const SCRIPT = readFileSync(join(__dirname, 'support', 'tries.js'), 'utf8');
const BLANK = '<!doctype html><title>a page</title><body>';

/** A site of its own, that a person visits. */
class Site {
  private constructor(private readonly server: Server, readonly port: number) {}

  static async open(): Promise<Site> {
    const server = createServer((_request, response) => { response.setHeader('Content-Type', 'text/html').end(BLANK); });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Site(server, (server.address() as AddressInfo).port);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

(program === null ? describe.skip : describe)('in a browser, where nobody is asked who they are', () => {
  let site: Site;
  let allowed: Site;
  let venue: Venue;
  let running: RunningApp;
  let client: Client;
  let browser: Browser;
  let orderId: string;

  beforeAll(async () => {
    [site, allowed] = await Promise.all([Site.open(), Site.open()]);
    venue = await Venue.open({ environment: { ALLOWED_ORIGINS: `http://terminal.example:${allowed.port}` } });
    running = await venue.start();
    client = new Client(running.url);
    // Newer browsers ask a person before a page of elsewhere may reach the machine at all; others do not, and people say yes.
    browser = await startChromium(program as string, ['--host-resolver-rules=MAP *.example 127.0.0.1', '--disable-features=LocalNetworkAccessChecks']);
  });
  afterAll(async () => {
    await browser.close();
    client.close();
    await venue.close();
    await Promise.all([site.close(), allowed.close()]);
  });
  beforeEach(async () => {
    await client.call('DELETE', '/orders?client_id=victim');
    orderId = (await client.place(limit({ client_id: 'victim' }))).body.order_id;
  });

  /** Last number of the log: no command was carried out where it stays. */
  const sequence = (): Promise<unknown> => venue.redis.command('HGET', `{${venue.shard}}:meta`, 'seq');
  const log = (): Promise<unknown> => venue.redis.command('XINFO', 'STREAM', `{${venue.shard}}:log`);
  const tryAll = async (page: Page, url: string): Promise<Record<string, string>> => {
    await page.evaluate(SCRIPT);
    const order = limit({ client_id: 'victim', side: 'sell', price: '200.00' });
    return page.evaluate<Record<string, string>>(`tries(${JSON.stringify(url)}, ${JSON.stringify(orderId)}, ${JSON.stringify(order)})`);
  };
  const onPage = async <T>(work: (page: Page) => Promise<T>): Promise<T> => {
    const context = await browser.newContext();
    try {
      return await work(await context.newPage());
    } finally {
      await context.close();
    }
  };

  it.each([
    ['of another port', () => `http://127.0.0.1:${site.port}`, () => running.url],
    ['of another name of the machine', () => `http://localhost:${site.port}`, () => running.url],
    ['that asks for localhost', () => `http://127.0.0.1:${site.port}`, () => `http://localhost:${running.port}`],
    ['of another site', () => `http://evil.example:${site.port}`, () => running.url],
    ['of another site, by a name that points here', () => `http://evil.example:${site.port}`, () => `http://rebound.example:${running.port}`],
    ['of a name below an allowed one', () => `http://a.terminal.example:${allowed.port}`, () => running.url],
  ])('a page %s trades nothing and reads nothing', async (_name, from, to) => {
    const before = [await sequence(), await log(), (await client.book()).body];
    const results = await onPage(async (page) => {
      await page.goto(from());
      return tryAll(page, to());
    });
    expect(Object.keys(results)).toHaveLength(21);
    expect(Object.entries(results).filter(([, learnt]) => learnt !== 'nothing')).toEqual([]);
    expect([await sequence(), await log()]).toEqual(before.slice(0, 2));
    const { timestamp: _then, ...book } = before[2] as { timestamp: string };
    expect((await client.book()).body).toMatchObject(book);
    expect((await client.order(orderId)).body).toMatchObject({ status: 'open', price: '100.00' });
  });

  it('a page whose own name comes to point at the service trades nothing, and reads that it may not', async () => {
    const before = await sequence();
    const url = `http://rebound.example:${running.port}`;
    const [results, answer] = await onPage(async (page) => {
      // Its first load still came from its own server.
      await page.route(url, (route) => route.fulfill({ contentType: 'text/html', body: BLANK }));
      await page.goto(url);
      await page.unroute(url);
      const all = await tryAll(page, url);
      return [all, await page.evaluate<ProblemBody>('fetch("/orders?client_id=victim").then((answer) => answer.json())')] as const;
    });
    expect(answer.code).toBe('origin_not_allowed');
    expect(answer).not.toHaveProperty('orders');
    // It frames its own site, and so sees that, too, refused.
    const learnt = Object.entries(results).filter(([name]) => name !== 'frame orders').map(([, word]) => word);
    expect(learnt.filter((word) => word !== 'nothing' && word !== '403')).toEqual([]);
    expect(await sequence()).toBe(before);
    expect((await client.order(orderId)).body).toMatchObject({ status: 'open', price: '100.00' });
  });

  const MAY = {
    'read the book': '200', 'read orders': '200', 'read the documents': '200', 'place as JSON': '201', 'place as text': '415', 'place by a form': '415', amend: '200',
    'load an image': 'nothing', 'load a script': 'loaded', 'open the stream': 'open', 'open order entry': 'open', 'follow events': 'open', 'cancel all': '200',
  };

  it.each(['127.0.0.1', 'localhost'])('the service\'s own page at %s does all of it', async (name) => {
    const url = `http://${name}:${running.port}`;
    const results = await onPage(async (page) => {
      await page.goto(`${url}/openapi.json`);
      return tryAll(page, url);
    });
    expect(results).toMatchObject({ ...MAY, 'frame orders': 'read', 'cancel without asking': '200' });
    expect((await client.list('?client_id=victim')).body.orders).toEqual([]);
  });

  it('a page of ALLOWED_ORIGINS trades, and reads what it asks for', async () => {
    const results = await onPage(async (page) => {
      await page.goto(`http://terminal.example:${allowed.port}`);
      return tryAll(page, running.url);
    });
    // What a page loads without asking is no page's by its headers: that stays as it is for any.
    expect(results).toMatchObject({ ...MAY, 'place by a form': 'nothing', 'load a script': 'nothing', 'frame orders': 'nothing' });
    expect((await client.list('?client_id=victim')).body.orders).toEqual([]);
  });
});
