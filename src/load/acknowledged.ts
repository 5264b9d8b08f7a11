import { decodeLogEntry, type LogEntry } from '../domain/log-entry';

/** Holds what a load generator was told against what the venue has on record. */

/** A command that the venue answered as carried out. */
export interface Acknowledged {
  readonly op: 'place' | 'cancel';
  /** Log sequence that the answer told. */
  readonly sequence: number;
  readonly orderId: string;
  readonly clientId: string;
  readonly key: string;
}

export interface RecordVerdict {
  /** Commands told of. */
  readonly acknowledged: number;
  /** Acknowledged, and not in the record. */
  readonly missing: readonly string[];
  /** In the record, but not as it was told. */
  readonly different: readonly string[];
  /** Carried out more than once. */
  readonly doubled: readonly string[];
  /** Carried out, their answers never seen: in flight when the load ended. */
  readonly unanswered: number;
}

/** Lines that load-test/lib/orders.js writes: `acknowledged place 1042 <order id> <client> <key>`. */
const LINE = /^acknowledged (place|cancel) ([1-9]\d{0,15}) ([0-9a-f-]{36}) (\S+) (\S+)$/;

/** @returns null for a line that tells of something else */
export function parseAcknowledged(line: string): Acknowledged | null {
  const found = LINE.exec(line);
  if (found === null) return null;
  const [, op, sequence, orderId, clientId, key] = found as unknown as [string, Acknowledged['op'], string, string, string, string];
  return { op, sequence: Number(sequence), orderId, clientId, key };
}

const describe = ({ op, key, orderId, sequence }: Acknowledged): string => `${op} ${key} (order ${orderId}, entry ${sequence})`;

/** @returns how the entry differs from what was told, null when it does not */
function differenceOf(told: Acknowledged, entry: LogEntry, digest: (clientId: string, key: string) => string): string | null {
  if (entry.kind !== told.op) return `is a ${entry.kind} in the record`;
  if (entry.orders[0]?.orderId !== told.orderId) return `is of order ${entry.orders[0]?.orderId ?? 'none'} in the record`;
  if (entry.idempotency !== digest(told.clientId, told.key)) return 'carries another key in the record';
  return null;
}

/**
 * @param told in any order
 * @param journal the record from the moment the load began, in order; a venue of others' may have entries of theirs
 * @param isOfLoad whether a client is one of the load's
 */
export async function judgeAcknowledged(
  told: Iterable<Acknowledged>, journal: AsyncIterable<{ readonly sequence: number; readonly payload: string }>,
  digest: (clientId: string, key: string) => string, isOfLoad: (clientId: string) => boolean,
): Promise<RecordVerdict> {
  const waiting = new Map<number, Acknowledged>();
  const different: string[] = [];
  const doubled: string[] = [];
  let acknowledged = 0;
  for (const command of told) {
    acknowledged++;
    const other = waiting.get(command.sequence);
    // One entry is the effect of one command.
    if (other !== undefined) different.push(`${describe(command)} was told the entry of ${describe(other)}`);
    else waiting.set(command.sequence, command);
  }
  const digests = new Set<string>();
  let unanswered = 0;
  for await (const { sequence, payload } of journal) {
    const entry = decodeLogEntry(payload);
    if (entry.kind === 'refuse' || entry.kind === 'keep') continue;
    if (entry.idempotency !== null) {
      if (digests.has(entry.idempotency)) doubled.push(`entry ${sequence} carries a key that an earlier one has: ${entry.kind} of order ${entry.orders[0]?.orderId ?? 'none'}`);
      digests.add(entry.idempotency);
    }
    const command = waiting.get(sequence);
    if (command === undefined) {
      if (entry.orders.some((order) => isOfLoad(order.clientId))) unanswered++;
      continue;
    }
    waiting.delete(sequence);
    const difference = differenceOf(command, entry, digest);
    if (difference !== null) different.push(`${describe(command)} ${difference}`);
  }
  return { acknowledged, missing: [...waiting.values()].map(describe), different, doubled, unanswered };
}
