import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../audit/support';
import { callOnce } from '../support/client';
import { temporaryDirectory } from '../support/servers';
import { UpProcess } from '../support/up-process';

jest.setTimeout(120_000);
afterEach(() => UpProcess.killAll());

describe("the operator's commands on a stopped venue", () => {
  const directory = temporaryDirectory('stopped');
  afterAll(() => directory.remove());
  const environment = { DATA_DIR: directory.path };

  const book = async (url: string): Promise<unknown> =>
    (await callOnce<{ bids: unknown }>(url, 'GET', '/public/orderbook?instrument=BTC-USD')).body.bids;

  it('start its servers for as long as they take: verify audits it, tells of an empty redis, recover rebuilds it', async () => {
    expect(await runCommand('verify', environment)).toMatchObject({ code: 1, stderr: expect.stringMatching(/^openfill: no venue found: there is no data in /) as string });

    const up = UpProcess.direct({ PORT: '0', ...environment });
    const url = ((await up.ready())[0] ?? '').replace('openfill ready on ', '');
    for (const price of ['100.00', '100.00', '101.00']) {
      const answer = await callOnce(url, 'POST', '/orders', { body: { client_id: 'ann', instrument: 'BTC-USD', side: 'buy', type: 'limit', price, quantity: '1' } });
      expect(answer.status).toBe(201);
    }
    const bids = await book(url);
    expect(await runCommand('verify', environment)).toMatchObject({ code: 0, stderr: '' });
    await up.signal('SIGTERM');

    expect(await runCommand('verify', environment)).toMatchObject({
      code: 0, stdout: expect.stringContaining('verified up to sequence 3: everything agrees') as string,
    });

    rmSync(join(directory.path, 'redis'), { recursive: true });
    expect(await runCommand('verify', environment)).toMatchObject({
      code: 1, stdout: '', stderr: expect.stringMatching(/openfill: redis is empty, postgres holds the history of shard main up to sequence 3: "npm run recover", /) as string,
    });
    expect(await runCommand('recover', environment, ['--dry-run'])).toMatchObject({
      code: 0, stdout: expect.stringMatching(/^redis: {4}empty\npostgres: epoch \S+, sequence 3\nredis_lost: the shard would be rebuilt from postgres\n$/) as string,
    });
    expect(await runCommand('recover', environment)).toMatchObject({ code: 0, stdout: expect.stringContaining('3 open orders') as string });
    expect(await runCommand('verify', environment)).toMatchObject({ code: 0 });

    const again = UpProcess.direct({ PORT: '0', ...environment });
    expect(await book(((await again.ready())[0] ?? '').replace('openfill ready on ', ''))).toEqual(bids);
    await again.signal('SIGTERM');
  });
});
