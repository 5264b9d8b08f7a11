import { AMOUNT_MAX } from '../domain/amounts';
import type { CommandResult, EngineCommand } from '../domain/commands';
import { KIND_CODE } from '../domain/order';
import { newOrderId } from '../domain/order-id';
import { NO_TRAITS } from '../domain/order-traits';
import type { StreamAnswer, StreamCommand } from './reports';

/** The stream's commands as a book takes them directly, without the service around it. */

const CLIENT = 'stream';

/** @param clientOf whose each order is, by its id in the stream */
export function engineCommandOf(command: StreamCommand, instrument: string, clientOf: (orderId: string) => string = () => CLIENT): EngineCommand {
  const name = { clientId: clientOf(command.orderId), clientOrderId: command.orderId };
  switch (command.op) {
    case 'place': return {
      op: 'place', actor: null, ...name, instrument, side: command.side, kind: command.ioc ? KIND_CODE.limit_ioc : KIND_CODE.limit_gtc,
      priceTicks: command.price, quantityLots: command.quantity, traits: NO_TRAITS, orderId: newOrderId(), idempotency: null,
    };
    case 'cancel': return { op: 'cancel', actor: null, order: name, idempotency: null, request: null };
    case 'amend': return {
      op: 'amend', actor: null, order: name, idempotency: null, request: null,
      candidates: [{ instrument, priceTicks: command.price, quantityLots: null, remainingLots: command.remaining, quantityLotsMax: AMOUNT_MAX }],
    };
  }
}

export function answerOfResult(result: CommandResult): StreamAnswer {
  if (result.outcome === 'refused' && (result.code === 'order_not_found' || result.code === 'order_not_open')) return null;
  const order = result.outcome === 'logged' ? result.entry.orders[0] : undefined;
  if (result.outcome !== 'logged' || order === undefined) throw new Error(`the book answered ${JSON.stringify(result)}`);
  return {
    venueOrderId: order.orderId,
    side: order.side,
    price: order.priceTicks as number,
    status: order.status,
    trades: result.entry.fills.map((fill) => ({ price: fill.priceTicks, quantity: fill.quantityLots, makerVenueOrderId: fill.maker.orderId })),
  };
}
