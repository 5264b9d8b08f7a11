import type { LogEntry } from '../domain/log-entry';
import { ISSUANCE, type Account, type FeeGroup, type Transfer, type TransferKind } from '../domain/money';
import { makerRateOf, type Order, type Side } from '../domain/order';
import { applyFill, applySelfTrade, NO_POSITION, type Position, type PositionFill } from '../domain/position';
import { MAKER_POSTINGS, POSTINGS_OF_TRADE, postingsOf, scaleIn, TAKER_POSTINGS, type MoneyScales, type Posting } from '../domain/postings';

/** An account's balance of an asset, in units. */
export interface HeldBalance {
  readonly account: string;
  readonly asset: string;
  readonly total: string;
  readonly held: string;
}

/** What becomes of a row of `balances`. */
export interface BalanceRow extends HeldBalance {
  readonly sequence: number;
  /** What the postings come to: the record adds it up by itself, so a total that is false in the log stays out of it. */
  readonly change: bigint;
  /** How many postings to add. */
  readonly postings: number;
}

/** A row of `fills`: what a trade was to one of its sides. Totals are null as long as they are not known. */
export interface FillRow {
  readonly sequence: number;
  readonly executedUs: number;
  readonly fill: number;
  readonly role: 'maker' | 'taker';
  readonly tradeId: number;
  readonly instrument: string;
  readonly account: string;
  readonly orderId: string;
  readonly side: Side;
  readonly priceTicks: number;
  readonly quantityLots: number;
  readonly baseUnits: bigint;
  readonly value: bigint;
  readonly fee: bigint;
  readonly feeRate: number;
  readonly baseAfter: bigint | null;
  readonly quoteAfter: bigint | null;
  readonly feesAfter: bigint | null;
}

/** `opening`: a deposit that an account opened with. It has no id. */
export type RecordedTransferKind = TransferKind | 'opening';

/** A row of `transfers`. */
export interface TransferRow extends Omit<Transfer, 'transferId' | 'kind'> {
  readonly transferId: string | null;
  readonly kind: RecordedTransferKind;
  readonly ordinal: number;
  readonly endedSequence: number | null;
  readonly endedUs: number | null;
  readonly fromAfter: bigint | null;
  readonly toAfter: bigint | null;
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

/** Entries whose postings are of a balance that nothing before them tells of. */
interface Deferred {
  readonly sequence: number;
  readonly postings: readonly Posting[];
  readonly rows: EntryRows;
  /** Totals behind the entry, as far as they are known. */
  readonly totals: Map<string, bigint>;
  readonly missing: ReadonlySet<string>;
}

/** Rows of one entry that tell totals, in the order of their postings. */
interface EntryRows {
  readonly fills: readonly Mutable<FillRow>[];
  readonly transfers: readonly Mutable<TransferRow>[];
}

const keyOf = (account: string, of: string): string => `${account}\u0000${of}`;

/** Rows by account and asset: nearly every entry looks up one or two, so that no text is made for it. */
class BalanceRows {
  private readonly byAccount = new Map<string, Map<string, Mutable<BalanceRow>>>();

  get(account: string, asset: string): Mutable<BalanceRow> | undefined {
    return this.byAccount.get(account)?.get(asset);
  }

  add(row: Mutable<BalanceRow>): void {
    const rows = this.byAccount.get(row.account);
    if (rows === undefined) this.byAccount.set(row.account, new Map([[row.asset, row]]));
    else rows.set(row.asset, row);
  }

  all(): BalanceRow[] {
    const rows: BalanceRow[] = [];
    for (const own of this.byAccount.values()) rows.push(...own.values());
    return rows;
  }

  /** How many postings each account gets. */
  postings(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const [account, own] of this.byAccount) {
      let count = 0;
      for (const { postings } of own.values()) count += postings;
      if (count > 0) counts.set(account, count);
    }
    return counts;
  }
}

/**
 * What a run of log entries means for the record of money: last state of each account, balance, transfer and group, fills,
 * and the totals behind each movement. An entry tells totals as they are behind it, so those between its own movements are
 * found by walking these backwards. A balance that an entry leaves as it was need not be told by it: the totals of such
 * ones are taken from the record (`untold`, `settle`).
 */
export class MoneyBatch {
  readonly accounts = new Map<string, { readonly account: Account; readonly sequence: number }>();
  readonly feeGroups = new Map<string, { readonly group: FeeGroup; readonly sequence: number }>();
  readonly fills: FillRow[] = [];
  private readonly transferRows = new Map<string, TransferRow>();
  private readonly balanceRows = new BalanceRows();
  private readonly deferred: Deferred[] = [];

