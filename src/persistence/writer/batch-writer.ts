import type pg from 'pg';
import type { Logger } from 'pino';
import { decodeLogEntry, type RawLogEntry } from '../../domain/log-entry';
import { isMoneyEntry } from '../../domain/postings';
import { buildBatch, type Batch } from '../batch';
import { isDataError } from '../database';
import type { Checkpoint } from '../history';
import { refuseLaterSchema } from '../migrate';
import { INSERT_DEAD_LETTER, MOVE_CHECKPOINT } from '../queries/write-batch';
import { writeBatchRows } from '../write-rows';
import { NotTheWriterError, type Turn } from './leadership';
import type { WriterObserver, WriterOptions } from './ports';
import type { Trim } from './trim';

/** What Postgres says of a refusal, without the row that it quotes: that is its client's business. */
function describeRefusal(error: Error): { reason: string; code: unknown; constraint: unknown } {
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  return { reason: error.message, code, constraint };
}

/** Postgres refuses an entry without which the record's balances would be wrong from here on (I-27). */
export class MoneyRefusedError extends Error {
  constructor(readonly epoch: string, readonly sequence: number, cause: Error) {
    super(`postgres refuses log entry ${sequence}, which changes money: ${cause.message}`, { cause });
    this.name = 'MoneyRefusedError';
  }
}

/** Nobody can tell it of an entry that cannot be read. */
function mayMoveMoney({ payload }: RawLogEntry): boolean {
  try {
    return isMoneyEntry(decodeLogEntry(payload));
  } catch {
    return true;
  }
}

/** Writes entries to the record, each batch in one transaction with the checkpoint, and has Redis let go of them. */
export class BatchWriter {
  constructor(
    private readonly options: WriterOptions,
    private readonly trim: Trim,
    private readonly logger: Logger,
    private readonly observer: WriterObserver,
  ) {}

  /** @param raws contiguous, at least one, from behind the turn's checkpoint @throws NotTheWriterError, MoneyRefusedError */
  async write(turn: Turn, raws: readonly RawLogEntry[]): Promise<void> {
    const from = turn.checkpoint;
    let batch: Batch;
    const started = process.hrtime.bigint();
    try {
      batch = buildBatch(raws, this.options.scales);
      await this.commit(turn, batch);
    } catch (error) {
      if (!isDataError(error) && !(error instanceof SyntaxError)) throw error;
      if (raws.length === 1) {
        await this.bury(turn, raws[0] as RawLogEntry, error as Error);
        return;
      }
      // Somewhere in here is an entry that Postgres refuses: halve until it stands alone.
      const middle = raws.length >> 1;
      await this.write(turn, raws.slice(0, middle));
      await this.write(turn, raws.slice(middle));
      return;
    }
    for (const { rules, sequence } of batch.catalogue) this.options.instrument?.(rules, { epoch: from.epoch, sequence });
    this.observer.committed(raws.length, Number(process.hrtime.bigint() - started) / 1e9);
    await this.trim.upTo(from.epoch, from.sequence, batch.lastSequence, batch);
  }

  private async transaction(session: pg.Client, work: () => Promise<void>): Promise<void> {
    await session.query('BEGIN');
    try {
      await work();
    } catch (error) {
      await session.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
    await session.query('COMMIT');
  }

  private async moveCheckpoint({ session, checkpoint: from }: Turn, sequence: number, timeUs: number): Promise<void> {
    const moved = await session.query({ ...MOVE_CHECKPOINT, values: [this.options.shard, from.epoch, from.sequence, sequence, timeUs] });
    if (moved.rowCount !== 1) throw new NotTheWriterError();
  }

  private async commit(turn: Turn, batch: Batch): Promise<void> {
    await this.transaction(turn.session, async () => {
      // First the checkpoint: a second writer stops here, before it has written anything.
      await this.moveCheckpoint(turn, batch.lastSequence, batch.lastTimeUs);
      await writeBatchRows(turn.session, this.options, batch);
    });
    turn.checkpoint = { epoch: turn.checkpoint.epoch, sequence: batch.lastSequence, timeUs: batch.lastTimeUs };
  }

  /**
   * Puts one refused entry aside, whole, and goes on behind it.
   * @throws SchemaError where a later schema refuses what this program writes, MoneyRefusedError for an entry that moves money
   */
  private async bury(turn: Turn, raw: RawLogEntry, reason: Error): Promise<void> {
    await refuseLaterSchema(turn.session);
    if (mayMoveMoney(raw)) throw new MoneyRefusedError(turn.checkpoint.epoch, raw.sequence, reason);
    const from: Checkpoint = turn.checkpoint;
    await this.transaction(turn.session, async () => {
      await this.moveCheckpoint(turn, raw.sequence, from.timeUs);
      await turn.session.query({ ...INSERT_DEAD_LETTER, values: [this.options.shard, raw.sequence, raw.payload, reason.message] });
    });
    turn.checkpoint = { ...from, sequence: raw.sequence };
    this.observer.deadLetter();
    this.logger.error({ sequence: raw.sequence, ...describeRefusal(reason) }, 'log entry refused by postgres: kept in dead_letters');
    await this.trim.upTo(from.epoch, from.sequence, raw.sequence, null);
  }
}
