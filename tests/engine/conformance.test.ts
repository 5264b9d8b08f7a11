import { describeOn, clusterRedis } from './support/redis-targets';
import { expectStream, playStream, readMessages } from './support/stream';
import { useShard } from './support/use-shard';

/** Commands of one call, as the service cuts batches. */
const BATCH = 50;
/** All of them go through the running service in tests/e2e; what a cluster forbids shows with any. */
const STREAM = 'normal';

describeOn([clusterRedis()], 'a conformance stream through the engine', (target) => {
  const venue = useShard(target);

  test('gives the expected reports and book', async () => {
    const { engine } = venue.shard;
    const reports = await playStream(readMessages(STREAM), BATCH, (commands) => engine.submitAll(commands));
    const { state } = await venue.shard.read();
    expectStream(STREAM, reports, state.books, state.tradeIds[0]?.tradeId ?? 0);
  }, 180_000);
});
