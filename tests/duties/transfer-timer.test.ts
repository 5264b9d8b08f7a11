import { setTimeout as sleep } from 'node:timers/promises';
import { decodeLogEntry, type LogEntry } from '../../src/domain/log-entry';
import type { Transfer } from '../../src/domain/money';
import { Purse, type Body } from '../http/money/support/purse';
import { ShardView } from '../persistence/support/shard-view';
import { Client, refusal } from '../support/client';
import { until } from '../support/until';

/** Pending transfers whose time is over are released by the venue itself: within a second, and never early. */

const SECOND_US = 1_000_000;

let purse: Purse;
let from: string;
beforeEach(async () => {
  purse = await Purse.open('required');
  from = await purse.account({ USD: '1000' });
});
afterEach(() => purse.close());

async function hold(timeoutS: number, client = purse.client): Promise<string> {
  const { status, body } = await client.post<Body>('/transfers', { from, to: 'payee', asset: 'USD', amount: '1', pending: true, timeout_s: timeoutS });
  expect(status).toBe(201);
  return String(body.transfer_id);
}

/** What the log tells of how transfers ended, by id. */
async function ends(): Promise<Map<string, { entry: LogEntry; transfer: Transfer }>> {
  const entries = (await new ShardView(purse.service.venue).log()).map(({ payload }) => decodeLogEntry(payload));
  return new Map(entries.flatMap((entry) => (entry.kind !== 'transfer_end' ? [] : entry.events.flatMap((event) => (
    event.type === 'transfer' ? [[event.transfer.transferId, { entry, transfer: event.transfer }] as const] : [])))));
}

const ended = (ids: readonly string[]): Promise<void> => until('all are over', async () => {
  const found = await ends();
  return ids.every((id) => found.has(id));
});

it('are released within a second of their time, and not before it', async () => {
  const ids: string[] = [];
  for (const timeoutS of [1, 1, 2, 3, 1, 2]) {
    ids.push(await hold(timeoutS));
    await sleep(150);
  }
  await hold(3_600);
  await ended(ids);
  for (const id of ids) {
    const { entry, transfer } = (await ends()).get(id) as { entry: LogEntry; transfer: Transfer };
    expect(transfer).toMatchObject({ status: 'expired', settledAmount: '0' });
    const lateUs = entry.timeUs - (transfer.expiresUs as number);
    expect(lateUs).toBeGreaterThanOrEqual(0);
    expect(lateUs).toBeLessThan(SECOND_US);
  }
  expect((await ends()).size).toBe(ids.length);
  expect(await purse.balance(from, 'USD')).toEqual(['1000.0000000000', '1.0000000000', '999.0000000000']);
  for (const id of ids) expect((await refusal(purse.client.post(`/transfers/${id}/post`, {}), 409, 'transfer_resolved')).body.transfer).toMatchObject({ status: 'expired' });
});

it('are released over a restart: those that came due meanwhile at once, the others when it is time', async () => {
  const { venue } = purse.service;
  const [meanwhile, later] = [await hold(1), await hold(5)];
  await purse.service.running.stop();
  const api = await venue.start({ ROLES: 'api' });
  const client = new Client(api.url);
  const behind = await hold(1, client);
  await sleep(1_500);
  // Nobody watches the time; it is over all the same.
  expect((await ends()).size).toBe(0);
  expect((await refusal(client.post(`/transfers/${meanwhile}/post`, {}), 409, 'transfer_resolved')).body.transfer).toMatchObject({ status: 'expired' });
  expect((await client.get<{ balances: Body[] }>(`/accounts/${from}/balances`)).body.balances).toMatchObject([{ held: '3.0000000000' }]);

  const writer = await venue.start({ ROLES: 'writer' });
  await ended([meanwhile, behind]);
  await ended([later]);
  const { entry, transfer } = (await ends()).get(later) as { entry: LogEntry; transfer: Transfer };
  const lateUs = entry.timeUs - (transfer.expiresUs as number);
  expect(lateUs).toBeGreaterThanOrEqual(0);
  expect(lateUs).toBeLessThan(SECOND_US);
  expect((await client.get<{ balances: Body[] }>(`/accounts/${from}/balances`)).body.balances).toMatchObject([{ total: '1000.0000000000', held: '0.0000000000' }]);
  client.close();
  await writer.stop();
});

it('can be posted until their time is over, and are then over whoever comes first', async () => {
  const ids = await Promise.all(Array.from({ length: 12 }, () => hold(2)));
  // Posted one by one around the end: each is either posted before its time, or over.
  const answers = await Promise.all(ids.map(async (id, i) => {
    await sleep(1_700 + i * 50);
    return (await purse.client.post<Body>(`/transfers/${id}/post`, {})).status;
  }));
  await ended(ids);
  const found = await ends();
  ids.forEach((id, i) => {
    const { entry, transfer } = found.get(id) as { entry: LogEntry; transfer: Transfer };
    expect([answers[i], transfer.status]).toEqual(answers[i] === 200 ? [200, 'posted'] : [409, 'expired']);
    expect(entry.timeUs < (transfer.expiresUs as number)).toBe(transfer.status === 'posted');
  });
  const posted = answers.filter((status) => status === 200).length;
  expect(posted).toBeGreaterThan(0);
  expect(posted).toBeLessThan(ids.length);
  expect((await purse.balance('payee', 'USD'))?.[0]).toBe(`${posted}.0000000000`);
  await purse.expectConserved();
});
