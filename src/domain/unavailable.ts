import type { ResultCode } from './result-code';

/** Something the venue needs cannot be used now; `code` is what a client is told. */
export class UnavailableError extends Error {
  constructor(readonly code: ResultCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UnavailableError';
  }
}
