/** What callers may be allowed: words that the venue computes with. The contract has the same for whoever is outside. */

/** What an API key, or a token, may be used for. */
export const SCOPES = ['read', 'trade', 'transfer', 'withdraw', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** What a person's own token is good for; the powers of a role come with sudo. */
export const OWN_SCOPES = ['read', 'trade', 'transfer', 'withdraw'] as const satisfies readonly Scope[];

/** Roles that a user can have. */
export const USER_ROLES = ['trader', 'operator', 'admin'] as const;
export type UserRole = (typeof USER_ROLES)[number];

/** Allowances of calls, each counted by itself. */
export const LIMIT_CLASSES = ['address', 'login', 'principal', 'mutate', 'cancel', 'expensive'] as const;
export type LimitClass = (typeof LIMIT_CLASSES)[number];

/** Who may make a call. */
export interface Access {
  readonly caller: 'anyone' | 'internal' | 'user' | 'operator' | 'admin';
  /** null for what no API key may do. */
  readonly scope: Scope | null;
  readonly limit: LimitClass;
  /** Of a call for anyone: whether who says who it is gets more. */
  readonly asksWho?: true;
  /** Of a login: whether it counts itself against its allowance, where it comes to that. */
  readonly countsItself?: true;
  /** Of a call that no API key may make: whether a token that somebody else minted may. */
  readonly mayBeMinted?: true;
}

export const USERNAME_PATTERN = '^[A-Za-z0-9._-]{3,64}$';
/** Of what users and operators call accounts: words of a username's alphabet, with `:` or `/` between them, and none without a letter or digit. */
export const ACCOUNT_NAME_PATTERN = '^(?=.*[A-Za-z0-9])[A-Za-z0-9._-]+(?:[:/][A-Za-z0-9._-]+)*$';
export const PASSWORD_BYTES = { min: 12, max: 256 } as const;
