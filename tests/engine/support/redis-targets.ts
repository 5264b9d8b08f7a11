import { watchHandles } from '../../support/handles';
import { sharedUrl } from '../../support/servers';

/** A server that engine tests run on; in cluster mode (one node, all slots) a cross-slot access fails. */
export interface RedisTarget {
  readonly name: string;
  readonly url: string;
}

export function plainRedis(): RedisTarget {
  return { name: 'redis', url: sharedUrl('TEST_REDIS_URL') };
}

export function clusterRedis(): RedisTarget {
  return { name: 'redis cluster', url: sharedUrl('TEST_REDIS_CLUSTER_URL') };
}

/** Declares a suite for each of the servers, and checks that it leaves no connection open. */
export function describeOn(targets: readonly RedisTarget[], title: string, suite: (target: RedisTarget) => void): void {
  describe.each(targets)(`${title}, on $name`, (target) => {
    let leaks: () => Promise<string[]>;
    beforeAll(() => {
      leaks = watchHandles();
    });
    suite(target);
    afterAll(async () => {
      expect(await leaks()).toEqual([]);
    });
  });
}

export function describeOnEachRedis(title: string, suite: (target: RedisTarget) => void): void {
  describeOn([plainRedis(), clusterRedis()], title, suite);
}
