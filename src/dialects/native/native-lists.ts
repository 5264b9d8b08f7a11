import { CancelRequest, LIST_TYPES, ListedOrderRequest, OrderListRequest, OrderListsQuery, request, required, uuid, type CallId } from '#openfill-contract';
import type { AssetTable } from '../../domain/asset-table';
import type { Context } from '../../domain/context';
import type { InstrumentTable } from '../../domain/instrument-table';
import { isListId } from '../../domain/order-list';
import { isUuid } from '../../domain/order-id';
import type { Answer } from '../../http/answer';
import type { Call } from '../../http/dialect';
import { RequestRefusal, invalid } from '../../http/request-refusal';
import type { OrderLists } from '../../trading/order-lists';
import type { ListRequest } from '../../trading/requests';
import { judgeOf, queryJudgeOf } from './check/judge';
import { CANCEL, NO_LIMITS, checkBody, checkListed, checkQuery } from './check/schemas';
import { withClient } from './own-client';
import { bodyOrQuery, keyOf, termsOf } from './parse';
import { REPLAYED, presentStaleness } from './present';
import { presentListedOrderList, presentOrderList } from './present-lists';
import { plain, reading, type Handler } from './reading';

type Query = Readonly<Record<string, unknown>>;

const LIST = judgeOf(OrderListRequest, NO_LIMITS);
const CANCEL_NAMED = judgeOf(request(null, { list_id: required(uuid()) }, { parts: [CancelRequest] }), NO_LIMITS);
const LISTED = judgeOf(ListedOrderRequest, NO_LIMITS);

/** A path that is no list's id names none. @throws RequestRefusal `order_list_not_found` */
function listIdOfPath(id: string): string {
  if (!isUuid(id) || !isListId(id)) throw new RequestRefusal('order_list_not_found');
  return id.toLowerCase();
}

/** The calls of order lists. All throw refusals. */
export class NativeLists {
  private readonly listQuery;

  constructor(
    private readonly lists: OrderLists, private readonly instruments: InstrumentTable, private readonly assets: AssetTable,
    { ordersLimitMax }: { readonly ordersLimitMax: number },
  ) {
    this.listQuery = queryJudgeOf(OrderListsQuery, { ...NO_LIMITS, ordersLimitMax });
  }

  /** POST /order-lists */
  async place(context: Context, body: unknown, headerKey: string | undefined): Promise<Answer> {
    refuseListsIn(body);
    const { type, client_id: clientId, instrument, orders, idempotency_key: key, ack } = checkBody(LIST, withClient(body, context));
    const terms = checkListed(LISTED, orders, 'orders').map(termsOf);
    const request: ListRequest = { type, clientId, instrument, orders: terms, key: keyOf(key, headerKey), ackAfter: ack };
    return this.answer(201, await this.lists.place(context, request));
  }

  /** DELETE /order-lists/{list_id} */
  async cancel(context: Context, id: string, body: unknown, headerKey: string | undefined): Promise<Answer> {
    const { client_id: clientId = null, idempotency_key: key } = checkBody(CANCEL, body === undefined ? {} : body);
    return this.answer(200, await this.lists.cancel(context, { listId: listIdOfPath(id), clientId, key: keyOf(key, headerKey) }));
  }

  /** A cancel that names its list among its fields. */
  async cancelNamed(context: Context, body: unknown): Promise<Answer> {
    const { list_id: listId, client_id: clientId = null, idempotency_key: key } = checkBody(CANCEL_NAMED, body);
    return this.answer(200, await this.lists.cancel(context, { listId: listIdOfPath(listId), clientId, key: key ?? null }));
  }

  /** GET /order-lists/{list_id} */
  async one(context: Context, id: string): Promise<Answer> {
    return this.answer(200, { ...await this.lists.list(context, listIdOfPath(id)), replayed: false });
  }

  /** GET /order-lists?client_id=… */
  async page(context: Context, query: Query): Promise<Answer> {
    const { client_id: clientId, limit, cursor = null } = checkQuery(this.listQuery, withClient(query, context) as Query);
    const { lists, nextCursor, stale } = await this.lists.lists(context, { clientId, limit, cursor });
    return {
      status: 200,
      body: { order_lists: lists.map((list) => presentListedOrderList(list, this.instruments, this.assets)), next_cursor: nextCursor, ...presentStaleness(stale) },
    };
  }

  private answer(status: number, { replayed, ...list }: Awaited<ReturnType<OrderLists['place']>>): Answer {
    const body = presentOrderList(list, this.instruments, this.assets);
    return replayed ? { status, body, headers: REPLAYED } : { status, body };
  }
}

/** A list among a list's orders is told as what it is, ahead of what is missing in it. @throws RequestRefusal `validation_failed` */
function refuseListsIn(body: unknown): void {
  const orders = typeof body === 'object' && body !== null ? (body as { readonly orders?: unknown }).orders : undefined;
  if (!Array.isArray(orders)) return;
  const errors = orders.flatMap((order: unknown, i) => {
    if (typeof order !== 'object' || order === null) return [];
    const { type, orders: nested } = order as { readonly type?: unknown; readonly orders?: unknown };
    const isList = nested !== undefined || LIST_TYPES.some((listType) => listType === type);
    return isList ? [{ field: `orders.${i}`, message: 'is a list: a list holds orders, and no lists' }] : [];
  });
  if (errors.length > 0) throw invalid(errors.slice(0, LIST_ERRORS_MAX));
}

const LIST_ERRORS_MAX = 20;

const idOf = ({ params }: Call): string => params.list_id as string;

/** What the calls about order lists do, by their names. */
export function listHandlers(lists: NativeLists) {
  return {
    placeOrderList: plain((call, key) => lists.place(call.context, call.body, key)),
    listOrderLists: reading((call, parameters) => lists.page(call.context, parameters)),
    getOrderList: plain((call) => lists.one(call.context, idOf(call))),
    cancelOrderList: reading((call, parameters, key) => lists.cancel(call.context, idOf(call), bodyOrQuery(call.body, parameters), key)),
  } as const satisfies Readonly<Partial<Record<CallId, Handler>>>;
}
