import { EventEmitter } from 'node:events';
import type WebSocket from 'ws';
import type { Channel, Subscription } from './contract';
import { OpenfillError, ProblemError, StreamError } from './errors';
import { LocalBalances } from './local-balances';
import { LocalBook, type BookFault } from './local-book';
import type { BalancesMessage, BalancesSnapshotMessage, ControlMessage, DeltaMessage, FillMessage, ResyncMessage, SnapshotMessage, StreamMessage, TradeMessage } from './messages';
import { formatPlace, Position } from './position';
import { Reader } from './reader';
import type { Session } from './session';
import { backoffOf, reasonOf, sleep } from './waiting';
import { openWebSocket } from './web-socket';

/** What is followed, and every limit of following it. */
export interface StreamOptions {
  /** orderbook, trades and orders where they are left out; the others come by name only. */
  readonly channels?: readonly Channel[];
  /** All of them where they are left out. */
  readonly instruments?: readonly string[];
  /** Whose balances and fills are followed: all of the caller's own where they are left out; a venue that asks nobody who they are needs them. No name with a comma. */
  readonly accounts?: readonly string[];
  /** Only the best levels of each side. */
  readonly depth?: number;
  /** Goes on behind a sequence, or a `position` that was kept, instead of beginning now. */
  readonly since?: number | string;
  /** Ends the stream; who reads it gets the signal's reason. */
  readonly signal?: AbortSignal;
  /** Silence after which a connection is given up; the venue says something every second. */
  readonly heartbeatTimeoutMs?: number;
  /** How often the venue is asked how far it has told everything. The less often, the more it has to repeat of books behind a break. */
  readonly pingMs?: number;
  /** Longest wait for a connection. */
  readonly connectTimeoutMs?: number;
  /** Pause before connecting anew; it doubles with each attempt, half of it at random. */
  readonly backoffMs?: number;
  readonly backoffMaxMs?: number;
  /** Attempts in a row to connect anew after which the stream fails. */
  readonly reconnectsMax?: number;
  /** Messages that may wait for a reader; with more the connection is not read from, and the venue merges what it can. */
  readonly queueMax?: number;
}

const CHANNELS_DEFAULT: readonly Channel[] = ['orderbook', 'trades', 'orders'];

const DEFAULTS = {
  heartbeatTimeoutMs: 10_000, pingMs: 5_000, connectTimeoutMs: 10_000, backoffMs: 250, backoffMaxMs: 10_000, reconnectsMax: Infinity, queueMax: 10_000,
};

const REPAIR_BACKOFF_MAX_MS = 5_000;
const POLL_MS = 20;
const CLOSE_GRACE_MS = 1_000;
/** Between attempts to renew what a connection was told; each further one waits twice as long. */
const RENEW_PAUSE_MS = 250;
const RENEW_PAUSE_MAX_MS = 15_000;
/** Longer than that no timer waits. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** Why a book is had anew. */
export type RepairReason = BookFault | 'missing';

export interface StreamEvents {
  message: [message: StreamMessage];
  orderbook_snapshot: [message: SnapshotMessage];
  orderbook_delta: [message: DeltaMessage];
  trade: [message: TradeMessage];
  order: [message: Extract<StreamMessage, { type: 'order' }>];
  ticker: [message: Extract<StreamMessage, { type: 'ticker' }>];
  candle: [message: Extract<StreamMessage, { type: 'candle' }>];
  instrument: [message: Extract<StreamMessage, { type: 'instrument' }>];
  auction: [message: Extract<StreamMessage, { type: 'auction' }>];
  balances_snapshot: [message: BalancesSnapshotMessage];
  balances: [message: BalancesMessage];
  fill: [message: FillMessage];
  /** Something is missing: trades, orders and fills of a while are not told. */
  resync: [message: ResyncMessage];
  /** A local book has changed. */
  book: [book: LocalBook];
  connected: [];
  /** It connects anew by itself. */
  disconnected: [reason: string];
  /** What was missed in a break has been told. */
  resumed: [];
  /** A book's chain or checksum did not fit: it is had anew. */
  repair: [instrument: string, reason: RepairReason];
  /** It cannot go on. Who reads it as an iterable gets the error there. */
  error: [error: Error];
}

interface KeptBook {
  readonly book: LocalBook;
  /** It is not to be used until a snapshot comes. */
  isAwaited: boolean;
  /** The stream went on behind a break: the next delta may begin before where the book stands. */
  mayOverlap: boolean;
  /** Repairs without a good delta in between. */
  repairs: number;
}

