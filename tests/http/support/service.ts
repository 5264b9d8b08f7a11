import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compactId } from '../../../src/domain/order-id';
import { Venue, type RunningApp } from '../../support/venue';
import { temporaryDirectory } from '../../support/servers';
import { until } from '../../support/until';
import { Client } from '../../support/client';

const BOOKS = 120;

const INSTRUMENTS = [
  { instrument: 'BTC-USD', base: 'BTC', quote: 'USD', tick_size: '0.01', lot_size: '0.00000001' },
  { instrument: 'ETH-USD', base: 'ETH', quote: 'USD', tick_size: '0.01', lot_size: '0.000001' },
  // Steps that are no power of ten, whole numbers, and limits.
  { instrument: 'ODD-EUR', base: 'ODD', quote: 'EUR', tick_size: '0.25', lot_size: '5', price_min: '1.00', price_max: '1000.00', quantity_min: '10', quantity_max: '1000000' },
  { instrument: 'BIG-JPY', base: 'BIG', quote: 'JPY', tick_size: '1', lot_size: '1' },
  ...Array.from({ length: BOOKS }, (_, i) => ({ instrument: `T${i + 1}-USD`, base: `T${i + 1}`, quote: 'USD', tick_size: '0.01', lot_size: '0.00000001' })),
];

export interface ServiceOptions {
  readonly hotPath?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  /** Servers of the test's own. */
  readonly redisUrl?: string;
  readonly databaseServerUrl?: string;
}

/** A venue with one service on it, a checking client, and a book of its own for every test that asks. */
export class Service {
  private books = 0;

  private constructor(
    readonly venue: Venue, readonly running: RunningApp, readonly client: Client,
    private readonly directory: ReturnType<typeof temporaryDirectory>,
  ) {}

  static async open({ hotPath = true, environment = {}, ...servers }: ServiceOptions = {}): Promise<Service> {
    const directory = temporaryDirectory('http');
    const file = join(directory.path, 'instruments.json');
    writeFileSync(file, JSON.stringify(INSTRUMENTS));
    const venue = await Venue.open({ ...servers, app: { hotPath }, environment: { INSTRUMENTS_FILE: file, ...environment } });
    const running = await venue.start();
    return new Service(venue, running, new Client(running.url), directory);
  }

  /** An instrument whose book is empty, with BTC-USD's steps. */
  nextBook(): string {
    this.books++;
    if (this.books > BOOKS) throw new Error('no empty book is left: raise BOOKS');
    return `T${this.books}-USD`;
  }

  async isInRedis(orderId: string): Promise<boolean> {
    return await this.venue.redis.command('HEXISTS', `{${this.venue.shard}}:orders`, compactId(orderId)) === 1;
  }

  /** Waits until Postgres holds everything and Redis has let go of what it need not keep. */
  async persisted(): Promise<void> {
    await until('everything is persisted', async () => {
      const [seq, persisted] = await this.venue.redis.command('HMGET', `{${this.venue.shard}}:meta`, 'seq', 'persisted') as [string, string];
      return seq === persisted;
    });
  }

  /** For a Redis of the test's own that was killed: the venue's connection to it does not come back. */
  async closeWithoutRedis(): Promise<void> {
    this.directory.remove();
    this.client.close();
    await this.running.stop();
    this.venue.redis.close();
    const leaks = await this.venue.database.drop();
    if (leaks.length > 0) throw new Error(`left open: ${leaks.join(', ')}`);
  }

  async close(): Promise<void> {
    this.directory.remove();
    this.client.close();
    await this.venue.close();
  }
}
