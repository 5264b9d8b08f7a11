import { Command, InvalidArgumentError } from 'commander';
import { formatUnits } from '../domain/assets';
import { totalsOf, type AccountLine } from '../domain/settled-day';
import { recordedDecimals } from '../persistence/asset-register';
import { DAY_US, dayEndUs, dayStartUs, type Settling } from '../persistence/statements';
import { OperatorError, operate, untilRecorded, type Operations } from './operator';

/** `npm run settle`: closes a UTC day of all accounts, and checks one that was closed before. */

const RECORD_WAIT_MS = 30_000;
/** Balances that are told one by one. */
const TOLD_MAX = 20;

/** A day by its name, or the last one that is over. @throws OperatorError where it is not over by the venue's clock */
async function dayOf(date: string | null, { engine }: Operations): Promise<string> {
  const nowUs = await engine.nowUs();
  if (date === null) return new Date((nowUs - DAY_US) / 1_000).toISOString().slice(0, 'YYYY-MM-DD'.length);
  const endUs = dayEndUs(date);
  if (nowUs < endUs) throw new OperatorError(`${date} is over at ${new Date(endUs / 1_000).toISOString()}, and by the venue's clock it is ${new Date(nowUs / 1_000).toISOString()}`);
  return date;
}

/** Waits until all that has happened is recorded. @throws OperatorError when it does not come to that in time */
async function waitForRecord({ engine, history, config }: Operations): Promise<void> {
  const meta = await engine.meta();
  if (meta === null) throw new OperatorError(`redis holds no shard ${config.shard}: "npm run recover", or the start of the service, rebuilds it`);
  const checkpoint = await history.checkpoint();
  if (checkpoint === null) throw new OperatorError(`postgres has no record of shard ${config.shard}`);
  const missing = meta.sequence - checkpoint.sequence;
  if (missing > 0 && checkpoint.epoch === meta.epoch) process.stderr.write(`waiting until ${missing} log entries are in postgres\n`);
  await untilRecorded(history, meta.sequence, meta.epoch, RECORD_WAIT_MS);
}

/** Tells what a day came to. @returns the exit code */
function tell({ outcome, settlement, mismatched }: Settling, decimals: ReadonlyMap<string, number>): number {
  const { day, fromSequence, toSequence, assets, nets } = settlement;
  const amount = (asset: string, units: string): string => formatUnits(units, decimals.get(asset) ?? 0);
  process.stdout.write(`${day}: log entries ${fromSequence + 1} to ${toSequence}, ${assets.length} balances, ${nets.length} nets\n`);
  let isWhole = true;
  const totals = totalsOf(assets);
  for (const { asset, opening, closing } of totals) {
    const addsUp = opening === '0' && closing === '0';
    isWhole &&= addsUp;
    process.stdout.write(`${addsUp ? 'ok  ' : 'FAIL'}  ${asset}: all accounts add up to ${amount(asset, opening)} before and ${amount(asset, closing)} behind\n`);
  }
  const line = ({ account, asset, opening, closing }: AccountLine): string => `${account} ${asset}: from ${amount(asset, opening)} its movements do not lead to ${amount(asset, closing)}`;
  for (const one of mismatched.slice(0, TOLD_MAX)) process.stdout.write(`FAIL  ${line(one)}\n`);
  if (mismatched.length > TOLD_MAX) process.stdout.write(`FAIL  and ${mismatched.length - TOLD_MAX} more\n`);
  process.stdout.write({
    written: `settled: ${mismatched.length === 0 ? 'every balance closes' : `${mismatched.length} balances do not close`}\n`,
    same: 'was settled before, and comes to the same\n',
    differs: 'FAIL  was settled before, and comes to something else now: what was settled stays\n',
  }[outcome]);
  return isWhole && mismatched.length === 0 && outcome !== 'differs' ? 0 : 1;
}

async function settle(operations: Operations, date: string | null): Promise<number> {
  const day = await dayOf(date, operations);
  await waitForRecord(operations);
  return tell(await operations.statements.settle(day), await recordedDecimals(operations.database));
}

function dayArgument(text: string): string {
  if (dayStartUs(text) === null) throw new InvalidArgumentError('It is a UTC day as YYYY-MM-DD.');
  return text;
}

void new Command('settle')
  .description('Closes a UTC day: openings, movements and closings of all accounts, and what each traded net. A day that was settled before is computed again and compared. Exit code 1 where something does not close.')
  .option('--date <YYYY-MM-DD>', 'the day; without it the last one that is over', dayArgument)
  .action((options: { date?: string }) => operate((operations) => settle(operations, options.date ?? null)))
  .parseAsync();
