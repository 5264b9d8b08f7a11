/**
 * A place in a shard's log. A sequence is a place within one life of the shard only: a rebuilt shard goes on from where its
 * record ended, with other entries under sequences that were used before. So places are compared with the life they are of.
 */
export interface LogPosition {
  /** Life of the shard. */
  readonly epoch: string;
  readonly sequence: number;
}

export function isSameLife(a: Pick<LogPosition, 'epoch'>, b: Pick<LogPosition, 'epoch'>): boolean {
  return a.epoch === b.epoch;
}

/** Whether who stands at `position` has everything up to `wanted`; of another life it has nothing. */
export function reaches(position: LogPosition, wanted: LogPosition): boolean {
  return isSameLife(position, wanted) && position.sequence >= wanted.sequence;
}
