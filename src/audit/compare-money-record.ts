import type { LogEntry } from '../domain/log-entry';
import { isVenueAccount, type AccountState, type FeeGroup } from '../domain/money';
import type { ShardState } from '../reference/state';
import type { AuditedAccount, AuditedBalance, AuditedFill, AuditedPosition, AuditedRecord, AuditedSnapshot, AuditedTransfer } from './audited';
import { compareBalances, compareNamed } from './compare-money';
import { Finding } from './finding';
import type { ReplayedBook, ReplayedMoney, SequenceRange } from './replayed-money';
import { RowsAhead } from './rows-ahead';

const nameOfFill = ({ sequence, fill, role, tradeId, instrument }: AuditedFill): string => `fill ${fill} of entry ${sequence}, its ${role}'s side of trade ${tradeId} of ${instrument},`;

/** Where a row stands among the fills: below zero ahead of another. */
function compareFills(a: AuditedFill, b: AuditedFill): number {
  if (a.sequence !== b.sequence) return a.sequence - b.sequence;
  if (a.fill !== b.fill) return a.fill - b.fill;
  return a.role === b.role ? 0 : a.role === 'maker' ? -1 : 1;
}

/**
 * The record's money, held against a replay: fills and snapshots of accounts as the entries that they are of go by, for there are many of
 * them, and everything else behind the last.
 */
export class MoneyRecordCheck {
  readonly fills = new Finding('postgres: fills with fees and totals equal the replay');
  readonly accounts = new Finding('postgres: accounts, balances, holds and groups of fees equal the replay');
  readonly transfers = new Finding('postgres: deposits, withdrawals and transfers equal the replay');
  readonly positions = new Finding('postgres: positions equal the replay');
  readonly snapshots = new Finding('postgres: snapshots of accounts equal the replay');
  private readonly fillRows: RowsAhead<AuditedFill>;
  private readonly snapshotRows: RowsAhead<AuditedSnapshot>;
  private lastFill: AuditedFill | null = null;

  constructor(private readonly record: AuditedRecord, private readonly book: ReplayedBook, private readonly money: ReplayedMoney) {
    this.fillRows = new RowsAhead(record.fills());
    this.snapshotRows = new RowsAhead(record.snapshots());
  }

  /** Holds what the record has of an entry against what the replay has come to behind it. @param expected its fills */
  async entry({ sequence, timeUs }: LogEntry, expected: readonly AuditedFill[]): Promise<void> {
    for (const wanted of expected) await this.fill(wanted);
    for (;;) {
      const row = await this.snapshotRows.next();
      if (row === null || row.sequence > sequence) return;
      this.snapshotRows.take();
      this.snapshot(row, sequence, timeUs);
    }
  }

  /** @param state of the plain book behind the record's last entry */
  async end(state: ShardState): Promise<void> {
    await this.fill(null);
    for (let row = await this.snapshotRows.next(); row !== null; row = await this.snapshotRows.next()) {
      this.snapshotRows.take();
      this.snapshot(row, Number.NaN, Number.NaN);
    }
    await this.compareAccounts(state);
    await this.compareTransfers();
    await this.comparePositions();
  }

  /** @param wanted null behind the last */
  private async fill(wanted: AuditedFill | null): Promise<void> {
    for (;;) {
      const row = await this.fillRows.next();
      const order = row === null ? 1 : wanted === null ? -1 : compareFills(row, wanted);
      if (row === null || order > 0) {
        if (wanted !== null) this.fills.add(`${nameOfFill(wanted)} is missing`);
        return;
      }
      this.fillRows.take();
      this.fills.count++;
      const isTwice = this.lastFill !== null && compareFills(row, this.lastFill) === 0;
      this.lastFill = row;
      if (wanted !== null && order === 0) {
        this.fills.addDifference(nameOfFill(wanted), wanted, row);
        return;
      }
      this.fills.add(`${nameOfFill(row)} is ${isTwice ? 'there twice' : 'of no journal entry'}`);
    }
  }

