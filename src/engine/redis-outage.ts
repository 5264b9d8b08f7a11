import type { Logger } from 'pino';

/** Why Redis cannot be reached, in one stable word. */
export const OUTAGE_REASONS = [
  'connection_refused', 'unknown_host', 'timeout', 'silent', 'closed', 'tls', 'no_redis', 'password_required', 'wrong_password', 'no_permission', 'loading', 'other',
] as const;
export type OutageReason = (typeof OUTAGE_REASONS)[number];

/** What to look at, for reasons whose error says too little. */
const HINTS: Partial<Record<OutageReason, string>> = {
  timeout: 'nothing answered in time: the address may be wrong, or only one side speaks TLS (redis:, rediss:)',
  silent: 'the server takes connections and does not answer: it hangs, is no Redis, or expects TLS (rediss:)',
  closed: 'the server closed the connection: it ended, only one side speaks TLS (redis:, rediss:), or it is no Redis',
  tls: 'the server does not speak TLS as it should: REDIS_URL may have to begin with redis:, or its certificate is not trusted',
  no_redis: 'what answers there is no Redis',
  password_required: 'Redis asks for a password and REDIS_URL has none',
  wrong_password: 'Redis refuses the user or the password of REDIS_URL',
};

const BY_CODE: Readonly<Record<string, OutageReason>> = {
  ECONNREFUSED: 'connection_refused', ENOENT: 'connection_refused', ENOTFOUND: 'unknown_host', EAI_AGAIN: 'unknown_host',
  ETIMEDOUT: 'timeout', EHOSTUNREACH: 'timeout', ENETUNREACH: 'timeout', ECONNRESET: 'closed', EPIPE: 'closed', EPROTO: 'tls',
};
const BY_NAME: Readonly<Record<string, OutageReason>> = { ConnectionTimeoutError: 'timeout', SocketClosedUnexpectedlyError: 'closed', SocketTimeoutError: 'silent' };
const BY_REPLY: readonly (readonly [RegExp, OutageReason])[] = [
  [/^WRONGPASS|^ERR (AUTH|invalid password)/, 'wrong_password'], [/^NOAUTH/, 'password_required'], [/^NOPERM/, 'no_permission'],
  [/^LOADING/, 'loading'], [/^Unknown RESP type/, 'no_redis'],
];

/** The server takes connections and has said nothing for so long. */
export class SilentServerError extends Error {
  constructor(timeoutMs: number) {
    super(`redis has not answered for ${timeoutMs} ms`);
    this.name = 'SilentServerError';
  }
}

/** The error that counts: a name with several addresses fails once for each. */
function innermost(error: Error): Error {
  return error instanceof AggregateError && error.errors[0] instanceof Error ? error.errors[0] : error;
}

export function outageReason(error: Error): OutageReason {
  const inner = innermost(error);
  if (inner instanceof SilentServerError) return 'silent';
  const code = (inner as { code?: unknown }).code;
  if (typeof code === 'string') {
    const known = BY_CODE[code];
    if (known !== undefined) return known;
    if (/^ERR_(SSL|TLS)|CERT|SELF_SIGNED/.test(code)) return 'tls';
  }
  return BY_NAME[inner.constructor.name] ?? BY_REPLY.find(([pattern]) => pattern.test(inner.message))?.[1] ?? 'other';
}

/** Where a URL points to, without user and password. */
function addressOf(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/** What a service's connections to Redis suffer from, told once for all of them: each cause, and that it is over. */
export class RedisOutage {
  private static readonly ofLogger = new WeakMap<Logger, RedisOutage>();
  private readonly lost = new Set<object>();
  private readonly told = new Set<string>();

  private constructor(private readonly logger: Logger) {}

  /** The one of a service: its connections share a logger. */
  static of(logger: Logger): RedisOutage {
    const known = RedisOutage.ofLogger.get(logger) ?? new RedisOutage(logger);
    RedisOutage.ofLogger.set(logger, known);
    return known;
  }

  /** @param connection stands for itself @returns why it cannot be used */
  failed(connection: object, url: string, error: Error): OutageReason {
    const reason = outageReason(error);
    const { message } = innermost(error);
    this.lost.add(connection);
    const cause = reason === 'other' ? message : reason;
    if (!this.told.has(cause)) {
      this.told.add(cause);
      this.logger.warn({ reason, detail: message, hint: HINTS[reason], redis: addressOf(url) }, 'redis cannot be reached');
    }
    return reason;
  }

  /** It can be used again, or is not wanted any more. */
  over(connection: object, isBack: boolean): void {
    if (!this.lost.delete(connection) || this.lost.size > 0) return;
    this.told.clear();
    if (isBack) this.logger.info('redis is reached again');
  }
}
