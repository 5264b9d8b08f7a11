import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Refusal } from '../domain/refusal';

/** Of argon2id. */
export interface HashParameters {
  /** KiB. */
  readonly memoryCost: number;
  readonly timeCost: number;
  readonly parallelism: number;
}

const ARGON2ID = 2;
/** By these a hash stands with whoever kept it. Raised here, they are raised in each hash at its next login. */
const PARAMETERS: HashParameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Strangers' hashes are at most this share of the time: what a flood of passwords costs leaves room for orders. */
const STRANGERS_SHARE = 0.5;
/** Turns of those who are known, one behind the other, while a stranger could have one. */
const KNOWN_IN_A_ROW_MAX = 4;
/** What part of the places one name may have, as somebody known and as strangers: nobody takes everybody's turns. */
const PART_OF_A_NAME: Readonly<Record<Standing, number>> = { known: 0.25, stranger: 0.5 };

interface Job {
  readonly op: 'hash' | 'verify';
  readonly password: string;
  readonly stored?: string;
  readonly standing: Standing;
  /** Of whom it is. */
  readonly name: string;
  readonly resolve: (result: string | boolean) => void;
  readonly reject: (error: Error) => void;
}

interface Answer {
  readonly id: number;
  readonly result?: string | boolean;
  readonly failed?: true;
}

export interface HashingLoad {
  readonly running: number;
  readonly atOnceMax: number;
  readonly waitingKnown: number;
  readonly waitingStrangers: number;
  /** Of each of both. */
  readonly waitingMax: number;
}

/** Whose turn comes first: somebody whom the venue knows, by a login or by the address of an earlier one, or a stranger. */
export type Standing = 'known' | 'stranger';

const keyOf = (standing: Standing, name: string): string => `${standing} ${name.toLowerCase()}`;

/**
 * Hashes and checks passwords, a few at once, in a process of its own that gives way to everything else. However many strangers
 * wait, those who are known come ahead of them; and however many of those, a stranger has a turn now and then.
 */
export class Passwords {
  private child: ChildProcess | null = null;
  private readonly waiting: Readonly<Record<Standing, Job[]>> = { known: [], stranger: [] };
  /** Those whose place is kept. */
  private readonly coming: Record<Standing, number> = { known: 0, stranger: 0 };
  private readonly running = new Map<number, { readonly job: Job; readonly startedMs: number }>();
  /** Until when strangers wait, whoever else there is. */
  private strangersPauseMs = 0;
  private knownInARow = 0;
  /** By standing and name, how many of it wait, are hashed, or have their place kept. */
  private readonly ofName = new Map<string, number>();
  private pause: NodeJS.Timeout | null = null;
  private jobs = 0;
  /** Of a password that nobody has: a name that there is not takes as long as one that there is. */
  private nobodys: Promise<string> | null = null;
  private isClosed = false;

  /** @param waitingMax passwords of each standing that may wait for their turn; of one name a part of them */
  constructor(private readonly atOnceMax: number, private readonly waitingMax: number, private readonly parameters = PARAMETERS) {}

  /** @param name of whom it is @throws Refusal `hashing_busy` */
  async hash(password: string, standing: Standing, name: string): Promise<string> {
    return await this.enqueue({ op: 'hash', password }, standing, name) as string;
  }

  /**
   * @param stored null where there is none: it takes as long, and is wrong
   * @param name of whom it is
   * @throws Refusal `hashing_busy`
   */
  async verify(password: string, stored: string | null, standing: Standing, name: string): Promise<boolean> {
    if (stored === null) {
      this.nobodys ??= this.hash(randomBytes(16).toString('hex'), standing, '');
      await this.enqueue({ op: 'verify', password, stored: await this.nobodys.catch((error: unknown) => {
        this.nobodys = null;
        throw error;
      }) }, standing, name);
      return false;
    }
    return await this.enqueue({ op: 'verify', password, stored }, standing, name) as boolean;
  }

  /** Whether a hash was made with other parameters than those of now. */
  isOld(stored: string): boolean {
    const { memoryCost, timeCost, parallelism } = this.parameters;
    return !stored.startsWith(`$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$`);
  }

  /**
   * Does what comes ahead of a password's check only where that can have a place afterwards.
   * @throws Refusal `hashing_busy`
   */
  async withPlace<T>(standing: Standing, name: string, work: () => Promise<T>): Promise<T> {
    if (this.isFull(standing, name)) throw new Refusal('hashing_busy');
    this.coming[standing]++;
    this.count(standing, name, 1);
    try {
      return await work();
    } finally {
      this.coming[standing]--;
      this.count(standing, name, -1);
    }
  }

