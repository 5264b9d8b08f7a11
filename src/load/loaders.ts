import { randomBytes } from 'node:crypto';
import { OpenfillClient, isProblem, type Auth } from '#openfill-client';

/**
 * Whom a command's orders are from where callers say who they are, told as the load scripts are told it (load-test/lib/people.js):
 * LOAD_USER and LOAD_PASSWORD, else users that are registered for it.
 */

const PASSWORD_BYTES = 18;

/** What the settings or the venue do not allow, in one line. */
export class LoadersError extends Error {}

/** @throws LoadersError for a user without a password */
function givenUser({ LOAD_USER: username = '', LOAD_PASSWORD: password = '' }: NodeJS.ProcessEnv): { readonly username: string; readonly password: string } | null {
  if (username === '') return null;
  if (password === '') throw new LoadersError('LOAD_USER is set and LOAD_PASSWORD is not: set both, or neither');
  return { username, password };
}

/**
 * @param count users that are registered where none is given
 * @returns null where nobody is asked who they are
 * @throws LoadersError; OpenfillError of the client
 */
export async function loadersOf(url: string, environment: NodeJS.ProcessEnv, count: number): Promise<readonly Auth[] | null> {
  const given = givenUser(environment);
  const venue = new OpenfillClient(url);
  try {
    await venue.people.jwks();
  } catch (error) {
    if (isProblem(error, 'auth_off')) return null;
    throw error;
  }
  if (given !== null) return [given];
  const run = Date.now().toString(36);
  const loaders: Auth[] = [];
  for (let i = 0; i < count; i++) {
    const loader = { username: `load-${run}-${i}`, password: randomBytes(PASSWORD_BYTES).toString('base64url') };
    try {
      await venue.people.register(loader.username, loader.password);
    } catch (error) {
      if (!isProblem(error, 'registration_closed')) throw error;
      throw new LoadersError('nobody can be registered at this venue: set LOAD_USER and LOAD_PASSWORD to a user that there is', { cause: error });
    }
    loaders.push(loader);
  }
  return loaders;
}
