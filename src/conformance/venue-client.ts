import { CertificateError, ConnectionError, OpenfillClient, OpenfillError, type Auth, type Operation, type Orderbook } from '#openfill-client';
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

/** @throws VenueError for what the client does not get */
export async function askVenue<T>(url: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ConnectionError && !(error instanceof CertificateError)) {
      throw new VenueError(`${url} cannot be reached: start it with "npm run up", or name another with --url`, { cause: error });
    }
    if (error instanceof OpenfillError) throw new VenueError(error.message, { cause: error });
    throw error;
  }
}

export class VenueClient {
  private readonly client: OpenfillClient;

  /** @param auth who it is; nobody where it is left out */
  constructor(readonly url: string, auth?: Auth) {
    this.client = new OpenfillClient(url, { attemptsMax: ATTEMPTS_MAX, ...(auth !== undefined && { auth }) });
  }

  private ask<T>(call: (client: OpenfillClient) => Promise<T>): Promise<T> {
    return askVenue(this.url, () => call(this.client));
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
