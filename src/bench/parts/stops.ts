import type { EngineCommand } from '../../domain/commands';
import { decodeLogEntry } from '../../domain/log-entry';
import { KIND_CODE, type Side } from '../../domain/order';
import { newOrderId } from '../../domain/order-id';
import { NO_TRAITS, type OrderTraits } from '../../domain/order-traits';
import { TRIGGER_CODE } from '../../domain/order-type';
import type { Engine } from '../../engine/engine';
import { EngineShard, submitAll } from '../engine-shard';
import type { Bench, Part } from '../result';
import { median } from '../turns';

const ROUNDS = 5;
const INSTRUMENT = 'BTC-USD';
const MID = 1_000_000;
/** A falling market: a bid of one lot at each price, and a stop to sell a lot at each. */
const STOPS = 10_000;
/** Orders that wait beside the plain ones that are measured. */
const WAITING = 100_000;
const PLAIN = 5_000;
const CLIENTS = 1_000;
const GOAL = { triggerUs: 40, callMs: 20, bytes: 600, plain: 1.03, trailing: 1.1, moving: 1.5 } as const;

function place(side: Side, priceTicks: number, n: number, traits: OrderTraits = NO_TRAITS, quantityLots = 1): EngineCommand {
  return {
    op: 'place', actor: null, instrument: INSTRUMENT, side, kind: priceTicks === 0 ? KIND_CODE.market : KIND_CODE.limit_gtc, priceTicks, quantityLots,
    orderId: newOrderId(), clientId: `client-${n % CLIENTS}`, clientOrderId: null, traits, idempotency: null,
  };
}

const stop = (triggerPrice: number, n: number): EngineCommand => place('sell', 0, n, { trigger: TRIGGER_CODE.stop, triggerPrice });

/** Never so far behind that anything reaches them: what is measured is what they cost others. */
const trailing = (trailingOffset: number, n: number): EngineCommand => place('sell', 0, n, { trigger: TRIGGER_CODE.trailing_stop, trailingOffset, best: 0, trailsSince: 0 });

async function usedMemory(shard: EngineShard): Promise<number> {
  return Number(/used_memory:(\d+)/.exec((await shard.send('INFO', 'memory')) as string)?.[1]);
}

/** The last sequence that the cascade reaches, waited for. */
async function untilLogged(engine: Engine, sequence: number): Promise<void> {
  while ((await engine.position()).sequence < sequence) await new Promise((resolve) => setTimeout(resolve, 5));
}

interface Cascade {
  readonly triggerUs: number;
  readonly longestMs: number;
}

/** The longest call of what is done, in ms inside Redis. */
async function longestCallMs(shard: EngineShard, work: () => Promise<void>): Promise<number> {
  await shard.send('CONFIG', 'SET', 'slowlog-log-slower-than', '0', 'slowlog-max-len', '10000');
  await shard.send('SLOWLOG', 'RESET');
  await work();
  const slow = (await shard.send('SLOWLOG', 'GET', '10000')) as [number, number, number, string[]][];
  await shard.send('CONFIG', 'SET', 'slowlog-log-slower-than', '-1');
  return Math.max(...slow.filter(([, , , [command]]) => command?.toLowerCase() === 'fcall').map(([, , took]) => took)) / 1_000;
}

/** 10,000 trailing stops of a market that fell, each of which has seen another price, are moved on by one trade above all of them. */
async function movedAtOnce(shard: EngineShard, name: string): Promise<number> {
  const engine = await shard.engine(name);
  const fall = Array.from({ length: STOPS }, (_, n) => [place('buy', MID - n, n), place('sell', MID - n, n + 1), trailing(MID / 2, n)]).flat();
  await submitAll(engine, fall);
  await submitAll(engine, [place('buy', MID + 1, 0)]);
  const longestMs = await longestCallMs(shard, async () => {
    await engine.submit(place('sell', MID + 1, 1));
    while (await engine.isUnfinished()) await new Promise((resolve) => setTimeout(resolve, 5));
  });
  engine.close();
  await shard.send('FLUSHALL');
  await engine.load();
  return longestMs;
}

/** 10,000 stops that one sale sets off, each of which reaches the next. */
async function cascade(shard: EngineShard, name: string): Promise<Cascade> {
  const engine = await shard.engine(name);
  const bids = Array.from({ length: STOPS + 2 }, (_, n) => place('buy', MID - n, n));
  await submitAll(engine, [...bids, place('sell', MID, 0)]);
  await submitAll(engine, Array.from({ length: STOPS }, (_, n) => stop(MID - 1 - n, n)));
  const { sequence } = await engine.position();
  await shard.resetStats();
  let us = Number.NaN;
  const longestMs = await longestCallMs(shard, async () => {
    await engine.submit(place('sell', 0, 1));
    await untilLogged(engine, sequence + 1 + STOPS);
    us = (await shard.stats()).get('fcall')?.us ?? Number.NaN;
  });
  const entries = (await engine.logPage(sequence + 1, STOPS)).map(({ payload }) => decodeLogEntry(payload));
  if (entries.some(({ kind }) => kind !== 'trigger')) throw new Error('a stop did not go');
  engine.close();
  await shard.send('FLUSHALL');
  await engine.load();
  return { triggerUs: us / STOPS, longestMs };
}

