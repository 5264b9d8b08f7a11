import { AMOUNT_MAX } from '../../../src/domain/amounts';
import type { CommandResult, EngineCommand, MassCancelled, OrderReference, Refused } from '../../../src/domain/commands';
import type { LogEntry } from '../../../src/domain/log-entry';
import { KIND_CODE, type Order, type Side } from '../../../src/domain/order';
import { newOrderId } from '../../../src/domain/order-id';
import { NO_TRAITS, type OrderTraits } from '../../../src/domain/order-traits';
import type { Engine } from '../../../src/engine/engine';

export const BTC = 'BTC-USD';
export const ETH = 'ETH-USD';

export interface PlaceOptions {
  readonly traits?: OrderTraits;
  readonly kind?: keyof typeof KIND_CODE;
  readonly instrument?: string;
  readonly client?: string;
  readonly name?: string;
  readonly orderId?: string;
  readonly key?: string;
  readonly actor?: string;
}

export interface AmendOptions {
  readonly price?: number | 'invalid';
  readonly quantity?: number | 'invalid';
  readonly remaining?: number | 'invalid';
  readonly stop?: number | 'invalid';
  readonly offset?: number | 'invalid';
  readonly percent?: number | 'invalid';
  readonly quantityMax?: number;
  readonly instrument?: string;
  readonly key?: string;
  readonly actor?: string;
}

/** What an order is called in a cancel or amend: itself, its id, or its client's name for it. */
type Named = Order | string | OrderReference;

function referenceOf(named: Named): OrderReference {
  if (typeof named === 'string') return { orderId: named };
  return named;
}

export function placeCommand(side: Side, price: number | null, quantity: number, options: PlaceOptions = {}): EngineCommand {
  return {
    op: 'place',
    actor: options.actor ?? null,
    instrument: options.instrument ?? BTC,
    side,
    kind: KIND_CODE[options.kind ?? (price === null ? 'market' : 'limit_gtc')],
    priceTicks: price ?? 0,
    quantityLots: quantity,
    traits: options.traits ?? NO_TRAITS,
    orderId: options.orderId ?? newOrderId(),
    clientId: options.client ?? 'client',
    clientOrderId: options.name ?? null,
    idempotency: options.key ?? null,
  };
}

export function cancelCommand(named: Named, key?: string, actor: string | null = null): EngineCommand {
  return { op: 'cancel', actor, order: referenceOf(named), idempotency: key ?? null, request: key === undefined ? null : { cancel: true } };
}

export function amendCommand(named: Named, options: AmendOptions): EngineCommand {
  return {
    op: 'amend',
    actor: options.actor ?? null,
    order: referenceOf(named),
    candidates: [{
      instrument: options.instrument ?? BTC,
      priceTicks: options.price ?? null,
      quantityLots: options.quantity ?? null,
      remainingLots: options.remaining ?? null,
      stopTicks: options.stop ?? null,
      trailingOffset: options.offset ?? null,
      trailingPercent: options.percent ?? null,
      quantityLotsMax: options.quantityMax ?? AMOUNT_MAX,
    }],
    idempotency: options.key ?? null,
    request: options.key === undefined ? null : { price: options.price ?? null },
  };
}

/** An entry's fills as price, quantity and maker. */
export function fillsOf(entry: LogEntry): [price: number, quantity: number, makerOrderId: string][] {
  return entry.fills.map((fill) => [fill.priceTicks, fill.quantityLots, fill.maker.orderId]);
}

export function orderOf(entry: LogEntry): Order {
  const [order] = entry.orders;
  if (order === undefined) throw new Error('the entry has no order');
  return order;
}

export function entryOf(result: CommandResult): LogEntry {
  if (result.outcome === 'logged') return result.entry;
  throw new Error(`expected an entry, got ${JSON.stringify(result)}`);
}

export function refusalOf(result: CommandResult): Refused {
  if (result.outcome === 'refused') return result;
  throw new Error(`expected a refusal, got ${JSON.stringify(result)}`);
}

/** Short words for what tests do with an engine. Every call but `refused` throws when the engine refuses. */
export class Desk {
  constructor(readonly engine: Engine) {}

  async submit(command: EngineCommand): Promise<LogEntry> {
    return entryOf(await this.engine.submit(command));
  }

  async refused(command: EngineCommand): Promise<Refused> {
    return refusalOf(await this.engine.submit(command));
  }

  buy(price: number | null, quantity: number, options?: PlaceOptions): Promise<LogEntry> {
    return this.submit(placeCommand('buy', price, quantity, options));
  }

  sell(price: number | null, quantity: number, options?: PlaceOptions): Promise<LogEntry> {
    return this.submit(placeCommand('sell', price, quantity, options));
  }

  /** Places an order that comes to rest. @returns the order */
  async rest(side: Side, price: number, quantity: number, options?: PlaceOptions): Promise<Order> {
    const entry = await this.submit(placeCommand(side, price, quantity, options));
    const order = orderOf(entry);
    if (order.status !== 'open') throw new Error(`the order is ${order.status}`);
    return order;
  }

  cancel(named: Named, key?: string): Promise<LogEntry> {
    return this.submit(cancelCommand(named, key));
  }

  amend(named: Named, options: AmendOptions): Promise<LogEntry> {
    return this.submit(amendCommand(named, options));
  }

  async massCancel(
    clientId: string, options: { instrument?: string; after?: number; pageSize?: number; bound?: number } = {},
  ): Promise<MassCancelled> {
    const result = await this.engine.submit({
      op: 'mass_cancel', actor: null, clientId, instrument: options.instrument ?? null, after: options.after ?? 0,
      bound: options.bound ?? null, pageSize: options.pageSize ?? 1000,
    });
    if (result.outcome !== 'mass_cancelled') throw new Error(`expected a mass cancel, got ${JSON.stringify(result)}`);
    return result;
  }

  /** Levels of both sides, best first, as price and lots. */
  async book(instrument = BTC): Promise<{ bids: (readonly [number, number])[]; asks: (readonly [number, number])[] }> {
    const { bids, asks } = await this.engine.readBook(instrument, 5000);
    return { bids: [...bids], asks: [...asks] };
  }
}
