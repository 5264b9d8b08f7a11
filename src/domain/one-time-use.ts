import { hash } from 'node:crypto';

const DIGEST_LENGTH = 22;

/**
 * The use of what is good once: a signature, or a login elsewhere that is under way. What a command of the engine does takes it within
 * the command's atomic step; whatever has no command takes it by itself.
 */
export class OneTimeUse {
  /** Whether a command has it: then that decides whether it is the first. */
  isWithCommand = false;

  constructor(
    readonly digest: string,
    /** Since 1970: the same thing is always of the same one. */
    readonly second: number,
    /** How long one of that second could be used again. */
    readonly forMs: number,
  ) {}

  /** @param what names it among all that is good once @param untilMs when it is good no more */
  static of(what: string, second: number, untilMs: number): OneTimeUse {
    return new OneTimeUse(hash('sha256', what, 'base64url').slice(0, DIGEST_LENGTH), second, untilMs - Date.now());
  }
}
