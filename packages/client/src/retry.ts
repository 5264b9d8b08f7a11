import type { ProblemBody } from './contract';
import { CertificateError, ConnectionError, OutcomeUnknownError, ProblemError } from './errors';
import { backoffOf, reasonOf, sleep, withTimeout } from './waiting';

/** How requests are repeated. Every limit of it has a name here. */
export interface RetryOptions {
  /** Attempts of one call in all, the first included. 1 never asks again. */
  readonly attemptsMax: number;
  /** Longest wait for one attempt's answer. */
  readonly timeoutMs: number;
  /** Pause before the second attempt; it doubles with each, half of it at random. */
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
  /** The longest `Retry-After` that is waited for; a call that is told to wait longer fails at once. */
  readonly retryAfterMaxMs: number;
}

export const RETRY_DEFAULTS: RetryOptions = {
  attemptsMax: 10, timeoutMs: 10_000, backoffMs: 100, backoffMaxMs: 5_000, retryAfterMaxMs: 60_000,
};

export interface CallOptions {
  /** Aborts the call. A command that is aborted on its way may have happened. */
  readonly signal?: AbortSignal;
}

/** One attempt of a call, for logs and metrics. */
export interface Attempt {
  /** `POST /orders`, or the op of an order entry request. */
  readonly name: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** null when no answer came. */
  readonly status: number | null;
  /** Pause before the next attempt, null when there is none. */
  readonly waitMs: number | null;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** @param name in lower case */
  header(name: string): string | null;
}

/** Done; not done for certain, and worth another attempt; or perhaps done. */
export type Verdict = 'done' | 'refused' | 'unclear';

/** 503 and 429 are given before anything was done, 408 when the request never arrived whole. */
export function verdictOf(status: number): Verdict {
  if (status === 429 || status === 503 || status === 408) return 'refused';
  return status >= 500 ? 'unclear' : 'done';
}

/** Failures to connect: nothing was sent. */
const UNSENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);

function isUnsent(error: unknown): boolean {
  if (error instanceof ConnectionError) return true;
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return (typeof code === 'string' && UNSENT.has(code)) || (typeof cause === 'object' && cause !== null && isUnsent(cause));
}

/** OpenSSL's words for a certificate that does not do, as Node gives them on. */
const UNTRUSTED = /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_)/;

/** @returns why a certificate is not trusted, where that is what went wrong: nothing was sent, and asking again does not help */
export function certificateErrorOf(error: unknown): CertificateError | null {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  if (typeof code === 'string' && UNTRUSTED.test(code)) return new CertificateError(code, { cause: error });
  return typeof cause === 'object' && cause !== null ? certificateErrorOf(cause) : null;
}

export interface Request {
  readonly name: string;
  /** What a command consists of, for whoever has to ask again; null for a read. */
  readonly command: Readonly<Record<string, unknown>> | null;
  /** Whether it may be sent again after an attempt that perhaps was carried out. */
  readonly isRepeatable: boolean;
  send(signal: AbortSignal): Promise<Answer>;
  /** What an answer means, where its status alone does not say. */
  judge?(answer: Answer): Verdict;
}

interface Outcome {
  readonly verdict: Verdict;
  readonly answer: Answer | null;
  readonly error: unknown;
}

/** Sends requests until their outcome is known, as often as its options allow. */
export class Retries {
  constructor(readonly options: RetryOptions, private readonly observe: (attempt: Attempt) => void) {}

  /**
   * @returns an answer that settles the request, whether yes or no
   * @throws ProblemError, ConnectionError or OutcomeUnknownError when none came
   */
  async settle(request: Request, signal: AbortSignal | undefined): Promise<Answer> {
    let wasUnclear = false;
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.attempt(request, signal);
      const { verdict, answer, error } = outcome;
      wasUnclear ||= verdict === 'unclear';
      const waitMs = verdict === 'done' || (verdict === 'unclear' && !request.isRepeatable) ? null : this.pause(attempt, answer);
      this.observe({ name: request.name, attempt, status: answer?.status ?? null, waitMs });
      if (verdict === 'done') return answer as Answer;
      if (waitMs === null) throw failureOf(request, attempt, wasUnclear, answer === null ? error : problemOf(answer));
      await sleep(waitMs, signal);
    }
  }

  /** @throws CertificateError, and what is wrong with the request itself */
  private async attempt(request: Request, signal: AbortSignal | undefined): Promise<Outcome> {
    try {
      const answer = await withTimeout(this.options.timeoutMs, signal, (limited) => request.send(limited));
      return { verdict: request.judge?.(answer) ?? verdictOf(answer.status), answer, error: null };
    } catch (error) {
      if (signal?.aborted === true) throw reasonOf(signal);
      // What is wrong with the request itself does not get better.
      if (error instanceof RangeError || error instanceof TypeError && (error as { cause?: unknown }).cause === undefined) throw error;
      const untrusted = certificateErrorOf(error);
      if (untrusted !== null) throw untrusted;
      return { verdict: isUnsent(error) ? 'refused' : 'unclear', answer: null, error };
    }
  }

  /** @returns null when there is to be no further attempt */
  private pause(attempt: number, answer: Answer | null): number | null {
    const { attemptsMax, backoffMs, backoffMaxMs, retryAfterMaxMs } = this.options;
    if (attempt >= attemptsMax) return null;
    const asked = answer === null ? null : retryAfterMs(answer);
    if (asked !== null && asked > retryAfterMaxMs) return null;
    return Math.max(asked ?? 0, backoffOf(attempt, backoffMs, backoffMaxMs));
  }
}

function failureOf(request: Request, attempts: number, wasUnclear: boolean, cause: unknown): Error {
  if (request.command !== null && wasUnclear) return new OutcomeUnknownError(request.command, attempts, { cause });
  if (cause instanceof ProblemError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new ConnectionError(`${request.name} got no answer in ${attempts} attempts: ${message}`, { cause });
}

/** `Retry-After` in seconds or as a date. */
export function retryAfterMs(answer: Answer): number | null {
  const text = answer.header('retry-after');
  if (text === null) return null;
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, date - Date.now());
}

export function problemOf(answer: Answer): ProblemError {
  const body = answer.body as Partial<ProblemBody> | null | undefined;
  const isProblem = typeof body === 'object' && body !== null && typeof body.code === 'string';
  return new ProblemError(isProblem ? body as ProblemBody : {
    // What stands between here and the venue has words of its own.
    type: 'about:blank', title: `Status ${answer.status}`, status: answer.status, instance: '', code: 'no_problem_document',
    detail: `the answer is no problem document: ${String(answer.body).slice(0, 200)}`,
  }, retryAfterMs(answer));
}
