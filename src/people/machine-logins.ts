import { randomUUID } from 'node:crypto';
import { OWN_SCOPES } from '../domain/access';
import { Refusal } from '../domain/refusal';
import type { Directory } from './directory';
import type { LoginProvider } from './login-provider';
import type { MintedToken } from './minting';
import type { PeopleStore } from './ports';
import type { Registration } from './registration';
import type { Tokens } from './tokens';

/** Users of the provider's machine clients, by what the provider calls these. */
export type MachineClients = ReadonlyMap<string, string>;

/**
 * Logins of machines by the provider (client credentials grant): its access token for this venue is taken for one of the venue's own. Which
 * user a machine is was said by whoever runs the venue; nobody else can become that user here, so that none is taken for it.
 */
export class MachineLogins {
  constructor(
    private readonly provider: Pick<LoginProvider, 'machineOf'>, private readonly clients: MachineClients,
    private readonly store: Pick<PeopleStore, 'addTokenSession'>, private readonly directory: Directory, private readonly registration: Registration,
    private readonly tokens: Tokens, private readonly ttlS: number, private readonly mayRegister: boolean,
  ) {}

  /** @throws Refusal `login_not_proven`, `machine_unknown`, `registration_closed`, `username_taken`, `user_suspended`; UnavailableError */
  async enter(accessToken: string): Promise<MintedToken> {
    const clientId = await this.provider.machineOf(accessToken);
    const username = this.clients.get(clientId);
    if (username === undefined) throw new Refusal('machine_unknown');
    if (this.directory.personNamed(username) === undefined) await this.directory.catchUp();
    const userId = this.directory.personNamed(username)?.userId ?? await this.registration.registerBare(username, this.mayRegister);
    if (this.directory.person(userId)?.isSuspended === true) throw new Refusal('user_suspended');
    const sessionId = randomUUID();
    // It has no address that the user was ever at, either.
    if (!(await this.store.addTokenSession({ sessionId, userId, minter: null, ttlS: this.ttlS }))) throw new Refusal('user_suspended');
    const { token, expiresInS } = await this.tokens.minted(userId, sessionId, OWN_SCOPES, this.ttlS, null);
    return { userId, token, expiresInS, scopes: OWN_SCOPES };
  }
}
