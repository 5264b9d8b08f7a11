import { createCipheriv, createDecipheriv, generateKeyPairSync, randomBytes, createHash, createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The venue's own keys, in a directory that only its user may read: those that sign tokens, and the one that seals secrets which have
 * to be read again. Made at the first start by whichever process comes first; a file is replaced, never changed.
 */

export type TokenAlgorithm = 'EdDSA' | 'PS256';

export interface SigningKey {
  readonly kid: string;
  readonly algorithm: TokenAlgorithm;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** When its last token is over, in ms since 1970; null for the one that signs. */
  readonly verifiesUntilMs: number | null;
}

const VERSION = 1;
const FILE = 'venue-keys.json';
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;
const SEALING_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const RSA_BITS = 3_072;
const KID_LENGTH = 16;

/** The directory cannot be used, and why: starting again would not help. */
export class VenueKeysError extends Error {}

interface StoredKey {
  readonly kid: string;
  readonly algorithm: TokenAlgorithm;
  readonly private_key: JsonWebKey;
  readonly verifies_until: string | null;
}
interface Stored {
  readonly version: number;
  readonly sealing: string;
  readonly signing: readonly StoredKey[];
}

/** @throws Error for what is not as it was written */
function storedOf(content: unknown): Stored {
  const { version, sealing, signing } = content as Partial<Stored>;
  if (version !== VERSION) throw new Error(`it is of version ${String(version)}, and this program knows ${VERSION}`);
  if (typeof sealing !== 'string' || Buffer.from(sealing, 'base64').length !== SEALING_BYTES) throw new Error('its sealing key is none');
  const isKey = ({ kid, algorithm, private_key: key, verifies_until: until }: StoredKey): boolean => (
    typeof kid === 'string' && (algorithm === 'EdDSA' || algorithm === 'PS256') && typeof key === 'object' && (until === null || !Number.isNaN(Date.parse(until)))
  );
  if (!Array.isArray(signing) || !signing.every(isKey)) throw new Error('its signing keys are none');
  return { version, sealing, signing };
}

function newKey(algorithm: TokenAlgorithm): StoredKey {
  const { privateKey } = algorithm === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('rsa', { modulusLength: RSA_BITS });
  const private_key = privateKey.export({ format: 'jwk' });
  const kid = createHash('sha256').update(JSON.stringify(createPublicKey(privateKey).export({ format: 'jwk' }))).digest('base64url').slice(0, KID_LENGTH);
  return { kid, algorithm, private_key, verifies_until: null };
}

/** The venue's keys as this process has read them last. */
export class VenueKeys {
  private readonly file: string;
  private modified = '';
  private sealing: Buffer = Buffer.alloc(0);
  private signing: readonly SigningKey[] = [];

  /**
   * Reads the keys, or makes them.
   * @throws VenueKeysError for a directory that cannot be used, or a file that is not as it was written
   */
  constructor(private readonly directory: string, private readonly algorithm: TokenAlgorithm) {
    this.file = join(directory, FILE);
    try {
      mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE });
    } catch (error) {
      throw new VenueKeysError(`KEYS_DIR ${directory} cannot be made: ${(error as Error).message}`, { cause: error });
    }
    this.make({ version: VERSION, sealing: randomBytes(SEALING_BYTES).toString('base64'), signing: [newKey(algorithm)] });
    this.refresh();
  }

  /** Leaves what is there already. */
  private make(content: Stored): void {
    const made = this.write(content);
    try {
      // Of several processes that start at once, one succeeds.
      linkSync(made, this.file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw new VenueKeysError(`KEYS_DIR ${this.directory} cannot be written to: ${(error as Error).message}`, { cause: error });
    } finally {
      rmSync(made, { force: true });
    }
  }

  private write(content: Stored): string {
    const made = join(this.directory, `.${FILE}.${process.pid}.${randomBytes(4).toString('hex')}`);
    try {
      writeFileSync(made, `${JSON.stringify(content, null, 2)}\n`, { mode: FILE_MODE, flag: 'wx' });
    } catch (error) {
      throw new VenueKeysError(`KEYS_DIR ${this.directory} cannot be written to: ${(error as Error).message}`, { cause: error });
    }
    return made;
  }

  private read(): Stored {
    try {
      return storedOf(JSON.parse(readFileSync(this.file, 'utf8')));
    } catch (error) {
      throw new VenueKeysError(`${this.file} cannot be read: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Reads the file again where it is another one than before. @throws VenueKeysError */
  refresh(): void {
    const { ino, mtimeMs, mode } = statSync(this.file);
    if ((mode & 0o077) !== 0) throw new VenueKeysError(`${this.file} can be read by others: chmod 600 it`);
    const modified = `${ino} ${mtimeMs}`;
    if (modified === this.modified) return;
    const { sealing, signing } = this.read();
    this.signing = signing.map(({ kid, algorithm, private_key: jwk, verifies_until: until }) => {
      const privateKey = createPrivateKey({ key: jwk, format: 'jwk' });
      return { kid, algorithm, privateKey, publicKey: createPublicKey(privateKey), verifiesUntilMs: until === null ? null : Date.parse(until) };
    });
    this.sealing = Buffer.from(sealing, 'base64');
    this.modified = modified;
  }

  /** The one that signs now. */
  get current(): SigningKey {
    const key = this.signing.find(({ verifiesUntilMs }) => verifiesUntilMs === null);
    if (key === undefined) throw new VenueKeysError(`${this.file} has no key that signs`);
    return key;
  }

  /** Those whose tokens are still good. */
  get verifying(): readonly SigningKey[] {
    const nowMs = Date.now();
    return this.signing.filter(({ verifiesUntilMs }) => verifiesUntilMs === null || verifiesUntilMs > nowMs);
  }

  /**
   * From now on a new key signs; the others verify until their last token is over.
   * @param overlapS longest time that a token is good for
   */
  rotate(overlapS: number): void {
    const before = this.read();
    const nowMs = Date.now();
    const until = new Date(nowMs + overlapS * 1_000).toISOString();
    const kept = before.signing
      .map((key) => ({ ...key, verifies_until: key.verifies_until ?? until }))
      .filter(({ verifies_until: over }) => Date.parse(over) > nowMs);
    renameSync(this.write({ ...before, signing: [...kept, newKey(this.algorithm)] }), this.file);
    this.refresh();
  }

  /** Encrypts what has to be read again (AES-256-GCM). @param purpose what it is for: sealed for one, it is good for no other */
  seal(text: string, purpose: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.sealing, nonce).setAAD(Buffer.from(purpose));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
  }

  /** @throws Error for what was sealed with another key, or for something else */
  open(sealed: Buffer, purpose: string): string {
    const decipher = createDecipheriv('aes-256-gcm', this.sealing, sealed.subarray(0, NONCE_BYTES)).setAAD(Buffer.from(purpose));
    decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8');
  }
}
