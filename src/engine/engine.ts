import DataLoader from 'dataloader';
import CircuitBreaker from 'opossum';
import { ClientClosedError, ClientOfflineError, ErrorReply } from 'redis';
import type { Logger } from 'pino';
import type { CommandResult, EngineCommand, Refused } from '../domain/commands';
import { SHARD_LAYOUT_VERSION } from '../domain/layouts';
import { decodeLogEntry, type LogEntry, type RawLogEntry } from '../domain/log-entry';
import { decodeOrderRecord } from '../domain/order-record';
import { resultCodeOf, type ResultCode } from '../domain/result-code';
import type { Order, Trade } from '../domain/order';
import { compactId } from '../domain/order-id';
import { UnavailableError } from '../domain/unavailable';
import { encodeAmend } from './commands/amend';
import { encodeCancel } from './commands/cancel';
import { encodeMassCancel } from './commands/mass-cancel';
import { encodePlace } from './commands/place';
import { escapeText } from './commands/text';
import { ElementCount, entriesOf, shardKeys, type ShardKeys, type StreamElement } from './keys';
import type { FunctionLibrary, FunctionName } from './library';
import { decodeRecentTrade } from './recent-trade';
import { decodeStoredOrder } from './record';
import type { RedisConnection } from './redis-connection';

export type {
  CommandResult, EngineCommand, Logged, MassCancelled, Refused, Repeated, Unchanged,
} from '../domain/commands';

export interface EngineLimits {
  /** Fills of one command; what is left behind them is cancelled with `fills_limit`. */
  readonly fillsPerOrderMax: number;
  readonly openOrdersPerClientMax: number;
  /** Log entries that may wait for Postgres before new orders are refused. */
  readonly backlogMax: number;
  readonly idempotencyTtlS: number;
  /** Commands in one function call: how long a batch may hold Redis. */
  readonly commandsPerCallMax: number;
  /** Commands of this process that may wait for an answer, and as many reads; more are refused at once. */
  readonly commandsInFlightMax: number;
  readonly timeoutMs: number;
}

export interface EngineObserver {
  /** One function call: how many commands it carried and how long it took, network and fsync included. */
  call(commands: number, seconds: number): void;
}

export type ShardState = 'open' | 'frozen' | 'recovering' | 'faulted';

export interface ShardMeta {
  readonly state: ShardState;
  readonly epoch: string;
  readonly sequence: number;
  readonly persisted: number;
  readonly timeUs: number;
  /** Of what the shard holds in Redis (domain/layouts.ts). */
  readonly layoutVersion: number;
}

export interface BookLevels {
  readonly sequence: number;
  readonly timeUs: number;
  readonly bids: readonly (readonly [priceTicks: number, quantityLots: number])[];
  readonly asks: readonly (readonly [priceTicks: number, quantityLots: number])[];
}

/** A side's orders in queue order. */
export interface QueuedOrders {
  readonly orders: readonly Order[];
  /** There are more than were asked for at most. */
  readonly isCut: boolean;
  /** Price and total of the best levels. */
  readonly top: readonly (readonly [priceTicks: number, quantityLots: number])[];
}

export interface BookOrders {
  readonly sequence: number;
  readonly timeUs: number;
  readonly bids: QueuedOrders;
  readonly asks: QueuedOrders;
}

/** The breaker opens when half of at least so many calls in ten seconds got no answer. */
const BREAKER_VOLUME_MIN = 3;
const BREAKER_ERROR_PERCENT = 50;
const BREAKER_RESET_MS = 500;

/** Orders that one command reads at most. */
const RECORDS_READ_MAX = 1_000;

/** Whether an error says that the command never left: the breaker was open, or there was no connection. */
function isNotSent(error: unknown): boolean {
  return (error as { code?: string }).code === 'EOPENBREAKER' || error instanceof ClientOfflineError || error instanceof ClientClosedError;
}

/** Commands that were submitted together: whoever waits gets their results as one. */
interface Submission {
  readonly results: CommandResult[];
  missing: number;
  readonly done: (results: CommandResult[]) => void;
}

