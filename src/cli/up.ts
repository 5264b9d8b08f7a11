import { join } from 'node:path';
import type { Logger } from 'pino';
import { ConfigError, readConfig, type Config } from '../config';
import { formatAmount, parseAmount } from '../domain/amounts';
import { createLogger } from '../logger';
import { DataDirInUseError, lockDataDir } from '../servers/data-dir-lock';
import { startEmbeddedPostgres } from '../servers/embedded-postgres';
import { startEmbeddedRedis } from '../servers/embedded-redis';
import type { EmbeddedServer } from '../servers/embedded-server';
import { withoutPostgresVariables } from '../servers/environment';
import { findFreePort, listenProblem } from '../servers/ports';
import { endOrphanedService, localUrl, ownReadiness, startService, waitUntilReady, whyNotReady, type Service } from '../servers/service';
import { removeRuntime, writeRuntime } from '../servers/runtime';
import { Supervisor } from '../servers/supervisor';
import { pause, type StartOptions } from '../servers/waiting';

const MAIN = join(__dirname, '..', 'main.js');
/** A Ctrl-C reaches us more than once (from the terminal and from npm); only a later one means "now". */
const FORCE_AFTER_MS = 1_000;
const RESTART_DELAY_MS = 1_000;
const WAITING_TOLD_EACH_MS = 3_000;
const HANG_UP_POLL_MS = 100;

/** What ends `up` with exit code 1 and this message, without a stack. */
class StartError extends Error {}

/** What a start is given up with when a stop is asked for. */
class StopAsked extends Error {}

/** Something that runs and is stopped at the end. */
interface Stoppable {
  stop(): Promise<void>;
}

function explainPort(config: Config, problem: string): string {
  switch (problem) {
    case 'EADDRINUSE': return `PORT ${config.port} is already in use on ${config.host}: stop what listens there, or choose another PORT`;
    case 'EACCES': return `PORT ${config.port} may not be used by this account: choose one above 1023`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND': return `HOST ${config.host} is not an address of this machine`;
    default: return `PORT ${config.port} on HOST ${config.host} cannot be listened on: ${problem}`;
  }
}

function takeDataDir(dataDir: string): ReturnType<typeof lockDataDir> {
  try {
    return lockDataDir(dataDir);
  } catch (error) {
    if (error instanceof DataDirInUseError) throw new StartError(error.message);
    throw new StartError(`DATA_DIR ${dataDir} cannot be used: ${(error as Error).message}`);
  }
}

async function choosePort(config: Config): Promise<number> {
  const problem = await listenProblem(config.port, config.host);
  if (problem !== null) throw new StartError(explainPort(config, problem));
  return config.port === 0 ? findFreePort(config.host) : config.port;
}

/** An amount for the example that is sure to be accepted. */
function example(wanted: string, step: Parameters<typeof parseAmount>[1], min: number, max: number): string {
  const parsed = parseAmount(wanted, step);
  const value = parsed.ok && parsed.value >= min && parsed.value <= max ? parsed.value : min;
  return formatAmount(value, step);
}

/** Of the user whom the first lines make up. */
const EXAMPLE_PASSWORD = 'correct horse battery';
/** More than the order takes, of the instruments that there are by default. */
const DEPOSIT = '100000';

function announcement(config: Config, url: string): string {
  const first = config.instruments[0];
  if (first === undefined) throw new StartError('INSTRUMENTS_FILE names no instrument');
  const order = {
    client_id: 'client-A',
    instrument: first.instrument,
    side: 'buy',
    type: 'limit',
    price: example('50000', first.tick, first.priceTicksMin, first.priceTicksMax),
    quantity: example('0.5', first.lot, first.quantityLotsMin, first.quantityLotsMax),
  };
  if (config.auth === 'dev') {
    return [
      `openfill ready on ${url}`,
      `curl -X POST ${url}/auth/token -H 'Content-Type: application/json' -d '${JSON.stringify({ username: 'alice' })}'`,
      `curl '${url}/public/orderbook?instrument=${first.instrument}&levels=20'`,
      '',
    ].join('\n');
  }
  if (config.auth === 'required') {
    return [
      `openfill ready on ${url}`,
      'npm run admin -- create root',
      `curl -X POST ${url}/auth/register -H 'Content-Type: application/json' -d '${JSON.stringify({ username: 'alice', password: EXAMPLE_PASSWORD })}'`,
      `curl '${url}/public/orderbook?instrument=${first.instrument}&levels=20'`,
      '',
    ].join('\n');
  }
  return [
    `openfill ready on ${url}`,
    // Nobody has anything yet.
    ...config.funds === 'required'
      ? [`curl -X POST ${url}/deposits -H 'Content-Type: application/json' -d '${JSON.stringify({ account_id: order.client_id, asset: first.quote, amount: DEPOSIT })}'`] : [],
    `curl -X POST ${url}/orders -H 'Content-Type: application/json' -d '${JSON.stringify(order)}'`,
    `curl '${url}/public/orderbook?instrument=${first.instrument}&levels=20'`,
    `curl '${url}/public/trades?instrument=${first.instrument}&limit=50'`,
    '',
  ].join('\n');
}

