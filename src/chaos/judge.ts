import { AssetTable } from '../domain/asset-table';
import { assetsOf } from '../domain/assets';
import { decodeLogEntry, type LogEntry } from '../domain/log-entry';
import type { Instrument } from '../domain/instruments';
import { resultCodeOf } from '../domain/result-code';
import { answerOfMoney, isEndToldAgain, isSameRefusal, shortfallDifference } from './judge-money';
import { listDifference } from './judge-lists';
import { MONEY_OPS, type Ledger, type SentCommand } from './ledger';
import { OnceOnly } from './once-only';
import { presentedOf, toldDifference, type Told } from './told-order';

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
  /** The rule of money, where an entry breaks it. */
  readonly ruleBroken: string[];
  /** Who did what is not theirs to do, or was let in, kept out or kept on record in another way than is right. */
  readonly rightsBroken: string[];
  /** Where a book that a client has kept from the stream is another than the venue's. */
  readonly booksWrong: string[];
  readonly auditFailures: string[];
}

/** Everything that is not as it has to be. */
export function problemsOf(verdict: Verdict): readonly string[] {
  return [
    ...verdict.lost, ...verdict.doubled, ...verdict.unexplained, ...verdict.ruleBroken, ...verdict.rightsBroken, ...verdict.booksWrong, ...verdict.auditFailures,
  ];
}

export interface JudgedRecord {
  journal(): AsyncGenerator<{ readonly sequence: number; readonly payload: string }>;
}

/** Told of each entry. @returns what of the rule of money it breaks */
export interface Rule {
  add(entry: LogEntry): readonly string[];
}

/** Told of each entry that somebody asked for. @returns what of it nobody had a right to */
export interface Rights {
  add(entry: LogEntry, command: SentCommand): readonly string[];
}

/** Where nobody is asked who they are. */
export const NO_RIGHTS: Rights = { add: () => [] };

const REMEMBERED_STATUSES: ReadonlySet<number> = new Set([403, 404, 409, 422]);
/** Refusals of money that are found out before the venue's book is asked, and remembered under no key. */
const NOT_REMEMBERED: ReadonlySet<unknown> = new Set(['reference_reused', 'same_account', 'withdrawal_not_found', 'transfer_not_found', 'withdrawal_resolved', 'transfer_resolved']);

export const isAboutMoney = ({ op }: SentCommand): boolean => (MONEY_OPS as readonly string[]).includes(op);

/** Answers that the venue remembers under a key. */
function isRemembered(command: SentCommand): boolean {
  const { status, body } = command;
  if (status === null) return false;
  return status < 300 || (REMEMBERED_STATUSES.has(status) && !(isAboutMoney(command) && NOT_REMEMBERED.has(body?.code)));
}

/** Holds the record against what the clients were told. */
export async function judgeLedger(
  ledger: Ledger, record: JudgedRecord, digest: (account: string, key: string) => string,
  instruments: ReadonlyMap<string, Instrument>, losses: readonly LossWindow[], rule: Rule, rights: Rights = NO_RIGHTS,
): Promise<Verdict> {
  const verdict: Verdict = { acknowledged: 0, lost: [], lostAsAllowed: 0, doubled: [], unexplained: [], ruleBroken: [], rightsBroken: [], booksWrong: [], auditFailures: [] };
  const assets = new AssetTable(assetsOf([...instruments.values()], new Map()));
  const byDigest = new Map<string, SentCommand>();
  for (const command of ledger.commands.values()) {
    for (const scope of scopesOf(command, ledger)) byDigest.set(digest(scope, command.key), command);
  }
  const expected = new Set(ledger.expected.map(({ account, key }) => digest(account, key)));
  const found = new Map<SentCommand, LogEntry>();
  const once = new OnceOnly();
  for await (const { payload, sequence } of record.journal()) {
    const entry = decodeLogEntry(payload);
    verdict.ruleBroken.push(...rule.add(entry));
    verdict.doubled.push(...once.add(entry));
    const command = entry.idempotency === null ? undefined : byDigest.get(entry.idempotency);
    if (command === undefined) {
      if (!isOfVenue(entry) && !expected.has(entry.idempotency ?? '')) verdict.unexplained.push(`entry ${sequence} carries a key that no client sent`);
      continue;
    }
    verdict.rightsBroken.push(...rights.add(entry, command));
    if (found.has(command)) verdict.doubled.push(`${command.key} (${command.op}) is in entries ${found.get(command)?.sequence} and ${sequence}`);
    else found.set(command, entry);
  }
  for (const command of ledger.commands.values()) {
    // What was refused on the way may be remembered all the same.
    const entry = found.get(command) ?? once.deposit(command);
    if (isRemembered(command)) verdict.acknowledged++;
    if (entry === undefined) {
      if (isRemembered(command)) tellLost(command, losses, verdict);
      continue;
    }
    if (command.status === null) continue;
    const difference = differenceOf(command, entry, instruments, assets);
    if (difference !== null) verdict.unexplained.push(`${command.key} (${command.op}): entry ${entry.sequence} ${difference}`);
  }
  return verdict;
}