interface Pending {
  readonly args: readonly string[];
  readonly frees: boolean;
  readonly submission: Submission;
  /** Place among the submission's results. */
  readonly index: number;
}

function settle({ submission, index }: Pick<Pending, 'submission' | 'index'>, result: CommandResult): void {
  submission.results[index] = result;
  if (--submission.missing === 0) submission.done(submission.results);
}

function encode(command: EngineCommand): string[] {
  switch (command.op) {
    case 'place': return encodePlace(command);
    case 'cancel': return encodeCancel(command);
    case 'amend': return encodeAmend(command);
    case 'mass_cancel': return encodeMassCancel(command);
  }
}

function refused(code: ResultCode, order: Order | null = null): Refused {
  return { outcome: 'refused', code, order };
}

/** @param reply one command's result string, as the headers in lua/ describe it */
export function decodeResult(reply: string): CommandResult {
  const body = reply.slice(1);
  switch (reply[0]) {
    case '[':
      return { outcome: 'logged', entry: decodeLogEntry(reply) };
    case 'R': {
      const first = body.indexOf(',');
      const second = body.indexOf(',', first + 1);
      const payload = body.slice(second + 1);
      return {
        outcome: 'repeated',
        sequence: Number(body.slice(0, first)),
        second: Number(body.slice(first + 1, second)),
        entry: payload === '' ? null : decodeLogEntry(payload),
      };
    }
    case 'X': {
      const comma = body.indexOf(',');
      if (comma < 0) return refused(resultCodeOf(Number(body)));
      return refused(resultCodeOf(Number(body.slice(0, comma))), decodeOrderRecord(body.slice(comma + 1)));
    }
    case 'K':
      return { outcome: 'unchanged', order: decodeOrderRecord(body) };
    case 'M': {
      const first = body.indexOf(',');
      const second = body.indexOf(',', first + 1);
      const after = body.slice(0, first);
      const payload = body.slice(second + 1);
      return {
        outcome: 'mass_cancelled',
        after: after === '' ? null : Number(after),
        bound: Number(body.slice(first + 1, second)),
        entry: payload === '' ? null : decodeLogEntry(payload),
      };
    }
    default:
      throw new Error(`engine answered in an unknown form: ${reply.slice(0, 20)}`);
  }
}

/**
 * The only code that changes a book. Commands that arrive within one turn of the event loop travel in
 * one function call, cut at `commandsPerCallMax`; calls are pipelined on one connection, so commands
 * take effect in the order in which they were submitted.
 */
export class Engine {
  readonly keys: ShardKeys;
  private queue: Pending[] = [];
  private flushScheduled = false;
  private inFlight = 0;
  private readsInFlight = 0;
  private readonly elementCount = new ElementCount();
  /** Orders that are asked for in one turn are read in one command: a batch may name a thousand. */
  private readonly records = new DataLoader<string, Order | null>((ids) => this.readRecords(ids), { cache: false, maxBatchSize: RECORDS_READ_MAX });
  private readonly limitArguments: string[];
  private epoch = '';
  private sequenceMin = 0;
  /** Why commands are refused before they are sent, null while they are let through. */
  private gate: ResultCode | null = null;
  private readonly breaker: CircuitBreaker<[readonly string[]], unknown>;

  constructor(
    private readonly redis: RedisConnection,
    private readonly library: FunctionLibrary,
    private readonly shard: string,
    private readonly limits: EngineLimits,
    private readonly logger: Logger,
    private readonly observer?: EngineObserver,
  ) {
    this.keys = shardKeys(shard);
    this.limitArguments = [
      String(limits.fillsPerOrderMax),
      String(limits.openOrdersPerClientMax),
      String(limits.backlogMax),
      String(limits.idempotencyTtlS),
    ];
    // While Redis does not answer, only a probe now and then waits for it; the rest is refused at once.
    this.breaker = new CircuitBreaker((command: readonly string[]) => this.redis.send(command, limits.timeoutMs), {
      timeout: false,
      volumeThreshold: BREAKER_VOLUME_MIN,
      errorThresholdPercentage: BREAKER_ERROR_PERCENT,
      resetTimeout: BREAKER_RESET_MS,
      // Nobody reads them, and each failed call would sort the latencies of all calls of ten seconds.
      rollingPercentilesEnabled: false,
      // A refusal is an answer.
      errorFilter: (error: unknown) => error instanceof ErrorReply,
    });
  }

