import { randomBytes } from 'node:crypto';
import { Command, InvalidArgumentError } from 'commander';
import { USERNAME_PATTERN, USER_ROLES, type UserRole } from '../domain/access';
import type { UserChange } from '../domain/people';
import type { Person } from '../domain/principal';
import { Refusal, refusalOf } from '../domain/refusal';
import { AuditLog } from '../people/audit-log';
import { Directory } from '../people/directory';
import { Passwords } from '../people/passwords';
import { Registration } from '../people/registration';
import { MINTED_TTL_MAX_S } from '../people/minting';
import { VenueKeys } from '../people/venue-keys';
import { isPassword } from '../people/words';
import { accountOpenerOf } from '../service/account-opener';
import { OperatorError, operate, type Operations } from './operator';

/** `npm run admin`: users, their roles and passwords, and the keys of the venue, for whoever runs it. */

const PASSWORD_BYTES = 18;
const POLL_MS = 1_000;
/** Users that are asked for at once. */
const PAGE = 1_000;

interface Tools extends Operations {
  readonly audit: AuditLog;
  readonly directory: Directory;
  readonly passwords: Passwords;
}

/** The new password: that of the environment, or one made up, which is told this once. */
function givenPassword(): { readonly password: string; readonly isMade: boolean } {
  const given = process.env.ADMIN_PASSWORD ?? '';
  if (given === '') return { password: randomBytes(PASSWORD_BYTES).toString('base64url'), isMade: true };
  if (!isPassword(given)) throw new OperatorError('ADMIN_PASSWORD must be 12 to 256 bytes long');
  return { password: given, isMade: false };
}

function tellPassword({ password, isMade }: ReturnType<typeof givenPassword>): void {
  if (isMade) process.stdout.write(`password: ${password}\n`);
}

/** Carries out what is on record among what others do with powers. */
function recorded<T>({ audit }: Tools, action: string, target: string | null, work: () => Promise<T>): Promise<T> {
  const entry = { actor: '@admin', apiKey: null, actingFor: null, action, target, requestId: null };
  return audit.around(entry, work, () => 'ok', (error) => refusalOf(error)?.code ?? 'internal_error');
}

async function create(tools: Tools, username: string, role: UserRole): Promise<number> {
  const { engine, config, people, directory, passwords } = tools;
  const meta = await engine.meta();
  if (meta === null) throw new OperatorError('the venue has no books yet: start it once (npm run up)');
  engine.bind(meta.epoch, meta.sequence);
  const password = givenPassword();
  const registration = new Registration(people, directory, passwords, accountOpenerOf(engine, config.funds));
  await recorded(tools, `create ${role}`, username, () => registration.register(username, password.password, [role]));
  process.stdout.write(`${username} is there, with the role ${role}\n`);
  tellPassword(password);
  return 0;
}

/** A line each: name, status, roles and since when, with tabs between them. */
async function list({ people }: Tools): Promise<number> {
  for (let after: string | null = null; ;) {
    const users = await people.usersPage(after, PAGE);
    for (const { username, status, roles, createdMs } of users) {
      process.stdout.write(`${[username, status, roles.join(','), new Date(createdMs).toISOString()].join('\t')}\n`);
    }
    after = users.at(-1)?.username ?? null;
    if (after === null || users.length < PAGE) return 0;
  }
}

/** @throws Refusal `last_admin` */
async function change(tools: Tools, action: string, person: Person, changed: UserChange): Promise<void> {
  await recorded(tools, action, person.username, async () => {
    const outcome = await tools.people.setUser(person.userId, changed);
    if (outcome === 'last_admin') throw new Refusal('last_admin', { detail: `${person.username} is the last admin who can act` });
  });
}

/** Gives roles, or tells those that there are where none are given. */
async function rolesOf(tools: Tools, username: string, roles: readonly UserRole[]): Promise<number> {
  const person = requirePerson(tools, username);
  if (roles.length > 0) await change(tools, `roles ${roles.join(' ')}`, person, { roles, status: null });
  process.stdout.write(`${person.username} has the roles ${(roles.length > 0 ? roles : [...person.roles]).join(', ')}\n`);
  return 0;
}

async function setStatus(tools: Tools, username: string, status: 'active' | 'suspended'): Promise<number> {
  const person = requirePerson(tools, username);
  await change(tools, status === 'suspended' ? 'suspend' : 'unsuspend', person, { roles: null, status });
  process.stdout.write(`${person.username} is ${status}\n`);
  return 0;
}

