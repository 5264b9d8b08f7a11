import { createRemoteJWKSet, customFetch as keysFetch, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import CircuitBreaker from 'opossum';
import type { Logger } from 'pino';
import {
  AuthorizationResponseError, ClientError, ClientSecretBasic, ClientSecretPost, Configuration, None, ResponseBodyError, allowInsecureRequests, authorizationCodeGrant,
  buildAuthorizationUrl, calculatePKCECodeChallenge, customFetch, discovery, enableNonRepudiationChecks, fetchUserInfo, randomNonce, randomPKCECodeVerifier, randomState,
  type CustomFetch,
} from 'openid-client';
import type { ForeignIdentity } from '../domain/people';
import { Refusal } from '../domain/refusal';
import { UnavailableError } from '../domain/unavailable';

export interface LoginProviderOptions {
  readonly issuer: string;
  readonly clientId: string;
  /** null of a public client. */
  readonly clientSecret: string | null;
  readonly timeoutMs: number;
  /** What the provider calls the venue in access tokens of machines; null where there are none. */
  readonly audience: string | null;
}

/** What only who began a login knows of it. */
export interface LoginSecrets {
  readonly state: string;
  readonly nonce: string;
  /** Of PKCE. */
  readonly verifier: string;
}

/** A user as the provider has proven it. */
export interface ProvenUser extends ForeignIdentity {
  /** What the provider calls the user, best first. @throws UnavailableError */
  names(): Promise<readonly string[]>;
}

/** How old what is known of the provider's addresses may be. Its keys are looked up anew by their names, at most once a minute. */
const DISCOVERY_MS = 3_600_000;
/** As the library that logs people in has it. */
const KEYS_MS = 300_000;
const KEYS_APART_MS = 60_000;
/** Algorithms of a provider's access tokens: none by which whoever can check can also sign. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
/** What access tokens call themselves (RFC 9068), and those of providers of before. */
const TOKEN_TYPES: ReadonlySet<string | undefined> = new Set([undefined, 'jwt', 'at+jwt', 'application/at+jwt']);
/** What some providers put behind a client's name to make a subject of it: no person has it. */
const CLIENT_SUBJECT_END = '@clients';
const SKEW_S = 30;
const RESPONSE_BYTES_MAX = 1_048_576;
const SUBJECT_LENGTH_MAX = 255;
const SCOPE = 'openid profile email';

/** The breaker opens when more than half of at least so many requests in ten seconds got no answer. */
const BREAKER_VOLUME_MIN = 3;
const BREAKER_ERROR_PERCENT = 50;
const BREAKER_RESET_MS = 2_000;
/** Statuses by which a provider says that it cannot answer. */
const TOO_MANY_REQUESTS = 429;
const SERVER_ERROR_MIN = 500;

/** Codes of the library for what a provider has said of a user and does not hold. */
const UNPROVEN: ReadonlySet<string | undefined> = new Set([
  'OAUTH_JWT_TIMESTAMP_CHECK_FAILED', 'OAUTH_JWT_CLAIM_COMPARISON_FAILED', 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED', 'OAUTH_KEY_SELECTION_FAILED',
  'OAUTH_INVALID_RESPONSE', 'OAUTH_UNSUPPORTED_OPERATION',
]);
/** Codes for an access token that no key of the provider's is for, or not one alone. What else keeps a key from being found is the provider's own. */
const KEYLESS: ReadonlySet<string> = new Set([
  errors.JWKSNoMatchingKey.code, errors.JWKSMultipleMatchingKeys.code, errors.JOSENotSupported.code, errors.JOSEAlgNotAllowed.code, errors.JWKInvalid.code,
]);
/** What a provider says of itself, not of the user (RFC 6749, 4.1.2.1). */
const PROVIDERS_OWN: ReadonlySet<string> = new Set(['server_error', 'temporarily_unavailable', 'invalid_request', 'unauthorized_client', 'unsupported_response_type', 'invalid_scope']);

/** @returns what an answer of the provider means to the user; null where it is no answer, or one that is nothing to the user */
function verdictOf(error: unknown): Refusal | null {
  if (error instanceof AuthorizationResponseError) return PROVIDERS_OWN.has(error.error) ? null : new Refusal('login_refused');
  if (error instanceof ResponseBodyError) return error.error === 'invalid_grant' ? new Refusal('login_not_proven') : null;
  if (error instanceof errors.JOSEError) return KEYLESS.has(error.code) ? new Refusal('login_not_proven') : null;
  return error instanceof ClientError && UNPROVEN.has(error.code) ? new Refusal('login_not_proven') : null;
}

/** For a provider on this machine, or where it was accepted that others read along: the settings see to it. */
// oxlint-disable-next-line typescript/no-deprecated -- marked so that it is noticed
const overPlainHttp: (configuration: Configuration) => void = allowInsecureRequests;

/** An answer is read whole, up to a bound. */
const boundedFetch: CustomFetch = async (url, options) => {
  const response = await fetch(url, options as RequestInit);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk as Uint8Array);
    bytes += (chunk as Uint8Array).length;
    if (bytes > RESPONSE_BYTES_MAX) throw new Error(`the answer of ${url} has more than ${RESPONSE_BYTES_MAX} bytes`);
  }
  const { status, headers } = response;
  return new Response(bytes === 0 ? null : Buffer.concat(chunks), { status, headers });
};

