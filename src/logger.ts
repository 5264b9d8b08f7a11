import pino, { type Logger } from 'pino';
import pretty from 'pino-pretty';

/** JSON lines, or readable lines where a person watches. Bodies, headers and connection strings are never logged. */
export function createLogger(level: string): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (process.stdout.isTTY) return pino(options, pretty({ colorize: true, sync: true }));
  return pino(options);
}
