/** How far Postgres is behind, from looks at both ends of the log. */

export interface Sample {
  readonly atMs: number;
  readonly sequence: number;
  readonly persisted: number;
}

/** When the writer had what was in the log: the age of the oldest entry that it did not have, at each moment, in ms. */
export function lagsMs(samples: readonly Sample[]): number[] {
  const lags: number[] = [];
  let oldest = 0;
  for (const { atMs, sequence, persisted } of samples) {
    // The first moment at which the log was beyond what is persisted now.
    while (oldest < samples.length && (samples[oldest] as Sample).sequence <= persisted) oldest++;
    const since = samples[oldest]?.atMs ?? atMs;
    lags.push(sequence > persisted ? Math.max(0, atMs - since) : 0);
  }
  return lags;
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((share / 100) * sorted.length) - 1)] ?? Number.NaN;
}
