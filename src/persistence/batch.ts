import { storedCandlesOf, type StoredCandle } from '../domain/candle';
import { decodeLogEntry, tradesOf, type LogEntry, type RawLogEntry } from '../domain/log-entry';
import { isOpen, type Order, type SettledTrade } from '../domain/order';
import type { MoneyScale } from '../domain/assets';
import { learnScale } from '../domain/postings';
import type { CatalogueChange } from './catalogue-rows';
import { ControlBatch } from './control-rows';
import { MoneyBatch } from './money-batch';

/** What a run of log entries means for Postgres: the rows to write and what Redis may let go of. */
export interface Batch {
  readonly entries: readonly { readonly raw: RawLogEntry; readonly entry: LogEntry }[];
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly lastTimeUs: number;
  /** Last state of each order the entries touch. */
  readonly orders: readonly Order[];
  readonly trades: readonly { readonly trade: SettledTrade; readonly sequence: number }[];
  /** What the trades add to the candles. */
  readonly candles: readonly StoredCandle[];
  /** Orders that are done after the batch. */
  readonly doneOrderIds: readonly string[];
  readonly lastTradeIds: ReadonlyMap<string, number>;
  readonly controls: ControlBatch;
  readonly money: MoneyBatch;
  /** Instruments that were made or changed, as they became. */
  readonly catalogue: readonly CatalogueChange[];
}

/**
 * @param raws contiguous, at least one
 * @param scales of every instrument that the entries may trade; those that they make are added
 */
export function buildBatch(raws: readonly RawLogEntry[], scales: Map<string, MoneyScale>): Batch {
  const orders = new Map<string, Order>();
  const trades: { trade: SettledTrade; sequence: number }[] = [];
  const lastTradeIds = new Map<string, number>();
  const controls = new ControlBatch();
  const money = new MoneyBatch(scales);
  const catalogue = new Map<string, CatalogueChange>();
  const put = (order: Order): void => {
    // Entries of before version 3 tell where an order was placed only as they place it.
    const placedSequence = order.placedSequence || (orders.get(order.orderId)?.placedSequence ?? 0);
    orders.set(order.orderId, placedSequence === order.placedSequence ? order : { ...order, placedSequence });
  };
  const entries = raws.map((raw) => ({ raw, entry: decodeLogEntry(raw.payload) }));
  for (const { entry } of entries) {
    // The order of a refusal is shown, not changed.
    if (entry.kind === 'refuse') continue;
    learnScale(scales, entry);
    for (const event of entry.events) {
      // As they happened: an order may trade as a maker and change again in one entry.
      if (event.type === 'trade') put(event.maker);
      else if (event.type === 'order') put(event.order);
      else if (event.type === 'instrument') catalogue.set(event.rules.instrument, { rules: event.rules, sequence: entry.sequence });
    }
    for (const trade of tradesOf(entry)) {
      trades.push({ trade, sequence: entry.sequence });
      lastTradeIds.set(trade.instrument, trade.tradeId);
    }
    controls.add(entry);
    money.add(entry);
  }
  const states = [...orders.values()];
  const first = entries[0] as Batch['entries'][number];
  const last = entries[entries.length - 1] as Batch['entries'][number];
  return {
    entries,
    firstSequence: first.entry.sequence,
    lastSequence: last.entry.sequence,
    lastTimeUs: last.entry.timeUs,
    orders: states,
    trades,
    candles: storedCandlesOf(trades.map(({ trade }) => trade)),
    doneOrderIds: states.filter((order) => !isOpen(order)).map((order) => order.orderId),
    lastTradeIds,
    controls,
    money,
    catalogue: [...catalogue.values()],
  };
}
