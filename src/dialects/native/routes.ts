import { CALLS, type Access, type CallId } from '#openfill-contract';
import type { Answer } from '../../http/answer';
import type { Call, Route } from '../../http/dialect';
import { RequestRefusal, invalid } from '../../http/request-refusal';
import type { StreamDialect } from '../../stream/dialect';
import type { Streams } from '../streams';
import { routesOf } from './call-routes';
import { beginEvents } from './event-stream';
import { moneyHandlers, type MoneyCalls } from './money-routes';
import { controlHandlers, type NativeControls } from './native-controls';
import type { NativeInstruments } from './native-instruments';
import { listHandlers, type NativeLists } from './native-lists';
import type { NativeMarket } from './native-market';
import { algoHandlers, type NativeAlgos } from './native-algos';
import { costOfBatch, type NativeOrders } from './native-orders';
import { peopleHandlers, type PeopleCalls } from './people-routes';
import { bodyOrQuery } from './parse';
import { plain, reading, type Handler } from './reading';

export interface Probes {
  /** GET /readyz: status 200 or 503 with each dependency. */
  ready(): Promise<Answer>;
  /** Prometheus text. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** The stream, and how this dialect speaks on it. */
export interface NativeStream {
  readonly streams: Streams;
  readonly dialect: StreamDialect;
}

/** The documents, as they are served. */
export interface Documents {
  openapi(): object;
  asyncapi(): object;
}

/** A key for a batch as a whole would be taken for a promise that nothing keeps: each operation has its own. */
function refuseBatchKey(key: string | undefined): void {
  if (key === undefined) return;
  throw invalid([{ field: 'Idempotency-Key', message: 'is not for a batch: give each operation an idempotency_key' }]);
}

const answered = (body: unknown): Promise<Answer> => Promise.resolve({ status: 200, body });
const idOf = (call: Call): string => call.params.order_id as string;

const ONE_COMMAND: ReadonlySet<CallId> = new Set(['placeOrder', 'amendOrder', 'cancelOrder', 'deleteOrder', 'placeOrderList', 'cancelOrderList']);

/** Every call of the contract but its page, which is no route. */
export function nativeRoutes(
  orders: NativeOrders, lists: NativeLists, controls: NativeControls, algos: NativeAlgos, market: NativeMarket, instruments: NativeInstruments, money: MoneyCalls, people: PeopleCalls, probes: Probes,
  stream: NativeStream, documents: Documents, access: Readonly<Record<CallId, Access>>,
): Route[] {
  const { getDocs: _page, ...calls } = CALLS;
  const handlers: Readonly<Record<Exclude<CallId, 'getDocs'>, Handler>> = {
    placeOrder: plain((call, key) => orders.place(call.context, call.body, key)),
    listOrders: reading((call, parameters) => orders.list(call.context, parameters)),
    cancelAllOrders: reading((call, parameters) => {
      // One that names an instrument must not be overlooked: the call would cancel more than was meant.
      if (call.body !== undefined) throw invalid([{ field: 'body', message: 'is not taken: client_id and instrument are query parameters' }]);
      return orders.massCancel(call.context, parameters);
    }),
    submitBatch: plain((call, key) => {
      refuseBatchKey(key);
      return orders.batch(call.context, call.body);
    }),
    cancelOrder: plain((call, key) => orders.cancel(call.context, idOf(call), call.body, key)),
    deleteOrder: reading((call, parameters, key) => orders.cancel(call.context, idOf(call), bodyOrQuery(call.body, parameters), key)),
    amendOrder: plain((call, key) => orders.amend(call.context, idOf(call), call.body, key)),
    getOrder: plain((call) => orders.order(call.context, idOf(call))),

    ...listHandlers(lists),
    ...controlHandlers(controls),
    ...algoHandlers(algos),
    ...moneyHandlers(money),
    ...peopleHandlers(people),

    getOrderbook: reading((call, parameters) => market.orderbook(call.context, parameters)),
    getTrades: reading((call, parameters) => market.trades(call.context, parameters)),
    getCandles: reading((call, parameters) => market.candles(call.context, parameters)),
    getTicker: reading((call, parameters) => market.ticker(call.context, parameters)),
    openInstrument: plain((call, key) => instruments.open(call.context, call.body, key)),
    changeInstrument: plain((call, key) => instruments.change(call.context, call.params.instrument as string, call.body, key)),
    getInstruments: plain((call) => market.list(call.context)),
    getAuction: plain((call) => market.auction(call.context, call.params.instrument as string)),

    openStream: () => Promise.reject(new RequestRefusal('upgrade_required', {
      headers: { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' },
    })),
    openEventStream: (call) => {
      beginEvents(call, stream.streams, stream.dialect);
      return Promise.resolve(null);
    },

    getHealth: () => answered({ status: 'ok' }),
    getReadiness: () => probes.ready(),
    getMetrics: async () => {
      const { contentType, text } = await probes.metrics();
      return { status: 200, body: text, headers: { 'Content-Type': contentType } };
    },
    getOpenapi: () => answered(documents.openapi()),
    getAsyncapi: () => answered(documents.asyncapi()),
  };
  return routesOf(calls, handlers, access, { submitBatch: costOfBatch }, ONE_COMMAND);
}
