import type { ResultCode } from '../../src/domain/result-code';
import { buildLibrary, type FunctionLibrary } from '../../src/engine/library';
import { ORDER_RECORD } from '../../src/domain/layouts';
import { compactId, newOrderId } from '../../src/domain/order-id';
import { shardKeys } from '../../src/engine/keys';
import { amendCommand, cancelCommand, Desk, placeCommand } from './support/desk';
import { readShard } from './support/read-shard';
import { clusterRedis, describeOnEachRedis, type RedisTarget } from './support/redis-targets';
import { EPOCH, TestShard } from './support/test-shard';
import { shardProblems, useShard } from './support/use-shard';

function everyCommand(): Parameters<Desk['refused']>[0][] {
  return [
    placeCommand('buy', 100, 1), placeCommand('buy', 100, 1, { key: 'k' }), cancelCommand(newOrderId()),
    amendCommand(newOrderId(), { price: 1 }),
    { op: 'mass_cancel', actor: null, clientId: 'client', instrument: null, after: 0, bound: null, pageSize: 10 },
  ];
}

async function expectAllRefused({ engine }: TestShard, code: ResultCode): Promise<void> {
  for (const command of everyCommand()) {
    expect(await engine.submit(command)).toEqual({ outcome: 'refused', code, order: null });
  }
}

describeOnEachRedis('states of the shard', (target) => {
  const venue = useShard(target);

  test.each([['frozen', 'engine_frozen'], ['recovering', 'engine_recovering'], ['faulted', 'engine_unavailable']] as const)(
    '%s refuses every command and changes nothing', async (state, code) => {
      const { desk, shard } = venue;
      await desk.rest('buy', 99, 1);
      expect(await shard.engine.setState(state, ['open'])).toBe('open');
      const before = await shard.read();
      await expectAllRefused(shard, code);
      expect(await shard.read()).toEqual(before);
      expect(await shard.engine.setState('open', [state])).toBe(state);
      await desk.rest('buy', 98, 1);
    },
  );

  test('changes only from a state that the caller expects', async () => {
    const { shard } = venue;
    expect(await shard.engine.setState('open', ['frozen'])).toBe('open');
    expect(await shard.engine.setState('frozen', ['open', 'recovering'])).toBe('open');
    expect(await shard.engine.setState('recovering', ['open'])).toBe('frozen');
    expect((await shard.engine.meta())?.state).toBe('frozen');
    expect(await shard.engine.setState('recovering', ['open', 'frozen'])).toBe('frozen');
    expect((await shard.engine.meta())?.state).toBe('recovering');
  });

  test('is stopped with a reason from outside, in the life that is meant', async () => {
    const { shard } = venue;
    await shard.engine.fault('another-epoch', 'of another life');
    expect((await shard.read()).meta).toMatchObject({ state: 'open' });
    expect((await shard.read()).meta.fault).toBeUndefined();
    for (const state of ['open', 'frozen', 'recovering'] as const) {
      await shard.engine.setState(state, ['open', 'faulted']);
      await shard.engine.fault(EPOCH, `while ${state}`);
      expect((await shard.read()).meta).toMatchObject({ state: 'faulted', fault: `while ${state}`, epoch: EPOCH });
    }
  });

  test('begins once: a second beginning changes nothing', async () => {
    const { desk, shard } = venue;
    await desk.rest('buy', 99, 1);
    const before = await shard.read();
    expect(await shard.engine.initialise('another-epoch')).toBe(false);
    expect(await shard.read()).toEqual(before);
    expect(await shard.engine.meta()).toMatchObject({ state: 'open', epoch: EPOCH, sequence: 1, persisted: 0 });
  });

  test('an engine bound to one life of the shard refuses another, and an older one', async () => {
    const { desk, shard } = venue;
    shard.engine.bind(EPOCH, 0);
    await desk.rest('buy', 99, 1);
    await desk.rest('buy', 98, 1);
    await shard.send('HSET', shard.engine.keys.meta, 'seq', '1');
    await expectAllRefused(shard, 'engine_recovering');
    await shard.send('HSET', shard.engine.keys.meta, 'seq', '2');
    await desk.rest('buy', 97, 1);
    await shard.send('HSET', shard.engine.keys.meta, 'epoch', 'another');
    await expectAllRefused(shard, 'engine_recovering');
    await shard.send('HSET', shard.engine.keys.meta, 'epoch', EPOCH);
    await desk.rest('buy', 96, 1);
  });

  test('who keeps the shard is told of each call that Redis refuses though it was let through: not of a frozen one, which is its own', async () => {
    const { shard } = venue;
    let told = 0;
    shard.engine.onNotTaken(() => { told++; });
    const toldOf = async (...change: string[]): Promise<number> => {
      told = 0;
      await shard.send('HSET', shard.engine.keys.meta, ...change);
      await shard.engine.submit(placeCommand('buy', 100, 1));
      return told;
    };
    shard.engine.bind(EPOCH, 0);
    expect(await toldOf('state', 'open')).toBe(0);
    expect(await toldOf('state', 'frozen')).toBe(0);
    expect(await toldOf('state', 'recovering')).toBe(1);
    expect(await toldOf('state', 'open', 'epoch', 'another')).toBe(1);
    shard.engine.unbind('engine_recovering');
    expect(await toldOf('epoch', 'another')).toBe(0);
  });

  test('an engine that has been unbound refuses by itself, until it is bound again', async () => {
    const { desk, shard } = venue;
    shard.engine.unbind('engine_recovering');
    await expectAllRefused(shard, 'engine_recovering');
    await expect(shard.engine.readBook('BTC-USD', 10)).rejects.toMatchObject({ code: 'engine_recovering' });
    shard.engine.bind(EPOCH, 0);
    await desk.rest('buy', 99, 1);
  });
});

