/** Who may do what in a campaign, and who was let in: people are judged by it. Times are ms since 1970. */

/** A change of users, keys or owners is known everywhere that long after it was answered. */
export const KNOWN_WITHIN_MS = 1_000;

/** Something that holds for a while. Its beginning and its end are known to lie between being asked for and being answered. */
export class Phase {
  private sinceMs: number | null = null;
  private endAskedMs: number | null = null;
  private overMs: number | null = null;

  constructor(private readonly askedMs: number = Date.now()) {}

  begun(atMs = Date.now()): this {
    this.sinceMs = atMs;
    return this;
  }

  ending(atMs = Date.now()): void {
    this.endAskedMs = atMs;
  }

  over(atMs = Date.now()): void {
    this.overMs = atMs;
  }

  /** Whether it holds at a time in every process, whatever happens between them. */
  isSure(atMs: number): boolean {
    return this.sinceMs !== null && atMs > this.sinceMs + KNOWN_WITHIN_MS && (this.endAskedMs === null || atMs < this.endAskedMs);
  }

  /** Whether it may hold in some process at any time between two. */
  mayHold(fromMs: number, toMs = fromMs): boolean {
    return toMs >= this.askedMs && (this.overMs === null || fromMs <= this.overMs + KNOWN_WITHIN_MS);
  }
}

/** Somebody's request, and what came of it. */
export interface Visit {
  readonly user: string;
  /** The login or key by which it said who it is. */
  readonly credential: string;
  /** Method and path. */
  readonly what: string;
  readonly sentMs: number;
  readonly answeredMs: number;
}

/** A request of an operator with powers that was answered. */
export interface Act {
  readonly actor: string;
  readonly what: string;
  /** The venue's own name for it. */
  readonly requestId: string;
  readonly outcome: string;
}

export class PeopleLedger {
  readonly letIn: Visit[] = [];
  readonly keptOut: (Visit & { readonly code: string; readonly account: string | null })[] = [];
  readonly acts: Act[] = [];
  /** Users who act for all, with powers. */
  readonly operators = new Set<string>();
  private readonly owning = new Map<string, Phase[]>();
  private readonly suspended = new Map<string, Phase[]>();
  private readonly ended = new Map<string, Phase>();

  own(account: string, user: string, askedMs?: number): Phase {
    return this.add(this.owning, JSON.stringify([account, user]), askedMs);
  }

  suspend(user: string, askedMs?: number): Phase {
    return this.add(this.suspended, user, askedMs);
  }

  /** @param credential that is good for nothing from now on */
  end(credential: string, askedMs?: number): Phase {
    const phase = new Phase(askedMs);
    this.ended.set(credential, phase);
    return phase;
  }

  private add(phases: Map<string, Phase[]>, name: string, askedMs?: number): Phase {
    const phase = new Phase(askedMs);
    phases.set(name, [...phases.get(name) ?? [], phase]);
    return phase;
  }

  owns(account: string, user: string): readonly Phase[] {
    return this.owning.get(JSON.stringify([account, user])) ?? [];
  }

  suspensionsOf(user: string): readonly Phase[] {
    return this.suspended.get(user) ?? [];
  }

  endOf(credential: string): Phase | undefined {
    return this.ended.get(credential);
  }
}
