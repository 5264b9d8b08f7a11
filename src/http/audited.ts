import type { AuditEntry } from '../domain/people';
import { truePerson, type Caller } from '../domain/principal';
import { refusalOf } from '../domain/refusal';
import { TARGET_LENGTH_MAX, type AuditLog } from '../people/audit-log';
import type { Answer } from './answer';
import type { Call } from './dialect';

/** Fields by which calls name the account that they are for, as paths and bodies have them. */
const ACCOUNT_FIELDS = ['account_id', 'client_id', 'from'] as const;
/** Fields that no log may hold. */
const SECRETS: ReadonlySet<string> = new Set(['password', 'new_password', 'refresh_token', 'access_token', 'token', 'secret']);

function fieldsOf(body: unknown): Readonly<Record<string, unknown>> {
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? body as Record<string, unknown> : {};
}

const ACCOUNTS_LENGTH_MAX = 500;

/** The account that a call names; those that the operations of a batch do, between spaces. */
function accountOf({ params, query, body }: Pick<Call, 'params' | 'query' | 'body'>): string | null {
  const { operations } = fieldsOf(body);
  if (Array.isArray(operations)) {
    const accounts = new Set(operations.map((operation: unknown) => accountOf({ params: {}, query: '', body: operation })).filter((account) => account !== null));
    return accounts.size === 0 ? null : [...accounts].join(' ').slice(0, ACCOUNTS_LENGTH_MAX);
  }
  const named = { ...Object.fromEntries(new URLSearchParams(query)), ...fieldsOf(body), ...params } as Readonly<Record<string, unknown>>;
  const account = ACCOUNT_FIELDS.map((field) => named[field]).find((value) => typeof value === 'string');
  return typeof account === 'string' ? printable(account) : null;
}

/** Postgres keeps no zero bytes, and a log need not hold what moves a cursor. */
const printable = (text: string): string => text.replace(/\p{Cc}/gu, '\ufffd');

/** What a call is about: its path, and what its body says. */
function targetOf(path: string, query: string, body: unknown): string {
  const told = JSON.stringify(body, (name, value: unknown) => (SECRETS.has(name) ? '…' : value));
  const text = printable(`${path}${query === '' ? '' : `?${query}`}${body === undefined ? '' : ` ${told}`}`);
  return text.length > TARGET_LENGTH_MAX ? `${text.slice(0, TARGET_LENGTH_MAX - 1)}…` : text;
}

/**
 * Carries out what somebody does with powers, or as somebody else: on record before it is done, its outcome before it is answered; what only reads is on
 * record before it is told.
 * @throws UnavailableError where it cannot be kept, Refusal `outcome_unknown` where what came of it cannot be kept in time
 */
export async function audited<T extends Answer | null>(
  log: AuditLog, caller: Caller, action: { readonly name: string; readonly path: string; readonly isRead: boolean },
  { context, params, query, body }: Pick<Call, 'context' | 'params' | 'query' | 'body'>, work: () => Promise<T>,
): Promise<T> {
  const path = action.path.replace(/:(\w+)/g, (_, name: string) => params[name] ?? '');
  const entry: AuditEntry = {
    actor: truePerson(caller).username, apiKey: caller.apiKey, actingFor: accountOf({ params, query, body }) ?? (caller.minter === null ? null : caller.person.account),
    action: action.name, target: targetOf(path, query, body), requestId: context.requestId,
  };
  if (!action.isRead) return log.around(entry, work, outcomeOf, outcomeOfError);
  let answer: T;
  try {
    answer = await work();
  } catch (error) {
    await log.tell(entry, outcomeOfError(error));
    throw error;
  }
  await log.tell(entry, outcomeOf(answer));
  return answer;
}

const outcomeOf = (answer: Answer | null): string => (answer === null || answer.status < 400 ? 'ok' : String(answer.status));
const outcomeOfError = (error: unknown): string => refusalOf(error)?.code ?? 'internal_error';
