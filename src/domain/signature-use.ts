/**
 * The use of a signature, which is good for one request. What a command of the engine does takes it within the command's atomic
 * step; whatever has no command takes it by itself.
 */
export class SignatureUse {
  /** Whether a command has it: then that decides whether it is the first. */
  isWithCommand = false;

  constructor(
    /** Of the key and the signature. */
    readonly digest: string,
    /** Of the time that is signed, since 1970. */
    readonly second: number,
    /** How long one of that second could be used again. */
    readonly forMs: number,
  ) {}
}