interface KeptBalances {
  readonly balances: LocalBalances;
  /** They are not to be used until a snapshot comes. */
  isAwaited: boolean;
}

/** One connection's state. */
interface Connection {
  readonly socket: WebSocket;
  /** By which it was opened. */
  readonly path: string;
  /** Of the session, as the connection was told it. */
  toldVersion: number;
  /** What was missed is being told. */
  isResuming: boolean;
  isSubscribed: boolean;
  pings: number;
  pongs: number;
}

interface Wait {
  readonly sequence: number;
  ping: number;
  resolve(sequence: number): void;
  reject(error: Error): void;
}

/**
 * Follows a venue for as long as it is open. After a break it connects anew and goes on where it stood, each trade and order
 * told once and in order. Books are kept from snapshot and deltas, held against the checksum of every message, and had anew
 * when they do not fit; what accounts have is kept from snapshot and changes. Read it with `for await`, listen to its events, or both.
 */
export class Stream extends EventEmitter<StreamEvents> implements AsyncIterable<StreamMessage, undefined> {
  private readonly settings: typeof DEFAULTS;
  private readonly channels: readonly Channel[];
  private readonly books = new Map<string, KeptBook>();
  /** Instruments whose books are followed, as the venue said. */
  private followed: readonly string[] = [];
  private readonly purses = new Map<string, KeptBalances>();
  /** Accounts whose balances are followed, as the venue said. */
  private followedAccounts: readonly string[] = [];
  private readonly at = new Position();
  private connection: Connection | null = null;
  private reader: Reader | null = null;
  private readonly waits = new Set<Wait>();
  private readonly stopping = new AbortController();
  private readonly timers = new Set<NodeJS.Timeout>();
  private failure: Error | null = null;
  private lastHeardMs = 0;
  private readonly ended: Promise<void>;

  /** @param url of the venue, as for HTTP */
  constructor(private readonly url: string, private readonly options: StreamOptions = {}, private readonly session: Session | null = null) {
    super();
    const given = Object.entries(options).filter(([name, value]) => name in DEFAULTS && value !== undefined);
    this.settings = { ...DEFAULTS, ...Object.fromEntries(given) };
    this.channels = options.channels ?? CHANNELS_DEFAULT;
    const torn = options.accounts?.find((account) => account.includes(','));
    if (torn !== undefined) throw new RangeError(`account ${torn} cannot be followed: it has a comma in its name`);
    if (options.since !== undefined) this.at.resume(options.since);
    const abort = (): void => this.stop(reasonOf(options.signal as AbortSignal), true);
    if (options.signal?.aborted === true) abort();
    options.signal?.addEventListener('abort', abort, { once: true });
    this.ended = this.run().catch((error: unknown) => this.fail(error as Error)).finally(() => options.signal?.removeEventListener('abort', abort));
  }

  // Reading

  /** Whether it is connected, and has told all that was missed. */
  get isLive(): boolean {
    return this.connection?.isResuming === false;
  }

  /**
   * A local book; undefined while there is none, or while it is had anew. With a `for await` loop it is the book as of the
   * message that the loop has, as are `position` and `sequence`; else the newest.
   */
  book(instrument: string): LocalBook | undefined {
    return this.reader === null ? this.newestBook(instrument) : this.reader.book(instrument);
  }

  private newestBook(instrument: string): LocalBook | undefined {
    const kept = this.books.get(instrument);
    return kept === undefined || kept.isAwaited ? undefined : kept.book;
  }

  /** What an account has; undefined while it is not known. Of the moment that `book` is of. */
  balances(account: string): LocalBalances | undefined {
    return this.reader === null ? this.newestBalances(account) : this.reader.balances(account);
  }

  private newestBalances(account: string): LocalBalances | undefined {
    const kept = this.purses.get(account);
    return kept === undefined || kept.isAwaited ? undefined : kept.balances;
  }

  /**
   * Where the stream stands, for a later `since`: also in another process. Trades and orders of the entry behind it may have
   * been told in part; they come again there. null before the first word from the venue.
   */
  get position(): string | null {
    return this.reader === null ? this.newestPosition : formatPlace(this.reader.place, this.booksAt((instrument) => this.reader?.book(instrument)));
  }

  private get newestPosition(): string | null {
    return formatPlace(this.at.place, this.booksAt((instrument) => this.newestBook(instrument)));
  }

