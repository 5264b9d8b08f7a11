import {
  answer, anything, defaulting, flag, growingWord, integer, list, moment, named, optional, orNull, pattern, request, required, string, text, word,
} from './language';
import { AccountName, TIME_EXAMPLE, Time } from './values';
import { ADDRESS_LENGTH_MAX, API_KEY_NAME_LENGTH_MAX, API_KEY_SCOPES_MAX, CLIENT_ID_LENGTH_MAX, KEY_ACCOUNTS_MAX, KEY_ADDRESSES_MAX, MINTED_MINUTES_MAX, OWN_PATH, OWN_SCOPES, PASSWORD_BYTES_MAX, PROVIDER_TOKEN_LENGTH_MAX, PUBLIC_KEY_PEM, SCOPES, TOKEN_LENGTH_MAX, USERNAME, USER_ROLES } from './words';

/** People: who they are, how they say so, and what they may act for. */

export const USER_ID_EXAMPLE = '019c2b4e-6b00-7a3a-9f52-1b6f0a4f8e21';
const API_KEY_EXAMPLE = 'of_5Zr3vK9qTnYw2LxBh7Ds';
const SECRET_EXAMPLE = 'q0W9b3JkZXIgYm9va3MgYXJlIGZ1biB0byBidWlsZA';
const TOKEN_EXAMPLE = 'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIwMTljIn0.c2ln';

export const Username = named('Username', pattern(USERNAME, '3 to 64 letters, digits, dots, underscores or hyphens', {
  description: 'Name of a user, and of the user\'s main account. Two that differ in case only are one.', examples: ['alice'],
}));
/** Counted in bytes where it is checked. */
export const Password = named('Password', text(PASSWORD_BYTES_MAX, { description: '12 to 256 bytes of UTF-8.', examples: ['correct horse battery'] }));
const GivenPassword = text(PASSWORD_BYTES_MAX, { examples: ['correct horse battery'] });
const Token = text(TOKEN_LENGTH_MAX, { examples: [TOKEN_EXAMPLE] });
export const UserRoleName = named('UserRole', word(USER_ROLES));
export const ScopeName = named('Scope', word(SCOPES));
export const UserStatus = named('UserStatus', word(['active', 'suspended']));

export const RegisterRequest = request('RegisterRequest', { username: required(Username), password: required(Password) });
export const LoginRequest = request('LoginRequest', {
  username: required(text(CLIENT_ID_LENGTH_MAX, { examples: ['alice'] })),
  password: required(GivenPassword),
  refresh_in: defaulting(word(['body', 'cookie']), 'body', 'cookie: for web pages. The refresh token is in a cookie that no script can read, and not in the answer.'),
});
export const RefreshRequest = request('RefreshRequest', { refresh_token: optional(Token, 'Where it is left out, the cookie has it, and the next one goes there.') });
export const OidcLoginQuery = request('OidcLoginQuery', {
  return_to: optional(pattern(OWN_PATH, 'a path of the service\'s own', { examples: ['/docs'] }), 'Where the browser goes when it has its login: a path of the service\'s own.'),
});
/** Read by the library that speaks with the provider: what else it sends is its own business. */
export const OidcCallbackQuery = answer('OidcCallbackQuery', {
  state: optional(string({ examples: ['m3Y6c1JQmM'] }), 'As the login began with.'),
  code: optional(string({ examples: ['d8Yq2'] }), 'What the provider gave for the user.'),
  error: optional(string({ examples: ['access_denied'] }), 'Why it gave none.'),
});
export const OidcTokenRequest = request('OidcTokenRequest', {
  access_token: required(text(PROVIDER_TOKEN_LENGTH_MAX, { examples: [TOKEN_EXAMPLE] }), 'Of the provider\'s, a JWT for this venue (`OIDC_AUDIENCE`), by the client credentials grant.'),
});
export const LogoutRequest = request('LogoutRequest', { refresh_token: optional(Token, 'Ends the login that it belongs to, where it is another one than the caller\'s.') });
export const SudoRequest = request('SudoRequest', { password: required(GivenPassword) });
export const MintRequest = request('MintRequest', {
  username: required(Username, 'Whom it is for.'),
  scopes: optional(list(word(OWN_SCOPES), { min: 1, unique: true }), 'What it may be used for; all of these where it is left out. Never a role\'s powers.'),
  ttl_minutes: defaulting(integer({ min: 1, max: MINTED_MINUTES_MAX }), 60, 'How long it is good for.'),
});
export const ChangeMeRequest = request('ChangeMeRequest', { password: required(GivenPassword, 'The one until now.'), new_password: required(Password) });
export const ApiKeyRequest = request('ApiKeyRequest', {
  name: required(text(API_KEY_NAME_LENGTH_MAX, { examples: ['market maker'] }), 'For people.'),
  scopes: required(list(ScopeName, { min: 1, max: API_KEY_SCOPES_MAX, unique: true }), 'What it may be used for; no more than its user may. `withdraw` and `admin` need `ip_allow`, and `admin` is given under sudo only.'),
  accounts: optional(list(AccountName, { min: 1, max: KEY_ACCOUNTS_MAX, unique: true }), 'Accounts that it may act for; all of its user\'s where it is left out.'),
  ip_allow: optional(list(text(ADDRESS_LENGTH_MAX, { examples: ['192.0.2.0/24'] }), { min: 1, max: KEY_ADDRESSES_MAX, unique: true }), 'Addresses and networks (CIDR) that it may be used from.'),
  expires_at: optional(moment({ examples: [TIME_EXAMPLE] }), 'When it ends, UTC.'),
  public_key: optional(pattern(PUBLIC_KEY_PEM, 'a public key (PEM)'), 'An Ed25519 public key (PEM): requests are signed with its private key, and no secret is made.'),
});
export const ShareRequest = request('ShareRequest', { username: required(Username) });
export const ChangeUserRequest = request('ChangeUserRequest', {
  roles: optional(list(UserRoleName, { min: 1, unique: true }), 'An admin may give them.'),
  status: optional(UserStatus),
}, { rules: [{ rule: 'some', of: ['roles', 'status'] }] });

