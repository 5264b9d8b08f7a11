import type { EngineCommand } from '../../domain/commands';
import { FUNDS, type Funds } from '../../domain/money';
import { KIND_CODE, type Side } from '../../domain/order';
import { newOrderId } from '../../domain/order-id';
import { NO_TRAITS } from '../../domain/order-traits';
import type { Engine } from '../../engine/engine';
import { EngineShard, submitAll } from '../engine-shard';
import { ACCOUNTS, accountName, moneyEngine } from '../money';
import type { Bench, Part } from '../result';
import { inTurn, median } from '../turns';

const ROUNDS = 25;
const INSTRUMENT = 'BTC-USD';
const PRICE = 5_000_000;
const LOTS = 10_000;
/** Where the makers' orders lie: all in one queue, or each at a price of its own. */
const BOOKS = [{ name: 'at one price', step: 0 }, { name: 'at 1,000 prices', step: 1 }] as const;

function place(account: string, side: Side, priceTicks: number, quantityLots: number, kind: number): EngineCommand {
  return { op: 'place', actor: null, instrument: INSTRUMENT, side, kind, priceTicks, quantityLots, orderId: newOrderId(), clientId: account, clientOrderId: null, traits: NO_TRAITS, idempotency: null };
}

/** One order takes the orders of all makers. @returns ms inside Redis */
async function sweep(shard: EngineShard, engine: Engine, step: number): Promise<number> {
  const makers = Array.from({ length: ACCOUNTS }, (_, n) => place(accountName(n), 'sell', PRICE + n * step, LOTS, KIND_CODE.limit_gtc));
  await submitAll(engine, makers);
  const taker = place(accountName(ACCOUNTS), 'buy', PRICE + ACCOUNTS * step, ACCOUNTS * LOTS, KIND_CODE.limit_ioc);
  await shard.resetStats();
  const [result] = await submitAll(engine, [taker]);
  const us = (await shard.stats()).get('fcall')?.us ?? Number.NaN;
  if (result?.outcome !== 'logged' || result.entry.fills.length !== ACCOUNTS) throw new Error('the sweep did not meet every maker');
  await shard.persisted(engine, makers.flatMap((maker) => (maker.op === 'place' ? [maker.orderId] : [])));
  return us / 1_000;
}

async function run(bench: Bench) {
  // The cost inside Redis: no disk to wait for.
  const shard = await EngineShard.start(bench, { appendonly: 'no' });
  try {
    const sides: { funds: Funds; engine: Engine; ms: number[][] }[] = [];
    for (const funds of FUNDS) sides.push({ funds, engine: await moneyEngine(shard, `sweep-${funds}`, funds, ACCOUNTS + 1), ms: BOOKS.map(() => []) });
    for (let round = 0; round < ROUNDS; round++) {
      for (const { engine, ms } of inTurn(sides, round)) {
        for (const [i, { step }] of BOOKS.entries()) ms[i]?.push(await sweep(shard, engine, step));
      }
    }
    for (const { engine } of sides) engine.close();
    const medians = new Map(sides.map(({ funds, ms }) => [funds, ms.map(median)]));
    return {
      figures: BOOKS.map(({ name }, i) => ({
        name: `1,000 makers of 1,000 accounts ${name}, one command, required`, value: medians.get('required')?.[i] ?? Number.NaN, unit: 'ms inside Redis',
        goal: { bound: 20, better: 'lower' as const },
      })),
      tables: [{
        title: 'ms inside Redis for one command that takes 1,000 orders', columns: ['FUNDS', ...BOOKS.map(({ name }) => name)],
        rows: FUNDS.map((funds) => [funds, ...medians.get(funds) ?? []]),
      }],
    };
  } finally {
    await shard.stop();
  }
}

export const moneySweepPart: Part = { name: 'money-sweep', about: 'one command that trades with 1,000 accounts', funds: FUNDS, run };