  /** Up to where every trade and order has been told; 0 before the first word from the venue. */
  get sequence(): number {
    return (this.reader ?? this.at).place.whole ?? 0;
  }

  /** Messages from here on, in order. Leaving the loop closes the stream. One reader at a time. */
  [Symbol.asyncIterator](): AsyncIterator<StreamMessage, undefined> {
    const books = [...this.books].flatMap(([instrument, { book, isAwaited }]) => (isAwaited ? [] : [[instrument, book] as const]));
    const purses = [...this.purses].flatMap(([account, { balances, isAwaited }]) => (isAwaited ? [] : [[account, balances] as const]));
    // Nobody takes what waits for another one any more.
    this.reader?.finish(null);
    if (this.reader?.isFull === true) this.throttle(false);
    const reader = new Reader(this.settings.queueMax, this.at.place, new Map(books), new Map(purses), (isFull) => this.throttle(isFull));
    this.reader = reader;
    if (this.stopping.signal.aborted) reader.finish(this.failure);
    return {
      next: () => reader.next(),
      return: async () => {
        await this.close();
        return { done: true, value: undefined };
      },
    };
  }

  /**
   * Resolves once everything up to a sequence has come, such as that of an order's answer, and listeners have been told; a
   * `for await` loop may have it still before it. Without a sequence, everything up to now. @returns how far it has come
   */
  async reached(sequence = 0, { signal }: { readonly signal?: AbortSignal } = {}): Promise<number> {
    for (;;) {
      const told = await this.pong(sequence, signal);
      if (told >= sequence) return told;
      await sleep(POLL_MS, signal);
    }
  }

  /** Ends the stream; readers get what was told before. */
  async close(): Promise<void> {
    this.stop(new StreamError('the stream was closed'), false);
    await this.ended;
  }