  /** Ends the timers of this object; the connection is its owner's. */
  close(): void {
    this.breaker.shutdown();
  }

  get isConnected(): boolean {
    return this.redis.isReady;
  }

  /** The life this process is bound to and the highest sequence it has seen of it, null before the first. */
  get known(): { readonly epoch: string; readonly sequence: number } | null {
    return this.epoch === '' ? null : { epoch: this.epoch, sequence: this.sequenceMin };
  }

  /**
   * Ties commands to one life of the shard: Redis refuses them with `engine_recovering` when it is of
   * another epoch, or behind `sequenceMin` or any sequence this process has seen since.
   */
  bind(epoch: string, sequenceMin: number): void {
    // Another life starts from its own sequence; within one, nothing seen is forgotten.
    this.sequenceMin = epoch === this.epoch ? Math.max(this.sequenceMin, sequenceMin) : sequenceMin;
    this.epoch = epoch;
    this.gate = null;
  }

  /** Refuses commands and reads of this process with `code` until the next `bind`. */
  unbind(code: ResultCode): void {
    this.gate = code;
  }

  /** Tells of a sequence of the bound life that this process has seen elsewhere, as in the log. */
  noteSeen(epoch: string, sequence: number): void {
    if (epoch === this.epoch && sequence > this.sequenceMin) this.sequenceMin = sequence;
  }

  /** Never rejects: what could not be done is an outcome of its own. */
  submit(command: EngineCommand): Promise<CommandResult> {
    return new Promise((resolve) => {
      this.enqueue(command, { results: [], missing: 1, done: ([result]) => resolve(result as CommandResult) }, 0);
    });
  }

