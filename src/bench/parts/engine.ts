import { answerOfResult, engineCommandOf } from '../../conformance/commands';
import { inBatches, windowed } from '../batching';
import { BENCH_LIMITS, EngineShard, type CommandStats } from '../engine-shard';
import type { Bench, Figure, Part } from '../result';
import { ALL_STREAMS, isConformance, prepareStream, type StreamName } from '../streams';

/** Calls under way: those that Redis finds waiting share an fsync. */
const WINDOW = 32;
/** An odd number, for a median. */
const PLAYS = 3;
const INSTRUMENT = 'BTC-USD';
/** Commands of the function that change something in Redis. */
const WRITES = new Set(['hset', 'hdel', 'hincrby', 'zadd', 'zrem', 'xadd', 'xtrim', 'lpush', 'rpush', 'ltrim', 'del', 'set', 'unlink']);
/** What a plain log entry comes to, and an order's record. */
const ENTRY = 'e'.repeat(400);
const RECORD = 'r'.repeat(120);

interface Played {
  readonly messages: number;
  readonly commands: number;
  readonly seconds: number;
  readonly stats: CommandStats;
}

/** Plays a stream, each time on a shard of its own. @returns the play of median speed */
async function playAll(shard: EngineShard, name: StreamName): Promise<Played> {
  const plays: Played[] = [];
  while (plays.length < PLAYS) plays.push(await play(shard, name, plays.length));
  plays.sort((a, b) => a.seconds - b.seconds);
  return plays[PLAYS >> 1] as Played;
}

async function play(shard: EngineShard, name: StreamName, round: number): Promise<Played> {
  const stream = prepareStream(name);
  const engine = await shard.engine(`bench-${name}-${round}`);
  const commands = stream.commands.map((command) => engineCommandOf(command, INSTRUMENT));
  await shard.resetStats();
  const started = performance.now();
  // What is not needed is let go of at once, as the service does.
  const answers = await windowed(inBatches(commands, BENCH_LIMITS.commandsPerCallMax), WINDOW, async (batch) => (
    (await engine.submitAll(batch)).map(answerOfResult)
  ));
  const seconds = (performance.now() - started) / 1_000;
  const stats = await shard.stats();
  stream.check(answers.flat());
  engine.close();
  return { messages: stream.messages.length, commands: commands.length, seconds, stats };
}

const writesOf = ({ stats }: Played): number => [...stats].reduce((sum, [name, { calls }]) => sum + (WRITES.has(name) ? calls : 0), 0);

/** As many writes as the engine made for the stream, one a message into a log, sent plainly. @returns messages a second */
async function barePipeline(shard: EngineShard, played: Played): Promise<number> {
  const { messages } = played;
  const others = Math.max(0, Math.round(writesOf(played) / messages) - 1);
  const batches = inBatches(Array.from({ length: messages }, (_, i) => i), BENCH_LIMITS.commandsPerCallMax);
  const started = performance.now();
  await windowed(batches, WINDOW, (batch) => Promise.all(batch.flatMap((n) => [
    shard.send('XADD', '{bare}:log', '*', 'e', ENTRY),
    ...Array.from({ length: others }, (_, i) => shard.send('HSET', '{bare}:records', `${n}-${i}`, RECORD)),
  ])));
  const seconds = (performance.now() - started) / 1_000;
  await shard.send('UNLINK', '{bare}:log', '{bare}:records');
  return messages / seconds;
}

async function measure(bench: Bench, name: StreamName): Promise<{ played: Played; floor: number }> {
  // A Redis for each stream: it does not rewrite its file meanwhile, which takes one of two cores.
  const shard = await EngineShard.start(bench);
  try {
    const played = await playAll(shard, name);
    return { played, floor: await barePipeline(shard, played) };
  } finally {
    await shard.stop();
  }
}

async function run(bench: Bench) {
  const figures: Figure[] = [];
  const rows: (string | number)[][] = [];
  for (const name of ALL_STREAMS) {
    const { played, floor } = await measure(bench, name);
    const us = (played.stats.get('fcall')?.us ?? 0) / played.messages;
    figures.push(
      {
        name: `${name}: messages through the engine`, value: played.messages / played.seconds, unit: 'messages/s',
        floor: { name: 'bare pipeline of as many writes', value: floor },
        ...(isConformance(name) && { goal: { bound: 45_000, better: 'higher' as const } }),
      },
      { name: `${name}: inside Redis`, value: us, unit: 'µs a message', ...(isConformance(name) && { goal: { bound: 15, better: 'lower' as const } }) },
    );
    const calls = [...played.stats].filter(([command]) => command !== 'fcall').reduce((sum, [, stat]) => sum + stat.calls, 0);
    rows.push([name, played.messages, played.commands, calls / played.commands, writesOf(played) / played.commands, us]);
  }
  return { figures, tables: [{ title: 'Inside Redis, by stream', columns: ['stream', 'messages', 'commands', 'Redis commands each', 'writes each', 'µs a message'], rows }] };
}

export const enginePart: Part = { name: 'engine', about: 'conformance streams in calls of 50 commands straight to the engine, fsync always, reports checked', funds: ['off'], run };
