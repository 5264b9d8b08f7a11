import cluster, { type Worker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { AggregatorRegistry, type Registry } from 'prom-client';
import type { Config } from './config';

/**
 * Several processes of the service as one: a parent that only watches, API workers that share its port, and one worker
 * that writes. What belongs together they share in Redis, as processes on different machines would.
 */

/** Pause before a worker that ended is started again. */
const RESTART_MS = 500;
/** How long a worker waits for the sum of all workers' metrics before it shows its own. */
const METRICS_TIMEOUT_MS = 6_000;

const METRICS_ASKED = 'openfill:metrics-asked';
const METRICS_TOLD = 'openfill:metrics-told';

interface MetricsMessage {
  readonly type: typeof METRICS_ASKED | typeof METRICS_TOLD;
  readonly id: number;
  /** null where they could not be summed up. */
  readonly text?: string | null;
}

function isMetricsMessage(message: unknown, type: MetricsMessage['type']): message is MetricsMessage {
  return typeof message === 'object' && message !== null && (message as MetricsMessage).type === type;
}

/** Whether this process is to watch over workers instead of doing the work itself. */
export function isParent(config: Config): boolean {
  return cluster.isPrimary && config.apiWorkers > 1 && config.roles.has('api');
}

export class Workers {
  private readonly roles: string[];
  private stopping = false;
  private readonly running = new Map<Worker, string>();
  private readonly metrics = new AggregatorRegistry();

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
    worker.on('message', (message: unknown) => { void this.tellMetrics(worker, message); });
    worker.once('exit', (code, signal) => {
      this.running.delete(worker);
      if (this.stopping) return;
      if (code === this.badSettingCode) {
        this.onBadSetting();
        return;
      }
      this.logger.warn({ role, pid: worker.process.pid, code, signal }, 'a worker ended, starting another');
      void sleep(RESTART_MS).then(() => { if (!this.stopping) this.fork(role); });
    });
  }

  private async tellMetrics(worker: Worker, message: unknown): Promise<void> {
    if (!isMetricsMessage(message, METRICS_ASKED)) return;
    const text = await this.metrics.clusterMetrics().catch((error: unknown) => {
      this.logger.warn({ err: error }, 'the workers\' metrics could not be summed up');
      return null;
    });
    if (worker.isConnected()) worker.send({ type: METRICS_TOLD, id: message.id, text } satisfies MetricsMessage);
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
    AggregatorRegistry.setRegistries(registry);
    // Made for what its constructor does: from now on this process answers when the parent sums up.
    new AggregatorRegistry();
  }

  /** The metrics of all workers as text; of this one alone where the others cannot be asked in time. */
  async text(): Promise<string> {
    const id = ++this.asked;
    const all = new Promise<string | null>((resolve) => {
      const listener = (message: unknown): void => {
        if (!isMetricsMessage(message, METRICS_TOLD) || message.id !== id) return;
        process.off('message', listener);
        resolve(message.text ?? null);
      };
      process.on('message', listener);
      void sleep(METRICS_TIMEOUT_MS, undefined, { ref: false }).then(() => {
        process.off('message', listener);
        resolve(null);
      });
    });
    process.send?.({ type: METRICS_ASKED, id } satisfies MetricsMessage);
    return await all ?? this.registry.metrics();
  }
}

/** Whether this process is a worker of {@link Workers}. */
export function isWorker(): boolean {
  return cluster.isWorker;
}
