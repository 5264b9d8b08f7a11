import { callAccessOf } from '#openfill-contract';
import type { Logger } from 'pino';
import type { Config } from '../../config';
import { onFirstUse } from '../../http/on-first-use';
import type { DialectMaker } from '../services';
import { streamUpgrade } from '../streams';
import { createAsyncapiDocument } from './documents/asyncapi';
import { DOCS_PAGE } from './documents/docs-page';
import { createOpenapiDocument } from './documents/openapi';
import { ProblemDocuments } from './errors';
import { NativeAccounts } from './native-accounts';
import { NativeAlgos } from './native-algos';
import { NativeControls } from './native-controls';
import { NativeInstruments } from './native-instruments';
import { NativeLists } from './native-lists';
import { NativeMarket } from './native-market';
import { NativeMoney } from './native-money';
import { NativeOrders } from './native-orders';
import { NativeOidc } from './native-oidc';
import { NativePeople } from './native-people';
import { NativeTransfers } from './native-transfers';
import { OrderEntryServer, type OrderEntryObserver } from './order-entry';
import { PlaceReader } from './place-reader';
import { nativeRoutes, type Probes } from './routes';
import { NativeStreamDialect } from './stream';

/** The contract as it is published: snake_case, decimal strings, problem documents; its stream, and order entry over WebSockets. */
export function nativeDialect(config: Config, probes: Probes, logger: Logger, orderEntryObserver: OrderEntryObserver): DialectMaker {
  return ({ trading, algos, market, money, people, candles, streams, instruments, dispatcher }) => {
    const problems = new ProblemDocuments(instruments, money.assets);
    const answerOf: ProblemDocuments['answerOf'] = (refusal, requestId) => problems.answerOf(refusal, requestId);
    const orders = new NativeOrders(trading, instruments, money.assets, problems, new PlaceReader(config.faultInjection), config);
    const stream = new NativeStreamDialect(instruments, money.assets, config, config.funds !== 'off', people?.gate ?? null);
    const controls = new NativeControls(trading.controls, trading.leases);
    const lists = new NativeLists(trading.lists, instruments, money.assets, config);
    const orderEntry = new OrderEntryServer({ orders, lists, controls, answerOf }, dispatcher, {
      connectionsMax: config.orderEntryConnectionsMax,
      inFlightMax: config.orderEntryInFlightMax,
      messageBytesMax: config.bodyBytesMax,
      bufferBytesMax: config.orderEntryBufferBytesMax,
      authTimeoutMs: config.orderEntryAuthTimeoutMs,
      pingMs: config.orderEntryPingMs,
      requestTimeoutMs: config.requestTimeoutMs,
    }, logger.child({ part: 'order-entry' }), orderEntryObserver, people?.gate ?? null);
    return {
      prefix: '',
      routes: nativeRoutes(orders, lists, controls, new NativeAlgos(algos, instruments, config), new NativeMarket(market, candles, config), new NativeInstruments(trading.instruments, market), {
        accounts: new NativeAccounts(money, people, config), transfers: new NativeTransfers(money, config), venue: new NativeMoney(money, instruments, config),
      }, { people: new NativePeople(people, config), oidc: new NativeOidc(people, config.oidc?.redirectUri ?? null) }, probes, { streams, dialect: stream }, {
        openapi: onFirstUse(() => createOpenapiDocument(config)), asyncapi: onFirstUse(() => createAsyncapiDocument(config)),
      }, callAccessOf(config.auth)),
      pages: [DOCS_PAGE],
      upgrades: {
        '/stream': streamUpgrade(streams, stream),
        '/orders': (request, socket, head, _query, opener) => orderEntry.upgrade(request, socket, head, opener),
      },
      answerOf,
      close: () => orderEntry.close(),
    };
  };
}
