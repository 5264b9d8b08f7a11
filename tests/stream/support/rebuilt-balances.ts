import type { StreamMessage } from './stream-client';

export interface BalanceTold { asset: string; total: string; held: string; available: string }

interface At { readonly sequence: number; readonly balances: readonly BalanceTold[] }

/** What an account has, as a client has it that trusts only the stream. */
export class RebuiltBalances {
  readonly problems: string[] = [];
  snapshots = 0;
  /** After each message, oldest first. */
  readonly history: At[] = [];
  private readonly balances = new Map<string, BalanceTold>();

  static of(messages: readonly StreamMessage[], account: string): RebuiltBalances {
    const rebuilt = new RebuiltBalances();
    for (const message of messages) {
      if (message.type === 'resync') rebuilt.history.length = 0;
      if (message.data.account_id === account && (message.type === 'balances' || message.type === 'balances_snapshot')) rebuilt.take(message);
    }
    return rebuilt;
  }

  private take({ type, instrument, sequence, data }: StreamMessage): void {
    const told = data.balances as BalanceTold[];
    if (instrument !== null) this.problems.push(`${type} at ${sequence} is of an instrument`);
    if (JSON.stringify(told.map(({ asset }) => asset)) !== JSON.stringify(told.map(({ asset }) => asset).sort())) this.problems.push(`${type} at ${sequence} is not by asset`);
    const last = this.history.at(-1);
    if (type === 'balances_snapshot') {
      this.snapshots++;
      this.balances.clear();
      if (last !== undefined && sequence < last.sequence) this.problems.push(`a snapshot at ${sequence} behind ${last.sequence}`);
    } else if (last === undefined) {
      this.problems.push(`a change at ${sequence} ahead of a snapshot`);
    } else if (sequence <= last.sequence) {
      this.problems.push(`a change at ${sequence} behind ${last.sequence}`);
    }
    for (const balance of told) this.balances.set(balance.asset, balance);
    this.history.push({ sequence, balances: [...this.balances.values()].sort((a, b) => (a.asset < b.asset ? -1 : 1)) });
  }

  /** As of a sequence; undefined ahead of the first word. */
  at(sequence: number): readonly BalanceTold[] | undefined {
    return this.history.findLast((one) => one.sequence <= sequence)?.balances;
  }
}
