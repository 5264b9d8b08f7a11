import { answerOfResult, engineCommandOf } from '../../conformance/commands';
import type { StreamAnswer } from '../../conformance/reports';
import type { EngineCommand } from '../../domain/commands';
import { FUNDS, type Funds } from '../../domain/money';
import type { Engine } from '../../engine/engine';
import { inBatches, windowed } from '../batching';
import { BENCH_LIMITS, EngineShard } from '../engine-shard';
import { accountOfOrder, moneyEngine } from '../money';
import type { Bench, Figure, Part } from '../result';
import { prepareStream, STREAMS, type StreamName } from '../streams';
import { inTurn, median } from '../turns';

/** Calls under way, as in the part without money. */
const WINDOW = 32;
/** An odd number, for a median. */
const PLAYS = 3;
/** Commands that one setting plays before it is the next one's turn. */
const TURN = 4_000;
const INSTRUMENT = 'BTC-USD';

interface Cost {
  readonly seconds: number;
  /** Inside Redis. */
  readonly us: number;
}

async function turn(shard: EngineShard, engine: Engine, commands: readonly EngineCommand[]): Promise<{ cost: Cost; answers: StreamAnswer[] }> {
  await shard.resetStats();
  const started = performance.now();
  const answers = await windowed(inBatches(commands, BENCH_LIMITS.commandsPerCallMax), WINDOW, async (batch) => (await engine.submitAll(batch)).map(answerOfResult));
  const seconds = (performance.now() - started) / 1_000;
  return { cost: { seconds, us: (await shard.stats()).get('fcall')?.us ?? Number.NaN }, answers: answers.flat() };
}

/** Plays a stream on a shard of each setting, all on one Redis of their own, by turns. @returns what each turn cost, by setting */
async function play(bench: Bench, name: StreamName): Promise<Map<Funds, Cost[]>> {
  const shard = await EngineShard.start(bench);
  try {
    const stream = prepareStream(name);
    const turns = inBatches(stream.commands.map((command) => engineCommandOf(command, INSTRUMENT, accountOfOrder)), TURN);
    const sides: { funds: Funds; engine: Engine; costs: Cost[]; answers: StreamAnswer[] }[] = [];
    for (const funds of FUNDS) sides.push({ funds, engine: await moneyEngine(shard, `bench-${funds}`, funds), costs: [], answers: [] });
    for (const [round, commands] of turns.entries()) {
      for (const { engine, costs, answers } of inTurn(sides, round)) {
        const made = await turn(shard, engine, commands);
        costs.push(made.cost);
        for (const answer of made.answers) answers.push(answer);
      }
    }
    for (const { engine, answers } of sides) {
      stream.check(answers);
      engine.close();
    }
    return new Map(sides.map(({ funds, costs }) => [funds, costs]));
  } finally {
    await shard.stop();
  }
}

/** The sum of what the turns cost, each by the median of its plays. */
function costOf(plays: readonly (readonly Cost[])[]): Cost {
  const sum = (read: (cost: Cost) => number): number => (plays[0] ?? []).reduce((total, _, turnOf) => total + median(plays.map((costs) => read(costs[turnOf] as Cost))), 0);
  return { seconds: sum(({ seconds }) => seconds), us: sum(({ us }) => us) };
}

async function run(bench: Bench) {
  const figures: Figure[] = [];
  const rows: (string | number)[][] = [];
  for (const name of STREAMS) {
    const plays: Map<Funds, Cost[]>[] = [];
    while (plays.length < PLAYS) plays.push(await play(bench, name));
    const { length: messages } = prepareStream(name).messages;
    const costs = new Map(FUNDS.map((funds) => [funds, costOf(plays.map((one) => one.get(funds) ?? []))]));
    const of = (funds: Funds): Cost => costs.get(funds) as Cost;
    const share = (funds: Funds): number => of('off').seconds / of(funds).seconds;
    figures.push(
      { name: `${name}: paper, as a share of off`, value: share('paper'), unit: '' },
      { name: `${name}: required, as a share of off`, value: share('required'), unit: '', goal: { bound: 0.7, better: 'higher' } },
      { name: `${name}: required, inside Redis`, value: of('required').us / messages, unit: 'µs a message', goal: { bound: 24, better: 'lower' } },
    );
    for (const funds of FUNDS) rows.push([name, funds, messages / of(funds).seconds, share(funds), of(funds).us / messages, of('off').us / of(funds).us]);
  }
  return {
    figures,
    tables: [{ title: 'By stream and setting', columns: ['stream', 'FUNDS', 'messages/s', 'share of off', 'µs a message inside Redis', 'share of off there'], rows }],
  };
}

export const moneyEnginePart: Part = {
  name: 'money-engine', about: 'conformance streams of 1,000 accounts straight to the engine, without money, with it, and with cover, by turns', funds: FUNDS, run,
};
