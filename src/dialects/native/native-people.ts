import type { IncomingMessage } from 'node:http';
import type { Context } from '../../domain/context';
import { formatTimeUs } from '../../domain/order';
import type { ApiKeyRow, AuditRow, UserRow } from '../../domain/people';
import { accountsOf, hasPowersOf, ownAccount, type Caller } from '../../domain/principal';
import { Refusal } from '../../domain/refusal';
import type { Answer } from '../../http/answer';
import { cookieOf } from '../../http/cookies';
import { RequestRefusal } from '../../http/request-refusal';
import type { People } from '../../people/people';
import { isPassword } from '../../people/words';
import { API_KEY, CHANGE_ME, CHANGE_USER, LOGIN, LOGOUT, MINT, REFRESH, REGISTER, SHARE, SUDO, peopleQueries } from './check/people-schemas';
import { checkBody, checkQuery } from './check/schemas';
import { REFRESH_COOKIE, ended, presentMinted, tokens, tokensAndCookie } from './login-cookies';

type Query = Readonly<Record<string, unknown>>;

const ENDED: Answer = { status: 200, body: { ended: true } };
const US_PER_MS = 1_000;
const S_PER_MINUTE = 60;

const timeOf = (ms: number): string => formatTimeUs(Math.trunc(ms) * US_PER_MS);

/** The calls about people. All throw refusals. */
export class NativePeople {
  private readonly queries;

  /** @param people null where nobody is asked who they are */
  constructor(private readonly people: People | null, limits: { readonly moneyLimitMax: number }) {
    this.queries = peopleQueries(limits.moneyLimitMax);
  }

  /** @throws Refusal `auth_off` */
  private get kept(): People {
    if (this.people === null) throw new Refusal('auth_off');
    return this.people;
  }

  /** POST /auth/register */
  async register(body: unknown): Promise<Answer> {
    const { kept } = this;
    const { username, password } = checkBody(REGISTER, body);
    requirePassword('password', password);
    const { userId, username: name } = await kept.register(username, password);
    return { status: 201, body: { user_id: userId, username: name, account_id: name } };
  }

  /** POST /auth/login */
  async logIn({ address }: Context, body: unknown, request: IncomingMessage): Promise<Answer> {
    const { kept } = this;
    const { username, password, refresh_in: refreshIn } = checkBody(LOGIN, body);
    const pair = await kept.sessions.logIn(username, password, address);
    return refreshIn === 'cookie' ? tokensAndCookie(request, pair, kept.sessions.refreshTtlS) : tokens(pair);
  }

  /** POST /auth/refresh */
  async refresh(body: unknown, request: IncomingMessage): Promise<Answer> {
    const { kept } = this;
    const { refresh_token: given } = checkBody(REFRESH, body === undefined ? {} : body);
    if (given !== undefined) return tokens(await kept.sessions.refresh(given));
    const refreshToken = cookieOf(request, REFRESH_COOKIE);
    if (refreshToken === null) throw new RequestRefusal('unauthenticated', { detail: 'There is neither a refresh_token nor a cookie with one.' });
    // An Origin that is there may pass, or the request would not be here. Without one, a page of elsewhere could have sent it.
    if (request.headers.origin === undefined) throw new RequestRefusal('origin_not_allowed', { detail: 'A cookie is taken only from a web page, which says so by its Origin.' });
    return tokensAndCookie(request, await kept.sessions.refresh(refreshToken), kept.sessions.refreshTtlS);
  }

  /** POST /auth/logout */
  async logOut(context: Context, body: unknown, request: IncomingMessage): Promise<Answer> {
    const { kept } = this;
    const { refresh_token: refreshToken = null } = checkBody(LOGOUT, body === undefined ? {} : body);
    const { person, session } = this.callerOf(context);
    await kept.sessions.logOut(person.userId, session, refreshToken);
    return ended(request);
  }

  /** POST /auth/logout-all */
  async logOutEverywhere(context: Context, request: IncomingMessage): Promise<Answer> {
    await this.kept.sessions.logOutEverywhere(this.callerOf(context).person.userId);
    return ended(request);
  }

  /** GET /auth/me */
  me(context: Context): Promise<Answer> {
    return Promise.resolve({ status: 200, body: this.present(this.callerOf(context)) });
  }

  /** PATCH /auth/me */
  async changeMe(context: Context, body: unknown): Promise<Answer> {
    const { kept } = this;
    const { password, new_password: newPassword } = checkBody(CHANGE_ME, body);
    requirePassword('newPassword', newPassword);
    const caller = this.callerOf(context);
    await kept.sessions.changePassword(caller.person.userId, caller.person.username, password, newPassword, context.address);
    return { status: 200, body: this.present(caller) };
  }

  /** POST /auth/sudo */
  async sudo(context: Context, body: unknown): Promise<Answer> {
    const { kept } = this;
    const { password } = checkBody(SUDO, body);
    const { token, expiresInS } = await kept.sudo(this.callerOf(context), password, context.address, context.requestId);
    return { status: 200, body: { access_token: token, token_type: 'Bearer', expires_in: expiresInS } };
  }

