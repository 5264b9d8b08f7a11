import { setTimeout as sleep } from 'node:timers/promises';
import { SLICE_INTERVAL_MIN_MS, isRunning, type Algo, type AlgoSlice, type TwapTerms } from '../domain/algo';
import { formatAmount, parseAmount, type AmountInput, type Step } from '../domain/amounts';
import type { Context } from '../domain/context';
import type { InstrumentTable } from '../domain/instrument-table';
import type { Instrument } from '../domain/instruments';
import { newOrderId } from '../domain/order-id';
import type { Side } from '../domain/order';
import { initiator, mayActFor, requireAccount } from '../domain/principal';
import { Refusal, unavailableAs, type FieldFault, type RequestField } from '../domain/refusal';
import { UnavailableError } from '../domain/unavailable';

/** What can be asked for of a parent order, once a dialect has read it. */
export interface TwapRequest {
  readonly clientId: string;
  readonly instrument: string;
  readonly side: Side;
  readonly quantity: AmountInput;
  /** undefined for market orders. */
  readonly limitPrice: AmountInput | undefined;
  readonly durationS: number;
  readonly slices: number;
  readonly key: string | null;
}

export interface AlgosQuery {
  readonly clientId: string;
  readonly status: 'running' | 'all';
  readonly limit: number;
  /** The id of the last one of the page before, null for the first page. */
  readonly cursor: string | null;
}

export interface AlgosPage {
  readonly algos: readonly Algo[];
  /** null behind the last page. */
  readonly nextCursor: string | null;
}

/** Parent orders on record. What cannot be reached throws an UnavailableError. */
export interface AlgoRecord {
  /** @returns the one that was started, or by the same key before; null where the account has as many running as it may */
  start(algo: Algo, idempotency: string | null, runningMax: number): Promise<{ readonly algo: Algo; readonly isNew: boolean } | null>;
  one(algoId: string): Promise<Algo | null>;
  byKey(idempotency: string): Promise<Algo | null>;
  slicesOf(algoId: string): Promise<readonly AlgoSlice[]>;
  ofClient(clientId: string, isAll: boolean, behind: string | null, limit: number): Promise<readonly Algo[]>;
  countRunning(): Promise<number>;
  /** @returns null where it has ended before */
  askStop(algoId: string, nowUs: number): Promise<Algo | null>;
}

export interface AlgosOptions {
  readonly perAccountMax: number;
  /** Longest wait of a stop for the slice that is being placed. */
  readonly stopTimeoutMs: number;
  /** Of a client and its idempotency key. */
  digest(clientId: string, key: string): string;
}

const STOP_POLL_MS = 20;

/** Starting, stopping and reading parent orders. That they trade is the duty of one process of the venue. */
export class Algos {
  /** Starts are one behind the other: those of an account would wait for each other in Postgres, each with a connection that reads want. */
  private turn: Promise<unknown> = Promise.resolve();

  /** @param started told of each new one */
  constructor(
    private readonly record: AlgoRecord, private readonly clock: () => Promise<{ readonly timeUs: number }>, private readonly instruments: InstrumentTable,
    private readonly options: AlgosOptions, private readonly started: () => void,
  ) {}

  /** @throws Refusal @returns the algo as it is now, where the key was used before */
  async startTwap(context: Context, request: TwapRequest): Promise<{ readonly algo: Algo; readonly replayed: boolean }> {
    const { clientId, key } = request;
    const { principal } = context;
    requireAccount(principal, clientId);
    const terms = termsOf(request, this.instruments.require(request.instrument));
    const idempotency = key === null ? null : this.options.digest(clientId, key);
    // Whether Postgres is there is found out ahead of what would leave it open.
    const known = idempotency === null ? null : await this.record.byKey(idempotency);
    if (known !== null) return repeated(known, terms);
    if (idempotency === null) await this.record.countRunning();
    const { timeUs } = await this.clock();
    const algo: Algo = {
      ...terms, algoId: newOrderId(), clientId, actor: initiator(principal), createdUs: timeUs, updatedUs: timeUs, status: 'running', reason: null, isStopping: false,
      filledLots: 0, notional: '0', slicesPlaced: 0, slicesRefused: 0, refusedInARow: 0, nextSlice: 1, nextUs: timeUs,
    };
    const begun = await this.inTurn(context, () => this.begin(algo, idempotency));
    if (begun === null) throw new Refusal('algos_limit');
    if (!begun.isNew) return repeated(begun.algo, terms);
    this.started();
    return { algo, replayed: false };
  }

  /** @throws UnavailableError where its turn does not come in time: nothing has been done */
  private inTurn<T>({ deadlineMs }: Context, work: () => Promise<T>): Promise<T> {
    const done = this.turn.then(() => {
      if (performance.now() > deadlineMs) throw new UnavailableError('history_unavailable', 'too many parent orders are being started');
      return work();
    });
    this.turn = done.catch(() => undefined);
    return done;
  }

  private begin(algo: Algo, idempotency: string | null): ReturnType<AlgoRecord['start']> {
    // It may be on record, and would begin.
    return unavailableAs('outcome_unknown', () => this.record.start(algo, idempotency, this.options.perAccountMax));
  }

