import type pg from 'pg';

/**
 * The right to write a shard's record: held by its writer, or by whoever rebuilds the shard from it. An
 * advisory lock of the session, so it ends with whoever held it.
 */
const lockName = (shard: string): string => `openfill:writer:${shard}`;

/** @returns false when somebody else holds it */
export async function tryWriterLock(session: pg.Client, shard: string): Promise<boolean> {
  const { rows } = await session.query<{ locked: boolean }>(
    'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS locked', [lockName(shard)],
  );
  return rows[0]?.locked === true;
}

/** Waits its turn; a writer on a lost shard lets go by itself. @returns false when it did not come in time */
export async function waitForWriterLock(session: pg.Client, shard: string, timeoutMs: number): Promise<boolean> {
  await session.query(`SET lock_timeout = ${Math.floor(timeoutMs)}`);
  try {
    await session.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [lockName(shard)]);
    return true;
  } catch (error) {
    // 55P03: lock_not_available
    if ((error as { code?: string }).code === '55P03') return false;
    throw error;
  } finally {
    await session.query('SET lock_timeout = 0').catch(() => undefined);
  }
}
