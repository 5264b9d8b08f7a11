import { createClient } from '@redis/client';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTemporaryVenue, type TemporaryVenue } from '../servers/temporary-venue';
import { requestText, HttpConnection } from './http-load';
import { FUNDS_UNSET, type Bench } from './result';

const POLL_MS = 50;
const DRAIN_TIMEOUT_MS = 120_000;

/** A whole venue as it is run: fsync always, writer and stream on. */
export class BenchVenue {
  private constructor(readonly venue: TemporaryVenue, readonly redis: ReturnType<typeof createClient>, readonly port: number) {}

  /** @param environment further settings of the service, which go before the bench's; @param nodeArguments of its process */
  static async start(bench: Bench, environment: Readonly<Record<string, string>> = {}, nodeArguments: readonly string[] = []): Promise<BenchVenue> {
    const venue = await startTemporaryVenue({ FUNDS: FUNDS_UNSET, ...bench.settings, ...environment }, nodeArguments);
    const redis = createClient({ url: venue.redis.url, RESP: 2 });
    redis.on('error', () => undefined);
    await redis.connect();
    return new BenchVenue(venue, redis as ReturnType<typeof createClient>, Number(new URL(venue.url).port));
  }

  /** Processes by name, for their CPU. */
  get processes(): Map<string, number> {
    return new Map([['service', this.venue.service.pid], ['Redis', this.venue.redis.pid], ['Postgres', this.venue.postgres.pid]]);
  }

  send(...command: string[]): Promise<unknown> {
    return this.redis.sendCommand(command);
  }

  /** How far the log and Postgres are. */
  async positions(): Promise<{ sequence: number; persisted: number }> {
    const [sequence, persisted] = (await this.send('HMGET', '{main}:meta', 'seq', 'persisted')) as string[];
    return { sequence: Number(sequence), persisted: Number(persisted) };
  }

  async untilDrained(): Promise<void> {
    const deadline = Date.now() + DRAIN_TIMEOUT_MS;
    for (;;) {
      const { sequence, persisted } = await this.positions();
      if (sequence === persisted) return;
      if (Date.now() > deadline) throw new Error(`postgres is ${sequence - persisted} entries behind after ${DRAIN_TIMEOUT_MS / 1000} s`);
      await sleep(POLL_MS);
    }
  }

  /** One call over HTTP. */
  async call(method: string, path: string, body = ''): Promise<{ status: number; text: string }> {
    const connection = await HttpConnection.open(this.port);
    try {
      return await new Promise((resolve) => connection.send(requestText(method, path, body), (status, answer) => resolve({ status, text: answer.toString('utf8') })));
    } finally {
      connection.close();
    }
  }

  async stop(): Promise<void> {
    this.redis.destroy();
    await this.venue.stop();
  }
}