  /** @param algoId UUID in lower case @throws Refusal `algo_not_found` */
  async algo(context: Context, algoId: string): Promise<{ readonly algo: Algo; readonly slices: readonly AlgoSlice[] }> {
    const algo = await this.own(context, algoId);
    return { algo, slices: await this.record.slicesOf(algoId) };
  }

  /** @throws Refusal `account_not_found` */
  async algos({ principal }: Context, { clientId, status, limit, cursor }: AlgosQuery): Promise<AlgosPage> {
    requireAccount(principal, clientId);
    if (cursor !== null && (await this.record.one(cursor))?.clientId !== clientId) {
      throw new Refusal('validation_failed', { fields: [{ field: 'cursor', message: 'names no algo' }] });
    }
    const algos = await this.record.ofClient(clientId, status === 'all', cursor, limit);
    return { algos, nextCursor: algos.length === limit ? algos.at(-1)?.algoId ?? null : null };
  }

  /**
   * Cancels an algo: no slice is placed once this has answered that it is cancelled.
   * @returns the algo; still running, and stopping, where what came of its slice could not be known in time
   * @throws Refusal `algo_not_found`, `algo_ended`
   */
  async stop(context: Context, algoId: string): Promise<Algo> {
    await this.own(context, algoId);
    const { timeUs } = await this.clock();
    const asked = await this.askStop(algoId, timeUs);
    if (asked === null) throw new Refusal('algo_ended');
    const untilMs = Math.min(performance.now() + this.options.stopTimeoutMs, context.deadlineMs);
    let algo = asked;
    while (isRunning(algo) && performance.now() < untilMs) {
      await sleep(STOP_POLL_MS);
      algo = await this.record.one(algoId) ?? algo;
    }
    return algo;
  }

  private askStop(algoId: string, timeUs: number): Promise<Algo | null> {
    return unavailableAs('outcome_unknown', () => this.record.askStop(algoId, timeUs));
  }

  private async own({ principal }: Context, algoId: string): Promise<Algo> {
    const algo = await this.record.one(algoId);
    if (algo === null || !mayActFor(principal, algo.clientId)) throw new Refusal('algo_not_found');
    return algo;
  }
}

/** As many of an account's as are asked to stop behind one look. */
const STOP_PAGE = 100;

/** Asks all running algos of an account to stop. @throws Refusal `outcome_unknown` where some may go on */
export async function stopAlgosOf(record: AlgoRecord, timeUs: number, clientId: string): Promise<void> {
  await unavailableAs('outcome_unknown', async () => {
    for (let cursor: string | null = null; ;) {
      const page: readonly Algo[] = await record.ofClient(clientId, false, cursor, STOP_PAGE);
      for (const { algoId } of page) await record.askStop(algoId, timeUs);
      cursor = page.at(-1)?.algoId ?? null;
      if (page.length < STOP_PAGE) return;
    }
  });
}

/** @throws Refusal `validation_failed` for amounts that do not fit the instrument, or more slices than they or the time can be divided into */
function termsOf({ instrument: name, side, quantity, limitPrice, durationS, slices }: TwapRequest, instrument: Instrument): TwapTerms {
  const faults: FieldFault[] = [];
  const amount = (field: RequestField, value: AmountInput, step: Step, max: number, min: number): number => {
    const parsed = parseAmount(value, step, max, min);
    if (parsed.ok) return parsed.value;
    faults.push({ field, message: parsed.problem });
    return 0;
  };
  const { tick, lot, priceTicksMax, priceTicksMin, quantityLotsMax, quantityLotsMin } = instrument;
  const quantityLots = amount('quantity', quantity, lot, quantityLotsMax, quantityLotsMin);
  const limitTicks = limitPrice === undefined ? null : amount('limitPrice', limitPrice, tick, priceTicksMax, priceTicksMin);
  const inTimeMax = durationS * 1_000 / SLICE_INTERVAL_MIN_MS;
  if (slices > inTimeMax) faults.push({ field: 'slices', message: `must be at most ${inTimeMax} in ${durationS} s` });
  else if (quantityLots > 0 && quantityLots < slices * quantityLotsMin) {
    faults.push({ field: 'slices', message: `must be so few that each has ${formatAmount(quantityLotsMin, lot)} at least` });
  }
  if (faults.length > 0) throw new Refusal('validation_failed', { fields: faults });
  return { instrument: name, side, quantityLots, limitTicks, durationS, slices };
}

/** The field of a request that each of the terms came in. */
const FIELD_OF = {
  instrument: 'instrument', side: 'side', quantityLots: 'quantity', limitTicks: 'limitPrice', durationS: 'durationS', slices: 'slices',
} as const satisfies Readonly<Record<keyof TwapTerms, RequestField>>;

/** @throws Refusal `idempotency_key_reused` */
function repeated(algo: Algo, terms: TwapTerms): { readonly algo: Algo; readonly replayed: true } {
  const fields = (Object.keys(FIELD_OF) as (keyof TwapTerms)[]).filter((name) => algo[name] !== terms[name])
    .map((name): FieldFault => ({ field: FIELD_OF[name], message: 'differs from the request that used this key first' }));
  if (fields.length > 0) throw new Refusal('idempotency_key_reused', { fields });
  return { algo, replayed: true };
}
