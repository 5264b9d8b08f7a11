import type { Logger } from 'pino';
import { createApp, type App } from './app';
import { ConfigError, readConfig, type Config } from './config';
import { LaterVersionError } from './domain/later-version';
import { RedisRightsError } from './engine/redis-rights';
import { createLogger } from './logger';
import { VenueKeysError } from './people/venue-keys';
import { DatabaseUnfitError } from './persistence/database';
import { AssetChangedError } from './persistence/asset-register';
import { InstrumentChangedError } from './persistence/instrument-register';
import { Workers, isParent, onRenewal } from './workers';

/** Exit code of a setting that is wrong: starting again would not help. */
const EXIT_CONFIG = 1;
const EXIT_FAILED = 2;

function fail(message: string, code: number): never {
  process.stderr.write(`openfill: ${message}\n`);
  process.exit(code);
}

/** A process that runs the service in workers. */
function parentOf(config: Config, logger: Logger): Pick<App, 'stop' | 'renewCertificate'> & { start(): Promise<void> } {
  // The worker has said why.
  const workers = new Workers(config, logger, EXIT_CONFIG, () => { void workers.stop().then(() => process.exit(EXIT_CONFIG)); });
  return {
    start: () => {
      workers.start();
      return Promise.resolve();
    },
    stop: () => workers.stop(),
    renewCertificate: () => workers.renewCertificate(),
  };
}

function appOf(config: Config, logger: Logger): Pick<App, 'stop' | 'renewCertificate'> & { start(): Promise<unknown> } {
  try {
    return isParent(config) ? parentOf(config, logger) : createApp(config, logger);
  } catch (error) {
    if (error instanceof VenueKeysError) fail(error.message, EXIT_CONFIG);
    throw error;
  }
}

async function main(): Promise<void> {
  let config: Config;
  try {
    config = readConfig(process.env);
  } catch (error) {
    if (error instanceof ConfigError) fail(error.message, EXIT_CONFIG);
    throw error;
  }
  const logger = createLogger(config.logLevel);
  const app = appOf(config, logger);
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) return;
    stopping = true;
    logger.info({ signal }, 'stopping');
    // The parts have limits of their own; this one is for what none of them foresees, and keeps the process while one waits for nothing but time.
    setTimeout(() => fail('did not stop in time', EXIT_FAILED), 3 * config.shutdownTimeoutMs);
    app.stop().then(
      () => { logger.info('stopped'); process.exit(0); },
      (error: unknown) => { logger.error({ err: error }, 'stopping failed'); process.exit(EXIT_FAILED); },
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  // Without a certificate it says what it always says: whoever started this is gone.
  process.on('SIGHUP', () => { if (config.tls === null) stop('SIGHUP'); else app.renewCertificate(); });
  onRenewal(() => app.renewCertificate());
  // A worker whose parent is gone serves nobody's port.
  process.on('disconnect', () => stop('disconnect'));
  process.on('unhandledRejection', (error) => logger.error({ err: error }, 'unhandled rejection'));
  try {
    await app.start();
  } catch (error) {
    if (stopping) return;
    const isUnfit = error instanceof InstrumentChangedError || error instanceof AssetChangedError || error instanceof DatabaseUnfitError || error instanceof LaterVersionError
      || error instanceof RedisRightsError;
    if (isUnfit) fail(error.message, EXIT_CONFIG);
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') fail(`port ${config.port} is in use on ${config.host}`, EXIT_CONFIG);
    logger.fatal({ err: error }, 'start failed');
    fail((error as Error).message, EXIT_FAILED);
  }
}

void main();
