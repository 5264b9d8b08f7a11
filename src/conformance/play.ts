import type { Operation } from '#openfill-client';
import { VenueError, type OperationResult, type VenueClient, type VenueInstrument } from './venue-client';
import { formatAmount, parseAmount } from '../domain/amounts';
import type { Message } from './messages';
import { ReportBuilder, type StreamAnswer, type StreamCommand } from './reports';

/** Plays a stream's messages through a venue over HTTP, in batches, one after the other. */

const CLIENT_ID = 'replay';
// A message is one operation, seldom two; a batch has at most 1,000.
const MESSAGES_IN_BATCH = 450;

/** Whole steps of a decimal that the venue gave. */
export function steps(text: string, step: VenueInstrument['tick']): number {
  const parsed = parseAmount(text, step);
  if (!parsed.ok) throw new VenueError(`the venue gave ${text}, which ${parsed.problem}`);
  return parsed.value;
}

/** Whose an order is, by its id in the stream. */
export type ClientOf = (orderId: string) => string;

export function operationOf(command: StreamCommand, instrument: VenueInstrument, clientOf: ClientOf = () => CLIENT_ID): Operation {
  const name = { client_id: clientOf(command.orderId), client_order_id: command.orderId };
  switch (command.op) {
    case 'place': return {
      op: 'place', ...name, instrument: instrument.instrument, side: command.side, type: 'limit',
      time_in_force: command.ioc ? 'ioc' : 'gtc',
      price: formatAmount(command.price, instrument.tick), quantity: formatAmount(command.quantity, instrument.lot),
    };
    case 'cancel': return { op: 'cancel', ...name };
    case 'amend': return {
      op: 'amend', ...name,
      price: formatAmount(command.price, instrument.tick), remaining_quantity: formatAmount(command.remaining, instrument.lot),
    };
  }
}

export function answerOf({ status, body }: OperationResult, instrument: VenueInstrument): StreamAnswer {
  if (status === 404 || status === 409) return null;
  if (status >= 300) throw new VenueError(`the venue answered ${status}: ${JSON.stringify(body)}`);
  const order = body as {
    order_id: string; side: 'buy' | 'sell'; price: string; status: string;
    trades: { price: string; quantity: string; maker_order_id: string }[];
  };
  return {
    venueOrderId: order.order_id,
    side: order.side,
    price: steps(order.price, instrument.tick),
    status: order.status,
    trades: order.trades.map((trade) => ({
      price: steps(trade.price, instrument.tick),
      quantity: steps(trade.quantity, instrument.lot),
      makerVenueOrderId: trade.maker_order_id,
    })),
  };
}

/** Plays the messages. @returns the report lines, how many orders the venue took, and how long that took */
export async function play(
  venue: VenueClient, instrument: VenueInstrument, messages: readonly Message[], clientOf?: ClientOf,
): Promise<{ reports: string[]; orders: number; seconds: number }> {
  const builder = new ReportBuilder();
  const reports: string[] = [];
  let orders = 0;
  const started = process.hrtime.bigint();
  for (let first = 0; first < messages.length; first += MESSAGES_IN_BATCH) {
    const batch = messages.slice(first, first + MESSAGES_IN_BATCH).map((message) => ({ message, commands: builder.commandsOf(message) }));
    const results = await venue.batch(batch.flatMap(({ commands }) => commands.map((command) => operationOf(command, instrument, clientOf))));
    orders += results.filter((result) => result.status === 201).length;
    for (const line of builder.reportsOfAll(batch, results.map((result) => answerOf(result, instrument)))) reports.push(line);
  }
  return { reports, orders, seconds: Number(process.hrtime.bigint() - started) / 1e9 };
}
