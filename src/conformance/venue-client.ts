import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
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
/** A venue that is there and says that it takes orders again by itself is worth more patience. */
const PASSING = new Set<unknown>(['engine_recovering', 'engine_unavailable', 'backlog_full']);
const PASSING_MAX_MS = 60_000;
const PASSING_POLL_MS = 500;

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

  /**
   * Each operation happens once, however often it has to be sent: also where the venue recovers its book meanwhile.
   * @throws VenueError where that takes too long
   */
  async batch(operations: readonly Operation[]): Promise<OperationResult[]> {
    const keyed = operations.map((operation): Operation => ({ ...operation, idempotency_key: operation.idempotency_key ?? randomUUID() }));
    const results = await this.send(keyed);
    const waitUntilMs = performance.now() + PASSING_MAX_MS;
    for (;;) {
      const waiting = results.flatMap(({ body }, i) => (PASSING.has(body.code) ? [i] : []));
      const [first] = waiting;
      if (first === undefined) return results;
      const { title, code } = results[first]?.body ?? {};
      if (performance.now() > waitUntilMs) throw new VenueError(`${this.url} takes no orders: ${String(title)} (${String(code)}); see ${this.url}/readyz`);
      await sleep(PASSING_POLL_MS);
      const again = await this.send(waiting.map((at) => keyed[at] as Operation));
      waiting.forEach((at, i) => { results[at] = again[i] as OperationResult; });
    }
  }

  private async send(operations: readonly Operation[]): Promise<OperationResult[]> {
    return (await this.ask((client) => client.batch(operations))) as readonly { status: number; body: unknown }[] as OperationResult[];
  }

  /** Best first, as decimal strings. */
  orderbook(instrument: string, levels: number): Promise<Orderbook> {
    return this.ask((client) => client.orderbook({ instrument, levels }));
  }
}