  constructor(private readonly scales: MoneyScales) {}

  get balances(): readonly BalanceRow[] {
    return this.balanceRows.all();
  }

  get transfers(): readonly TransferRow[] {
    return [...this.transferRows.values()];
  }

  /** Balances that have to be known before `settle`, as they are ahead of the run. */
  get untold(): readonly Pick<HeldBalance, 'account' | 'asset'>[] {
    const keys = new Set(this.deferred.flatMap(({ missing }) => [...missing]));
    return [...keys].map((key) => {
      const [account, asset] = key.split('\u0000') as [string, string];
      return { account, asset };
    });
  }

  /** How many postings each account gets. */
  get postings(): ReadonlyMap<string, number> {
    return this.balanceRows.postings();
  }

  /** Entries come in the log's order. What a refusal shows is no change. */
  add(entry: LogEntry): void {
    if (entry.kind === 'refuse') return;
    const { sequence } = entry;
    for (const { account, asset, total, held } of entry.balances) {
      const row = this.balanceRows.get(account, asset);
      if (row === undefined) {
        this.balanceRows.add({ account, asset, total, held, sequence, change: 0n, postings: 0 });
      } else {
        row.total = total;
        row.held = held;
        row.sequence = sequence;
      }
    }
    for (const event of entry.events) {
      if (event.type === 'account') this.accounts.set(event.account.account, { account: event.account, sequence });
      else if (event.type === 'fee_group') this.feeGroups.set(event.group, { group: event, sequence });
    }
    const transfers = transferRows(entry);
    for (const row of transfers) this.transferRows.set(`${row.sequence}:${row.ordinal}`, row);
    if (entry.fills.length === 0 && transfers.length === 0) return;
    const postings = postingsOf(entry, this.scales);
    if (postings.length === 0) return;
    const fills = this.fillRows(entry);
    this.fills.push(...fills);
    this.post(sequence, postings, { fills, transfers });
  }

  /** Counts an entry's postings and finds the totals behind each. */
  private post(sequence: number, postings: readonly Posting[], rows: EntryRows): void {
    const totals = new Map<string, bigint>();
    const missing = new Set<string>();
    for (const { account, asset, amount } of postings) {
      const key = keyOf(account, asset);
      const row = this.balanceRows.get(account, asset);
      if (row === undefined) missing.add(key);
      else {
        row.postings++;
        row.change += amount;
        if (!totals.has(key)) totals.set(key, BigInt(row.total));
      }
    }
    if (missing.size > 0) this.deferred.push({ sequence, postings, rows, totals, missing });
    else walk(postings, rows, totals);
  }

  /** @param known the balances of `untold` that the record has; the others are 0 */
  settle(known: readonly HeldBalance[]): void {
    const byKey = new Map(known.map((balance) => [keyOf(balance.account, balance.asset), balance]));
    for (const { sequence, postings, rows, totals, missing } of this.deferred.splice(0)) {
      for (const { account, asset, amount } of postings) {
        const key = keyOf(account, asset);
        if (!missing.has(key)) continue;
        const { total, held } = byKey.get(key) ?? { total: '0', held: '0' };
        totals.set(key, BigInt(total));
        const row = this.balanceRows.get(account, asset);
        if (row === undefined) this.balanceRows.add({ account, asset, total, held, sequence, change: amount, postings: 1 });
        else {
          row.postings++;
          row.change += amount;
        }
      }
      walk(postings, rows, totals);
    }
  }

  private fillRows(entry: LogEntry): Mutable<FillRow>[] {
    return entry.fills.flatMap((fill, k) => {
      const { sequence, timeUs: executedUs } = entry;
      const { tradeId, priceTicks, quantityLots, maker } = fill;
      const taker = entry.orders[fill.taker] as Order;
      const { instrument } = taker;
      const { lotUnits, valueUnits } = scaleIn(this.scales, instrument);
      const lots = BigInt(quantityLots);
      const [baseUnits, value] = [lots * lotUnits, BigInt(priceTicks) * lots * valueUnits];
      // Written out: taking it over from one object to the next costs more than all the rest.
      const side = (role: FillRow['role'], order: Order, fee: string, feeRate: number): Mutable<FillRow> => ({
        sequence, executedUs, fill: k, role, tradeId, instrument, account: order.clientId, orderId: order.orderId, side: order.side, priceTicks, quantityLots,
        baseUnits, value, fee: fee === '0' ? 0n : BigInt(fee), feeRate, baseAfter: null, quoteAfter: null, feesAfter: null,
      });
      return [
        side('maker', maker, fill.makerFee, makerRateOf(maker.fees, taker.fees)), side('taker', taker, fill.takerFee, taker.fees?.takerRate ?? 0),
      ];
    });
  }

