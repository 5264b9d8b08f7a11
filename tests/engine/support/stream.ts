import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { inBatches, windowed } from '../../../src/bench/batching';
import { parseMessages, type Message } from '../../../src/conformance/messages';
import { answerOfResult, engineCommandOf } from '../../../src/conformance/commands';
import { ReportBuilder } from '../../../src/conformance/reports';
import type { CommandResult, EngineCommand } from '../../../src/domain/commands';
import type { BookState, LevelState } from '../../../src/reference/state';
import { BTC } from './desk';

/** The benchmark's streams, played on a book directly: the service around it has a test of its own. */

export const STREAMS = ['normal', 'static', 'flash-crash'] as const;
export type StreamName = (typeof STREAMS)[number];

interface Expected {
  readonly sha256: string;
  readonly reports: number;
  readonly trades: number;
  readonly resting: number;
  readonly levels: readonly [bids: number, asks: number];
  readonly bids: readonly (readonly [price: number, quantity: number])[];
  readonly asks: readonly (readonly [price: number, quantity: number])[];
}

const DIRECTORY = join(__dirname, '..', '..', 'conformance');

function readText(file: string): string {
  const bytes = readFileSync(join(DIRECTORY, file));
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
}

export function readMessages(name: StreamName): Message[] {
  return parseMessages(readText(`${name}.messages.csv.gz`));
}

/** Calls under way: commands take effect in the order in which they are handed over. */
const WINDOW = 4;

/** Plays messages in batches of about `batchSize` commands. @returns the report lines */
export async function playStream(
  messages: readonly Message[], batchSize: number, submitAll: (commands: EngineCommand[]) => Promise<CommandResult[]>,
): Promise<string[]> {
  const builder = new ReportBuilder();
  const played = messages.map((message) => ({ message, commands: builder.commandsOf(message).map((command) => engineCommandOf(command, BTC)) }));
  const batches = inBatches(played.flatMap(({ commands }) => commands), batchSize);
  const results = (await windowed(batches, WINDOW, submitAll)).flat();
  return [...builder.reportsOfAll(played, results.map(answerOfResult))];
}

/** Compares reports, final book and counts with what the benchmark expects. */
export function expectStream(name: StreamName, reports: readonly string[], books: readonly BookState[], tradeId: number): void {
  const expected = JSON.parse(readText(`${name}.expected.json`)) as Expected;
  const wanted = readText(`${name}.reports.txt.gz`).split('\n');
  // The first line that differs says more than a hash.
  const line = wanted.findIndex((report, i) => report !== reports[i]);
  expect({ line, report: reports[line] }).toEqual({ line: -1, report: undefined });
  expect(reports.length).toBe(expected.reports);
  expect(createHash('sha256').update(reports.join('\n')).digest('hex')).toBe(expected.sha256);
  const [book = { bids: [], asks: [] }] = books;
  const priced = (levels: readonly LevelState[]): number[][] => levels.map(({ priceTicks, quantityLots }) => [priceTicks, quantityLots]);
  expect([book.bids.length, book.asks.length]).toEqual(expected.levels);
  expect(priced(book.bids).slice(0, 10)).toEqual(expected.bids);
  expect(priced(book.asks).slice(0, 10)).toEqual(expected.asks);
  expect([...book.bids, ...book.asks].reduce((sum, level) => sum + level.orderIds.length, 0)).toBe(expected.resting);
  expect(tradeId).toBe(expected.trades);
}
