import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../seeded-random';
import type { Habit, Planned } from './habit';
import type { Ledger } from './ledger';
import type { Answered, Line } from './line';

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
  /** Whether there is anything to do; always where it is left out. */
  isOn?(): boolean;
}

/** As whom a client sends. */
export interface Lines {
  readonly own: Line;
  of(planned: Planned): Line;
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
  /** Commands that nobody was let in for. */
  keptOut = 0;
  resolvedByRetry = 0;

  /** @param shares that add up to 1 */
  constructor(
    private readonly lines: Lines, private readonly ledger: Ledger, private readonly random: Random, private readonly pauseMs: number,
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
    const share = this.shares.find(({ of }) => (left -= of) < 0) ?? first;
    return share.isOn?.() === false ? first : share;
  }

  /** Sends one command until its outcome is known. */
  async carryOut(planned: Planned): Promise<void> {
    for (;;) {
      const { command, method, path, body } = planned;
      const line = this.lines.of(planned);
      if (line.user !== null) command.senders.add(line.user);
      if (this.settle(planned, line, await line.send(method, path, body, command.account))) return;
      await sleep(RETRY_MS);
    }
  }

  private async batch(planned: readonly Planned[]): Promise<void> {
    let waiting = planned;
    while (waiting.length > 0) {
      const { own } = this.lines;
      if (own.user !== null) for (const { command } of waiting) command.senders.add(own.user);
      const answer = await own.send('POST', '/orders/batch', { operations: waiting.map(({ operation }) => operation) }, null);
      const results = answer?.status === 200 ? (answer.body as unknown as { results: Answered[] }).results : null;
      waiting = waiting.filter((one, i) => !this.settle(one, own, results === null ? answer : (results[i] ?? null)));
      if (waiting.length > 0) await sleep(RETRY_MS);
    }
  }

  /** @returns whether the command's outcome is known now, or it certainly did not happen */
  private settle(planned: Planned, line: Line, answer: Answered | null): boolean {
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
    if (line.isKeptOut(answer, command.account)) {
      // Of this attempt nothing came; one before may have been carried out.
      if (command.unclear > 0) return false;
      this.keptOut++;
      this.ledger.commands.delete(command.key);
      return true;
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
}
