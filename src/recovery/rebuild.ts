import { randomBytes } from 'node:crypto';
import type { MoneyScale } from '../domain/assets';
import { compareControls, type Control } from '../domain/controls';
import { isOpenToTrade, scaleOfRules, type InstrumentRules } from '../domain/instrument-rules';
import type { Funds } from '../domain/money';
import { expiryUs, type Order, type Side, type Trade } from '../domain/order';
import { waitsForFirst } from '../domain/order-list';
import { directionOf, type Direction } from '../domain/order-type';
import { hasBand, type BandSample } from '../domain/price-band';
import { BookHash } from './book-hash';
import { MoneyRebuild, NOTHING_COMPUTED, requireCover, type ComputedMoney, type CoverSource, type MoneyTarget } from './rebuild-money';
import { WaitingRebuild, type ReachSource, type ReachTarget } from './rebuild-waiting';

/** Postgres' side of a rebuild. */
export interface RebuildSource extends CoverSource, ReachSource {
  checkpoint(): Promise<{ readonly epoch: string; readonly sequence: number; readonly timeUs: number } | null>;
  /** How money was kept when the record was last rebuilt from, or begun. */
  funds(): Promise<Funds>;
  /** Keeps money otherwise than before, from the checkpoint on. In one transaction. */
  takeFunds(recoveryId: number, funds: Funds, computed: ComputedMoney): Promise<void>;
  beginEpoch(from: { readonly epoch: string; readonly sequence: number; readonly timeUs: number }, epoch: string, reason: string): Promise<number>;
  finish(recoveryId: number, openOrders: number, bookHash: string): Promise<void>;
  /** Whether the shard's operator has frozen it. */
  isFrozen(): Promise<boolean>;
  /** Instruments that were made or changed, by name. */
  catalogue(): Promise<readonly InstrumentRules[]>;
  openOrderCount(): Promise<number>;
  controls(): Promise<Control[]>;
  liveKeys(second: number, pageSize: number): AsyncGenerator<{ digest: string; sequence: number; second: number }[]>;
  lastTradeIds(): Promise<Map<string, number>>;
  newestTrades(instrument: string, count: number): Promise<Trade[]>;
  /** What the reference price of an instrument's band comes from, oldest first. */
  bandSamples(rules: InstrumentRules): Promise<readonly BandSample[]>;
}

/** Redis' side of a rebuild. */
export interface RebuildTarget extends MoneyTarget, ReachTarget {
  /** Redis' clock, which lifetimes of keys go by, in seconds. */
  nowS(): Promise<number>;
  clear(counters: { epoch: string; sequence: number; timeUs: number; tradeIds: ReadonlyMap<string, number>; funds: Funds }): Promise<void>;
  /** With their scales. */
  addCatalogue(instruments: readonly InstrumentRules[]): Promise<void>;
  /** By name. @throws RestoreError where orders would not look for them */
  writtenCatalogue(): Promise<readonly InstrumentRules[]>;
  addOrders(orders: readonly Order[]): Promise<void>;
  /** Behind the orders: what is kept of accounts that acts on their orders. @param timeUs when that is due which is left of what was begun @returns how many act by themselves */
  addControls(controls: readonly Control[], timeUs: number): Promise<number>;
  timeDues(count: number): Promise<void>;
  writtenControls(): Promise<Control[]>;
  addIdempotencyKeys(keys: readonly { digest: string; sequence: number; second: number }[]): Promise<void>;
  addTrades(instrument: string, trades: readonly Trade[]): Promise<void>;
  addBand(instrument: string, samples: readonly BandSample[]): Promise<void>;
  writtenBand(instrument: string): Promise<readonly BandSample[]>;
  bookOrders(instrument: string, side: 'bids' | 'asks'): AsyncGenerator<Order[]>;
  /** Those that wait for a price of an instrument, from one direction. */
  pendingOrders(instrument: string, direction: Direction): AsyncGenerator<Order[]>;
  /** @throws Error for one that is not there */
  ordersById(orderIds: readonly string[]): AsyncGenerator<Order[]>;
  open(state: 'open' | 'frozen'): Promise<void>;
}

export interface RebuildOptions {
  readonly idempotencyTtlS: number;
  readonly recentTradesKept: number;
  readonly reason: string;
  /** How money is kept from now on. */
  readonly funds: Funds;
  /** Of every instrument that an open order may be of. */
  readonly scales: ReadonlyMap<string, MoneyScale>;
}

export interface RebuildReport {
  readonly reason: string;
  readonly epoch: string;
  readonly sequence: number;
  readonly openOrders: number;
  readonly idempotencyKeys: number;
  readonly recentTrades: number;
  readonly bookHash: string;
  /** Accounts and the hash of all they have; null where no money is kept. */
  readonly accounts: number | null;
  readonly moneyHash: string | null;
  readonly seconds: number;
}

export type Progress = (step: 'orders' | 'accounts' | 'idempotency_keys' | 'trades' | 'verify', done: number, total: number) => void;

/** Small enough that a page is garbage before it has been copied about. */
const ORDERS_PAGE = 2_000;
const KEYS_PAGE = 10_000;
const EPOCH_BYTES = 6;

/** Rebuilt and recorded books differ: the shard stays closed. */
export class BookMismatchError extends Error {}

/** A name for one unbroken life of a shard: 8 characters, since every log entry carries it. */
export function newEpoch(): string {
  return randomBytes(EPOCH_BYTES).toString('base64url');
}

