import type pg from 'pg';
import type { Logger } from 'pino';
import { ENSURE_PARTITIONS } from '../queries/write-batch';
import type { KeySweeper } from './key-sweeper';
import type { Turn } from './leadership';

const HOUSEKEEPING_MS = 10_000;
/** How long the tables may be locked by somebody else before partitions are left for later. */
const PARTITIONS_WAIT_MS = 1_000;
const LOCK_NOT_AVAILABLE = '55P03';

/** What a writer does beside its batches: partitions ahead of time, and idempotency keys past their lifetime. */
export class Housekeeping {
  private last = 0;
  private isSweepDue = false;

  constructor(private readonly sweeper: KeySweeper, private readonly logger: Logger) {}

  /** At the beginning of a turn. */
  async begin(session: pg.Client): Promise<void> {
    await this.preparePartitions(session);
    this.last = Date.now();
    this.sweeper.reset();
    this.isSweepDue = true;
  }

  /** A page at a turn of the loop, so that the log never waits for long. */
  async step({ session, checkpoint }: Turn): Promise<void> {
    const now = Date.now();
    if (now - this.last >= HOUSEKEEPING_MS) {
      this.last = now;
      this.isSweepDue = true;
      await this.preparePartitions(session);
    }
    if (this.isSweepDue) this.isSweepDue = await this.sweeper.sweep(checkpoint.timeUs);
  }

  /**
   * Partitions for this month and the next. Whoever reads a whole table, as a dump does, must not hold up the
   * record by that: without its partition a row goes to the default one.
   */
  private async preparePartitions(session: pg.Client): Promise<void> {
    await session.query(`SET lock_timeout = ${PARTITIONS_WAIT_MS}`);
    try {
      await session.query(ENSURE_PARTITIONS);
    } catch (error) {
      if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE) throw error;
      this.logger.warn('the tables are locked: partitions are made later');
    }
    await session.query('SET lock_timeout = 0');
  }
}
