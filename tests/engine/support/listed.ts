import type { ListCommand } from '../../../src/domain/commands';
import type { LogEntry } from '../../../src/domain/log-entry';
import { KIND_CODE, type Order, type Side } from '../../../src/domain/order';
import { LIST_ROLE_CODE, newListId, roleAt, type ListedOrder, type ListType } from '../../../src/domain/order-list';
import { TRIGGER_CODE } from '../../../src/domain/order-type';

export interface Leg {
  readonly side: Side;
  /** null for an order without a limit. */
  readonly price: number | null;
  readonly lots: number;
  readonly stop?: number;
  readonly kind?: keyof typeof KIND_CODE;
  readonly name?: string;
}

export function listCommand(type: ListType, legs: readonly Leg[], client = 'client'): ListCommand & { readonly op: 'list' } {
  const sides = legs.map(({ side }) => side);
  const orders = legs.map(({ side, price, lots, stop, kind, name }, i): ListedOrder => ({
    side, kind: KIND_CODE[kind ?? (price === null ? 'market' : 'limit_gtc')], priceTicks: price ?? 0, quantityLots: lots, clientOrderId: name ?? null,
    traits: { ...(stop !== undefined && { trigger: TRIGGER_CODE.stop, triggerPrice: stop }), list: type, listRole: LIST_ROLE_CODE[roleAt(type, i + 1, sides)] },
  }));
  return { op: 'list', actor: null, listId: newListId(), clientId: client, instrument: 'BTC-USD', orders, idempotency: null, request: null };
}

export const sell = (price: number, lots = 1): Leg => ({ side: 'sell', price, lots });
export const stop = (price: number, lots = 1): Leg => ({ side: 'sell', price: null, lots, stop: price });
export const buy = (price: number, lots = 1): Leg => ({ side: 'buy', price, lots });

/** Place of an order in its list, status and reason. */
export const fate = ({ orderId, status, reason }: Order): string => `${orderId.slice(-1)} ${status}${reason === null ? '' : ` ${reason}`}`;
export const fates = ({ orders }: LogEntry): string[] => orders.map(fate);
