import { Command } from 'commander';
import { ShardRestorer } from '../engine/shard-restorer';
import { recordedScales } from '../persistence/money-scales';
import { RecoverySource } from '../persistence/recovery-source';
import { judge } from '../recovery/lineage';
import { rebuild, type Progress } from '../recovery/rebuild';
import { UncoveredError } from '../recovery/rebuild-money';
import { OperatorError, isTold, operate, untilRecorded, type Operations } from './operator';

/** `npm run recover`: rebuilds Redis from Postgres by hand. */

interface Options {
  readonly dryRun: boolean;
  readonly force: boolean;
}

const RECORD_WAIT_MS = 30_000;
const DRAIN_WAIT_MS = 60_000;
const BAR_WIDTH = 30;
const PROGRESS_MS = 250;

/** One line that is written over in a terminal, and a line now and then elsewhere. */
function progressBar(): Progress {
  let last = 0;
  let lastStep = '';
  return (step, done, total) => {
    const isLast = done >= total;
    if (Date.now() - last < PROGRESS_MS && step === lastStep && !isLast) return;
    last = Date.now();
    lastStep = step;
    const share = total === 0 ? 1 : done / total;
    const bar = '#'.repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH, '.');
    process.stderr.write(`${process.stderr.isTTY ? '\r' : ''}${step.padEnd(16)} [${bar}] ${done} of ${total}${process.stderr.isTTY && !isLast ? '' : '\n'}`);
  };
}

async function recover({ engine, redis, database, history, config }: Operations, options: Options): Promise<number> {
  const checkpoint = await history.checkpoint();
  if (checkpoint === null) throw new OperatorError('postgres has no record of this shard: there is nothing to rebuild from');
  const redisSide = await engine.meta();
  // Whoever rebuilds in an emergency need not know how the venue keeps money: the record does.
  const funds = isTold('FUNDS') ? config.funds : await history.funds();
  const verdict = judge(redisSide, checkpoint, null, funds);
  const told = redisSide === null ? 'empty' : `${redisSide.state}, epoch ${redisSide.epoch}, sequence ${redisSide.sequence}`;
  process.stdout.write(`redis:    ${told}\npostgres: epoch ${checkpoint.epoch}, sequence ${checkpoint.sequence}\n`);
  if (verdict.action === 'join' && !options.force) {
    process.stdout.write('redis is whole: nothing to recover (--force rebuilds it all the same)\n');
    return 0;
  }
  const reason = 'rebuild' in verdict ? verdict.rebuild : 'reason' in verdict ? verdict.reason : 'forced';
  process.stdout.write(`${reason}: the shard ${options.dryRun ? 'would be' : 'is'} rebuilt from postgres\n`);
  if (options.dryRun) return 0;

  // Nothing that Redis logged may be left behind: the writer of the running service brings it over first.
  if (redisSide !== null && redisSide.epoch === checkpoint.epoch) {
    await engine.setState('recovering', ['open', 'frozen'], redisSide.epoch);
    await untilRecorded(history, redisSide.sequence, null, DRAIN_WAIT_MS);
  }
  const source = await RecoverySource.open(database, config.shard, RECORD_WAIT_MS);
  try {
    const scales = await recordedScales(database);
    const report = await rebuild(source, new ShardRestorer(redis, config.shard), { ...config, funds, scales, reason }, progressBar());
    process.stdout.write(
      `rebuilt in ${report.seconds.toFixed(1)} s: ${report.openOrders} open orders, ${report.idempotencyKeys} idempotency keys, ${report.recentTrades} recent trades\n`
      + `sequence ${report.sequence}, new epoch ${report.epoch}\nbook hash ${report.bookHash}, equal in redis and postgres\n`
      + (report.moneyHash === null ? '' : `${report.accounts} accounts, hash ${report.moneyHash}, equal in redis and postgres\n`),
    );
    return 0;
  } catch (error) {
    throw error instanceof UncoveredError ? new OperatorError(error.message) : error;
  } finally {
    await source.close();
  }
}

void new Command('recover')
  .description('Rebuilds Redis from Postgres. Says what it would do with --dry-run.')
  .option('--dry-run', 'tell, do nothing', false)
  .option('--force', 'rebuild a Redis that is whole', false)
  .action((options: Options) => operate((operations) => recover(operations, options)))
  .parseAsync();