/** µs inside Redis of a plain order that trades, each with one that waits for it. @param from the first price, each trade `step` above the last */
async function plain(shard: EngineShard, engine: Engine, from = MID, step = 0): Promise<number> {
  const orders = Array.from({ length: PLAIN }, (_, n) => [place('buy', from + n * step, n), place('sell', from + n * step, n + 1)]).flat();
  await shard.resetStats();
  await submitAll(engine, orders);
  return ((await shard.stats()).get('fcall')?.us ?? Number.NaN) / orders.length;
}

async function run(bench: Bench) {
  // The cost inside Redis: no disk to wait for.
  const shard = await EngineShard.start(bench, { appendonly: 'no' });
  try {
    const cascades: Cascade[] = [];
    for (let round = 0; round < ROUNDS; round++) cascades.push(await cascade(shard, `cascade-${round}`));
    const moves: number[] = [];
    for (let round = 0; round < ROUNDS; round++) moves.push(await movedAtOnce(shard, `moved-${round}`));
    const [empty, full] = [await shard.engine('without'), await shard.engine('with')];
    const before = await usedMemory(shard);
    await submitAll(full, Array.from({ length: WAITING }, (_, n) => stop(1 + n % 10_000, n)));
    await shard.persisted(full);
    const bytes = (await usedMemory(shard) - before) / WAITING;
    const costs: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      costs[0].push(await plain(shard, empty));
      costs[1].push(await plain(shard, full));
    }
    const [without, beside] = [median(costs[0]), median(costs[1])];
    const trailed = await shard.engine('trailing');
    await submitAll(trailed, [place('buy', MID, 0), place('sell', MID, 1)]);
    const ahead = await usedMemory(shard);
    await submitAll(trailed, Array.from({ length: WAITING }, (_, n) => trailing(MID - 1 - n % 10_000, n)));
    await shard.persisted(trailed);
    const trailingBytes = (await usedMemory(shard) - ahead) / WAITING;
    const resting: number[] = [];
    const moving: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      resting.push(await plain(shard, trailed));
      // Each trade higher than all before it.
      const from = MID + 1 + round * PLAIN;
      moving[0].push(await plain(shard, empty, from, 1));
      moving[1].push(await plain(shard, trailed, from, 1));
    }
    const [still, unmoved, moved] = [median(resting), median(moving[0]), median(moving[1])];
    for (const engine of [empty, full, trailed]) engine.close();
    return {
      figures: [
        { name: 'a trigger, of 10,000 stops in a falling market', value: median(cascades.map(({ triggerUs }) => triggerUs)), unit: 'µs inside Redis', goal: { bound: GOAL.triggerUs, better: 'lower' as const } },
        { name: 'the longest call of that cascade', value: Math.max(...cascades.map(({ longestMs }) => longestMs)), unit: 'ms inside Redis', goal: { bound: GOAL.callMs, better: 'lower' as const } },
        { name: 'the longest call of a trade that moves 10,000 trailing stops, each behind another price', value: Math.max(...moves), unit: 'ms inside Redis', goal: { bound: GOAL.callMs, better: 'lower' as const } },
        { name: 'Redis memory of a stop that waits', value: bytes, unit: 'bytes', goal: { bound: GOAL.bytes, better: 'lower' as const } },
        { name: 'a plain order beside 100,000 that wait, as a multiple of one without', value: beside / without, unit: '×', goal: { bound: GOAL.plain, better: 'lower' as const } },
        { name: 'Redis memory of a trailing stop that waits', value: trailingBytes, unit: 'bytes', goal: { bound: GOAL.bytes, better: 'lower' as const } },
        { name: 'a plain order beside 100,000 that trail, as a multiple of one without', value: still / without, unit: '×', goal: { bound: GOAL.trailing, better: 'lower' as const } },
        { name: 'the same where each trade moves all of them', value: moved / unmoved, unit: '×', goal: { bound: GOAL.moving, better: 'lower' as const } },
      ],
      tables: [{
        title: 'µs inside Redis for a plain order, half of which trade', columns: ['orders that wait', 'µs'],
        rows: [
          ['none', without], [WAITING.toLocaleString('en-US'), beside], [`${WAITING.toLocaleString('en-US')} that trail`, still],
          ['none, each trade at a new high', unmoved], [`${WAITING.toLocaleString('en-US')} that trail, each trade at a new high`, moved],
        ],
      }],
    };
  } finally {
    await shard.stop();
  }
}

export const stopsPart: Part = { name: 'stops', about: 'what a trigger costs, and what orders that wait cost others', run };
