// Who the load is from, where callers say who they are (AUTH=required).
//
//   LOAD_USER, LOAD_PASSWORD   the one user that all of it is from; without them the set-up registers CLIENTS users of its own, where
//                              registration is open. A user may do no more than its allowance: `LIMIT_MUTATE_PER_SECOND` of the venue
import exec from 'k6/execution';
import http from 'k6/http';
import { sleep } from 'k6';
import { text } from './settings.js';

const LOAD_USER = text('LOAD_USER', '');
const LOAD_PASSWORD = text('LOAD_PASSWORD', '');
/** Registering takes a while: logins are counted by address. */
export const SETUP_TIMEOUT = '10m';
/** Of a token's life: each VU renews its own at a time of its own between them. */
const RENEW_FROM = 0.5;
const RENEW_UNTIL = 0.9;
/** A token tells its times in whole seconds. */
const ROUNDED_MS = 1000;
const RETRY_S_MAX = 10;

// One too many is told when to come again; that is no failure of the venue.
const SIGN_IN = { headers: { 'Content-Type': 'application/json' }, tags: { name: 'sign in' }, responseCallback: http.expectedStatuses(200, 201, 409, 429) };

function signIn(url, body) {
  for (;;) {
    const response = http.post(url, JSON.stringify(body), SIGN_IN);
    if (response.status !== 429) return response;
    sleep(Math.min(RETRY_S_MAX, Number(response.headers['Retry-After']) || 1));
  }
}

function logIn(baseUrl, username, password) {
  const response = signIn(`${baseUrl}/auth/login`, { username, password });
  if (response.status !== 200) exec.test.abort(`${username} cannot log in: ${response.body}`);
  return { username, password, token: response.json('access_token'), lifeMs: response.json('expires_in') * 1000, sinceMs: Date.now() };
}

function register(baseUrl, username) {
  const password = `${Math.random().toString(36)}${Math.random().toString(36)}`;
  const response = signIn(`${baseUrl}/auth/register`, { username, password });
  if (response.status !== 201) exec.test.abort(`${username} cannot be registered (set LOAD_USER and LOAD_PASSWORD to a user that there is): ${response.body}`);
  return logIn(baseUrl, username, password);
}

/** For the set-up. @returns users with tokens, null where nobody is asked who they are */
export function gather(baseUrl, count) {
  if (http.get(`${baseUrl}/auth/jwks.json`, SIGN_IN).status === 409) return null;
  if (LOAD_USER !== '') return [logIn(baseUrl, LOAD_USER, LOAD_PASSWORD)];
  const run = Date.now().toString(36);
  return Array.from({ length: count }, (_, n) => register(baseUrl, `load-${run}-${n}`));
}

/** One of the users, as one VU: several may be the same, each with tokens of its own once those of the set-up are nearly over. */
export class User {
  constructor(baseUrl, session) {
    this.baseUrl = baseUrl;
    this.take(session);
  }

  take(session) {
    this.session = session;
    this.renewMs = session.sinceMs + (session.lifeMs - ROUNDED_MS) * (RENEW_FROM + Math.random() * (RENEW_UNTIL - RENEW_FROM));
  }

  get account() {
    return this.session.username;
  }

  get headers() {
    if (Date.now() > this.renewMs) this.take(logIn(this.baseUrl, this.session.username, this.session.password));
    return { Authorization: `Bearer ${this.session.token}` };
  }
}
