import DataLoader from 'dataloader';
import type { AuctionView } from '../domain/auction';
import type { BookOrders, BookView, QueuedOrders } from '../domain/book-view';
import { decodeLogEntry, type LogEntry, type RawLogEntry } from '../domain/log-entry';
import { decodeStoredRules, type InstrumentRules } from '../domain/instrument-rules';
import { decodeRates, decodeTransfer } from '../domain/log-entry-wire';
import type { LogPosition } from '../domain/log-position';
import type { AccountState, FeeGroup, Transfer } from '../domain/money';
import { sideOf, type Order, type Placing, type Trade } from '../domain/order';
import { compactId, expandId } from '../domain/order-id';
import { decodeOrderRecord } from '../domain/order-record';
import { decodeAccountRecord } from './account-record';
import { escapeText } from './commands/text';
import { ElementCount, entriesOf, type StreamElement } from './keys';
import { decodeRecentTrade } from './recent-trade';
import { decodeStoredOrder } from './record';
import { ShardUpkeep } from './shard-upkeep';

/** Accounts that one step of a scan asks for: it takes Redis less than a millisecond. */
const ACCOUNTS_PAGE = 500;
/** Orders that one command reads at most. */
const RECORDS_READ_MAX = 1_000;

/** What the service reads of a shard, each at one moment. Every read is refused while the shard is not whole: UnavailableError. */
export class ShardReads extends ShardUpkeep {
  private readonly elementCount = new ElementCount();
  /** Orders that are asked for in one turn are read in one command: a batch may name a thousand. */
  private readonly records = new DataLoader<string, Order | null>((ids) => this.readRecords(ids), { cache: false, maxBatchSize: RECORDS_READ_MAX });

  /** Some of the entries behind `after` that the log holds, at most `count`, oldest first. @throws UnavailableError */
  async logPage(after: number, count: number): Promise<RawLogEntry[]> {
    const elementsMax = String(this.elementCount.of(count));
    const elements = (await this.sendRead('XRANGE', this.keys.log, `(${after}-0`, '+', 'COUNT', elementsMax)) as StreamElement[];
    const entries = elements.flatMap(entriesOf);
    this.elementCount.note(elements.length, entries.length);
    return entries.filter(({ sequence }) => sequence > after).slice(0, count);
  }

  /**
   * Redis' clock, then how far the shard is: whatever comes behind that sequence comes at that time or later.
   * @throws UnavailableError
   */
  async clock(): Promise<{ readonly timeUs: number; readonly epoch: string; readonly sequence: number; readonly persisted: number }> {
    // Pipelined on one connection, so in this order.
    const [time, meta] = await Promise.all([
      this.sendRead('TIME'), this.sendRead('HMGET', this.keys.meta, 'epoch', 'seq', 'persisted'),
    ]) as [[string, string], (string | null)[]];
    return { timeUs: Number(time[0]) * 1e6 + Number(time[1]), epoch: meta[0] ?? '', sequence: Number(meta[1]), persisted: Number(meta[2]) };
  }

  /** When the first of what is due falls due, null where nothing is. */
  async firstDueUs(): Promise<number | null> {
    const due = (await this.sendRead('HGET', this.keys.meta, 'due_us')) as string | null;
    return due === null ? null : Number(due);
  }

  /** Whether orders that trades have reached, or let go, are still to go, or a call auction is half carried out: the next call goes on with it. */
  async isUnfinished(): Promise<boolean> {
    return ((await this.sendRead('HMGET', this.keys.meta, 'reached', 'released', 'opening')) as (string | null)[]).some((value) => value !== null);
  }

  /** What a call auction of an instrument would come to, at one moment. */
  async readAuction(instrument: string): Promise<AuctionView> {
    const [sequence, timeUs, rules, last, price, lots, left, side] = (await this.call('read_auction', [instrument])) as string[];
    return {
      sequence: Number(sequence), timeUs: Number(timeUs), rules: rules === undefined || rules === '' ? null : decodeStoredRules(instrument, rules),
      lastTicks: last === undefined || last === '' ? null : Number(last),
      crossing: price === undefined ? null : {
        priceTicks: Number(price), lots: BigInt(lots as string), leftLots: BigInt(left as string), leftSide: side === '' ? null : sideOf(Number(side)),
      },
    };
  }

  /** Where the log ends now. */
  async position(): Promise<LogPosition> {
    const [epoch, sequence] = (await this.sendRead('HMGET', this.keys.meta, 'epoch', 'seq')) as (string | null)[];
    return { epoch: epoch ?? '', sequence: Number(sequence) };
  }

