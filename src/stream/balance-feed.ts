import type { BalanceChange } from '../domain/log-entry';
import type { Balance } from '../domain/money';
import { AccountTopic } from './audience';
import { Message } from './message';

/** A change that came while the account was read. */
interface Noted {
  readonly balance: Balance;
  readonly sequence: number;
  readonly timeUs: number;
}

/** An account as it was at a sequence of the log. */
export interface AccountAt {
  readonly balances: readonly Balance[];
  readonly sequence: number;
  readonly timeUs: number;
}

/**
 * What one account has, as all its followers get it: read once, then kept from the log, as books are. Whoever comes later is
 * shown it as it stands in memory, at the very sequence behind which it is told changes.
 */
export class BalanceFeed extends AccountTopic {
  /** By asset; null while nothing is known of it. */
  private balances: Map<string, Balance> | null = null;
  /** What came since a read of it began; null while there is none. */
  private noted: Noted[] | null = null;
  private changedSequence = 0;
  private changedUs = 0;
  private shown: Message | null = null;
  /** The read that is under way. */
  reading: Promise<void> | null = null;
  /** How many are about to follow it. */
  holders = 0;

  constructor(account: string, drop: (topic: AccountTopic) => void) {
    super('balances', account, drop);
  }

  get isKnown(): boolean {
    return this.balances !== null;
  }

  /** Nothing is known of it any more. */
  forget(): void {
    this.balances = null;
    this.noted = null;
    this.shown = null;
  }

  /** From here on what the log tells of it is kept, to be put onto what is read. */
  readBegins(): void {
    this.noted = [];
  }

  readFailed(): void {
    this.noted = null;
  }

  /** Takes what was read: the log has been told at least up to its sequence. */
  load({ balances, sequence, timeUs }: AccountAt): void {
    this.balances = new Map(balances.map((balance) => [balance.asset, balance]));
    this.changedSequence = sequence;
    this.changedUs = timeUs;
    this.shown = null;
    for (const noted of this.noted ?? []) if (noted.sequence > sequence) this.change(noted);
    this.noted = null;
  }

  note({ asset, total, held }: BalanceChange, sequence: number, timeUs: number): void {
    const noted = { balance: { asset, total, held }, sequence, timeUs };
    if (this.balances !== null) this.change(noted);
    else this.noted?.push(noted);
  }

  private change({ balance, sequence, timeUs }: Noted): void {
    this.balances?.set(balance.asset, balance);
    this.changedSequence = sequence;
    this.changedUs = timeUs;
    this.shown = null;
  }

  /** What the account has: for all that begin before it changes again. */
  snapshot(): Message {
    if (this.balances === null) throw new Error(`nothing is known of account ${this.account}`);
    this.shown ??= new Message({
      kind: 'balances', isWhole: true, account: this.account, balances: byAsset([...this.balances.values()]),
      sequence: this.changedSequence, timeUs: this.changedUs,
    });
    return this.shown;
  }
}

export function byAsset(balances: Balance[]): Balance[] {
  return balances.length > 1 ? balances.sort((a, b) => (a.asset < b.asset ? -1 : 1)) : balances;
}
