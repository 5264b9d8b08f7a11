import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { auditVenue } from '../audit/audit';
import { seededRandom } from '../seeded-random';
import type { EntryKind } from '../domain/entry';
import { DEFAULT_INSTRUMENTS, parseInstruments } from '../domain/instruments';
import type { Funds } from '../domain/money';
import { idempotencyDigest, referenceDigest, reversalDigest } from '../engine/idempotency';
import { shardKeys } from '../engine/keys';
import { RedisConnection } from '../engine/redis-connection';
import { ShardReader } from '../engine/shard-reader';
import { AuditSource } from '../persistence/audit-source';
import { Database } from '../persistence/database';
import { PostgresPeople } from '../persistence/people-store';
import { recordedScales } from '../persistence/money-scales';
import { AlgoLoad, judgeAlgos, type AlgosVerdict } from './algo-load';
import { ChaosVenue, type ApiProcess } from './chaos-venue';
import { ControlLoad, type ControlLines } from './control-load';
import { Crew } from './crew';
import { FAULTS, type Fault, type Part } from './faults';
import { isAboutMoney, judgeLedger, NO_RIGHTS, problemsOf, type LossWindow, type Rule, type Verdict } from './judge';
import { judgePeople, RightsRule, type AuditedAct } from './judge-people';
import { Ledger } from './ledger';
import { OpenLine } from './line';
import { beginLoad, clientName, TAKER } from './load';
import { LOAD_INSTRUMENTS } from './market';
import { MoneyRule } from './money-rule';
import { moneyProblems, MoneyWatch } from './money-watch';
import { peopleFaults } from './people-faults';
import { StreamWatch } from './stream-watch';

export const AUTHS = ['off', 'required'] as const;
export type Auth = (typeof AUTHS)[number];

/** With fewer not every way of saying who one is has its user. */
export const PEOPLE_CLIENTS_MIN = 6;

export interface CampaignOptions {
  readonly seed: number;
  /** How long faults are made. Every kind is made at least once, however long that takes. */
  readonly durationMs: number;
  readonly clients: number;
  /** How the venue keeps money. */
  readonly funds: Funds;
  /** Whether callers say who they are. */
  readonly auth: Auth;
  readonly logger: Logger;
  /** What the service's processes get beside their settings: PATH, a log level. */
  readonly environment: NodeJS.ProcessEnv;
  /** Told of each fault as it is made. */
  onFault(name: string, recoveryMs: number): void;
  /** Told where the venue's data stays when something was found; null has it go in any case. */
  readonly onKept: ((directory: string) => void) | null;
}

export interface CampaignReport extends Verdict {
  readonly seed: number;
  readonly seconds: number;
  readonly faults: number;
  readonly kills: Readonly<Record<Part, number>>;
  readonly commands: number;
  readonly commandsOfMoney: number;
  readonly refusedForFunds: number;
  /** Parent orders that were started, and slices that were decided of them. */
  readonly algos: number;
  readonly slices: number;
  /** Order lists that were placed; orders that went as a price, or the first of their list, had them go; pages of call auctions. */
  readonly lists: number;
  readonly triggers: number;
  readonly auctionPages: number;
  /** Changes of books that clients have kept from the stream. */
  readonly bookMessages: number;
  /** Switches set, kills and states of instruments that were answered. */
  readonly controls: number;
  readonly unclear: number;
  readonly resolvedByRetry: number;
  readonly turnedAway: number;
  /** Of these, for a backlog at its bound. */
  readonly turnedAwayByBacklog: number;
  /** Commands that nobody was let in for. */
  readonly keptOut: number;
  /** What operators did with powers, and were answered. */
  readonly acts: number;
  readonly recoveryMs: { readonly p50: number; readonly max: number };
}

