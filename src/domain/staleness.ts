/** How far Postgres is behind, for answers that could not be made from all of history. */
export interface Staleness {
  /** null where it cannot be told. */
  readonly lagEntries: number | null;
  readonly lagSeconds: number | null;
}
