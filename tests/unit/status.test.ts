import type { ShardMeta } from '../../src/engine/shard-upkeep';
import { Status } from '../../src/status';

/** The readiness of a process that is bound to one life of the shard, where Redis tells of `epoch`. */
async function readinessIn(epoch: string): Promise<unknown> {
  const meta: ShardMeta = {
    state: 'open', epoch, sequence: 5, persisted: 5, timeUs: 1, layoutVersion: 1, funds: 'paper', breach: null,
  };
  const status = new Status({
    roles: ['api'], shard: 'main', meta: () => Promise.resolve(meta), oldestUnpersistedUs: () => Promise.resolve(null), pingPostgres: () => Promise.resolve(),
    writerActive: () => null, epoch: () => 'one', marketSynced: () => true, draining: () => false, redisOutage: () => null,
    settings: { redis: () => null, postgres: () => null }, requireDurable: false, problem: () => null, people: () => null,
  });
  const { status: code, body } = await status.ready();
  return { code, body };
}

test('a process is ready in the life of the shard that its commands are meant for, and in no other', async () => {
  expect(await readinessIn('one')).toMatchObject({ code: 200, body: { status: 'ready', problem: null } });
  expect(await readinessIn('two')).toMatchObject({ code: 503, body: { status: 'not_ready', problem: 'shard_not_joined' } });
});
