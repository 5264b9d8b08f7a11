import { Command } from 'commander';
import { OpenfillClient, isProblem } from '#openfill-client';
import { NineteenSteps } from '../smoke/nineteen-steps';
import { carryOut } from '../smoke/step';
import { venueUrl } from '../servers/venue-url';

/** `npm run smoke`: whether a running venue does what it is for, step by step. */

const NUMBER_WIDTH = 2;

/** A token with the powers of an operator, who may act for the accounts of all steps. @throws Error where the user has none */
async function powersOf(url: string, username: string): Promise<string> {
  const password = process.env.SMOKE_PASSWORD ?? '';
  if (password === '') throw new Error('SMOKE_PASSWORD must have the password of --user');
  const { access_token: accessToken } = await new OpenfillClient(url).people.logIn(username, password);
  const { access_token: powers } = await new OpenfillClient(url, { auth: { accessToken } }).people.sudo(password);
  return powers;
}

/** Whether callers have to say who they are. */
async function asksWho(url: string): Promise<boolean> {
  return new OpenfillClient(url).people.me().then(() => true, (error: unknown) => isProblem(error, 'unauthenticated'));
}

/** @returns the exit code */
async function smoke(url: string, instrument: string | null, username: string | null): Promise<number> {
  if (username === null && await asksWho(url)) throw new Error('the venue asks who it is: give an operator or admin as --user, with the password in SMOKE_PASSWORD');
  const venue = new NineteenSteps(url, instrument, username === null ? null : await powersOf(url, username));
  const counts = { ok: 0, FAIL: 0, skip: 0 };
  for await (const { number, name, verdict, reason } of carryOut(venue.steps)) {
    counts[verdict]++;
    process.stdout.write(`${verdict.padEnd(4)}  ${String(number).padStart(NUMBER_WIDTH)}  ${name}${reason === null ? '' : `: ${reason}`}\n`);
  }
  await venue.clear();
  process.stdout.write(`${counts.ok} passed, ${counts.FAIL} failed, ${counts.skip} skipped\n`);
  return counts.FAIL === 0 ? 0 : 1;
}

const program = new Command('smoke')
  .description('Asks a running venue to show nineteen things, from an account to a repeated order. Exit code 1 where one of them fails.')
  .option('--url <url>', 'the venue', venueUrl(process.env))
  .option('--instrument <name>', 'instrument to trade; without it the first whose best prices leave room for one between them')
  .option('--user <name>', 'operator or admin to act as, at a venue whose callers say who they are; SMOKE_PASSWORD has the password')
  .action(async (options: { url: string; instrument?: string; user?: string }) => {
    try {
      process.exitCode = await smoke(options.url.replace(/\/+$/, ''), options.instrument ?? null, options.user ?? null);
    } catch (error) {
      process.stderr.write(`smoke: ${(error as Error).message}\n`);
      process.exitCode = 1;
    }
  });

void program.parseAsync();