const userId = required(string({ examples: [USER_ID_EXAMPLE] }));

export const Registered = answer('Registered', { user_id: userId, username: required(Username), account_id: required(AccountName, 'The user\'s main account.') });
export const Tokens = answer('Tokens', {
  access_token: required(string({ examples: [TOKEN_EXAMPLE] }), 'For `Authorization: Bearer`.'),
  refresh_token: optional(string({ examples: [TOKEN_EXAMPLE] }), 'Used once, for a new pair. Not here where it is in a cookie.'),
  token_type: required(word(['Bearer'])),
  expires_in: required(integer({ min: 1 }), 'Seconds that the access token is good for.'),
  user_id: userId,
});
export const SudoToken = answer('SudoToken', {
  access_token: required(string({ examples: [TOKEN_EXAMPLE] }), 'With the powers of the caller\'s role.'),
  token_type: required(word(['Bearer'])),
  expires_in: required(integer({ min: 1 })),
});
export const MintedToken = answer('MintedToken', {
  access_token: required(string({ examples: [TOKEN_EXAMPLE] }), 'For `Authorization: Bearer`. Its claim `act` names who minted it, if somebody did.'),
  token_type: required(word(['Bearer'])),
  expires_in: required(integer({ min: 1 }), 'Seconds.'),
  user_id: userId,
  scopes: required(list(growingWord(OWN_SCOPES))),
});
export const Me = answer('Me', {
  user_id: userId,
  username: required(Username),
  account_id: required(AccountName, 'Whom calls are for that name no account.'),
  accounts: required(list(AccountName), 'All that the caller may act for.'),
  roles: required(list(growingWord(USER_ROLES))),
  scopes: required(list(growingWord(SCOPES)), 'What the token or key may be used for.'),
  sudo: required(flag(), 'Whether the powers of the roles are there.'),
  minted_by: required(orNull(Username), 'Who minted the token, and is the one who acts by it.'),
});
export const Ended = answer('Ended', { ended: required(flag()) });
const keyFields = {
  api_key: required(string({ examples: [API_KEY_EXAMPLE] }), 'Its public name, for `Openfill-Key`.'),
  name: required(string()),
  kind: required(growingWord(['hmac', 'ed25519'])),
  scopes: required(list(growingWord(SCOPES))),
  accounts: required(orNull(list(AccountName)), 'null for all of its user\'s.'),
  ip_allow: required(orNull(list(string())), 'null for any address.'),
  expires_at: required(orNull(Time)),
  created_at: required(Time),
};
export const ApiKey = answer('ApiKey', keyFields);
export const MadeApiKey = answer('MadeApiKey', { ...keyFields, secret: optional(string({ examples: [SECRET_EXAMPLE] }), 'Told this once. There is none where a public key was given.') });
export const ApiKeys = answer('ApiKeys', { api_keys: required(list(ApiKey)) });
export const Owners = answer('Owners', { account_id: required(AccountName), owners: required(list(Username), 'Who may act for it.') });
export const User = answer('User', {
  user_id: userId, username: required(Username), account_id: required(AccountName), roles: required(list(growingWord(USER_ROLES))),
  status: required(growingWord(['active', 'suspended'])), created_at: required(Time),
});
export const UserPage = answer('UserPage', { users: required(list(User)), next_cursor: required(orNull(string())) });
export const AuditEntry = answer('AuditEntry', {
  audit_id: required(integer({ min: 1 })),
  at: required(Time),
  actor: required(string(), 'Who did it: a username; of the venue\'s own commands, `@` and their name.'),
  api_key: required(orNull(string()), 'The API key by which it was done; null for a token.'),
  acting_for: required(orNull(AccountName), 'The account that it was done for.'),
  action: required(string()),
  target: required(orNull(string())),
  request_id: required(orNull(string())),
  outcome: required(string(), '`ok`, or the code with which it was refused. `unknown` while none is on record: it is under way still, or its process ended in between.'),
});
export const AuditLog = answer('AuditLog', { entries: required(list(AuditEntry)), next_cursor: required(orNull(integer({ min: 1 }))) });
export const Jwks = answer('Jwks', { keys: required(list(anything())) });

