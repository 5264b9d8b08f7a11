import { buildBatch } from './batch';
import { isDataError, type Database, type NamedQuery, type Row } from './database';
import { writeBatchRows } from './write-rows';

export interface DeadLetter {
  readonly sequence: number;
  readonly payload: string;
  readonly reason: string;
  readonly createdAt: Date;
  readonly resolvedAt: Date | null;
}

const LIST: NamedQuery = {
  name: 'dead_letters',
  text: 'SELECT sequence, payload, reason, created_at, resolved_at FROM dead_letters WHERE shard = $1 ORDER BY sequence',
};
const RESOLVE: NamedQuery = {
  name: 'resolve_dead_letter',
  text: 'UPDATE dead_letters SET resolved_at = now() WHERE shard = $1 AND sequence = $2 AND resolved_at IS NULL RETURNING sequence',
};

/** An entry that changes money is never put aside, so that none is among the letters. */
const NO_MONEY = { accountSnapshotEvery: 1 };

/** Log entries that Postgres refused. */
export class DeadLetters {
  constructor(private readonly database: Database, private readonly shard: string) {}

  /** Oldest first. */
  async list(): Promise<DeadLetter[]> {
    const rows = await this.database.query<Row & { sequence: number; payload: string; reason: string; created_at: Date; resolved_at: Date | null }>(LIST, [this.shard]);
    return rows.map((row) => ({
      sequence: row.sequence, payload: row.payload, reason: row.reason, createdAt: row.created_at, resolvedAt: row.resolved_at,
    }));
  }

  /** @returns false when there is no such open letter */
  async resolve(sequence: number): Promise<boolean> {
    return (await this.database.query(RESOLVE, [this.shard, sequence])).length === 1;
  }

  /**
   * Writes entries as the writer would have, each in a transaction with its resolution. An order that has
   * changed since keeps its newer state.
   * @param sequence null for all that are open
   */
  async retry(sequence: number | null): Promise<{ written: number[]; refused: { sequence: number; reason: string }[] }> {
    const letters = (await this.list()).filter((letter) => letter.resolvedAt === null && (sequence === null || letter.sequence === sequence));
    const written: number[] = [];
    const refused: { sequence: number; reason: string }[] = [];
    const session = await this.database.session();
    try {
      for (const letter of letters) {
        try {
          await session.query('BEGIN');
          const resolved = await session.query({ ...RESOLVE, values: [this.shard, letter.sequence] });
          if (resolved.rowCount === 1) await writeBatchRows(session, { shard: this.shard, ...NO_MONEY }, buildBatch([letter], new Map()));
          await session.query('COMMIT');
          written.push(letter.sequence);
        } catch (error) {
          await session.query('ROLLBACK');
          if (!isDataError(error) && !(error instanceof SyntaxError)) throw error;
          refused.push({ sequence: letter.sequence, reason: (error as Error).message });
        }
      }
    } finally {
      await session.end();
    }
    return { written, refused };
  }
}
