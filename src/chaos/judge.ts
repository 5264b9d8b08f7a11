import { firstDifference } from '../audit/difference';
import { AssetTable } from '../domain/asset-table';
import { assetsOf } from '../domain/assets';
import { decodeLogEntry, tradesOf, type LogEntry } from '../domain/log-entry';
import type { Instrument } from '../domain/instruments';
import { presentOrderWithTrades } from '../dialects/native/present';
import { resultCodeOf } from '../domain/result-code';
import type { Ledger, SentCommand } from './ledger';

/** A time in which Redis lost what only it had: from the last moment when Postgres had everything, to its return. */
export interface LossWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Verdict {
  /** Commands with a definite answer that changed something, or whose refusal is remembered. */
  acknowledged: number;
  /** Acknowledged, and not to be found though the mode promised it. */
  readonly lost: string[];
  /** Acknowledged after Redis only, within a time in which Redis was destroyed. */
  lostAsAllowed: number;
  readonly doubled: string[];
  /** In the record, but not as the client was told, or sent by nobody. */
  readonly unexplained: string[];
  readonly auditFailures: string[];
}

export interface JudgedRecord {
  journal(): AsyncGenerator<{ readonly sequence: number; readonly payload: string }>;
}

/** Answers that the venue remembers under a key. */
function isRemembered(command: SentCommand): boolean {
  const { status } = command;
  return status !== null && (status < 300 || status === 404 || status === 409 || status === 422);
}

/** Holds the record against what the clients were told. */
export async function judgeLedger(
  ledger: Ledger, record: JudgedRecord, digest: (clientId: string, key: string) => string,
  instruments: ReadonlyMap<string, Instrument>, losses: readonly LossWindow[],
): Promise<Verdict> {
  const verdict: Verdict = { acknowledged: 0, lost: [], lostAsAllowed: 0, doubled: [], unexplained: [], auditFailures: [] };
  const assets = new AssetTable(assetsOf([...instruments.values()], new Map()));
  const byDigest = new Map<string, SentCommand>();
  for (const command of ledger.commands.values()) byDigest.set(digest(command.clientId, command.key), command);
  const found = new Map<SentCommand, LogEntry>();
  for await (const { payload, sequence } of record.journal()) {
    const entry = decodeLogEntry(payload);
    const command = entry.idempotency === null ? undefined : byDigest.get(entry.idempotency);
    if (command === undefined) {
      verdict.unexplained.push(`entry ${sequence} carries a key that no client sent`);
      continue;
    }
    if (found.has(command)) verdict.doubled.push(`${command.key} (${command.op}) is in entries ${found.get(command)?.sequence} and ${sequence}`);
    else found.set(command, entry);
  }
  for (const command of ledger.commands.values()) {
    if (!isRemembered(command)) continue;
    verdict.acknowledged++;
    const entry = found.get(command);
    if (entry === undefined) {
      const at = command.answeredMs as number;
      const isAllowed = command.mode === 'redis' && losses.some((loss) => at >= loss.fromMs && at <= loss.toMs);
      if (isAllowed) verdict.lostAsAllowed++;
      else verdict.lost.push(`${command.key} (${command.op} of ${command.clientId}, ${command.status}, acknowledged after ${command.mode} at ${at}, ${command.unclear} times unclear; losses ${losses.map(({ fromMs, toMs }) => `${fromMs}-${toMs}`).join(' ')})`);
      continue;
    }
    const difference = differenceOf(command, entry, instruments, assets);
    if (difference !== null) verdict.unexplained.push(`${command.key} (${command.op}): entry ${entry.sequence} ${difference}`);
  }
  return verdict;
}

/** @returns how the record differs from what the client was told, null when it does not */
function differenceOf(command: SentCommand, entry: LogEntry, instruments: ReadonlyMap<string, Instrument>, assets: AssetTable): string | null {
  const body = command.body ?? {};
  if (entry.kind === 'refuse') {
    const code = resultCodeOf(entry.code);
    // What Redis has let go of is looked up in history: the same fact under its more exact name.
    const told = body.code === 'order_not_open' && code === 'order_not_found' ? code : body.code;
    return told === code ? null : `is a refusal with ${code}, the client was told ${JSON.stringify(body.code ?? command.status)}`;
  }
  if ((command.status as number) >= 300) return `is a ${entry.kind}, the client was told ${JSON.stringify(body.code)}`;
  const order = entry.orders[0];
  const instrument = order === undefined ? undefined : instruments.get(order.instrument);
  if (order === undefined || instrument === undefined) return 'has no order';
  const expected: Record<string, unknown> = { ...presentOrderWithTrades(order, tradesOf(entry), instrument, assets) };
  const { stale: _stale, lag_entries: _entries, lag_seconds: _seconds, ...told }: Record<string, unknown> = body;
  // A cancel tells all trades of the order, the entry only its own.
  if (command.op === 'cancel') {
    delete expected.trades;
    delete told.trades;
  }
  const difference = firstDifference(expected, told);
  return difference === null ? null : `differs from the answer at${difference}`;
}

