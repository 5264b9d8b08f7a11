import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../seeded-random';
import type { Habit, Planned } from './habit';
import type { Ledger } from './ledger';

const REQUEST_TIMEOUT_MS = 8_000;
const RETRY_MS = 150;
const BATCH_MAX = 12;
const BATCH_SHARE = 0.15;

/** Answers that leave open whether the command happened. */
function isUnclear(status: number): boolean {
  return status === 504 || status === 500 || status === 502;
}

/** One habit of a client, and how often out of all it is followed. */
export interface Share {
  readonly habit: Habit;
  readonly of: number;
  /** Whether several of it may go together, as a batch. */
  readonly inBatches: boolean;
}

/**
 * One client: does what its habits tell, alone and in batches, each command with a key of its own, and asks again with
 * the same key until it knows what became of a command.
 */
export class LoadClient {
  private stopping = false;
  /** Commands refused for certain because a part was away. */
  turnedAway = 0;
  turnedAwayByBacklog = 0;
  /** Commands refused because the balances did not add up. */
  turnedAwayByAudit = 0;
  resolvedByRetry = 0;

  /** @param shares that add up to 1 */
  constructor(
    private readonly url: string, private readonly ledger: Ledger, private readonly random: Random, private readonly pauseMs: number,
    private readonly shares: readonly Share[],
  ) {}

  stop(): void {
    this.stopping = true;
  }

  async run(): Promise<void> {
    while (!this.stopping) {
      const { habit, inBatches } = this.pick();
      const count = inBatches && this.random.next() < BATCH_SHARE ? 2 + this.random.below(BATCH_MAX - 1) : 1;
      const planned = Array.from({ length: count }, () => habit.plan());
      if (count === 1) await this.carryOut(planned[0] as Planned);
      else await this.batch(planned);
      await sleep(this.pauseMs * (0.5 + this.random.next()));
    }
  }

  private pick(): Share {
    let left = this.random.next();
    const [first] = this.shares as readonly [Share, ...Share[]];
    return this.shares.find((share) => (left -= share.of) < 0) ?? first;
  }

  /** Sends one command until its outcome is known. */
  async carryOut(planned: Planned): Promise<void> {
    for (;;) {
      const answer = await this.request(planned.method, planned.path, planned.body);
      if (this.settle(planned, answer)) return;
      await sleep(RETRY_MS);
    }
  }

  private async batch(planned: readonly Planned[]): Promise<void> {
    let waiting = planned;
    while (waiting.length > 0) {
      const answer = await this.request('POST', '/orders/batch', { operations: waiting.map(({ operation }) => operation) });
      const results = answer?.status === 200 ? (answer.body as { results: { status: number; body: Record<string, unknown> }[] }).results : null;
      waiting = waiting.filter((one, i) => !this.settle(one, results === null ? answer : (results[i] ?? null)));
      if (waiting.length > 0) await sleep(RETRY_MS);
    }
  }

  /** @returns whether the command's outcome is known now, or it certainly did not happen */
  private settle(planned: Planned, answer: Answered | null): boolean {
    const { command } = planned;
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
      if (answer.body.code === 'balance_audit_breach') this.turnedAwayByAudit++;
      this.ledger.commands.delete(command.key);
      return true;
    }
    if (command.unclear > 0) this.resolvedByRetry++;
    this.ledger.settle(command, answer.status, answer.body);
    planned.learn(answer.status, answer.body);
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

interface Answered {
  readonly status: number;
  readonly body: Record<string, unknown>;
}
