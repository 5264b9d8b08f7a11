import { SHARD_LAYOUT_VERSION } from '../domain/layouts';
import type { MoneyScale } from '../domain/assets';
import { decodeLogEntry } from '../domain/log-entry';
import { FUNDS_CODE, fundsOf, type Funds } from '../domain/money';
import { compactId } from '../domain/order-id';
import { entriesOf, type StreamElement } from './keys';
import { encodeScale } from './scale';
import { ShardCalls } from './shard-calls';

export type ShardState = 'open' | 'frozen' | 'recovering' | 'faulted';

export interface ShardMeta {
  readonly state: ShardState;
  readonly epoch: string;
  readonly sequence: number;
  readonly persisted: number;
  readonly timeUs: number;
  /** Of what the shard holds in Redis (domain/layouts.ts). */
  readonly layoutVersion: number;
  readonly funds: Funds;
  /** What was found wrong with the balances, null for nothing. */
  readonly breach: string | null;
}

/** The life of a shard: how it begins, in which state it is, and what it lets go of. */
export class ShardUpkeep extends ShardCalls {
  /** Begins the life of the shard in an empty Redis. @returns false when it has one already. */
  async initialise(epoch: string, funds: Funds = 'off'): Promise<boolean> {
    return (await this.call('initialise', [epoch, String(SHARD_LAYOUT_VERSION), String(FUNDS_CODE[funds])])) === 1;
  }

  /**
   * Tells what the ticks and lots of instruments are worth: commands of an instrument whose scale is not told fail where money is kept.
   * @returns false where a later program has laid the shard out
   */
  async register(scales: ReadonlyMap<string, MoneyScale>): Promise<boolean> {
    return (await this.call('register', [...scales].flatMap(([instrument, scale]) => [instrument, encodeScale(scale)]))) === 1;
  }

  /** Stops new orders and all that takes money from an account, null lets them go on. @returns false when the shard is in another epoch */
  async setBreach(finding: string | null, epoch: string): Promise<boolean> {
    return (await this.call('set_breach', [finding ?? '', epoch])) === 1;
  }

  /**
   * @param epoch the life of the shard that is meant, null for any
   * @returns the state before; null for an empty Redis. The state changes only when that one is in `from`.
   */
  async setState(state: ShardState, from: readonly ShardState[], epoch: string | null = null): Promise<ShardState | null> {
    const before = (await this.call('set_state', [state, epoch ?? '', ...from])) as string;
    return before === '' ? null : (before as ShardState);
  }

  /** Stops this life of the shard until it is rebuilt, with the reason for people to read. */
  async fault(epoch: string, reason: string): Promise<void> {
    if ((await this.meta())?.epoch !== epoch) return;
    // The reason first: a shard that is stopped says why.
    await this.send('HSET', this.keys.meta, 'fault', reason);
    await this.setState('faulted', ['open', 'frozen', 'recovering'], epoch);
  }

  /** @returns null for an empty Redis. */
  async meta(): Promise<ShardMeta | null> {
    const fields = ['state', 'epoch', 'seq', 'persisted', 'time_us', 'version', 'funds', 'breach'];
    const [state, epoch, seq, persisted, timeUs, version, funds, breach] = (await this.send('HMGET', this.keys.meta, ...fields)) as (string | null)[];
    if (state === null || state === undefined) return null;
    return {
      state: state as ShardState,
      epoch: epoch ?? '',
      sequence: Number(seq),
      persisted: Number(persisted),
      timeUs: Number(timeUs),
      layoutVersion: Number(version),
      // Layouts of before version 4 kept no money.
      funds: fundsOf(Number(funds ?? 0)),
      breach: breach ?? null,
    };
  }

  /** Time of a log entry in µs, null when the log does not hold it. */
  async entryTimeUs(sequence: number): Promise<number | null> {
    const elements = (await this.send('XRANGE', this.keys.log, `${sequence}-0`, '+', 'COUNT', '1')) as StreamElement[];
    const entry = elements.flatMap(entriesOf).find((one) => one.sequence === sequence);
    return entry === undefined ? null : decodeLogEntry(entry.payload).timeUs;
  }

  /** Entries in the log, its kept tail included. */
  async logLength(): Promise<number> {
    const [oldest, newest] = (await Promise.all([
      this.send('XRANGE', this.keys.log, '-', '+', 'COUNT', '1'),
      this.send('XREVRANGE', this.keys.log, '+', '-', 'COUNT', '1'),
    ])) as [StreamElement[], StreamElement[]];
    const first = oldest.flatMap(entriesOf)[0];
    const last = newest.flatMap(entriesOf).at(-1);
    return first === undefined || last === undefined ? 0 : last.sequence - first.sequence + 1;
  }

  /**
   * Lets Redis drop what Postgres holds.
   * @param doneOrderIds UUIDs of orders that were done by `sequence`
   * @param doneTransferIds UUIDs of transfers that had come to their end
   * @returns false when the shard's epoch is another one
   */
  async trim(
    epoch: string,
    sequence: number,
    keep: { readonly entries: number; readonly trades: number },
    lastTradeIds: ReadonlyMap<string, number>,
    doneOrderIds: Iterable<string>,
    doneTransferIds: Iterable<string> = [],
  ): Promise<boolean> {
    const args = [epoch, String(sequence), String(keep.entries), String(keep.trades), String(lastTradeIds.size)];
    for (const [instrument, tradeId] of lastTradeIds) args.push(instrument, String(tradeId));
    const orderIds = [...doneOrderIds];
    args.push(String(orderIds.length));
    for (const orderId of orderIds) args.push(compactId(orderId));
    for (const transferId of doneTransferIds) args.push(compactId(transferId));
    return (await this.call('trim', args)) === 1;
  }
}
