import { createPublicKey, randomBytes } from 'node:crypto';
import type { Scope } from '../domain/access';
import type { ApiKeyRow } from '../domain/people';
import { keepsPowers, mayActFor, requireOwnLogin, type Caller } from '../domain/principal';
import { Refusal, type FieldFault } from '../domain/refusal';
import type { Directory } from './directory';
import { addressesOf, purposeOf } from './identity';
import type { PeopleStore } from './ports';
import type { VenueKeys } from './venue-keys';

const NAME_START = 'of_';
const NAME_BYTES = 15;
const SECRET_BYTES = 32;
/** Scopes that a key has only where it can be used from few places. */
const NEEDS_ADDRESSES: readonly Scope[] = ['withdraw', 'admin'];

export interface ApiKeyRequest {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly accounts: readonly string[] | null;
  readonly ipAllow: readonly string[] | null;
  readonly expiresMs: number | null;
  /** PEM. */
  readonly publicKey: string | null;
}

export interface MadeApiKey {
  readonly row: Omit<ApiKeyRow, 'isEnded' | 'change'>;
  /** Told this once; null where the key is an Ed25519 key of the user's own. */
  readonly secret: string | null;
}

/** API keys of users: each good for no more than its user. */
export class ApiKeys {
  constructor(
    private readonly store: PeopleStore, private readonly directory: Directory, private readonly keys: VenueKeys, private readonly perUserMax: number,
  ) {}

  /** @throws Refusal `validation_failed`, `forbidden`, `account_not_found`, `api_keys_limit` */
  async make(caller: Caller, { name, scopes, accounts, ipAllow, expiresMs, publicKey }: ApiKeyRequest): Promise<MadeApiKey> {
    requireOwnLogin(caller);
    const beyond = scopes.find((scope) => !caller.scopes.has(scope) || (scope === 'admin' && !keepsPowers(caller)));
    if (beyond !== undefined) throw beyondCaller(beyond);
    const faults = faultsOf({ scopes, ipAllow, expiresMs, publicKey });
    if (faults.length > 0) throw new Refusal('validation_failed', { fields: faults });
    const foreign = accounts?.find((account) => !mayActFor({ ...caller, hasPowers: false }, account));
    if (foreign !== undefined) throw new Refusal('account_not_found');
    const apiKey = NAME_START + randomBytes(NAME_BYTES).toString('base64url');
    const secret = publicKey === null ? randomBytes(SECRET_BYTES).toString('base64url') : null;
    const row = {
      apiKey, userId: caller.person.userId, name, scopes, accounts, ipAllow, expiresMs, publicKey,
      sealedSecret: secret === null ? null : this.keys.seal(secret, purposeOf(apiKey)),
    };
    const createdMs = await this.store.addKey(row, this.perUserMax, scopes.includes('admin') ? caller.powersChange : null);
    if (createdMs === 'limit') throw new Refusal('api_keys_limit');
    if (createdMs === 'powers') throw beyondCaller('admin');
    await this.directory.catchUp();
    return { row: { ...row, createdMs }, secret };
  }

  async list(caller: Caller): Promise<readonly ApiKeyRow[]> {
    await this.directory.catchUp();
    return this.directory.keysOf(caller.person.userId);
  }

  /** @throws Refusal `api_key_not_found`, also for another's */
  async end(caller: Caller, apiKey: string): Promise<void> {
    if (!(await this.store.endKey(apiKey, caller.person.userId))) throw new Refusal('api_key_not_found');
    await this.directory.catchUp();
  }
}

const beyondCaller = (scope: Scope): Refusal => new Refusal('forbidden', { detail: `The caller may not use the scope ${scope} itself.` });

function faultsOf({ scopes, ipAllow, expiresMs, publicKey }: Pick<ApiKeyRequest, 'scopes' | 'ipAllow' | 'expiresMs' | 'publicKey'>): FieldFault[] {
  const faults: FieldFault[] = [];
  if (ipAllow !== null && addressesOf(ipAllow) === null) faults.push({ field: 'ipAllow', message: 'must be a list of addresses and networks such as 192.0.2.0/24' });
  const open = ipAllow === null ? scopes.find((scope) => NEEDS_ADDRESSES.includes(scope)) : undefined;
  if (open !== undefined) faults.push({ field: 'ipAllow', message: `is needed by the scope ${open}` });
  if (expiresMs !== null && expiresMs <= Date.now()) faults.push({ field: 'expiresAt', message: 'is over already' });
  if (publicKey !== null && !isEd25519(publicKey)) faults.push({ field: 'publicKey', message: 'must be an Ed25519 public key (PEM)' });
  return faults;
}

function isEd25519(pem: string): boolean {
  try {
    return pem.includes('BEGIN PUBLIC KEY') && createPublicKey(pem).asymmetricKeyType === 'ed25519';
  } catch {
    return false;
  }
}
