import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../seeded-random';
import type { AckMode, Ledger, SentCommand } from './ledger';

const REQUEST_TIMEOUT_MS = 8_000;
const RETRY_MS = 150;
const OPEN_ORDERS_MAX = 40;
const BATCH_MAX = 12;
const MID_PRICE = 50_000;

type Operation = Readonly<Record<string, unknown>>;

/** Answers that leave open whether the command happened. */
function isUnclear(status: number): boolean {
  return status === 504 || status === 500 || status === 502;
}

/** `mixed` does everything; a `taker` only sends orders that never rest, so nothing it asks for needs Postgres. */
export type Habit = 'mixed' | 'taker';

/**
 * One client: places, cancels, amends, alone and in batches, each with a key of its own, and asks again with
 * the same key until it knows what became of a command.
 */
export class LoadClient {
  private readonly open: string[] = [];
  private stopping = false;
  /** Commands refused for certain because a part was away. */
  turnedAway = 0;
  turnedAwayByBacklog = 0;
  resolvedByRetry = 0;

  constructor(
    private readonly url: string,
    private readonly clientId: string,
    private readonly mode: AckMode,
    private readonly ledger: Ledger,
    private readonly random: Random,
    private readonly pauseMs: number,
    private readonly habit: Habit = 'mixed',
  ) {}

  stop(): void {
    this.stopping = true;
  }

  async run(): Promise<void> {
    while (!this.stopping) {
      const count = this.random.next() < 0.15 ? 2 + this.random.below(BATCH_MAX - 1) : 1;
      const planned = Array.from({ length: count }, () => this.plan());
      if (count === 1) await this.single(planned[0] as Planned);
      else await this.batch(planned);
      await sleep(this.pauseMs * (0.5 + this.random.next()));
    }
  }

  private plan(): Planned {
    const choice = this.random.next();
    const target = this.open.length === 0 ? undefined : this.random.pick(this.open);
    if (target !== undefined && (this.open.length >= OPEN_ORDERS_MAX || choice < 0.3)) {
      return { command: this.ledger.enter(this.clientId, 'cancel', this.mode), operation: { op: 'cancel', order_id: target } };
    }
    if (target !== undefined && choice < 0.45) {
      const change = this.random.next() < 0.5
        ? { price: String(this.price()) }
        : { remaining_quantity: (0.01 * (1 + this.random.below(50))).toFixed(2) };
      return { command: this.ledger.enter(this.clientId, 'amend', this.mode), operation: { op: 'amend', order_id: target, ...change } };
    }
    const side = this.random.pick(['buy', 'sell']);
    const common = { op: 'place', client_id: this.clientId, instrument: this.random.pick(['BTC-USD', 'ETH-USD']), side, quantity: (0.01 * (1 + this.random.below(50))).toFixed(2) };
    const lifetimes = this.habit === 'taker' ? ['ioc', 'fok'] : ['gtc', 'gtc', 'gtc', 'ioc', 'fok'];
    const operation = choice > 0.92
      ? { ...common, type: 'market' }
      : { ...common, type: 'limit', price: String(this.price()), time_in_force: this.random.pick(lifetimes) };
    return { command: this.ledger.enter(this.clientId, 'place', this.mode), operation };
  }

  private price(): number {
    return MID_PRICE + this.random.below(21) - 10;
  }

  private async single({ command, operation }: Planned): Promise<void> {
    const { op, order_id: orderId, ...fields } = operation as { op: string; order_id?: string };
    const body = { ...fields, idempotency_key: command.key };
    const [method, path] = op === 'place' ? ['POST', '/orders'] : op === 'cancel' ? ['POST', `/orders/${orderId}/cancel`] : ['PATCH', `/orders/${orderId}`];
    for (;;) {
      const answer = await this.request(method, path, body);
      if (this.settle(command, operation, answer)) return;
      await sleep(RETRY_MS);
    }
  }

  private async batch(planned: readonly Planned[]): Promise<void> {
    let waiting = planned;
    while (waiting.length > 0) {
      const operations = waiting.map(({ command, operation }) => ({ ...operation, idempotency_key: command.key }));
      const answer = await this.request('POST', '/orders/batch', { operations });
      const results = answer?.status === 200 ? (answer.body as { results: { status: number; body: Record<string, unknown> }[] }).results : null;
      waiting = waiting.filter(({ command, operation }, i) => !this.settle(command, operation, results === null ? answer : (results[i] ?? null)));
      if (waiting.length > 0) await sleep(RETRY_MS);
    }
  }

  /** @returns whether the command's outcome is known now, or it certainly did not happen */
  private settle(command: SentCommand, { op, order_id: orderId }: Operation, answer: Answered | null): boolean {
    if (answer === null || isUnclear(answer.status)) {
      command.unclear++;
      return false;
    }
    if (answer.status === 503 && answer.body.code === 'history_unavailable') {
      // Nothing was changed, but the refusal may be remembered under the key: ask until it can be told.
      command.unclear++;
      return false;
    }
    if (answer.status === 503) {
      if (command.unclear > 0) return false;
      // Never sent on, and never unclear before: it did not happen.
      this.turnedAway++;
      if (answer.body.code === 'backlog_full') this.turnedAwayByBacklog++;
      this.ledger.commands.delete(command.key);
      return true;
    }
    if (command.unclear > 0) this.resolvedByRetry++;
    this.ledger.settle(command, answer.status, answer.body);
    const { status, order_id: id } = answer.body as { status?: unknown; order_id?: string };
    const isOpen = status === 'open' || status === 'partially_filled';
    if (op === 'place' && isOpen && id !== undefined) this.open.push(id);
    else if (typeof orderId === 'string' && !(answer.status === 200 && isOpen)) {
      const at = this.open.indexOf(orderId);
      if (at >= 0 && answer.status !== 422 && answer.status !== 400) this.open.splice(at, 1);
    }
    return true;
  }

  private async request(method: string, path: string, body: unknown): Promise<Answered | null> {
    try {
      const response = await fetch(`${this.url}${path}`, {
        method,
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    } catch {
      return null;
    }
  }
}

interface Planned {
  readonly command: SentCommand;
  readonly operation: Operation;
}

interface Answered {
  readonly status: number;
  readonly body: Record<string, unknown>;
}
