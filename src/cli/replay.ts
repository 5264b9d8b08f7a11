import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Command, InvalidArgumentError } from 'commander';
import WebSocket from 'ws';
import { parseMessages } from '../conformance/messages';
import { play, steps } from '../conformance/play';
import { OpenfillError } from '#openfill-client';
import { RecordingError, instrumentsOf, playRecording } from '../recording/player';
import { isRecording } from '../recording/recording';
import { makeTemporaryDirectory } from '../servers/files';
import { startTemporaryVenue } from '../servers/temporary-venue';
import { VenueClient, VenueError, type VenueInstrument } from '../conformance/venue-client';

/**
 * `npm run replay -- <messages.csv.gz>`: plays a stream of the public matching-engine-benchmark through a venue
 * over HTTP and compares what comes out with what is known to be right. A recording of `npm run record` is played into
 * another venue and compared with what happened at its own.
 */

const OWN_INSTRUMENT = { instrument: 'BTC-USD', base: 'BTC', quote: 'USD', tick_size: '0.01', lot_size: '0.00000001' };
const BOOK_LEVELS = 5_000;

interface Expected {
  readonly sha256?: string;
  readonly bids?: readonly (readonly [number, number])[];
  readonly asks?: readonly (readonly [number, number])[];
}

interface Options {
  readonly url?: string;
  readonly instrument: string;
  readonly speed: number;
}

function readText(file: string): string {
  const bytes = readFileSync(file);
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
}