/** Whose a key may be: of the account, or, where its order went with Redis and nobody remembers whose it was, of that order and who asked. */
function scopesOf({ account, orderId, senders }: SentCommand, { userIds }: Ledger): string[] {
  if (orderId === null) return [account];
  const users = [...senders].map((name) => userIds.get(name)).filter((id) => id !== undefined);
  return [account, `\u0000${orderId}`, ...users.map((id) => `\u0000${orderId}\u0000${id}`)];
}

function tellLost(command: SentCommand, losses: readonly LossWindow[], verdict: Verdict): void {
  const at = command.answeredMs as number;
  const isAllowed = command.mode === 'redis' && losses.some((loss) => at >= loss.fromMs && at <= loss.toMs);
  if (isAllowed) verdict.lostAsAllowed++;
  else verdict.lost.push(`${command.key} (${command.op} of ${command.account}, ${command.status}, acknowledged after ${command.mode} at ${at}, ${command.unclear} times unclear; losses ${losses.map(({ fromMs, toMs }) => `${fromMs}-${toMs}`).join(' ')})`);
}

/** Commands of the venue itself, which ends what is over, has orders go whose price trades have reached, and carries auctions out, and those that have no key. */
const WITHOUT_KEY: ReadonlySet<LogEntry['kind']> = new Set(['trigger', 'due', 'kill', 'cancel_after', 'instrument', 'auction']);

function isOfVenue({ kind, command, idempotency }: LogEntry): boolean {
  if (WITHOUT_KEY.has(kind)) return idempotency === null;
  return kind === 'transfer_end' && idempotency === null && command?.op === 'transfer_end' && command.status === 'expired' && command.actor === null;
}

/** @returns how the record differs from what the client was told, null when it does not */
function differenceOf(command: SentCommand, entry: LogEntry, instruments: ReadonlyMap<string, Instrument>, assets: AssetTable): string | null {
  const body = command.body ?? {};
  if (entry.kind === 'refuse') {
    const code = resultCodeOf(entry.code);
    if (command.op === 'end_withdrawal' && isEndToldAgain(entry, command.status as number, body.status)) return null;
    if (isSameRefusal(code, body.code)) return shortfallDifference(entry, body, assets);
    return `is a refusal with ${code}, the client was told ${JSON.stringify(body.code ?? command.status)}`;
  }
  if ((command.status as number) >= 300) return `is a ${entry.kind}, the client was told ${JSON.stringify(body.code)}`;
  if (command.op === 'list' || command.op === 'cancel_list') return listDifference(command, entry, instruments, assets);
  const expected = answerOf(entry, instruments, assets);
  if (expected === null) return 'has no order';
  return toldDifference(expected, body, command.op === 'cancel');
}

/** What a client is to be told of an entry, null where that is nothing. */
function answerOf(entry: LogEntry, instruments: ReadonlyMap<string, Instrument>, assets: AssetTable): Told | null {
  const money = answerOfMoney(entry, assets);
  if (money !== null) return money;
  const order = entry.orders[0];
  return order === undefined ? null : presentedOf(order, entry, instruments, assets);
}
