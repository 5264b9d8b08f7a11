import type { Caller } from '../../domain/principal';
import { invalid, type FieldError } from '../../http/request-refusal';
import type { Gate } from '../../people/gate';

/** Close code of a WebSocket whose caller's login has ended. */
export const CLOSE_SESSION_ENDED = 4401;

const TEXT_FIELDS = ['token', 'key', 'signature'] as const;

/** A number of milliseconds, as it is signed: as it came. */
function digitsOf(value: unknown): string | null {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}

function faultsOf(fields: Readonly<Record<string, unknown>>): FieldError[] {
  const faults: FieldError[] = TEXT_FIELDS.filter((name) => fields[name] !== undefined && typeof fields[name] !== 'string')
    .map((field) => ({ field, message: 'must be text' }));
  if ((fields.token === undefined) === (fields.key === undefined)) faults.push({ field: 'token', message: 'or key must be given, and not both' });
  if (fields.key !== undefined && fields.signature === undefined) faults.push({ field: 'signature', message: 'is required with key' });
  if (fields.key !== undefined && digitsOf(fields.timestamp) === null) faults.push({ field: 'timestamp', message: 'must be milliseconds since 1970' });
  if (fields.window !== undefined && digitsOf(fields.window) === null) faults.push({ field: 'window', message: 'must be a number of milliseconds' });
  return faults;
}

/**
 * Who a message `{ "op": "auth", "token" }` or `{ "op": "auth", "key", "timestamp", "signature" }` is of. What is signed is the timestamp,
 * GET and the path by which the connection was opened.
 * @throws Refusal `validation_failed`, or 401
 */
export async function callerOfMessage(gate: Gate, fields: Readonly<Record<string, unknown>>, path: string, address: string): Promise<Caller> {
  const faults = faultsOf(fields);
  if (faults.length > 0) throw invalid(faults);
  const { token, key, timestamp, signature, window } = fields;
  if (typeof token === 'string') return gate.byToken(token);
  return gate.takingSignature({
    apiKey: key as string, timestamp: digitsOf(timestamp) ?? '', signature: signature as string, window: digitsOf(window),
  }, ['GET', path], address);
}