  /** How many are hashed now, and how many wait, each beside how many may. */
  get load(): HashingLoad {
    const { known, stranger } = this.waiting;
    return { running: this.running.size, atOnceMax: this.atOnceMax, waitingKnown: known.length, waitingStrangers: stranger.length, waitingMax: this.waitingMax };
  }

  private isFull(standing: Standing, name: string): boolean {
    if (this.waiting[standing].length + this.coming[standing] >= this.waitingMax) return true;
    return (this.ofName.get(keyOf(standing, name)) ?? 0) >= Math.ceil(this.waitingMax * PART_OF_A_NAME[standing]);
  }

  private count(standing: Standing, name: string, change: 1 | -1): void {
    const key = keyOf(standing, name);
    const count = (this.ofName.get(key) ?? 0) + change;
    if (count > 0) this.ofName.set(key, count);
    else this.ofName.delete(key);
  }

  private enqueue(job: Pick<Job, 'op' | 'password' | 'stored'>, standing: Standing, name: string): Promise<string | boolean> {
    if (this.isClosed) throw new Refusal('shutting_down');
    if (this.isFull(standing, name)) throw new Refusal('hashing_busy');
    return new Promise((resolve, reject) => {
      this.count(standing, name, 1);
      this.waiting[standing].push({ ...job, standing, name, resolve, reject });
      this.begin();
    });
  }

  private begin(): void {
    while (this.running.size < this.atOnceMax) {
      const job = this.next();
      if (job === undefined) return;
      const id = this.jobs++;
      this.running.set(id, { job, startedMs: performance.now() });
      const { op, password, stored } = job;
      try {
        this.process().send({ id, op, password, stored, parameters: { algorithm: ARGON2ID, ...this.parameters } }, (error) => {
          if (error !== null) this.finish({ id, failed: true });
        });
      } catch {
        // The process did not come about.
        this.finish({ id, failed: true });
      }
    }
  }

  /** Those who are known first, but for a stranger's turn among so many of theirs. */
  private next(): Job | undefined {
    if (this.waiting.known.length > 0 && this.knownInARow < KNOWN_IN_A_ROW_MAX) {
      this.knownInARow++;
      return this.waiting.known.shift();
    }
    const stranger = this.nextStranger();
    if (stranger !== undefined) this.knownInARow = 0;
    return stranger ?? this.waiting.known.shift();
  }

  private nextStranger(): Job | undefined {
    const waitMs = this.strangersPauseMs - performance.now();
    if (waitMs <= 0) return this.waiting.stranger.shift();
    if (this.waiting.stranger.length > 0) {
      this.pause ??= setTimeout(() => {
        this.pause = null;
        this.begin();
      }, waitMs);
    }
    return undefined;
  }

  private process(): ChildProcess {
    if (this.child !== null) return this.child;
    const child = fork(join(__dirname, 'hash-process.cjs'), [], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.child = child;
    child.on('message', (answer) => this.finish(answer as Answer));
    const isGone = (): void => {
      if (this.child === child) this.child = null;
      for (const id of [...this.running.keys()]) this.finish({ id, failed: true });
    };
    child.once('exit', isGone);
    // It could not even begin: too many files are open, or processes.
    child.on('error', isGone);
    // It ends with us, and does not keep us.
    child.unref();
    child.channel?.unref();
    return child;
  }

  private finish({ id, result }: Answer): void {
    const running = this.running.get(id);
    if (running === undefined) return;
    this.running.delete(id);
    const { job, startedMs } = running;
    this.count(job.standing, job.name, -1);
    const nowMs = performance.now();
    if (job.standing === 'stranger') this.strangersPauseMs = nowMs + (nowMs - startedMs) * (1 / STRANGERS_SHARE - 1);
    if (result === undefined) job.reject(this.isClosed ? new Refusal('shutting_down') : new Error('a password could not be hashed'));
    else job.resolve(result);
    this.begin();
  }

  close(): void {
    this.isClosed = true;
    if (this.pause !== null) clearTimeout(this.pause);
    for (const job of [...this.waiting.known.splice(0), ...this.waiting.stranger.splice(0)]) {
      this.count(job.standing, job.name, -1);
      job.reject(new Refusal('shutting_down'));
    }
    this.child?.disconnect();
  }
}
