import type { Config } from '../../config';
import type { Dialect } from '../../http/dialect';
import type { Services } from '../services';
import { createAsyncapiDocument } from './documents/asyncapi';
import { DOCS_PAGE } from './documents/docs-page';
import { createOpenapiDocument } from './documents/openapi';
import { ProblemDocuments } from './errors';
import { NativeMarket } from './native-market';
import { NativeOrders } from './native-orders';
import { apiRoutes, serviceRoutes, type EventStreams, type Probes } from './routes';

/** The venue's own dialect, and its calls of orders for the ways in beside HTTP. */
export interface NativeDialect extends Dialect {
  readonly orders: NativeOrders;
}

/** The contract as it is published: snake_case, decimal strings, problem documents. */
export function nativeDialect({ trading, market, candles, instruments }: Services, probes: Probes, streams: EventStreams, config: Config): NativeDialect {
  const problems = new ProblemDocuments(instruments);
  const orders = new NativeOrders(trading, instruments, problems, config);
  const documents = { '/openapi.json': createOpenapiDocument(config), '/asyncapi.json': createAsyncapiDocument(config.batchOperationsMax) };
  return {
    prefix: '',
    routes: [...apiRoutes(orders, new NativeMarket(market, candles, config)), ...serviceRoutes(documents, probes, streams)],
    pages: [DOCS_PAGE],
    answerOf: (refusal, requestId) => problems.answerOf(refusal, requestId),
    orders,
  };
}
