import type { Context } from '../../domain/context';
import type { AssetTable } from '../../domain/asset-table';
import type { InstrumentTable } from '../../domain/instrument-table';
import { Refusal, type OrderWithTrades } from '../../domain/refusal';
import { RESULT_CODES } from '../../domain/result-code';
import type { Answer } from '../../http/answer';
import type { Cost } from '../../people/gate';
import type { OrderRequest, Outcome } from '../../trading/requests';
import type { Trading } from '../../trading/trading';
import { AMEND, CANCEL, batchSchema, checkBody, checkQuery, querySchemas } from './check/schemas';
import type { ProblemDocuments } from './errors';
import { withClient } from './own-client';
import { amendRequest, cancelRequest, orderIdOfPath } from './parse';
import type { PlaceReader } from './place-reader';
import { REPLAYED, presentOrder, presentOrderWithTrades, presentStaleness } from './present';

const STATUS = { place: 201, cancel: 200, amend: 200 } as const satisfies Record<OrderRequest['op'], number>;

/** What the operations of a batch take of which allowance: each as much as its own call. */
export function costOfBatch(body: unknown): Cost | null {
  const operations = typeof body === 'object' && body !== null ? (body as { readonly operations?: unknown }).operations : undefined;
  if (!Array.isArray(operations)) return null;
  const cancels = operations.filter((operation) => (operation as { readonly op?: unknown } | null)?.op === 'cancel').length;
  return { mutate: operations.length - cancels, cancel: cancels };
}

type Query = Readonly<Record<string, unknown>>;

/** The calls of orders: bodies in, answers out, the same over HTTP and over WebSocket order entry. All throw refusals. */
export class NativeOrders {
  private readonly batchBody;
  private readonly queries;

  constructor(
    private readonly trading: Trading, private readonly instruments: InstrumentTable, private readonly assets: AssetTable,
    private readonly problems: ProblemDocuments, private readonly placing: PlaceReader,
    limits: { readonly batchOperationsMax: number; readonly ordersLimitMax: number },
  ) {
    this.batchBody = batchSchema(limits.batchOperationsMax);
    this.queries = querySchemas({ levelsMax: 1, tradesMax: 1, ordersMax: limits.ordersLimitMax });
  }

  /** POST /orders */
  place(context: Context, body: unknown, headerKey: string | undefined): Promise<Answer> {
    return this.carryOut(context, this.placing.place(withClient(body, context), headerKey));
  }

  /** POST /orders/{order_id}/cancel, DELETE /orders/{order_id} */
  cancel(context: Context, orderId: string, body: unknown, headerKey: string | undefined): Promise<Answer> {
    const fields = checkBody(CANCEL, body === undefined ? {} : body);
    return this.carryOut(context, cancelRequest({ order_id: orderIdOfPath(orderId), ...fields }, headerKey));
  }

  /** PATCH /orders/{order_id} */
  amend(context: Context, orderId: string, body: unknown, headerKey: string | undefined): Promise<Answer> {
    const fields = checkBody(AMEND, body);
    return this.carryOut(context, amendRequest({ order_id: orderIdOfPath(orderId), ...fields }, headerKey));
  }

  /** One operation as a batch has them, alone; whoever takes it takes batches and lists as well, and what is about the connection. */
  operation(context: Context, operation: unknown): Promise<Answer> {
    return this.carryOut(context, this.placing.operation(withClient(operation, context), ['batch', 'place_list', 'cancel_list', 'cancel_on_disconnect']));
  }

  /** POST /orders/batch: every operation is answered as its own call would be. */
  async batch(context: Context, body: unknown): Promise<Answer> {
    const { operations } = checkBody(this.batchBody, body);
    const requests: OrderRequest[] = [];
    // One that cannot be read is answered where it stands, and takes nothing from the others.
    const read = operations.map((operation) => {
      try {
        const request = this.placing.operation(withClient(operation, context));
        requests.push(request);
        return request;
      } catch (error) {
        if (error instanceof Refusal) return error;
        throw error;
      }
    });
    const outcomes = await this.trading.batch(context, requests);
    let next = 0;
    const results = read.map((request) => {
      if (request instanceof Refusal) return this.refused(request, context);
      const outcome = outcomes[next++] as Outcome | Refusal;
      return outcome instanceof Refusal ? this.refused(outcome, context) : { status: STATUS[request.op], body: this.present(outcome) };
    });
    return { status: 200, body: { results } };
  }

  /** A result of a batch has no headers. */
  private refused(refusal: Refusal, { requestId }: Context): { status: number; body: unknown } {
    return { status: RESULT_CODES[refusal.code].status, body: this.problems.bodyOf(refusal, requestId) };
  }

  private async carryOut(context: Context, request: OrderRequest): Promise<Answer> {
    const outcome = await this.trading.carryOut(context, request);
    const body = this.present(outcome);
    return outcome.replayed ? { status: STATUS[request.op], body, headers: REPLAYED } : { status: STATUS[request.op], body };
  }

  /** DELETE /orders?client_id=… */
  async massCancel(context: Context, query: Query): Promise<Answer> {
    const { client_id: clientId, instrument = null } = checkQuery(this.queries.massCancel, withClient(query, context) as Query);
    return { status: 200, body: { cancelled: await this.trading.massCancel(context, { clientId, instrument }) } };
  }

  /** GET /public/orders/{order_id} */
  async order(context: Context, orderId: string): Promise<Answer> {
    return { status: 200, body: this.present(await this.trading.order(context, orderIdOfPath(orderId))) };
  }

  /** GET /orders */
  async list(context: Context, query: Query): Promise<Answer> {
    const { client_id: clientId, status, instrument = null, limit, cursor = null } = checkQuery(this.queries.orders, withClient(query, context) as Query);
    const { orders, nextCursor, stale } = await this.trading.orders(context, { clientId, status, instrument, limit, cursor });
    return {
      status: 200,
      body: {
        orders: orders.map((order) => presentOrder(order, this.instruments.of(order.instrument), this.assets)), next_cursor: nextCursor, ...presentStaleness(stale),
      },
    };
  }

  private present({ order, trades, stale }: OrderWithTrades): object {
    const view = presentOrderWithTrades(order, trades, this.instruments.of(order.instrument), this.assets);
    return stale === null ? view : Object.assign(view, presentStaleness(stale));
  }
}
