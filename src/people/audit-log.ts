import type { AuditEntry, AuditRow } from '../domain/people';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { uuidv7 } from 'uuidv7';
import { Refusal } from '../domain/refusal';
import { UnavailableError } from '../domain/unavailable';
import type { PeopleStore } from './ports';

const RETRY_MS = 500;
/** Characters of what an act was about. */
export const TARGET_LENGTH_MAX = 1_000;

/** An act that is on record, under an id of its own. */
export interface Act {
  readonly actId: string;
  readonly entry: AuditEntry;
}

/** What came of an act, which is kept once, however often that is tried. */
class Outcome {
  private isKept: () => void = () => undefined;
  /** Resolves once it is kept. */
  readonly kept = new Promise<void>((resolve) => { this.isKept = resolve; });

  constructor(readonly act: Act, readonly outcome: string) {}

  /** @throws UnavailableError */
  async keep(store: Pick<PeopleStore, 'addOutcome'>): Promise<void> {
    await store.addOutcome(this.act.actId, this.outcome);
    this.isKept();
  }
}

/**
 * What was done with powers. An act is on record before it is carried out: without Postgres it is not. Whoever did it is answered when
 * its outcome is kept; where Postgres is lost just then, that is kept as soon as it is back, and whoever cannot be let wait for so long
 * is told that nobody knows. An act whose process ended before that stays without an outcome. What only tells something is kept before
 * it is told.
 */
export class AuditLog {
  /** Bounded by what was under way when Postgres was lost: nothing is begun without it. */
  private readonly late: Outcome[] = [];
  private bringing: Promise<void> | null = null;
  private stopped = false;

  /** @param timeoutMs longest wait of whoever acted, and of the end for outcomes that are late */
  constructor(
    private readonly store: Pick<PeopleStore, 'addAct' | 'addOutcome' | 'auditPage'>, private readonly timeoutMs: number, private readonly logger: Logger,
  ) {}

  /** Keeps what is going to be done. @throws UnavailableError where it cannot be kept: then it may not be done */
  async begin(entry: AuditEntry): Promise<Act> {
    const act = { actId: uuidv7(), entry };
    await this.store.addAct(act.actId, entry, null);
    return act;
  }

  /** Keeps what came of it. @throws Refusal `outcome_unknown` where that takes too long */
  async end(act: Act, code: string): Promise<void> {
    const outcome = new Outcome(act, code);
    try {
      await outcome.keep(this.store);
    } catch (error) {
      this.logger.error({ err: error, audit: { ...act.entry, outcome: code } }, 'the outcome of an act is not in the audit log yet');
      this.late.push(outcome);
      this.bringing ??= this.bringLate().finally(() => { this.bringing = null; });
      const isKept = await Promise.race([outcome.kept.then(() => true), sleep(this.timeoutMs, false, { ref: false })]);
      if (!isKept) throw new Refusal('outcome_unknown', { detail: 'What came of it is not in the audit log yet: Postgres cannot be reached.' });
    }
  }

  /** Carries out an act between both. @param outcomeOf what a result says @throws UnavailableError, Refusal `outcome_unknown`, what `work` throws */
  async around<T>(entry: AuditEntry, work: () => Promise<T>, outcomeOf: (result: T) => string, outcomeOfError: (error: unknown) => string): Promise<T> {
    const act = await this.begin(entry);
    let result: T;
    try {
      result = await work();
    } catch (error) {
      await this.end(act, outcomeOfError(error));
      throw error;
    }
    await this.end(act, outcomeOf(result));
    return result;
  }

  /** Keeps what is going to be told, and changes nothing. @throws UnavailableError where it cannot be kept: then it may not be told */
  async tell(entry: AuditEntry, outcome: string): Promise<void> {
    await this.store.addAct(uuidv7(), entry, outcome);
  }

  private async bringLate(): Promise<void> {
    for (let outcome = this.late[0]; outcome !== undefined && !this.stopped; outcome = this.late[0]) {
      try {
        await outcome.keep(this.store);
        this.late.shift();
      } catch (error) {
        if (error instanceof UnavailableError) {
          await sleep(RETRY_MS, undefined, { ref: false });
          continue;
        }
        // Postgres is there and does not take it: as where it has lost the act itself. Others behind it need not wait.
        this.logger.error({ err: error, audit: { ...outcome.act.entry, act_id: outcome.act.actId, outcome: outcome.outcome } }, 'the outcome of an act is in no audit log: it stays unknown there');
        this.late.shift();
      }
    }
  }

  page(before: number | null, limit: number): Promise<readonly AuditRow[]> {
    return this.store.auditPage(before, limit);
  }

  /** Waits for outcomes that are late, and says which are lost. */
  async stop(): Promise<void> {
    if (this.bringing !== null) await Promise.race([this.bringing, sleep(this.timeoutMs, undefined, { ref: false })]);
    this.stopped = true;
    for (const { act: { actId, entry }, outcome } of this.late) {
      this.logger.error({ audit: { ...entry, act_id: actId, outcome } }, 'the outcome of an act is in no audit log: it stays unknown there');
    }
  }
}
