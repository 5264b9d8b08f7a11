/** A rate and what may be done at once. */
export interface Allowance {
  readonly perSecond: number;
  readonly burst: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/** New names between two looks for those that nobody asks for any more. */
const SWEEP_EACH = 10_000;
/** Longer than any bucket takes to be full: forgotten then, it is as it would be. */
const KEPT_MS = 3_600_000;

/** Token buckets by name, in this process's memory. */
export class TokenBuckets {
  private readonly buckets = new Map<string, Bucket>();
  private sinceSweep = 0;

  /** @param nowMs a clock that never goes back */
  constructor(private readonly nowMs: () => number = () => performance.now()) {}

  /** Takes tokens where there are enough. @returns ms until there are, 0 where they were taken; Infinity for more than the bucket ever holds */
  take(name: string, count: number, { perSecond, burst }: Allowance): number {
    if (count > burst) return Infinity;
    const nowMs = this.nowMs();
    const bucket = this.buckets.get(name) ?? this.begin(name, burst, nowMs);
    bucket.tokens = Math.min(burst, bucket.tokens + (nowMs - bucket.atMs) * perSecond / 1_000);
    bucket.atMs = nowMs;
    if (bucket.tokens < count) return Math.ceil((count - bucket.tokens) * 1_000 / perSecond);
    bucket.tokens -= count;
    return 0;
  }

  private begin(name: string, burst: number, nowMs: number): Bucket {
    if (++this.sinceSweep >= SWEEP_EACH) this.sweep(nowMs);
    const bucket = { tokens: burst, atMs: nowMs };
    this.buckets.set(name, bucket);
    return bucket;
  }

  private sweep(nowMs: number): void {
    this.sinceSweep = 0;
    for (const [name, { atMs }] of this.buckets) if (nowMs - atMs > KEPT_MS) this.buckets.delete(name);
  }
}
