import type { StoredShard } from '../../src/engine/shard-reader';
import { Client, type Answer } from '../support/client';
import { until } from '../support/until';
import { readShard } from '../audit/support';
import type { RunningApp, Venue } from '../support/venue';

export const ORDER = { client_id: 'ann', instrument: 'BTC-USD', side: 'buy', type: 'limit', price: '100.00', quantity: '1' } as const;

interface Readiness {
  readonly status: string;
  readonly problem: string | null;
  readonly shard: { readonly state: string };
  readonly postgres: { readonly status: string };
}

/** What outlives a rebuild: everything but the name of the life, and the log, which begins anew. */
export function lasting({ state, meta, trades }: StoredShard): unknown {
  const { epoch: _epoch, state: _state, ...counters } = meta;
  return { state, counters, trades: [...trades].sort(([a], [b]) => (a < b ? -1 : 1)) };
}

export class Recovery {
  readonly client: Client;

  constructor(readonly venue: Venue, running: () => RunningApp) {
    this.client = new Client(() => running().url);
  }

  key(name: string): string {
    return `{${this.venue.shard}}:${name}`;
  }

  async meta(field: string): Promise<string | null> {
    return (await this.venue.redis.command('HGET', this.key('meta'), field)) as string | null;
  }

  async shard(): Promise<StoredShard> {
    return readShard(this.venue.redisUrl, this.venue.shard);
  }

  async recoveries(): Promise<{ reason: string; opened_at: Date | null }[]> {
    return this.venue.database.query<{ reason: string; opened_at: Date | null }>('SELECT reason, opened_at FROM recoveries ORDER BY recovery_id');
  }

  /** As a Redis that came back without this shard. */
  async flush(): Promise<void> {
    await this.venue.redis.dropShard(this.venue.shard);
  }

  /** @param body an order, or changes to a plain one */
  async place(body: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
    return this.client.post('/orders', { ...ORDER, ...body });
  }

  async ready(): Promise<Readiness> {
    return (await this.client.get('/readyz')).body as Readiness;
  }

  async untilReady(): Promise<void> {
    await until('the service is ready', async () => (await this.ready()).status === 'ready', 30_000);
  }

  /** Waits until a rebuild has opened the shard again. */
  async untilRebuilt(count: number): Promise<void> {
    await until(`rebuild ${count} opens the shard`, async () => (await this.recoveries()).filter(({ opened_at: at }) => at !== null).length >= count, 30_000);
    await this.untilReady();
  }

  async persisted(): Promise<void> {
    await until('everything is persisted', async () => await this.meta('seq') === await this.meta('persisted'), 30_000);
  }
}
