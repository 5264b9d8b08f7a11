import type pg from 'pg';
import type { Batch } from './batch';
import { writeCatalogue } from './catalogue-rows';
import { numbers, texts, words } from './columns';
import { recordedTraits } from '../domain/order-traits';
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

/** Writes a batch's journal entries, instruments, orders, trades, candles, controls and money, column by column. The transaction is the caller's. */
export async function writeBatchRows(session: pg.Client, { shard, accountSnapshotEvery }: RecordOptions, batch: Batch): Promise<void> {
  const run = (query: NamedQuery, values: unknown[]): Promise<unknown> => session.query({ ...query, values });
  const { entries, orders, trades, candles } = batch;
  if (batch.catalogue.length > 0) await writeCatalogue(session, shard, batch.catalogue);
  await run(INSERT_JOURNAL, [
    shard,
    numbers(entries, ({ entry }) => entry.sequence),
    numbers(entries, ({ entry }) => entry.timeUs),
    words(entries, ({ entry }) => entry.kind),
    words(entries, ({ entry }) => entry.idempotency),
    // Half of an entry's characters would need escaping; a line break is never among them.
    entries.map(({ raw }) => raw.payload).join('\n'),
  ]);
  if (orders.length > 0) {
    await run(UPSERT_ORDERS, [
      words(orders, (o) => o.orderId), texts(orders, (o) => o.clientId), texts(orders, (o) => o.clientOrderId),
      words(orders, (o) => o.instrument), words(orders, (o) => o.side), words(orders, (o) => o.type),
      words(orders, (o) => o.timeInForce), words(orders, (o) => String(o.postOnly)),
      numbers(orders, (o) => o.priceTicks), numbers(orders, (o) => o.quantityLots),
      numbers(orders, (o) => o.filledLots), numbers(orders, (o) => o.notional),
      words(orders, (o) => o.status), words(orders, (o) => o.reason), numbers(orders, (o) => o.sequence),
      numbers(orders, (o) => o.fillSequence), numbers(orders, (o) => o.priority),
      numbers(orders, (o) => o.createdUs), numbers(orders, (o) => o.updatedUs),
      numbers(orders, (o) => o.placedSequence), numbers(orders, (o) => o.fees?.makerRate ?? null),
      numbers(orders, (o) => o.fees?.takerRate ?? null), numbers(orders, (o) => o.fees?.units ?? null),
      numbers(orders, (o) => o.fees?.millionths ?? null), texts(orders, (o) => recordedTraits(o.traits)), shard,
    ]);
  }
  if (trades.length > 0) {
    await run(INSERT_TRADES, [
      words(trades, ({ trade }) => trade.instrument), numbers(trades, ({ trade }) => trade.tradeId),
      numbers(trades, ({ trade }) => trade.priceTicks), numbers(trades, ({ trade }) => trade.quantityLots),
      words(trades, ({ trade }) => trade.takerSide), words(trades, ({ trade }) => trade.makerOrderId),
      words(trades, ({ trade }) => trade.takerOrderId), numbers(trades, ({ sequence }) => sequence),
      numbers(trades, ({ trade }) => trade.executedUs), texts(trades, ({ trade }) => trade.makerClientId),
      texts(trades, ({ trade }) => trade.takerClientId), numbers(trades, ({ trade }) => trade.makerFee),
      numbers(trades, ({ trade }) => trade.takerFee), shard,
    ]);
    await run(ADD_CANDLES, [
      words(candles, ({ instrument }) => instrument), numbers(candles, ({ intervalS }) => intervalS),
      numbers(candles, ({ candle }) => candle.startS), numbers(candles, ({ candle }) => candle.openTicks),
      numbers(candles, ({ candle }) => candle.highTicks), numbers(candles, ({ candle }) => candle.lowTicks),
      numbers(candles, ({ candle }) => candle.closeTicks), numbers(candles, ({ candle }) => candle.volumeLots),
      numbers(candles, ({ candle }) => candle.notional), numbers(candles, ({ candle }) => candle.trades),
      numbers(candles, ({ candle }) => candle.firstTradeId), numbers(candles, ({ candle }) => candle.lastTradeId),
      shard,
    ]);
  }
  await batch.controls.write(run, shard);
  await writeMoneyRows(session, shard, batch.money, batch, accountSnapshotEvery);
}
