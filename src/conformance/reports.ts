import type { Message, Side } from './messages';

/**
 * Turns messages into the venue's own commands, and what the venue answers into the report lines of the
 * benchmark. Pure: how commands travel is the caller's.
 */

/** A command in whole ticks and lots; orders are named by the stream's own ids. */
export type StreamCommand =
  | { readonly op: 'place'; readonly orderId: string; readonly side: Side; readonly ioc: boolean; readonly price: number; readonly quantity: number }
  | { readonly op: 'cancel'; readonly orderId: string }
  | { readonly op: 'amend'; readonly orderId: string; readonly price: number; readonly remaining: number };

/** What the venue answered to one command; null when it refused it. */
export type StreamAnswer = {
  /** The venue's id of the order. */
  readonly venueOrderId: string;
  readonly side: Side;
  readonly price: number;
  readonly status: string;
  readonly trades: readonly { readonly price: number; readonly quantity: number; readonly makerVenueOrderId: string }[];
} | null;

const SIDE_DIGIT = { buy: 0, sell: 1 } as const;

/** Follows one stream: what to send for each message, and what its answers mean. */
export class ReportBuilder {
  private readonly streamIds = new Map<string, string>();
  /** Last price and open quantity asked for each order id. */
  private readonly asked = new Map<string, { readonly price: number; readonly quantity: number }>();

  /** The commands of one message, to be carried out in order. */
  commandsOf(message: Message): StreamCommand[] {
    const { orderId } = message;
    switch (message.op) {
      case 'new':
        this.asked.set(orderId, message);
        return [{ op: 'place', orderId, side: message.side, ioc: message.ioc, price: message.price, quantity: message.quantity }];
      case 'cancel':
        return [{ op: 'cancel', orderId }];
      case 'modify': {
        const before = this.asked.get(orderId);
        this.asked.set(orderId, message);
        const amend = { op: 'amend' as const, orderId, price: message.price, remaining: message.quantity };
        if (before?.price !== message.price) return [amend];
        // At an unchanged price the venue keeps the place of an order that does not grow. The stream wants it at
        // the back, so it grows beyond anything it can be now, and then shrinks where it stands.
        return [{ ...amend, remaining: before.quantity + message.quantity + 1 }, amend];
      }
    }
  }

  /** @param answers one for each command of the message */
  reportsOf(message: Message, answers: readonly StreamAnswer[]): string[] {
    const { seq, orderId } = message;
    const last = answers[answers.length - 1] ?? null;
    if (last === null) {
      if (message.op === 'cancel') return [`4,${seq},${orderId}`];
      if (message.op === 'modify') return [`5,${seq},${orderId}`];
      throw new Error(`message ${seq}: the venue refused a new order`);
    }
    const side = SIDE_DIGIT[last.side];
    if (message.op === 'cancel') return [`2,${seq},${side},${orderId},${last.price}`];
    this.streamIds.set(last.venueOrderId, orderId);
    const trades = answers.flatMap((answer) => answer?.trades ?? []).map((trade) => {
      const maker = this.streamIds.get(trade.makerVenueOrderId);
      if (maker === undefined) throw new Error(`message ${seq}: traded with ${trade.makerVenueOrderId}, which the stream never sent`);
      return `1,${seq},${trade.price},${trade.quantity},${maker},${orderId}`;
    });
    // Within a message, lines stand by type.
    if (message.op === 'modify') return [...trades, `3,${seq},${side},${orderId},${message.price},${message.quantity}`];
    const rest = last.status === 'cancelled' ? [`2,${seq},${side},${orderId},${message.price}`] : [];
    return [`0,${seq},${side},${orderId},${message.price},${message.quantity}`, ...trades, ...rest];
  }
  /**
   * The report lines of many messages.
   * @param sent messages and what was sent for each
   * @param answers of all that was sent, in order
   */
  *reportsOfAll(sent: readonly { readonly message: Message; readonly commands: readonly unknown[] }[], answers: readonly StreamAnswer[]): Generator<string> {
    let at = 0;
    for (const { message, commands } of sent) {
      yield* this.reportsOf(message, answers.slice(at, at + commands.length));
      at += commands.length;
    }
  }
}
