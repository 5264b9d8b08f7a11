import type { AuditRow } from '../domain/people';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { PeopleStore } from './ports';

export type AuditEntry = Omit<AuditRow, 'auditId' | 'atMs'>;

const RETRY_MS = 500;
/** Characters of what an act was about. */
export const TARGET_LENGTH_MAX = 1_000;

/** What was done with powers. Whoever did it is answered when it is kept; where Postgres is lost just then, it is kept as soon as that is back. */
export class AuditLog {
  private readonly late: AuditEntry[] = [];
  private bringing = false;
  private stopped = false;

  constructor(private readonly store: Pick<PeopleStore, 'addAudit' | 'auditPage'>, private readonly logger: Logger) {}

  /** Never rejects. */
  async add(entry: AuditEntry): Promise<void> {
    try {
      await this.store.addAudit(entry);
    } catch (error) {
      this.logger.error({ err: error, audit: entry }, 'an act is not in the audit log yet');
      this.late.push(entry);
      void this.bringLate();
    }
  }

  private async bringLate(): Promise<void> {
    if (this.bringing) return;
    this.bringing = true;
    for (let entry = this.late[0]; entry !== undefined && !this.stopped; entry = this.late[0]) {
      try {
        await this.store.addAudit(entry);
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