  /**
   * An order and the log entries of its fills that are still in the log, newest first.
   * @returns null when Redis does not hold the order (any more). `reachedFrom` is the log sequence that
   *   the walk could not reach, 0 when it is complete.
   */
  async readOrder(orderId: string): Promise<{ order: Order; entries: LogEntry[]; reachedFrom: number } | null> {
    const id = compactId(orderId);
    const entries: LogEntry[] = [];
    let next = '';
    for (;;) {
      const reply = (await this.read(() => this.call('read_order', [id, next, '500']))) as [string?, number?, number?, ...string[]];
      const [record, goOn, unreached] = reply;
      // Unknown, or the order left for Postgres between two pages.
      if (record === undefined) return null;
      for (const payload of reply.slice(3) as string[]) entries.push(decodeLogEntry(payload));
      if (goOn === 0) return { order: decodeOrderRecord(record), entries, reachedFrom: unreached ?? 0 };
      next = String(goOn);
    }
  }

  /** A page of price levels of one side, best first. Prices in ticks, quantities in lots. */
  async readLevels(
    instrument: string, side: 0 | 1, behindPriceTicks: number | null, pageSize: number,
  ): Promise<{ sequence: number; timeUs: number; levels: [priceTicks: number, quantityLots: number][] }> {
    const behind = behindPriceTicks === null ? '' : String(behindPriceTicks);
    const reply = (await this.call('read_levels', [instrument, String(side), behind, String(pageSize)])) as string[];
    const levels: [number, number][] = [];
    for (let i = 2; i + 1 < reply.length; i += 2) levels.push([Number(reply[i]), Number(reply[i + 1])]);
    return { sequence: Number(reply[0]), timeUs: Number(reply[1]), levels };
  }

  /** The best levels of both sides at one moment, best first. Prices in ticks, quantities in lots. */
  async readBook(instrument: string, levels: number): Promise<BookView> {
    const reply = (await this.read(() => this.call('read_book', [instrument, String(levels)]))) as (string | number)[];
    const bidsEnd = 3 + 2 * Number(reply[2]);
    const bids: [number, number][] = [];
    const asks: [number, number][] = [];
    for (let i = 3; i + 1 < reply.length; i += 2) {
      (i < bidsEnd ? bids : asks).push([Number(reply[i]), Number(reply[i + 1])]);
    }
    return { sequence: Number(reply[0]), timeUs: Number(reply[1]), bids, asks };
  }

  /** The orders of the best levels of both sides, at most `ordersMax` a side, and the totals of `topLevels`, at one moment. */
  async readOrders(instrument: string, levels: number, ordersMax: number, topLevels: number): Promise<BookOrders> {
    const reply = (await this.read(() => this.call('read_orders', [
      instrument, String(levels), String(ordersMax), String(topLevels),
    ]))) as [string, string, ...(string[] | number)[]];
    const side = (at: 2 | 5): QueuedOrders => {
      const [records, isCut, top] = reply.slice(at, at + 3) as [string[], number, string[]];
      const levelsOf: [number, number][] = [];
      for (let i = 0; i + 1 < top.length; i += 2) levelsOf.push([Number(top[i]), Number(top[i + 1])]);
      return { orders: records.map(decodeOrderRecord), isCut: isCut === 1, top: levelsOf };
    };
    return { sequence: Number(reply[0]), timeUs: Number(reply[1]), bids: side(2), asks: side(5) };
  }

  /** An order as Redis holds it, null when it does not (any more). */
  readRecord(orderId: string): Promise<Order | null> {
    return this.records.load(orderId);
  }

  /** Orders as they are now, null for one that Redis does not hold (any more): of one that trails with the best trade that it has seen. */
  async readWaiting(orderIds: readonly string[]): Promise<(Order | null)[]> {
    const records = (await this.read(() => this.call('read_waiting', orderIds.map(compactId)))) as (string | null)[];
    return orderIds.map((_, i) => {
      const record = records[i] ?? null;
      return record === null ? null : decodeOrderRecord(record);
    });
  }

  private async readRecords(orderIds: readonly string[]): Promise<(Order | null)[]> {
    const ids = orderIds.map(compactId);
    const stored = (await this.sendRead('HMGET', this.keys.orders, ...ids)) as (string | null)[];
    return ids.map((id, i) => {
      const record = stored[i] ?? null;
      return record === null ? null : decodeStoredOrder(record, id);
    });
  }

  /** A page of a client's open orders, the newest placed first, behind one of them; `next` is where the next page goes on. */
  async readOpenOrders(
    clientId: string, instrument: string | null, behind: Placing | null, limit: number,
  ): Promise<{ orders: Order[]; next: Placing | null }> {
    const orders: Order[] = [];
    let from = behind === null ? '' : `${behind.sequence},${compactId(behind.orderId)}`;
    for (;;) {
      const reply = (await this.read(() => this.call('read_open_orders', [
        escapeText(clientId), instrument ?? '', from, String(limit - orders.length),
      ]))) as string[];
      const [next, ...records] = reply as [string, ...string[]];
      for (const record of records) orders.push(decodeOrderRecord(record));
      if (next === '') return { orders, next: null };
      if (orders.length >= limit) return { orders, next: placingOfText(next) };
      from = next;
    }
  }