function siblingOf(file: string, suffix: string): string | null {
  const sibling = file.replace(/\.messages\.csv(?:\.gz)?$/, suffix);
  return sibling !== file && existsSync(sibling) ? sibling : null;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** @returns whether the reports are those beside the messages */
function compareReports(reports: readonly string[], file: string): boolean {
  const expectedFile = siblingOf(file, '.reports.txt.gz');
  if (expectedFile === null) return true;
  const expected = readText(expectedFile).split('\n');
  const length = Math.max(expected.length, reports.length);
  for (let i = 0; i < length; i++) {
    if (expected[i] === reports[i]) continue;
    say(`first difference in report line ${i + 1}:`);
    say(`  expected ${expected[i] ?? '(nothing)'}`);
    say(`  got      ${reports[i] ?? '(nothing)'}`);
    return false;
  }
  say(`reports equal all ${expected.length} expected lines`);
  return true;
}

/** @returns whether hash and final book are those of the expectation beside the messages */
async function compareExpected(hash: string, file: string, venue: VenueClient, instrument: VenueInstrument): Promise<boolean> {
  const { bids, asks } = await venue.orderbook(instrument.instrument, BOOK_LEVELS);
  const inSteps = (levels: readonly (readonly [string, string])[]) =>
    levels.map(([price, quantity]) => [steps(price, instrument.tick), steps(quantity, instrument.lot)]);
  say(`final book: ${bids.length} bid levels, ${asks.length} ask levels`);
  const expectedFile = siblingOf(file, '.expected.json');
  if (expectedFile === null) return true;
  const expected = JSON.parse(readText(expectedFile)) as Expected;
  let equal = true;
  if (expected.sha256 !== undefined) {
    say(hash === expected.sha256 ? 'hash is the expected one' : `hash differs from the expected ${expected.sha256}`);
    equal &&= hash === expected.sha256;
  }
  for (const [side, levels] of [['bids', inSteps(bids)], ['asks', inSteps(asks)]] as const) {
    const wanted = expected[side];
    if (wanted === undefined) continue;
    const same = JSON.stringify(levels.slice(0, wanted.length)) === JSON.stringify(wanted);
    say(same ? `final ${side} are the expected ones` : `final ${side} differ: expected ${JSON.stringify(wanted)}, got ${JSON.stringify(levels.slice(0, wanted.length))}`);
    equal &&= same;
  }
  return equal;
}

/** Listens to the stream meanwhile, as a venue's clients would. @returns how many messages came */
async function listen(url: string): Promise<{ close(): number }> {
  let count = 0;
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/stream`);
  socket.on('message', () => { count++; });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return { close: () => { socket.terminate(); return count; } };
}

/** @param url of a running venue; without it one is started with these instruments, and thrown away afterwards */
async function withVenue(url: string | undefined, instruments: readonly unknown[], work: (url: string) => Promise<boolean>): Promise<boolean> {
  if (url !== undefined) return work(url.replace(/\/+$/, ''));
  const directory = makeTemporaryDirectory('replay');
  const instrumentsFile = join(directory, 'instruments.json');
  writeFileSync(instrumentsFile, JSON.stringify(instruments));
  try {
    const own = await startTemporaryVenue({ INSTRUMENTS_FILE: instrumentsFile });
    try {
      return await work(own.url);
    } finally {
      await own.stop();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function replayRecording(file: string, { url, speed }: Options): Promise<boolean> {
  // What was taken then is taken now: the bounds of orders may have been others meanwhile.
  const instruments = (await instrumentsOf(file)).map(({ instrument, base, quote, tick_size: tick, lot_size: lot }) => ({ instrument, base, quote, tick_size: tick, lot_size: lot }));
  return withVenue(url, instruments, async (venueUrl) => {
    const { commands, trades, differences } = await playRecording(file, venueUrl, speed);
    say(`${commands} commands played, ${trades} trades`);
    for (const difference of differences) say(difference);
    if (differences.length === 0) say('trades and books are the recorded ones');
    return differences.length === 0;
  });
}

function replayBenchmark(file: string, options: Options): Promise<boolean> {
  const messages = parseMessages(readText(file));
  return withVenue(options.url, [OWN_INSTRUMENT], async (url) => {
    const venue = new VenueClient(url);
    const instrument = (await venue.instruments()).find(({ instrument: name }) => name === options.instrument);
    if (instrument === undefined) throw new VenueError(`the venue has no instrument ${options.instrument}`);
    const book = await venue.orderbook(options.instrument, 1);
    if (book.bids.length + book.asks.length > 0) throw new VenueError(`the book of ${options.instrument} is not empty: a stream needs one to itself`);
    const listener = await listen(url);
    const { reports, seconds } = await play(venue, instrument, messages);
    const streamed = listener.close();
    const hash = createHash('sha256').update(reports.join('\n')).digest('hex');
    say(`${messages.length} messages in ${seconds.toFixed(2)} s: ${Math.round(messages.length / seconds)} messages/s over HTTP, ${streamed} stream messages meanwhile`);
    say(`sha256 ${hash}`);
    const sameReports = compareReports(reports, file);
    const sameRest = await compareExpected(hash, file, venue, instrument);
    return sameReports && sameRest;
  });
}

function speedOf(text: string): number {
  const speed = text === 'max' ? Infinity : Number(text);
  if (!(speed > 0)) throw new InvalidArgumentError(`"${text}" is neither a factor nor max`);
  return speed;
}

const program = new Command('replay')
  .description('Plays a benchmark stream or a recording through a venue and compares what comes out.')
  .argument('<messages>', 'a .messages.csv or .messages.csv.gz file; .reports.txt.gz and .expected.json beside it are compared; or a file of npm run record')
  .option('--url <url>', 'a running venue with an empty book; without it one is started for the replay')
  .option('--instrument <name>', 'instrument to play a benchmark stream on', OWN_INSTRUMENT.instrument)
  .option('--speed <factor>', 'how much faster than it was a recording is played; max does not wait', speedOf, 1)
  .action(async (file: string, options: Options) => {
    try {
      if (!(await (await isRecording(file) ? replayRecording : replayBenchmark)(file, options))) process.exitCode = 1;
    } catch (error) {
      const isExpected = error instanceof VenueError || error instanceof OpenfillError || error instanceof RecordingError || (error as NodeJS.ErrnoException).code === 'ENOENT';
      process.stderr.write(`replay: ${isExpected ? (error as Error).message : String((error as Error).stack)}\n`);
      process.exitCode = 1;
    }
  });

void program.parseAsync();
