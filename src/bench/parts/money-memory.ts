import type { EngineCommand } from '../../domain/commands';
import { KIND_CODE, type Side } from '../../domain/order';
import { newOrderId } from '../../domain/order-id';
import { NO_TRAITS } from '../../domain/order-traits';
import { shardKeys } from '../../engine/keys';
import { EngineShard, submitAll } from '../engine-shard';
import { accountCommand, accountName, moneyEngine } from '../money';
import type { Bench, Part } from '../result';

const ACCOUNTS = 50_000;
const SHARD = 'memory';
const PAGE = 10_000;
const MID = 5_000_000;
/** 10,000 to 99,999.99 USD and 1 to 9.9 BTC, to the last digit. */
const DEPOSITS = { USD: { least: 100_000_000_000_000n, span: 899_999_999_999_999n }, BTC: { least: 100_000_000n, span: 899_999_999n } } as const;
/** Spreads accounts over a span, each at an odd amount. */
const STRIDE = 7_368_787n * 104_729n;

const deposits = (n: number) => Object.entries(DEPOSITS).map(([asset, { least, span }]) => ({ asset, amount: String(least + (BigInt(n) * STRIDE) % span) }));

function order(n: number, side: Side): EngineCommand {
  return {
    op: 'place', actor: null, instrument: 'BTC-USD', side, kind: KIND_CODE.limit_gtc, priceTicks: MID + (side === 'buy' ? -1 : 1) * (1 + n % 1_000),
    quantityLots: 10_000_000 + n % 977, orderId: newOrderId(), clientId: accountName(n), clientOrderId: null, traits: NO_TRAITS, idempotency: null,
  };
}

async function run(bench: Bench) {
  const shard = await EngineShard.start(bench, { appendonly: 'no' });
  try {
    const engine = await moneyEngine(shard, SHARD, 'required', 0);
    const each = async (commandsOf: (n: number) => readonly EngineCommand[]): Promise<number> => {
      for (let first = 0; first < ACCOUNTS; first += PAGE) {
        await submitAll(engine, Array.from({ length: PAGE }, (_, i) => commandsOf(first + i)).flat());
        await shard.persisted(engine);
      }
      return Number(await shard.send('MEMORY', 'USAGE', shardKeys(SHARD).accounts, 'SAMPLES', '0')) / ACCOUNTS;
    };
    const plain = await each((n) => [accountCommand(accountName(n), deposits(n))]);
    const held = await each((n) => [order(n, 'buy'), order(n, 'sell')]);
    engine.close();
    return {
      figures: [
        { name: 'Redis memory of an account with two assets', value: plain, unit: 'bytes', goal: { bound: 250, better: 'lower' as const } },
        { name: 'the same with orders open that hold some of both', value: held, unit: 'bytes', goal: { bound: 250, better: 'lower' as const } },
      ],
    };
  } finally {
    await shard.stop();
  }
}

export const moneyMemoryPart: Part = { name: 'money-memory', about: 'what an account with two assets costs Redis', funds: ['required'], run };
