import { Command, InvalidArgumentError, Option } from 'commander';
import pino from 'pino';
import { AUTHS, PEOPLE_CLIENTS_MIN, runCampaign, type Auth, type CampaignReport } from '../chaos/campaign';
import { problemsOf } from '../chaos/judge';
import { FUNDS, type Funds } from '../domain/money';

/** `npm run chaos`: breaks a venue of its own under load and shows that nothing acknowledged was lost. */

const SHOWN_MAX = 20;

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError(`"${text}" is not a positive number`);
  return value;
}

function tell(report: CampaignReport): boolean {
  const { kills } = report;
  const rows: [string, string | number][] = [
    ['seed', report.seed],
    ['duration', `${report.seconds.toFixed(0)} s`],
    ['faults', report.faults],
    ['kills', `${kills.api + kills.writer + kills.redis + kills.postgres}: api ${kills.api}, writer ${kills.writer}, redis ${kills.redis}, postgres ${kills.postgres}`],
    ['commands', report.commands],
    ['about money', `${report.commandsOfMoney}; refused for want of it ${report.refusedForFunds}`],
    ['algos', `${report.algos}, in ${report.slices} slices`],
    ['order lists', `${report.lists}, triggers ${report.triggers}`],
    ['pages of call auctions', report.auctionPages],
    ['books from the stream', `${report.bookMessages} changes`],
    ['switches, kills and states', report.controls],
    ['turned away for certain', `${report.turnedAway}, ${report.turnedAwayByBacklog} by a full backlog`],
    ['kept out for who asked', report.keptOut],
    ['acts with powers', report.acts],
    ['acknowledged', report.acknowledged],
    ['unclear at first', report.unclear],
    ['resolved by retry', report.resolvedByRetry],
    ['lost', report.lost.length],
    ['lost with redis, as ACK_AFTER=redis allows', report.lostAsAllowed],
    ['doubled', report.doubled.length],
    ['unexplained', report.unexplained.length],
    ['rule of money broken', report.ruleBroken.length],
    ['rights of people broken', report.rightsBroken.length],
    ['books of clients wrong', report.booksWrong.length],
    ['audit failures', report.auditFailures.length],
    ['recovery', `p50 ${report.recoveryMs.p50} ms, max ${report.recoveryMs.max} ms`],
  ];
  for (const [name, value] of rows) process.stdout.write(`${name.padEnd(44)} ${value}\n`);
  const bad = problemsOf(report);
  for (const problem of bad.slice(0, SHOWN_MAX)) process.stdout.write(`  ${problem}\n`);
  return bad.length === 0;
}

void new Command('chaos')
  .description('Kills and stops the parts of a venue of its own under load, and judges what is left.')
  .option('--seed <number>', 'decides clients, faults and their order', positive, 1)
  .option('--minutes <number>', 'how long; every fault is made at least once', positive, 2)
  .option('--clients <count>', 'clients that send meanwhile', positive, 8)
  .addOption(new Option('--funds <setting>', 'how money is kept').choices(FUNDS).default('required'))
  .addOption(new Option('--auth <setting>', 'whether callers say who they are').choices(AUTHS).default('off'))
  .option('--keep', "keep the venue's data where something was found, and say where")
  .action(async (options: { seed: number; minutes: number; clients: number; funds: Funds; auth: Auth; keep?: true }, command: Command) => {
    if (options.auth === 'required' && options.clients < PEOPLE_CLIENTS_MIN) command.error(`error: --auth required takes ${PEOPLE_CLIENTS_MIN} clients or more`);
    const report = await runCampaign({
      seed: options.seed,
      durationMs: options.minutes * 60_000,
      clients: options.clients,
      funds: options.funds,
      auth: options.auth,
      logger: pino({ level: 'silent' }),
      environment: { PATH: process.env.PATH ?? '', LOG_LEVEL: process.env.LOG_LEVEL || 'silent' },
      onKept: options.keep === true ? (directory) => process.stderr.write(`its data is kept in ${directory}\n`) : null,
      onFault: (name, recoveryMs) => process.stderr.write(`${name}: whole again within ${recoveryMs} ms\n`),
    });
    const code = tell(report) ? 0 : 1;
    // Said outright, once all is written: on its way out by itself, Node waits for every request of every connection that the
    // campaign broke, and now and then one never ends.
    process.stdout.write('', () => process.exit(code));
  })
  .parseAsync();