  /** Keys of the positions that the fills change. */
  get positionKeys(): readonly { readonly account: string; readonly instrument: string }[] {
    const keys = new Map<string, { account: string; instrument: string }>();
    for (const { account, instrument } of this.fills) keys.set(keyOf(account, instrument), { account, instrument });
    return [...keys.values()];
  }

  /** What the fills make of positions. @param before those that the record has */
  positions(before: readonly RecordedPosition[]): readonly RecordedPosition[] {
    const positions = new Map(before.map((one) => [keyOf(one.account, one.instrument), one]));
    const change = ({ account, instrument }: FillRow, apply: (position: Position) => Position): void => {
      const key = keyOf(account, instrument);
      positions.set(key, { account, instrument, position: apply(positions.get(key)?.position ?? NO_POSITION) });
    };
    const filled = ({ side, quantityLots, value, fee, executedUs: timeUs, sequence }: FillRow): PositionFill => (
      { side, lots: BigInt(quantityLots), value, fee, timeUs, sequence }
    );
    // The two sides of a trade stand together, its maker's first.
    for (let i = 0; i < this.fills.length; i += 2) {
      const [maker, taker] = [this.fills[i] as FillRow, this.fills[i + 1] as FillRow];
      if (maker.account === taker.account) {
        change(maker, (position) => applySelfTrade(position, { ...filled(maker), fee: maker.fee + taker.fee }));
      } else {
        for (const row of [maker, taker]) change(row, (position) => applyFill(position, filled(row)));
      }
    }
    return [...positions.values()];
  }
}

/** A row of `positions`. */
export interface RecordedPosition {
  readonly account: string;
  readonly instrument: string;
  readonly position: Position;
}

const NO_TRANSFERS: readonly Mutable<TransferRow>[] = [];

/** What an entry moves or holds without a trade. */
function transferRows(entry: LogEntry): readonly Mutable<TransferRow>[] {
  const { command, kind } = entry;
  if (kind === 'transfer' || kind === 'transfer_end') return entry.events.flatMap((event) => (event.type === 'transfer' ? [transferRow(event.transfer, entry)] : []));
  if (command?.op !== 'account' || !command.opens) return NO_TRANSFERS;
  return command.deposits.map(({ asset, amount }, ordinal) => openingRow(command.account, asset, amount, ordinal, entry));
}

function transferRow(transfer: Transfer, { sequence, timeUs }: LogEntry): TransferRow {
  const isPending = transfer.status === 'pending';
  return {
    ...transfer, ordinal: 0, endedSequence: isPending ? null : sequence, endedUs: isPending ? null : timeUs, fromAfter: null, toAfter: null,
  };
}

function openingRow(account: string, asset: string, amount: string, ordinal: number, { sequence, timeUs }: LogEntry): TransferRow {
  return {
    transferId: null, kind: 'opening', status: 'posted', from: ISSUANCE, to: account, asset, amount, settledAmount: amount, reference: null, note: null,
    expiresUs: null, reverses: null, sequence, createdUs: timeUs, ordinal, endedSequence: sequence, endedUs: timeUs, fromAfter: null, toAfter: null,
  };
}

/** Writes into an entry's rows the totals behind their postings. @param totals behind the entry; used up */
function walk(postings: readonly Posting[], { fills, transfers }: EntryRows, totals: Map<string, bigint>): void {
  const after = new Map<number, bigint>();
  for (let i = postings.length - 1; i >= 0; i--) {
    const { index, account, asset, amount } = postings[i] as Posting;
    const key = keyOf(account, asset);
    const total = totals.get(key) as bigint;
    after.set(index, total);
    totals.set(key, total - amount);
  }
  for (const row of fills) {
    const at = row.role === 'maker' ? MAKER_POSTINGS : TAKER_POSTINGS;
    const first = POSTINGS_OF_TRADE * row.fill;
    row.baseAfter = after.get(first + at.base) ?? null;
    row.quoteAfter = after.get(first + (row.fee === 0n ? at.quote : at.fee)) ?? null;
    row.feesAfter = after.get(first + at.fees) ?? null;
  }
  for (const row of transfers) {
    row.fromAfter = after.get(2 * row.ordinal) ?? null;
    row.toAfter = after.get(2 * row.ordinal + 1) ?? null;
  }
}
