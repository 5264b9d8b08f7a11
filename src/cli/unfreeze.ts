import { OperatorError, simpleCommand } from './operator';

simpleCommand('unfreeze', 'Lets a frozen venue trade again.', async ({ engine, history, config }) => {
  const before = await engine.setState('open', ['frozen']);
  if (before === null) throw new OperatorError(`redis holds no shard ${config.shard}`);
  if (before !== 'open' && before !== 'frozen') throw new OperatorError(`shard ${config.shard} is ${before}, not frozen: "npm run recover" makes it whole`);
  // Both keep it: a Redis that is rebuilt from Postgres must be as its operator left it.
  await history.setFrozen(false).catch((error: unknown) => {
    process.stderr.write(`postgres does not remember it (${(error as Error).message}): a rebuild of redis would forget it\n`);
  });
  process.stdout.write(before === 'open' ? `shard ${config.shard} was open already\n` : `shard ${config.shard} is open\n`);
  return 0;
});
