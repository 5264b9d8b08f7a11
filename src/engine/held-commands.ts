/**
 * Calls whose commands have to wait: more has fallen due than a call does of it, or commands that were sent ahead of them wait. While
 * some do, nothing else is sent, so that all go again in the order in which they were submitted, once every call that is under way has
 * been answered.
 */
export class HeldCommands<T> {
  private held: T[][] = [];
  /** Handed over while others wait: behind all of them. */
  private behind: T[][] = [];
  private underWay = 0;
  private isHolding = false;
  /** When the first was told to wait of those that have waited ever since; null while none do. */
  private sinceMs: number | null = null;
  private lastSeen = 0;

  /**
   * @param send sends a call, and tells `ended` or `hold` of its end
   * @param giveUp told of commands that would wait for longer than `waitMs`: nothing of them has happened
   */
  constructor(
    private readonly waitMs: number, private readonly send: (batch: T[]) => void, private readonly giveUp: (batch: readonly T[]) => void,
  ) {}

  /** The last turn for which this process was told to wait: Redis holds back whatever was sent without knowing of it. */
  get seen(): number {
    return this.lastSeen;
  }

  /** Sends a call now, or behind those that wait. */
  hand(batch: T[]): void {
    if (this.isHolding) this.behind.push(batch);
    else this.sendNow(batch);
  }

  /** A call has been answered. */
  ended(): void {
    this.underWay--;
    if (this.isHolding) this.goOn();
    else this.sinceMs = null;
  }

  /** A call has been told to wait for a turn. Calls are answered in the order in which they were sent. */
  hold(batch: T[], turn: number): void {
    this.lastSeen = Math.max(this.lastSeen, turn);
    this.isHolding = true;
    this.sinceMs ??= Date.now();
    this.held.push(batch);
    this.underWay--;
    this.goOn();
  }

  /** Turns of another life of the shard begin anew. */
  forget(): void {
    this.lastSeen = 0;
  }

  private goOn(): void {
    if (this.underWay > 0) return;
    const batches = [...this.held, ...this.behind];
    this.held = [];
    this.behind = [];
    this.isHolding = false;
    const isTooLong = this.sinceMs !== null && Date.now() - this.sinceMs >= this.waitMs;
    if (isTooLong) this.sinceMs = null;
    for (const batch of batches) {
      if (isTooLong) this.giveUp(batch);
      else this.sendNow(batch);
    }
  }

  private sendNow(batch: T[]): void {
    this.underWay++;
    this.send(batch);
  }
}
