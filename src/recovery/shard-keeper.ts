import type { Logger } from 'pino';
import { LaterVersionError } from '../domain/later-version';
import type { MoneyScale } from '../domain/assets';
import type { Funds } from '../domain/money';
import type { ResultCode } from '../domain/result-code';
import { DatabaseUnfitError } from '../persistence/database';
import { RecordHeldError } from '../persistence/recovery-source';
import { judge, type RebuildReason, type RedisSide, type ShardSide, type Verdict } from './lineage';
import { UncoveredError } from './rebuild-money';
import { newEpoch, rebuild, type Progress, type RebuildReport, type RebuildSource, type RebuildTarget } from './rebuild';

/** The engine as its keeper sees it. */
export interface KeptEngine {
  readonly isConnected: boolean;
  meta(): Promise<RedisSide | null>;
  initialise(epoch: string, funds: Funds): Promise<boolean>;
  /** Tells Redis what the ticks and lots of instruments are worth. */
  register(scales: ReadonlyMap<string, MoneyScale>): Promise<boolean>;
  /** Loads the function library where Redis does not know it. */
  load(): Promise<void>;
  setState(state: 'recovering', from: readonly ('open' | 'frozen')[], epoch: string): Promise<unknown>;
  /** Lets this process' commands through, to this life of the shard only. */
  bind(epoch: string, sequenceMin: number): void;
  /** Refuses this process' commands with `code`. */
  unbind(code: ResultCode): void;
  /** Life and highest sequence this process has seen, null before its first. */
  readonly known: ShardSide | null;
}

export interface KeeperRecord {
  /** @returns null without a checkpoint @throws when Postgres cannot be asked */
  checkpoint(): Promise<ShardSide | null>;
  createCheckpoint(epoch: string, funds: Funds): Promise<boolean>;
}

export interface KeeperOptions {
  readonly shard: string;
  readonly autoRecover: boolean;
  readonly idempotencyTtlS: number;
  readonly recentTradesKept: number;
  readonly funds: Funds;
  /** Of every instrument, filled in by the time the keeper starts. */
  readonly scales: ReadonlyMap<string, MoneyScale>;
}

type OpenSource = RebuildSource & { close(): Promise<void> };

export interface KeeperObserver {
  recovered(report: RebuildReport): void;
}

const CHECK_MS = 1_000;
const RETRY_MS = 200;
/** How long a record that somebody holds is waited for before that is told. */
const RECORD_WAIT_MS = 30_000;
/** What only people can put right is looked for less and less often, up to this. */
const PATIENCE_MAX_MS = 60_000;

/**
 * Watches over the life of a shard: before the first command, whenever Redis comes back, and all the time
 * between. Only what it has judged to be whole is traded on; what was lost it rebuilds.
 */
export class ShardKeeper {
  private stopping = false;
  private running: Promise<void> | null = null;
  private wake: () => void = () => undefined;
  private lastWord = '';
  /** The life that this process has closed for a rebuild, and why: from then on the shard itself only tells that it is closed. */
  private closed: { readonly epoch: string; readonly reason: RebuildReason } | null = null;
  /** How long the next look waits where accounts are not covered. */
  private patienceMs = CHECK_MS;
  private markJoined: () => void = () => undefined;
  /** Resolves when this process trades on the shard for the first time. */
  readonly joined = new Promise<void>((resolve) => { this.markJoined = resolve; });
  /** Why the shard is not traded on now, null while it is. */
  problem: string | null = 'starting';

  constructor(
    private readonly engine: KeptEngine,
    private readonly record: KeeperRecord,
    /** @throws RecordHeldError after a while */
    private readonly openSource: () => Promise<OpenSource>,
    private readonly target: RebuildTarget,
    private readonly options: KeeperOptions,
    private readonly logger: Logger,
    private readonly observer: KeeperObserver,
  ) {}

