/**
 * Makes the idempotency keys of a shard older, so that no test sleeps through their lifetime.
 * @param send a command to Redis
 * @param key of the hash that holds them: each as `<sequence>,<second of its first use>`
 * @returns how many there are
 */
export async function ageKeys(send: (...command: string[]) => Promise<unknown>, key: string, seconds: number): Promise<number> {
  const stored = (await send('HGETALL', key)) as string[];
  for (let i = 0; i < stored.length; i += 2) {
    const [sequence, second] = (stored[i + 1] as string).split(',');
    await send('HSET', key, stored[i] as string, `${sequence},${Number(second) - seconds}`);
  }
  return stored.length / 2;
}
