import cluster, { type Worker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Config } from './config';
import { SummedMetrics, type MetricValues } from './summed-metrics';

/**
 * Several processes of the service as one: a parent that only watches, API workers that share its port, and one worker
 * that writes. What belongs together they share in Redis, as processes on different machines would.
 */

/** Pause before a worker that ended is started again. */
const RESTART_MS = 500;
/** How long a worker may take to tell its metrics; the sum has what it told before then. */
const VALUES_TIMEOUT_MS = 5_000;
/** How long a worker waits for the sum of all workers' metrics before it shows its own. */
const METRICS_TIMEOUT_MS = 6_000;

const METRICS_ASKED = 'openfill:metrics-asked';
const METRICS_TOLD = 'openfill:metrics-told';
const VALUES_ASKED = 'openfill:values-asked';
const VALUES_TOLD = 'openfill:values-told';
const RENEWAL = 'openfill:renew-certificate';

/** Between a worker that shows metrics, its parent, and the workers whose values the parent sums up; and what the parent passes on. */
interface Messages {
  [METRICS_ASKED]: { readonly id: number };
  /** `text` is null where they could not be summed up. */
  [METRICS_TOLD]: { readonly id: number; readonly text: string | null };
  [VALUES_ASKED]: { readonly id: number };
  /** `values` is null where they could not be read. */
  [VALUES_TOLD]: { readonly id: number; readonly values: MetricValues | null };
  /** To each worker that serves: read the certificate's files again. */
  [RENEWAL]: object;
}
type Message<T extends keyof Messages> = { readonly type: T } & Messages[T];

function isMessage<T extends keyof Messages>(message: unknown, type: T): message is Message<T> {
  return typeof message === 'object' && message !== null && (message as { type?: unknown }).type === type;
}

/** Whether this process is to watch over workers instead of doing the work itself. */
export function isParent(config: Config): boolean {
  return cluster.isPrimary && config.apiWorkers > 1 && config.roles.has('api');
}

export class Workers {
  private readonly roles: string[];
  private stopping = false;
  private readonly running = new Map<Worker, string>();
  private readonly metrics = new SummedMetrics();
  /** Workers that have been asked for their values: what to do when they tell them, or end. */
  private readonly asked = new Map<number, (values: MetricValues | null) => void>();
  private questions = 0;

  /** @param onBadSetting told when a worker ends with `badSettingCode`: starting it again would not help */
  constructor(
    config: Config, private readonly logger: Logger, private readonly badSettingCode: number,
    private readonly onBadSetting: () => void,
  ) {
    // Processes are started again in this order, and stopped in it: answers first, their record last.
    this.roles = [...Array<string>(config.apiWorkers).fill('api'), ...(config.roles.has('writer') ? ['writer'] : [])];
  }

  start(): void {
    for (const role of this.roles) this.fork(role);
  }

  private fork(role: string): void {
    const worker = cluster.fork({ ROLES: role, API_WORKERS: '1' });
    this.running.set(worker, role);
    worker.on('message', (message: unknown) => {
      if (isMessage(message, METRICS_ASKED)) void this.tellMetrics(worker, message.id);
      else if (isMessage(message, VALUES_TOLD)) this.asked.get(message.id)?.(message.values);
    });
    worker.once('exit', (code, signal) => {
      this.running.delete(worker);
      this.metrics.end(worker.id);
      if (this.stopping) return;
      if (code === this.badSettingCode) {
        this.onBadSetting();
        return;
      }
      this.logger.warn({ role, pid: worker.process.pid, code, signal }, 'a worker ended, starting another');
      void sleep(RESTART_MS).then(() => { if (!this.stopping) this.fork(role); });
    });
  }

  private async tellMetrics(worker: Worker, id: number): Promise<void> {
    await Promise.all([...this.running.keys()].map((one) => this.updateValues(one)));
    const text = await this.metrics.text().catch((error: unknown) => {
      this.logger.warn({ err: error }, 'the workers\' metrics could not be summed up');
      return null;
    });
    // Nobody is left to tell it to where it ended meanwhile.
    if (worker.isConnected()) worker.send({ type: METRICS_TOLD, id, text } satisfies Message<typeof METRICS_TOLD>, () => undefined);
  }

  /** Resolves when a worker has told what it counts, or will not. */
  private updateValues(worker: Worker): Promise<void> {
    if (!worker.isConnected()) return Promise.resolve();
    const id = ++this.questions;
    return new Promise((resolve) => {
      const done = (values: MetricValues | null): void => {
        clearTimeout(timer);
        this.asked.delete(id);
        worker.off('exit', ended);
        if (values !== null && this.running.has(worker)) this.metrics.tell(worker.id, values);
        resolve();
      };
      const ended = (): void => done(null);
      const timer = setTimeout(() => {
        this.logger.warn({ pid: worker.process.pid }, 'a worker does not tell its metrics');
        done(null);
      }, VALUES_TIMEOUT_MS);
      this.asked.set(id, done);
      worker.once('exit', ended);
      worker.send({ type: VALUES_ASKED, id } satisfies Message<typeof VALUES_ASKED>, (error) => { if (error !== null) done(null); });
    });
  }

  /** Passes it on to all that show one. A worker that has just begun reads the files as they are by then. */
  renewCertificate(): void {
    for (const [worker, role] of this.running) {
      if (role === 'api' && worker.isConnected()) worker.send({ type: RENEWAL } satisfies Message<typeof RENEWAL>, () => undefined);
    }
  }

  /** Stops the API workers, then the writer. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const role of ['api', 'writer']) {
      await Promise.all([...this.running].filter(([, own]) => own === role).map(async ([worker]) => {
        const exited = new Promise((resolve) => { worker.once('exit', resolve); });
        worker.process.kill('SIGTERM');
        await exited;
      }));
    }
  }
}

/** In a worker: answers its parent's questions, and asks it for the sum of all. */
export class WorkerMetrics {
  private asked = 0;

  constructor(private readonly registry: Registry) {
    process.on('message', (message: unknown) => {
      if (isMessage(message, VALUES_ASKED)) void this.tellValues(message.id);
    });
  }

  private async tellValues(id: number): Promise<void> {
    const values = await this.registry.getMetricsAsJSON().catch(() => null);
    // The parent may be gone by then.
    if (process.connected) process.send?.({ type: VALUES_TOLD, id, values } satisfies Message<typeof VALUES_TOLD>);
  }

  /** The metrics of all workers as text; of this one alone where the others cannot be asked in time. */
  async text(): Promise<string> {
    const id = ++this.asked;
    const all = new Promise<string | null>((resolve) => {
      const listener = (message: unknown): void => {
        if (!isMessage(message, METRICS_TOLD) || message.id !== id) return;
        process.off('message', listener);
        resolve(message.text);
      };
      process.on('message', listener);
      void sleep(METRICS_TIMEOUT_MS, undefined, { ref: false }).then(() => {
        process.off('message', listener);
        resolve(null);
      });
    });
    process.send?.({ type: METRICS_ASKED, id } satisfies Message<typeof METRICS_ASKED>);
    return await all ?? this.registry.metrics();
  }
}

/** In a worker: what to do when its parent passes a renewal on. */
export function onRenewal(renew: () => void): void {
  process.on('message', (message: unknown) => { if (isMessage(message, RENEWAL)) renew(); });
}

/** Whether this process is a worker of {@link Workers}. */
export function isWorker(): boolean {
  return cluster.isWorker;
}
