import { Command, InvalidArgumentError } from 'commander';
import { OpenfillError, type Channel } from '#openfill-client';
import { INSTRUMENT_CHANNELS } from '../domain/channels';
import { record } from '../recording/recorder';
import { venueUrl } from '../servers/venue-url';

/** `npm run record`: writes a venue's stream into a file, until Ctrl-C. */

/** A venue that answers does so long before. */
const WAIT_TOLD_MS = 2_000;

interface Options {
  readonly url: string;
  readonly out: string;
  readonly channels: readonly Channel[];
  readonly instruments?: readonly string[];
  readonly minutes?: number;
}

function channelsOf(text: string): Channel[] {
  return text.split(',').map((name) => {
    const channel = INSTRUMENT_CHANNELS.find((known) => known === name);
    if (channel === undefined) throw new InvalidArgumentError(`"${name}" is no channel; there are ${INSTRUMENT_CHANNELS.join(', ')}`);
    return channel;
  });
}

function minutesOf(text: string): number {
  const minutes = Number(text);
  if (!(minutes > 0)) throw new InvalidArgumentError(`"${text}" is no number of minutes`);
  return minutes;
}

async function run({ url, out, channels, instruments, minutes }: Options): Promise<void> {
  const ending = new AbortController();
  const end = (): void => ending.abort(new Error('the recording ends'));
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  const timer = minutes === undefined ? null : setTimeout(end, minutes * 60_000);
  const options = { url, file: out, channels, ...(instruments !== undefined && { instruments }) };
  const waiting = setTimeout(() => process.stderr.write(`record: waiting for ${url}; is it started ("npm run up")?\n`), WAIT_TOLD_MS);
  let hasBegun = false;
  const begun = (): void => {
    hasBegun = true;
    clearTimeout(waiting);
    process.stdout.write(`recording ${url} into ${out}, until Ctrl-C\n`);
  };
  const report = await record(options, ending.signal, begun).catch((error: unknown) => {
    throw ending.signal.aborted && !hasBegun ? new RangeError(`ended before ${url} could be reached`) : error;
  }).finally(() => clearTimeout(waiting));
  if (timer !== null) clearTimeout(timer);
  const { messages, sequence, breaks, resyncs } = report;
  process.stdout.write(`${messages} messages up to sequence ${sequence}; ${breaks} breaks, ${resyncs} holes\n`);
}

const program = new Command('record')
  .description('Records the stream of a running venue as gzip NDJSON, for npm run replay.')
  .requiredOption('--out <file>', 'where to, such as market.ndjson.gz')
  .option('--url <url>', 'the venue', venueUrl(process.env))
  .option('--channels <names>', 'separated by commas; a replay needs orders and trades, and instruments for auctions', channelsOf, ['orderbook', 'trades', 'orders', 'instruments'])
  .option('--instruments <names>', 'separated by commas; without it all of them', (text: string) => text.split(','))
  .option('--minutes <number>', 'ends by itself after so long', minutesOf)
  .action(async (options: Options) => {
    try {
      await run(options);
    } catch (error) {
      const isExpected = error instanceof OpenfillError || error instanceof RangeError || (error as NodeJS.ErrnoException).code !== undefined;
      process.stderr.write(`record: ${isExpected ? (error as Error).message : String((error as Error).stack)}\n`);
      process.exitCode = 1;
    }
  });

void program.parseAsync();
