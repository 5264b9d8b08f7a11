import { buildLibrary, LUA_FILES } from '../../src/engine/library';
import { newOrderId } from '../../src/domain/order-id';
import { PrivateServer } from '../support/servers';
import { until } from '../support/until';
import { Desk, placeCommand } from './support/desk';
import { TestShard } from './support/test-shard';
import { shardProblems } from './support/use-shard';

// Servers of their own: dropping all functions would disturb every other test on a shared one.
describe.each([['redis', false], ['redis cluster', true]] as const)('the function library, on %s', (name, cluster) => {
  let server: PrivateServer;
  let shard: TestShard;

  beforeAll(async () => {
    server = await PrivateServer.redis({ cluster });
    shard = await TestShard.open({ name, url: server.url });
  });

  afterAll(async () => {
    expect(shardProblems(await shard.read())).toEqual([]);
    await shard.close();
    await server.remove();
  });

  test('is loaded on demand, whichever call comes first', async () => {
    const desk = new Desk(shard.engine);
    const calls: (() => Promise<unknown>)[] = [
      () => desk.rest('buy', 100, 1),
      () => desk.massCancel('nobody'),
      () => shard.engine.readBook('BTC-USD', 1),
      () => shard.engine.readOrder(newOrderId()),
      () => shard.engine.readOpenOrders('client', null, null, 10),
      () => shard.engine.setState('open', ['frozen']),
      () => shard.engine.forgetKeys(['k']),
      () => shard.engine.initialise('again'),
    ];
    for (const call of calls) {
      await shard.send('FUNCTION', 'FLUSH');
      await call();
    }
    expect((await shard.engine.meta())?.sequence).toBe(1);
  });

  test('is loaded by one who sent many calls without it: they are carried out in the order sent', async () => {
    const engine = await shard.anotherEngine({ limits: { commandsPerCallMax: 10 } });
    await shard.send('FUNCTION', 'FLUSH');
    const results = await engine.submitAll(Array.from({ length: 200 }, (_, turn) => placeCommand('buy', 100 + turn, 1)));
    const sequences = results.map((result) => (result.outcome === 'logged' ? result.entry.sequence : 0));
    expect(sequences).toEqual(sequences.map((_, i) => (sequences[0] as number) + i));
  });

  test('is loaded by many who find it missing at once: nothing is lost or doubled', async () => {
    const engines = [shard.engine, await shard.anotherEngine(), await shard.anotherEngine()];
    await shard.send('FUNCTION', 'FLUSH');
    const before = (await shard.engine.position()).sequence;
    const results = (await Promise.all(engines.map((engine) => (
      engine.submitAll(Array.from({ length: 200 }, (_, turn) => placeCommand('buy', 100 + turn, 1)))
    )))).flat();
    expect(new Set(results.map((result) => (result.outcome === 'logged' ? result.entry.sequence : 0))).size).toBe(600);
    expect((await shard.engine.position()).sequence).toBe(before + 600);
  });

  test('of two versions work side by side on one shard', async () => {
    const newer = buildLibrary((file, source) => (file === 'reads' ? `${source}\n-- a newer version\n` : source));
    const engine = await shard.anotherEngine({ library: newer });
    await Promise.all(Array.from({ length: 20 }, (_, i) => new Desk(i % 2 === 0 ? engine : shard.engine).rest('buy', 10, 1)));
    const libraries = (await shard.send('FUNCTION', 'LIST')) as string[][];
    expect(libraries.map((library) => library[1]).sort()).toEqual([buildLibrary().name, newer.name].sort());
  });

  test('survives a restart of Redis with the data', async () => {
    const before = await shard.read();
    await server.kill();
    await server.restart();
    const again = await TestShard.open({ name, url: server.url }, { initialise: false });
    await again.close();
    await waitUntilReady();
    expect(await shard.read()).toEqual(before);
    expect(((await shard.send('FUNCTION', 'LIST')) as unknown[]).length).toBe(2);
    await new Desk(shard.engine).rest('buy', 5, 1);
  });

  async function waitUntilReady(): Promise<void> {
    await until('the engine is connected', () => shard.engine.isConnected);
  }
});

test('the name of the library changes with any of its files', () => {
  const name = buildLibrary().name;
  for (const file of LUA_FILES) {
    expect(buildLibrary((current, source) => (current === file ? `${source}\n` : source)).name).not.toBe(name);
  }
  expect(buildLibrary().name).toBe(name);
});
