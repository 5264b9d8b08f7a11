import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Channel } from '../domain/channels';
import type { Instrument } from '../domain/instruments';
import { decodeLogEntry, epochOfPayload, type LogEntry, type RawLogEntry } from '../domain/log-entry';
import type { Side } from '../domain/order';
import type { LogTail } from '../market/log-tail';
import type { Market } from '../market/market';
import type { Subscriber } from './audience';
import { itemsOf, newsOfItem, type Wanted } from './entry-items';
import { Message } from './message';
import type { ResumeRefusal } from './news';
import { bookSequenceOf, type StreamPosition } from './stream-position';
import { isOfAccount, type Subscription } from './subscriptions';

/** Entries behind a sequence that are not in memory any more, oldest first; null when they are nowhere to be had. */
export type OlderEntries = (after: number, count: number) => Promise<readonly RawLogEntry[] | null>;

const PAGE_ENTRIES = 500;
/** Another process may have told a client of entries before this one has read them. */
const FUTURE_WAIT_MS = 2_000;

/** Levels of one book that changed since a position. */
export interface TouchedLevels {
  readonly firstSequence: number;
  readonly bids: ReadonlySet<number>;
  readonly asks: ReadonlySet<number>;
}

interface Touched extends TouchedLevels {
  readonly bids: Set<number>;
  readonly asks: Set<number>;
}

export interface MissedLimits {
  readonly entriesMax: number;
  /** Bytes that may wait for the client before the next page. */
  readonly waitingBytesMax: number;
  readonly waitMs: number;
}

/** Tells one client what it has missed of trades, orders and accounts, entry by entry, and finds the levels that changed. */
export class MissedMessages {
  private readonly touched = new Map<string, Touched>();
  private readonly pairs: ReadonlySet<string>;
  private readonly wanted: Wanted;
  private at: number;
  /** Messages of the last page: book changes that are told at the end have their place among them. */
  private held: Message[] = [];
  private stands: StreamPosition;

  constructor(
    private readonly subscriber: Subscriber,
    subscriptions: readonly Subscription[],
    private readonly from: StreamPosition,
    private readonly market: Market,
    private readonly tail: LogTail,
    private readonly older: OlderEntries,
    private readonly limits: MissedLimits,
    /** Whether it may go on: the client is there and the books are still the same. */
    private readonly isCurrent: () => boolean,
  ) {
    this.pairs = new Set(subscriptions.map((one) => (isOfAccount(one) ? pairOf(one.channel, one.account) : pairOf(one.channel, one.instrument.instrument, one.owner))));
    const isWanted = (channel: Channel, name: string): boolean => this.pairs.has(pairOf(channel, name));
    const isOwn = (instrument: string, account: string): boolean => this.pairs.has(pairOf('orders', instrument, account));
    const hasOwn = subscriptions.some((one) => !isOfAccount(one) && one.owner !== null);
    this.wanted = { ofInstrument: isWanted, ordersOf: hasOwn ? isOwn : null, ofAccount: subscriptions.some(isOfAccount) ? isWanted : null };
    this.at = Math.min(from.sequence, from.bookSequence);
    this.stands = from;
  }

  /** Where the client stands behind what was written to it. */
  get told(): StreamPosition {
    return this.stands;
  }

  /**
   * Runs until the client has everything that the books contain.
   * @param caughtUp called in the very turn in which that is so, with the messages that are left to write and the touched levels by instrument
   * @returns null, or why it cannot be done; undefined when the client is gone or too slow
   */
  async run(caughtUp: (held: readonly Message[], touched: ReadonlyMap<string, TouchedLevels>) => void): Promise<ResumeRefusal | null | undefined> {
    const refusal = await this.refusal();
    if (refusal !== null) return refusal;
    for (;;) {
      if (!this.isCurrent()) return 'market_data_interrupted';
      const entries = await this.page();
      if (!this.isCurrent()) return 'market_data_interrupted';
      if (entries === null) return 'since_too_old';
      this.tell(entries);
      if (this.at >= this.market.sequence) {
        caughtUp(this.held, this.touched);
        return null;
      }
      if (!await this.hasRoom()) return undefined;
    }
  }

