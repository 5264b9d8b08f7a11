import type { LogEntry } from '../domain/log-entry';
import { ISSUANCE, type AccountState, type Balance, type Funds, type Transfer } from '../domain/money';
import type { Order } from '../domain/order';
import { MAKER_POSTINGS, POSTINGS_OF_TRADE, postingsOf, scaleIn, TAKER_POSTINGS, type MoneyScales } from '../domain/postings';
import { makerRateOf } from '../reference/fees';
import { Positions } from '../reference/positions';
import type { AuditedFill, AuditedTransfer } from './audited';

/** What the plain book has come to behind the entry that is followed. */
export interface ReplayedBook {
  readonly funds: Funds;
  balance(account: string, asset: string): Balance;
  account(account: string): AccountState;
}

/** What happened once and may not happen again: a deposit by its reference, or the reversal of a transfer. */
export type UsedReference =
  & { readonly sequence: number }
  & ({ readonly kind: 'deposit'; readonly asset: string; readonly reference: string } | { readonly kind: 'reversal'; readonly transferId: string });

/** Log sequences that a row of the record may carry. */
export interface SequenceRange {
  /** Of the last entry that told of it. */
  readonly least: number;
  /** Of the last that could have written it. */
  readonly most: number;
}

interface KeptBalance {
  total: bigint;
  postings: number;
  least: number;
  most: number;
}

/**
 * What a journal means for the record of money: rows that Postgres must hold, made from the entries as they come. Totals go forward from
 * posting to posting, and have to be those of the plain book behind each entry: no balance changes without a posting (I-4).
 */
export class ReplayedMoney {
  readonly positions = new Positions();
  readonly references: UsedReference[] = [];
  private readonly transferRows = new Map<string, AuditedTransfer>();
  private readonly balances = new Map<string, Map<string, KeptBalance>>();
  private readonly postings = new Map<string, number>();
  private readonly accountSequences = new Map<string, number>();
  private funds: Funds = 'off';
  /** Log sequence ahead of which balances were last computed anew, with the accounts that lacked. */
  private broughtUpTo = 0;

  /** @param complain is told of what does not add up */
  constructor(private readonly scales: MoneyScales, private readonly book: ReplayedBook, private readonly complain: (problem: string) => void) {}

  /** Rows by when they were made. */
  get transfers(): ReadonlyMap<string, AuditedTransfer> {
    return this.transferRows;
  }

  /** How many postings an account has had. */
  postingsOf(account: string): number {
    return this.postings.get(account) ?? 0;
  }

  postingsOfBalance(account: string, asset: string): number {
    return this.balances.get(account)?.get(asset)?.postings ?? 0;
  }

  sequencesOfBalance(account: string, asset: string): SequenceRange {
    const { least, most } = this.balances.get(account)?.get(asset) ?? { least: 0, most: 0 };
    return { least, most: Math.max(most, this.broughtUpTo) };
  }

  sequencesOfAccount(account: string): SequenceRange {
    const least = this.accountSequences.get(account) ?? 0;
    return { least, most: least === 0 ? this.broughtUpTo : least };
  }

  /**
   * Follows an entry that the plain book has carried out.
   * @returns the fills that it means, in their order
   */
  add(entry: LogEntry): readonly AuditedFill[] {
    this.follow(entry.sequence - 1);
    if (entry.kind === 'refuse') return [];
    for (const event of entry.events) {
      if (event.type === 'account') this.accountSequences.set(event.account.account, entry.sequence);
    }
    for (const { account, asset } of entry.balances) Object.assign(this.kept(account, asset), { least: entry.sequence, most: entry.sequence });
    const after = this.post(entry);
    this.addTransfers(entry, after);
    return after === null ? [] : this.fills(entry, after);
  }

  /** Takes over how the book keeps money. @param sequence up to which what is held may have been computed since it began to */
  follow(sequence: number): void {
    if (this.funds === 'off' && this.book.funds !== 'off') this.broughtUpTo = sequence;
    this.funds = this.book.funds;
  }

  private kept(account: string, asset: string): KeptBalance {
    let own = this.balances.get(account);
    if (own === undefined) this.balances.set(account, own = new Map<string, KeptBalance>());
    let kept = own.get(asset);
    if (kept === undefined) own.set(asset, kept = { total: 0n, postings: 0, least: 0, most: 0 });
    return kept;
  }