  /** Accounts with what they have, null for one that there is not, at one moment. */
  async readAccounts(accounts: readonly string[]): Promise<{ sequence: number; timeUs: number; accounts: (AccountState | null)[] }> {
    const [sequence, timeUs, ...records] = (await this.read(() => this.call('read_accounts', accounts.map(escapeText)))) as [string, string, ...(string | null)[]];
    return {
      sequence: Number(sequence), timeUs: Number(timeUs),
      accounts: accounts.map((account, i) => {
        const record = records[i] ?? null;
        return record === null ? null : decodeAccountRecord(account, record);
      }),
    };
  }

  /** A page of all accounts, behind one log sequence; one may come twice. @param cursor '0' for the first, and at the end */
  async scanAccounts(cursor: string): Promise<{ cursor: string; sequence: number; accounts: AccountState[] }> {
    const [next, sequence, ...pairs] = (await this.read(() => this.call('scan_accounts', [cursor, String(ACCOUNTS_PAGE)]))) as [string, string, ...string[]];
    const accounts: AccountState[] = [];
    for (let i = 0; i + 1 < pairs.length; i += 2) {
      accounts.push(decodeAccountRecord(JSON.parse(`"${pairs[i] as string}"`) as string, pairs[i + 1] as string));
    }
    return { cursor: next, sequence: Number(sequence), accounts };
  }

  /** A transfer as Redis holds it, null when it does not (any more): it is pending, or its end is not persisted yet. */
  async readTransfer(transferId: string): Promise<Transfer | null> {
    const [stored] = (await this.sendRead('HMGET', this.keys.transfers, compactId(transferId))) as (string | null)[];
    return stored === null || stored === undefined ? null : decodeTransfer(JSON.parse(`[${stored}]`) as readonly unknown[]);
  }

  /** Pending transfers whose time is over at `timeUs`, the longest over first. */
  async dueTransfers(timeUs: number, limit: number): Promise<string[]> {
    const due = (await this.sendRead('ZRANGEBYSCORE', this.keys.timers, '-inf', String(timeUs), 'LIMIT', '0', String(limit))) as string[];
    return due.map(expandId);
  }

  /** Instruments that were made or changed, as they are. */
  async readCatalogue(): Promise<InstrumentRules[]> {
    const stored = (await this.sendRead('HGETALL', this.keys.catalogue)) as string[] | Record<string, string>;
    const pairs = Array.isArray(stored) ? stored : Object.entries(stored).flat();
    const catalogue: InstrumentRules[] = [];
    for (let i = 0; i + 1 < pairs.length; i += 2) catalogue.push(decodeStoredRules(pairs[i] as string, pairs[i + 1] as string));
    return catalogue;
  }

  /** By name; the default is among them once it has rates. */
  async readFeeGroups(): Promise<FeeGroup[]> {
    const stored = (await this.sendRead('HGETALL', this.keys.feeGroups)) as string[] | Record<string, string>;
    const pairs = Array.isArray(stored) ? stored : Object.entries(stored).flat();
    const groups: FeeGroup[] = [];
    for (let i = 0; i + 1 < pairs.length; i += 2) groups.push(decodeFeeGroup(pairs[i] as string, pairs[i + 1] as string));
    return groups.sort((a, b) => (a.group < b.group ? -1 : 1));
  }

  /** The newest trades of an instrument that Redis still lists, newest first; ids are contiguous. */
  async recentTrades(instrument: string, count: number, before: number | null): Promise<Trade[]> {
    const key = this.keys.trades(instrument);
    let start = 0;
    if (before !== null) {
      const newest = (await this.sendRead('LINDEX', key, '0')) as string | null;
      if (newest === null) return [];
      start = Math.max(0, Number(newest.slice(0, newest.indexOf(','))) - before + 1);
    }
    const rows = (await this.sendRead('LRANGE', key, String(start), String(start + count - 1))) as string[];
    const trades = rows.map((row) => decodeRecentTrade(instrument, row));
    // Trades that came in between the two reads have shifted the list.
    return before === null ? trades : trades.filter((trade) => trade.tradeId < before);
  }
}

function placingOfText(text: string): Placing {
  const comma = text.indexOf(',');
  return { sequence: Number(text.slice(0, comma)), orderId: expandId(text.slice(comma + 1)) };
}

/** @param stored a group's rates as the `fee_groups` hash holds them: a comma, instrument, maker and taker rate of each */
export function decodeFeeGroup(group: string, stored: string): FeeGroup {
  return { group, rates: decodeRates(JSON.parse(`[${stored.slice(1)}]`) as readonly unknown[], 0) };
}
