import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseMessages, type Message } from '../../../src/conformance/messages';
import { ReportBuilder, type StreamAnswer, type StreamCommand } from '../../../src/conformance/reports';
import type { CommandResult, EngineCommand } from '../../../src/domain/commands';
import type { BookState, LevelState } from '../../../src/reference/state';
import { amendCommand, cancelCommand, orderOf, placeCommand } from './desk';

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
const CLIENT = 'stream';

function readText(file: string): string {
  const bytes = readFileSync(join(DIRECTORY, file));
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
}

export function readMessages(name: StreamName): Message[] {
  return parseMessages(readText(`${name}.messages.csv.gz`));
}

function commandOf(command: StreamCommand): EngineCommand {
  const named = { clientId: CLIENT, clientOrderId: command.orderId };
  switch (command.op) {
    case 'place': return placeCommand(command.side, command.price, command.quantity, {
      client: CLIENT, name: command.orderId, kind: command.ioc ? 'limit_ioc' : 'limit_gtc',
    });
    case 'cancel': return cancelCommand(named);
    case 'amend': return amendCommand(named, { price: command.price, remaining: command.remaining });
  }
}

function answerOf(result: CommandResult): StreamAnswer {
  if (result.outcome === 'refused' && (result.code === 'order_not_found' || result.code === 'order_not_open')) return null;
  if (result.outcome !== 'logged') throw new Error(`the book answered ${JSON.stringify(result)}`);
  const order = orderOf(result.entry);
  return {
    venueOrderId: order.orderId,
    side: order.side,
    price: order.priceTicks as number,
    status: order.status,
    trades: result.entry.fills.map((fill) => ({ price: fill.priceTicks, quantity: fill.quantityLots, makerVenueOrderId: fill.maker.orderId })),
  };
}

/** Plays messages in batches of `batchSize`, one batch after the other. @returns the report lines */
export async function playStream(
  messages: readonly Message[], batchSize: number, submitAll: (commands: EngineCommand[]) => Promise<CommandResult[]>,
): Promise<string[]> {
  const builder = new ReportBuilder();
  const reports: string[] = [];
  for (let first = 0; first < messages.length; first += batchSize) {
    const batch = messages.slice(first, first + batchSize).map((message) => ({ message, commands: builder.commandsOf(message).map(commandOf) }));
    const results = await submitAll(batch.flatMap(({ commands }) => commands));
    let at = 0;
    for (const { message, commands } of batch) {
      reports.push(...builder.reportsOf(message, results.slice(at, at + commands.length).map(answerOf)));
      at += commands.length;
    }
  }
  return reports;
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
