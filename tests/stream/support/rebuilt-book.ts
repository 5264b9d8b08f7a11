import type { BookData, DeltaData, StreamMessage } from './stream-client';

/** CRC-32 bit by bit, as RFC 1952 has it: nothing of the service's own. */
export function crcOf(text: string): number {
  let crc = 0xffffffff;
  for (const byte of Buffer.from(text, 'ascii')) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

const CHECKSUM_LEVELS = 10;

type Level = [price: string, quantity: string];

/** Prices of the default instruments, compared as whole cents. */
function byPrice(a: Level, b: Level): number {
  return Number(BigInt(a[0].replace('.', '')) - BigInt(b[0].replace('.', '')));
}

export interface BookAt {
  readonly sequence: number;
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
  readonly checksum: number;
}

/**
 * One book by the stream alone, as a careful client would keep it: every chain is followed, every checksum
 * computed anew. What it was after each message is kept, to be compared with what the service answers elsewhere.
 */
export class RebuiltBook {
  private readonly bids = new Map<string, string>();
  private readonly asks = new Map<string, string>();
  private sequence: number | null = null;
  readonly problems: string[] = [];
  readonly history: BookAt[] = [];
  deltas = 0;
  snapshots = 0;

  constructor(readonly instrument: string) {}

  static of(messages: readonly StreamMessage[], instrument = 'BTC-USD'): RebuiltBook {
    const book = new RebuiltBook(instrument);
    for (const message of messages) book.take(message);
    return book;
  }

  /** Of a book that was resumed: a level that came and went unseen is taken away all the same, since nobody knows whether the client had it. */
  get problemsResumed(): string[] {
    return this.problems.filter((problem) => !problem.includes(': removes level '));
  }

  take(message: StreamMessage): void {
    if (message.instrument !== this.instrument) return;
    if (message.type === 'orderbook_snapshot') this.snapshot(message, message.data as unknown as BookData);
    else if (message.type === 'orderbook_delta') this.delta(message, message.data as unknown as DeltaData);
  }

  private snapshot(message: StreamMessage, data: BookData): void {
    this.snapshots++;
    this.bids.clear();
    this.asks.clear();
    for (const [price, quantity] of data.bids) this.bids.set(price, quantity);
    for (const [price, quantity] of data.asks) this.asks.set(price, quantity);
    this.moved(message, data.checksum);
    const { bids, asks } = this.now();
    if (JSON.stringify([bids, asks]) !== JSON.stringify([data.bids, data.asks])) this.problem(message, 'the snapshot is not best first');
  }

  private delta(message: StreamMessage, data: DeltaData): void {
    this.deltas++;
    if (this.sequence === null) this.problem(message, 'a delta before the first snapshot');
    else if (data.previous_sequence !== this.sequence) this.problem(message, `previous_sequence ${data.previous_sequence}, but the book is at ${this.sequence}`);
    if (data.first_sequence <= (this.sequence ?? 0) || data.first_sequence > message.sequence) this.problem(message, `first_sequence ${data.first_sequence}`);
    for (const [side, levels] of [[this.bids, data.bids], [this.asks, data.asks]] as const) {
      for (const [price, quantity] of levels) {
        if (quantity !== '0') side.set(price, quantity);
        else if (!side.delete(price)) this.problem(message, `removes level ${price}, which was not there`);
      }
    }
    this.moved(message, data.checksum);
  }

  private moved(message: StreamMessage, told: number): void {
    this.sequence = message.sequence;
    const { bids, asks } = this.now();
    const plain = (text: string): string => text.replace('.', '').replace(/^0+/, '');
    const text = [...asks.slice(0, CHECKSUM_LEVELS), ...bids.slice(0, CHECKSUM_LEVELS)].map(([price, quantity]) => plain(price) + plain(quantity)).join('');
    const checksum = crcOf(text);
    if (checksum !== told) this.problem(message, `checksum ${told}, computed ${checksum}`);
    const [bid, ask] = [bids[0], asks[0]];
    if (bid !== undefined && ask !== undefined && byPrice(bid, ask) >= 0) this.problem(message, `crossed: bid ${bid[0]}, ask ${ask[0]}`);
    this.history.push({ sequence: message.sequence, bids, asks, checksum });
  }

  private now(): { bids: Level[]; asks: Level[] } {
    return { bids: [...this.bids].sort((a, b) => byPrice(b, a)), asks: [...this.asks].sort(byPrice) };
  }

  private problem(message: StreamMessage, what: string): void {
    this.problems.push(`${message.type} ${message.sequence} of ${this.instrument}: ${what}`);
  }

  /** The book as it was at a sequence of the shard: as the last message up to it left it. */
  at(sequence: number): BookAt | undefined {
    return this.history.findLast((book) => book.sequence <= sequence);
  }
}

/** What is wrong with the trades a client was told, in the order in which they came: they start anywhere and have no gap. */
export function tradeProblems(messages: readonly StreamMessage[]): string[] {
  const problems: string[] = [];
  const last = new Map<string, number>();
  for (const { type, instrument, data } of messages) {
    if (type !== 'trade') continue;
    const id = data.trade_id as number;
    const before = last.get(instrument ?? '');
    if (before !== undefined && id !== before + 1) problems.push(`trade ${id} of ${instrument} came behind ${before}`);
    last.set(instrument ?? '', id);
  }
  return problems;
}

/** Whether sequences never go backwards over the messages of all kinds that carry one of the log. */
export function orderProblems(messages: readonly StreamMessage[]): string[] {
  const problems: string[] = [];
  let last = 0;
  for (const { type, sequence } of messages) {
    if (!['trade', 'order', 'orderbook_delta'].includes(type)) continue;
    if (sequence < last) problems.push(`${type} ${sequence} came behind ${last}`);
    last = sequence;
  }
  return problems;
}
