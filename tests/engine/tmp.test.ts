import { describeOnEachRedis } from './support/redis-targets';
import { useShard } from './support/use-shard';
import { placeCommand } from './support/desk';
describeOnEachRedis('x', (target) => {
  const venue = useShard(target);
  test('y', async () => {
    console.log(await venue.shard.engine.submit(placeCommand('buy', 100, 1, { kind: 'limit_gtd', traits: { expiresUs: Date.now() * 1000 + 5e6 } })));
    console.log(await venue.shard.send('HGETALL', venue.shard.engine.keys.meta));
  });
});
