import type { Instrument } from '../../../src/domain/instruments';
import type { MoneyScales } from '../../../src/domain/postings';
import type { RawLogEntry } from '../../../src/domain/entry';
import { SHARD_LAYOUT_VERSION } from '../../../src/domain/layouts';
import { AssetRegister } from '../../../src/persistence/asset-register';
import { Database } from '../../../src/persistence/database';
import { History } from '../../../src/persistence/history';
import { InstrumentRegister } from '../../../src/persistence/instrument-register';
import { migrate } from '../../../src/persistence/migrate';
import { Writer } from '../../../src/persistence/writer/writer';
import { testLogger } from '../../support/venue';
import { until } from '../../support/until';

/** UTC, as partitions are called by it. */
export const THIS_MONTH = new Date().toISOString().slice(0, 7).replace('-', '_');

export interface EntriesOptions {
  readonly shard: string;
  readonly epoch: string;
  readonly instruments: readonly Instrument[];
  readonly scales: MoneyScales;
  readonly batchEntriesMax?: number;
  readonly accountSnapshotEvery?: number;
  /** How far the record had come before. */
  readonly persisted?: number;
}

/** The writer on a real Postgres, and a log that a test has made by hand in the place of Redis'. */
export class WriterOnEntries {
  readonly faults: { readonly epoch: string; readonly reason: string }[] = [];
  deadLetters = 0;
  state = 'open';
  persisted: number;
  readonly writer: Writer;
  readonly database: Database;
  readonly history: History;
  private readonly raws: RawLogEntry[] = [];

  constructor(url: string, private readonly options: EntriesOptions) {
    const { shard, epoch, scales, batchEntriesMax = 100, accountSnapshotEvery = 500 } = options;
    this.persisted = options.persisted ?? 0;
    this.database = new Database(url, 30_000, 4, testLogger);
    this.history = new History(this.database, shard);
    this.writer = new Writer(this.database, this.history, {
      read: async (_epoch, after, count, blockMs) => {
        const [first] = this.raws;
        const at = first === undefined ? 0 : after + 1 - first.sequence;
        const raws = this.raws.slice(at, at + count);
        if (raws.length === 0) await new Promise((resolve) => { setTimeout(resolve, Math.min(blockMs, 5)); });
        return raws;
      },
    }, {
      meta: async () => ({
        state: this.state, epoch, sequence: Math.max(this.raws.at(-1)?.sequence ?? 0, this.persisted), persisted: this.persisted, layoutVersion: SHARD_LAYOUT_VERSION,
      }),
      forgetKeys: async () => 0,
      fault: async (life, reason) => {
        this.faults.push({ epoch: life, reason });
        this.state = 'faulted';
      },
      trim: async (life, sequence) => {
        this.persisted = sequence;
        return life === epoch;
      },
    }, { shard, batchEntriesMax, lingerMs: 0, keep: { entries: 0, trades: 0 }, idempotencyTtlS: 86_400, accountSnapshotEvery, scales: new Map(scales) }, testLogger, {
      committed: () => undefined,
      deadLetter: () => { this.deadLetters++; },
      active: () => undefined,
    });
  }

  async start(): Promise<void> {
    await migrate(this.database);
    await new InstrumentRegister(this.database).reconcile(this.options.instruments);
    await new AssetRegister(this.database).reconcile(this.options.instruments, new Map());
    await this.history.createCheckpoint(this.options.epoch, 'paper');
    this.writer.start();
  }

  /** Makes partitions for a month beside this one. The writer makes this month's first: both at once would wait for each other. */
  async preparePartitions(day: string): Promise<void> {
    const partition = `fills_${THIS_MONTH}`;
    await until('the partitions of this month', async () => (
      (await this.database.query<{ name: string | null }>({ name: 'partition', text: 'SELECT to_regclass($1)::text AS name' }, [partition]))[0]?.name === partition));
    await this.database.query({ name: 'prepare_partitions', text: 'SELECT ensure_partitions($1), ensure_fills_partition($1)' }, [day]);
  }

  append(raws: readonly RawLogEntry[]): void {
    for (const raw of raws) this.raws.push(raw);
  }

  /** Waits until all that was appended is committed. */
  async written(): Promise<void> {
    const last = this.raws.at(-1)?.sequence ?? 0;
    await until(`entry ${last} is written`, async () => (await this.history.checkpoint())?.sequence === last);
  }

  async stop(): Promise<void> {
    await this.writer.stop(1_000);
    await this.database.close();
  }
}
