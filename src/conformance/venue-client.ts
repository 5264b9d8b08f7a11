import { parseStep, type Step } from '../domain/amounts';

/** What the command line tools ask of a running venue, over its public interface. */

export interface VenueInstrument {
  readonly instrument: string;
  readonly tick: Step;
  readonly lot: Step;
}

export interface OperationResult {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** The venue cannot be reached, or answered what the tool cannot go on with. */
export class VenueError extends Error {}

export class VenueClient {
  constructor(readonly url: string) {}

  private async request(method: string, path: string, body?: unknown): Promise<unknown> {
    let response: Response;
    try {
      response = await fetch(`${this.url}${path}`, {
        method,
        ...(body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
      });
    } catch (error) {
      throw new VenueError(`${this.url} cannot be reached: start it with "npm run up", or name another with --url`, { cause: error });
    }
    const answer = (await response.json());
    if (!response.ok) throw new VenueError(`${method} ${path} answered ${response.status}: ${JSON.stringify(answer)}`);
    return answer;
  }

  async instruments(): Promise<VenueInstrument[]> {
    const { instruments } = (await this.request('GET', '/public/instruments')) as {
      instruments: { instrument: string; tick_size: string; lot_size: string }[];
    };
    return instruments.map(({ instrument, tick_size, lot_size }) => ({
      instrument, tick: parseStep(tick_size), lot: parseStep(lot_size),
    }));
  }

  async batch(operations: readonly unknown[]): Promise<OperationResult[]> {
    return ((await this.request('POST', '/orders/batch', { operations })) as { results: OperationResult[] }).results;
  }

  /** Best first, as decimal strings. */
  async orderbook(instrument: string, levels: number): Promise<{ sequence: number; bids: [string, string][]; asks: [string, string][] }> {
    return (await this.request('GET', `/public/orderbook?instrument=${encodeURIComponent(instrument)}&levels=${levels}`)) as never;
  }
}
