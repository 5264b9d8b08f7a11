import type { Instrument } from '../domain/instruments';

/** What a venue tells its shards apart by. */
interface Named {
  readonly name: string;
}

/**
 * The shards of a venue: which one an instrument is matched in, and which one an order is of. Whoever has an instrument or
 * an order in hand asks here. A process has one shard today; its use cases are given that one's engine.
 */
export class Venue<S extends Named> {
  private readonly byInstrument = new Map<string, S>();

  /** @param shards each with the instruments that it matches; no instrument is matched in two */
  constructor(private readonly shards: readonly { readonly shard: S; readonly instruments: readonly Instrument[] }[]) {
    for (const { shard, instruments } of shards) {
      for (const { instrument } of instruments) {
        const other = this.byInstrument.get(instrument);
        if (other !== undefined) throw new Error(`instrument ${instrument} is matched in shard ${other.name} and in shard ${shard.name}`);
        this.byInstrument.set(instrument, shard);
      }
    }
  }

  /** One more instrument is matched in a shard. */
  know(instrument: string, shard: S): void {
    this.byInstrument.set(instrument, shard);
  }

  get all(): readonly S[] {
    return this.shards.map(({ shard }) => shard);
  }

  /** @throws Error for an instrument that no shard matches */
  ofInstrument(instrument: string): S {
    const shard = this.byInstrument.get(instrument);
    if (shard === undefined) throw new Error(`no shard matches instrument ${instrument}`);
    return shard;
  }

  /**
   * The shard of an order, whether or not it is known any more.
   * @param _orderId a venue of one shard need not look at it; in one of several the record tells it (orders.shard)
   * @throws Error where there is more than one shard
   */
  ofOrder(_orderId: string): S {
    const [first, ...others] = this.shards;
    if (first === undefined || others.length > 0) throw new Error('orders of several shards cannot be told apart by their ids');
    return first.shard;
  }
}
