import type { Algo, AlgoPage, AlgoWithSlices, TwapRequest } from './contract';
import type { HttpTransport } from './http';
import { PAGE, everyRow, type HttpCalls } from './http-calls';
import { problemOf, type CallOptions, type Retries } from './retry';

/** Parent orders, which the venue trades by slices. */
export class AlgoCalls {
  constructor(private readonly http: HttpTransport, private readonly retries: Retries, private readonly calls: HttpCalls) {}

  /** Trades a quantity evenly over a time. @throws ProblemError `algos_limit` */
  twap(request: TwapRequest, call: CallOptions = {}): Promise<Algo> {
    return this.calls.send('POST', '/algos/twap', { ...request }, call);
  }

  /** An algo with its slices so far. */
  one(algoId: string, call: CallOptions = {}): Promise<AlgoWithSlices> {
    return this.calls.get(pathOf(algoId), {}, call);
  }

  /** Algos of a client (of the caller's own account where it is left out), newest first, one page. */
  page(
    query: { readonly client_id?: string; readonly status?: 'running' | 'all'; readonly limit?: number; readonly cursor?: string } = {}, call: CallOptions = {},
  ): Promise<AlgoPage> {
    return this.calls.get('/algos', query, call);
  }

  /** All pages, algo by algo. */
  every(query: { readonly client_id?: string; readonly status?: 'running' | 'all' } = {}, call: CallOptions = {}): AsyncGenerator<Algo> {
    return everyRow<Algo, string>(async (cursor) => {
      const { algos, next_cursor: next } = await this.page({ ...query, limit: PAGE, ...(cursor !== undefined && { cursor }) }, call);
      return { rows: algos, next };
    });
  }

  /**
   * Cancels an algo: once it is `cancelled` it places nothing more. Asked again after an unclear answer, one that has ended by then is no error.
   * @throws ProblemError `algo_ended`
   */
  async cancel(algoId: string, call: CallOptions = {}): Promise<Algo> {
    let attempts = 0;
    const answer = await this.retries.settle({
      name: 'DELETE /algos', command: { algo_id: algoId }, isRepeatable: true,
      send: (signal) => {
        attempts++;
        return this.http.request('DELETE', pathOf(algoId), undefined, signal);
      },
    }, call.signal);
    if (answer.status < 300) return answer.body as Algo;
    const problem = problemOf(answer);
    if (attempts > 1 && problem.code === 'algo_ended') return this.one(algoId, call);
    throw problem;
  }
}

const pathOf = (algoId: string): string => `/algos/${encodeURIComponent(algoId)}`;