  /** @returns totals behind each posting of the entry, by its number; null where it has none */
  private post(entry: LogEntry): ReadonlyMap<number, bigint> | null {
    const postings = postingsOf(entry, this.scales);
    if (postings.length === 0) return null;
    const after = new Map<number, bigint>();
    for (const { index, account, asset, amount } of postings) {
      const kept = this.kept(account, asset);
      kept.total += amount;
      kept.postings++;
      kept.most = entry.sequence;
      this.postings.set(account, this.postingsOf(account) + 1);
      after.set(index, kept.total);
    }
    for (const { account, asset } of [...postings, ...entry.balances]) {
      const kept = this.kept(account, asset);
      const { total } = this.book.balance(account, asset);
      if (String(kept.total) === total) continue;
      this.complain(`entry ${entry.sequence}: postings of ${account} in ${asset} come to ${kept.total}, the balance is ${total}`);
      kept.total = BigInt(total);
    }
    return after;
  }

  private addTransfers(entry: LogEntry, after: ReadonlyMap<number, bigint> | null): void {
    const { command, sequence, timeUs } = entry;
    const totalsOf = (ordinal: number): Pick<AuditedTransfer, 'fromAfter' | 'toAfter'> => ({
      fromAfter: textOf(after?.get(2 * ordinal)), toAfter: textOf(after?.get(2 * ordinal + 1)),
    });
    const put = (row: AuditedTransfer): void => void this.transferRows.set(`${row.sequence}:${row.ordinal}`, row);
    for (const event of entry.events) {
      if (event.type !== 'transfer') continue;
      const { transfer } = event;
      const isPending = transfer.status === 'pending';
      put({ ...transfer, ordinal: 0, endedSequence: isPending ? null : sequence, endedUs: isPending ? null : timeUs, ...totalsOf(0) });
      if (entry.kind === 'transfer') this.addReference(transfer, sequence);
    }
    if (command?.op !== 'account' || !command.opens) return;
    command.deposits.forEach(({ asset, amount }, ordinal) => put({
      transferId: null, kind: 'opening', status: 'posted', from: ISSUANCE, to: command.account, asset, amount, settledAmount: amount, reference: null,
      note: null, expiresUs: null, reverses: null, sequence, createdUs: timeUs, ordinal, endedSequence: sequence, endedUs: timeUs, ...totalsOf(ordinal),
    }));
  }

  private addReference({ kind, asset, reference, reverses }: Transfer, sequence: number): void {
    if (kind === 'deposit' && reference !== null) this.references.push({ kind, asset, reference, sequence });
    if (kind === 'reversal' && reverses !== null) this.references.push({ kind, transferId: reverses, sequence });
  }

  private fills(entry: LogEntry, after: ReadonlyMap<number, bigint>): readonly AuditedFill[] {
    const { sequence, timeUs } = entry;
    return entry.fills.flatMap(({ tradeId, priceTicks, quantityLots, maker, taker: at, makerFee, takerFee }, k) => {
      const taker = entry.orders[at] as Order;
      const { instrument } = taker;
      const { lotUnits, valueUnits } = scaleIn(this.scales, instrument);
      const lots = BigInt(quantityLots);
      const price = BigInt(priceTicks) * valueUnits;
      const rowOf = (role: AuditedFill['role'], { clientId: account, orderId, side }: Order, feeText: string, feeRate: number): AuditedFill => {
        const fee = BigInt(feeText);
        const numbers = role === 'maker' ? MAKER_POSTINGS : TAKER_POSTINGS;
        const totalOf = (number: number): bigint | null => after.get(POSTINGS_OF_TRADE * k + number) ?? null;
        return {
          sequence, executedUs: timeUs, fill: k, role, tradeId, instrument, account, orderId, side, priceTicks, quantityLots, baseUnits: lots * lotUnits,
          value: price * lots, fee, feeRate, baseAfter: totalOf(numbers.base), quoteAfter: totalOf(fee === 0n ? numbers.quote : numbers.fee),
          feesAfter: totalOf(numbers.fees),
        };
      };
      // What it was charged by, which is not its own rate where that gives back more than its taker pays.
      const makerRate = maker.fees === null ? 0 : makerRateOf(maker.fees, taker.fees);
      const rows = [rowOf('maker', maker, makerFee, makerRate), rowOf('taker', taker, takerFee, taker.fees?.takerRate ?? 0)] as const;
      const counted = ({ account, side, fee }: AuditedFill): Parameters<Positions['fill']>[0] => ({ account, instrument, side, lots, price, fee, timeUs, sequence });
      if (maker.clientId === taker.clientId) this.positions.selfTrade(counted({ ...rows[0], fee: rows[0].fee + rows[1].fee }));
      else rows.forEach((row) => this.positions.fill(counted(row)));
      return rows;
    });
  }
}

const textOf = (units: bigint | undefined): string | null => (units === undefined ? null : String(units));
