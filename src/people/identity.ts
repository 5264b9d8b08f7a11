import type { ApiKeyRow } from '../domain/people';
import { createPublicKey, timingSafeEqual, verify, type KeyObject } from 'node:crypto';
import { BlockList, isIP, isIPv4 } from 'node:net';
import { LRUCache } from 'lru-cache';
import { plainAddress } from '../domain/address';
import { isOperator, type Caller, type Person } from '../domain/principal';
import { Refusal } from '../domain/refusal';
import { OneTimeUse, WINDOW_MAX_MS } from '../domain/one-time-use';
import { UnavailableError } from '../domain/unavailable';
import type { Directory } from './directory';
import { HmacKey } from './hmac-key';
import type { Tokens } from './tokens';
import type { VenueKeys } from './venue-keys';

/** What a request is signed with, as it came. */
export interface Signature {
  readonly apiKey: string;
  /** Milliseconds since 1970. */
  readonly timestamp: string;
  readonly signature: string;
  /** Milliseconds by which the timestamp may differ, null for the venue's own. */
  readonly window: string | null;
}

/** Remembers what is good once and was used, over all processes, for at least as long as it could be used again. */
export interface Once {
  /** @returns whether it was used for the first time @throws UnavailableError */
  takeOnce(use: OneTimeUse): Promise<boolean>;
}

export interface IdentityOptions {
  /** How long keys go on without a word from Postgres. */
  readonly staleMaxMs: number;
}

export const WINDOW_MS = 5_000;
/** Tokens whose claims are remembered: checking a signature costs more than an order. */
const TOKENS_MAX = 50_000;
const KEYS_MAX = 50_000;
/** API keys whose secrets are tried as a process starts. */
const SEALS_LOOKED_AT_MAX = 100;
const BEARER = 'Bearer ';
const TIMESTAMP = /^[0-9]{1,16}$/;
const SECRET_PURPOSE = 'api key ';

/** Who has signed a request, and the use of the signature. */
export interface Signed {
  readonly caller: Caller;
  readonly use: OneTimeUse;
}

/** A key as it is checked with, and the caller that it stands for. */
interface UsableKey {
  readonly row: ApiKeyRow;
  readonly secret: HmacKey | null;
  readonly publicKey: KeyObject | null;
  readonly addresses: BlockList | null;
  readonly caller: Caller;
}

/** The name under which a key's secret is sealed. */
export function purposeOf(apiKey: string): string {
  return SECRET_PURPOSE + apiKey;
}