const SHARD = 'main';
/** Low enough that the load fills it within seconds. */
const BACKLOG_MAX = 400;
/** Often enough that a campaign meets each. */
const MONEY_SETTINGS = { BALANCE_AUDIT_MS: '500', ACCOUNT_SNAPSHOT_EVERY: '40' };
/** So little at a time that cascades, lists and auctions are cut in two by what is broken. */
const PAGE_SETTINGS = { TRIGGERS_PER_COMMAND: '1', AUCTION_PAGE: '1' };
/** Tokens that are over within a campaign, many times; no allowance is what is tried here. */
const PEOPLE_SETTINGS = {
  AUTH: 'required', ACCESS_TOKEN_TTL_S: '20', SUDO_TTL_S: '30', LIMIT_LOGIN_PER_SECOND: '1000', LIMIT_LOGIN_BURST: '10000', LIMIT_PRINCIPAL_PER_SECOND: '100000',
  LIMIT_PRINCIPAL_BURST: '100000', LIMIT_MUTATE_PER_SECOND: '100000', LIMIT_MUTATE_BURST: '100000', LIMIT_EXPENSIVE_PER_MINUTE: '1000000',
};
/** Behind those of the clients. */
const ALGO_SEED = 999;
const CONTROL_SEED = 998;
const AUDIT_PAGE = 1_000;
/** The default of the service. */
const IDEMPOTENCY_TTL_S = 86_400;
const ANSWER_ON_ITS_WAY_MS = 1_000;
const LAG_POLL_MS = 100;
const DRAIN_TIMEOUT_MS = 90_000;
const SETTLE_TIMEOUT_MS = 60_000;
/** Longer than a judgement takes, and shorter than the venue's own timeouts of transfers. */
const STILL_S = 30;