describeOnEachRedis('an empty Redis', (target) => {
  test('refuses every command: a lost book is never started anew in silence', async () => {
    const shard = await TestShard.open(target, { initialise: false });
    try {
      await expectAllRefused(shard, 'engine_unavailable');
      expect(await shard.engine.meta()).toBeNull();
      expect(await shard.engine.setState('open', ['frozen', 'recovering', 'faulted'])).toBeNull();
      expect(await shard.send('KEYS', `{${shard.name}}:*`)).toEqual([]);
    } finally {
      await shard.close();
    }
  });
});

function breaking(file: string, find: string, replace: string): FunctionLibrary {
  return buildLibrary((name, source) => {
    if (name !== file) return source;
    if (source.split(find).length !== 2) throw new Error(`"${find}" must stand once in ${file}.lua`);
    return source.replace(find, () => replace);
  });
}

/** A shard whose engine breaks at client `breaks`, with two orders in the book from before. */
async function shardThatBreaks(target: RedisTarget, library: FunctionLibrary): Promise<TestShard> {
  const shard = await TestShard.open(target, { library });
  await new Desk(shard.engine).rest('sell', 100, 5);
  await new Desk(shard.engine).rest('sell', 101, 5);
  return shard;
}

const whenItBreaks = "if client == 'breaks' then error('planted') end";
const STORES = 'shard.records[id] = record';