  /** Nothing is traded on before the first look. */
  holdOff(): void {
    this.engine.unbind('engine_recovering');
  }

  start(): void {
    this.running = this.loop();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.wake();
    await this.running;
  }

  /** The connection broke: whatever comes back has to be judged before it is traded on. */
  connectionLost(): void {
    this.engine.unbind('engine_unavailable');
    this.problem = 'redis_away';
  }

  /** Something changed: look now. */
  nudge(): void {
    this.wake();
  }

  private async loop(): Promise<void> {
    while (!this.stopping) {
      let pause = CHECK_MS;
      try {
        if (this.engine.isConnected) await this.check();
        if (this.problem !== null) pause = RETRY_MS;
      } catch (error) {
        // A look that fails, as under overload, takes nothing from a shard that was whole at the last one: every
        // command still names the life and the sequence that it is meant for, and a lost connection is told by itself.
        if (this.problem === null) this.logger.warn({ err: error }, 'the shard could not be looked at');
        else this.engine.unbind('engine_recovering');
        if (this.problem === null) pause = CHECK_MS;
        // A Redis that reads its data back says so; it is worth asking again soon.
        else if (error instanceof Error && error.message.startsWith('LOADING')) {
          this.say('redis_loading', 'warn', {});
          pause = RETRY_MS;
        } else if (error instanceof UncoveredError) {
          this.say('uncovered_funds', 'error', { reason: error.message });
          pause = this.patienceMs;
          this.patienceMs = Math.min(2 * this.patienceMs, PATIENCE_MAX_MS);
        } else if (error instanceof LaterVersionError || error instanceof DatabaseUnfitError) {
          this.say('newer_record', 'error', { reason: error.message });
          pause = CHECK_MS;
        } else {
          this.say('check_failed', 'error', { err: error });
          pause = CHECK_MS;
        }
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pause);
        this.wake = () => { clearTimeout(timer); resolve(); };
        if (this.stopping) this.wake();
      });
    }
  }

  private async judgeNow(checkpoint: () => Promise<ShardSide | null>): Promise<{ verdict: Verdict; redis: RedisSide | null; postgres: ShardSide | null | 'away' }> {
    // Redis last: what this process and Postgres knew before cannot be ahead of a whole Redis that is asked later.
    const { known } = this.engine;
    const postgres = await checkpoint().catch(() => 'away' as const);
    const redis = await this.engine.meta();
    return { verdict: judge(redis, postgres, known, this.options.funds), redis, postgres };
  }

  private async check(): Promise<void> {
    const { verdict, redis, postgres } = await this.judgeNow(() => this.record.checkpoint());
    switch (verdict.action) {
      case 'join': {
        // Before the first command: calls that find no library load it each for itself, and may change their order. Another life is
        // another shard: whoever has begun it need not know what its instruments are worth.
        if (this.problem !== null || this.engine.known?.epoch !== redis?.epoch) {
          await this.engine.load();
          await this.engine.register(this.options.scales);
        }
        const floor = Math.max(this.engine.known?.epoch === redis?.epoch ? (this.engine.known?.sequence ?? 0) : 0, postgres === 'away' ? 0 : (postgres?.sequence ?? 0));
        this.engine.bind((redis as RedisSide).epoch, floor);
        if (this.problem !== null) {
          this.problem = null;
          this.lastWord = '';
          this.patienceMs = CHECK_MS;
          this.logger.info({ shard: this.options.shard, epoch: redis?.epoch, sequence: redis?.sequence, state: redis?.state }, 'shard joined');
          this.markJoined();
        }
        return;
      }
      case 'begin': {
        // Postgres first: should Redis be lost before its turn, it is an empty shard that is rebuilt.
        await this.record.createCheckpoint(newEpoch(), this.options.funds);
        const begun = await this.record.checkpoint();
        if (begun !== null) await this.engine.initialise(begun.epoch, this.options.funds);
        return this.check();
      }
      case 'wait':
        this.engine.unbind('engine_recovering');
        if (verdict.reason === 'draining_before_rebuild') await this.closeShard(redis, verdict.rebuild);
        this.say(verdict.reason, verdict.reason === 'postgres_lost' ? 'error' : 'warn', { redis, postgres });
        return;
      case 'rebuild': {
        this.engine.unbind('engine_recovering');
        const reason = this.reasonOf(verdict.reason, redis);
        if (!this.options.autoRecover) {
          this.say(`${reason}: AUTO_RECOVER is off, run "npm run recover"`, 'error', { redis, postgres });
          return;
        }
        // Behind it stands what was tried for: that is said already.
        if (this.problem !== 'uncovered_funds') this.say(reason, 'warn', { redis, postgres });
        await this.rebuild(redis, reason);
      }
    }
  }

  /** Why a life is to be rebuilt: where this process closed it, what it closed it for. */
  private reasonOf(judged: RebuildReason, redis: RedisSide | null): RebuildReason {
    return judged === 'interrupted_rebuild' && this.closed !== null && this.closed.epoch === redis?.epoch ? this.closed.reason : judged;
  }

  /**
   * Other processes stop at once, too: they may not have looked yet. Only the life that was judged is closed; by
   * now another process may have rebuilt it and trade again.
   */
  private async closeShard(judged: RedisSide | null, reason: RebuildReason): Promise<void> {
    if (judged === null) return;
    const { funds } = this.options;
    if (judged.funds !== funds && this.closed?.epoch !== judged.epoch) {
      this.logger.warn({ shard: this.options.shard, was: judged.funds, is: funds }, `FUNDS is ${funds} and was ${judged.funds}: the shard changes to that`);
    }
    this.closed = { epoch: judged.epoch, reason: this.reasonOf(reason, judged) };
    await this.engine.setState('recovering', ['open', 'frozen'], judged.epoch);
  }

  private async rebuild(judged: RedisSide | null, reason: RebuildReason): Promise<void> {
    await this.closeShard(judged, reason);
    const source = await this.sourceOf();
    if (source === null) return;
    try {
      // Whoever held the record before may have rebuilt the shard by now.
      const { verdict, redis } = await this.judgeNow(() => source.checkpoint());
      if (verdict.action !== 'rebuild') return;
      const report = await rebuild(source, this.target, { ...this.options, reason: this.reasonOf(verdict.reason, redis) }, this.logProgress());
      this.logger.warn({ shard: this.options.shard, ...report }, 'shard rebuilt from postgres');
      this.observer.recovered(report);
    } finally {
      await source.close();
    }
    return this.check();
  }

  /**
   * Waits for whoever holds the record, and looks meanwhile: once he has rebuilt the shard, its writer is at work again and does not let go.
   * @returns null where nothing is to be rebuilt any more
   * @throws RecordHeldError
   */
  private async sourceOf(): Promise<OpenSource | null> {
    const waitUntilMs = performance.now() + RECORD_WAIT_MS;
    for (;;) {
      try {
        return await this.openSource();
      } catch (error) {
        if (!(error instanceof RecordHeldError) || this.stopping || performance.now() > waitUntilMs) throw error;
        const { verdict } = await this.judgeNow(() => this.record.checkpoint());
        if (verdict.action !== 'rebuild') return null;
      }
    }
  }

  private logProgress(): Progress {
    let last = Date.now();
    return (step, done, total) => {
      if (Date.now() - last < CHECK_MS) return;
      last = Date.now();
      this.logger.info({ step, done, total }, 'rebuilding');
    };
  }

  /** Says a thing once, not at every look. */
  private say(problem: string, level: 'warn' | 'error', details: Record<string, unknown>): void {
    this.problem = problem;
    if (problem === this.lastWord) return;
    this.lastWord = problem;
    this.logger[level]({ shard: this.options.shard, problem, ...details }, 'shard is not traded on');
  }
}
