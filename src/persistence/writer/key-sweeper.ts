/** Where the sweeper finds what is past its lifetime, and remembers how far it has come. */
export interface SweepRecord {
  sweptSequence(): Promise<number>;
  sweepPage(afterSequence: number, second: number, limit: number): Promise<{ readonly sequence: number; readonly digest: string | null }[]>;
  moveSwept(sequence: number): Promise<void>;
}

const PAGE = 5_000;

/** Takes idempotency keys out of Redis once their lifetime is over, page by page through the journal and the entries that Postgres refused. */
export class KeySweeper {
  private swept: number | null = null;

  constructor(
    private readonly record: SweepRecord,
    private readonly forgetKeys: (digests: readonly string[]) => Promise<number | null>,
    private readonly lifetimeS: number,
  ) {}

  /** Another process may have swept meanwhile. */
  reset(): void {
    this.swept = null;
  }

  /**
   * Sweeps one page.
   * @param timeUs now by the venue's clock: Redis', which decides on lifetimes, may differ from this machine's
   * @returns whether there is more to sweep
   */
  async sweep(timeUs: number): Promise<boolean> {
    const expiry = Math.floor(timeUs / 1e6) - this.lifetimeS;
    if (expiry <= 0) return false;
    this.swept ??= await this.record.sweptSequence();
    const page = await this.record.sweepPage(this.swept, expiry, PAGE);
    const last = page[page.length - 1];
    if (last === undefined) return false;
    // What a later program holds is not let go of, and is still to be swept.
    if (await this.forgetKeys(page.flatMap(({ digest }) => (digest === null ? [] : [digest]))) === null) return false;
    await this.record.moveSwept(last.sequence);
    this.swept = last.sequence;
    return page.length === PAGE;
  }
}
