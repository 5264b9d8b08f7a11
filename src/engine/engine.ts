import { ClientClosedError, ClientOfflineError, ErrorReply } from 'redis';
import type { Logger } from 'pino';
import type { CommandResult, EngineCommand, Refused } from '../domain/commands';
import { ONCE_LETTER } from '../domain/layouts';
import { decodeLogEntry } from '../domain/log-entry';
import { decodeInstrument, decodeTransfer } from '../domain/log-entry-wire';
import type { LogPosition } from '../domain/log-position';
import { decodeOrderRecord } from '../domain/order-record';
import { resultCodeOf, type ResultCode } from '../domain/result-code';
import type { Order } from '../domain/order';
import type { OneTimeUse } from '../domain/one-time-use';
import { UnavailableError } from '../domain/unavailable';
import { encodeAccount } from './commands/account';
import { encodeAmend } from './commands/amend';
import { encodeCancel } from './commands/cancel';
import { encodeCancelAfter } from './commands/cancel-after';
import { encodeDue } from './commands/due';
import { encodeFeeGroup } from './commands/fee-group';
import { encodeKill } from './commands/kill';
import { encodeLease } from './commands/lease';
import { encodeInstrument } from './commands/instrument';
import { encodeList } from './commands/list';
import { encodeMassCancel } from './commands/mass-cancel';
import { encodePlace } from './commands/place';
import { encodeTransfer } from './commands/transfer';
import { encodeTransferEnd } from './commands/transfer-end';
import { HeldCommands } from './held-commands';
import type { FunctionLibrary, FunctionName } from './library';
import type { RedisConnection } from './redis-connection';
import { ShardReads } from './shard-reads';

export interface EngineLimits {
  /** Fills of one command; what is left behind them is cancelled with `fills_limit`. */
  readonly fillsPerOrderMax: number;
  /** Orders that wait for a price and were reached, of those that go in one call: what is left goes on in the next. */
  readonly triggersPerCommandMax: number;
  readonly openOrdersPerClientMax: number;
  /** Parts of what it shows that an iceberg may be of. */
  readonly icebergPartsMax: number;
  /** Log entries that may wait for Postgres before new orders are refused. */
  readonly backlogMax: number;
  readonly idempotencyTtlS: number;
  /** What fell due that a call does ahead of its commands: more of it makes them wait. */
  readonly duePage: number;
  /** Trades of a call auction that a call carries out: what is left of it goes on in the next. */
  readonly auctionPage: number;
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

/** Whether an error says that the command never left: the breaker was open, or there was no connection. */
function isNotSent(error: unknown): boolean {
  return (error as { code?: string }).code === 'EOPENBREAKER' || error instanceof ClientOfflineError || error instanceof ClientClosedError;
}

/** What came of a call: the result of each of its commands, null for one that has to wait. */
interface Carried {
  readonly results: readonly (CommandResult | null)[];
  /** The turn that those wait for; null where none does. */
  readonly heldFor: number | null;
  /** Whether the uses of signatures of those that wait are taken. */
  readonly areUsed: boolean;
  /** Whether something that the commands have begun is still to go on: whoever calls next has it go on. */
  readonly isUnfinished: boolean;
}

/** A command without the use of a signature, which is taken. */
function withoutUse(pending: Pending): Pending {
  return pending.args[0] === ONCE_LETTER ? { ...pending, args: pending.args.slice(ONCE_LENGTH) } : pending;
}

/** Commands that need no memory: Redis takes them when it has none left. */
const FREEING: ReadonlySet<EngineCommand['op']> = new Set(['cancel', 'mass_cancel', 'due', 'kill'] as const);

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
    case 'list': return encodeList(command);
    case 'cancel': return encodeCancel(command);
    case 'amend': return encodeAmend(command);
    case 'mass_cancel': return encodeMassCancel(command);
    case 'account': return encodeAccount(command);
    case 'transfer': return encodeTransfer(command);
    case 'transfer_end': return encodeTransferEnd(command);
    case 'fee_group': return encodeFeeGroup(command);
    case 'instrument': return encodeInstrument(command);
    case 'due': return encodeDue();
    case 'kill': return encodeKill(command);
    case 'lease': return encodeLease(command);
    case 'cancel_after': return encodeCancelAfter(command);
  }
}

function refused(code: ResultCode, order: Order | null = null): Refused {
  return { outcome: 'refused', code, order };
}

