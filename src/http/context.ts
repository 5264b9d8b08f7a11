import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Context } from '../domain/context';
import { ANYONE, type Principal } from '../domain/principal';

const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const ZERO_TRACE = '0'.repeat(32);
const ZERO_SPAN = '0'.repeat(16);

function hexOf(uuid: string): string {
  return uuid.slice(0, 8) + uuid.slice(9, 13) + uuid.slice(14, 18) + uuid.slice(19, 23) + uuid.slice(24);
}

/** 16 hex digits of a UUID, most of them away from its fixed ones. */
function spanOf(uuid: string): string {
  return uuid.slice(19, 23) + uuid.slice(24);
}

/** What came as a request has headers, and so a trace. */
export type RequestContext = Context & { readonly traceparent: string };

/** The context of a request. @param address of who asks @param timeoutMs how long it may take to answer it */
export function contextOf({ headers }: IncomingMessage, address: string, timeoutMs: number): RequestContext {
  const given = headers['x-request-id'];
  const requestId = typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
  const parent = headers.traceparent;
  const match = typeof parent === 'string' ? TRACEPARENT.exec(parent) : null;
  const isUsable = match !== null && match[1] !== ZERO_TRACE && match[2] !== ZERO_SPAN;
  const traceId = isUsable ? (match[1] as string) : hexOf(randomUUID());
  const flags = isUsable ? (match[3] as string) : '01';
  return {
    principal: ANYONE, requestId, traceparent: `00-${traceId}-${spanOf(randomUUID())}-${flags}`, address, signatureUse: null,
    deadlineMs: performance.now() + timeoutMs,
  };
}

/** The context of a message of a connection. @param address of the peer */
export function contextOfMessage(principal: Principal, address: string, timeoutMs: number): Context {
  return { principal, requestId: randomUUID(), traceparent: null, address, signatureUse: null, deadlineMs: performance.now() + timeoutMs };
}
