/** Runs pieces of work with at most `window` of them under way, in order. */
export async function windowed<T, R>(pieces: readonly T[], window: number, work: (piece: T) => Promise<R>): Promise<R[]> {
  const results: Promise<R>[] = [];
  for (let i = 0; i < pieces.length; i++) {
    if (i >= window) await results[i - window];
    results.push(work(pieces[i] as T));
  }
  return Promise.all(results);
}

export function inBatches<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