  /** Several commands, which take effect in their order. Never rejects. */
  submitAll(commands: readonly EngineCommand[]): Promise<CommandResult[]> {
    if (commands.length === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      const submission = { results: new Array<CommandResult>(commands.length), missing: commands.length, done: resolve };
      commands.forEach((command, i) => this.enqueue(command, submission, i));
    });
  }

  private enqueue(command: EngineCommand, submission: Submission, index: number): void {
    if (this.inFlight >= this.limits.commandsInFlightMax) {
      settle({ submission, index }, refused('engine_unavailable'));
      return;
    }
    this.inFlight++;
    this.queue.push({ args: encode(command), frees: command.op === 'cancel' || command.op === 'mass_cancel', submission, index });
    if (!this.flushScheduled) {
      this.flushScheduled = true;
      setImmediate(() => this.flush());
    }
  }

  private flush(): void {
    this.flushScheduled = false;
    const queue = this.queue;
    this.queue = [];
    for (let first = 0; first < queue.length; first += this.limits.commandsPerCallMax) {
      void this.run(queue.slice(first, first + this.limits.commandsPerCallMax));
    }
  }

  private async run(batch: readonly Pending[]): Promise<void> {
    const started = process.hrtime.bigint();
    let results: CommandResult[];
    try {
      results = await this.execute(batch);
    } catch (error) {
      // Whatever else went wrong after the call was sent: it may have happened.
      this.logger.error({ err: error }, 'engine call failed');
      results = batch.map(() => refused('outcome_unknown'));
    }
    this.inFlight -= batch.length;
    for (let i = 0; i < batch.length; i++) {
      settle(batch[i] as Pending, results[i] ?? refused('outcome_unknown'));
    }
    this.observer?.call(batch.length, Number(process.hrtime.bigint() - started) / 1e9);
  }

  private async execute(batch: readonly Pending[]): Promise<CommandResult[]> {
    const all = (code: ResultCode): CommandResult[] => batch.map(() => refused(code));
    // Nothing has been sent yet: this refusal is certain.
    if (this.gate !== null) return all(this.gate);
    if (!this.redis.isReady) return all('engine_unavailable');
    const onlyFrees = batch.every((pending) => pending.frees);
    try {
      const epoch = this.epoch;
      const replies = await this.callExecute(onlyFrees ? 'execute_freeing' : 'execute', batch);
      const results = replies.map(decodeResult);
      if (epoch === this.epoch) this.noteSequence(results);
      return results;
    } catch (error) {
      if (isNotSent(error)) return all('engine_unavailable');
      if (!(error instanceof ErrorReply)) return all('outcome_unknown');
      const message = error.message;
      if (message.startsWith('STATE ')) return all(resultCodeOf(Number(message.slice(6))));
      // Cancels need no memory; the function library does, should Redis have lost it.
      if (message.startsWith('OOM')) return onlyFrees ? all('engine_unavailable') : this.executeWithoutMemory(batch);
      if (/^(LOADING|BUSY|MASTERDOWN|READONLY|NOAUTH|NOPERM|WRONGPASS|MISCONF|CLUSTERDOWN|MOVED|ASK|TRYAGAIN|NOREPLICAS)\b/.test(message)) {
        this.logger.warn({ reply: message }, 'redis refused an engine call');
        return all('engine_unavailable');
      }
      throw error;
    }
  }

  private noteSequence(results: readonly CommandResult[]): void {
    for (let i = results.length - 1; i >= 0; i--) {
      const result = results[i] as CommandResult;
      if (result.outcome !== 'logged') continue;
      if (result.entry.sequence > this.sequenceMin) this.sequenceMin = result.entry.sequence;
      return;
    }
  }

  /** Redis' memory is full and nothing of the batch has run: cancels go through, the rest is refused. */
  private async executeWithoutMemory(batch: readonly Pending[]): Promise<CommandResult[]> {
    const freeing = batch.filter((pending) => pending.frees);
    const freed = freeing.length === 0 ? [] : await this.execute(freeing);
    const results = new Map(freeing.map((pending, i) => [pending, freed[i] as CommandResult]));
    return batch.map((pending) => results.get(pending) ?? refused('backlog_full'));
  }

  private async callExecute(name: FunctionName, batch: readonly Pending[]): Promise<string[]> {
    const command = [...this.opening(name), ...this.limitArguments, this.epoch, String(this.sequenceMin)];
    let at = command.length;
    // Grown once: it is the longest array of an order's way.
    command.length += batch.reduce((count, { args }) => count + args.length, 0);
    for (const { args } of batch) {
      for (const arg of args) command[at++] = arg;
    }
    return (await this.fire(command)) as string[];
  }

  private opening(name: FunctionName): readonly string[] {
    return ['FCALL', this.library.functionName(name), '1', this.keys.meta];
  }

  /** Calls one library function on the shard. */
  private call(name: FunctionName, args: readonly string[]): Promise<unknown> {
    return this.fire([...this.opening(name), ...args]);
  }

  /** Sends the call of a library function; loads the library first where Redis does not know it. */
  private async fire(command: readonly string[]): Promise<unknown> {
    try {
      return await this.breaker.fire(command);
    } catch (error) {
      if (!(error instanceof ErrorReply) || !/function not found/i.test(error.message)) throw error;
      await this.load();
      return this.breaker.fire(command);
    }
  }

  /** A read on behalf of a client: refused while the shard is not whole. @throws UnavailableError */
  private async read(command: () => Promise<unknown>): Promise<unknown> {
    if (this.gate !== null) throw new UnavailableError(this.gate, 'the shard is not served now');
    if (this.readsInFlight >= this.limits.commandsInFlightMax) throw new UnavailableError('engine_unavailable', 'too many reads wait for redis');
    this.readsInFlight++;
    try {
      return await command();
    } catch (error) {
      if (error instanceof ErrorReply && !/^(LOADING|BUSY|MASTERDOWN|CLUSTERDOWN)/.test(error.message)) throw error;
      throw new UnavailableError('engine_unavailable', 'redis did not answer', { cause: error });
    } finally {
      this.readsInFlight--;
    }
  }

  private sendRead(...command: string[]): Promise<unknown> {
    return this.read(() => this.breaker.fire(command));
  }

  /** Loads the function library; harmless where it is loaded already. */
  async load(): Promise<void> {
    try {
      await this.redis.send(['FUNCTION', 'LOAD', this.library.source], this.limits.timeoutMs);
    } catch (error) {
      if (!(error instanceof ErrorReply) || !/already exists/i.test(error.message)) throw error;
    }
  }

  /** Begins the life of the shard in an empty Redis. @returns false when it has one already. */
  async initialise(epoch: string): Promise<boolean> {
    return (await this.call('initialise', [epoch, String(SHARD_LAYOUT_VERSION)])) === 1;
  }

  /**
   * @param epoch the life of the shard that is meant, null for any
   * @returns the state before; null for an empty Redis. The state changes only when that one is in `from`.
   */
  async setState(state: ShardState, from: readonly ShardState[], epoch: string | null = null): Promise<ShardState | null> {
    const before = (await this.call('set_state', [state, epoch ?? '', ...from])) as string;
    return before === '' ? null : (before as ShardState);
  }

  /** @returns null for an empty Redis. */
  async meta(): Promise<ShardMeta | null> {
    const fields = ['state', 'epoch', 'seq', 'persisted', 'time_us', 'version'];
    const [state, epoch, seq, persisted, timeUs, version] = (await this.redis.send(
      ['HMGET', this.keys.meta, ...fields], this.limits.timeoutMs,
    )) as (string | null)[];
    if (state === null || state === undefined) return null;
    return {
      state: state as ShardState,
      epoch: epoch ?? '',
      sequence: Number(seq),
      persisted: Number(persisted),
      timeUs: Number(timeUs),
      layoutVersion: Number(version),
    };
  }

  /** Time of a log entry in µs, null when the log does not hold it. */
  async entryTimeUs(sequence: number): Promise<number | null> {
    const elements = (await this.redis.send(['XRANGE', this.keys.log, `${sequence}-0`, '+', 'COUNT', '1'], this.limits.timeoutMs)) as StreamElement[];
    const entry = elements.flatMap(entriesOf).find((one) => one.sequence === sequence);
    return entry === undefined ? null : decodeLogEntry(entry.payload).timeUs;
  }

  /** Entries in the log, its kept tail included. */
  async logLength(): Promise<number> {
    const [oldest, newest] = (await Promise.all([
      this.redis.send(['XRANGE', this.keys.log, '-', '+', 'COUNT', '1'], this.limits.timeoutMs),
      this.redis.send(['XREVRANGE', this.keys.log, '+', '-', 'COUNT', '1'], this.limits.timeoutMs),
    ])) as [StreamElement[], StreamElement[]];
    const first = oldest.flatMap(entriesOf)[0];
    const last = newest.flatMap(entriesOf).at(-1);
    return first === undefined || last === undefined ? 0 : last.sequence - first.sequence + 1;
  }

  /** Some of the entries behind `after` that the log holds, at most `count`, oldest first. @throws UnavailableError */
  async logPage(after: number, count: number): Promise<RawLogEntry[]> {
    const elementsMax = String(this.elementCount.of(count));
    const elements = (await this.sendRead('XRANGE', this.keys.log, `(${after}-0`, '+', 'COUNT', elementsMax)) as StreamElement[];
    const entries = elements.flatMap(entriesOf);
    this.elementCount.note(elements.length, entries.length);
    return entries.filter(({ sequence }) => sequence > after).slice(0, count);
  }

  /**
   * Redis' clock, then how far the shard is: whatever comes behind that sequence comes at that time or later.
   * @throws UnavailableError
   */
  async clock(): Promise<{ readonly timeUs: number; readonly epoch: string; readonly sequence: number; readonly persisted: number }> {
    // Pipelined on one connection, so in this order.
    const [time, meta] = await Promise.all([
      this.sendRead('TIME'), this.sendRead('HMGET', this.keys.meta, 'epoch', 'seq', 'persisted'),
    ]) as [[string, string], (string | null)[]];
    return { timeUs: Number(time[0]) * 1e6 + Number(time[1]), epoch: meta[0] ?? '', sequence: Number(meta[1]), persisted: Number(meta[2]) };
  }

  /** Where the log ends now. */
  async position(): Promise<{ readonly epoch: string; readonly sequence: number }> {
    const [epoch, sequence] = (await this.sendRead('HMGET', this.keys.meta, 'epoch', 'seq')) as (string | null)[];
    return { epoch: epoch ?? '', sequence: Number(sequence) };
  }

  /**
   * Lets Redis drop what Postgres holds.
   * @param doneOrderIds UUIDs of orders that were done by `sequence`
   * @returns false when the shard's epoch is another one
   */
  async trim(
    epoch: string,
    sequence: number,
    keep: { readonly entries: number; readonly trades: number },
    lastTradeIds: ReadonlyMap<string, number>,
    doneOrderIds: Iterable<string>,
  ): Promise<boolean> {
    const args = [epoch, String(sequence), String(keep.entries), String(keep.trades), String(lastTradeIds.size)];
    for (const [instrument, tradeId] of lastTradeIds) args.push(instrument, String(tradeId));
    for (const orderId of doneOrderIds) args.push(compactId(orderId));
    return (await this.call('trim', args)) === 1;
  }

  /** Drops idempotency keys whose lifetime is over. @returns how many. */
  async forgetKeys(digests: readonly string[]): Promise<number> {
    if (digests.length === 0) return 0;
    return (await this.call('forget_keys', [String(this.limits.idempotencyTtlS), ...digests])) as number;
  }

  /**
   * An order and the log entries of its fills that are still in the log, newest first.
   * @returns null when Redis does not hold the order (any more). `reachedFrom` is the log sequence that
   *   the walk could not reach, 0 when it is complete.
   */
  async readOrder(orderId: string): Promise<{ order: Order; entries: LogEntry[]; reachedFrom: number } | null> {
    const id = compactId(orderId);
    const entries: LogEntry[] = [];
    let next = '';
    for (;;) {
      const reply = (await this.read(() => this.call('read_order', [id, next, '500']))) as [string?, number?, number?, ...string[]];
      const [record, goOn, unreached] = reply;
      // Unknown, or the order left for Postgres between two pages.
      if (record === undefined) return null;
      for (const payload of reply.slice(3) as string[]) entries.push(decodeLogEntry(payload));
      if (goOn === 0) return { order: decodeOrderRecord(record), entries, reachedFrom: unreached ?? 0 };
      next = String(goOn);
    }
  }

  /** A page of price levels of one side, best first. Prices in ticks, quantities in lots. */
  async readLevels(
    instrument: string, side: 0 | 1, behindPriceTicks: number | null, pageSize: number,
  ): Promise<{ sequence: number; timeUs: number; levels: [priceTicks: number, quantityLots: number][] }> {
    const behind = behindPriceTicks === null ? '' : String(behindPriceTicks);
    const reply = (await this.call('read_levels', [instrument, String(side), behind, String(pageSize)])) as string[];
    const levels: [number, number][] = [];
    for (let i = 2; i + 1 < reply.length; i += 2) levels.push([Number(reply[i]), Number(reply[i + 1])]);
    return { sequence: Number(reply[0]), timeUs: Number(reply[1]), levels };
  }

  /** The best levels of both sides at one moment, best first. Prices in ticks, quantities in lots. */
  async readBook(instrument: string, levels: number): Promise<BookLevels> {
    const reply = (await this.read(() => this.call('read_book', [instrument, String(levels)]))) as (string | number)[];
    const bidsEnd = 3 + 2 * Number(reply[2]);
    const bids: [number, number][] = [];
    const asks: [number, number][] = [];
    for (let i = 3; i + 1 < reply.length; i += 2) {
      (i < bidsEnd ? bids : asks).push([Number(reply[i]), Number(reply[i + 1])]);
    }
    return { sequence: Number(reply[0]), timeUs: Number(reply[1]), bids, asks };
  }

  /** The orders of the best levels of both sides, at most `ordersMax` a side, and the totals of `topLevels`, at one moment. */
  async readOrders(instrument: string, levels: number, ordersMax: number, topLevels: number): Promise<BookOrders> {
    const reply = (await this.read(() => this.call('read_orders', [
      instrument, String(levels), String(ordersMax), String(topLevels),
    ]))) as [string, string, ...(string[] | number)[]];
    const side = (at: 2 | 5): QueuedOrders => {
      const [records, isCut, top] = reply.slice(at, at + 3) as [string[], number, string[]];
      const levelsOf: [number, number][] = [];
      for (let i = 0; i + 1 < top.length; i += 2) levelsOf.push([Number(top[i]), Number(top[i + 1])]);
      return { orders: records.map(decodeOrderRecord), isCut: isCut === 1, top: levelsOf };
    };
    return { sequence: Number(reply[0]), timeUs: Number(reply[1]), bids: side(2), asks: side(5) };
  }

  /** Whether an idempotency key was used within its lifetime. @param digest of a client and its key */
  async hasKey(digest: string): Promise<boolean> {
    const [[second], used] = await Promise.all([
      this.sendRead('TIME'), this.sendRead('HGET', this.keys.idempotency, digest),
    ]) as [[string, string], string | null];
    return used !== null && Number(second) - Number(used.slice(used.indexOf(',') + 1)) < this.limits.idempotencyTtlS;
  }

  /** An order as Redis holds it, null when it does not (any more). */
  readRecord(orderId: string): Promise<Order | null> {
    return this.records.load(orderId);
  }

  private async readRecords(orderIds: readonly string[]): Promise<(Order | null)[]> {
    const ids = orderIds.map(compactId);
    const stored = (await this.sendRead('HMGET', this.keys.orders, ...ids)) as (string | null)[];
    return ids.map((id, i) => {
      const record = stored[i] ?? null;
      return record === null ? null : decodeStoredOrder(record, id);
    });
  }

  /** A page of a client's open orders, the newest placed first, behind a sequence of placing; `next` is that of the next page. */
  async readOpenOrders(
    clientId: string, instrument: string | null, behind: number | null, limit: number,
  ): Promise<{ orders: Order[]; next: number | null }> {
    const orders: Order[] = [];
    let from = behind === null ? '' : String(behind);
    for (;;) {
      const reply = (await this.read(() => this.call('read_open_orders', [
        escapeText(clientId), instrument ?? '', from, String(limit - orders.length),
      ]))) as string[];
      const [next, ...records] = reply as [string, ...string[]];
      for (const record of records) orders.push(decodeOrderRecord(record));
      if (next === '') return { orders, next: null };
      if (orders.length >= limit) return { orders, next: Number(next) };
      from = next;
    }
  }

  /** The newest trades of an instrument that Redis still lists, newest first; ids are contiguous. */
  async recentTrades(instrument: string, count: number, before: number | null): Promise<Trade[]> {
    const key = this.keys.trades(instrument);
    let start = 0;
    if (before !== null) {
      const newest = (await this.sendRead('LINDEX', key, '0')) as string | null;
      if (newest === null) return [];
      start = Math.max(0, Number(newest.slice(0, newest.indexOf(','))) - before + 1);
    }
    const rows = (await this.sendRead('LRANGE', key, String(start), String(start + count - 1))) as string[];
    const trades = rows.map((row) => decodeRecentTrade(instrument, row));
    // Trades that came in between the two reads have shifted the list.
    return before === null ? trades : trades.filter((trade) => trade.tradeId < before);
  }
}