/** @returns null for what is neither an address nor a network */
export function addressesOf(list: readonly string[]): BlockList | null {
  const addresses = new BlockList();
  for (const text of list) {
    const [address = '', prefix, ...more] = text.split('/');
    const family = isIP(address);
    if (family === 0 || more.length > 0) return null;
    const kind = family === 4 ? 'ipv4' : 'ipv6';
    if (prefix === undefined) {
      addresses.addAddress(address, kind);
      continue;
    }
    const bits = /^[0-9]{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
    if (!(bits <= (family === 4 ? 32 : 128))) return null;
    addresses.addSubnet(address, bits, kind);
  }
  return addresses;
}

function includes(addresses: BlockList, address: string): boolean {
  const plain = plainAddress(address);
  // One that a proxy did not tell is no address of anybody's.
  return isIP(plain) !== 0 && addresses.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6');
}

/** Who is behind a token or a signature: told from memory, without asking anybody. */
export class Identity {
  private readonly tokens = new LRUCache<string, Caller>({ max: TOKENS_MAX });
  private readonly keys = new LRUCache<string, UsableKey>({ max: KEYS_MAX });

  constructor(
    private readonly directory: Directory, private readonly checker: Tokens, private readonly venueKeys: VenueKeys, private readonly once: Once,
    private readonly options: IdentityOptions,
  ) {}

  /**
   * Who a header is of whose token came before, without a look at what it is made of.
   * @returns undefined for one that is new
   * @throws Refusal `token_expired`, `session_ended`, `user_suspended`
   */
  byHeader(authorization: string): Caller | undefined {
    return authorization.startsWith(BEARER) ? this.byKnownToken(authorization.slice(BEARER.length)) : undefined;
  }

  private byKnownToken(token: string): Caller | undefined {
    const known = this.tokens.get(token);
    if (known === undefined) return undefined;
    const problem = this.problemOf(known);
    if (problem !== null) throw new Refusal(problem);
    return known;
  }

  /** @throws Refusal `invalid_token`, `token_expired`, `wrong_token_type`, `session_ended`, `user_suspended` */
  byToken(token: string): Caller | Promise<Caller> {
    return this.byKnownToken(token) ?? this.byNewToken(token);
  }

  private async byNewToken(token: string): Promise<Caller> {
    const claims = await this.checker.check(token, 'access');
    const person = await this.personOf(claims.userId);
    const minter = claims.minterId === null ? null : await this.personOf(claims.minterId);
    const caller: Caller = {
      kind: 'caller', person, scopes: claims.scopes, onlyAccounts: null, hasPowers: claims.hasPowers, powersChange: claims.powersChange, apiKey: null, session: claims.session, minter,
      isOfDevelopment: claims.isOfDevelopment, expiresMs: claims.expiresS * 1_000,
    };
    const problem = this.problemOf(caller);
    if (problem !== null) throw new Refusal(problem);
    this.tokens.set(token, caller);
    return caller;
  }

  private async personOf(userId: string): Promise<Person> {
    const person = this.directory.person(userId) ?? await this.lookAgain(() => this.directory.person(userId));
    if (person === undefined) throw new Refusal('invalid_token');
    return person;
  }

  /** What another process has just written may not be here yet. @throws UnavailableError before everybody is known: nobody waits for that */
  private async lookAgain<T>(look: () => T | undefined): Promise<T | undefined> {
    if (!this.directory.isLoaded) throw new UnavailableError('people_unavailable', 'users and keys are still being read');
    try {
      await this.directory.catchUp();
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
    }
    return look();
  }

  private problemOf({ person, session, minter, powersChange, expiresMs }: Caller): 'token_expired' | 'session_ended' | 'user_suspended' | null {
    if (expiresMs !== null && Date.now() >= expiresMs) return 'token_expired';
    if (session !== null && this.directory.isEnded(session)) return 'session_ended';
    // Who acts for others by a role has it no longer, or had it taken since.
    if (minter !== null && (minter.isSuspended || !isOperator(minter) || powersChange < minter.powersChange)) return 'session_ended';
    return person.isSuspended ? 'user_suspended' : null;
  }

  /**
   * Whether a connection may go on being a caller's.
   * @returns why not, null where it may
   */
  standing(caller: Caller): 'token_expired' | 'session_ended' | 'user_suspended' | 'invalid_api_key' | null {
    if (caller.apiKey !== null) {
      const row = this.directory.key(caller.apiKey);
      if (row === undefined || (row.expiresMs !== null && row.expiresMs <= Date.now())) return 'invalid_api_key';
      return caller.person.isSuspended ? 'user_suspended' : null;
    }
    return this.problemOf(caller);
  }

  /**
   * Takes a signature's use, which its command does otherwise.
   * @throws Refusal `signature_reused`; UnavailableError where Redis cannot say
   */
  async take(use: OneTimeUse): Promise<void> {
    if (!(await this.once.takeOnce(use))) throw new Refusal('signature_reused');
  }

  /**
   * Whose a signature is. Its use is still to be taken.
   * @param what is signed behind the timestamp: method, path with query, and body
   * @throws Refusal `invalid_api_key`, `timestamp_out_of_window`, `user_suspended`; UnavailableError where Postgres was not heard of for too long
   */
  bySignature(signature: Signature, what: readonly (string | Buffer)[], address: string): Signed | Promise<Signed> {
    const key = this.usable(signature.apiKey);
    if (key !== undefined) return this.checked(key, signature, what, address);
    return this.lookAgain(() => this.usable(signature.apiKey)).then((found) => this.checked(found, signature, what, address));
  }

  private checked(key: UsableKey | undefined, { apiKey, timestamp, signature, window }: Signature, what: readonly (string | Buffer)[], address: string): Signed {
    // A key that there is not costs as much as a signature that is wrong.
    const given = Buffer.from(signature, 'base64');
    const isRight = signatureHolds(key, [timestamp, ...what], given);
    if (key === undefined || !isRight) throw new Refusal('invalid_api_key');
    this.directory.requireFresh(this.options.staleMaxMs);
    const { row: { expiresMs }, addresses, caller } = key;
    if (expiresMs !== null && expiresMs <= Date.now()) throw new Refusal('invalid_api_key', { detail: 'The API key\'s time is over.' });
    if (addresses !== null && !includes(addresses, address)) throw new Refusal('invalid_api_key', { detail: 'The API key may not be used from this address.' });
    if (caller.person.isSuspended) throw new Refusal('user_suspended');
    const windowMs = windowOf(window);
    requireWithin(timestamp, windowMs);
    // By its bytes: other spellings of its text are the same signature. Whatever window is asked for: that is not signed.
    const second = Math.floor(Number(timestamp) / 1_000);
    // Half of an Ed25519 signature is chosen by who signs; nobody chooses what an HMAC is.
    return { caller, use: key.publicKey === null ? OneTimeUse.ofRandom(given, second) : OneTimeUse.of(`${apiKey} ${given.toString('base64')}`, second) };
  }

  /** Of some API keys that are sealed, how many cannot be used, since the venue's keys are not those by which their secrets were sealed. */
  unopened(): { readonly lookedAt: number; readonly unopened: number } {
    const all = [...this.directory.apiKeys()].filter(({ sealedSecret }) => sealedSecret !== null);
    // A start does not wait for a hundred thousand of them.
    const step = Math.max(1, Math.ceil(all.length / SEALS_LOOKED_AT_MAX));
    let lookedAt = 0;
    let unopened = 0;
    for (let i = 0; i < all.length; i += step) {
      const { apiKey, sealedSecret } = all[i] as ApiKeyRow;
      lookedAt++;
      try {
        this.secretOf(sealedSecret as Buffer, apiKey);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        unopened++;
      }
    }
    return { lookedAt, unopened };
  }

  /** @throws Refusal `invalid_api_key` where the venue's keys are not those by which it was sealed */
  private secretOf(sealed: Buffer, apiKey: string): HmacKey {
    try {
      return new HmacKey(Buffer.from(this.venueKeys.open(sealed, purposeOf(apiKey))));
    } catch {
      throw new Refusal('invalid_api_key', { detail: 'The venue has not the keys (KEYS_DIR) that the secret is sealed with any more: make another API key.' });
    }
  }

  private usable(apiKey: string): UsableKey | undefined {
    const row = this.directory.key(apiKey);
    if (row === undefined) return undefined;
    const known = this.keys.get(apiKey);
    // What a key is for never changes.
    if (known !== undefined) return known;
    const person = this.directory.person(row.userId);
    if (person === undefined) return undefined;
    const key: UsableKey = {
      row, addresses: row.ipAllow === null ? null : addressesOf(row.ipAllow),
      secret: row.sealedSecret === null ? null : this.secretOf(row.sealedSecret, apiKey),
      publicKey: row.publicKey === null ? null : createPublicKey(row.publicKey),
      caller: {
        kind: 'caller', person, scopes: new Set(row.scopes), onlyAccounts: row.accounts === null ? null : new Set(row.accounts),
        hasPowers: row.scopes.includes('admin'), powersChange: row.change, apiKey, session: null, minter: null, isOfDevelopment: false, expiresMs: row.expiresMs,
      },
    };
    this.keys.set(apiKey, key);
    return key;
  }
}

/** @throws Refusal `timestamp_out_of_window` for a window that is none */
function windowOf(given: string | null): number {
  if (given === null) return WINDOW_MS;
  const windowMs = TIMESTAMP.test(given) ? Number(given) : Number.NaN;
  if (!(windowMs >= 1 && windowMs <= WINDOW_MAX_MS)) throw new Refusal('timestamp_out_of_window', { detail: `Openfill-Recv-Window must be a whole number of milliseconds from 1 to ${WINDOW_MAX_MS}.` });
  return windowMs;
}

/** @throws Refusal `timestamp_out_of_window` that says how far it is off */
function requireWithin(timestamp: string, windowMs: number): void {
  const nowMs = Date.now();
  if (!TIMESTAMP.test(timestamp)) throw new Refusal('timestamp_out_of_window', { detail: `The timestamp must be whole milliseconds since 1970; the venue's time is ${nowMs}.` });
  const behindMs = nowMs - Number(timestamp);
  if (Math.abs(behindMs) <= windowMs) return;
  const off = `${Math.abs(behindMs)} ms ${behindMs > 0 ? 'behind' : 'ahead of'}`;
  throw new Refusal('timestamp_out_of_window', { detail: `The timestamp ${timestamp} is ${off} the venue's time ${nowMs}; at most ${windowMs} ms are allowed (Openfill-Recv-Window).` });
}

const NOBODYS_SECRET = new HmacKey(Buffer.alloc(32));

function signatureHolds(key: UsableKey | undefined, parts: readonly (string | Buffer)[], given: Buffer): boolean {
  if (key !== undefined && key.publicKey !== null) return verify(null, Buffer.concat(parts.map((part) => Buffer.from(part))), key.publicKey, given);
  const signature = (key?.secret ?? NOBODYS_SECRET).sign(parts);
  return given.length === signature.length && timingSafeEqual(given, signature) && key !== undefined;
}