/** One run of `npm run up`: what is started is remembered, and stopped in reverse order. */
class Up {
  private readonly stopSignal = new AbortController();
  private readonly running: Stoppable[][] = [];
  private stopAskedAt: number | null = null;
  /** Once it was ready. */
  private service: { readonly supervisor: Supervisor<Service>; readonly url: string } | null = null;
  private isHangUpWaiting = false;
  /** Without what is another program's, where PostgreSQL is ours. */
  private readonly serviceEnvironment: NodeJS.ProcessEnv;
  /** A start that takes long says so however little is to be logged of what goes well. */
  private readonly starting: Required<StartOptions>;

  constructor(private readonly config: Config, private readonly environment: NodeJS.ProcessEnv, private readonly log: Logger) {
    this.serviceEnvironment = environment.DATABASE_URL ? { ...environment } : withoutPostgresVariables(environment);
    this.starting = { report: (message) => log.warn(message), signal: this.stopSignal.signal };
  }

  /** Resolves with the exit code once everything is stopped. */
  async run(): Promise<number> {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => this.onSignal(name));
    process.on('SIGHUP', () => { if (this.config.tls === null) this.onSignal('SIGHUP'); else void this.passHangUpOn(); });
    // Told by scripts/run.mjs: the npm that started us is gone, and whoever ended it meant us.
    process.on('disconnect', () => this.onParentGone());
    const { config } = this;
    const lock = takeDataDir(config.dataDir);
    try {
      await endOrphanedService(config.dataDir, config.shutdownTimeoutMs, this.starting);
      const port = await choosePort(config);
      const urls = await this.startServers();
      const url = localUrl(config.host, port, config.tls === null ? 'http' : 'https');
      writeRuntime(config.dataDir, { ...urls, url });
      await this.startExchange(port, urls, url);
      await this.untilStopAsked();
      return 0;
    } catch (error) {
      if (error instanceof StopAsked) return 0;
      throw error;
    } finally {
      // The service first: it drains and flushes into Redis and Postgres, which therefore come last.
      for (const group of this.running.reverse()) await Promise.all(group.map((one) => one.stop()));
      removeRuntime(config.dataDir);
      lock.release();
    }
  }

  private askToStop(why: object): void {
    this.stopAskedAt = Date.now();
    this.log.info(why, 'stopping');
    this.stopSignal.abort(new StopAsked());
  }

  private onParentGone(): void {
    if (this.stopAskedAt === null) this.askToStop({ reason: 'the npm that started this is gone' });
  }

  private onSignal(name: string): void {
    const now = Date.now();
    if (this.stopAskedAt === null) {
      this.askToStop({ signal: name });
    } else if (now - this.stopAskedAt > FORCE_AFTER_MS) {
      // Nothing acknowledged is lost by this: the next start brings the data back as after a crash.
      this.log.warn({ signal: name }, 'stopping at once');
      process.exit(1);
    }
  }

  /** With a certificate SIGHUP asks to read it again. It waits for a service that answers: one that has just begun would end by it. */
  private async passHangUpOn(): Promise<void> {
    const { service } = this;
    this.isHangUpWaiting = service === null;
    if (service === null) return;
    while (this.stopAskedAt === null) {
      const { running } = service.supervisor;
      if (await ownReadiness(service.url) !== null && !running.hasExited()) {
        running.hangUp();
        return;
      }
      await pause(HANG_UP_POLL_MS, this.stopSignal.signal).catch(() => undefined);
    }
  }

  private untilStopAsked(): Promise<void> {
    const { signal } = this.stopSignal;
    return new Promise((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  private async startServers(): Promise<{ redisUrl: string; databaseUrl: string }> {
    const { dataDir, redisUrl, databaseUrl } = this.config;
    const { report } = this.starting;
    const group: Stoppable[] = [];
    this.running.push(group);
    // A server that does not start ends the wait for the other, as a stop does.
    const abandoned = new AbortController();
    this.starting.signal.addEventListener('abort', () => abandoned.abort(this.starting.signal.reason), { once: true });
    if (this.starting.signal.aborted) abandoned.abort(this.starting.signal.reason);
    type Start = (options: StartOptions & { dataDir: string; port?: number }) => Promise<EmbeddedServer>;
    const embedded = async (name: string, start: Start): Promise<string> => {
      try {
        const server = await start({ dataDir, report, signal: abandoned.signal });
        const { pid, port } = server;
        this.log.info({ pid, port }, `embedded ${name} runs`);
        group.push(new Supervisor(name, server, (signal) => start({ dataDir, report, signal, port }), this.log));
        return server.url;
      } catch (error) {
        const reason = error instanceof StopAsked ? error : new StartError((error as Error).message, { cause: error });
        abandoned.abort(reason);
        throw reason;
      }
    };
    const [redis, postgres] = await Promise.allSettled([
      this.environment.REDIS_URL ? redisUrl : embedded('redis', (options) => startEmbeddedRedis({ ...options, hasPassword: true })),
      this.environment.DATABASE_URL ? databaseUrl : embedded('postgres', startEmbeddedPostgres),
    ]);
    if (redis.status === 'fulfilled' && postgres.status === 'fulfilled') return { redisUrl: redis.value, databaseUrl: postgres.value };
    throw abandoned.signal.reason as Error;
  }

  private async startExchange(port: number, urls: { redisUrl: string; databaseUrl: string }, url: string): Promise<void> {
    this.starting.signal.throwIfAborted();
    const { config, serviceEnvironment: environment } = this;
    const start = (): Promise<Service> => startService({
      main: MAIN,
      dataDir: config.dataDir,
      shutdownTimeoutMs: config.shutdownTimeoutMs,
      environment: {
        ...environment,
        PORT: String(port),
        DATA_DIR: config.dataDir,
        REDIS_URL: urls.redisUrl,
        DATABASE_URL: urls.databaseUrl,
        REQUIRE_DURABLE: environment.REQUIRE_DURABLE || 'true',
      },
    });
    const service = await this.firstReady(start, url);
    if (service === null) return;
    const supervisor = new Supervisor('service', service, start, this.log);
    this.running.push([supervisor]);
    this.service = { supervisor, url };
    if (this.isHangUpWaiting) void this.passHangUpOn();
    process.stdout.write(announcement(config, url));
  }

  /** @returns the service once it is ready, or null when a stop was asked for before that */
  private async firstReady(start: () => Promise<Service>, url: string): Promise<Service | null> {
    for (;;) {
      const service = await start();
      const unready = [service];
      this.running.push(unready);
      const told = setInterval(() => { void whyNotReady(url).then((why) => this.log.warn(`waiting for ${url}/readyz: ${why}`)); }, WAITING_TOLD_EACH_MS);
      const ready = await waitUntilReady(service, url, this.stopSignal.signal);
      clearInterval(told);
      if (this.stopSignal.signal.aborted) return null;
      this.running.pop();
      if (ready) return service;
      const exit = await service.exited;
      // It has said why on its own stderr: a wrong setting does not get better by trying again.
      if (exit.code === 1) throw new StartError('');
      this.log.warn({ code: exit.code, signal: exit.signal }, 'the service ended before it was ready, starting it again');
      await pause(RESTART_DELAY_MS, this.starting.signal);
    }
  }
}

async function main(): Promise<number> {
  try {
    const config = readConfig(process.env);
    return await new Up(config, process.env, createLogger(config.logLevel)).run();
  } catch (error) {
    const expected = error instanceof StartError || error instanceof ConfigError;
    const message = expected ? error.message : String((error as Error).stack);
    if (message !== '') process.stderr.write(`openfill: ${message}\n`);
    return 1;
  }
}

void main().then((code) => process.exit(code));
