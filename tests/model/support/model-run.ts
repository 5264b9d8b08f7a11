import { randomInt } from 'node:crypto';
import { relative } from 'node:path';
import fc from 'fast-check';
import type { FunctionLibrary } from '../../../src/engine/library';
import type { RedisConnection } from '../../../src/engine/redis-connection';
import { compareSequence, type Coverage } from './comparison';
import { moneySequences, type MoneySequence } from './money-steps';
import { sequences, type Sequence } from './steps';
import { trailSequences } from './trail-steps';

/** Sequences of the whole test run: MODEL_RUNS, by default what the project promises. */
export const MODEL_RUNS = Number(process.env.MODEL_RUNS ?? 900);

/** The same of those with money: accounts, fees, transfers and credit beside orders. */
export const MONEY_RUNS = Number(process.env.MODEL_MONEY_RUNS ?? 500);

/** The same of those of orders that trail a market. */
export const TRAIL_RUNS = Math.ceil(MODEL_RUNS / 10);

/** What the sequences are of. */
export type Subject = 'orders' | 'money' | 'trails';

/** MODEL_SEED replays a run; without it each test file draws its own. */
export function modelSeed(): number {
  const given = process.env.MODEL_SEED;
  if (given === undefined) return randomInt(2 ** 31);
  if (!/^\d{1,10}$/.test(given)) throw new Error(`MODEL_SEED must be a whole number, not ${given}`);
  return Number(given);
}

/** Sequences that run side by side, each on a shard of its own: their commands travel together, as one process' do. */
const LANES = 8;

export interface ModelRun {
  readonly title: string;
  readonly subject?: Subject;
  readonly redis: RedisConnection;
  readonly library: FunctionLibrary;
  readonly runs: number;
  readonly seed: number;
  /** Tells the sequences of parts with the same seed apart. */
  readonly part: number;
}

/**
 * Compares engine and reference over random sequences.
 * @returns what was seen on the way
 * @throws Error with the seed and the smallest sequence that still fails
 */
export async function runModel({ title, subject = 'orders', redis, library, runs, seed, part }: ModelRun): Promise<Coverage> {
  const coverage: Coverage = new Map();
  const started = Date.now();
  const runsOfLane = Math.ceil(runs / LANES);
  const lanes = await Promise.allSettled(Array.from({ length: LANES }, (_, lane) => (
    // Each lane draws from a seed of its own, which follows from that of the run.
    fc.assert(modelProperty(redis, library, coverage, subject), { seed: (seed + part * LANES + lane) | 0, numRuns: runsOfLane })
  )));
  const failed = lanes.find((lane) => lane.status === 'rejected');
  if (failed !== undefined) {
    const command = `MODEL_SEED=${seed} MODEL_RUNS=${MODEL_RUNS} MODEL_MONEY_RUNS=${MONEY_RUNS} npm test -- ${relative(process.cwd(), expect.getState().testPath ?? '')}`;
    throw new Error(`engine and reference differ; to see it again: ${command}`, { cause: failed.reason });
  }
  process.stderr.write(`${title}: ${LANES * runsOfLane} sequences, ${coverage.get('commands') ?? 0} commands, 0 differences, ${((Date.now() - started) / 1000).toFixed(1)} s, MODEL_SEED=${seed}\n`);
  return coverage;
}

let sequencesRun = 0;

export function modelProperty(
  redis: RedisConnection, library: FunctionLibrary, coverage?: Coverage, subject: Subject = 'orders',
): fc.IAsyncProperty<[Sequence | MoneySequence]> {
  const made = { orders: sequences, money: moneySequences, trails: trailSequences }[subject];
  return fc.asyncProperty(made as fc.Arbitrary<Sequence | MoneySequence>, (sequence: Sequence | MoneySequence) => (
    // Workers share a server at most with workers of their own process id.
    compareSequence(redis, library, `model-${process.pid}-${sequencesRun++}`, sequence, coverage)
  ));
}
