import { EVENT, LOG_ENTRY_VERSION, ORDER_RECORD_VERSION } from '../../src/domain/layouts';
import { FUNDS_CODE } from '../../src/domain/money';
import { compactId, newOrderId } from '../../src/domain/order-id';
import { idempotencyDigest } from '../../src/engine/idempotency';
import { judgeAcknowledged, parseAcknowledged, type Acknowledged } from '../../src/load/acknowledged';
import { AuditSource } from '../../src/persistence/audit-source';
import { Database } from '../../src/persistence/database';
import { callOnce } from '../support/client';
import { testLogger, Venue } from '../support/venue';

/** What a load was told must be in the venue's record, each command once. */

const ID = '01a1fd47-7ff1-7046-bf13-9bc1bf6c2220';

async function* rows<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

/** A journal row of one order of client load-1. */
function row(sequence: number, kind: string, key: string, orderId: string): { sequence: number; payload: string } {
  const id = compactId(orderId);
  const place = [['P', '', FUNDS_CODE.paper, 10_000, 1_000_000, 100, 5, [], 0, 0, 'BTC-USD', 'load-1', '', id], [EVENT.placed, 0, '0', 1, 0, 0, []]];
  const order = [ORDER_RECORD_VERSION, 0, '0', 4, 1, sequence, 1, 0, 1, [], 100, 5, [], 0, 0, 'BTC-USD', 'load-1', '', 1, 0, id];
  const [command, event] = kind === 'place' ? place : [['C', '', id, '', ''], [EVENT.order, 0, ...order]];
  return { sequence, payload: JSON.stringify([LOG_ENTRY_VERSION, kind, sequence, 1, command, 0, [event], idempotencyDigest('load-1', key), null, 'epoch']) };
}

const told = (op: Acknowledged['op'], sequence: number, key: string, orderId: string): Acknowledged => ({ op, sequence, orderId, clientId: 'load-1', key });
const judge = (commands: readonly Acknowledged[], journal: readonly { sequence: number; payload: string }[]) =>
  judgeAcknowledged(commands, rows(journal), idempotencyDigest, (client) => client.startsWith('load-'));

describe('a line of the load', () => {
  it('is read, and nothing else is taken for one', () => {
    expect(parseAcknowledged(`acknowledged place 12 ${ID} load-1 key-1`)).toEqual({ op: 'place', sequence: 12, orderId: ID, clientId: 'load-1', key: 'key-1' });
    for (const line of ['', 'warning: slow', `acknowledged amend 12 ${ID} a b`, `acknowledged place 0 ${ID} a b`, `acknowledged place 12 ${ID} a`, 'acknowledged place undefined undefined a b']) {
      expect(parseAcknowledged(line)).toBeNull();
    }
  });
});

describe('what was acknowledged', () => {
  const [first, second] = [newOrderId(), newOrderId()];
  const journal = [row(1, 'place', 'a', first), row(2, 'place', 'b', second), row(3, 'cancel', 'c', first)];
  const all = [told('cancel', 3, 'c', first), told('place', 1, 'a', first), told('place', 2, 'b', second)];

  it('is there, in whatever order it was told', async () => {
    expect(await judge(all, journal)).toEqual({ acknowledged: 3, missing: [], different: [], doubled: [], unanswered: 0 });
  });

  it('is missed when it is not', async () => {
    const verdict = await judge(all, [row(1, 'place', 'a', first), row(3, 'cancel', 'c', first)]);
    expect(verdict.missing).toEqual([`place b (order ${second}, entry 2)`]);
    expect((await judge([...all, told('place', 9, 'd', first)], journal)).missing).toHaveLength(1);
  });

  it('is not taken for another: kind, order and key must be those that were told', async () => {
    for (const other of [told('cancel', 2, 'b', second), told('place', 2, 'b', first), told('place', 2, 'x', second)]) {
      expect((await judge([all[0] as Acknowledged, all[1] as Acknowledged, other], journal)).different).toHaveLength(1);
    }
    // Two commands cannot have been one entry.
    expect((await judge([...all, told('place', 2, 'b', second)], journal)).different).toHaveLength(1);
  });

  it('may be less than what was carried out, but nothing is carried out twice', async () => {
    expect((await judge(all.slice(1), journal)).unanswered).toBe(1);
    expect((await judge(all, [...journal, row(4, 'place', 'a', newOrderId())])).doubled).toHaveLength(1);
  });
});

describe('on a running venue', () => {
  let venue: Venue;
  beforeAll(async () => { venue = await Venue.open(); });
  afterAll(async () => venue.close());

  it('finds every command of the load, from where it began, and misses one that never was', async () => {
    const service = await venue.start();
    const send = async (method: string, path: string, body?: unknown): Promise<{ order_id: string; sequence: number }> => {
      const answer = await callOnce<{ order_id: string; sequence: number }>(service.url, method, path, { body });
      expect(answer.status).toBe(method === 'POST' ? 201 : 200);
      return answer.body;
    };
    const place = (client: string, key: string) => send('POST', '/orders', { client_id: client, side: 'buy', type: 'limit', price: 100, quantity: 1, idempotency_key: key });
    const before = await place('somebody', 'k-0');
    const lines: string[] = [];
    for (const key of ['k-1', 'k-2']) {
      const order = await place('load-1', key);
      lines.push(`acknowledged place ${order.sequence} ${order.order_id} load-1 ${key}`);
      const cancelled = await send('DELETE', `/orders/${order.order_id}?client_id=load-1&idempotency_key=${key}c`);
      lines.push(`acknowledged cancel ${cancelled.sequence} ${cancelled.order_id} load-1 ${key}c`);
    }
    await place('load-2', 'unanswered');
    await place('somebody', 'k-9');
    // Stopping drains the writer: Postgres has it all.
    await service.stop();

    const commands = lines.map((line) => parseAcknowledged(line) as Acknowledged);
    const database = new Database(venue.database.url, 5_000, 1, testLogger);
    const record = await AuditSource.open(database, venue.shard);
    try {
      const judgeRecord = (of: readonly Acknowledged[]) =>
        judgeAcknowledged(of, record.journal(before.sequence), idempotencyDigest, (client) => client.startsWith('load-'));
      expect(await judgeRecord(commands)).toEqual({ acknowledged: 4, missing: [], different: [], doubled: [], unanswered: 1 });
      const invented: Acknowledged = { ...(commands[0] as Acknowledged), sequence: 1_000, key: 'k-3' };
      expect((await judgeRecord([...commands, invented])).missing).toHaveLength(1);
      // What came before the load is not looked at.
      expect((await judgeRecord([told('place', before.sequence, 'k-0', before.order_id)])).missing).toHaveLength(1);
    } finally {
      await record.close();
      await database.close();
    }
  });
});
