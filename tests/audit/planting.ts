import { LOG_FIELD } from '../../src/engine/keys';
import { ShardView } from '../persistence/support/shard-view';
import type { Venue } from '../support/venue';
import { audit, runCommand } from './support';

export interface Fault {
  readonly name: string;
  /** Keys that are put back afterwards, by their names behind the shard's tag. */
  readonly keys?: readonly string[];
  readonly tables?: readonly string[];
  plant(): Promise<unknown>;
  /** One of the audit's sentences. */
  finds(): string | RegExp;
  /** Found by the command that operators run, too. */
  byCommand?: boolean;
}

/** A venue at rest, in whose Redis and record faults are planted one by one and put back. */
export class Planting {
  private constructor(readonly venue: Venue, readonly last: { readonly sequence: number; readonly persisted: number }) {}

  /** @param tables that faults may be planted in */
  static async begin(venue: Venue, tables: readonly string[]): Promise<Planting> {
    const shard = new ShardView(venue);
    for (const table of tables) await venue.database.query(`CREATE TABLE backup_${table} AS TABLE ${table}`);
    return new Planting(venue, { sequence: await shard.meta('seq'), persisted: await shard.meta('persisted') });
  }

  key(name: string): string {
    return `{${this.venue.shard}}:${name}`;
  }

  redis(...args: string[]): Promise<unknown> {
    return this.venue.redis.command(...args);
  }

  /** Changes the record behind the triggers' backs. */
  sql(text: string): Promise<unknown> {
    return this.venue.database.query(`SET session_replication_role = replica; ${text}`);
  }

  async payload(sequence: number): Promise<unknown[]> {
    const [row] = await this.venue.database.query<{ payload: string }>('SELECT payload FROM journal WHERE sequence = $1', [sequence]);
    return JSON.parse((row as { payload: string }).payload) as unknown[];
  }

  setPayload(sequence: number, entry: unknown): Promise<unknown> {
    return this.sql(`UPDATE journal SET payload = '${(typeof entry === 'string' ? entry : JSON.stringify(entry)).replaceAll("'", "''")}' WHERE sequence = ${sequence}`);
  }

  /** Writes the log anew with what `change` makes of an entry's payload; null leaves it out. */
  async changeLog(change: (payload: string, sequence: number) => string | null): Promise<void> {
    const entries = await new ShardView(this.venue).log();
    await this.redis('DEL', this.key('log'));
    for (const { sequence, payload } of entries) {
      const changed = change(payload, sequence);
      if (changed !== null) await this.redis('XADD', this.key('log'), String(sequence), LOG_FIELD, changed);
    }
  }

  /** Plants a fault, expects that it is found and told of, and puts everything back. */
  async expectFound(fault: Fault): Promise<void> {
    for (const name of fault.keys ?? []) await this.redis('COPY', this.key(name), `backup:${this.key(name)}`, 'REPLACE');
    try {
      await fault.plant();
      const wanted = fault.finds();
      const fits = (problem: string): boolean => (typeof wanted === 'string' ? problem.startsWith(wanted) : wanted.test(problem));
      const found = await audit(this.venue);
      if (!found.some(fits)) expect(found).toContain(wanted);
      if (fault.byCommand === true) await this.expectFoundByCommand(wanted);
    } finally {
      await this.putBack(fault);
    }
  }

  private async expectFoundByCommand(wanted: string | RegExp): Promise<void> {
    const done = await runCommand('verify', this.venue.environment());
    expect(done).toMatchObject({ code: 1, stderr: '' });
    const lines = done.stdout.split('\n').map((line) => line.trim());
    const told = typeof wanted === 'string' ? wanted.slice(wanted.indexOf(': ', wanted.startsWith('redis') || wanted.startsWith('postgres') ? 10 : 0) + 2) : '';
    expect(lines.filter((line) => line.startsWith(told))).not.toEqual([]);
  }

  private async putBack(fault: Fault): Promise<void> {
    for (const name of fault.keys ?? []) {
      await this.redis('DEL', this.key(name));
      if (await this.redis('EXISTS', `backup:${this.key(name)}`) === 1) await this.redis('RENAME', `backup:${this.key(name)}`, this.key(name));
    }
    for (const table of fault.tables ?? []) await this.sql(`DELETE FROM ${table}; INSERT INTO ${table} OVERRIDING SYSTEM VALUE SELECT * FROM backup_${table}`);
  }

  /** Whatever was planted has been put back: each fault was found alone. */
  async expectSound(): Promise<void> {
    expect(await audit(this.venue)).toEqual([]);
  }
}
