import { OperatorError, simpleCommand } from './operator';

simpleCommand('freeze', 'Stops trading on a running venue: every command is refused with engine_frozen until "npm run unfreeze".', async ({ engine, history, config }) => {
  const before = await engine.setState('frozen', ['open']);
  if (before === null) throw new OperatorError(`redis holds no shard ${config.shard}`);
  if (before !== 'open' && before !== 'frozen') throw new OperatorError(`shard ${config.shard} is ${before}: there is nothing to freeze`);
  // Both keep it: a Redis that is rebuilt from Postgres must be as its operator left it.
  await history.setFrozen(true).catch((error: unknown) => {
    process.stderr.write(`postgres does not remember it (${(error as Error).message}): a rebuild of redis would forget it\n`);
  });
  process.stdout.write(before === 'frozen' ? `shard ${config.shard} was frozen already\n` : `shard ${config.shard} is frozen\n`);
  return 0;
});
