import type pg from 'pg';
import type { Logger } from 'pino';
import type { RawLogEntry } from '../../domain/log-entry';
import { buildBatch, type Batch } from '../batch';
import { isDataError } from '../database';
import type { Checkpoint } from '../history';
import { refuseLaterSchema } from '../migrate';
import { INSERT_DEAD_LETTER, MOVE_CHECKPOINT } from '../queries/write-batch';
import { writeBatchRows } from '../write-rows';
import { NotTheWriterError, type Turn } from './leadership';
import type { WriterObserver } from './ports';
import type { Trim } from './trim';

/** What Postgres says of a refusal, without the row that it quotes: that is its client's business. */
function describeRefusal(error: Error): { reason: string; code: unknown; constraint: unknown } {
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  return { reason: error.message, code, constraint };
}

/** Writes entries to the record, each batch in one transaction with the checkpoint, and has Redis let go of them. */
export class BatchWriter {
  constructor(
    private readonly shard: string,
    private readonly trim: Trim,
    private readonly logger: Logger,
    private readonly observer: WriterObserver,
  ) {}

  /** @param raws contiguous, at least one, from behind the turn's checkpoint @throws NotTheWriterError */
  async write(turn: Turn, raws: readonly RawLogEntry[]): Promise<void> {
    const from = turn.checkpoint;
    let batch: Batch;
    const started = process.hrtime.bigint();
    try {
      batch = buildBatch(raws);
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
    const moved = await session.query({ ...MOVE_CHECKPOINT, values: [this.shard, from.epoch, from.sequence, sequence, timeUs] });
    if (moved.rowCount !== 1) throw new NotTheWriterError();
  }

  private async commit(turn: Turn, batch: Batch): Promise<void> {
    await this.transaction(turn.session, async () => {
      // First the checkpoint: a second writer stops here, before it has written anything.
      await this.moveCheckpoint(turn, batch.lastSequence, batch.lastTimeUs);
      await writeBatchRows(turn.session, this.shard, batch);
    });
    turn.checkpoint = { epoch: turn.checkpoint.epoch, sequence: batch.lastSequence, timeUs: batch.lastTimeUs };
  }

  /** Puts one refused entry aside, whole, and goes on behind it. @throws SchemaError where a later schema refuses what this program writes */
  private async bury(turn: Turn, raw: RawLogEntry, reason: Error): Promise<void> {
    await refuseLaterSchema(turn.session);
    const from: Checkpoint = turn.checkpoint;
    await this.transaction(turn.session, async () => {
      await this.moveCheckpoint(turn, raw.sequence, from.timeUs);
      await turn.session.query({ ...INSERT_DEAD_LETTER, values: [this.shard, raw.sequence, raw.payload, reason.message] });
    });
    turn.checkpoint = { ...from, sequence: raw.sequence };
    this.observer.deadLetter();
    this.logger.error({ sequence: raw.sequence, ...describeRefusal(reason) }, 'log entry refused by postgres: kept in dead_letters');
    await this.trim.upTo(from.epoch, from.sequence, raw.sequence, null);
  }
}
