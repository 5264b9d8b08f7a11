import { OpenfillClient, ProblemError, type Answer, type Auth, type HttpTransport } from '#openfill-client';
import { answeredOf, attempt, REQUEST_TIMEOUT_MS, transportTo, type Answered, type Line } from './line';
import type { PeopleLedger } from './people-ledger';

const codeOf = ({ body }: Answered): string => (typeof body.code === 'string' ? body.code : '');
const NOT_LET_IN: ReadonlySet<string> = new Set(['user_suspended', 'forbidden', 'sudo_required']);

/** Of who asks, not of what is asked for. */
function isOfWho(answered: Answered): boolean {
  return answered.status === 401 || (answered.status === 403 && NOT_LET_IN.has(codeOf(answered)));
}

/** A user, by a login or an API key. */
export class PersonLine implements Line {
  private transport: HttpTransport;

  constructor(private readonly url: string, readonly user: string, private credential: string, auth: Auth, private readonly people: PeopleLedger) {
    this.transport = transportTo(url, auth);
  }

  /** From now on it says who it is in another way. */
  change(credential: string, auth: Auth): void {
    this.credential = credential;
    this.transport = transportTo(this.url, auth);
  }

  async send(method: string, path: string, body: unknown, account: string | null): Promise<Answered | null> {
    const { credential, user } = this;
    const sentMs = Date.now();
    const answer = await attempt(this.transport, method, path, body);
    if (answer === null) return null;
    const answered = answeredOf(answer);
    const visit = { user, credential, what: `${method} ${path}`, sentMs, answeredMs: Date.now() };
    if (isOfWho(answered) || (account !== null && this.isKeptOut(answered, account))) this.people.keptOut.push({ ...visit, code: codeOf(answered), account });
    else if (answered.status < 500 && answered.status !== 429) this.people.letIn.push(visit);
    return answered;
  }

  /** What is another's is answered as if it were not there. */
  isKeptOut(answered: Answered, account: string): boolean {
    if (isOfWho(answered)) return true;
    return answered.status === 404 && codeOf(answered) === 'account_not_found' && !isOwnOf(this.user, account);
  }
}

/** A client's accounts are named behind it. */
export function isOwnOf(user: string, account: string): boolean {
  return account === user || account.startsWith(`${user}-`);
}

interface Powers {
  readonly transport: HttpTransport;
  readonly untilMs: number;
}

/** Powers are asked for anew that much ahead of their end. */
const AHEAD_MS = 5_000;

/** An operator with powers, which are asked for again before they are over. */
export class OperatorLine implements Line {
  private readonly client: OpenfillClient;
  private powers: Promise<Powers> | null = null;

  constructor(private readonly url: string, readonly user: string, private readonly password: string, private readonly people: PeopleLedger) {
    this.client = new OpenfillClient(url, { auth: { username: user, password }, attemptsMax: 1, timeoutMs: REQUEST_TIMEOUT_MS });
  }

  async send(method: string, path: string, body: unknown): Promise<Answered | null> {
    let powers: Powers;
    try {
      powers = await this.withPowers();
    } catch (error) {
      return error instanceof ProblemError ? { status: error.status, body: { ...error.problem } } : null;
    }
    const answer = await attempt(powers.transport, method, path, body);
    if (answer === null) return null;
    const answered = answeredOf(answer);
    // Its login may have been ended: the next attempt asks again.
    if (isOfWho(answered)) this.powers = null;
    else this.note(`${method} ${path}`, answer, answered);
    return answered;
  }

  private note(what: string, answer: Answer, answered: Answered): void {
    const requestId = answer.header('x-request-id');
    // A 5xx or 429 may have been given before anything was looked at.
    if (requestId === null || answered.status >= 500 || answered.status === 429) return;
    this.people.acts.push({ actor: this.user, what, requestId, outcome: answered.status < 400 ? 'ok' : codeOf(answered) });
  }

  private async withPowers(): Promise<Powers> {
    const powers = this.powers ?? this.ask();
    this.powers = powers;
    try {
      const { untilMs } = await powers;
      if (Date.now() < untilMs) return await powers;
    } catch (error) {
      if (this.powers === powers) this.powers = null;
      throw error;
    }
    if (this.powers === powers) this.powers = null;
    return this.withPowers();
  }

  private async ask(): Promise<Powers> {
    const { access_token: accessToken, expires_in: expiresInS } = await this.client.people.sudo(this.password);
    return { transport: transportTo(this.url, { accessToken }), untilMs: Date.now() + expiresInS * 1_000 - AHEAD_MS };
  }

  isKeptOut(answered: Answered): boolean {
    return isOfWho(answered);
  }
}
