import pino from 'pino';
import { SHARD_LAYOUT_VERSION } from '../../src/domain/layouts';
import type { RedisSide } from '../../src/recovery/lineage';
import type { RebuildSource, RebuildTarget } from '../../src/recovery/rebuild';
import { ShardKeeper, type KeptEngine } from '../../src/recovery/shard-keeper';

const EPOCH = 'one';
const MINUTE_MS = 60_000;

/** A keeper that is to ask for cover, on a shard that was kept without; what is not named here may not be touched. */
function uncoveredShard(): { keeper: ShardKeeper; looks: number[]; said: unknown[]; touched: string[]; cover: () => void } {
  const [looks, said, touched]: [number[], unknown[], string[]] = [[], [], []];
  let state: RedisSide['state'] = 'open';
  let isCovered = false;
  const engine: KeptEngine = {
    isConnected: true,
    known: null,
    meta: () => Promise.resolve({ epoch: EPOCH, sequence: 5, state, persisted: 5, layoutVersion: SHARD_LAYOUT_VERSION, funds: 'paper' }),
    setState: (wanted) => Promise.resolve(void (state = wanted)),
    unbind: () => undefined,
    bind: () => undefined,
    initialise: () => Promise.resolve(false),
    register: () => Promise.resolve(true),
    load: () => Promise.resolve(),
  };
  const checkpoint = () => Promise.resolve({ epoch: EPOCH, sequence: 5, timeUs: 1 });
  const source = {
    checkpoint,
    funds: () => Promise.resolve('paper'),
    catalogue: () => Promise.resolve([]),
    uncovered: () => {
      looks.push(performance.now());
      return Promise.resolve(isCovered ? { count: 0, some: [] } : { count: 2, some: ['carl USD', 'dora BTC'] });
    },
    beginEpoch: (_from: unknown, _epoch: unknown, reason: string) => {
      touched.push(`epoch for ${reason}`);
      return Promise.reject(new Error('as far as it goes'));
    },
    close: () => Promise.resolve(),
  } as unknown as RebuildSource & { close(): Promise<void> };
  const target = new Proxy({}, { get: (_, name) => touched.push(String(name)) }) as RebuildTarget;
  const logger = pino({ level: 'info' }, {
    write: (line: string) => {
      const { problem, msg } = JSON.parse(line) as { problem?: string; msg: string };
      said.push(problem ?? msg);
    },
  });
  const options = { shard: 'main', autoRecover: true, idempotencyTtlS: 1, recentTradesKept: 1, funds: 'required' as const, scales: new Map() };
  const keeper = new ShardKeeper(
    engine, { checkpoint, createCheckpoint: () => Promise.resolve(false) }, () => Promise.resolve(source), target, options, logger, { recovered: () => undefined },
  );
  return { keeper, looks, said, touched, cover: () => { isCovered = true; } };
}

beforeEach(() => { jest.useFakeTimers(); });
afterEach(() => { jest.useRealTimers(); });

test('accounts without cover are waited for: said once, looked for less and less often, and nothing is begun before they are covered', async () => {
  const { keeper, looks, said, touched, cover } = uncoveredShard();
  keeper.start();
  await jest.advanceTimersByTimeAsync(10 * MINUTE_MS);
  expect(looks.slice(1).map((at, i) => Math.round((at - (looks[i] as number)) / 1_000))).toEqual([1, 2, 4, 8, 16, 32, ...new Array<number>(8).fill(60)]);
  expect([said, touched, keeper.problem]).toEqual([['other_funds', 'FUNDS is required and was paper: the shard changes to that', 'uncovered_funds'], [], 'uncovered_funds']);
  cover();
  await jest.advanceTimersByTimeAsync(MINUTE_MS);
  expect(touched[0]).toBe('epoch for other_funds');
  await keeper.stop();
});
