import { sliceKey, type Algo, type AlgoSlice } from '../domain/algo';
import type { LogEntry } from '../domain/log-entry';
import { isOpen, type Order } from '../domain/order';
import type { AuditedRecord } from './audited';
import { Finding } from './finding';

interface Kept {
  readonly algo: Algo;
  readonly slices: AlgoSlice[];
}

const NOTHING = { filledLots: 0, notional: '0' } as const;

/** What parent orders tell of themselves, held against the orders that the journal has of them: no slice twice, none lost, sums right. */
export class AlgoCheck {
  readonly finding = new Finding('postgres: algos tell what their slices traded, and no slice is there twice');
  private readonly algos = new Map<string, Kept>();
  /** Slices by the digests of their keys. */
  private readonly byKey = new Map<string, { readonly name: string; readonly slice: AlgoSlice; placedAt: number | null }>();

  /** @param digest of a client and its idempotency key */
  constructor(private readonly record: AuditedRecord, private readonly digest: (clientId: string, key: string) => string) {}

  /** Ahead of the first entry. */
  async begin(): Promise<void> {
    for await (const algo of this.record.algos()) this.algos.set(algo.algoId, { algo, slices: [] });
    for await (const slice of this.record.algoSlices()) {
      const kept = this.algos.get(slice.algoId);
      if (kept === undefined) {
        this.finding.add(`slice ${slice.slice} is of algo ${slice.algoId}, which there is not`);
        continue;
      }
      kept.slices.push(slice);
      const name = nameOf(kept.algo, slice);
      this.byKey.set(this.digest(kept.algo.clientId, sliceKey(slice.algoId, slice.slice)), { name, slice, placedAt: null });
    }
    this.finding.count = this.byKey.size;
  }

  entry({ kind, idempotency, sequence, orders }: LogEntry): void {
    const keyed = idempotency === null ? undefined : this.byKey.get(idempotency);
    if (keyed === undefined || kind !== 'place') return;
    if (keyed.placedAt !== null) this.finding.add(`${keyed.name} is placed in entry ${keyed.placedAt} and in entry ${sequence}`);
    keyed.placedAt = sequence;
    const orderId = orders[0]?.orderId;
    if (orderId !== keyed.slice.orderId) this.finding.add(`${keyed.name} is order ${keyed.slice.orderId}, entry ${sequence} placed ${String(orderId)}`);
  }

  /** @param orders all there ever were, behind the last entry */
  end(orders: () => ReadonlyMap<string, Order>): void {
    if (this.algos.size === 0) return;
    const known = orders();
    for (const { algo, slices } of this.algos.values()) {
      for (const slice of slices) this.compareSlice(algo, slice, known.get(slice.orderId));
      this.compareAlgo(algo, slices);
    }
  }

  private compareSlice(algo: Algo, slice: AlgoSlice, order: Order | undefined): void {
    const name = nameOf(algo, slice);
    if (slice.status === 'placing') return;
    if (order === undefined) {
      if (slice.status === 'placed') this.finding.add(`${name} is order ${slice.orderId}, which there is not`);
      return;
    }
    if (isOpen(order)) this.finding.add(`${name} rests as order ${slice.orderId}`);
    const { filledLots, notional } = slice.status === 'placed' ? slice : NOTHING;
    this.finding.addDifference(name, {
      clientId: algo.clientId, instrument: algo.instrument, side: algo.side, priceTicks: algo.limitTicks, quantityLots: slice.quantityLots, filledLots, notional,
    }, {
      clientId: order.clientId, instrument: order.instrument, side: order.side, priceTicks: order.priceTicks, quantityLots: order.quantityLots,
      filledLots: order.filledLots, notional: order.notional,
    });
  }

  private compareAlgo(algo: Algo, slices: readonly AlgoSlice[]): void {
    const count = (status: AlgoSlice['status']): number => slices.filter((slice) => slice.status === status).length;
    const sum = slices.reduce((lots, { filledLots }) => lots + filledLots, 0);
    this.finding.addDifference(`algo ${algo.algoId}`, {
      filledLots: sum, notional: String(slices.reduce((total, slice) => total + BigInt(slice.notional), 0n)), slicesPlaced: count('placed'), slicesRefused: count('refused'),
      isFilled: sum === algo.quantityLots, isPlacing: algo.status === 'running' && count('placing') > 0,
    }, {
      filledLots: algo.filledLots, notional: algo.notional, slicesPlaced: algo.slicesPlaced, slicesRefused: algo.slicesRefused,
      isFilled: algo.status === 'completed', isPlacing: count('placing') > 0,
    });
    const beyond = slices.find(({ slice, status }) => slice >= algo.nextSlice + (status === 'placing' ? 1 : 0));
    if (beyond !== undefined) this.finding.add(`${nameOf(algo, beyond)} is there, and the next one is ${algo.nextSlice}`);
  }
}

function nameOf({ algoId }: Algo, { slice }: AlgoSlice): string {
  return `slice ${slice} of algo ${algoId}`;
}
