import type { AccountKill, CancelAfter, CancelAfterRequest, ProblemBody } from './contract';
import type { HttpTransport } from './http';
import { problemOf, type Answer, type CallOptions, type Retries } from './retry';

/** What acts on an account's orders as a whole. All of it may be asked for again. */
export class ControlCalls {
  constructor(private readonly http: HttpTransport, private readonly retries: Retries) {}

  /** A dead man's switch: all open orders of a client are cancelled unless this is called again within `timeout_s`; 0 takes it off. */
  cancelAfter(request: CancelAfterRequest, call: CallOptions = {}): Promise<CancelAfter> {
    return this.send('/orders/cancel-after', { ...request }, call);
  }

  /** Stops an account: it may not order any more, and its open orders are cancelled. The answer has the ids of all that was cancelled for it, repeats included. */
  async kill(accountId: string, call: CallOptions = {}): Promise<AccountKill> {
    const cancelled = new Set<string>();
    const told = await this.send<AccountKill>(`${pathOf(accountId)}/kill`, undefined, call, (answer) => {
      // An interrupted one tells what it has done all the same.
      for (const id of (answer.body as Partial<ProblemBody> | null)?.cancelled ?? []) cancelled.add(id);
    });
    return { ...told, cancelled: [...cancelled] };
  }

  /** Lets an account order again. */
  unkill(accountId: string, call: CallOptions = {}): Promise<AccountKill> {
    return this.send(`${pathOf(accountId)}/unkill`, undefined, call);
  }

  private async send<T>(path: string, body: Readonly<Record<string, unknown>> | undefined, call: CallOptions, note: (answer: Answer) => void = () => undefined): Promise<T> {
    const answer = await this.retries.settle({
      name: `POST ${path.replace(/^\/accounts\/[^/]+/, '/accounts/:account_id')}`, command: body ?? null, isRepeatable: true,
      send: async (signal) => {
        const told = await this.http.request('POST', path, body, signal);
        note(told);
        return told;
      },
    }, call.signal);
    if (answer.status >= 300) throw problemOf(answer);
    return answer.body as T;
  }
}

const pathOf = (accountId: string): string => `/accounts/${encodeURIComponent(accountId)}`;
