import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, sliceKey, type Algo, type AlgoSlice } from '../domain/algo';
import type { Random } from '../seeded-random';
import type { Ledger } from './ledger';
import type { Answered, Line } from './line';

const RETRY_MS = 150;
const PAUSE_MS = 400;
const INSTRUMENTS = ['BTC-USD', 'ETH-USD'] as const;
const MID_PRICE = 50_000;
const DURATION_MAX_S = 4;
const SLICES_MAX = 8;
/** Of them, that are cancelled on their way. */
const CANCELLED = 0.25;
const END_TIMEOUT_MS = 60_000;

/** What a campaign has started of parent orders, and what it was told. */
export interface StartedAlgo {
  readonly key: string;
  readonly algoId: string;
  /** Whether the venue said that it is cancelled: it places nothing more. */
  isCancelled: boolean;
}

/** Starts parent orders one after another, cancels some of them, and asks again until it knows what came of that. */
export class AlgoLoad {
  readonly started: StartedAlgo[] = [];
  readonly problems: string[] = [];
  private stopping = false;
  private keys = 0;

  constructor(private readonly line: Line, private readonly account: string, private readonly random: Random) {}

  stop(): void {
    this.stopping = true;
  }

  async run(): Promise<void> {
    while (!this.stopping) {
      await this.one();
      await sleep(PAUSE_MS * (0.5 + this.random.next()));
    }
  }

  private async one(): Promise<void> {
    const { random } = this;
    const slices = 1 + random.below(SLICES_MAX);
    const key = `twap-${++this.keys}`;
    const { status, body } = await this.ask('POST', '/algos/twap', {
      client_id: this.account, instrument: random.pick(INSTRUMENTS), side: random.pick(['buy', 'sell'] as const), quantity: (0.01 * (slices + random.below(50))).toFixed(2),
      duration_s: 1 + random.below(DURATION_MAX_S), slices, ...(random.next() < 0.7 && { limit_price: String(MID_PRICE + random.below(21) - 10) }), idempotency_key: key,
    });
    if (body.code === 'algos_limit') return;
    if (status !== 201 || typeof body.algo_id !== 'string') {
      this.problems.push(`${key} was answered ${status} ${JSON.stringify(body)}`);
      return;
    }
    const algo: StartedAlgo = { key, algoId: body.algo_id, isCancelled: false };
    this.started.push(algo);
    if (random.next() >= CANCELLED) return;
    await sleep(random.below(1_500));
    const answer = await this.ask('DELETE', `/algos/${algo.algoId}`, undefined);
    algo.isCancelled = answer.status === 200 && answer.body.status === 'cancelled';
    if (answer.status !== 200 && answer.body.code !== 'algo_ended') this.problems.push(`the end of ${algo.algoId} was answered ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  /** Until the answer says what came of it. */
  private async ask(method: string, path: string, body: unknown): Promise<Answered> {
    for (;;) {
      const answer = await this.line.send(method, path, body, this.account);
      if (answer !== null && answer.status < 500 && !this.line.isKeptOut(answer, this.account)) return answer;
      await sleep(RETRY_MS);
    }
  }

  /** Waits until all have ended. @throws Error naming one that does not */
  async ended(): Promise<void> {
    const deadline = Date.now() + END_TIMEOUT_MS;
    for (const { algoId } of this.started) {
      for (;;) {
        const { body } = await this.ask('GET', `/algos/${algoId}`, undefined);
        if (body.status !== 'running' && body.status !== 'cancelling') break;
        if (Date.now() > deadline) throw new Error(`algo ${algoId} goes on and on: ${JSON.stringify(body)}`);
        await sleep(RETRY_MS);
      }
    }
  }
}

/** The record of parent orders. */
export interface JudgedAlgos {
  algos(): AsyncGenerator<Algo>;
  algoSlices(): AsyncGenerator<AlgoSlice>;
}

export interface AlgosVerdict {
  readonly problems: readonly string[];
  readonly slices: number;
}

/**
 * Whether what was started is on record once, and has ended. Its slices are orders that nobody sent: the ledger is told to expect them. What they
 * come to is for the audit.
 */
export async function judgeAlgos({ started, problems }: AlgoLoad, record: JudgedAlgos, ledger: Ledger): Promise<AlgosVerdict> {
  const found: string[] = [...problems];
  const byId = new Map<string, Algo>();
  for await (const algo of record.algos()) byId.set(algo.algoId, algo);
  for (const { algoId, key, isCancelled } of started) {
    const algo = byId.get(algoId);
    if (algo === undefined) found.push(`algo ${algoId} of ${key} is not on record`);
    else if (isRunning(algo)) found.push(`algo ${algoId} runs`);
    else if (isCancelled && algo.status !== 'cancelled') found.push(`algo ${algoId} was told as cancelled, and is ${algo.status}`);
  }
  const told = new Set(started.map(({ algoId }) => algoId));
  for (const algoId of byId.keys()) if (!told.has(algoId)) found.push(`algo ${algoId} is on record, and nobody was told of it`);
  let slices = 0;
  for await (const { algoId, slice } of record.algoSlices()) {
    slices++;
    ledger.expected.push({ account: byId.get(algoId)?.clientId ?? '', key: sliceKey(algoId, slice) });
  }
  return { problems: found, slices };
}
