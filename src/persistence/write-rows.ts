import type pg from 'pg';
import type { Batch } from './batch';
import { numbers, texts, words } from './columns';
import type { NamedQuery } from './database';
import { ADD_CANDLES } from './queries/candles';
import { INSERT_JOURNAL, INSERT_TRADES, UPSERT_ORDERS } from './queries/write-batch';
import { writeMoneyRows } from './write-money';

/** How the record is written. */
export interface RecordOptions {
  readonly shard: string;
  /** Postings of an account between two snapshots of it. */
  readonly accountSnapshotEvery: number;
}

/** Writes a batch's journal entries, orders, trades, candles and money, column by column. The transaction is the caller's. */
export async function writeBatchRows(session: pg.Client, { shard, accountSnapshotEvery }: RecordOptions, batch: Batch): Promise<void> {
  const run = (query: NamedQuery, values: unknown[]): Promise<unknown> => session.query({ ...query, values });
  const { entries, orders, trades, candles } = batch;
  await run(INSERT_JOURNAL, [
    shard,
    numbers(entries.map(({ entry }) => entry.sequence)),
    numbers(entries.map(({ entry }) => entry.timeUs)),
    words(entries.map(({ entry }) => entry.kind)),
    words(entries.map(({ entry }) => entry.idempotency)),
    // Half of an entry's characters would need escaping; a line break is never among them.
    entries.map(({ raw }) => raw.payload).join('\n'),
  ]);
  if (orders.length > 0) {
    await run(UPSERT_ORDERS, [
      words(orders.map((o) => o.orderId)), texts(orders.map((o) => o.clientId)), texts(orders.map((o) => o.clientOrderId)),
      words(orders.map((o) => o.instrument)), words(orders.map((o) => o.side)), words(orders.map((o) => o.type)),
      words(orders.map((o) => o.timeInForce)), words(orders.map((o) => String(o.postOnly))),
      numbers(orders.map((o) => o.priceTicks)), numbers(orders.map((o) => o.quantityLots)),
      numbers(orders.map((o) => o.filledLots)), numbers(orders.map((o) => o.notional)),
      words(orders.map((o) => o.status)), words(orders.map((o) => o.reason)), numbers(orders.map((o) => o.sequence)),
      numbers(orders.map((o) => o.fillSequence)), numbers(orders.map((o) => o.priority)),
      numbers(orders.map((o) => o.createdUs)), numbers(orders.map((o) => o.updatedUs)),
      numbers(orders.map((o) => o.placedSequence)), numbers(orders.map((o) => o.fees?.makerRate ?? null)),
      numbers(orders.map((o) => o.fees?.takerRate ?? null)), numbers(orders.map((o) => o.fees?.units ?? null)),
      numbers(orders.map((o) => o.fees?.millionths ?? null)), shard,
    ]);
  }
  if (trades.length > 0) {
    await run(INSERT_TRADES, [
      words(trades.map(({ trade }) => trade.instrument)), numbers(trades.map(({ trade }) => trade.tradeId)),
      numbers(trades.map(({ trade }) => trade.priceTicks)), numbers(trades.map(({ trade }) => trade.quantityLots)),
      words(trades.map(({ trade }) => trade.takerSide)), words(trades.map(({ trade }) => trade.makerOrderId)),
      words(trades.map(({ trade }) => trade.takerOrderId)), numbers(trades.map(({ sequence }) => sequence)),
      numbers(trades.map(({ trade }) => trade.executedUs)), texts(trades.map(({ trade }) => trade.makerClientId)),
      texts(trades.map(({ trade }) => trade.takerClientId)), numbers(trades.map(({ trade }) => trade.makerFee)),
      numbers(trades.map(({ trade }) => trade.takerFee)), shard,
    ]);
    await run(ADD_CANDLES, [
      words(candles.map(({ instrument }) => instrument)), numbers(candles.map(({ intervalS }) => intervalS)),
      numbers(candles.map(({ candle }) => candle.startS)), numbers(candles.map(({ candle }) => candle.openTicks)),
      numbers(candles.map(({ candle }) => candle.highTicks)), numbers(candles.map(({ candle }) => candle.lowTicks)),
      numbers(candles.map(({ candle }) => candle.closeTicks)), numbers(candles.map(({ candle }) => candle.volumeLots)),
      numbers(candles.map(({ candle }) => candle.notional)), numbers(candles.map(({ candle }) => candle.trades)),
      numbers(candles.map(({ candle }) => candle.firstTradeId)), numbers(candles.map(({ candle }) => candle.lastTradeId)),
      shard,
    ]);
  }
  await writeMoneyRows(session, shard, batch.money, batch, accountSnapshotEvery);
}
