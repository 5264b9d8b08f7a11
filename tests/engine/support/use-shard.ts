import { invariantProblems } from '../../../src/reference/invariants';
import { LogAudit } from '../../../src/reference/log-audit';
import { Desk } from './desk';
import type { LiveShard } from './read-shard';
import type { RedisTarget } from './redis-targets';
import { TestShard, type ShardOptions } from './test-shard';

/** What is wrong with a shard that has kept its whole log; nothing is the right answer. */
export function shardProblems(live: LiveShard): string[] {
  const audit = new LogAudit();
  return [...live.problems, ...invariantProblems(live.state, null), ...live.log.flatMap((entry) => audit.add(entry))];
}

/** A shard for each test of a suite, and the check that the test leaves it sound. */
export function useShard(target: RedisTarget, options: ShardOptions = {}): { readonly shard: TestShard; readonly desk: Desk } {
  let shard: TestShard | undefined;
  const current = (): TestShard => {
    if (shard === undefined) throw new Error('the shard is there only while a test runs');
    return shard;
  };
  beforeEach(async () => {
    shard = await TestShard.open(target, options);
  });
  afterEach(async () => {
    try {
      expect(shardProblems(await current().read())).toEqual([]);
    } finally {
      await current().close();
      shard = undefined;
    }
  });
  return {
    get shard() {
      return current();
    },
    get desk() {
      return new Desk(current().engine);
    },
  };
}
