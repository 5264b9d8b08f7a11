import { Command, InvalidArgumentError } from 'commander';
import { DeadLetters } from '../persistence/dead-letters';
import { operate } from './operator';

/** `npm run dead-letters`: log entries that Postgres refused. */

const program = new Command('dead-letters').description('Lists, retries and resolves log entries that Postgres refused.');

function sequenceOf(text: string): number {
  const sequence = Number(text);
  if (!Number.isSafeInteger(sequence) || sequence < 1) throw new InvalidArgumentError(`"${text}" is not a log sequence`);
  return sequence;
}

program.command('list', { isDefault: true }).description('what is in the way, oldest first').action(() => operate(async ({ database, config }) => {
  const letters = await new DeadLetters(database, config.shard).list();
  for (const { sequence, reason, createdAt, resolvedAt, payload } of letters) {
    const state = resolvedAt === null ? 'open' : `resolved ${resolvedAt.toISOString()}`;
    process.stdout.write(`${sequence}  ${createdAt.toISOString()}  ${state}\n  ${reason}\n  ${payload}\n`);
  }
  const open = letters.filter((letter) => letter.resolvedAt === null).length;
  process.stdout.write(`${open} open, ${letters.length - open} resolved\n`);
  return open === 0 ? 0 : 1;
}));

program.command('retry').description('writes refused entries again, after their cause was removed')
  .argument('[sequence]', 'one entry; without it all that are open', sequenceOf)
  .action((sequence: number | undefined) => operate(async ({ database, config }) => {
    const { written, refused } = await new DeadLetters(database, config.shard).retry(sequence ?? null);
    for (const { sequence: at, reason } of refused) process.stdout.write(`${at} was refused again: ${reason}\n`);
    process.stdout.write(`${written.length} written, ${refused.length} refused\n`);
    return refused.length === 0 ? 0 : 1;
  }));

program.command('resolve').description('marks an entry as dealt with by hand')
  .argument('<sequence>', 'the entry', sequenceOf)
  .action((sequence: number) => operate(async ({ database, config }) => {
    const found = await new DeadLetters(database, config.shard).resolve(sequence);
    process.stdout.write(found ? `${sequence} is resolved\n` : `there is no open dead letter ${sequence}\n`);
    return found ? 0 : 1;
  }));

void program.parseAsync();
