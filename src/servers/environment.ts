import { delimiter } from 'node:path';

/** Where servers are installed although a plain user's PATH may not say so. */
export const USUAL_DIRECTORIES = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin', '/opt/homebrew/bin'];

/** The environment for a server: none of our own settings, nor any that would turn its meaning (PGDATA, LD_PRELOAD …). */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH ?? USUAL_DIRECTORIES.join(delimiter), LC_ALL: 'C', TZ: 'UTC' };
}

/**
 * What PostgreSQL's clients take from the environment where a connection string does not say it (PGSSLMODE, PGOPTIONS,
 * PGHOST …), and the choice of another driver.
 */
const POSTGRES_VARIABLE = /^(PG[A-Z_]+|NODE_PG_FORCE_NATIVE)$/;

/** For a process whose PostgreSQL is embedded: it is reached by what its address says, and by nothing else. */
export function withoutPostgresVariables(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !POSTGRES_VARIABLE.test(name)));
}

/** The same for this process, whose every client reads them anew at each connection. */
export function forgetPostgresVariables(): void {
  for (const name of Object.keys(process.env)) {
    if (POSTGRES_VARIABLE.test(name)) Reflect.deleteProperty(process.env, name);
  }
}
