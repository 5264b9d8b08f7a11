import type { BenchVenue } from './venue';

/** Callers who say who they are, as parts of the bench need them. */

export const USERS = 20;
const PASSWORD = 'correct horse battery';

/** So much that no allowance is what is measured. */
export const UNLIMITED = {
  LIMIT_MUTATE_PER_SECOND: '1000000', LIMIT_MUTATE_BURST: '10000000', LIMIT_LOGIN_PER_SECOND: '100000', LIMIT_LOGIN_BURST: '1000000',
};

export interface User {
  readonly token: string;
  readonly apiKey: string;
  readonly secret: string;
}

/** The clients of `orderSource`, as users. */
export async function benchUsers(venue: BenchVenue): Promise<User[]> {
  const { url } = venue.venue;
  const send = async (path: string, body: object, token = ''): Promise<Record<string, string>> => {
    const answer = await fetch(url + path, {
      method: 'POST', headers: { 'Content-Type': 'application/json', ...(token !== '' && { Authorization: `Bearer ${token}` }) }, body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
    return await answer.json() as Record<string, string>;
  };
  const made: User[] = [];
  for (let i = 0; i < USERS; i++) {
    const credentials = { username: `bench-${i}`, password: PASSWORD };
    await send('/auth/register', credentials);
    const { access_token: token = '' } = await send('/auth/login', credentials);
    const { api_key: apiKey = '', secret = '' } = await send('/auth/api-keys', { name: 'bench', scopes: ['trade'] }, token);
    made.push({ token, apiKey, secret });
  }
  return made;
}

/** @param headers each with its line's end */
export function requestOf(body: string, headers: string): string {
  return `POST /orders HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
