import type { ApiKey, ApiKeyRequest, AuditLog, Jwks, MadeApiKey, Me, MintRequest, MintedToken, Owners, Registered, SudoToken, Tokens, User, UserPage, UserRole } from './contract';
import type { HttpTransport } from './http';
import { withQuery, type Query } from './http-calls';
import { problemOf, type CallOptions, type Retries } from './retry';

/** A login's tokens, both in hand: a program keeps its refresh token itself. */
export type TokenPair = Tokens & { readonly refresh_token: string };

/** Calls about people. What is unclear about one that changes something is not asked again: none has a key. */
export class PeopleCalls {
  constructor(private readonly http: HttpTransport, private readonly retries: Retries) {}

  /** Becomes a user, with an account of the same name. */
  register(username: string, password: string, call: CallOptions = {}): Promise<Registered> {
    return this.send('POST', '/auth/register', { username, password }, call);
  }

  /** Tokens for a name and a password. A client with `auth` gets and renews its own. */
  logIn(username: string, password: string, call: CallOptions = {}): Promise<TokenPair> {
    return this.send('POST', '/auth/login', { username, password }, call);
  }

  refresh(refreshToken: string, call: CallOptions = {}): Promise<TokenPair> {
    return this.send('POST', '/auth/refresh', { refresh_token: refreshToken }, call);
  }

  /** A token for a machine client of the provider's, by an access token that the provider gave it. */
  logInMachine(accessToken: string, call: CallOptions = {}): Promise<MintedToken> {
    return this.send('POST', '/auth/oidc/token', { access_token: accessToken }, call);
  }

  /** Ends the login by which this client asks. */
  async logOut(call: CallOptions = {}): Promise<void> {
    await this.send('POST', '/auth/logout', {}, call);
  }

  async logOutEverywhere(call: CallOptions = {}): Promise<void> {
    await this.send('POST', '/auth/logout-all', undefined, call);
  }

  me(call: CallOptions = {}): Promise<Me> {
    return this.get('/auth/me', {}, call);
  }

  /** All logins end. */
  changePassword(password: string, newPassword: string, call: CallOptions = {}): Promise<Me> {
    return this.send('PATCH', '/auth/me', { password, new_password: newPassword }, call);
  }

  /** A token with the powers of the caller's roles, for a client of its own: `new OpenfillClient(url, { auth: { accessToken } })`. */
  sudo(password: string, call: CallOptions = {}): Promise<SudoToken> {
    return this.send('POST', '/auth/sudo', { password }, call);
  }

  /** An access token for another user, for a client of its own; for an operator's client under sudo, and with `AUTH=dev` for anybody's. */
  mintToken(request: MintRequest, call: CallOptions = {}): Promise<MintedToken> {
    return this.send('POST', '/auth/token', request, call);
  }

  makeApiKey(request: ApiKeyRequest, call: CallOptions = {}): Promise<MadeApiKey> {
    return this.send('POST', '/auth/api-keys', request, call);
  }

  async apiKeys(call: CallOptions = {}): Promise<readonly ApiKey[]> {
    return (await this.get<{ api_keys: readonly ApiKey[] }>('/auth/api-keys', {}, call)).api_keys;
  }

  async endApiKey(apiKey: string, call: CallOptions = {}): Promise<void> {
    await this.send('DELETE', `/auth/api-keys/${encodeURIComponent(apiKey)}`, undefined, call);
  }

  /** Who may act for an account, who opened it first. */
  owners(accountId: string, call: CallOptions = {}): Promise<Owners> {
    return this.get(`/accounts/${encodeURIComponent(accountId)}/owners`, {}, call);
  }

  share(accountId: string, username: string, call: CallOptions = {}): Promise<Owners> {
    return this.send('POST', `/accounts/${encodeURIComponent(accountId)}/owners`, { username }, call);
  }

  takeBack(accountId: string, username: string, call: CallOptions = {}): Promise<Owners> {
    return this.send('DELETE', `/accounts/${encodeURIComponent(accountId)}/owners/${encodeURIComponent(username)}`, undefined, call);
  }

  users(query: { readonly limit?: number; readonly cursor?: string } = {}, call: CallOptions = {}): Promise<UserPage> {
    return this.get('/users', query, call);
  }

  changeUser(username: string, change: { readonly roles?: readonly UserRole[]; readonly status?: 'active' | 'suspended' }, call: CallOptions = {}): Promise<User> {
    return this.send('PATCH', `/users/${encodeURIComponent(username)}`, change, call);
  }

  auditLog(query: { readonly limit?: number; readonly before?: number } = {}, call: CallOptions = {}): Promise<AuditLog> {
    return this.get('/audit-log', query, call);
  }

  jwks(call: CallOptions = {}): Promise<Jwks> {
    return this.get('/auth/jwks.json', {}, call);
  }

  private get<T>(path: string, query: Query, call: CallOptions): Promise<T> {
    return this.ask('GET', withQuery(path, query), undefined, true, call);
  }

  private send<T>(method: 'POST' | 'PATCH' | 'DELETE', path: string, body: object | undefined, call: CallOptions): Promise<T> {
    return this.ask(method, path, body, false, call);
  }

  private async ask<T>(method: string, path: string, body: object | undefined, isRepeatable: boolean, call: CallOptions): Promise<T> {
    const answer = await this.retries.settle({
      // What it says may be a secret: it is not for whoever is told of an unclear outcome.
      name: `${method} ${path.split('?')[0] ?? path}`, command: null, isRepeatable, send: (signal) => this.http.request(method, path, body, signal),
    }, call.signal);
    if (answer.status >= 300) throw problemOf(answer);
    return answer.body as T;
  }
}
