import { request } from 'node:http';

/**
 * Wrong passwords of one name, each from an address of its own, evenly over some seconds: a program, in a process of its own, so that
 * it does not hold up whoever measures. Arguments: port, name, attempts, seconds, and a number that no other attack of the venue has. It
 * sends how many attempts had which status.
 */

const ADDRESSES_OF_A_NETWORK = 250;

/** @returns the status */
function attempt(port: number, username: string, localAddress: string): Promise<number> {
  const body = JSON.stringify({ username, password: 'wrong horse battery' });
  return new Promise((resolve, reject) => {
    const sent = request({
      host: '127.0.0.1', port, path: '/auth/login', method: 'POST', localAddress, headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) },
    }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

async function main(port: number, username: string, attempts: number, seconds: number, round: number): Promise<void> {
  const statuses: Record<string, number> = {};
  const started = performance.now();
  await Promise.all(Array.from({ length: attempts }, async (_, i) => {
    await new Promise((resolve) => setTimeout(resolve, started + (i * seconds * 1_000) / attempts - performance.now()));
    const status = await attempt(port, username, `127.${round + 2}.${Math.floor(i / ADDRESSES_OF_A_NETWORK)}.${(i % ADDRESSES_OF_A_NETWORK) + 1}`);
    statuses[status] = (statuses[status] ?? 0) + 1;
  }));
  process.send?.(statuses);
}

const [port, username = '', attempts, seconds, round] = process.argv.slice(2);
void main(Number(port), username, Number(attempts), Number(seconds), Number(round));
