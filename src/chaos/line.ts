import { HttpTransport, type Answer, type Auth } from '#openfill-client';

/** What came of an attempt. */
export interface Answered {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A way to the venue, as somebody. */
export interface Line {
  /** null where nobody is asked who they are. */
  readonly user: string | null;
  /** One attempt. @param account that it is for @returns null where no answer came */
  send(method: string, path: string, body: unknown, account: string | null): Promise<Answered | null>;
  /** Whether an answer says that nobody was let in: then nothing was done. */
  isKeptOut(answered: Answered, account: string): boolean;
}

export const REQUEST_TIMEOUT_MS = 8_000;

/** @returns null where no answer came */
export async function attempt(transport: HttpTransport, method: string, path: string, body: unknown): Promise<Answer | null> {
  try {
    return await transport.request(method, path, body, AbortSignal.timeout(REQUEST_TIMEOUT_MS));
  } catch {
    return null;
  }
}

export function answeredOf({ status, body }: Answer): Answered {
  return { status, body: typeof body === 'object' && body !== null ? body as Record<string, unknown> : {} };
}

export const transportTo = (url: string, auth?: Auth): HttpTransport => new HttpTransport(url, auth);

/** To a venue that asks nobody. */
export class OpenLine implements Line {
  readonly user = null;
  private readonly transport: HttpTransport;

  constructor(url: string) {
    this.transport = transportTo(url);
  }

  async send(method: string, path: string, body: unknown): Promise<Answered | null> {
    const answer = await attempt(this.transport, method, path, body);
    return answer === null ? null : answeredOf(answer);
  }

  isKeptOut(): boolean {
    return false;
  }
}
