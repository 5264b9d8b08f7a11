import { createHash } from 'node:crypto';

/** Length of a digest: 132 bits as base64url. */
const DIGEST_LENGTH = 22;

/**
 * Names an idempotency key within its client by a short digest, so that a key costs Redis the same
 * few bytes whatever its length. The separator cannot stand in a client id.
 */
export function idempotencyDigest(clientId: string, key: string): string {
  return createHash('sha256').update(`${clientId}\u0000${key}`).digest('base64url').slice(0, DIGEST_LENGTH);
}
