import { isToBeAskedAgain, type Algo, type AlgoSlice, type SliceOutcome } from '../domain/algo';
import { formatAmount } from '../domain/amounts';
import type { Context } from '../domain/context';
import type { InstrumentTable } from '../domain/instrument-table';
import type { Order } from '../domain/order';
import { Refusal } from '../domain/refusal';
import type { Trading } from '../trading/trading';

interface OrderedSlice {
  readonly algo: Algo;
  readonly slice: AlgoSlice;
  readonly key: string;
}

const NOTHING = { filledLots: 0, notional: '0' } as const;
const MISSED: SliceOutcome = { ...NOTHING, status: 'missed', reason: null };

function outcomeOf({ status, reason, filledLots, notional }: Order): SliceOutcome {
  return status === 'rejected' ? { ...NOTHING, status: 'refused', reason } : { status: 'placed', filledLots, notional, reason: null };
}

/**
 * Places slices of parent orders as anybody places an order, for their accounts. They take what is there and never rest, so that an answer tells
 * all there will ever be of one; and they are answered once Postgres has them, which is where their parents are.
 */
export class SlicePlacer {
  constructor(private readonly trading: Pick<Trading, 'carryOut' | 'order'>, private readonly instruments: InstrumentTable, private readonly timeoutMs: number) {}

  async place({ algo, slice, key }: OrderedSlice): Promise<SliceOutcome> {
    const { tick, lot } = this.instruments.of(algo.instrument);
    const { limitTicks } = algo;
    try {
      const { order } = await this.trading.carryOut(this.contextOf(algo), {
        op: 'place', clientId: algo.clientId, instrument: algo.instrument, side: algo.side, type: limitTicks === null ? 'market' : 'limit', timeInForce: 'ioc', postOnly: false,
        price: limitTicks === null ? undefined : formatAmount(limitTicks, tick), quantity: formatAmount(slice.quantityLots, lot), clientOrderId: null, key,
        ackAfter: 'postgres', orderId: slice.orderId,
      });
      return outcomeOf(order);
    } catch (error) {
      if (!(error instanceof Refusal) || isToBeAskedAgain(error.code)) throw error;
      // The key was taken so that nobody could place it.
      return error.code === 'idempotency_key_reused' ? MISSED : { ...NOTHING, status: 'refused', reason: error.code };
    }
  }

  async find({ algo, slice }: OrderedSlice): Promise<SliceOutcome | null> {
    try {
      return outcomeOf((await this.trading.order(this.contextOf(algo), slice.orderId)).order);
    } catch (error) {
      if (error instanceof Refusal && error.code === 'order_not_found') return null;
      throw error;
    }
  }

  async withdraw(ordered: OrderedSlice): Promise<SliceOutcome> {
    const { algo, slice, key } = ordered;
    try {
      // There is nothing to cancel; asking for it takes the key, in the same step in which it is looked at.
      await this.trading.carryOut(this.contextOf(algo), { op: 'cancel', order: { orderId: slice.orderId, clientId: algo.clientId }, key });
    } catch (error) {
      if (!(error instanceof Refusal) || isToBeAskedAgain(error.code)) throw error;
      if (error.code === 'order_not_found') return MISSED;
      // By the same key it was placed or refused: that is what it answers with.
      if (error.code === 'idempotency_key_reused') return this.place(ordered);
    }
    return await this.find(ordered) ?? MISSED;
  }

  private contextOf({ algoId, clientId }: Algo): Context {
    return {
      principal: { kind: 'deputy', account: clientId }, requestId: algoId, traceparent: null, address: '', signatureUse: null,
      deadlineMs: performance.now() + this.timeoutMs,
    };
  }
}
