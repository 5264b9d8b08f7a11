import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, sliceKey, type Algo, type AlgoSlice } from '../domain/algo';
import type { Random } from '../seeded-random';
import { AskingLoad } from './asking-load';
import type { Ledger } from './ledger';
import type { Line } from './line';
import { LOAD_INSTRUMENTS, MID_PRICE } from './market';

const PAUSE_MS = 400;
const POLL_MS = 150;
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
export class AlgoLoad extends AskingLoad {
  readonly started: StartedAlgo[] = [];
  private keys = 0;

  constructor(private readonly line: Line, private readonly account: string, random: Random) {
    super(random, PAUSE_MS);
  }

  protected async one(): Promise<void> {
    const { random } = this;
    const slices = 1 + random.below(SLICES_MAX);
    const key = `twap-${++this.keys}`;
    const answer = await this.call('POST', '/algos/twap', {
      client_id: this.account, instrument: random.pick(LOAD_INSTRUMENTS), side: random.pick(['buy', 'sell'] as const), quantity: (0.01 * (slices + random.below(50))).toFixed(2),
      duration_s: 1 + random.below(DURATION_MAX_S), slices, ...(random.next() < 0.7 && { limit_price: String(MID_PRICE + random.below(21) - 10) }), idempotency_key: key,
    });
    const { status, body } = answer;
    if (body.code === 'algos_limit') return;
    if (status !== 201 || typeof body.algo_id !== 'string') {
      this.wrong(key, answer);
      return;
    }
    const algo: StartedAlgo = { key, algoId: body.algo_id, isCancelled: false };
    this.started.push(algo);
    if (random.next() >= CANCELLED) return;
    await sleep(random.below(1_500));
    const end = await this.call('DELETE', `/algos/${algo.algoId}`, undefined);
    algo.isCancelled = end.status === 200 && end.body.status === 'cancelled';
    if (end.status !== 200 && end.body.code !== 'algo_ended') this.wrong(`the end of ${algo.algoId}`, end);
  }

  private call(method: string, path: string, body: unknown) {
    return this.ask(this.line, method, path, body, this.account);
  }

  /** Waits until all have ended. @throws Error naming one that does not */
  protected async end(): Promise<void> {
    const deadline = Date.now() + END_TIMEOUT_MS;
    for (const { algoId } of this.started) {
      for (;;) {
        const { body } = await this.call('GET', `/algos/${algoId}`, undefined);
        if (body.status !== 'running' && body.status !== 'cancelling') break;
        if (Date.now() > deadline) throw new Error(`algo ${algoId} goes on and on: ${JSON.stringify(body)}`);
        await sleep(POLL_MS);
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