  private async refusal(): Promise<ResumeRefusal | null> {
    const { epoch, sequence, bookSequence, booksAhead } = this.from;
    const newest = Math.max(sequence, bookSequence, booksAhead?.sequence ?? 0);
    if (newest > this.market.sequence && !await this.market.waitFor({ epoch: epoch ?? this.market.epoch, sequence: newest }, FUTURE_WAIT_MS)) return 'since_in_future';
    if (this.market.sequence - this.at > this.limits.entriesMax) return 'since_too_old';
    if (epoch === null || epoch === this.market.epoch || sequence === 0) return null;
    // The shard was rebuilt since. What came before that is one history, as long as the client saw no more of it than was kept.
    const [entry] = this.tail.page(sequence - 1, 1) ?? await this.older(sequence - 1, 1) ?? [];
    return entry !== undefined && epochOfPayload(entry.payload) === epoch ? null : 'other_life';
  }

  /** The next entries, none of them beyond what the books contain. Those in memory come within the turn. */
  private page(): readonly RawLogEntry[] | null | Promise<readonly RawLogEntry[] | null> {
    const recent = this.tail.page(this.at, PAGE_ENTRIES);
    if (recent !== null) return recent;
    return this.older(this.at, PAGE_ENTRIES).then((entries) => {
      if (entries === null || entries[0]?.sequence !== this.at + 1) return null;
      return entries.filter(({ sequence }) => sequence <= this.market.sequence);
    });
  }

  private tell(entries: readonly RawLogEntry[]): void {
    this.subscriber.write(this.held);
    this.stands = this.held.at(-1)?.position ?? this.stands;
    const messages: Message[] = [];
    for (const { sequence, payload } of entries) {
      this.at = sequence;
      const entry = decodeLogEntry(payload);
      if (sequence > this.from.bookSequence) this.noteLevels(entry);
      if (sequence > this.from.sequence) this.addItems(entry, messages);
    }
    this.held = messages;
  }

  private addItems(entry: LogEntry, messages: Message[]): void {
    const told = entry.sequence === this.from.sequence + 1 ? this.from.count : 0;
    for (const item of itemsOf(entry, this.wanted)) {
      if (item.index < told) continue;
      const news = newsOfItem(item, entry, this.instrumentOf);
      if (news === null) continue;
      messages.push(new Message(news, { ...this.from, epoch: this.market.epoch, sequence: entry.sequence - 1, count: item.index + 1 }));
    }
  }

  private readonly instrumentOf = (name: string): Instrument | undefined => this.market.instrument(name);

  private noteLevels(entry: LogEntry): void {
    for (const { instrument, side, priceTicks } of entry.levels) {
      if (entry.sequence <= bookSequenceOf(this.from, instrument)) continue;
      let touched = this.touched.get(instrument);
      if (touched === undefined) {
        if (!this.pairs.has(pairOf('orderbook', instrument))) continue;
        touched = { firstSequence: entry.sequence, bids: new Set(), asks: new Set() };
        this.touched.set(instrument, touched);
      }
      levelsOf(touched, side).add(priceTicks);
    }
  }

  /** Waits for the client to take what it got. @returns false when it does not in time */
  private async hasRoom(): Promise<boolean> {
    const { link } = this.subscriber;
    if (link.waitingBytes <= this.limits.waitingBytesMax) {
      await nextTurn();
      return true;
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), this.limits.waitMs);
      link.onceDrained(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }
}

/** @param name of the instrument, or of the account; @param owner of orders in the instrument, null for all */
function pairOf(channel: Channel, name: string, owner: string | null = null): string {
  return owner === null ? `${channel}/${name}` : `${channel}/${name}/${owner}`;
}

function levelsOf(touched: Touched, side: Side): Set<number> {
  return side === 'buy' ? touched.bids : touched.asks;
}
