import type { HttpTransport } from './http';
import { problemOf, type CallOptions, type Retries } from './retry';

export type Query = Readonly<Record<string, string | number | undefined>>;

/** Rows of a page, where all pages are read. */
export const PAGE = 1_000;

/** Fields of a request that may carry a key of the caller's. */
interface Keyed {
  readonly idempotency_key?: string;
}

/** Calls over HTTP: reads, and commands that happen once, however often they have to be sent. */
export class HttpCalls {
  /** @param makesKeys false for commands without keys, which are not repeated after an unclear answer */
  constructor(private readonly http: HttpTransport, private readonly retries: Retries, private readonly makesKeys: boolean) {}

  async get<T>(path: string, query: Query, call: CallOptions): Promise<T> {
    const answer = await this.retries.settle({
      name: `GET ${path}`, command: null, isRepeatable: true,
      send: (signal) => this.http.request('GET', withQuery(path, query), undefined, signal),
    }, call.signal);
    if (answer.status >= 300) throw problemOf(answer);
    return answer.body as T;
  }

  /**
   * @param path with the names of its parameters behind colons: what of the fields they name stands there, the others in the body
   * @throws ProblemError for what the venue refused; OutcomeUnknownError, whose `request` has all fields, with the key
   */
  async send<T>(method: 'POST' | 'PUT' | 'PATCH', path: string, fields: Keyed & Readonly<Record<string, unknown>>, call: CallOptions): Promise<T> {
    const command = fields.idempotency_key !== undefined || !this.makesKeys ? fields : { ...fields, idempotency_key: crypto.randomUUID() };
    const fieldsLeft = new Map<string, unknown>(Object.entries(command));
    const place = path.replace(/:([a-z_]+)/g, (_, name: string) => {
      const value = String(fieldsLeft.get(name));
      fieldsLeft.delete(name);
      return encodeURIComponent(value);
    });
    const body = Object.fromEntries(fieldsLeft);
    const answer = await this.retries.settle({
      name: `${method} ${path}`, command, isRepeatable: command.idempotency_key !== undefined,
      send: (signal) => this.http.request(method, place, body, signal),
    }, call.signal);
    if (answer.status >= 300) throw problemOf(answer);
    return answer.body as T;
  }
}

export function withQuery(path: string, query: Query): string {
  const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`]));
  return given.length === 0 ? path : `${path}?${given.join('&')}`;
}

/** Every row of all pages, in their order. @param read a page behind a cursor, undefined for the first */
export async function* everyRow<Row, Cursor>(
  read: (cursor: Cursor | undefined) => Promise<{ readonly rows: readonly Row[]; readonly next: Cursor | null }>,
): AsyncGenerator<Row> {
  for (let cursor: Cursor | null | undefined; cursor !== null;) {
    const { rows, next } = await read(cursor);
    yield* rows;
    cursor = next;
  }
}
