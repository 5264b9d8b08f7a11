import type { EngineCommand } from '../../domain/commands';
import { KIND_CODE, type Side } from '../../domain/order';
import { newOrderId } from '../../domain/order-id';
import { NO_TRAITS } from '../../domain/order-traits';
import { EngineShard, submitAll } from '../engine-shard';
import type { Bench, Part } from '../result';
import { inTurn, median } from '../turns';

const ROUNDS = 25;
const INSTRUMENT = 'BTC-USD';
const PRICE = 5_000_000;
/** What is taken of the makers, so many lots at a time. */
const PARTS = 1_000;
const LOTS = 10;
const ICEBERGS = 10;
/** Most that is said of a refill, in µs. */
const GOAL_US = 15;

type Case = 'icebergs' | 'one large order each' | 'an order for each part';
const CASES: readonly Case[] = ['icebergs', 'one large order each', 'an order for each part'];

function place(side: Side, quantityLots: number, display?: number): EngineCommand & { readonly op: 'place' } {
  return {
    op: 'place', actor: null, instrument: INSTRUMENT, side, kind: side === 'buy' ? KIND_CODE.limit_ioc : KIND_CODE.limit_gtc, priceTicks: PRICE, quantityLots,
    orderId: newOrderId(), clientId: side, clientOrderId: null, traits: display === undefined ? NO_TRAITS : { display }, idempotency: null,
  };
}

function makersOf(what: Case): (EngineCommand & { readonly op: 'place' })[] {
  if (what === 'an order for each part') return Array.from({ length: PARTS }, () => place('sell', LOTS));
  return Array.from({ length: ICEBERGS }, () => place('sell', LOTS * PARTS / ICEBERGS, what === 'icebergs' ? LOTS : undefined));
}

/** @returns µs inside Redis for all that the takers take */
async function taken(shard: EngineShard, what: Case, takers: number): Promise<number> {
  const engine = await shard.engine('icebergs');
  const makers = makersOf(what);
  const orders = Array.from({ length: takers }, () => place('buy', LOTS * PARTS / takers));
  await submitAll(engine, makers);
  await shard.resetStats();
  await submitAll(engine, orders);
  const us = (await shard.stats()).get('fcall')?.us ?? Number.NaN;
  await shard.persisted(engine, [...makers, ...orders].map(({ orderId }) => orderId));
  engine.close();
  return us;
}

async function run(bench: Bench) {
  // The cost inside Redis: no disk to wait for.
  const shard = await EngineShard.start(bench, { appendonly: 'no' });
  try {
    const ways = [{ name: 'one order takes all', takers: 1 }, { name: 'an order takes each', takers: PARTS }] as const;
    const measured = ways.map(() => new Map<Case, number[]>(CASES.map((what) => [what, []])));
    for (let round = 0; round < ROUNDS; round++) {
      for (const what of inTurn(CASES, round)) {
        for (const [i, { takers }] of ways.entries()) measured[i]?.get(what)?.push(await taken(shard, what, takers) / PARTS);
      }
    }
    const us = measured.map((cases) => CASES.map((what) => median(cases.get(what) as number[])));
    const [swept, single] = us as [number[], number[]];
    return {
      figures: [
        { name: 'a part of an iceberg, 1,000 of 10 icebergs swept by one order', value: swept[0] as number, unit: 'µs inside Redis', goal: { bound: GOAL_US, better: 'lower' as const } },
        {
          name: 'a refill, beside a part of a large order, each taken by an order of its own', value: (single[0] as number) - (single[1] as number), unit: 'µs inside Redis',
          goal: { bound: GOAL_US, better: 'lower' as const },
        },
      ],
      tables: [{
        title: 'µs inside Redis for each of 1,000 parts', columns: ['makers', ...ways.map(({ name }) => name)],
        rows: CASES.map((what, i) => [what, ...us.map((row) => row[i] as number)]),
      }],
    };
  } finally {
    await shard.stop();
  }
}

export const icebergsPart: Part = { name: 'icebergs', about: 'what a refill of an iceberg costs', run };