  // Connecting

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    for (let failed = 0; !signal.aborted;) {
      let retryAfterMs = 0;
      let lastError: unknown;
      try {
        const hasHeard = await this.connect();
        failed = hasHeard ? 1 : failed + 1;
      } catch (error) {
        failed++;
        // What was asked for is wrong, or nothing there knows of streams.
        if (error instanceof StreamError) throw error;
        if (error instanceof ProblemError && error.status < 500 && error.status !== 429 && error.status !== 408) throw error;
        if (error instanceof ProblemError) retryAfterMs = error.retryAfterMs ?? 0;
        lastError = error;
        if (failed <= this.settings.reconnectsMax && !signal.aborted) this.emit('disconnected', error instanceof OpenfillError ? error.message : String(error));
      }
      // A connection on which nothing is said is none.
      if (failed > this.settings.reconnectsMax) throw new StreamError(`no connection in ${failed} attempts`, { cause: lastError });
      const pauseMs = Math.max(retryAfterMs, backoffOf(failed, this.settings.backoffMs, this.settings.backoffMaxMs));
      await sleep(pauseMs, signal).catch(() => undefined);
    }
  }

  /** One connection, from its beginning to its end. @returns whether anything was heard on it */
  private async connect(): Promise<boolean> {
    const since = this.newestPosition;
    const query = [
      `channels=${this.channels.join(',')}`,
      ...this.options.instruments === undefined ? [] : [`instruments=${this.options.instruments.map(encodeURIComponent).join(',')}`],
      ...this.options.accounts === undefined ? [] : [`accounts=${this.options.accounts.map(encodeURIComponent).join(',')}`],
      ...this.options.depth === undefined ? [] : [`depth=${this.options.depth}`],
      ...since === null ? [] : [`since=${encodeURIComponent(since)}`],
    ];
    let isOver = (_reason: string): void => undefined;
    const over = new Promise<string>((resolve) => { isOver = resolve; });
    let refusal: StreamError | null = null;
    let hasHeard = false;
    const path = `/stream?${query.join('&')}`;
    await openWebSocket(this.url, path, this.settings.connectTimeoutMs, {
      opened: (socket, version) => this.begin(socket, path, since !== null, version),
      message: (text) => {
        hasHeard = true;
        refusal ??= this.receive(text);
      },
      closed: (code, reason) => isOver(`closed with ${code} ${reason}`.trimEnd()),
    }, this.session, this.stopping.signal);
    const reason = await over;
    this.end();
    if (refusal !== null) throw refusal as StreamError;
    if (!this.stopping.signal.aborted) this.emit('disconnected', reason);
    return hasHeard;
  }

  private begin(socket: WebSocket, path: string, isResuming: boolean, toldVersion: number): void {
    this.connection = { socket, path, toldVersion, isResuming, isSubscribed: false, pings: 0, pongs: 0 };
    this.lastHeardMs = Date.now();
    for (const [instrument, kept] of this.books) {
      // What it asked for on the connection before never came.
      if (kept.isAwaited || !isResuming) this.books.delete(instrument);
      else kept.mayOverlap = true;
    }
    for (const [account, { isAwaited }] of this.purses) if (isAwaited || !isResuming) this.purses.delete(account);
    if (this.reader?.isFull === true) socket.pause();
    this.every(this.settings.heartbeatTimeoutMs / 4, () => this.checkAlive(socket));
    this.every(this.settings.pingMs, () => this.ping());
    this.renewInTime(this.connection);
    for (const wait of this.waits) wait.ping = this.ping();
    this.emit('connected');
  }

  /** Tells the connection who it is from before what it was told is over, so that it goes on. */
  private renewInTime(connection: Connection, pauseMs = RENEW_PAUSE_MS): void {
    const { session } = this;
    if (session === null || session.renewMs === Infinity) return;
    const waitMs = session.version === connection.toldVersion ? Math.min(session.renewMs - Date.now(), TIMER_MAX_MS) : 0;
    this.timers.add(setTimeout(() => void this.tellWho(connection, session, pauseMs), Math.max(pauseMs, waitMs)));
  }

  private async tellWho(connection: Connection, session: Session, pauseMs: number): Promise<void> {
    let nextPauseMs = RENEW_PAUSE_MS;
    try {
      const message = await session.message(connection.path, this.stopping.signal);
      if (this.connection !== connection) return;
      if (session.version !== connection.toldVersion) this.send(message);
      connection.toldVersion = session.version;
    } catch {
      // Nobody to ask just now, or the login is over: the venue closes the connection in its time, and the next one finds out why.
      nextPauseMs = Math.min(2 * pauseMs, RENEW_PAUSE_MAX_MS);
    }
    if (this.connection === connection) this.renewInTime(connection, nextPauseMs);
  }

  private end(): void {
    this.connection = null;
    for (const timer of this.timers) clearInterval(timer);
    this.timers.clear();
  }

  private every(ms: number, work: () => void): void {
    this.timers.add(setInterval(work, ms));
  }

  private checkAlive(socket: WebSocket): void {
    if (socket.isPaused) this.lastHeardMs = Date.now();
    else if (Date.now() - this.lastHeardMs > this.settings.heartbeatTimeoutMs) socket.terminate();
  }

  /** Does not read from the connection while the reader has enough to do. */
  private throttle(isFull: boolean): void {
    const socket = this.connection?.socket;
    if (isFull) socket?.pause();
    else socket?.resume();
    this.lastHeardMs = Date.now();
  }

  private send(message: Readonly<Record<string, unknown>>): void {
    const socket = this.connection?.socket;
    // What cannot be sent will be seen by the connection's end.
    if (socket?.readyState === socket?.OPEN) socket?.send(JSON.stringify(message), () => undefined);
  }

  /** @returns the ping's number on this connection */
  private ping(): number {
    const { connection } = this;
    if (connection === null) return 0;
    this.send({ op: 'ping' });
    return ++connection.pings;
  }

  private pong(sequence: number, signal: AbortSignal | undefined): Promise<number> {
    signal?.throwIfAborted();
    if (this.stopping.signal.aborted) return Promise.reject(this.failure ?? new StreamError('the stream is closed'));
    return new Promise((resolve, reject) => {
      const abort = (): void => wait.reject(reasonOf(signal as AbortSignal));
      const settle = <T>(how: (value: T) => void) => (value: T): void => {
        this.waits.delete(wait);
        signal?.removeEventListener('abort', abort);
        how(value);
      };
      const wait: Wait = { sequence, ping: this.ping(), resolve: settle(resolve), reject: settle(reject) };
      signal?.addEventListener('abort', abort, { once: true });
      this.waits.add(wait);
    });
  }

  // Ending

  private fail(error: Error): void {
    if (this.stopping.signal.aborted) return;
    this.stop(error, true);
    // With nobody to tell, it is thrown.
    if (this.reader === null || this.listenerCount('error') > 0) this.emit('error', error);
  }

  /** @param isFailure whether readers are to get the reason */
  private stop(reason: Error, isFailure: boolean): void {
    if (this.stopping.signal.aborted) return;
    this.failure = isFailure ? reason : null;
    this.stopping.abort(reason);
    this.reader?.finish(this.failure);
    for (const wait of [...this.waits]) wait.reject(reason);
    const socket = this.connection?.socket;
    socket?.resume();
    socket?.close();
    // A peer that does not answer the close is not waited for.
    if (socket !== undefined) this.every(CLOSE_GRACE_MS, () => socket.terminate());
  }

  // Messages

  /** @returns why the venue does not take what was asked for, null while it does */
  private receive(text: string): StreamError | null {
    this.lastHeardMs = Date.now();
    if (this.stopping.signal.aborted) return null;
    let message: StreamMessage | ControlMessage;
    try {
      message = JSON.parse(text) as StreamMessage | ControlMessage;
    } catch {
      // Whatever stands in between has spoilt it: what it was comes again.
      this.connection?.socket.terminate();
      return null;
    }
    // A wish that is not understood will not be the next time either.
    if (message.type === 'error' && this.connection?.isSubscribed === false) {
      this.connection.socket.close();
      return new StreamError(`${message.data.code}: ${message.data.message}`);
    }
    this.take(message);
    return null;
  }

  private take(message: StreamMessage | ControlMessage): void {
    switch (message.type) {
      case 'trade':
        if (this.at.item(message.sequence, `${message.instrument} ${message.data.trade_id}`)) this.tell(message);
        return;
      case 'order':
        if (this.at.item(message.sequence, message.data.order_id)) this.tell(message);
        return;
      case 'fill':
        if (this.at.item(message.sequence, `fill ${message.data.account_id} ${message.instrument} ${message.data.trade_id} ${message.data.role}`)) this.tell(message);
        return;
      case 'balances':
        this.changedBalances(message);
        return;
      case 'balances_snapshot':
        this.wholeBalances(message);
        return;
      case 'orderbook_snapshot':
        this.snapshot(message);
        return;
      case 'orderbook_delta':
        this.delta(message);
        return;
      // What an instrument is may be told twice: it says the same.
      case 'instrument':
      case 'auction':
      case 'ticker':
      case 'candle':
        this.tell(message);
        return;
      case 'resync':
        this.resync(message);
        return;
      default:
        this.control(message);
    }
  }

  private tell(message: StreamMessage): void {
    this.reader?.tell(message, this.at.place);
    this.emit('message', message);
    // One name for each type of message.
    (this as EventEmitter).emit(message.type, message);
  }

  private control(message: ControlMessage): void {
    const connection = this.connection as Connection;
    if (message.type === 'error') return;
    if (message.type === 'subscribed') this.subscribed(connection, message.data.subscriptions);
    if (message.type === 'pong') connection.pongs++;
    if (connection.isResuming && message.type !== 'resumed') return;
    this.live(message);
    this.at.confirm(message.sequence);
    this.reader?.moved(this.at.place);
    if (message.type === 'resumed') {
      this.caughtUp(connection);
      this.findMissing();
      this.emit('resumed');
    } else if (message.type === 'pong') {
      for (const wait of [...this.waits]) if (wait.ping <= connection.pongs && wait.ping > 0) wait.resolve(message.sequence);
    }
  }

  private caughtUp(connection: Connection): void {
    connection.isResuming = false;
    // Answers that came meanwhile did not speak of what has been told here.
    for (const wait of this.waits) if (wait.ping <= connection.pongs) wait.ping = this.ping();
  }

  private subscribed(connection: Connection, subscriptions: readonly Subscription[]): void {
    // Later ones are of what is had anew.
    if (!connection.isSubscribed) {
      this.followed = subscriptions.filter(({ channel }) => channel === 'orderbook').flatMap(({ instruments = [] }) => instruments);
      this.followedAccounts = subscriptions.filter(({ channel }) => channel === 'balances').flatMap(({ accounts = [] }) => accounts);
    }
    connection.isSubscribed = true;
  }

  /** Notes whose life the venue speaks of. */
  private live({ type, sequence, data: { epoch } }: ControlMessage): void {
    const before = this.at.epoch;
    this.at.epoch = epoch;
    // Behind a break the venue has said that what was told before is still true.
    if (before === null || before === epoch || type === 'resumed') return;
    this.at.restart(sequence);
    for (const instrument of this.followed) this.repair(instrument, 'missing');
    for (const account of this.followedAccounts) this.askForBalances(account);
    this.tell({ type: 'resync', instrument: null, sequence, timestamp: new Date().toISOString(), data: { reason: 'other_life', epoch } });
  }

  private resync(message: ResyncMessage): void {
    const connection = this.connection as Connection;
    this.caughtUp(connection);
    this.at.epoch = message.data.epoch;
    this.at.restart(message.sequence);
    for (const kept of this.books.values()) kept.isAwaited = true;
    for (const kept of this.purses.values()) kept.isAwaited = true;
    this.tell(message);
  }

  // Accounts

  private purseOf(account: string): KeptBalances {
    let kept = this.purses.get(account);
    if (kept === undefined) this.purses.set(account, kept = { balances: new LocalBalances(account), isAwaited: true });
    return kept;
  }

  private wholeBalances(message: BalancesSnapshotMessage): void {
    const kept = this.purseOf(message.data.account_id);
    kept.isAwaited = false;
    kept.balances.take(message);
    this.at.passed(message.sequence);
    this.tell(message);
  }

  private changedBalances(message: BalancesMessage): void {
    const { sequence, data: { account_id: account } } = message;
    const kept = this.purses.get(account);
    const isKnown = kept !== undefined && !kept.isAwaited;
    // Behind a break it may be in what is known already.
    if (!this.at.item(sequence, `balances ${account}`) || (isKnown && sequence <= kept.balances.sequence)) return;
    if (isKnown) kept.balances.take(message);
    this.tell(message);
  }

  /** Subscribes to an account anew. */
  private askForBalances(account: string): void {
    this.purseOf(account).isAwaited = true;
    const pair = { channels: ['balances'], accounts: [account] };
    this.send({ op: 'unsubscribe', ...pair });
    this.send({ op: 'subscribe', ...pair });
  }

  // Books

  private booksAt(bookOf: (instrument: string) => LocalBook | undefined): number | null {
    let at: number | null = null;
    for (const instrument of this.followed) {
      const book = bookOf(instrument);
      if (book === undefined) return null;
      at = Math.min(at ?? Infinity, book.sequence);
    }
    return at;
  }

  private snapshot(message: SnapshotMessage): void {
    const { instrument } = message;
    let kept = this.books.get(instrument);
    if (kept === undefined) {
      kept = { book: new LocalBook(instrument), isAwaited: true, mayOverlap: false, repairs: 0 };
      this.books.set(instrument, kept);
    }
    const fault = kept.book.load(message);
    if (fault !== null) {
      this.repair(instrument, fault);
      return;
    }
    kept.isAwaited = false;
    kept.mayOverlap = false;
    this.at.passed(message.sequence);
    this.tell(message);
    this.emit('book', kept.book);
  }

  private delta(message: DeltaMessage): void {
    const kept = this.books.get(message.instrument);
    // One that is missing is found so once all that was missed has been told.
    if (kept === undefined || kept.isAwaited) return;
    this.at.passed(message.sequence);
    if (kept.mayOverlap && message.sequence <= kept.book.sequence) return;
    const fault = kept.book.apply(message, kept.mayOverlap);
    if (fault !== null) {
      this.repair(message.instrument, fault);
      return;
    }
    kept.mayOverlap = false;
    kept.repairs = 0;
    this.tell(message);
    this.emit('book', kept.book);
  }

  private findMissing(): void {
    for (const instrument of this.followed) if (!this.books.has(instrument)) this.repair(instrument, 'missing');
    for (const account of this.followedAccounts) if (!this.purses.has(account)) this.askForBalances(account);
  }

  /** Subscribes to a book anew; again and again, ever slower, while what comes does not fit. */
  private repair(instrument: string, reason: RepairReason): void {
    const kept = this.books.get(instrument) ?? { book: new LocalBook(instrument), isAwaited: true, mayOverlap: false, repairs: 0 };
    this.books.set(instrument, kept);
    kept.isAwaited = true;
    this.reader?.lose(instrument, this.at.place);
    const waitMs = kept.repairs === 0 ? 0 : backoffOf(kept.repairs, this.settings.backoffMs, REPAIR_BACKOFF_MAX_MS);
    kept.repairs++;
    this.emit('repair', instrument, reason);
    const { connection } = this;
    const ask = (): void => {
      if (this.connection !== connection || !kept.isAwaited) return;
      const pair = { channels: ['orderbook'], instruments: [instrument] };
      this.send({ op: 'unsubscribe', ...pair });
      this.send({ op: 'subscribe', ...pair, ...(this.options.depth !== undefined && { depth: this.options.depth }) });
    };
    if (waitMs === 0) ask();
    else void sleep(waitMs, this.stopping.signal).then(ask, () => undefined);
  }
}
