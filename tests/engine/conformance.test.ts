import { describeOn, clusterRedis, plainRedis, type RedisTarget } from './support/redis-targets';
import { expectStream, playStream, readMessages, STREAMS, type StreamName } from './support/stream';
import { useShard } from './support/use-shard';

/** Commands of one call, as the service cuts batches. */
const BATCH = 50;

function declareStreams(targets: readonly RedisTarget[], streams: readonly StreamName[]): void {
  describeOn(targets, 'conformance streams through the engine', (target) => {
    const venue = useShard(target);

    test.each(streams)('%s gives the expected reports and book', async (name) => {
      const { engine } = venue.shard;
      const reports = await playStream(readMessages(name), BATCH, (commands) => engine.submitAll(commands));
      const { state } = await venue.shard.read();
      expectStream(name, reports, state.books, state.tradeIds[0]?.tradeId ?? 0);
    }, 180_000);
  });
}

// What cluster mode forbids shows with any flow: one of the streams goes there.
declareStreams([clusterRedis()], STREAMS.slice(0, 1));
declareStreams([plainRedis()], STREAMS.slice(1));
