import type { EngineCommand, InstrumentCommand } from '../../domain/commands';
import { NO_PROGRESS, NOTHING_WANTED, type InstrumentState } from '../../domain/instrument-rules';
import { AMOUNT_MAX } from '../../domain/amounts';
import { KIND_CODE, type Side } from '../../domain/order';
import { newOrderId } from '../../domain/order-id';
import { NO_TRAITS } from '../../domain/order-traits';
import type { Engine } from '../../engine/engine';
import { seededRandom } from '../../seeded-random';
import { EngineShard, submitAll } from '../engine-shard';
import type { Bench, Part } from '../result';
import { median } from '../turns';

const ROUNDS = 3;
const INSTRUMENT = 'BTC-USD';
const MID = 1_000_000;
const ORDERS = 100_000;
/** Bids and asks lie this far about the middle, and so cross by half of it. */
const SPREAD = 5_000;
const LOTS_MAX = 100;
const CLIENTS = 1_000;
const READS = 20;
const GOAL = { openS: 2, callMs: 20, readMs: 20 } as const;

function place(side: Side, n: number, below: (bound: number) => number): EngineCommand {
  return {
    op: 'place', actor: null, instrument: INSTRUMENT, side, kind: KIND_CODE.limit_gtc, priceTicks: MID - SPREAD + below(2 * SPREAD), quantityLots: 1 + below(LOTS_MAX),
    orderId: newOrderId(), clientId: `client-${n % CLIENTS}`, clientOrderId: null, traits: NO_TRAITS, idempotency: null,
  };
}

const change = (state: InstrumentState): { readonly op: 'instrument' } & InstrumentCommand => ({
  op: 'instrument', actor: null, opens: false, idempotency: null, request: null, wanted: { ...NOTHING_WANTED, state },
  listed: {
    instrument: INSTRUMENT, base: 'BTC', quote: 'USD', tickSize: '0.01', lotSize: '0.01', baseDecimals: 2, quoteDecimals: 4, state: 'open', priceTicksMin: 1,
    priceTicksMax: AMOUNT_MAX, quantityLotsMin: 1, quantityLotsMax: AMOUNT_MAX, minValue: 0, priceBand: 0, bandWindowS: 0, maxSlippage: 0, ...NO_PROGRESS,
  },
});

interface Opening {
  readonly seconds: number;
  readonly longestMs: number;
  readonly tradeUs: number;
  readonly trades: number;
  readonly readMs: number;
}

async function readAuctions(engine: Engine): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < READS; i++) {
    const began = performance.now();
    const { crossing } = await engine.readAuction(INSTRUMENT);
    times.push(performance.now() - began);
    if (crossing === null) throw new Error('nothing would trade');
  }
  return median(times);
}

/** 100,000 orders of both sides are gathered, and traded. */
async function openOne(shard: EngineShard, name: string): Promise<Opening> {
  const random = seededRandom(7);
  const engine = await shard.engine(name);
  await submitAll(engine, [change('auction')]);
  await submitAll(engine, Array.from({ length: ORDERS }, (_, n) => place(n % 2 === 0 ? 'buy' : 'sell', n, (bound) => random.below(bound))));
  const readMs = await readAuctions(engine);
  await shard.resetStats();
  await shard.send('CONFIG', 'SET', 'slowlog-log-slower-than', '0', 'slowlog-max-len', '100000');
  await shard.send('SLOWLOG', 'RESET');
  const began = performance.now();
  await engine.submit(change('open'));
  while (await engine.isUnfinished()) await new Promise((resolve) => setTimeout(resolve, 5));
  const seconds = (performance.now() - began) / 1_000;
  const us = (await shard.stats()).get('fcall')?.us ?? Number.NaN;
  const slow = (await shard.send('SLOWLOG', 'GET', '100000')) as [number, number, number, string[]][];
  await shard.send('CONFIG', 'SET', 'slowlog-log-slower-than', '-1');
  const longestUs = slow.filter(([, , , [command]]) => command?.toLowerCase() === 'fcall').reduce((most, [, , took]) => Math.max(most, took), 0);
  const trades = (await engine.recentTrades(INSTRUMENT, 1, null))[0]?.tradeId ?? 0;
  engine.close();
  await shard.send('FLUSHALL');
  await engine.load();
  return { seconds, longestMs: longestUs / 1_000, tradeUs: us / trades, trades, readMs };
}

async function run(bench: Bench) {
  const shard = await EngineShard.start(bench);
  try {
    const openings: Opening[] = [];
    for (let round = 0; round < ROUNDS; round++) openings.push(await openOne(shard, `auction-${round}`));
    const of = (name: keyof Opening): number => median(openings.map((opening) => opening[name]));
    return {
      figures: [
        { name: 'opening an auction of 100,000 orders, to its last trade', value: of('seconds'), unit: 's', goal: { bound: GOAL.openS, better: 'lower' as const } },
        { name: 'the longest call of that', value: Math.max(...openings.map(({ longestMs }) => longestMs)), unit: 'ms inside Redis', goal: { bound: GOAL.callMs, better: 'lower' as const } },
        { name: 'a trade of it', value: of('tradeUs'), unit: 'µs inside Redis' },
        { name: 'its trades', value: of('trades'), unit: 'trades' },
        { name: 'what it would come to, read once', value: of('readMs'), unit: 'ms', goal: { bound: GOAL.readMs, better: 'lower' as const } },
      ],
    };
  } finally {
    await shard.stop();
  }
}

export const auctionPart: Part = { name: 'auction', about: 'opening a call auction of 100,000 orders', run };
