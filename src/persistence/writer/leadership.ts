import type pg from 'pg';
import type { Logger } from 'pino';
import { LaterVersionError } from '../../domain/later-version';
import { SHARD_LAYOUT_VERSION } from '../../domain/layouts';
import { UnavailableError } from '../../domain/unavailable';
import { makeUpCandles } from '../candle-history';
import type { Database } from '../database';
import type { Checkpoint, History } from '../history';
import { refuseLaterSchema } from '../migrate';
import { tryWriterLock } from '../writer-lock';
import type { Trimmer } from './ports';

/** Longest transaction of a writer. */
const TRANSACTION_TIMEOUT_MS = 60_000;

/** Another writer has moved the checkpoint, or the shard began another life: this one stands by. */
export class NotTheWriterError extends Error {
  constructor() {
    super('the checkpoint was moved by another writer');
    this.name = 'NotTheWriterError';
  }
}

/** The log that Redis holds is not the one Postgres has a checkpoint of. Recovery has to decide. */
export class LineageError extends UnavailableError {
  constructor(message: string) {
    super('engine_recovering', message);
    this.name = 'LineageError';
  }
}

/** What a writer has while it is at work. */
export interface Turn {
  /** Holds the shard's lock; ending it lets go of that. */
  readonly session: pg.Client;
  /** How far it has committed. */
  checkpoint: Checkpoint;
  /** How far Redis had let go when the turn began. */
  readonly persisted: number;
}

/** Decides who writes a shard's record: one at a time, and only of the life that Redis carries on. */
export class Leadership {
  constructor(
    private readonly database: Database,
    private readonly history: History,
    private readonly engine: Trimmer,
    private readonly shard: string,
    private readonly logger: Logger,
  ) {}

  /**
   * Becomes the writer if nobody is.
   * @param prepare what has to be done before the turn begins; where it fails, there is none
   * @returns null while somebody else writes, or before the shard's first life has begun
   * @throws LineageError and LaterVersionError as `confirm` does, SchemaError where a later program has migrated the database
   */
  async take(prepare: (turn: Turn) => Promise<void>): Promise<Turn | null> {
    const session = await this.database.session(TRANSACTION_TIMEOUT_MS);
    try {
      const checkpoint = await tryWriterLock(session, this.shard) ? await this.history.checkpoint() : null;
      // A first life begins in Postgres, then in Redis: in between there is nothing to write.
      if (checkpoint === null || (checkpoint.sequence === 0 && await this.engine.meta() === null)) {
        await session.end();
        return null;
      }
      await refuseLaterSchema(session);
      const { persisted } = await this.confirm(checkpoint);
      const made = await makeUpCandles(this.database, this.shard, checkpoint.sequence);
      if (made) this.logger.info({ checkpoint: checkpoint.sequence }, 'candles made up from the trades');
      const turn: Turn = { session, checkpoint, persisted };
      await prepare(turn);
      return turn;
    } catch (error) {
      await session.end().catch(() => undefined);
      throw error;
    }
  }

  /**
   * @throws LineageError when Redis does not carry on the life that the checkpoint is of, or is being rebuilt
   * @throws LaterVersionError when a later program has laid it out
   */
  async confirm(checkpoint: Checkpoint): Promise<{ readonly persisted: number }> {
    const meta = await this.engine.meta();
    if (meta === null) throw new LineageError('redis is empty, postgres has a history');
    if (meta.layoutVersion > SHARD_LAYOUT_VERSION) throw new LaterVersionError(`redis holds shard ${this.shard} in a layout`, meta.layoutVersion, SHARD_LAYOUT_VERSION);
    if (meta.epoch !== checkpoint.epoch || meta.sequence < checkpoint.sequence) {
      throw new LineageError(`redis is at ${meta.epoch}/${meta.sequence}, postgres at ${checkpoint.epoch}/${checkpoint.sequence}`);
    }
    // Whoever rebuilds the shard needs the record to himself; what was left to bring over has been.
    const isToBeRebuilt = meta.state === 'recovering' || meta.state === 'faulted';
    if (isToBeRebuilt && meta.sequence === checkpoint.sequence) throw new LineageError('the shard is being rebuilt');
    return meta;
  }
}
