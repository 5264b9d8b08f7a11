import type { AuditRow } from '../domain/people';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { uuidv7 } from 'uuidv7';
import { Refusal } from '../domain/refusal';
import type { PeopleStore } from './ports';

export type AuditEntry = Omit<AuditRow, 'auditId' | 'atMs'>;

const RETRY_MS = 500;
/** Characters of what an act was about. */
export const TARGET_LENGTH_MAX = 1_000;

/** An act that is being kept, under an id of its own: it is kept once, however often that is tried. */
class Act {
  private readonly actId = uuidv7();
  private isKept: () => void = () => undefined;
  /** Resolves once it is kept. */
  readonly kept = new Promise<void>((resolve) => { this.isKept = resolve; });

  constructor(readonly entry: AuditEntry) {}

  /** @throws UnavailableError */
  async keep(store: Pick<PeopleStore, 'addAudit'>): Promise<void> {
    await store.addAudit(this.actId, this.entry);
    this.isKept();
  }
}

/**
 * What was done with powers. Whoever did it is answered when it is kept; where Postgres is lost just then, it is kept as soon as that is
 * back, and whoever cannot be let wait for so long is told that nobody knows.
 */
export class AuditLog {
  private readonly late: Act[] = [];
  private bringing = false;
  private stopped = false;

  /** @param timeoutMs longest wait of whoever acted */
  constructor(private readonly store: Pick<PeopleStore, 'addAudit' | 'auditPage'>, private readonly timeoutMs: number, private readonly logger: Logger) {}

  /** Resolves once it is kept. @throws Refusal `outcome_unknown` where that takes too long */
  async add(entry: AuditEntry): Promise<void> {
    const act = new Act(entry);
    try {
      await act.keep(this.store);
    } catch (error) {
      this.logger.error({ err: error, audit: entry }, 'an act is not in the audit log yet');
      this.late.push(act);
      void this.bringLate();
      const isKept = await Promise.race([act.kept.then(() => true), sleep(this.timeoutMs, false, { ref: false })]);
      if (!isKept) throw new Refusal('outcome_unknown', { detail: 'What was done is not in the audit log yet: Postgres cannot be reached.' });
    }
  }

  private async bringLate(): Promise<void> {
    if (this.bringing) return;
    this.bringing = true;
    for (let act = this.late[0]; act !== undefined && !this.stopped; act = this.late[0]) {
      try {
        await act.keep(this.store);
        this.late.shift();
      } catch {
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
    this.bringing = false;
  }

  page(before: number | null, limit: number): Promise<readonly AuditRow[]> {
    return this.store.auditPage(before, limit);
  }

  stop(): void {
    this.stopped = true;
  }
}
