import { buildLibrary } from '../../src/engine/library';
import { clusterRedis } from '../engine/support/redis-targets';
import { connectTo } from '../engine/support/test-shard';
import { modelSeed, runModel } from './support/model-run';

test('engine and reference book agree on Redis in cluster mode, too', async () => {
  const redis = await connectTo(clusterRedis());
  try {
    await runModel({ title: 'model in cluster mode', redis, library: buildLibrary(), runs: 60, seed: modelSeed(), part: 3 });
  } finally {
    redis.close();
  }
}, 10 * 60_000);
