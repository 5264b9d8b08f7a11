import { RECENT_TRADE, positionsOf } from '../domain/layouts';
import { compactId, expandId } from '../domain/order-id';
import { SIDE_CODE, sideOf, type Trade } from '../domain/order';

/** A row of an instrument's list of recent trades: what lua/core/matching.lua writes. */

const AT = positionsOf(RECENT_TRADE);

/** @throws Error for a row that is none */
export function decodeRecentTrade(instrument: string, row: string): Trade {
  const wire = JSON.parse(`[${row}]`) as readonly unknown[];
  return {
    instrument,
    tradeId: wire[AT.trade_id] as number,
    priceTicks: wire[AT.price] as number,
    quantityLots: wire[AT.quantity] as number,
    takerSide: sideOf(wire[AT.taker_side] as number),
    makerOrderId: expandId(wire[AT.maker] as string),
    takerOrderId: expandId(wire[AT.taker] as string),
    executedUs: wire[AT.executed_us] as number,
  };
}

export function encodeRecentTrade(trade: Trade): string {
  const { tradeId, priceTicks, quantityLots, takerSide, makerOrderId, takerOrderId, executedUs } = trade;
  return [
    tradeId, priceTicks, quantityLots, SIDE_CODE[takerSide], `"${compactId(makerOrderId)}"`, `"${compactId(takerOrderId)}"`, executedUs,
  ].join(',');
}
