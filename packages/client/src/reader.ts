import { LocalBalances } from './local-balances';
import { LocalBook } from './local-book';
import { MessageQueue } from './message-queue';
import type { BalancesMessage, BalancesSnapshotMessage, DeltaMessage, SnapshotMessage, StreamMessage } from './messages';
import type { Place } from './position';

/** What waits for a reader. */
interface Waiting {
  /** null for what only the stream itself has to know of. */
  readonly message: StreamMessage | null;
  /** Where the stream stood behind it. */
  place: Place;
  /** An instrument whose book is of no use from here on. */
  readonly lost: string | null;
}

/**
 * Somebody who reads the stream message by message, at a speed of their own. The stream may have heard more since: what it
 * has to say of itself to a reader is what it was behind the message that the reader has.
 */
export class Reader {
  private readonly queue = new MessageQueue<Waiting>((waiting) => this.reached(waiting));
  private readonly books: Map<string, LocalBook>;
  private readonly purses: Map<string, LocalBalances>;
  private at: Place;
  /** Waits behind all messages, and says only where the stream stands: a later word takes its place. */
  private end: Waiting | null = null;
  private messages = 0;
  isFull = false;

  /**
   * @param books as they are now: the reader has copies, as of what accounts have
   * @param onFull told when `queueMax` messages wait, and when there is room again
   */
  constructor(
    private readonly queueMax: number, place: Place, books: ReadonlyMap<string, LocalBook>, purses: ReadonlyMap<string, LocalBalances>,
    private readonly onFull: (isFull: boolean) => void,
  ) {
    this.at = place;
    this.books = new Map([...books].map(([instrument, book]) => [instrument, book.copy()]));
    this.purses = new Map([...purses].map(([account, balances]) => [account, balances.copy()]));
  }

  /** Behind the last message that the reader took; once it asks for another and there is none, behind all that came. */
  get place(): Place {
    return this.at;
  }

  /** undefined while there is none, or while it is had anew. */
  book(instrument: string): LocalBook | undefined {
    return this.books.get(instrument);
  }

  /** What an account has; undefined while it is not known. */
  balances(account: string): LocalBalances | undefined {
    return this.purses.get(account);
  }

  tell(message: StreamMessage, place: Place): void {
    this.messages++;
    this.put({ message, place, lost: null });
    if (!this.isFull && this.messages >= this.queueMax) this.fill(true);
  }

  /** The stream has gone on without a message. */
  moved(place: Place): void {
    if (this.end !== null) {
      this.end.place = place;
      return;
    }
    const waiting = { message: null, place, lost: null };
    this.put(waiting);
    if (this.queue.size > 0) this.end = waiting;
  }

  /** A book does not fit any more. */
  lose(instrument: string, place: Place): void {
    this.put({ message: null, place, lost: instrument });
  }

  private put(waiting: Waiting): void {
    this.end = null;
    this.queue.put(waiting);
  }

  async next(): Promise<IteratorResult<StreamMessage, undefined>> {
    const { done, value } = await this.queue.next();
    return done === true ? { done, value: undefined } : { done: false, value: value.message as StreamMessage };
  }

  /** @param error thrown to the reader behind what still waits; null for a plain end */
  finish(error: Error | null): void {
    this.queue.end(error);
  }

  /** The reader has come to something. @returns whether it is to be given it */
  private reached(waiting: Waiting): boolean {
    const { message, place, lost } = waiting;
    if (waiting === this.end) this.end = null;
    this.at = place;
    if (lost !== null) this.books.delete(lost);
    if (message?.type === 'resync') {
      this.books.clear();
      this.purses.clear();
    }
    if (message?.type === 'orderbook_snapshot' || message?.type === 'orderbook_delta') this.keepBook(message);
    if (message?.type === 'balances_snapshot' || message?.type === 'balances') this.keepBalances(message);
    if (message === null) return false;
    this.messages--;
    if (this.isFull && this.messages <= this.queueMax / 2) this.fill(false);
    return true;
  }

  private fill(isFull: boolean): void {
    this.isFull = isFull;
    this.onFull(isFull);
  }

  private keepBalances(message: BalancesSnapshotMessage | BalancesMessage): void {
    const { account_id: account } = message.data;
    let balances = this.purses.get(account);
    // What changed of what is not known says nothing of the rest.
    if (balances === undefined && message.type === 'balances') return;
    if (balances === undefined) this.purses.set(account, balances = new LocalBalances(account));
    balances.take(message);
  }

  private keepBook(message: SnapshotMessage | DeltaMessage): void {
    let book = this.books.get(message.instrument);
    if (book === undefined) this.books.set(message.instrument, book = new LocalBook(message.instrument));
    book.follow(message);
  }
}