  private snapshot(row: AuditedSnapshot, sequence: number, timeUs: number): void {
    this.snapshots.count++;
    const name = `snapshot of ${row.account} at entry ${row.sequence}`;
    if (row.sequence !== sequence) {
      this.snapshots.add(`${name}: there is no such entry`);
      return;
    }
    this.snapshots.addDifference(name, { postings: this.money.postingsOf(row.account), atUs: timeUs }, { postings: row.postings, atUs: row.atUs });
    compareBalances(`${name}: balance`, this.book.account(row.account).balances, row.balances, this.snapshots);
  }

  private async compareAccounts({ accounts, feeGroups }: ShardState): Promise<void> {
    const wanted = new Map(accounts.map((state) => [state.account, state]));
    const missing = new Set(accounts.filter(({ details }) => details !== null).map(({ account }) => account));
    for await (const row of this.record.accounts()) {
      this.accounts.count++;
      missing.delete(row.account.account);
      this.account(row, wanted.get(row.account.account));
    }
    for (const account of missing) this.accounts.add(`account ${account} is missing`);

    const recorded = new Map<string, AuditedBalance[]>();
    for await (const row of this.record.balances()) {
      const own = recorded.get(row.account);
      if (own === undefined) recorded.set(row.account, [row]);
      else own.push(row);
    }
    for (const account of new Set([...wanted.keys(), ...recorded.keys()])) {
      const rows = recorded.get(account) ?? [];
      compareBalances(`balance of ${account}`, wanted.get(account)?.balances ?? [], rows.map(({ asset, total, held }) => ({ asset, total, held })), this.accounts);
      for (const row of rows) this.balance(row);
    }
    const groups: FeeGroup[] = [];
    for await (const group of this.record.feeGroups()) groups.push(group);
    compareNamed('group of fees', feeGroups, groups, ({ group }) => group, this.accounts);
  }

  private account({ account, sequence }: AuditedAccount, wanted: AccountState | undefined): void {
    const name = `account ${account.account}`;
    if (wanted === undefined || isVenueAccount(account.account)) {
      this.accounts.add(`${name} is in no journal entry`);
      return;
    }
    this.accounts.addDifference(name, wanted.details, account);
    this.compareSequence(name, this.money.sequencesOfAccount(account.account), sequence);
  }

  private balance({ account, asset, postings, sequence }: AuditedBalance): void {
    const name = `balance of ${account} in ${asset}`;
    this.accounts.addDifference(name, { postings: this.money.postingsOfBalance(account, asset) }, { postings });
    this.compareSequence(name, this.money.sequencesOfBalance(account, asset), sequence);
  }

  private compareSequence(name: string, { least, most }: SequenceRange, sequence: number): void {
    if (sequence < least || sequence > most) this.accounts.add(`${name} .sequence: expected ${least === most ? least : `${least} to ${most}`}, got ${sequence}`);
  }

  private async compareTransfers(): Promise<void> {
    const missing = new Map(this.money.transfers);
    const seen = new Set<string>();
    for await (const row of this.record.transfers()) {
      this.transfers.count++;
      const key = `${row.sequence}:${row.ordinal}`;
      const name = nameOfTransfer(row);
      const wanted = this.money.transfers.get(key);
      missing.delete(key);
      if (wanted === undefined) this.transfers.add(`${name} is in no journal entry`);
      else if (seen.has(key)) this.transfers.add(`${name} is there twice`);
      else this.transfers.addDifference(nameOfTransfer(wanted), wanted, row);
      seen.add(key);
    }
    for (const row of missing.values()) this.transfers.add(`${nameOfTransfer(row)} is missing`);
  }

  private async comparePositions(): Promise<void> {
    const nameOf = ({ account, instrument }: Omit<AuditedPosition, 'position'>): string => `${account} in ${instrument}`;
    const rows: AuditedPosition[] = [];
    for await (const row of this.record.positions()) rows.push(row);
    this.positions.count = rows.length;
    compareNamed('position of', this.money.positions.all(), rows, nameOf, this.positions);
  }
}

const nameOfTransfer = ({ kind, transferId, sequence, ordinal }: AuditedTransfer): string => (
  transferId === null ? `deposit ${ordinal} that entry ${sequence} opens with` : `${kind} ${transferId}`
);
