import { storedCandlesOf, type Candle, type StoredCandle } from '../domain/candle';
import { formatTimeUs, type Order } from '../domain/order';
import type { ReplayedTrade } from './compare-shard';
import type { Finding } from './finding';

/** @param expected is used up */
export async function compareOrderRows(expected: Map<string, Order>, rows: AsyncIterable<Order>, finding: Finding): Promise<void> {
  for await (const order of rows) {
    finding.count++;
    const wanted = expected.get(order.orderId);
    expected.delete(order.orderId);
    if (wanted === undefined) finding.add(`order ${order.orderId} is in no journal entry`);
    else finding.addDifference(`order ${order.orderId}`, wanted, order);
  }
  for (const orderId of expected.keys()) finding.add(`order ${orderId} is missing`);
}

export async function compareTradeRows(
  expected: ReadonlyMap<string, readonly ReplayedTrade[]>, rows: AsyncIterable<ReplayedTrade>, finding: Finding,
): Promise<void> {
  const found = new Map<string, Set<number>>();
  for await (const row of rows) {
    const { instrument, tradeId } = row.trade;
    finding.count++;
    const name = `trade ${tradeId} of ${instrument}`;
    let ids = found.get(instrument);
    if (ids === undefined) found.set(instrument, ids = new Set());
    if (ids.has(tradeId)) finding.add(`${name} is there twice`);
    ids.add(tradeId);
    // Trade ids count from 1 without gaps.
    const wanted = expected.get(instrument)?.[tradeId - 1];
    if (wanted === undefined) finding.add(`${name} is in no journal entry`);
    else finding.addDifference(name, { ...wanted.trade, sequence: wanted.sequence }, { ...row.trade, sequence: row.sequence });
  }
  for (const [instrument, list] of expected) {
    for (const { trade } of list) {
      if (found.get(instrument)?.has(trade.tradeId) !== true) finding.add(`trade ${trade.tradeId} of ${instrument} is missing`);
    }
  }
}

/** Sums as text, so that a difference can be shown. */
function shownCandle({ startS: _start, openTicks, highTicks, lowTicks, closeTicks, volumeLots, notional, trades, firstTradeId, lastTradeId }: Candle): unknown {
  return { openTicks, highTicks, lowTicks, closeTicks, volumeLots: String(volumeLots), notional: String(notional), trades, firstTradeId, lastTradeId };
}

/** Candles are made anew from the replayed trades. */
export async function compareCandleRows(
  trades: ReadonlyMap<string, readonly ReplayedTrade[]>, rows: AsyncIterable<StoredCandle>, finding: Finding,
): Promise<void> {
  const name = ({ instrument, intervalS, candle }: StoredCandle): string =>
    `candle of ${instrument}, ${intervalS} s from ${formatTimeUs(candle.startS * 1e6)}`;
  const expected = new Map<string, Candle>();
  for (const list of trades.values()) {
    for (const stored of storedCandlesOf(list.map(({ trade }) => trade))) expected.set(name(stored), stored.candle);
  }
  for await (const row of rows) {
    finding.count++;
    const what = name(row);
    const wanted = expected.get(what);
    expected.delete(what);
    if (wanted === undefined) finding.add(`${what}: no trade is of that time`);
    else finding.addDifference(what, shownCandle(wanted), shownCandle(row.candle));
  }
  for (const what of expected.keys()) finding.add(`${what} is missing`);
}
