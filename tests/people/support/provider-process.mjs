// A provider of logins (OpenID Connect) with keys of its own, as a process: PORT, CLIENT_SECRET (none: a public client) and REDIRECT_URIS say what for.

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { SignJWT, decodeJwt } from 'jose';
import { Provider } from 'oidc-provider';

const port = Number(process.env.PORT);
const secret = process.env.CLIENT_SECRET;
const issuer = `http://localhost:${port}`;

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const kid = randomUUID();
/** A second one, as where keys are changed. */
const { privateKey: nextKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** How the next tokens are spoilt, all signed with the provider's own key; null for not at all. */
let spoil = null;
const asked = {};
/** What users want to be called, by their subjects. */
const names = {};

const SPOILT = {
  nonce: (claims) => ({ ...claims, nonce: 'another' }),
  no_nonce: (claims) => ({ ...claims, nonce: undefined }),
  audience: (claims) => ({ ...claims, aud: 'somebody-else' }),
  party: (claims) => ({ ...claims, aud: [claims.aud, 'somebody-else'], azp: 'somebody-else' }),
  expired: (claims) => ({ ...claims, iat: claims.iat - 7_200, exp: claims.iat - 3_600 }),
  issuer: (claims) => ({ ...claims, iss: 'http://elsewhere.example' }),
  early: (claims) => ({ ...claims, nbf: claims.iat + 3_600 }),
  forever: (claims) => ({ ...claims, exp: undefined }),
  azp: ({ client_id: azp, ...claims }) => ({ ...claims, azp }),
  two: (claims) => ({ ...claims, azp: 'somebody-else' }),
  nobody: (claims) => ({ ...claims, client_id: undefined }),
  bound: (claims) => ({ ...claims, cnf: { jkt: 'x' } }),
  type: (claims) => claims,
  keyless: (claims) => claims,
  person: (claims) => ({ ...claims, sub: 'ann' }),
  subjectless: (claims) => ({ ...claims, sub: undefined }),
  suffixed: (claims) => ({ ...claims, sub: `${claims.client_id}@clients` }),
};

async function resigned(token) {
  if (spoil === 'signature') return `${token.slice(0, -8)}AAAAAAAA`;
  if (spoil === 'unsigned') return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${token.split('.')[1]}.`;
  return new SignJWT(SPOILT[spoil](decodeJwt(token))).setProtectedHeader({ alg: 'RS256', ...(spoil !== 'keyless' && { kid }), ...(spoil === 'type' && { typ: 'logout+jwt' }) }).sign(privateKey);
}

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'venue', redirect_uris: process.env.REDIRECT_URIS.split(','), grant_types: ['authorization_code'], response_types: ['code'],
    ...(secret === undefined ? { token_endpoint_auth_method: 'none' } : { client_secret: secret, token_endpoint_auth_method: 'client_secret_basic' }),
  }, ...['machine', 'stranger'].map((id) => (
    { client_id: id, client_secret: id, redirect_uris: [], grant_types: ['client_credentials'], response_types: [] }
  ))],
  features: {
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true, getResourceServerInfo: (_context, resource) => ({ scope: '', audience: resource, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } }),
    },
  },
  jwks: { keys: [[privateKey, kid], [nextKey, randomUUID()]].map(([key, name]) => ({ ...key.export({ format: 'jwk' }), kid: name, alg: 'RS256', use: 'sig' })) },
  cookies: { keys: ['a key of the tests'] },
  pkce: { required: () => true },
  claims: { openid: ['sub'], profile: ['preferred_username'], email: ['email', 'email_verified'] },
  findAccount: (_context, sub) => ({
    accountId: sub, claims: () => ({ sub, email: `${names[sub] ?? sub}@example.com`, email_verified: true, ...(sub in names && { preferred_username: names[sub] }) }),
  }),
});

provider.use(async (context, next) => {
  if (context.path === '/test') {
    spoil = context.query.spoil || null;
    if (context.query.subject) names[context.query.subject] = context.query.name;
    context.body = asked;
    return;
  }
  asked[context.path] = (asked[context.path] ?? 0) + 1;
  await next();
  if (context.path === '/token' && spoil !== null && context.body?.id_token !== undefined) {
    context.body = { ...context.body, id_token: await resigned(context.body.id_token) };
  } else if (context.path === '/token' && spoil !== null && context.body?.access_token !== undefined) {
    context.body = { ...context.body, access_token: await resigned(context.body.access_token) };
  }
});

provider.listen(port, '127.0.0.1', () => { console.log('ready'); });
