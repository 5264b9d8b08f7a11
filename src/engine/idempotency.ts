import { createHash } from 'node:crypto';

/** Length of a digest: 132 bits as base64url. */
const DIGEST_LENGTH = 22;

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, DIGEST_LENGTH);
}

/** Names a deposit's reference, which is used once for an asset. */
export function referenceDigest(asset: string, reference: string): string {
  return digestOf(`deposit\u0000${asset}\u0000${reference}`);
}

/** Names the reversal of a transfer, which happens once. */
export function reversalDigest(transferId: string): string {
  return digestOf(`reversal\u0000${transferId}`);
}

/**
 * Names an idempotency key within its client by a short digest, so that a key costs Redis the same
 * few bytes whatever its length. The separator cannot stand in a client id.
 */
export function idempotencyDigest(clientId: string, key: string): string {
  return digestOf(`${clientId}\u0000${key}`);
}