/** @param facts what the code speaks of: an order's record, or the inside of the event of a transfer, a shortfall or an instrument */
function refusedWith(code: ResultCode, facts: string): Refused {
  switch (code) {
    case 'insufficient_funds': {
      const [, asset, needed, available] = JSON.parse(`[${facts}]`) as [number, string, string, string];
      return { ...refused(code), shortfall: { asset, needed, available } };
    }
    case 'transfer_resolved':
      return { ...refused(code), transfer: decodeTransfer(JSON.parse(`[${facts}]`) as readonly unknown[]) };
    case 'instrument_not_open':
    case 'outside_instrument_limits':
    case 'value_below_minimum':
      return { ...refused(code), instrument: decodeInstrument(JSON.parse(`[${facts}]`) as readonly unknown[]) };
    default:
      return refused(code, decodeOrderRecord(facts));
  }
}

/** @param reply one command's result string, as the headers in lua/ describe it */
export function decodeResult(reply: string): CommandResult {
  const body = reply.slice(1);
  switch (reply[0]) {
    case '[':
      return { outcome: 'logged', entry: decodeLogEntry(reply) };
    case 'Q':
    case 'R': {
      const first = body.indexOf(',');
      const second = body.indexOf(',', first + 1);
      const payload = body.slice(second + 1);
      return {
        outcome: 'repeated',
        by: reply[0] === 'Q' ? 'reference' : 'key',
        sequence: Number(body.slice(0, first)),
        second: Number(body.slice(first + 1, second)),
        entry: payload === '' ? null : decodeLogEntry(payload),
      };
    }
    case 'X': {
      const comma = body.indexOf(',');
      if (comma < 0) return refused(resultCodeOf(Number(body)));
      return refusedWith(resultCodeOf(Number(body.slice(0, comma))), body.slice(comma + 1));
    }
    case 'S': {
      const [more, since] = body.split(',', 2) as [string, string];
      const payload = body.slice(more.length + since.length + 2);
      return { outcome: 'killed', hasMore: more === '1', sinceUs: since === '0' ? null : Number(since), entry: payload === '' ? null : decodeLogEntry(payload) };
    }
    case 'D':
      return { outcome: 'nothing_due' };
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

const done = (results: readonly CommandResult[]): Carried => ({ results, heldFor: null, areUsed: false, isUnfinished: false });

/** Letter and use of a signature, ahead of its command. */
const ONCE_LENGTH = 2;

/** What a reply's first letter says of a call whose commands, or the last of them, have to wait. */
const WAITS = 'W';
const UNFINISHED = 'U';

function carriedOf(replies: readonly string[], batch: readonly Pending[]): Carried {
  const first = replies.find((reply) => reply.startsWith(WAITS));
  const heldFor = first === undefined ? null : Number(first.slice(WAITS.length));
  // Alone it says so of all of them, and nothing at all was done.
  if (heldFor !== null && first === replies[0]) return { results: batch.map(() => null), heldFor, areUsed: false, isUnfinished: false };
  const isUnfinished = replies[replies.length - 1] === UNFINISHED;
  const results = isUnfinished ? replies.slice(0, -1) : replies;
  return { results: results.map((reply) => (reply.startsWith(WAITS) ? null : decodeResult(reply))), heldFor, areUsed: true, isUnfinished };
}

/**
 * The only code that changes a book. Commands that arrive within one turn of the event loop travel in
 * one function call, cut at `commandsPerCallMax`; calls are pipelined on one connection, so commands
 * take effect in the order in which they were submitted.
 */
export class Engine extends ShardReads {
  private queue: Pending[] = [];
  private readonly held: HeldCommands<Pending>;
  private flushScheduled = false;
  private inFlight = 0;
  private readonly limitArguments: string[];
  private epoch = '';
  private sequenceMin = 0;
  private tellNotTaken: () => void = () => undefined;

  constructor(
    redis: RedisConnection, library: FunctionLibrary, shard: string, private readonly limits: EngineLimits, private readonly logger: Logger,
    private readonly observer?: EngineObserver,
  ) {
    super(redis, library, shard, limits);
    this.held = new HeldCommands(limits.timeoutMs, (batch) => void this.run(batch), (batch) => {
      // Nothing of them has happened, as often as they were sent.
      this.settleAll(batch, batch.map(() => refused('engine_unavailable')));
    });
    this.limitArguments = [
      String(limits.fillsPerOrderMax),
      String(limits.triggersPerCommandMax),
      String(limits.openOrdersPerClientMax),
      String(limits.icebergPartsMax),
      String(limits.backlogMax),
      String(limits.idempotencyTtlS),
    ];
  }

  /** The life this process is bound to and the highest sequence it has seen of it, null before the first. */
  get known(): LogPosition | null {
    return this.epoch === '' ? null : { epoch: this.epoch, sequence: this.sequenceMin };
  }

  /**
   * Ties commands to one life of the shard: Redis refuses them with `engine_recovering` when it is of
   * another epoch, or behind `sequenceMin` or any sequence this process has seen since.
   */
  bind(epoch: string, sequenceMin: number): void {
    // Another life starts from its own sequence; within one, nothing seen is forgotten.
    this.sequenceMin = epoch === this.epoch ? Math.max(this.sequenceMin, sequenceMin) : sequenceMin;
    if (epoch !== this.epoch) this.held.forget();
    this.epoch = epoch;
    this.gate = null;
  }

  /** Refuses commands and reads of this process with `code` until the next `bind`. */
  unbind(code: ResultCode): void {
    this.gate = code;
  }

  /** @param listener is told when Redis refuses what was let through: the shard is in another life, or stopped, and this process does not know yet */
  onNotTaken(listener: () => void): void {
    this.tellNotTaken = listener;
  }

  /** Tells of a sequence of the bound life that this process has seen elsewhere, as in the log. */
  noteSeen(epoch: string, sequence: number): void {
    if (epoch === this.epoch && sequence > this.sequenceMin) this.sequenceMin = sequence;
  }

  /**
   * Never rejects: what could not be done is an outcome of its own.
   * @param signatureUse that the command takes: refused with `signature_reused` where it is not the first
   */
  submit(command: EngineCommand, signatureUse: OneTimeUse | null = null): Promise<CommandResult> {
    return new Promise((resolve) => {
      this.enqueue(command, { results: [], missing: 1, done: ([result]) => resolve(result as CommandResult) }, 0, signatureUse);
    });
  }

  /** Several commands, which take effect in their order. Never rejects. */
  submitAll(commands: readonly EngineCommand[]): Promise<CommandResult[]> {
    if (commands.length === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      const submission = { results: new Array<CommandResult>(commands.length), missing: commands.length, done: resolve };
      commands.forEach((command, i) => this.enqueue(command, submission, i, null));
    });
  }

  private enqueue(command: EngineCommand, submission: Submission, index: number, signatureUse: OneTimeUse | null): void {
    if (this.inFlight >= this.limits.commandsInFlightMax) {
      settle({ submission, index }, refused('engine_unavailable'));
      return;
    }
    this.inFlight++;
    let args = encode(command);
    if (signatureUse !== null) {
      signatureUse.isWithCommand = true;
      args = [ONCE_LETTER, signatureUse.text, ...args];
    }
    this.queue.push({ args, frees: FREEING.has(command.op), submission, index });
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
      this.held.hand(queue.slice(first, first + this.limits.commandsPerCallMax));
    }
  }

  private async run(batch: Pending[]): Promise<void> {
    const started = process.hrtime.bigint();
    let carried: Carried;
    try {
      carried = await this.execute(batch);
    } catch (error) {
      // Whatever else went wrong after the call was sent: it may have happened.
      this.logger.error({ err: error }, 'engine call failed');
      carried = done(batch.map(() => refused('outcome_unknown')));
    }
    const { results, heldFor, areUsed, isUnfinished } = carried;
    const waiting = heldFor === null ? [] : batch.filter((_, i) => results[i] === null);
    const carriedOut = heldFor === null ? batch : batch.filter((_, i) => results[i] !== null);
    this.settleAll(carriedOut, results.filter((result) => result !== null));
    this.observer?.call(batch.length, Number(process.hrtime.bigint() - started) / 1e9);
    if (heldFor === null) this.held.ended();
    else this.held.hold(areUsed ? waiting.map(withoutUse) : waiting, heldFor);
    // A call without commands has it go on.
    if (isUnfinished && heldFor === null) this.held.hand([]);
  }

  private settleAll(batch: readonly Pending[], results: readonly CommandResult[]): void {
    this.inFlight -= batch.length;
    for (let i = 0; i < batch.length; i++) {
      settle(batch[i] as Pending, results[i] ?? refused('outcome_unknown'));
    }
  }

  private async execute(batch: readonly Pending[]): Promise<Carried> {
    const all = (code: ResultCode): Carried => done(batch.map(() => refused(code)));
    // Nothing has been sent yet: this refusal is certain.
    if (this.gate !== null) return all(this.gate);
    if (!this.redis.isReady) return all('engine_unavailable');
    const onlyFrees = batch.every((pending) => pending.frees);
    try {
      const epoch = this.epoch;
      const replies = await this.callExecute(onlyFrees ? 'execute_freeing' : 'execute', batch);
      const carried = carriedOf(replies, batch);
      if (epoch === this.epoch) this.noteSequence(carried.results);
      return carried;
    } catch (error) {
      if (isNotSent(error)) return all('engine_unavailable');
      if (!(error instanceof ErrorReply)) return all('outcome_unknown');
      const message = error.message;
      if (message.startsWith('STATE ')) {
        const code = resultCodeOf(Number(message.slice(6)));
        // A frozen shard is still this process' own.
        if (code !== 'engine_frozen') this.tellNotTaken();
        return all(code);
      }
      // Cancels need no memory; the function library does, should Redis have lost it.
      if (message.startsWith('OOM')) return onlyFrees ? all('engine_unavailable') : this.executeWithoutMemory(batch);
      if (/^(LOADING|BUSY|MASTERDOWN|READONLY|NOAUTH|NOPERM|WRONGPASS|MISCONF|CLUSTERDOWN|MOVED|ASK|TRYAGAIN|NOREPLICAS)\b/.test(message)) {
        this.logger.warn({ reply: message }, 'redis refused an engine call');
        return all('engine_unavailable');
      }
      throw error;
    }
  }

  private noteSequence(results: readonly (CommandResult | null)[]): void {
    for (let i = results.length - 1; i >= 0; i--) {
      const result = results[i];
      if (result?.outcome !== 'logged') continue;
      if (result.entry.sequence > this.sequenceMin) this.sequenceMin = result.entry.sequence;
      return;
    }
  }

  /** Redis' memory is full and nothing of the batch has run: cancels go through, the rest is refused. */
  private async executeWithoutMemory(batch: readonly Pending[]): Promise<Carried> {
    const freeing = batch.filter((pending) => pending.frees);
    const freed = freeing.length === 0 ? done([]) : await this.execute(freeing);
    const results = new Map(freeing.map((pending, i) => [pending, freed.results[i] ?? null]));
    return { ...freed, results: batch.map((pending) => (pending.frees ? results.get(pending) ?? null : refused('backlog_full'))) };
  }

  private async callExecute(name: FunctionName, batch: readonly Pending[]): Promise<string[]> {
    const command = [...this.opening(name), ...this.limitArguments, this.epoch, String(this.sequenceMin), String(this.limits.duePage), String(this.limits.auctionPage), String(this.held.seen)];
    let at = command.length;
    // Grown once: it is the longest array of an order's way.
    command.length += batch.reduce((count, { args }) => count + args.length, 0);
    for (const { args } of batch) {
      for (const arg of args) command[at++] = arg;
    }
    return (await this.fire(command)) as string[];
  }

  /** Whether an idempotency key was used within its lifetime. @param digest of a client and its key */
  async hasKey(digest: string): Promise<boolean> {
    const [[second], used] = await Promise.all([
      this.sendRead('TIME'), this.sendRead('HGET', this.keys.idempotency, digest),
    ]) as [[string, string], string | null];
    return used !== null && Number(second) - Number(used.slice(used.indexOf(',') + 1)) < this.limits.idempotencyTtlS;
  }

  /**
   * Takes the use of what comes with no command.
   * @returns whether it was used for the first time
   * @throws UnavailableError where Redis cannot say
   */
  async takeOnce(use: OneTimeUse): Promise<boolean> {
    try {
      return (await this.call('take_once', [use.text])) === 1;
    } catch (error) {
      throw new UnavailableError('engine_unavailable', 'redis cannot say whether this was used before', { cause: error });
    }
  }

  /**
   * Has leases of connections end later, or now where `ttlUs` is 0.
   * @returns those that have ended; null where the shard is of another life than this process is bound to, or is being rebuilt
   */
  async renewLeases(leases: readonly string[], ttlUs: number): Promise<readonly string[] | null> {
    return (await this.call('renew_leases', [this.epoch, String(ttlUs), ...leases])) as string[] | null;
  }

  /** Redis' clock, which entries are timed by, in microseconds; an entry's time never runs back. */
  async nowUs(): Promise<number> {
    const [second, microsecond] = (await this.sendRead('TIME')) as [string, string];
    return Number(second) * 1_000_000 + Number(microsecond);
  }

  /** Drops idempotency keys whose lifetime is over. @returns how many; null where a later program has laid the shard out. */
  async forgetKeys(digests: readonly string[]): Promise<number | null> {
    if (digests.length === 0) return 0;
    return (await this.call('forget_keys', [String(this.limits.idempotencyTtlS), ...digests])) as number | null;
  }
}
