import { hash } from 'node:crypto';

/** Bytes of a digest, which is told as base64url. */
const DIGEST_BYTES = 16;
const DIGEST_LENGTH = 22;
const SECOND_LENGTH = 10;
/** How far a signature's time may at most be off. */
export const WINDOW_MAX_MS = 60_000;
/** How far the clocks of processes may be apart. */
const CLOCKS_APART_MS = 5_000;
/** How long what is good once is remembered behind its second. */
export const ONCE_KEPT_MS = WINDOW_MAX_MS + CLOCKS_APART_MS;

/**
 * The use of what is good once: a signature, or a login elsewhere that is under way. What a command of the engine does takes it within
 * the command's atomic step; whatever has no command takes it by itself.
 */
export class OneTimeUse {
  /** Whether a command has it: then that decides whether it is the first. */
  isWithCommand = false;

  /** @param text its digest, its second, and for how many ms any of that second could be used again, one behind the other */
  private constructor(readonly text: string) {}

  /**
   * @param what names it among all that is good once
   * @param second since 1970: the same thing is always of the same one, and good no longer than ONCE_KEPT_MS behind it
   */
  static of(what: string, second: number): OneTimeUse {
    return OneTimeUse.by(hash('sha256', what, 'base64url').slice(0, DIGEST_LENGTH), second);
  }

  /** Of what nobody can choose. @param bytes at least 16, of which no two uses share the first 16 */
  static ofRandom(bytes: Buffer, second: number): OneTimeUse {
    return OneTimeUse.by(bytes.toString('base64url', 0, DIGEST_BYTES), second);
  }

  private static by(digest: string, second: number): OneTimeUse {
    // By this clock alone: that of Redis may be another.
    const forMs = Math.max(1, (second + 1) * 1_000 + ONCE_KEPT_MS - Date.now());
    return new OneTimeUse(`${digest}${String(second).padStart(SECOND_LENGTH, '0')}${forMs}`);
  }
}