/**
 * Rebuilds a shard in Redis from its record in Postgres and opens it: open orders in their exact queue order,
 * depths, the rules of instruments, client order ids, idempotency keys still in their lifetime, recent trades and every counter; where money is kept,
 * accounts with balances and holds, pending transfers, rates and used references. The shard opens only when book and accounts read
 * back from Redis have the hashes of those in Postgres. Safe to repeat from
 * any point: until it opens, the shard is recognised as lost or as being rebuilt.
 * @throws BookMismatchError, MoneyMismatchError, UncoveredError, RestoreError, or what the servers threw
 */
export async function rebuild(source: RebuildSource, target: RebuildTarget, options: RebuildOptions, progress: Progress = () => undefined): Promise<RebuildReport> {
  const started = Date.now();
  const checkpoint = await source.checkpoint();
  if (checkpoint === null) throw new Error('there is no record to rebuild from');
  const recordedFunds = await source.funds();
  const catalogue = await source.catalogue();
  const scales = new Map([...options.scales, ...catalogue.map((rules) => [rules.instrument, scaleOfRules(rules)] as const)]);
  // Ahead of another life: nothing is begun that cannot be opened.
  if (options.funds === 'required') await requireCover(source, scales, recordedFunds);
  const epoch = newEpoch();
  const recoveryId = await source.beginEpoch(checkpoint, epoch, options.reason);
  const tradeIds = await source.lastTradeIds();
  await target.clear({ epoch, sequence: checkpoint.sequence, timeUs: checkpoint.timeUs, tradeIds, funds: options.funds });
  await target.addCatalogue(catalogue);
  const money = new MoneyRebuild(options.funds, scales);

  const expected = new BookHash();
  const waiting = new WaitingRebuild();
  const sides = new Set<string>();
  const total = await source.openOrderCount();
  let timed = 0;
  let writing: Promise<void> = Promise.resolve();
  for await (const page of source.openOrders(ORDERS_PAGE)) {
    // The next page is read while this one is written.
    await writing;
    writing = target.addOrders(page);
    writing.catch(() => undefined);
    money.addOrders(page);
    waiting.add(page);
    for (const order of page) {
      expected.add(order);
      if (expiryUs(order) !== null) timed++;
      if (!waitsForFirst(order)) sides.add(`${order.instrument}\u0000${order.status === 'pending' ? directionOf(order) : order.side}`);
    }
    progress('orders', expected.orders, total);
  }
  await writing;
  const closed = new Set(catalogue.filter((rules) => !isOpenToTrade(rules)).map(({ instrument }) => instrument));
  await waiting.restore(source, target, (instrument) => !closed.has(instrument));
  const controls = (await source.controls()).sort(compareControls);
  await target.timeDues(timed + await target.addControls(controls, checkpoint.timeUs));
  const accounts = money.isKept
    ? await money.restore(source, target, checkpoint, recordedFunds, (done) => progress('accounts', done, done))
    : null;

  let keys = 0;
  const oldestSecond = await target.nowS() - options.idempotencyTtlS;
  for await (const page of source.liveKeys(oldestSecond, KEYS_PAGE)) {
    await target.addIdempotencyKeys(page);
    keys += page.length;
    progress('idempotency_keys', keys, keys);
  }

  let trades = 0;
  for (const instrument of tradeIds.keys()) {
    const newest = await source.newestTrades(instrument, Math.max(options.recentTradesKept, 1));
    await target.addTrades(instrument, newest);
    trades += newest.length;
    progress('trades', trades, trades);
  }

  for (const rules of catalogue.filter(hasBand)) {
    const samples = await source.bandSamples(rules);
    await target.addBand(rules.instrument, samples);
    const written = await target.writtenBand(rules.instrument);
    if (JSON.stringify(written) !== JSON.stringify(samples)) {
      throw new BookMismatchError(`the reference prices of ${rules.instrument} are ${JSON.stringify(written)}, the record has ${JSON.stringify(samples)}`);
    }
  }

  const rebuilt = new BookHash();
  for (const name of sides) {
    const [instrument, side] = name.split('\u0000') as [string, Side | Direction];
    const orders = side === 'buy' || side === 'sell' ? target.bookOrders(instrument, side === 'buy' ? 'bids' : 'asks') : target.pendingOrders(instrument, side);
    for await (const page of orders) {
      for (const order of page) rebuilt.add(order);
      progress('verify', rebuilt.orders, expected.orders);
    }
  }
  for await (const page of target.ordersById(waiting.listed)) {
    for (const order of page) rebuilt.add(order);
  }
  const written = await target.writtenCatalogue();
  if (JSON.stringify(written) !== JSON.stringify(catalogue)) {
    throw new BookMismatchError(`the rebuilt catalogue is ${JSON.stringify(written)}, the record has ${JSON.stringify(catalogue)}`);
  }
  if (rebuilt.digest() !== expected.digest()) {
    throw new BookMismatchError(`the rebuilt book has ${rebuilt.orders} orders and hash ${rebuilt.digest()}, the record ${expected.orders} and ${expected.digest()}`);
  }
  if (JSON.stringify(await target.writtenControls()) !== JSON.stringify(controls)) throw new BookMismatchError('the controls of accounts that were written are not those of the record');
  if (recordedFunds !== options.funds) await source.takeFunds(recoveryId, options.funds, accounts?.computed ?? NOTHING_COMPUTED);
  await source.finish(recoveryId, expected.orders, expected.digest());
  // A freeze outlives the Redis that it was told to.
  await target.open(await source.isFrozen() ? 'frozen' : 'open');
  return {
    reason: options.reason, epoch, sequence: checkpoint.sequence, openOrders: expected.orders, idempotencyKeys: keys, recentTrades: trades,
    bookHash: expected.digest(), accounts: accounts?.accounts ?? null, moneyHash: accounts?.hash ?? null, seconds: (Date.now() - started) / 1000,
  };
}