/** What a provider answers to something that a caller sent along says nothing of how the provider is. @throws Error where there is no answer, or one that is none */
const answeredFetch: CustomFetch = async (url, options) => {
  const answer = await boundedFetch(url, options);
  if (options.method === 'GET' && (answer.status >= SERVER_ERROR_MIN || answer.status === TOO_MANY_REQUESTS)) throw new Error(`${url} answers ${answer.status}`);
  return answer;
};

/**
 * The provider by which people log in elsewhere (OpenID Connect): authorization code with PKCE. What it says of a user holds where the
 * token is signed with one of its keys, for this client, for this login, and is not over.
 */
export class LoginProvider {
  /** Around each request, and nothing else: what callers bring along cannot open it. */
  private readonly breaker: CircuitBreaker<Parameters<CustomFetch>, Response>;
  private readonly fetch: CustomFetch = (url, options) => this.breaker.fire(url, options);
  private known: { readonly configuration: Configuration; readonly untilMs: number } | null = null;
  private looking: Promise<Configuration> | null = null;
  private keys: { readonly url: string; readonly find: JWTVerifyGetKey } | null = null;

  constructor(private readonly options: LoginProviderOptions, private readonly logger: Logger) {
    this.breaker = new CircuitBreaker(answeredFetch, {
      // Each request has its own.
      timeout: false,
      volumeThreshold: BREAKER_VOLUME_MIN,
      errorThresholdPercentage: BREAKER_ERROR_PERCENT,
      resetTimeout: BREAKER_RESET_MS,
      rollingPercentilesEnabled: false,
    });
    this.breaker.on('open', () => this.logger.warn('the provider of logins does not answer: logins by it are refused'));
    this.breaker.on('close', () => this.logger.info('the provider of logins answers again'));
  }

  /** Whether it is asked at all: not while it does not answer. */
  get isAsked(): boolean {
    return !this.breaker.opened;
  }

  close(): void {
    this.breaker.shutdown();
  }

