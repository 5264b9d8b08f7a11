import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { PASSWORD, PeopleVenue } from '../people/support/people-venue';

/** What loads a venue says who it is where it is asked. */

const FAN_OUT = join(__dirname, '..', '..', 'load-test', 'fan-out.mjs');
const [CLIENTS, RATE, SECONDS] = [3, 40, 1];

jest.setTimeout(60_000);

async function fanOut(url: string, environment: Readonly<Record<string, string>> = {}): Promise<{ code: number | null; told: string }> {
  const { PATH } = process.env;
  const child = spawn(process.execPath, [FAN_OUT, ...[CLIENTS, RATE, SECONDS].map(String), url], { env: { PATH, ...environment } });
  let told = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { told += text; });
  await once(child, 'close');
  return { code: child.exitCode, told };
}

const whole = new RegExp(`^${RATE * SECONDS} orders in .* to ${CLIENTS} clients: ${RATE * SECONDS * CLIENTS * 2} of ${RATE * SECONDS * CLIENTS * 2} messages`);

describe('fan-out.mjs on a venue that asks who it is', () => {
  let venue: PeopleVenue;

  afterEach(() => venue.close());

  it('registers a user of its own, and leaves nothing in the book', async () => {
    venue = await PeopleVenue.open();
    expect(await fanOut(venue.url)).toEqual({ code: 0, told: expect.stringMatching(whole) as string });
    const { body } = await venue.client.get<{ bids: unknown[] }>('/public/orderbook?instrument=BTC-USD');
    expect(body.bids).toEqual([]);
  });

  it('is the user that it is given', async () => {
    venue = await PeopleVenue.open();
    await venue.register('loader');
    expect(await fanOut(venue.url, { LOAD_USER: 'loader', LOAD_PASSWORD: PASSWORD })).toEqual({ code: 0, told: expect.stringMatching(whole) as string });
    const wrong = await fanOut(venue.url, { LOAD_USER: 'loader', LOAD_PASSWORD: `${PASSWORD}x` });
    expect(wrong.code).toBe(1);
    expect(wrong.told).toContain('invalid_credentials');
  });
});
