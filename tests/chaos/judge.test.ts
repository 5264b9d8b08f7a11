import { judgeLedger, type LossWindow, type Verdict } from '../../src/chaos/judge';
import { Ledger, type AckMode, type SentCommand } from '../../src/chaos/ledger';
import { AssetTable } from '../../src/domain/asset-table';
import { assetsOf } from '../../src/domain/assets';
import { KIND_CODE } from '../../src/domain/order';
import { DEFAULT_INSTRUMENTS, parseInstruments, type Instrument } from '../../src/domain/instruments';
import { EVENT, FUNDS_CODE, LOG_ENTRY_VERSION } from '../../src/domain/layouts';
import { decodeLogEntry, tradesOf } from '../../src/domain/log-entry';
import { compactId } from '../../src/domain/order-id';
import { presentOrderWithTrades } from '../../src/dialects/native/present';
import { idempotencyDigest } from '../../src/engine/idempotency';

const INSTRUMENTS = new Map(parseInstruments(DEFAULT_INSTRUMENTS).map((instrument) => [instrument.instrument, instrument]));
const ASSETS = new AssetTable(assetsOf([...INSTRUMENTS.values()], new Map()));
const ORDER_NOT_FOUND = 1;

/** The entry of an order that rests. */
function placed(sequence: number, key: string): { sequence: number; payload: string } {
  const id = compactId(`01900000-0000-7000-8000-${String(sequence).padStart(12, '0')}`);
  const command = ['P', '', FUNDS_CODE.off, 10_000, 1_000_000, 100, 5, [], 0, KIND_CODE.limit_gtc, 'BTC-USD', 'ann', '', id];
  const events = [[EVENT.placed, 0, '0', 1, 0, 0, []], [EVENT.level, 'BTC-USD', 0, 100, 5]];
  return { sequence, payload: JSON.stringify([LOG_ENTRY_VERSION, 'place', sequence, 1_000, command, 0, events, idempotencyDigest('ann', key), null, 'epoch123']) };
}

function refused(sequence: number, key: string): { sequence: number; payload: string } {
  return { sequence, payload: JSON.stringify([LOG_ENTRY_VERSION, 'refuse', sequence, 1_000, ['C', '', '', 'ann', 'none'], ORDER_NOT_FOUND, [], idempotencyDigest('ann', key), null, 'epoch123']) };
}

async function* rows(entries: readonly { sequence: number; payload: string }[]): AsyncGenerator<{ sequence: number; payload: string }> {
  for (const entry of entries) yield await Promise.resolve(entry);
}

function answered(ledger: Ledger, entry: { payload: string }, mode: AckMode = 'redis'): SentCommand {
  const command = ledger.enter('ann', 'place', mode);
  const { orders: [order], ...rest } = decodeLogEntry(entry.payload);
  if (order === undefined) throw new Error('an order is needed');
  const instrument = INSTRUMENTS.get(order.instrument);
  if (instrument === undefined) throw new Error('an instrument is needed');
  ledger.settle(command, 201, { ...presentOrderWithTrades(order, tradesOf({ orders: [order], ...rest }), instrument, ASSETS) });
  return command;
}

const judge = (ledger: Ledger, entries: readonly { sequence: number; payload: string }[], losses: readonly LossWindow[] = []): Promise<Verdict> =>
  judgeLedger(ledger, { journal: () => rows(entries) }, idempotencyDigest, INSTRUMENTS, losses, { add: () => [] });

const CLEAN = { lost: [], lostAsAllowed: 0, doubled: [], unexplained: [], ruleBroken: [] };

/** The entry of a list's cancel, one of which waits for the other. */
function listCancelled(sequence: number, key: string): { sequence: number; payload: string } {
  const [first, second] = ['-P7RhOifT7a9bPwuP_H-BF', '-P7RhOifT7a9bPwuP_H-BV'] as const;
  const order = (id: string, price: number, role: number, reason: number, side: number) => (
    [EVENT.order, 0, 5, 0, '0', 4, reason, sequence, 1_000, 0, 1, [], price, 100, [13, 'oto', 14, role], side, 0, 'BTC-USD', 'ann', '', 900, 0, id]
  );
  const events = [order(second, 12_000, 6, 1, 1), order(first, 9_500, 2, 15, 0), [EVENT.level, 'BTC-USD', 0, 9_500, 0]];
  return { sequence, payload: JSON.stringify([LOG_ENTRY_VERSION, 'cancel', sequence, 1_000, ['C', '', second, ''], 0, events, idempotencyDigest('ann', key), null, 'epoch123']) };
}