/** Breaks a venue under load in every known way, in an order that the seed decides, and judges what is left. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignReport> {
  const random = seededRandom(options.seed);
  const started = Date.now();
  const { funds, auth } = options;
  const hasPeople = auth === 'required';
  const venue = await ChaosVenue.start({ backlogMax: BACKLOG_MAX, environment: { ...options.environment, FUNDS: funds, ...MONEY_SETTINGS, ...PAGE_SETTINGS, ...(hasPeople && PEOPLE_SETTINGS) } });
  let isClean = false;
  try {
    const ledger = new Ledger();
    const [first] = venue.apis as readonly [ApiProcess];
    const crew = hasPeople ? await Crew.gather(venue, ledger, Array.from({ length: options.clients }, (_, i) => clientName(i))) : null;
    await crew?.makeTrader(TAKER, 'hmac', first, ledger);
    const { clients, accounts } = await beginLoad(venue.apis, ledger, crew, options);
    const algos = new AlgoLoad(crew === null ? new OpenLine(first.url) : crew.ownerOf(TAKER).line, TAKER, seededRandom(options.seed * 1_000 + ALGO_SEED));
    const controls = new ControlLoad(controlLines(crew, venue.apis), accounts.filter((account) => account !== TAKER), seededRandom(options.seed * 1_000 + CONTROL_SEED));
    const beside = [algos, controls];
    const running = [...clients, ...beside].map((client) => client.run());
    const books = new StreamWatch(venue.apis.map(({ url }) => url), LOAD_INSTRUMENTS);
    const watch = watchLag(venue);
    const overseer = crew === null ? new OpenLine(first.url) : crew.operator(first);
    const audit = funds === 'off' ? null : new MoneyWatch(overseer);

    const losses: LossWindow[] = [];
    let lossFromMs = 0;
    venue.onRedisLoss = {
      before: () => { lossFromMs = watch.lastCaughtUpMs(); },
      // An answer of the lost life may still be on its way.
      after: () => { losses.push({ fromMs: lossFromMs, toMs: Date.now() + ANSWER_ON_ITS_WAY_MS }); },
    };
    const recoveries: number[] = [];
    const kills: Record<Part, number> = { api: 0, writer: 0, redis: 0, postgres: 0, link: 0, people: 0 };
    let faults = 0;
    for (const fault of faultsInTurn([...FAULTS, ...(crew === null ? [] : peopleFaults(crew))], random, Date.now() + options.durationMs)) {
      await sleep(200 + random.below(1_500));
      const [before, outageMs] = [Date.now(), venue.outageMs];
      await fault.apply(venue, random);
      await venue.untilReady();
      // A fault's own length is no merit or fault of the venue.
      const recoveryMs = Math.round(Date.now() - before - (venue.outageMs - outageMs));
      if (fault.kills) kills[fault.part]++;
      faults++;
      recoveries.push(recoveryMs);
      options.onFault(fault.name, recoveryMs);
    }

    for (const client of [...clients, ...beside]) client.stop();
    await withTimeout(Promise.all(running), SETTLE_TIMEOUT_MS, 'the clients did not learn what became of their commands');
    watch.stop();
    const verdict = await judge(venue, ledger, losses, crew, algos, options);
    verdict.unexplained.push(...controls.problems);
    verdict.booksWrong.push(...await books.stop());
    if (audit !== null) {
      verdict.auditFailures.push(...audit.stop().map((finding) => `the running audit had found ${finding}`), ...await moneyProblems(overseer, accounts));
    }
    const stopped = clients.reduce((sum, client) => sum + client.turnedAwayByAudit, 0);
    if (stopped > 0) verdict.auditFailures.push(`the running audit stopped ${stopped} commands`);
    const commands = [...ledger.commands.values()];
    const sorted = [...recoveries].sort((a, b) => a - b);
    const { algos: algosVerdict, kinds, ...judged } = verdict;
    const entriesOf = (kind: EntryKind): number => kinds.get(kind) ?? 0;
    isClean = problemsOf(verdict).length === 0;
    return {
      ...judged,
      algos: algos.started.length,
      slices: algosVerdict.slices,
      controls: controls.done,
      lists: entriesOf('list'),
      triggers: entriesOf('trigger'),
      auctionPages: entriesOf('auction'),
      bookMessages: books.messages,
      seed: options.seed,
      seconds: (Date.now() - started) / 1000,
      faults,
      kills,
      commands: commands.length,
      commandsOfMoney: commands.filter(isAboutMoney).length,
      refusedForFunds: commands.filter(({ body }) => body?.code === 'insufficient_funds').length,
      unclear: commands.filter((command) => command.unclear > 0).length,
      resolvedByRetry: clients.reduce((sum, client) => sum + client.resolvedByRetry, 0),
      turnedAway: clients.reduce((sum, client) => sum + client.turnedAway, 0),
      turnedAwayByBacklog: clients.reduce((sum, client) => sum + client.turnedAwayByBacklog, 0),
      keptOut: clients.reduce((sum, client) => sum + client.keptOut, 0),
      acts: crew?.people.acts.length ?? 0,
      recoveryMs: { p50: sorted[sorted.length >> 1] ?? 0, max: sorted[sorted.length - 1] ?? 0 },
    };
  } finally {
    const keptIn = await venue.stop(!isClean && options.onKept !== null);
    if (keptIn !== null) options.onKept?.(keptIn);
  }
}

/** The operator who acts through the second process, and the owners of accounts. */
function controlLines(crew: Crew | null, apis: readonly ApiProcess[]): ControlLines {
  const [, second] = apis as readonly [ApiProcess, ApiProcess];
  if (crew !== null) return { operator: crew.operator(second), ofAccount: (account) => crew.ownerOf(account).line };
  const line = new OpenLine(second.url);
  return { operator: line, ofAccount: () => line };
}

/** All faults in a shuffled order, again and again until the time is over; the first round is always whole. */
function* faultsInTurn(faults: readonly Fault[], random: ReturnType<typeof seededRandom>, untilMs: number): Generator<Fault> {
  for (let round = 0; ; round++) {
    const order = [...faults];
    for (let i = order.length - 1; i > 0; i--) {
      const j = random.below(i + 1);
      [order[i], order[j]] = [order[j] as Fault, order[i] as Fault];
    }
    for (const fault of order) {
      if (round > 0 && Date.now() > untilMs) return;
      yield fault;
    }
  }
}

/** Keeps looking when Postgres had everything last. */
function watchLag(venue: ChaosVenue): { lastCaughtUpMs(): number; stop(): void } {
  let lastCaughtUpMs = Date.now();
  let stopping = false;
  void (async () => {
    while (!stopping) {
      // The answer speaks of a moment after it was asked for.
      const asked = Date.now();
      if (await venue.lagEntries() === 0) lastCaughtUpMs = asked;
      await sleep(LAG_POLL_MS);
    }
  })();
  return { lastCaughtUpMs: () => lastCaughtUpMs, stop: () => { stopping = true; } };
}

