import type { LogEntry } from '../domain/log-entry';
import type { FieldFault, RequestField } from '../domain/refusal';

type Value = string | number | boolean | null;

/** The log's name of each field that a fingerprint may have, and the domain's. */
const FIELDS = {
  op: 'op', account_id: 'accountId', name: 'name', status: 'status', credit: 'credit', fee_group: 'feeGroup', deposits: 'deposits', asset: 'asset',
  amount: 'amount', reference: 'reference', destination: 'destination', from: 'from', to: 'to', note: 'note', pending: 'pending',
  timeout_s: 'timeoutS', transfer_id: 'transferId', rates: 'rates',
} as const satisfies Record<string, RequestField>;

type FingerprintName = keyof typeof FIELDS;

/**
 * What a command asked for, in a form that two requests can be compared in: amounts as whole units, rates as millionths. It is
 * kept in the log beside a key or a reference, under these names.
 */
export type MoneyFingerprint =
  & Readonly<Partial<Record<Exclude<FingerprintName, 'op' | 'deposits' | 'rates'>, Value>>>
  & { readonly op: string; readonly deposits?: readonly (readonly Value[])[]; readonly rates?: readonly (readonly Value[])[] };

/** What the first use of a key or a reference asked for: a place is told by its command alone. */
function firstOf({ command, request }: LogEntry): Readonly<Record<string, unknown>> {
  return request === null || typeof request !== 'object' ? { op: command?.op } : request as Readonly<Record<string, unknown>>;
}

/** @returns the fields in which a repeat differs from the first use; none for a true retry */
export function differencesFromFirst(entry: LogEntry, repeat: MoneyFingerprint): FieldFault[] {
  const first = firstOf(entry);
  const asked: Readonly<Record<string, unknown>> = repeat;
  const names = first.op === asked.op ? Object.keys(FIELDS) as FingerprintName[] : ['op'] as const;
  return names
    .filter((name) => JSON.stringify(first[name] ?? null) !== JSON.stringify(asked[name] ?? null))
    .map((name) => ({ field: FIELDS[name], message: 'differs from the request that came first' }));
}
