import { ServiceProcess } from '../persistence/support/service-process';
import { Load, testSeed } from '../persistence/support/load';
import { faultsOf, readRecord } from '../persistence/support/record';
import { ShardView } from '../persistence/support/shard-view';
import { callOnce } from '../support/client';
import { until } from '../support/until';
import { Venue } from '../support/venue';

const WORKERS = 2;

/** Sum of a counter's samples on a metrics page. */
function total(page: string, name: string): number {
  return page.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

describe('API_WORKERS', () => {
  let venue: Venue;
  let service: ServiceProcess;

  beforeEach(async () => {
    venue = await Venue.open();
    service = new ServiceProcess(venue.environment({ API_WORKERS: String(WORKERS), LOG_LEVEL: 'info' }));
  });
  afterEach(async () => {
    await ServiceProcess.killAll();
    await venue.close();
  });

  /** Process ids of the workers that serve now, by what they log. */
  const serving = (role: string): number[] => service.lines
    .filter((line) => line.msg === 'serving' && (line.roles as string[])[0] === role).map((line) => line.pid as number);

  async function untilServing(api: number, writer: number): Promise<string> {
    await until(`${api} API workers and ${writer} writers served`, () => serving('api').length >= api && serving('writer').length >= writer);
    return service.serving().then(() => `http://127.0.0.1:${String(service.lines.find((line) => line.msg === 'serving' && line.port !== null)?.port)}`);
  }

  it('serve one port and one book beside one writer, add up their metrics, and are replaced when they die', async () => {
    const url = await untilServing(WORKERS, 1);
    const load = new Load(() => url, { seed: testSeed('workers'), workers: 6, persistent: true });
    load.start();
    const orders = async (): Promise<number> => total((await callOnce(url, 'GET', '/metrics')).text, 'orders_received_total');
    await until('orders came in', async () => await orders() > 50);
    process.kill(serving('api')[0] as number, 'SIGKILL');
    process.kill(serving('writer')[0] as number, 'SIGKILL');
    await untilServing(WORKERS + 1, 2);
    await load.stop();
    load.close();
    await new ShardView(venue).persisted();
    const record = await readRecord(venue.database);
    expect(faultsOf(record, load)).toEqual([]);

    // What an ended worker has told stays in the sum: nothing that was counted goes back. What is true of a process goes with it.
    const counted = async (): Promise<number[]> => {
      const { text } = await callOnce(url, 'GET', '/metrics');
      return ['orders_received_total', 'trades_total', 'order_latency_seconds_count', 'order_latency_seconds_bucket', 'order_latency_seconds_sum', 'writer_batch_entries_count']
        .map((name) => total(text, name));
    };
    const summed = await counted();
    expect(summed.every((value) => value > 0)).toBe(true);
    const openFiles = async (): Promise<number> => total((await callOnce(url, 'GET', '/metrics')).text, 'process_open_fds');
    const opened = await openFiles();
    for (const pid of [serving('api')[1], serving('writer')[1]] as number[]) process.kill(pid, 'SIGKILL');
    await untilServing(WORKERS + 2, 3);
    expect(await counted()).toEqual(summed);
    expect(await openFiles()).toBeLessThan(1.5 * opened);

    // Each request over a connection of its own goes to the workers in turn; every page tells the sum of both.
    const before = await orders();
    const order = { client_id: 'sum', side: 'buy', type: 'limit', price: '100.00', quantity: '0.5' };
    for (let i = 0; i < 10; i++) {
      const { status } = await callOnce(url, 'POST', '/orders', { body: order });
      expect(status).toBe(201);
    }
    expect(await orders()).toBe(before + 10);
    const page = (await callOnce(url, 'GET', '/metrics')).text;
    expect(total(page, 'writer_active')).toBe(1);
    expect(total(page, 'writer_lag_entries')).toBeLessThanOrEqual(10);

    service.signal('SIGTERM');
    expect(await service.exited()).toBe(0);
    await expect(callOnce(url, 'GET', '/healthz')).rejects.toThrow('ECONNREFUSED');
  });

  it('end with their parent, and with a setting that cannot work', async () => {
    const url = await untilServing(WORKERS, 1);
    const second = new ServiceProcess(venue.environment({ API_WORKERS: '2', PORT: new URL(url).port }));
    expect(await second.exited()).toBe(1);
    expect(second.stderr).toContain(`port ${new URL(url).port} is in use`);
    await service.kill();
    await until('the port is free', () => callOnce(url, 'GET', '/healthz').then(() => false, () => true));
    const pids = [...serving('api'), ...serving('writer')];
    await until('no worker is left', () => pids.every((pid) => {
      try {
        process.kill(pid, 0);
        return false;
      } catch {
        return true;
      }
    }));
  });
});