async function untilDrained(venue: ChaosVenue): Promise<void> {
  const deadline = Date.now() + DRAIN_TIMEOUT_MS;
  while (await venue.lagEntries() !== 0) {
    if (Date.now() > deadline) throw new Error('the writer did not drain the log');
    await sleep(LAG_POLL_MS);
  }
}

/** The venue ends by itself what is over, whether or not anybody sends anything. */
async function untilNothingIsDue(redis: RedisConnection): Promise<void> {
  const { timers, due: dues } = shardKeys(SHARD);
  const deadline = Date.now() + DRAIN_TIMEOUT_MS;
  for (;;) {
    const [second] = await redis.send(['TIME'], DRAIN_TIMEOUT_MS) as [string, string];
    const before = String((Number(second) + STILL_S) * 1_000_000);
    const counts: unknown[] = [];
    for (const key of [timers, dues]) counts.push(await redis.send(['ZCOUNT', key, '-inf', before], DRAIN_TIMEOUT_MS));
    if (counts.every((count) => count === 0)) return;
    if (Date.now() > deadline) throw new Error(`of transfers, and of orders and switches, whose time is over, or soon will be, so many are left: ${counts.join(', ')}`);
    await sleep(LAG_POLL_MS);
  }
}

interface Judgement extends Verdict {
  readonly algos: AlgosVerdict;
  /** Entries of the record by kind. */
  readonly kinds: ReadonlyMap<EntryKind, number>;
}

async function judge(
  venue: ChaosVenue, ledger: Ledger, losses: readonly LossWindow[], crew: Crew | null, algos: AlgoLoad, { logger, funds }: CampaignOptions,
): Promise<Judgement> {
  const database = new Database(venue.databaseUrl, 60_000, 1, logger);
  const redis = new RedisConnection(venue.redisUrl, 'chaos', logger);
  try {
    await redis.connect();
    await untilNothingIsDue(redis);
    await untilDrained(venue);
    const record = await AuditSource.open(database, SHARD);
    try {
      const instruments = new Map(parseInstruments(DEFAULT_INSTRUMENTS).map((instrument) => [instrument.instrument, instrument]));
      const scales = await recordedScales(database);
      const algosVerdict = await judgeAlgos(algos, record, ledger);
      const kinds = new Map<EntryKind, number>();
      const money = new MoneyRule(funds, scales);
      const rule: Rule = {
        add: (entry) => {
          kinds.set(entry.kind, (kinds.get(entry.kind) ?? 0) + 1);
          return money.add(entry);
        },
      };
      const verdict = await judgeLedger(ledger, record, idempotencyDigest, instruments, losses, rule, crew === null ? NO_RIGHTS : new RightsRule(crew.people));
      if (crew !== null) {
        // The overseer goes on looking: what it is told from here on may not be in what is read.
        const acts = [...crew.people.acts];
        verdict.rightsBroken.push(...judgePeople(crew.people, acts, await auditLogOf(database)));
      }
      // The clients are silent, no timer is near and the log is drained: Redis stands still.
      const options = { idempotencyTtlS: IDEMPOTENCY_TTL_S, scales, digests: { key: idempotencyDigest, reference: referenceDigest, reversal: reversalDigest } };
      for (const check of await auditVenue(record, await new ShardReader(redis, SHARD).read(), options)) {
        verdict.auditFailures.push(...check.problems.map((problem) => `${check.name}: ${problem}`));
      }
      verdict.unexplained.push(...algosVerdict.problems);
      return { ...verdict, algos: algosVerdict, kinds };
    } finally {
      await record.close();
    }
  } finally {
    redis.close();
    await database.close();
  }
}

async function auditLogOf(database: Database): Promise<AuditedAct[]> {
  const people = new PostgresPeople(database, 0);
  const acts: AuditedAct[] = [];
  for (let before: number | null = null; ;) {
    const page = await people.auditPage(before, AUDIT_PAGE);
    acts.push(...page);
    const last = page.at(-1);
    if (last === undefined || page.length < AUDIT_PAGE) return acts;
    before = last.auditId;
  }
}

async function withTimeout<T>(work: Promise<T>, timeoutMs: number, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => { timer = setTimeout(() => reject(new Error(message)), timeoutMs); });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
