import { resolve } from 'node:path';
import { readRuntime } from './runtime';

const PORT = '3000';
const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/**
 * Where a command finds the venue that nothing else names: as `npm run up` in the same DATA_DIR says, unless PORT says that another is
 * meant; else on this machine, with TLS where the settings have a certificate.
 */
export function venueUrl(environment: NodeJS.ProcessEnv): string {
  const { PORT: port = '', DATA_DIR: dataDir = '', TLS_CERT_FILE: certFile = '' } = environment;
  const running = readRuntime(resolve(dataDir || './data'))?.url;
  if (running !== undefined) {
    const { port: own, protocol } = new URL(running);
    if (port === '' || port === (own || DEFAULT_PORTS[protocol])) return running;
  }
  return `${certFile === '' ? 'http' : 'https'}://127.0.0.1:${port || PORT}`;
}
