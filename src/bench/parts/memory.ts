import type { Bench, Part } from '../result';
import { BenchVenue } from '../venue';

const ORDERS = 50_000;
const ORDERS_IN_BATCH = 500;
const CLIENTS = 100;
const LEVELS = 1_000;
const KINDS = ['orders', 'book', 'open', 'client_order_ids', 'depth'] as const;
const NAMES: Readonly<Record<(typeof KINDS)[number], string>> = {
  orders: 'its record', book: 'its place in the book', open: 'its place in its client\'s list', client_order_ids: 'its client_order_id', depth: 'its share of the level totals',
};

type Usage = ReadonlyMap<string, number>;

/** Bytes by kind of key, every element counted; `used` is what Redis has taken in all. */
async function usage(venue: BenchVenue): Promise<Usage> {
  const kinds = new Map([['used', Number(/used_memory:(\d+)/.exec(await venue.redis.info('memory'))?.[1])]]);
  let cursor = '0';
  do {
    const [next, keys] = (await venue.send('SCAN', cursor, 'MATCH', '{main}:*', 'COUNT', '1000')) as [string, string[]];
    cursor = next;
    for (const key of keys) {
      const kind = key.slice('{main}:'.length).split(':', 1)[0] as string;
      kinds.set(kind, (kinds.get(kind) ?? 0) + Number(await venue.send('MEMORY', 'USAGE', key, 'SAMPLES', '0')));
    }
  } while (cursor !== '0');
  return kinds;
}

/** @param extra whether orders carry a name of their client's, or a key */
async function place(venue: BenchVenue, extra: 'named' | 'keyed'): Promise<void> {
  for (let sent = 0; sent < ORDERS; sent += ORDERS_IN_BATCH) {
    const operations = Array.from({ length: ORDERS_IN_BATCH }, (_, i) => {
      const n = sent + i;
      const isBuy = n % 2 === 1;
      return {
        op: 'place', client_id: `client-${n % CLIENTS}`, side: isBuy ? 'buy' : 'sell',
        type: 'limit', price: (isBuy ? 49_999 - (n % LEVELS) : 50_001 + (n % LEVELS)).toFixed(2), quantity: '0.01000000',
        ...(extra === 'named' ? { client_order_id: `order-${String(n).padStart(8, '0')}` } : { idempotency_key: `${n}-4f1c0a52-8d1e-4f8e-9b1d-2a7c5e3f4d60` }),
      };
    });
    const { status, text } = await venue.call('POST', '/orders/batch', JSON.stringify({ operations }));
    if (status !== 200 || /"status":[45]\d\d/.test(text)) throw new Error(`a batch was answered ${status}: ${text.slice(0, 300)}`);
  }
  await venue.untilDrained();
}

async function cancelAll(venue: BenchVenue): Promise<void> {
  for (let n = 0; n < CLIENTS; n++) await venue.call('DELETE', `/orders?client_id=client-${n}`);
  await venue.untilDrained();
}

async function run(bench: Bench) {
  const venue = await BenchVenue.start(bench);
  try {
    // Once without counting: what is allocated once only, such as the log's tail, is there then.
    await place(venue, 'named');
    await cancelAll(venue);
    const base = await usage(venue);
    await place(venue, 'named');
    const open = await usage(venue);
    await cancelAll(venue);
    const closed = await usage(venue);
    await place(venue, 'keyed');
    const plain = await usage(venue);
    await cancelAll(venue);
    const keyed = await usage(venue);
    const each = (after: Usage, before: Usage, kind: string): number => ((after.get(kind) ?? 0) - (before.get(kind) ?? 0)) / ORDERS;
    // The log is trimmed to a fixed tail: it is not an order's.
    const inAll = (after: Usage, before: Usage): number => each(after, before, 'used') - each(after, before, 'log');
    return {
      figures: [
        { name: 'Redis memory of an open order', value: inAll(plain, closed) - each(plain, closed, 'idem'), unit: 'bytes', goal: { bound: 500, better: 'lower' as const } },
        { name: 'Redis memory of an open order with a client_order_id', value: inAll(open, base), unit: 'bytes', goal: { bound: 500, better: 'lower' as const } },
        { name: 'left of it when it is done and persisted', value: inAll(closed, base), unit: 'bytes', goal: { bound: 5, better: 'lower' as const } },
        { name: 'Redis memory of an idempotency key of a persisted order', value: inAll(keyed, closed), unit: 'bytes', goal: { bound: 160, better: 'lower' as const } },
      ],
      tables: [{
        title: `Bytes of an open order with a client_order_id, ${ORDERS.toLocaleString('en-US')} of them at ${LEVELS.toLocaleString('en-US')} prices`, columns: ['part', 'bytes an order'],
        rows: KINDS.map((kind) => [NAMES[kind], each(open, base, kind)]),
      }],
    };
  } finally {
    await venue.stop();
  }
}

export const memoryPart: Part = { name: 'memory', about: 'what an open order and a remembered key cost Redis, and what is left of them', run };
