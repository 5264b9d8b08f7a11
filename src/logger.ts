import pino, { type Logger } from 'pino';
import pretty from 'pino-pretty';
import { UnavailableError } from './domain/unavailable';

/** A server that is away is no fault of the code: its message says all, and a stack each second would bury it. */
function describeError(error: Error): unknown {
  if (!(error instanceof UnavailableError)) return pino.stdSerializers.err(error);
  const { cause } = error;
  return { type: error.name, message: error.message, cause: cause instanceof Error ? cause.message : undefined };
}

/** JSON lines, or readable lines where a person watches. Bodies, headers and connection strings are never logged. */
export function createLogger(level: string): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: describeError },
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (process.stdout.isTTY) return pino(options, pretty({ colorize: true, sync: true }));
  return pino(options);
}
