import { decodeLogEntry, type LogEntry } from '../../../src/domain/log-entry';
import type { Engine } from '../../../src/engine/engine';

const WAIT_MS = 5_000;

/** Entries since a sequence, once so many are there: an engine goes on with a cascade by itself. */
export async function entriesAfter(engine: Engine, sequence: number, count: number): Promise<LogEntry[]> {
  const untilMs = Date.now() + WAIT_MS;
  for (;;) {
    const entries = (await engine.logPage(sequence, 1_000)).map(({ payload }) => decodeLogEntry(payload));
    if (entries.length >= count || Date.now() > untilMs) return entries;
  }
}
