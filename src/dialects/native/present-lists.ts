import type { AssetTable } from '../../domain/asset-table';
import type { InstrumentTable } from '../../domain/instrument-table';
import { formatTimeUs, isOpen, type Order } from '../../domain/order';
import type { ListType } from '../../domain/order-list';
import type { OrderList } from '../../trading/requests';
import { presentOrder, presentOrderWithTrades, presentStaleness } from './present';

/** Order lists, as they are told. */

function fieldsOf(listId: string, type: ListType, orders: readonly Order[]): object {
  const [first] = orders as readonly [Order, ...Order[]];
  return {
    list_id: listId, type, client_id: first.clientId, instrument: first.instrument, status: orders.some(isOpen) ? 'open' : 'done', created_at: formatTimeUs(first.createdUs),
  };
}

export function presentOrderList({ listId, type, orders }: OrderList, instruments: InstrumentTable, assets: AssetTable): object {
  return {
    ...fieldsOf(listId, type, orders.map(({ order }) => order)),
    orders: orders.map(({ order, trades, stale }) => ({ ...presentOrderWithTrades(order, trades, instruments.of(order.instrument), assets), ...presentStaleness(stale) })),
  };
}

export function presentListedOrderList(
  { listId, type, orders }: { readonly listId: string; readonly type: ListType; readonly orders: readonly Order[] }, instruments: InstrumentTable, assets: AssetTable,
): object {
  return { ...fieldsOf(listId, type, orders), orders: orders.map((order) => presentOrder(order, instruments.of(order.instrument), assets)) };
}
