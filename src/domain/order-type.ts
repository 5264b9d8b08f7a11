import type { Order, OrderType, Side } from './order';
import type { OrderTraits } from './order-traits';

/**
 * Orders that wait for a price ahead of the book. Such an order is of the kind that it becomes (`market`, `limit_gtc`, ...), and has
 * what it waits for among its traits; what clients call its type is told from both.
 */

export const TRIGGER_CODE = { stop: 1, take_profit: 2, trailing_stop: 3 } as const;
export type Trigger = keyof typeof TRIGGER_CODE;
const TRIGGERS = Object.keys(TRIGGER_CODE) as readonly Trigger[];

/** As clients say it. */
export type DisplayedType = OrderType | 'stop' | 'stop_limit' | 'take_profit' | 'take_profit_limit' | 'trailing_stop';

interface WaitingType {
  readonly trigger: Trigger;
  /** What it is once it goes. */
  readonly becomes: OrderType;
}

/** By the names that clients know. */
export const WAITING_TYPES = {
  stop: { trigger: 'stop', becomes: 'market' },
  stop_limit: { trigger: 'stop', becomes: 'limit' },
  take_profit: { trigger: 'take_profit', becomes: 'market' },
  take_profit_limit: { trigger: 'take_profit', becomes: 'limit' },
  trailing_stop: { trigger: 'trailing_stop', becomes: 'market' },
} as const satisfies Record<Exclude<DisplayedType, OrderType>, WaitingType>;

/** What an order of a type is once it goes. */
export function baseTypeOf(type: DisplayedType): OrderType {
  return type === 'limit' || type === 'market' ? type : WAITING_TYPES[type].becomes;
}

/** @returns null for an order that waits for nothing @throws Error for a code that is in no table */
export function triggerOf({ trigger }: OrderTraits): Trigger | null {
  if (trigger === undefined) return null;
  const found = TRIGGERS.find((name) => TRIGGER_CODE[name] === trigger);
  if (found === undefined) throw new Error(`unknown trigger ${trigger} of an order`);
  return found;
}

/** The type of an order as clients say it, whether it still waits or not. */
export function displayedType({ type, traits }: Pick<Order, 'type' | 'traits'>): DisplayedType {
  const trigger = triggerOf(traits);
  if (trigger === null) return type;
  if (trigger === 'trailing_stop') return trigger;
  return type === 'market' ? trigger : `${trigger}_limit`;
}

/** From which side the price has to come: `rising` where it has to reach the order's at or above, `falling` at or below. */
export type Direction = 'rising' | 'falling';
export const DIRECTIONS = ['rising', 'falling'] as const satisfies readonly Direction[];

/** A stop goes against its owner, as one that trails does, a take-profit with him. @throws Error for an order that waits for nothing */
export function directionOf({ side, traits }: { readonly side: Side; readonly traits: OrderTraits }): Direction {
  const trigger = triggerOf(traits);
  if (trigger === null) throw new Error('the order waits for no price');
  return (side === 'buy') === (trigger !== 'take_profit') ? 'rising' : 'falling';
}

/** Whether a trade's price is one that an order waits for. */
export function isReached(direction: Direction, triggerTicks: number, priceTicks: number): boolean {
  return direction === 'rising' ? priceTicks >= triggerTicks : priceTicks <= triggerTicks;
}