const TOKENS = { access_token: TOKEN_EXAMPLE, refresh_token: TOKEN_EXAMPLE, token_type: 'Bearer', expires_in: 900, user_id: USER_ID_EXAMPLE };
const KEY = {
  api_key: API_KEY_EXAMPLE, name: 'market maker', kind: 'hmac', scopes: ['read', 'trade'], accounts: null, ip_allow: null, expires_at: null, created_at: TIME_EXAMPLE,
};
const ME = { user_id: USER_ID_EXAMPLE, username: 'alice', account_id: 'alice', accounts: ['alice'], roles: ['trader'], scopes: ['read', 'trade', 'transfer', 'withdraw'], sudo: false, minted_by: null };
const USER = { user_id: USER_ID_EXAMPLE, username: 'alice', account_id: 'alice', roles: ['trader'], status: 'active', created_at: TIME_EXAMPLE };

export const PEOPLE_EXAMPLES = {
  credentials: { alice: { username: 'alice', password: 'correct horse battery' } },
  registered: { user_id: USER_ID_EXAMPLE, username: 'alice', account_id: 'alice' },
  tokens: TOKENS,
  refresh: { pair: { refresh_token: TOKEN_EXAMPLE } },
  sudo: { password: { password: 'correct horse battery' } },
  sudoToken: { access_token: TOKEN_EXAMPLE, token_type: 'Bearer', expires_in: 900 },
  oidcToken: { machine: { access_token: TOKEN_EXAMPLE } },
  mint: { bot: { username: 'alice', scopes: ['read', 'trade'], ttl_minutes: 60 } },
  mintedToken: { access_token: TOKEN_EXAMPLE, token_type: 'Bearer', expires_in: 3_600, user_id: USER_ID_EXAMPLE, scopes: ['read', 'trade'] },
  me: ME,
  changeMe: { password: { password: 'correct horse battery', new_password: 'staple correct horse' } },
  keys: { trading: { name: 'market maker', scopes: ['read', 'trade'] } },
  key: KEY,
  madeKey: { ...KEY, secret: SECRET_EXAMPLE },
  share: { bob: { username: 'bob' } },
  owners: { account_id: 'alice-2', owners: ['alice', 'bob'] },
  user: USER,
  changes: { suspend: { status: 'suspended' } },
  audit: {
    entries: [{
      audit_id: 1, at: TIME_EXAMPLE, actor: 'olivia', api_key: null, acting_for: 'alice', action: 'deposit', target: '1000 USD', request_id: '6f1c0a52-8d1e-4f8e-9b1d-2a7c5e3f4d60', outcome: 'ok',
    }],
    next_cursor: null,
  },
  jwks: { keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs', kid: '2026-01', use: 'sig', alg: 'EdDSA' }] },
} as const;
