import { hash } from 'node:crypto';

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
const INNER = 0x36;
const OUTER = 0x5c;

/**
 * A key of HMAC-SHA256 (RFC 2104), made ready once: signing is two hashes at one stroke each, at half of what an object of OpenSSL's
 * costs for so short a text.
 */
export class HmacKey {
  private readonly inner: Buffer;
  /** With room for the digest of what is inside. */
  private readonly outer: Buffer;

  constructor(secret: Buffer) {
    const block = Buffer.alloc(BLOCK_BYTES);
    (secret.length > BLOCK_BYTES ? hash('sha256', secret, 'buffer') : secret).copy(block);
    this.inner = block.map((byte) => byte ^ INNER) as Buffer;
    this.outer = Buffer.concat([block.map((byte) => byte ^ OUTER), Buffer.alloc(DIGEST_BYTES)]);
  }

  /** @param parts one text, in pieces */
  sign(parts: readonly (string | Buffer)[]): Buffer {
    let length = BLOCK_BYTES;
    for (const part of parts) length += Buffer.byteLength(part);
    const text = Buffer.allocUnsafe(length);
    this.inner.copy(text);
    let at = BLOCK_BYTES;
    for (const part of parts) at += typeof part === 'string' ? text.write(part, at) : part.copy(text, at);
    hash('sha256', text, 'buffer').copy(this.outer, BLOCK_BYTES);
    return hash('sha256', this.outer, 'buffer');
  }
}