describeOnEachRedis('an unexpected error in the engine', (target) => {
  test.each([
    ['before anything is changed', 'commands/place', '  next_seq(shard)\n', `${whenItBreaks}\n  next_seq(shard)\n`],
    ['after the sequence advanced', 'commands/place', '  next_seq(shard)\n', `  next_seq(shard)\n  ${whenItBreaks}\n`],
    ['after its trades were carried out', 'commands/place', 'if rests then\n    joined', `${whenItBreaks}\n  if rests then\n    joined`],
    ['right before it is logged', 'commands/place', STORES, `${STORES} ${whenItBreaks}`],
    ['of Redis itself', 'commands/place', STORES, `${STORES} if client == 'breaks' then call('HSET', shard.log_key, 'a', 'b') end`],
  ])('%s: the shard stops, log and sequence stay whole', async (_, file, find, replace) => {
    const shard = await shardThatBreaks(target, breaking(file, find, replace));
    try {
      const before = await shard.read();
      const results = await shard.engine.submitAll([
        placeCommand('buy', 99, 1),
        placeCommand('buy', 101, 7, { client: 'breaks', key: 'k' }),
        placeCommand('buy', 98, 1),
      ]);
      expect(results.map((result) => (result.outcome === 'refused' ? result.code : result.outcome)))
        .toEqual(['logged', 'engine_unavailable', 'engine_unavailable']);
      const { meta, log, state } = await shard.read();
      expect(meta).toMatchObject({ state: 'faulted', seq: '3' });
      expect(meta.fault).toMatch(/planted|WRONGTYPE/);
      expect(log.map((entry) => entry.sequence)).toEqual([1, 2, 3]);
      expect(log.slice(0, 2)).toEqual(before.log);
      expect(state.idempotency).toEqual([]);
      await expectAllRefused(shard, 'engine_unavailable');
    } finally {
      await shard.close();
    }
  });

  test('in the first command of a call leaves the sequence where it was', async () => {
    const shard = await shardThatBreaks(target, breaking('commands/place', '  next_seq(shard)\n', `  next_seq(shard)\n  ${whenItBreaks}\n`));
    try {
      await shard.engine.submit(placeCommand('buy', 101, 7, { client: 'breaks' }));
      const { meta, log } = await shard.read();
      expect(meta).toMatchObject({ state: 'faulted', seq: '2' });
      expect(log.length).toBe(2);
    } finally {
      await shard.close();
    }
  });

  test('while the changes of a call are written: the shard stops, what was logged is told as unknown', async () => {
    const library = breaking('core/flush', 'set_fields(shard.orders_key', "if shard.seq == 4 then error('planted') end set_fields(shard.orders_key");
    const shard = await shardThatBreaks(target, library);
    try {
      const results = await shard.engine.submitAll([placeCommand('buy', 99, 1), placeCommand('buy', 98, 1)]);
      expect(results).toEqual(results.map(() => ({ outcome: 'refused', code: 'outcome_unknown', order: null })));
      const live = await shard.read();
      expect(live.meta).toMatchObject({ state: 'faulted', seq: '4' });
      expect(live.log.map((entry) => entry.sequence)).toEqual([1, 2, 3, 4]);
      await expectAllRefused(shard, 'engine_unavailable');
    } finally {
      await shard.close();
    }
  });
});

describeOnEachRedis('two shards on one Redis', (target) => {
  test('know nothing of each other', async () => {
    const [one, other] = [await TestShard.open(target), await TestShard.open(target)];
    try {
      await new Desk(one.engine).rest('sell', 100, 5, { name: 'n' });
      const entry = await new Desk(other.engine).buy(100, 5, { name: 'n' });
      expect(entry).toMatchObject({ sequence: 1, fills: [] });
      expect(shardProblems(await readShard(one.redis, one.name))).toEqual([]);
      expect(shardProblems(await readShard(other.redis, other.name))).toEqual([]);
    } finally {
      await one.close();
      await other.close();
    }
  });
});

test('Redis in cluster mode notices a key without its shard’s tag', async () => {
  const shard = await TestShard.open(clusterRedis(), { library: breaking('core/books', "tag .. 'book:' .. instrument", "'book:' .. instrument") });
  try {
    // The book's key is first touched when the call's changes are written.
    expect(await shard.engine.submit(placeCommand('buy', 100, 1))).toMatchObject({ outcome: 'refused' });
    expect((await shard.engine.meta())?.state).toBe('faulted');
  } finally {
    await shard.close();
  }
});

describeOnEachRedis('an order of a kind that only a later program knows', (target) => {
  test('cannot be amended, and the shard trades on', async () => {
    const shard = await TestShard.open(target);
    try {
      const desk = new Desk(shard.engine);
      const order = await desk.rest('buy', 99, 5);
      const key = shardKeys(shard.name).orders;
      const record = await shard.send('HGET', key, compactId(order.orderId)) as string;
      const values = record.split(',');
      values[ORDER_RECORD.indexOf('kind')] = '9999';
      const later = values.join(',');
      await shard.send('HSET', key, compactId(order.orderId), later);
      for (const change of [{ price: 98 }, { quantity: 4 }, { quantity: 6 }]) {
        expect(await shard.engine.submit(amendCommand(order.orderId, change))).toEqual({ outcome: 'refused', code: 'engine_unavailable', order: null });
      }
      expect(await shard.send('HGET', key, compactId(order.orderId))).toBe(later);
      expect((await shard.engine.meta())?.state).toBe('open');
      await shard.send('HSET', key, compactId(order.orderId), record);
      await desk.rest('buy', 98, 1);
    } finally {
      await shard.close();
    }
  });
});
