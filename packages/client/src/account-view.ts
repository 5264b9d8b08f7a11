import { EventEmitter } from 'node:events';
import type { Positions } from './contract';
import { ProblemError } from './errors';
import type { LocalBalances } from './local-balances';
import { LocalPositions, type LocalPosition } from './local-positions';
import type { BalancesMessage, BalancesSnapshotMessage, FillMessage, ResyncMessage } from './messages';
import type { Stream, StreamOptions } from './stream';
import { backoffOf, reasonOf, sleep } from './waiting';

/** How the account's stream is followed. */
export type AccountViewOptions = Omit<StreamOptions, 'channels' | 'instruments' | 'accounts' | 'depth' | 'since' | 'queueMax'>;

export interface AccountViewEvents {
  /** Balances or a position have changed, or are known now. */
  change: [];
  balances: [message: BalancesMessage | BalancesSnapshotMessage];
  fill: [message: FillMessage];
  /** Something is missing: balances and positions are had anew. */
  resync: [message: ResyncMessage];
  connected: [];
  /** It connects anew by itself. */
  disconnected: [reason: string];
  /** It cannot go on. */
  error: [error: Error];
}

const POLL_MS = 20;
/** Pause before positions are asked for again: history may be behind what the stream tells. */
const RETRY_MS = 100;
const RETRY_MAX_MS = 5_000;

/**
 * What one account has and what its trades come to, kept as it happens. Balances are a snapshot and what changed since. Positions
 * are those that the venue's history has once the stream tells, and every fill behind them, so that they are exact from the
 * first trade on. After a break the stream goes on where it stood; where it cannot, both are had anew.
 */
export class AccountView extends EventEmitter<AccountViewEvents> {
  /** null while they are not known. */
  private positionsNow: LocalPositions | null = null;
  /** Fills that came while positions were not known. */
  private waiting: FillMessage[] = [];
  /** Whether the stream leaves no fill out from now on. */
  private isTold = false;
  /** Counts how often all that was known was of no use any more. */
  private life = 0;
  private isLoading = false;
  private readonly closing = new AbortController();

  /**
   * @param stream of the account's balances and fills
   * @param readPositions what history has; of an account that there is not: ProblemError `account_not_found`
   * @param signal ends the stream
   */
  constructor(
    readonly account: string, private readonly stream: Stream, private readonly readPositions: (signal: AbortSignal) => Promise<Positions>, signal?: AbortSignal,
  ) {
    super();
    signal?.addEventListener('abort', () => this.closing.abort(reasonOf(signal)), { once: true });
    stream.on('balances_snapshot', (message) => this.snapshot(message));
    stream.on('balances', (message) => this.tell('balances', message));
    stream.on('fill', (message) => this.fill(message));
    stream.on('resync', (message) => this.resync(message));
    stream.on('connected', () => this.emit('connected'));
    stream.on('disconnected', (reason) => this.emit('disconnected', reason));
    stream.on('error', (error) => this.fail(error));
  }

  /** Whether everything is known, and told as it happens. */
  get isLive(): boolean {
    return this.stream.isLive && this.balances !== undefined && this.positionsNow !== null;
  }

  /** undefined while they are not known. */
  get balances(): LocalBalances | undefined {
    return this.stream.balances(this.account);
  }

  /** By instrument: of all that the account ever traded. undefined while they are not known. */
  get positions(): readonly LocalPosition[] | undefined {
    return this.positionsNow?.all;
  }

  /** undefined while positions are not known, and for what the account never traded. */
  position(instrument: string): LocalPosition | undefined {
    return this.positionsNow?.of(instrument);
  }

  /**
   * Resolves once balances and positions contain everything up to a sequence, such as that of an order's answer; without one,
   * everything up to now. @returns how far they have come
   */
  async reached(sequence = 0, { signal }: { readonly signal?: AbortSignal } = {}): Promise<number> {
    for (;;) {
      const told = await this.stream.reached(sequence, signal === undefined ? {} : { signal });
      if (this.isLive) return told;
      await sleep(POLL_MS, signal);
    }
  }

  async close(): Promise<void> {
    this.closing.abort(new Error('the view was closed'));
    await this.stream.close();
  }

  private fail(error: Error): void {
    this.closing.abort(error);
    this.emit('error', error);
  }

  private snapshot(message: BalancesSnapshotMessage): void {
    this.isTold = true;
    if (this.positionsNow === null && !this.isLoading) void this.load();
    this.tell('balances', message);
  }

  private resync(message: ResyncMessage): void {
    this.life++;
    this.isTold = false;
    this.positionsNow = null;
    this.waiting = [];
    this.emit('resync', message);
  }

  private fill(message: FillMessage): void {
    if (this.positionsNow === null) this.waiting.push(message);
    else this.positionsNow.add(message.data);
    this.tell('fill', message);
  }

  private tell(event: 'balances' | 'fill', message: BalancesMessage | BalancesSnapshotMessage | FillMessage): void {
    (this as EventEmitter).emit(event, message);
    if (this.positionsNow !== null) this.emit('change');
  }

  /** Asks history until it has all that there was before the stream tells. Behind a resync the next snapshot says when that is. */
  private async load(): Promise<void> {
    this.isLoading = true;
    const { signal } = this.closing;
    try {
      for (let attempt = 1; this.isTold && this.positionsNow === null; attempt++) {
        const { life } = this;
        const history = await this.history(signal);
        if (life === this.life && history?.stale === undefined && history !== null) this.begin(history);
        else await sleep(backoffOf(attempt, RETRY_MS, RETRY_MAX_MS), signal);
      }
    } catch (error) {
      if (!signal.aborted) {
        void this.stream.close();
        this.fail(error as Error);
      }
    } finally {
      this.isLoading = false;
    }
  }

  /** @returns null where it cannot be had now @throws ProblemError where it never will be */
  private async history(signal: AbortSignal): Promise<Positions | null> {
    try {
      return await this.readPositions(signal);
    } catch (error) {
      if (error instanceof ProblemError && error.code === 'account_not_found') return { sequence: 0, positions: [] };
      if (signal.aborted || (error instanceof ProblemError && error.status < 500)) throw error;
      return null;
    }
  }

  private begin({ sequence, positions }: Positions): void {
    const begun = new LocalPositions(positions);
    for (const message of this.waiting) if (message.sequence > sequence) begun.add(message.data);
    this.waiting = [];
    this.positionsNow = begun;
    this.emit('change');
  }
}
