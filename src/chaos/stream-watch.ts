import { setTimeout as sleep } from 'node:timers/promises';
import { OpenfillClient, type LocalBook, type Stream } from '#openfill-client';

const LEVELS = 1_000;
const POLL_MS = 100;
const SAME_WITHIN_MS = 30_000;

interface Followed {
  readonly client: OpenfillClient;
  readonly stream: Stream;
}

/** Clients that keep books from the stream, each message held against its sequence and checksum, over all that is broken. */
export class StreamWatch {
  private readonly followed: readonly Followed[];
  private readonly problems: string[] = [];
  /** Messages that the books were kept by. */
  messages = 0;

  /** @param urls of processes, each of which gets a client */
  constructor(urls: readonly string[], private readonly instruments: readonly string[]) {
    this.followed = urls.map((url) => {
      const client = new OpenfillClient(url);
      const stream = client.stream({ channels: ['orderbook'], instruments, backoffMaxMs: 1_000 });
      stream.on('book', () => { this.messages++; });
      // A connection that broke begins with what it was not told; within one nothing is missing, and nothing is wrong.
      stream.on('repair', (instrument, reason) => this.problems.push(`the book of ${instrument} that ${url} streams had a ${reason}`));
      stream.on('error', (error) => this.problems.push(`the stream of ${url} failed: ${error.message}`));
      return { client, stream };
    });
  }

  /** With a venue that stands still. @returns what was wrong on the way, and where a book is not what the venue says now */
  async stop(): Promise<string[]> {
    const deadline = Date.now() + SAME_WITHIN_MS;
    for (const { client, stream } of this.followed) {
      for (const instrument of this.instruments) {
        for (;;) {
          const difference = await differenceOf(client, stream.book(instrument), instrument);
          if (difference === null) break;
          if (Date.now() > deadline) {
            this.problems.push(`the book of ${instrument} that was kept from the stream: ${difference}`);
            break;
          }
          await sleep(POLL_MS);
        }
      }
      await stream.close();
    }
    return this.problems;
  }
}

async function differenceOf(client: OpenfillClient, book: LocalBook | undefined, instrument: string): Promise<string | null> {
  if (book === undefined) return 'is not there';
  const { bids, asks } = await client.orderbook({ instrument, levels: LEVELS });
  const [kept, told] = [JSON.stringify([book.bids(LEVELS), book.asks(LEVELS)]), JSON.stringify([bids, asks])];
  return kept === told ? null : `${kept} where the venue has ${told}`;
}