describe('what a campaign is judged by', () => {
  it('knows a key by the order that it named, where nobody remembers whose that was', async () => {
    const ledger = new Ledger();
    ledger.userIds.set('ann', 'user-1');
    const command = ledger.enter('ann-2', 'cancel', 'redis', null, 'order-1');
    command.senders.add('ann');
    ledger.settle(command, 404, { code: 'order_not_found' });
    const entry = (scope: string) => ({ sequence: 1, payload: refused(1, '').payload.replace(idempotencyDigest('ann', ''), idempotencyDigest(scope, command.key)) });
    expect(await judge(ledger, [entry('\u0000order-1\u0000user-1')])).toMatchObject({ ...CLEAN, acknowledged: 1 });
    expect(await judge(ledger, [entry('\u0000order-2\u0000user-1')])).toMatchObject({ lost: [expect.stringMatching(/^key-1 /)], unexplained: ['entry 1 carries a key that no client sent'] });
  });

  it('holds each order of a list against what was told of it', async () => {
    const ledger = new Ledger();
    const entry = listCancelled(1, 'key-1');
    const orders = decodeLogEntry(entry.payload).orders.map((order) => presentOrderWithTrades(order, [], INSTRUMENTS.get('BTC-USD') as Instrument, ASSETS));
    const listId = `${orders[0]?.order_id.slice(0, -1) ?? ''}0`;
    const command = ledger.enter('ann', 'cancel_list', 'redis');
    ledger.settle(command, 200, { list_id: listId, orders });
    expect(await judge(ledger, [entry])).toMatchObject({ ...CLEAN, acknowledged: 1 });
    ledger.settle(command, 200, { list_id: listId, orders: orders.map((order, i) => (i === 0 ? { ...order, status: 'open' } : order)) });
    expect((await judge(ledger, [entry])).unexplained).toEqual([expect.stringMatching(/^key-1 \(cancel_list\): entry 1 differs from the answer at.*status/)]);
    ledger.settle(command, 200, { list_id: listId, orders: orders.slice(1) });
    expect((await judge(ledger, [entry])).unexplained).toEqual(['key-1 (cancel_list): entry 1 differs from the answer at an order that it lacks']);
  });

  it('finds nothing where the record is what was answered', async () => {
    const ledger = new Ledger();
    answered(ledger, placed(1, 'key-1'));
    expect(await judge(ledger, [placed(1, 'key-1')])).toMatchObject({ ...CLEAN, acknowledged: 1 });
  });

  it('finds an acknowledged command that is not in the record', async () => {
    const ledger = new Ledger();
    answered(ledger, placed(1, 'key-1'));
    answered(ledger, placed(2, 'key-2'));
    const verdict = await judge(ledger, [placed(1, 'key-1')]);
    expect(verdict).toMatchObject({ ...CLEAN, lost: [expect.stringMatching(/^key-2 \(place of ann, 201, acknowledged after redis at /) as string], acknowledged: 2 });
  });

  it('lets Redis take with it what only Redis had acknowledged, and nothing else', async () => {
    const ledger = new Ledger();
    const lost = answered(ledger, placed(1, 'key-1'));
    const at = lost.answeredMs ?? 0;
    answered(ledger, placed(2, 'key-2'), 'postgres');
    const within = await judge(ledger, [], [{ fromMs: at - 1_000, toMs: at + 60_000 }]);
    expect(within).toMatchObject({ lostAsAllowed: 1, lost: [expect.stringMatching(/^key-2 .* acknowledged after postgres /) as string] });
    expect((await judge(ledger, [], [{ fromMs: at - 2_000, toMs: at - 1_000 }])).lost).toHaveLength(2);
  });

  it('finds a key that took effect twice', async () => {
    const ledger = new Ledger();
    answered(ledger, placed(1, 'key-1'));
    expect(await judge(ledger, [placed(1, 'key-1'), placed(2, 'key-1')])).toMatchObject({ ...CLEAN, doubled: ['key-1 (place) is in entries 1 and 2'] });
  });

  it('finds an entry that no client asked for', async () => {
    expect(await judge(new Ledger(), [placed(1, 'key-1')])).toMatchObject({ ...CLEAN, unexplained: ['entry 1 carries a key that no client sent'] });
  });

  it('finds an answer that the record contradicts', async () => {
    const ledger = new Ledger();
    const command = answered(ledger, placed(1, 'key-1'));
    ledger.settle(command, 201, { ...command.body, filled_quantity: '0.00000001' });
    expect((await judge(ledger, [placed(1, 'key-1')])).unexplained).toEqual([expect.stringMatching(/^key-1 \(place\): entry 1 differs from the answer at\.filled_quantity: /) as string]);
    expect((await judge(ledger, [refused(1, 'key-1')])).unexplained).toEqual([expect.stringMatching(/^key-1 \(place\): entry 1 is a refusal with order_not_found/) as string]);
    ledger.settle(command, 409, { code: 'order_not_open' });
    expect((await judge(ledger, [placed(1, 'key-1')])).unexplained).toEqual(['key-1 (place): entry 1 is a place, the client was told "order_not_open"']);
  });
});
