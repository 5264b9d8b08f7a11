import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { OpenfillClient } from '#openfill-client';
import { findFreePort } from '../../src/servers/ports';
import { playRecording } from '../../src/recording/player';
import { record } from '../../src/recording/recorder';
import { Load, testSeed } from '../persistence/support/load';
import { ServiceProcess } from '../persistence/support/service-process';
import { until } from '../support/until';
import { temporaryDirectory } from '../support/servers';
import { Venue } from '../support/venue';

const ROOT = join(__dirname, '..', '..');
const REQUESTS = 240;

describe('a market that is recorded', () => {
  it('is waited for aloud while there is none, and a recording that never began says so', async () => {
    const directory = temporaryDirectory('recording');
    const url = `http://127.0.0.1:${await findFreePort('127.0.0.1')}`;
    const child = spawn(process.execPath, ['scripts/run.mjs', 'record', '--url', url, '--out', join(directory.path, 'none.gz')], { cwd: ROOT });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => { said += text; });
    // Whoever sets the checkout up for it may say something first.
    await until('it says what it waits for', () => said.includes('record: waiting'));
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await exited).toEqual([1, null]);
    expect(said.slice(said.indexOf('record:'))).toBe(`record: waiting for ${url}; is it started ("npm run up")?\nrecord: ended before ${url} could be reached\n`);
    directory.remove();
  });

  it('comes out the same in another venue: trades, queues and books, over a restart and from a book that was not empty', async () => {
    const directory = temporaryDirectory('recording');
    const venue = await Venue.open();
    const file = join(directory.path, 'market.ndjson.gz');
    const seed = testSeed('recorded market');
    const app = await venue.start();
    const port = await findFreePort('127.0.0.1');
    const start = async (): Promise<ServiceProcess> => {
      const service = new ServiceProcess(venue.environment({ PORT: String(port), LOG_LEVEL: 'info', ROLES: 'api' }));
      await service.serving();
      return service;
    };
    let service = await start();
    // What orders hide that were there before is in no recording.
    const before = new Load(() => app.url, { seed: seed + 1, workers: 3, hides: false });
    await before.run(60);
    before.close();
    const load = new Load(() => app.url, { seed, workers: 3 });

    const child = spawn(process.execPath, ['scripts/run.mjs', 'record', '--url', `http://127.0.0.1:${port}`, '--out', file], { cwd: ROOT });
    let output = '';
    for (const from of [child.stdout, child.stderr]) from.setEncoding('utf8').on('data', (text: string) => { output += text; });
    await until('it records', () => {
      if (child.exitCode !== null) throw new Error(`the recorder ended: ${output}`);
      return output.includes('recording http');
    });
    await load.run(REQUESTS / 2);
    await service.kill();
    await load.run(REQUESTS / 4);
    service = await start();
    await load.run(REQUESTS / 4);
    load.close();
    const client = new OpenfillClient(app.url);
    const end = (await client.orderbook()).sequence;
    await until('the recorder has caught up', () => statSync(file).size > 0);
    child.kill('SIGINT');
    const [code] = await once(child, 'close') as [number];
    expect([code, /up to sequence (\d+)/.exec(output)?.[1], output.includes(' 0 holes')]).toEqual([0, String(end), true]);
    const lines = gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toMatchObject({ recording: 1, channels: ['orderbook', 'trades', 'orders', 'instruments'] });
    expect(lines.at(-1)).toMatchObject({ sequence: end });

    const queues = async (of: OpenfillClient): Promise<unknown[]> => Promise.all(['BTC-USD', 'ETH-USD'].map(async (instrument) => {
      const { bids, asks } = await of.orderQueues({ instrument, levels: 5_000 });
      return [bids, asks].map((side) => side.map(([price, quantity]) => [price, quantity]));
    }));
    const recorded = await queues(client);
    await service.kill();
    await app.stop();
    const other = await Venue.open();
    const second = await other.start();
    const report = await playRecording(file, second.url, Infinity);
    expect(report.differences).toEqual([]);
    expect(report.trades).toBeGreaterThan(20);
    const played = new OpenfillClient(second.url);
    expect(await queues(played)).toEqual(recorded);
    await expect(playRecording(file, second.url, Infinity)).rejects.toThrow('is not empty');
    // A recorder that was killed leaves what it had, and that is told.
    const cut = join(directory.path, 'cut.ndjson.gz');
    copyFileSync(file, cut);
    truncateSync(cut, Math.floor(statSync(file).size * 0.8));
    for (const client_id of ['recording', 'ann', 'bob "the" \\ builder', 'çèé-客户', 'dan']) await played.cancelAll(client_id);
    expect((await playRecording(cut, second.url, Infinity)).differences[0]).toContain('the recording is not whole');
    await other.close();
    await venue.close();
    directory.remove();
  });

  it('is given up with the reason when its file cannot be written', async () => {
    const venue = await Venue.open();
    const app = await venue.start();
    const channels = ['orderbook', 'trades', 'orders'] as const;
    await expect(record({ url: app.url, file: '/dev/full', channels }, new AbortController().signal, () => undefined)).rejects.toThrow('ENOSPC');
    await expect(record({ url: app.url, file: join(venue.shard, 'no', 'such'), channels }, new AbortController().signal, () => undefined)).rejects.toThrow('ENOENT');
    await venue.close();
  });
});
