import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { isProblem, OpenfillClient, type Auth } from '#openfill-client';
import type { ApiProcess, ChaosVenue } from './chaos-venue';
import type { Ledger } from './ledger';
import { isOwnOf, OperatorLine, PersonLine } from './person-line';
import { PeopleLedger } from './people-ledger';

/** The users of a campaign, and how each of them says who it is. */

const WAYS = ['login', 'hmac', 'ed25519'] as const;
export type Way = (typeof WAYS)[number];

const PASSWORD_BYTES = 18;
const RETRY_MS = 250;
const DONE_WITHIN_MS = 60_000;
/** By the venue's command for whoever runs it. */
const FIRST_ADMIN = 'root';
/** By the first admin. */
const SECOND_OPERATOR = 'desk';
const KEY_SCOPES = ['read', 'trade', 'transfer', 'withdraw'] as const;
const HERE = ['127.0.0.1'];

export const newPassword = (): string => randomBytes(PASSWORD_BYTES).toString('base64url');

/** Does something that does no harm when it is done again, until it is done. @throws Error when that takes too long */
export async function untilDone<T>(what: string, work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + DONE_WITHIN_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`${what} could not be done: ${String(error)}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/** A user who trades. */
export class Trader {
  /** By its login, whatever it trades with: what no key may do. */
  readonly client: OpenfillClient;
  readonly line: PersonLine;
  /** Another's account that it may act for just now. */
  guestOf: string | null = null;
  private credentials = 0;

  constructor(readonly username: string, readonly way: Way, readonly api: ApiProcess, readonly password: string, private readonly people: PeopleLedger) {
    const auth = { username, password };
    this.client = new OpenfillClient(api.url, { auth });
    this.line = new PersonLine(api.url, username, 'login', auth, people);
  }

  /** The key that it trades with; null for a login. */
  key: string | null = null;

  /** Makes a key of its way, and trades with it from then on. */
  async takeKey(): Promise<void> {
    if (this.way === 'login') return;
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const isOwn = this.way === 'ed25519';
    const { api_key: apiKey, secret = '' } = await untilDone(`a key of ${this.username}`, () => this.client.people.makeApiKey({
      name: `campaign ${++this.credentials}`, scopes: KEY_SCOPES, ip_allow: HERE,
      ...(isOwn && { public_key: publicKey.export({ type: 'spki', format: 'pem' }).toString() }),
    }));
    const auth: Auth = isOwn ? { apiKey, privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() } : { apiKey, secret };
    this.key = apiKey;
    this.line.change(apiKey, auth);
  }

  /** Ends its key; it goes on with it all the same, in vain. */
  async endKey(): Promise<void> {
    const { key } = this;
    if (key === null) throw new Error(`${this.username} has no key`);
    const end = this.people.end(key);
    await untilDone(`the end of a key of ${this.username}`, () => this.client.people.endApiKey(key).catch((error: unknown) => {
      // An answer was lost: it has ended.
      if (!isProblem(error, 'api_key_not_found')) throw error;
    }));
    end.begun();
  }
}

export class Crew {
  readonly people = new PeopleLedger();
  readonly traders: Trader[] = [];
  private readonly operators = new Map<string, OperatorLine>();
  private turns = 0;

  private constructor(private readonly venue: ChaosVenue) {}

  /** Makes the operators and the traders, whom the API processes get in turn; of the ways in which they say who they are each gets another. */
  static async gather(venue: ChaosVenue, ledger: Ledger, names: readonly string[]): Promise<Crew> {
    const crew = new Crew(venue);
    await crew.makeOperators(ledger);
    for (const [i, name] of names.entries()) {
      const api = venue.apis[i % venue.apis.length] as ApiProcess;
      await crew.makeTrader(name, WAYS[(i >> 1) % WAYS.length] as Way, api, ledger);
    }
    return crew;
  }

  /** A trader more. */
  async makeTrader(name: string, way: Way, api: ApiProcess, ledger: Ledger): Promise<Trader> {
    const password = newPassword();
    await this.register(name, password, api, ledger);
    const trader = new Trader(name, way, api, password, this.people);
    await trader.takeKey();
    this.traders.push(trader);
    return trader;
  }

  private async register(name: string, password: string, { url }: ApiProcess, ledger: Ledger): Promise<void> {
    // It is asked once: done again it would be refused. Nothing is broken yet, so all that it can take is time.
    const { user_id: userId } = await new OpenfillClient(url, { timeoutMs: DONE_WITHIN_MS }).people.register(name, password);
    this.tell(name, userId, ledger);
  }

  /** The account comes with the user. */
  private tell(name: string, userId: string, ledger: Ledger): void {
    ledger.expected.push({ account: name, key: `registration of ${userId}` });
    ledger.userIds.set(name, userId);
    this.owns(name, name);
  }

  owns(account: string, user: string): void {
    this.people.own(account, user).begun();
  }

  private async makeOperators(ledger: Ledger): Promise<void> {
    const [first, second] = this.venue.apis as readonly [ApiProcess, ApiProcess];
    const password = newPassword();
    await this.venue.admin(['create', FIRST_ADMIN], { ADMIN_PASSWORD: password });
    const root = new OpenfillClient(first.url, { auth: { username: FIRST_ADMIN, password } });
    this.tell(FIRST_ADMIN, (await root.people.me()).user_id, ledger);
    this.people.operators.add(FIRST_ADMIN);
    const line = new OperatorLine(first.url, FIRST_ADMIN, password, this.people);
    this.operators.set(first.url, line);
    const deskPassword = newPassword();
    await this.register(SECOND_OPERATOR, deskPassword, second, ledger);
    this.people.operators.add(SECOND_OPERATOR);
    await this.untilAnswered(line, 'PATCH', `/users/${SECOND_OPERATOR}`, { roles: ['operator'] });
    const desk = new OpenfillClient(second.url, { auth: { username: SECOND_OPERATOR, password: deskPassword } });
    // The other process hears of it a moment later.
    await untilDone('the role of an operator', async () => {
      if (!(await desk.people.me()).roles.includes('operator')) throw new Error('it is not there yet');
    });
    this.operators.set(second.url, new OperatorLine(second.url, SECOND_OPERATOR, deskPassword, this.people));
  }

  /** The operator who acts through an API process. */
  operator({ url }: ApiProcess): OperatorLine {
    return this.operators.get(url) as OperatorLine;
  }

  private untilAnswered(line: OperatorLine, method: string, path: string, body: unknown): Promise<void> {
    return untilDone(`${method} ${path}`, async () => {
      const answered = await line.send(method, path, body);
      if (answered === null || answered.status >= 300) throw new Error(JSON.stringify(answered));
    });
  }

  /** Each operator in turn. */
  setStatus(user: string, status: 'active' | 'suspended'): Promise<void> {
    const { apis } = this.venue;
    return this.untilAnswered(this.operator(apis[this.turns++ % apis.length] as ApiProcess), 'PATCH', `/users/${user}`, { status });
  }

  /** Of whoever opened it. */
  ownerOf(account: string): Trader {
    const owner = this.traders.find(({ username }) => isOwnOf(username, account));
    if (owner === undefined) throw new Error(`nobody has opened ${account}`);
    return owner;
  }
}
