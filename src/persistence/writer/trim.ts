import { buildBatch, type Batch } from '../batch';
import type { History } from '../history';
import { LineageError, type Turn } from './leadership';
import type { LogSource, Trimmer, WriterOptions } from './ports';

/** Orders that one call to Redis lets go of: no call holds it for more than a few milliseconds. */
const TRIM_ORDERS_MAX = 5_000;

/** Tells Redis what it may let go of. */
export class Trim {
  constructor(
    private readonly history: History,
    private readonly log: LogSource,
    private readonly engine: Trimmer,
    private readonly options: WriterOptions,
  ) {}

  /**
   * Lets Redis go of what Postgres holds up to `sequence`.
   * @param before where it had let go up to until now
   * @param batch what was written since; null when nothing was
   */
  async upTo(epoch: string, before: number, sequence: number, batch: Batch | null): Promise<void> {
    const tell = async (upTo: number, lastTradeIds: ReadonlyMap<string, number>, done: readonly string[]): Promise<void> => {
      const isSameLife = await this.engine.trim(epoch, upTo, this.options.keep, lastTradeIds, done);
      if (!isSameLife) throw new LineageError('redis began another life of the shard');
    };
    const done = batch?.doneOrderIds ?? [];
    let told = 0;
    // The sequence moves with the last of them: a writer that takes over in between repeats the others.
    for (; done.length - told > TRIM_ORDERS_MAX; told += TRIM_ORDERS_MAX) {
      await tell(before, new Map(), done.slice(told, told + TRIM_ORDERS_MAX));
    }
    await tell(sequence, batch?.lastTradeIds ?? new Map(), done.slice(told));
  }

  /** Finishes the trim of batches that were committed when their writer died before it could tell Redis. */
  async finish({ checkpoint, persisted }: Turn): Promise<void> {
    if (persisted >= checkpoint.sequence) return;
    const dead = await this.history.deadSequences(persisted);
    let after = persisted;
    while (after < checkpoint.sequence) {
      const count = Math.min(this.options.batchEntriesMax, checkpoint.sequence - after);
      const raws = await this.log.read(checkpoint.epoch, after, count, 1);
      const last = raws[raws.length - 1];
      if (last === undefined) throw new LineageError(`log ends at ${after}, before the checkpoint ${checkpoint.sequence}`);
      // Redis keeps what Postgres refused.
      const written = raws.filter((raw) => !dead.has(raw.sequence));
      await this.upTo(checkpoint.epoch, after, last.sequence, written.length === 0 ? null : buildBatch(written, this.options.scales));
      after = last.sequence;
    }
  }
}
