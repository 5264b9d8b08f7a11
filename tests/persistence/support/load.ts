import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom, type Random } from '../../../src/seeded-random';
import { Answers, type OrderTold } from './answers';
import { Client, ContractError, type Answer } from '../../support/client';

export { testSeed } from '../../support/seed';

export interface LoadOptions {
  readonly seed: number;
  /** Callers side by side, each sending one request after the other. */
  readonly workers: number;
  readonly instruments?: readonly string[];
  readonly clients?: readonly string[];
  /**
   * Every command carries an idempotency key and is repeated until its outcome is certain, over refused connections
   * and 5xx answers: what has been answered in the end is then exactly what has happened.
   */
  readonly persistent?: boolean;
  /** Whether some of its orders show a part only, as they do unless it says no. */
  readonly hides?: boolean;
}

const RETRY_MS = 20;
/** An outage that a test makes is over long before. */
const CERTAIN_MAX_MS = 90_000;
const BATCH_MAX = 20;
const PRICE_BASE_CENTS = 10_000;
const PRICE_SPREAD_CENTS = 12;
const LOTS_MAX = 40;
const FAULTS_MAX = 5;

type Operation = Record<string, unknown>;

/** Random orders, cancels and amends through the API, and what was answered to them. */
export class Load {
  readonly answers = new Answers();
  /** Answers that no valid request may get. */
  readonly unexpected: string[] = [];
  /** Requests that were answered. */
  answered = 0;
  private readonly client: Client;
  private readonly workers: Random[];
  private readonly instruments: readonly string[];
  private readonly clients: readonly string[];
  private keys = 0;
  private stopping = false;
  private running: Promise<unknown> = Promise.resolve();

  constructor(url: () => string, private readonly options: LoadOptions) {
    this.client = new Client(url, options.workers);
    this.workers = Array.from({ length: options.workers }, (_, i) => seededRandom(options.seed + i * 7919));
    this.instruments = options.instruments ?? ['BTC-USD', 'ETH-USD'];
    this.clients = options.clients ?? ['ann', 'bob "the" \\ builder', 'çèé-客户', 'dan'];
  }

  /** Sends `requests` requests in all. */
  async run(requests: number): Promise<void> {
    let left = requests;
    await Promise.all(this.workers.map(async (random) => {
      while (left-- > 0) await this.step(random);
    }));
  }

  /** Sends requests until `stop`. */
  start(): void {
    this.stopping = false;
    this.running = Promise.all(this.workers.map(async (random) => {
      while (!this.stopping) await this.step(random);
    }));
    // Seen by whoever stops it.
    this.running.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.running;
  }

  close(): void {
    this.client.close();
  }

  private async step(random: Random): Promise<void> {
    const choice = random.below(100);
    if (choice < 25) await this.batch(random);
    else if (choice < 26 && this.options.persistent !== true) await this.massCancel(random);
    else await this.single(random);
    this.answered++;
  }

  private operation(random: Random): Operation {
    const key = this.options.persistent === true || random.below(4) === 0 ? { idempotency_key: `key-${this.options.seed}-${++this.keys}` } : {};
    const choice = random.below(100);
    const target = choice < 30 ? this.someOrder(random) : undefined;
    if (target === undefined) return { op: 'place', ...this.place(random), ...key };
    if (choice < 18) return { op: 'cancel', order_id: target.order_id, ...key };
    const change = random.pick<Operation>([
      { price: this.price(random, target.side) },
      { quantity: this.quantity(random, target.instrument) },
      { remaining_quantity: this.quantity(random, target.instrument) },
      { price: this.price(random, target.side), quantity: this.quantity(random, target.instrument) },
    ]);
    return { op: 'amend', order_id: target.order_id, ...change, ...key };
  }

  private place(random: Random): Operation {
    const instrument = random.pick(this.instruments);
    const side = random.pick(['buy', 'sell']);
    const order = { client_id: random.pick(this.clients), instrument, side, quantity: this.quantity(random, instrument) };
    const named = random.below(5) === 0 ? { client_order_id: `mine "${random.below(30)}"` } : {};
    const kind = random.below(20);
    if (kind === 0) return { ...order, type: 'market', ...named };
    const limit = { ...order, type: 'limit', price: this.price(random, side), ...named };
    if (kind === 1) return { ...limit, time_in_force: 'ioc' };
    if (kind === 2) return { ...limit, time_in_force: 'fok' };
    if (kind === 3) return { ...limit, post_only: true };
    // One lot at a time of whatever it is.
    if (kind < 7 && this.options.hides !== false) return { ...limit, display_quantity: order.quantity.replace(/\d\d$/, '01') };
    return limit;
  }