  /** @returns where a browser goes to log in @throws UnavailableError */
  async begin(redirectUri: string): Promise<LoginSecrets & { readonly url: string }> {
    const secrets = { state: randomState(), nonce: randomNonce(), verifier: randomPKCECodeVerifier() };
    const configuration = await this.ask((found) => Promise.resolve(found));
    const url = buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri, scope: SCOPE, state: secrets.state, nonce: secrets.nonce,
      code_challenge: await calculatePKCECodeChallenge(secrets.verifier), code_challenge_method: 'S256',
    });
    return { ...secrets, url: url.href };
  }

  /**
   * Who has logged in.
   * @param url at which the browser came back
   * @throws Refusal `login_refused`, `login_not_proven`; UnavailableError
   */
  async finish(url: URL, { state, nonce, verifier }: LoginSecrets): Promise<ProvenUser> {
    const tokens = await this.ask((configuration) => authorizationCodeGrant(configuration, url, {
      expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true,
    }));
    const claims = tokens.claims();
    if (claims === undefined || claims.sub.length === 0 || claims.sub.length > SUBJECT_LENGTH_MAX) throw new Refusal('login_not_proven');
    const { iss: issuer, sub: subject } = claims;
    return {
      issuer, subject,
      names: async () => {
        const named = namesOf(claims);
        if (named.length > 0) return [...named, subject];
        // Some say it there only; that it is the same user is checked by the library.
        const told = await this.ask(async (configuration) => (
          configuration.serverMetadata().userinfo_endpoint === undefined ? {} : fetchUserInfo(configuration, tokens.access_token, subject)
        ));
        return [...namesOf(told), subject];
      },
    };
  }

  /**
   * Which of its machine clients an access token of the provider's is of.
   * @throws Refusal `login_not_proven`; UnavailableError
   */
  async machineOf(accessToken: string): Promise<string> {
    const { audience } = this.options;
    if (audience === null) throw new Refusal('machine_unknown');
    const { issuer, keys } = await this.ask((configuration) => Promise.resolve({ issuer: configuration.serverMetadata().issuer, keys: this.keysOf(configuration) }));
    const key: JWTVerifyGetKey = (header, token) => this.ask(async () => keys(header, token));
    try {
      const { payload, protectedHeader } = await jwtVerify(accessToken, key, { issuer, audience, algorithms: ALGORITHMS, clockTolerance: SKEW_S, requiredClaims: ['exp'] });
      if (!TOKEN_TYPES.has(protectedHeader.typ?.toLowerCase())) throw new errors.JWTInvalid('it is no access token');
      const clientId = machineOf(payload);
      if (clientId === null) throw new errors.JWTInvalid('no machine client');
      return clientId;
    } catch (error) {
      // Once there is a key, all else is the token's.
      if (error instanceof Refusal || error instanceof UnavailableError) throw error;
      this.logger.info({ issuer, reason: reasonOf(error) }, 'a login elsewhere was turned down');
      throw new Refusal('login_not_proven');
    }
  }

  private keysOf(configuration: Configuration): JWTVerifyGetKey {
    const { jwks_uri: url } = configuration.serverMetadata();
    if (url === undefined) throw new Error('the provider does not say where its keys are');
    if (this.keys?.url === url) return this.keys.find;
    if (new URL(url).protocol !== 'https:' && !this.options.issuer.startsWith('http:')) throw new Error('the provider gives its keys without TLS');
    const find = createRemoteJWKSet(new URL(url), {
      cooldownDuration: KEYS_APART_MS, cacheMaxAge: KEYS_MS, timeoutDuration: this.options.timeoutMs, [keysFetch]: this.fetch as typeof fetch,
    });
    this.keys = { url, find };
    return find;
  }

  /** @throws Refusal, UnavailableError */
  private async ask<T>(question: (configuration: Configuration) => Promise<T>): Promise<T> {
    try {
      return await question(await this.configuration());
    } catch (error) {
      const verdict = verdictOf(error);
      if (verdict !== null) {
        this.logger.info({ reason: reasonOf(error) }, 'a login elsewhere was turned down');
        throw verdict;
      }
      this.logger.warn({ reason: reasonOf(error) }, 'the provider of logins cannot be asked');
      throw new UnavailableError('login_provider_unavailable', 'the provider of logins does not answer as it should');
    }
  }

  /** What the provider says of itself; while it does not, what it said before. */
  private async configuration(): Promise<Configuration> {
    if (this.known !== null && this.known.untilMs > Date.now()) return this.known.configuration;
    this.looking ??= this.discover().finally(() => { this.looking = null; });
    try {
      return await this.looking;
    } catch (error) {
      if (this.known === null) throw error;
      return this.known.configuration;
    }
  }

  private async discover(): Promise<Configuration> {
    const { issuer, clientId, clientSecret, timeoutMs } = this.options;
    const plainly = issuer.startsWith('http:') ? [overPlainHttp] : [];
    const found = await discovery(new URL(issuer), clientId, undefined, None(), {
      timeout: timeoutMs / 1_000, [customFetch]: this.fetch, execute: plainly,
    });
    const configuration = clientSecret === null ? found : new Configuration(found.serverMetadata(), clientId, undefined, secretOf(found, clientSecret));
    configuration.timeout = timeoutMs / 1_000;
    configuration[customFetch] = this.fetch;
    for (const allow of plainly) allow(configuration);
    // The signature as well, not only that it came from the provider's address.
    enableNonRepudiationChecks(configuration);
    this.known = { configuration, untilMs: Date.now() + DISCOVERY_MS };
    return configuration;
  }
}

/**
 * @returns the client that a token was given to (`azp`, or RFC 9068's `client_id`); null where it says none, or two, or that it is of somebody
 *   else (a person, who logged in by that client), or that it is bound to a key, which is not asked for here
 */
function machineOf({ azp, client_id: clientId, sub, cnf }: JWTPayload): string | null {
  const [first, second = first] = [azp, clientId].filter((one) => one !== undefined);
  if (typeof first !== 'string' || first !== second || cnf !== undefined) return null;
  return sub === undefined || sub === first || sub === first + CLIENT_SUBJECT_END ? first : null;
}

/** As the provider takes a secret: in a header where it says nothing. */
function secretOf(configuration: Configuration, secret: string): ReturnType<typeof None> {
  const methods = configuration.serverMetadata().token_endpoint_auth_methods_supported;
  return methods === undefined || methods.includes('client_secret_basic') ? ClientSecretBasic(secret) : ClientSecretPost(secret);
}

function namesOf({ preferred_username: name, email }: Readonly<Record<string, unknown>>): string[] {
  return [name, typeof email === 'string' ? email.split('@')[0] : undefined].filter((text): text is string => typeof text === 'string' && text !== '');
}

/** What the log may hold: an error's own fields bring tokens along. */
function reasonOf(error: unknown): string {
  if (error instanceof ResponseBodyError || error instanceof AuthorizationResponseError) return `${error.message}: ${error.error}`;
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}
