import type { Logger } from 'pino';
import { decodeLogEntry, type RawLogEntry } from '../domain/log-entry';
import type { AccountState, Balance, Funds } from '../domain/money';
import type { AuditFinding } from '../domain/money-history';
import type { MoneyScales } from '../domain/postings';
import { BalanceBook } from './balance-book';
import { LookLoop } from '../look-loop';

/** The engine as the auditor sees it. */
export interface AuditedEngine {
  meta(): Promise<{ readonly epoch: string; readonly sequence: number; readonly funds: Funds; readonly breach: string | null } | null>;
  /** A page of all accounts, behind one log sequence. `cursor` is '0' for the first, and at the end. */
  scanAccounts(cursor: string): Promise<{ readonly cursor: string; readonly sequence: number; readonly accounts: readonly AccountState[] }>;
  setBreach(finding: string | null, epoch: string): Promise<boolean>;
}

/** What the record has, at one moment. */
export interface RecordedMoney {
  /** The life of the shard that it is of, and the log sequence that it goes up to. */
  readonly epoch: string;
  readonly sequence: number;
  /** Accounts whose credit is unlimited. */
  readonly credited: readonly string[];
  readonly balances: AsyncIterable<Balance & { readonly account: string }>;
  /** Totals that are not what their movements add up to, with that: it takes as long as the venue's history. */
  unposted(): AsyncIterable<{ readonly account: string; readonly asset: string; readonly posted: string }>;
}

/** The record as the auditor begins with it. */
export interface AuditedRecord {
  read(work: (money: RecordedMoney) => Promise<void>): Promise<void>;
}

/** The log as the auditor follows it. @throws where it does not go on from `after` */
export interface AuditedLog {
  read(epoch: string, after: number, count: number, blockMs: number): Promise<RawLogEntry[]>;
}

export interface AuditorObserver {
  /** A look at everything found nothing. */
  passed(): void;
  breached(findings: readonly AuditFinding[]): void;
}

export interface AuditorOptions {
  /** Between two looks at all that Redis holds. */
  readonly intervalMs: number;
  /** Whether this process audits now: one of a venue's does. */
  readonly isOnDuty: () => boolean;
  /** Of every instrument that the log may tell of. */
  readonly scales: MoneyScales;
}

const READ_ENTRIES = 2_000;
const BLOCK_MS = 250;
const IDLE_MS = 500;
/** Findings that are kept to be told. */
const FINDINGS_MAX = 20;

/**
 * Checks all the time that no unit of money is lost or made: it begins with the record, follows the log entry by entry, and again and
 * again holds what Redis has against both. What it finds stops new orders and all that takes money from an account until a later look finds nothing any more.
 */
export class BalanceAuditor {
  private readonly loop: LookLoop;
  private found: readonly AuditFinding[] = [];

  constructor(
    private readonly engine: AuditedEngine, private readonly record: AuditedRecord, private readonly log: AuditedLog, private readonly options: AuditorOptions,
    private readonly logger: Logger, private readonly observer: AuditorObserver,
  ) {
    // A gap, another life, a Redis that is away: it begins anew with what is there then.
    this.loop = new LookLoop(IDLE_MS, () => this.auditLife(), (error) => this.logger.debug({ err: error }, 'the audit of balances begins anew'));
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async auditLife(): Promise<void> {
    const meta = this.options.isOnDuty() ? await this.engine.meta() : null;
    if (meta !== null && meta.funds !== 'off') await this.audit(meta.epoch, meta.funds);
  }

  private isGoingOn(): boolean {
    return !this.loop.isStopping && this.options.isOnDuty();
  }

  /** Audits one life of the shard, until it ends. */
  private async audit(epoch: string, funds: Funds): Promise<void> {
    const book = await this.begin(epoch, funds);
    if (book === null) return;
    let lookedMs = Number.NEGATIVE_INFINITY;
    while (this.isGoingOn()) {
      if (performance.now() - lookedMs >= this.options.intervalMs) {
        await this.look(book, epoch);
        lookedMs = performance.now();
      }
      await this.follow(book, epoch, Math.min(BLOCK_MS, this.options.intervalMs));
    }
  }

  /** @returns null where the record is of another life */
  private async begin(epoch: string, funds: Funds): Promise<BalanceBook | null> {
    let book: BalanceBook | null = null;
    await this.record.read(async (money) => {
      if (money.epoch !== epoch) return;
      book = new BalanceBook(funds, this.options.scales, money.sequence);
      money.credited.forEach((account) => book?.takeCredit(account));
      for await (const balance of money.balances) book.take(balance.account, balance);
      if (book.findings().length === 0) return;
      this.logger.error({ epoch, findings: book.findings() }, 'balances of the record do not add up: they are told from their movements');
      for await (const { account, asset, posted } of money.unposted()) book.correct(account, asset, posted);
    });
    return book;
  }

  /** Follows what the log has next. */
  private async follow(book: BalanceBook, epoch: string, blockMs: number): Promise<void> {
    const findings: AuditFinding[] = [];
    for (const { payload } of await this.log.read(epoch, book.sequence, READ_ENTRIES, blockMs)) findings.push(...book.add(decodeLogEntry(payload)));
    if (findings.length > 0) await this.breach(findings, epoch);
  }

  /** Holds all that Redis has against what was followed. */
  private async look(book: BalanceBook, epoch: string): Promise<void> {
    const look = book.look();
    const findings: AuditFinding[] = [];
    await this.scan(async ({ accounts, sequence }) => {
      while (this.isGoingOn() && book.sequence < sequence) await this.follow(book, epoch, BLOCK_MS);
      if (book.sequence >= sequence) findings.push(...look.page(accounts, sequence));
    });
    if (!this.isGoingOn()) return;
    findings.push(...look.end(), ...book.findings());
    if (findings.length > 0) return this.breach(findings, epoch);
    this.observer.passed();
    if (this.found.length === 0 && (await this.engine.meta())?.breach === null) return;
    this.found = [];
    await this.engine.setBreach(null, epoch);
    this.logger.warn({ epoch }, 'the balances add up again: orders, transfers and withdrawals go on');
  }

  private async scan(page: (page: { readonly sequence: number; readonly accounts: readonly AccountState[] }) => Promise<void>): Promise<void> {
    let cursor = '0';
    do {
      const found = await this.engine.scanAccounts(cursor);
      await page(found);
      cursor = found.cursor;
    } while (cursor !== '0' && this.isGoingOn());
  }

  private async breach(findings: readonly AuditFinding[], epoch: string): Promise<void> {
    const isNew = findings.some(({ account, asset }) => !this.found.some((known) => known.account === account && known.asset === asset));
    this.found = findings.slice(0, FINDINGS_MAX);
    await this.engine.setBreach(JSON.stringify(this.found), epoch);
    if (!isNew) return;
    this.observer.breached(this.found);
    this.logger.error({ epoch, findings: this.found }, 'balances do not add up: new orders, transfers and withdrawals are stopped');
  }
}

/** What was found, as every process can read it in the shard. */
export function findingsOf(breach: string | null): AuditFinding[] {
  return breach === null ? [] : JSON.parse(breach) as AuditFinding[];
}