  /** Around the middle, so that about every second order finds somebody to trade with. */
  private price(random: Random, side: string): string {
    const shift = side === 'buy' ? -2 : 2;
    return ((PRICE_BASE_CENTS + shift + random.below(PRICE_SPREAD_CENTS) - PRICE_SPREAD_CENTS / 2) / 100).toFixed(2);
  }

  private quantity(random: Random, instrument: string): string {
    return instrument === 'ETH-USD' ? `0.${String(1 + random.below(LOTS_MAX)).padStart(6, '0')}` : `0.${String(1 + random.below(LOTS_MAX)).padStart(8, '0')}`;
  }

  private someOrder(random: Random): OrderTold | undefined {
    const known = [...this.recent];
    return known.length === 0 ? undefined : known[random.below(known.length)];
  }

  /** Orders that were open when last heard of, the newest few. */
  private readonly recent: OrderTold[] = [];

  private remember(told: OrderTold): void {
    this.answers.order(told);
    if (told.status !== 'open' && told.status !== 'partially_filled') return;
    this.recent.push(told);
    if (this.recent.length > 200) this.recent.shift();
  }

  private async single(random: Random): Promise<void> {
    const { op, order_id: orderId, ...body } = this.operation(random);
    const call = (): Promise<Answer> => {
      if (op === 'place') return this.client.post('/orders', body);
      if (op === 'cancel') return this.client.post(`/orders/${String(orderId)}/cancel`, body);
      return this.client.call('PATCH', `/orders/${String(orderId)}`, { body });
    };
    const { status, body: answer } = await this.certain(call);
    this.note(status, answer, String(op));
  }

  private async batch(random: Random): Promise<void> {
    let operations = Array.from({ length: 1 + random.below(BATCH_MAX) }, () => this.operation(random));
    const deadline = Date.now() + CERTAIN_MAX_MS;
    while (operations.length > 0) {
      if (Date.now() > deadline) throw new Error(`${operations.length} operations of a batch have no certain answer`);
      const { status, body } = await this.certain(() => this.client.post('/orders/batch', { operations }));
      if (status !== 200) {
        this.fault(`batch: ${status} ${JSON.stringify(body)}`);
        return;
      }
      const { results } = body as { results: { status: number; body: unknown }[] };
      const again: Operation[] = [];
      results.forEach((result, i) => {
        const operation = operations[i] as Operation;
        if (this.options.persistent === true && result.status >= 500) again.push(operation);
        else this.note(result.status, result.body, String(operation.op));
      });
      operations = again;
      if (again.length > 0) await sleep(RETRY_MS);
    }
  }

  private async massCancel(random: Random): Promise<void> {
    const path = `/orders?client_id=${encodeURIComponent(random.pick(this.clients))}`;
    const { status, body } = await this.client.call('DELETE', path);
    if (status !== 200) this.fault(`mass cancel: ${status} ${JSON.stringify(body)}`);
    else for (const id of (body as { cancelled: string[] }).cancelled) this.answers.massCancelled.add(id);
  }

  private async certain(call: () => Promise<Answer>): Promise<Answer> {
    if (this.options.persistent !== true) return call();
    const deadline = Date.now() + CERTAIN_MAX_MS;
    for (;;) {
      let last: unknown;
      const answer = await call().catch((error: unknown) => {
        if (error instanceof ContractError) throw error;
        last = error;
        return null;
      });
      if (answer !== null && answer.status < 500) return answer;
      if (Date.now() > deadline) throw new Error(`no certain answer, at last ${answer?.status ?? 'none'}`, { cause: last });
      await sleep(RETRY_MS);
    }
  }

  private fault(what: string): void {
    if (this.unexpected.length < FAULTS_MAX) this.unexpected.push(what);
  }

  private note(status: number, body: unknown, op: string): void {
    const problem = body as { code?: string; order?: OrderTold };
    if (status === (op === 'place' ? 201 : 200)) this.remember(body as OrderTold);
    else if (problem.code === 'order_not_open' && problem.order !== undefined) this.remember(problem.order);
    else if (status !== 409 && status !== 422) this.fault(`${op}: ${status} ${JSON.stringify(body)}`);
  }
}
