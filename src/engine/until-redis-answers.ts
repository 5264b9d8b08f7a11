import { setTimeout as sleep } from 'node:timers/promises';
import { ErrorReply } from '@redis/client';
import type { Logger } from 'pino';

/** What waiting does not mend: Redis answers, and says no. */
export function isRefusedByRedis(error: unknown): boolean {
  return error instanceof ErrorReply && !/^(LOADING|BUSY|MASTERDOWN|CLUSTERDOWN)/.test(error.message);
}

/** Pause between attempts on a Redis that does not answer yet. */
const RETRY_MS = 200;

/**
 * Does something at a start again and again until Redis lets it, and says once for each reason what it waits for: a Redis that
 * reads its data back, or is lost just then, keeps a start waiting and does not end it.
 * @param isFinal of what waiting does not mend
 * @throws what `isFinal` names
 */
export async function untilRedisAnswers(work: () => Promise<void>, logger: Logger, isStopping: () => boolean, isFinal: (error: unknown) => boolean): Promise<void> {
  let said = '';
  while (!isStopping()) {
    try {
      await work();
      return;
    } catch (error) {
      if (isFinal(error)) throw error;
      const { message } = error as Error;
      if (message !== said) logger.warn({ reason: message }, 'waiting for redis');
      said = message;
      await sleep(RETRY_MS);
    }
  }
}
