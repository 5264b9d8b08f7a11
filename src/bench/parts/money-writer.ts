import { engineCommandOf } from '../../conformance/commands';
import type { EngineCommand } from '../../domain/commands';
import { KIND_CODE } from '../../domain/order';
import { newOrderId } from '../../domain/order-id';
import { NO_TRAITS } from '../../domain/order-traits';
import { seededRandom } from '../../seeded-random';
import { drain, type Drained } from '../drain';
import { ACCOUNTS, accountName, accountOfOrder } from '../money';
import type { Bench, Figure, Part } from '../result';
import { prepareStream } from '../streams';
import { inTurn, median } from '../turns';

/** An odd number, for a median. */
const ROUNDS = 3;
const SIDES = ['off', 'paper'] as const;
const INSTRUMENT = 'BTC-USD';
const ORDERS = 50_000;
const MID = 5_000_000;
const SPREAD = 500;

/** Orders around one price: every other one meets some that wait. */
function tradingOrders(): EngineCommand[] {
  const random = seededRandom(1);
  return Array.from({ length: ORDERS }, (_, n) => ({
    op: 'place', actor: null, instrument: INSTRUMENT, side: random.pick(['buy', 'sell'] as const), kind: KIND_CODE.limit_gtc,
    priceTicks: MID + random.below(2 * SPREAD) - SPREAD, quantityLots: 100_000 * (1 + random.below(99)), orderId: newOrderId(), clientId: accountName(n % ACCOUNTS),
    clientOrderId: null, traits: NO_TRAITS, idempotency: null,
  }));
}

const MIXES = [
  { name: 'the stream normal', goal: { bound: 22_000, better: 'higher' as const }, commands: () => prepareStream('normal').commands.map((command) => engineCommandOf(command, INSTRUMENT, accountOfOrder)) },
  { name: 'orders that trade', commands: tradingOrders },
] as const;

async function run(bench: Bench) {
  const figures: Figure[] = [];
  const rows: (string | number)[][] = [];
  for (const mix of MIXES) {
    const drained: Record<(typeof SIDES)[number], Drained[]> = { off: [], paper: [] };
    for (let round = 0; round < ROUNDS; round++) {
      for (const side of inTurn(SIDES, round)) drained[side].push(await drain(bench, side, mix.commands()));
    }
    const of = (side: (typeof SIDES)[number], read: (one: Drained) => number): number => median(drained[side].map(read));
    const copy = { name: 'COPY of the same rows', value: of('paper', (one) => one.copy) };
    figures.push({ name: `entries with fills and balances, ${mix.name}`, value: of('paper', ({ rate }) => rate), unit: 'entries/s', floor: copy, ...('goal' in mix && { goal: mix.goal }) });
    for (const side of SIDES) rows.push([mix.name, side, of(side, ({ entries }) => entries), of(side, ({ rate }) => rate), of(side, (one) => one.copy), of(side, ({ rate }) => rate) / of('off', ({ rate }) => rate)]);
  }
  return {
    figures,
    tables: [{ title: `Medians of ${ROUNDS} logs`, columns: ['mix', 'FUNDS', 'entries', 'entries/s', 'entries/s by COPY', 'share of off'], rows }],
  };
}

export const moneyWriterPart: Part = { name: 'money-writer', about: 'how fast the writer drains a log of 1,000 accounts, without money and with it', funds: SIDES, run };
