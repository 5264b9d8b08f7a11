import { EXECUTE_ARGUMENTS } from '../../../src/domain/layouts';
import { buildLibrary } from '../../../src/engine/library';
import { EPOCH, type TestShard } from './test-shard';

type Limits = Readonly<Record<(typeof EXECUTE_ARGUMENTS)[number], string>>;

const LIMITS: Limits = {
  fills_max: '100', triggers_max: '2', open_orders_max: '100', iceberg_parts_max: '100', backlog_max: '1000', idempotency_ttl_s: '100', epoch: EPOCH,
  sequence_min: '0', due_page: '100', auction_page: '100', held_seen: '0',
};

/** One call of a process that ends before it hears the answer: what it leaves undone nobody goes on with. @param command as the engine sends it @returns Redis' answers */
export async function abandonedCall(shard: TestShard, command: readonly string[], limits: Partial<Limits> = {}): Promise<readonly string[]> {
  const all = { ...LIMITS, ...limits };
  return (await shard.send('FCALL', buildLibrary().functionName('execute'), '1', shard.engine.keys.meta, ...EXECUTE_ARGUMENTS.map((name) => all[name]), ...command)) as string[];
}