async function reset(tools: Tools, username: string): Promise<number> {
  const { userId } = requirePerson(tools, username);
  const password = givenPassword();
  await recorded(tools, 'reset', username, async () => {
    await tools.people.setPassword(userId, await tools.passwords.hash(password.password, 'known', username), 'reset');
  });
  process.stdout.write(`${username} has a new password, and all logins are ended\n`);
  tellPassword(password);
  return 0;
}

async function rotateKeys(tools: Tools): Promise<number> {
  const { config } = tools;
  const keys = new VenueKeys(config.keysDir, config.tokenAlgorithm);
  // What is on record beforehand is the key that signed until then.
  await recorded(tools, 'keys rotate', keys.current.kid, () => {
    keys.rotate(Math.max(config.accessTokenTtlS, config.refreshTokenTtlS, config.sudoTtlS, MINTED_TTL_MAX_S));
    return Promise.resolve();
  });
  process.stdout.write(`tokens are signed with the key ${keys.current.kid} from now on; ${keys.verifying.length - 1} older ones verify until their last token is over\n`);
  return 0;
}

function requirePerson({ directory }: Tools, username: string): Person {
  const person = directory.personNamed(username);
  if (person === undefined) throw new OperatorError(`there is no user ${username}`);
  return person;
}

/** Runs a part of the command with what it needs. */
function withPeople(work: (tools: Tools) => Promise<number>): Promise<void> {
  return operate(async (operations) => {
    const { people, logger } = operations;
    const directory = new Directory(people, { pollMs: POLL_MS }, logger);
    const passwords = new Passwords(1, 1);
    const audit = new AuditLog(people, operations.config.engineTimeoutMs, logger);
    try {
      await directory.catchUp();
      return await work({ ...operations, audit, directory, passwords });
    } catch (error) {
      if (error instanceof Refusal) throw new OperatorError(error.message);
      throw error;
    } finally {
      passwords.close();
      await audit.stop();
    }
  });
}

function usernameArgument(text: string): string {
  if (!new RegExp(USERNAME_PATTERN).test(text)) throw new InvalidArgumentError('It is 3 to 64 letters, digits, dots, underscores or hyphens.');
  return text;
}

function roleArgument(text: string): UserRole {
  const role = USER_ROLES.find((one) => one === text);
  if (role === undefined) throw new InvalidArgumentError(`It is one of ${USER_ROLES.join(', ')}.`);
  return role;
}

const rolesArgument = (text: string, before: readonly UserRole[] | undefined): readonly UserRole[] => [...before ?? [], roleArgument(text)];

const program = new Command('admin').description('Users, their roles and passwords, and the venue\'s own keys.');
program.command('create').description('Makes a user, with the password of ADMIN_PASSWORD, or one that is made up and told once.')
  .argument('<username>', 'the name', usernameArgument)
  .option('--role <role>', USER_ROLES.join(', '), roleArgument, 'admin')
  .action((username: string, { role }: { role: UserRole }) => withPeople((tools) => create(tools, username, role)));
program.command('users').description('Lists all users by name: name, active or suspended, roles and since when, with tabs between them.')
  .action(() => withPeople(list));
program.command('roles').description('Gives a user these roles, and no others. Without any it tells those that the user has.')
  .argument('<username>', 'the name', usernameArgument).argument('[roles...]', USER_ROLES.join(', '), rolesArgument)
  .action((username: string, roles: readonly UserRole[] | undefined) => withPeople((tools) => rolesOf(tools, username, roles ?? [])));
program.command('suspend').description('Keeps a user out, by tokens, keys and connections, until unsuspend.')
  .argument('<username>', 'the name', usernameArgument)
  .action((username: string) => withPeople((tools) => setStatus(tools, username, 'suspended')));
program.command('unsuspend').description('Lets a user in again.')
  .argument('<username>', 'the name', usernameArgument)
  .action((username: string) => withPeople((tools) => setStatus(tools, username, 'active')));
program.command('reset').description('Gives a user a new password, as create does, and ends all logins.')
  .argument('<username>', 'the name', usernameArgument)
  .action((username: string) => withPeople((tools) => reset(tools, username)));
program.command('keys').description('The keys by which tokens are signed.')
  .command('rotate').description('A new key signs; the others verify until their last token is over.')
  .action(() => withPeople((tools) => rotateKeys(tools)));
void program.parseAsync();
