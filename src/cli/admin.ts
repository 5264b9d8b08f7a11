import { randomBytes } from 'node:crypto';
import { Command, InvalidArgumentError } from 'commander';
import { uuidv7 } from 'uuidv7';
import { USERNAME_PATTERN, USER_ROLES, type UserRole } from '../domain/access';
import { Refusal } from '../domain/refusal';
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

interface Tools extends Operations {
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

/** Keeps what was done here among what others did with powers. */
async function record({ people }: Tools, action: string, username: string | null): Promise<void> {
  await people.addAudit(uuidv7(), { actor: '@admin', actingFor: null, action, target: username, requestId: null, outcome: 'ok' });
}

async function create(tools: Tools, username: string, role: UserRole): Promise<number> {
  const { engine, config, people, directory, passwords } = tools;
  const meta = await engine.meta();
  if (meta === null) throw new OperatorError('the venue has no books yet: start it once (npm run up)');
  engine.bind(meta.epoch, meta.sequence);
  const password = givenPassword();
  await new Registration(people, directory, passwords, accountOpenerOf(engine, config.funds)).register(username, password.password, [role]);
  await record(tools, `create ${role}`, username);
  process.stdout.write(`${username} is there, with the role ${role}\n`);
  tellPassword(password);
  return 0;
}

async function setRoles(tools: Tools, username: string, roles: readonly UserRole[]): Promise<number> {
  const person = requirePerson(tools, username);
  const changed = await tools.people.setUser(person.userId, { roles, status: null });
  if (changed === 'last_admin') throw new OperatorError(`${username} is the last admin who can act`);
  await record(tools, `roles ${roles.join(' ')}`, username);
  process.stdout.write(`${username} has the roles ${roles.join(', ')}\n`);
  return 0;
}

async function reset(tools: Tools, username: string): Promise<number> {
  const { userId } = requirePerson(tools, username);
  const password = givenPassword();
  await tools.people.setPassword(userId, await tools.passwords.hash(password.password, 'known'), 'reset');
  await record(tools, 'reset', username);
  process.stdout.write(`${username} has a new password, and all logins are ended\n`);
  tellPassword(password);
  return 0;
}

async function rotateKeys(tools: Tools): Promise<number> {
  const { config } = tools;
  const keys = new VenueKeys(config.keysDir, config.tokenAlgorithm);
  keys.rotate(Math.max(config.accessTokenTtlS, config.refreshTokenTtlS, config.sudoTtlS, MINTED_TTL_MAX_S));
  await record(tools, 'keys rotate', keys.current.kid);
  process.stdout.write(`tokens are signed with the key ${keys.current.kid} from now on; ${keys.verifying.length - 1} older ones verify until their last token is over\n`);
  return 0;
}

function requirePerson({ directory }: Tools, username: string): { readonly userId: string } {
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
    try {
      await directory.catchUp();
      return await work({ ...operations, directory, passwords });
    } catch (error) {
      if (error instanceof Refusal) throw new OperatorError(error.message);
      throw error;
    } finally {
      passwords.close();
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
program.command('roles').description('Gives a user these roles, and no others.')
  .argument('<username>', 'the name', usernameArgument).argument('<roles...>', USER_ROLES.join(', '), rolesArgument)
  .action((username: string, roles: readonly UserRole[]) => withPeople((tools) => setRoles(tools, username, roles)));
program.command('reset').description('Gives a user a new password, as create does, and ends all logins.')
  .argument('<username>', 'the name', usernameArgument)
  .action((username: string) => withPeople((tools) => reset(tools, username)));
program.command('keys').description('The keys by which tokens are signed.')
  .command('rotate').description('A new key signs; the others verify until their last token is over.')
  .action(() => withPeople((tools) => rotateKeys(tools)));
void program.parseAsync();
