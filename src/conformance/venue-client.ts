import { CertificateError, ConnectionError, OpenfillClient, OpenfillError, type Operation, type Orderbook } from '#openfill-client';
import { parseStep, type Step } from '../domain/amounts';

/** What the command line tools ask of a running venue: the client, with steps as whole numbers and errors for a person. */

export interface VenueInstrument {
  readonly instrument: string;
  readonly tick: Step;
  readonly lot: Step;
}

export interface OperationResult {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The venue cannot be reached, or answered what the tool cannot go on with. */
export class VenueError extends Error {}

/** Who waits at a terminal wants to know soon that nobody is there. */
const ATTEMPTS_MAX = 5;

export class VenueClient {
  private readonly client: OpenfillClient;

  constructor(readonly url: string) {
    this.client = new OpenfillClient(url, { attemptsMax: ATTEMPTS_MAX });
  }

  private async ask<T>(call: (client: OpenfillClient) => Promise<T>): Promise<T> {
    try {
      return await call(this.client);
    } catch (error) {
      if (error instanceof ConnectionError && !(error instanceof CertificateError)) {
        throw new VenueError(`${this.url} cannot be reached: start it with "npm run up", or name another with --url`, { cause: error });
      }
      if (error instanceof OpenfillError) throw new VenueError(error.message, { cause: error });
      throw error;
    }
  }

  async instruments(): Promise<VenueInstrument[]> {
    const instruments = await this.ask((client) => client.instruments());
    return instruments.map(({ instrument, tick_size, lot_size }) => ({
      instrument, tick: parseStep(tick_size), lot: parseStep(lot_size),
    }));
  }

  /** Each operation happens once, however often it has to be sent. */
  async batch(operations: readonly Operation[]): Promise<OperationResult[]> {
    return (await this.ask((client) => client.batch(operations))) as readonly { status: number; body: unknown }[] as OperationResult[];
  }

  /** Best first, as decimal strings. */
  orderbook(instrument: string, levels: number): Promise<Orderbook> {
    return this.ask((client) => client.orderbook({ instrument, levels }));
  }
}
