import type { Instrument } from '../domain/instruments';
import type { LevelStep } from './level-merge';

/** Whose deltas are one chain. */
export interface DeltaSource {
  readonly instrument: Instrument;
  /** Levels of each side that its checksums are made of. */
  readonly checksumLevels: number;
}

/** A change of the book as one feed tells it. */
export interface FeedDelta {
  readonly feed: DeltaSource;
  readonly firstSequence: number;
  readonly previousSequence: number;
  readonly sequence: number;
  readonly timeUs: number;
  readonly bids: readonly LevelStep[];
  readonly asks: readonly LevelStep[];
}
