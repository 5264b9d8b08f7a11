import { endsUs, isRunning, type Algo, type AlgoSlice } from '../../domain/algo';
import { averagePrice, formatAmount } from '../../domain/amounts';
import type { Instrument } from '../../domain/instruments';
import { formatTimeUs } from '../../domain/order';

/** Parent orders as clients see them. */

export interface AlgoView {
  algo_id: string; type: 'twap'; client_id: string; instrument: string; side: string; quantity: string; filled_quantity: string; remaining_quantity: string;
  average_price: string | null; limit_price: string | null; duration_s: number; slices: number; slices_placed: number; slices_refused: number; status: string;
  status_reason: string | null; next_at: string | null; created_at: string; ends_at: string; updated_at: string;
}

export interface AlgoSliceView {
  slice: number; order_id: string | null; quantity: string; filled_quantity: string; status: string; status_reason: string | null; at: string;
}

export function presentAlgo(algo: Algo, { tick, lot }: Instrument): AlgoView {
  const hasNext = isRunning(algo) && !algo.isStopping && algo.nextSlice <= algo.slices;
  return {
    algo_id: algo.algoId,
    type: 'twap',
    client_id: algo.clientId,
    instrument: algo.instrument,
    side: algo.side,
    quantity: formatAmount(algo.quantityLots, lot),
    filled_quantity: formatAmount(algo.filledLots, lot),
    remaining_quantity: formatAmount(algo.quantityLots - algo.filledLots, lot),
    average_price: averagePrice(algo.notional, algo.filledLots, tick),
    limit_price: algo.limitTicks === null ? null : formatAmount(algo.limitTicks, tick),
    duration_s: algo.durationS,
    slices: algo.slices,
    slices_placed: algo.slicesPlaced,
    slices_refused: algo.slicesRefused,
    status: algo.isStopping ? 'cancelling' : algo.status,
    status_reason: algo.reason,
    next_at: hasNext ? formatTimeUs(algo.nextUs) : null,
    created_at: formatTimeUs(algo.createdUs),
    ends_at: formatTimeUs(endsUs(algo)),
    updated_at: formatTimeUs(algo.updatedUs),
  };
}

export function presentSlice(slice: AlgoSlice, { lot }: Instrument): AlgoSliceView {
  return {
    slice: slice.slice,
    order_id: slice.status === 'placed' ? slice.orderId : null,
    quantity: formatAmount(slice.quantityLots, lot),
    filled_quantity: formatAmount(slice.filledLots, lot),
    status: slice.status,
    status_reason: slice.reason,
    at: formatTimeUs(slice.atUs),
  };
}
