import { AlgosQuery, TwapRequest, type CallId } from '#openfill-contract';
import type { Context } from '../../domain/context';
import type { InstrumentTable } from '../../domain/instrument-table';
import { isUuid } from '../../domain/order-id';
import type { Answer } from '../../http/answer';
import type { Call } from '../../http/dialect';
import { RequestRefusal } from '../../http/request-refusal';
import type { Algos } from '../../trading/algos';
import { judgeOf, queryJudgeOf } from './check/judge';
import { NO_LIMITS, checkBody, checkQuery } from './check/schemas';
import { withClient } from './own-client';
import { keyOf } from './parse';
import { REPLAYED } from './present';
import { presentAlgo, presentSlice } from './present-algos';
import { plain, reading, type Handler } from './reading';

type Query = Readonly<Record<string, unknown>>;

/** A path that is no UUID names no algo. @throws RequestRefusal `algo_not_found` */
function algoIdOfPath(id: string): string {
  if (!isUuid(id)) throw new RequestRefusal('algo_not_found');
  return id.toLowerCase();
}

/** The calls of parent orders. All throw refusals. */
export class NativeAlgos {
  private readonly twapBody;
  private readonly listQuery;

  constructor(
    private readonly algos: Algos, private readonly instruments: InstrumentTable,
    { algoSlicesMax, algoDurationMaxS, ordersLimitMax }: { readonly algoSlicesMax: number; readonly algoDurationMaxS: number; readonly ordersLimitMax: number },
  ) {
    this.twapBody = judgeOf(TwapRequest, { ...NO_LIMITS, algoSlicesMax, algoDurationMaxS });
    this.listQuery = queryJudgeOf(AlgosQuery, { ...NO_LIMITS, ordersLimitMax });
  }

  /** POST /algos/twap */
  async startTwap(context: Context, body: unknown, headerKey: string | undefined): Promise<Answer> {
    const { client_id: clientId, instrument, side, quantity, duration_s: durationS, slices, limit_price: limitPrice, idempotency_key: key } = (
      checkBody(this.twapBody, withClient(body, context))
    );
    const { algo, replayed } = await this.algos.startTwap(context, {
      clientId, instrument, side, quantity, limitPrice, durationS, slices, key: keyOf(key, headerKey),
    });
    return { status: 201, body: presentAlgo(algo, this.instruments.of(algo.instrument)), ...(replayed && { headers: REPLAYED }) };
  }

  /** GET /algos?client_id=… */
  async list(context: Context, query: Query): Promise<Answer> {
    const { client_id: clientId, status, limit, cursor = null } = checkQuery(this.listQuery, withClient(query, context) as Query);
    const { algos, nextCursor } = await this.algos.algos(context, { clientId, status, limit, cursor });
    return { status: 200, body: { algos: algos.map((algo) => presentAlgo(algo, this.instruments.of(algo.instrument))), next_cursor: nextCursor } };
  }

  /** GET /algos/{algo_id} */
  async one(context: Context, id: string): Promise<Answer> {
    const { algo, slices } = await this.algos.algo(context, algoIdOfPath(id));
    const instrument = this.instruments.of(algo.instrument);
    return { status: 200, body: { ...presentAlgo(algo, instrument), orders: slices.map((slice) => presentSlice(slice, instrument)) } };
  }

  /** DELETE /algos/{algo_id} */
  async stop(context: Context, id: string): Promise<Answer> {
    const algo = await this.algos.stop(context, algoIdOfPath(id));
    return { status: 200, body: presentAlgo(algo, this.instruments.of(algo.instrument)) };
  }
}

const idOf = ({ params }: Call): string => params.algo_id as string;

/** What the calls about parent orders do, by their names. */
export function algoHandlers(algos: NativeAlgos) {
  return {
    startTwap: plain((call, key) => algos.startTwap(call.context, call.body, key)),
    listAlgos: reading((call, parameters) => algos.list(call.context, parameters)),
    getAlgo: plain((call) => algos.one(call.context, idOf(call))),
    stopAlgo: plain((call) => algos.stop(call.context, idOf(call))),
  } as const satisfies Readonly<Partial<Record<CallId, Handler>>>;
}