  /** POST /auth/token */
  async mint({ principal }: Context, body: unknown): Promise<Answer> {
    const { kept } = this;
    const { username, scopes = null, ttl_minutes: ttlMinutes } = checkBody(MINT, body);
    const minter = principal.kind === 'caller' ? principal : null;
    return { status: 200, body: presentMinted(await kept.minting.mint(minter, { username, scopes, ttlS: ttlMinutes * S_PER_MINUTE })) };
  }

  /** POST /auth/api-keys */
  async makeKey(context: Context, body: unknown): Promise<Answer> {
    const { kept } = this;
    const { name, scopes, accounts = null, ip_allow: ipAllow = null, expires_at: expiresUs, public_key: publicKey = null } = checkBody(API_KEY, body);
    const { row, secret } = await kept.apiKeys.make(this.callerOf(context), {
      name, scopes, accounts, ipAllow, expiresMs: expiresUs === undefined ? null : Math.trunc(expiresUs / US_PER_MS), publicKey,
    });
    return { status: 201, body: { ...presentKey(row), ...(secret !== null && { secret }) } };
  }

  /** GET /auth/api-keys */
  async keys(context: Context): Promise<Answer> {
    const keys = await this.kept.apiKeys.list(this.callerOf(context));
    return { status: 200, body: { api_keys: keys.map(presentKey) } };
  }

  /** DELETE /auth/api-keys/{key} */
  async endKey(context: Context, apiKey: string): Promise<Answer> {
    await this.kept.apiKeys.end(this.callerOf(context), apiKey);
    return ENDED;
  }

  /** GET /auth/jwks.json */
  async jwks(): Promise<Answer> {
    return { status: 200, body: await this.kept.tokens.publicKeys() };
  }

  /** GET /accounts/{account_id}/owners */
  async owners(context: Context, account: string): Promise<Answer> {
    const { kept } = this;
    return { status: 200, body: { account_id: account, owners: await kept.ownership.of(this.callerOf(context), account, kept.accounts) } };
  }

  /** POST /accounts/{account_id}/owners */
  async share(context: Context, account: string, body: unknown): Promise<Answer> {
    const { kept } = this;
    const { username } = checkBody(SHARE, body);
    return { status: 200, body: { account_id: account, owners: await kept.ownership.share(this.callerOf(context), account, username) } };
  }

  /** DELETE /accounts/{account_id}/owners/{username} */
  async takeBack(context: Context, account: string, username: string): Promise<Answer> {
    return { status: 200, body: { account_id: account, owners: await this.kept.ownership.takeBack(this.callerOf(context), account, username) } };
  }

  /** GET /users */
  async users(query: Query): Promise<Answer> {
    const { kept } = this;
    const { limit, cursor = null } = checkQuery(this.queries.users, query);
    const { users, nextCursor } = await kept.users(cursor, limit);
    return { status: 200, body: { users: users.map(presentUser), next_cursor: nextCursor } };
  }

  /** PATCH /users/{username} */
  async changeUser(context: Context, username: string, body: unknown): Promise<Answer> {
    const { kept } = this;
    const { roles = null, status = null } = checkBody(CHANGE_USER, body);
    return { status: 200, body: presentUser(await kept.changeUser(this.callerOf(context), username, { roles, status })) };
  }

  /** GET /audit-log */
  async auditLog(query: Query): Promise<Answer> {
    const { kept } = this;
    const { before = null, limit } = checkQuery(this.queries.audit, query);
    const entries = await kept.audit.page(before, limit);
    return { status: 200, body: { entries: entries.map(presentAudit), next_cursor: entries.length === limit ? entries.at(-1)?.auditId ?? null : null } };
  }

  /** @throws Refusal `auth_off` where nobody is asked who they are */
  private callerOf({ principal }: Context): Caller {
    if (this.people === null) throw new Refusal('auth_off');
    if (principal.kind !== 'caller') throw new Refusal('unauthenticated');
    return principal;
  }

  private present(caller: Caller): object {
    const { person, scopes, minter } = caller;
    return {
      user_id: person.userId, username: person.username, account_id: ownAccount(caller) ?? person.account, accounts: accountsOf(caller), roles: [...person.roles],
      scopes: [...scopes], sudo: hasPowersOf(caller, 'operator'), minted_by: minter?.username ?? null,
    };
  }
}

/** @throws Refusal `validation_failed` */
function requirePassword(field: 'password' | 'newPassword', text: string): void {
  if (!isPassword(text)) throw new Refusal('validation_failed', { fields: [{ field, message: 'must be 12 to 256 bytes long' }] });
}

function presentKey(row: Omit<ApiKeyRow, 'isEnded' | 'change'>): object {
  return {
    api_key: row.apiKey, name: row.name, kind: row.publicKey === null ? 'hmac' : 'ed25519', scopes: row.scopes, accounts: row.accounts, ip_allow: row.ipAllow,
    expires_at: row.expiresMs === null ? null : timeOf(row.expiresMs), created_at: timeOf(row.createdMs),
  };
}

function presentUser({ userId, username, roles, status, createdMs }: UserRow & { readonly createdMs: number }): object {
  return { user_id: userId, username, account_id: username, roles, status, created_at: timeOf(createdMs) };
}

function presentAudit({ auditId, atMs, actor, apiKey, actingFor, action, target, requestId, outcome }: AuditRow): object {
  return { audit_id: auditId, at: timeOf(atMs), actor, api_key: apiKey, acting_for: actingFor, action, target, request_id: requestId, outcome: outcome ?? 'unknown' };
}
