import type pg from 'pg';
import type { Batch } from './batch';
import type { NamedQuery } from './database';
import { ADD_CANDLES } from './queries/candles';
import { INSERT_JOURNAL, INSERT_TRADES, UPSERT_ORDERS } from './queries/write-batch';

/** Writes a batch's journal entries, orders, trades and candles, column by column. The transaction is the caller's. */
export async function writeBatchRows(session: pg.Client, shard: string, batch: Batch): Promise<void> {
  const run = (query: NamedQuery, values: unknown[]): Promise<unknown> => session.query({ ...query, values });
  const { entries, orders, trades, candles } = batch;
  await run(INSERT_JOURNAL, [
    shard,
    entries.map(({ entry }) => entry.sequence),
    entries.map(({ entry }) => entry.timeUs),
    entries.map(({ entry }) => entry.kind),
    entries.map(({ entry }) => entry.idempotency),
    entries.map(({ raw }) => raw.payload),
  ]);
  if (orders.length > 0) {
    await run(UPSERT_ORDERS, [
      orders.map((o) => o.orderId), orders.map((o) => o.clientId), orders.map((o) => o.clientOrderId),
      orders.map((o) => o.instrument), orders.map((o) => o.side), orders.map((o) => o.type),
      orders.map((o) => o.timeInForce), orders.map((o) => o.postOnly), orders.map((o) => o.priceTicks),
      orders.map((o) => o.quantityLots), orders.map((o) => o.filledLots), orders.map((o) => o.notional),
      orders.map((o) => o.status), orders.map((o) => o.reason), orders.map((o) => o.sequence),
      orders.map((o) => o.fillSequence), orders.map((o) => o.priority), orders.map((o) => o.createdUs),
      orders.map((o) => o.updatedUs),
    ]);
  }
  if (trades.length > 0) {
    await run(INSERT_TRADES, [
      trades.map(({ trade }) => trade.instrument), trades.map(({ trade }) => trade.tradeId),
      trades.map(({ trade }) => trade.priceTicks), trades.map(({ trade }) => trade.quantityLots),
      trades.map(({ trade }) => trade.takerSide), trades.map(({ trade }) => trade.makerOrderId),
      trades.map(({ trade }) => trade.takerOrderId), trades.map(({ sequence }) => sequence),
      trades.map(({ trade }) => trade.executedUs),
    ]);
    await run(ADD_CANDLES, [
      candles.map(({ instrument }) => instrument), candles.map(({ intervalS }) => intervalS),
      candles.map(({ candle }) => candle.startS), candles.map(({ candle }) => candle.openTicks),
      candles.map(({ candle }) => candle.highTicks), candles.map(({ candle }) => candle.lowTicks),
      candles.map(({ candle }) => candle.closeTicks), candles.map(({ candle }) => candle.volumeLots),
      candles.map(({ candle }) => candle.notional), candles.map(({ candle }) => candle.trades),
      candles.map(({ candle }) => candle.firstTradeId), candles.map(({ candle }) => candle.lastTradeId),
    ]);
  }
}
