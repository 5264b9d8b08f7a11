import { seededRandom } from '../seeded-random';
import { requestText } from './http-load';

/** Orders as clients send them: limits around one price, half of them meeting, each with a key. */

const CLIENTS = 50;
const MID_TICKS = 5_000_000;
const SPREAD_TICKS = 500;
const MARKET_SHARE = 0.1;

/** @param first number of the first of the clients @returns the n-th order as JSON text; `run` keeps keys of two runs apart */
export function orderSource(run: string, seed = 1, clients = CLIENTS, first = 0): (n: number) => string {
  const random = seededRandom(seed);
  return (n) => {
    const common = `"client_id":"bench-${first + n % clients}","instrument":"BTC-USD","side":"${random.next() < 0.5 ? 'buy' : 'sell'}","quantity":"0.${String(1 + random.below(99)).padStart(3, '0')}","idempotency_key":"${run}-${n}"`;
    if (random.next() < MARKET_SHARE) return `{${common},"type":"market"}`;
    return `{${common},"type":"limit","price":"${((MID_TICKS + random.below(2 * SPREAD_TICKS) - SPREAD_TICKS) / 100).toFixed(2)}"}`;
  };
}

/** Orders that all rest, each side on its own half of the prices, without keys. @returns the n-th as JSON text */
export function restingSource(seed = 1): (n: number) => string {
  const random = seededRandom(seed);
  return (n) => {
    const side = random.pick(['buy', 'sell'] as const);
    const ticks = MID_TICKS + (side === 'buy' ? -1 : 1) * (1 + random.below(SPREAD_TICKS));
    return `{"client_id":"bench-${n % CLIENTS}","instrument":"BTC-USD","side":"${side}","quantity":"0.${String(1 + random.below(99)).padStart(3, '0')}",`
      + `"type":"limit","price":"${(ticks / 100).toFixed(2)}"}`;
  };
}

export function orderRequests(run: string, clients?: number): (n: number) => string {
  const next = orderSource(run, 1, clients);
  return (n) => requestText('POST', '/orders', next(n));
}

/** Batches of placings. @returns the n-th request, whole */
export function batchRequests(run: string, operationsInBatch: number): (n: number) => string {
  const next = orderSource(run);
  return (n) => {
    const operations = Array.from({ length: operationsInBatch }, (_, i) => `{"op":"place",${next(n * operationsInBatch + i).slice(1)}`);
    return requestText('POST', '/orders/batch', `{"operations":[${operations.join(',')}]}`);
  };
}
