import fc from 'fast-check';
import { buildLibrary } from '../../src/engine/library';
import { connectTo } from '../engine/support/test-shard';
import { PrivateServer } from '../support/servers';
import { compareSequence } from './support/comparison';
import { moneySequences } from './support/money-steps';
test('money', async () => {
  const server = await PrivateServer.redis({ settings: { appendonly: 'no' } });
  const redis = await connectTo({ name: 'redis', url: server.url });
  let n = 0; const seen = new Map<string, number>();
  try { await fc.assert(fc.asyncProperty(moneySequences, (s) => compareSequence(redis, buildLibrary(), `m-${n++}`, s as any, seen)), { numRuns: Number(process.env.N ?? 20), seed: Number(process.env.SEED ?? 5) }); }
  finally { redis.close(); await server.remove(); process.stderr.write(`${n} ${JSON.stringify([...seen])}\n`); }
}, 600000);
