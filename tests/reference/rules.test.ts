import type { EngineCommand } from '../../src/domain/commands';
import type { LogEntry } from '../../src/domain/log-entry';
import { invariantProblems } from '../../src/reference/invariants';
import { LogAudit } from '../../src/reference/log-audit';
import { ReferenceShard } from '../../src/reference/shard';
import { STP_CODE } from '../../src/domain/order-traits';
import { amendCommand, cancelCommand, placeCommand } from '../engine/support/desk';
import { TEST_LIMITS } from '../engine/support/test-shard';

/** The rules that judge books and logs, judged: each must notice what it is there to notice. */

type Mutable<T> = T extends readonly (infer E)[] ? Mutable<E>[] : T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T;

const ids = Array.from({ length: 8 }, (_, i) => `0190000${i}-0000-7000-8000-00000000000${i}`);
const id = (i: number): string => ids[i] as string;

/** A shard with two levels a side, a part-filled order, done ones, names and a key; and the log that led there. */
function sample(): { shard: ReferenceShard; log: LogEntry[] } {
  const shard = new ReferenceShard({ ...TEST_LIMITS, funds: 'off' });
  const commands: EngineCommand[] = [
    placeCommand('buy', 99, 5, { orderId: id(0), name: 'n0' }),
    placeCommand('buy', 98, 5, { orderId: id(1) }),
    placeCommand('buy', 98, 7, { orderId: id(2), client: 'other', key: 'k' }),
    placeCommand('sell', 101, 4, { orderId: id(3) }),
    placeCommand('sell', 102, 4, { orderId: id(4) }),
    placeCommand('sell', 99, 2, { orderId: id(5) }),
    placeCommand('buy', 103, 5, { orderId: id(6), kind: 'limit_ioc' }),
    amendCommand(id(4), { price: 104, remaining: 9 }),
    placeCommand('sell', 110, 1, { orderId: id(7) }),
    cancelCommand(id(7)),
  ];
  const log: LogEntry[] = [];
  commands.forEach((command, i) => {
    const result = shard.apply(command, { timeUs: 1_000_000 + i, second: 1 });
    if (result.outcome === 'logged') log.push(result.entry);
  });
  return { shard, log };
}

type State = Mutable<ReturnType<ReferenceShard['state']>>;

describe('rules of a shard', () => {
  test('find nothing wrong with a sound one', () => {
    const { shard } = sample();
    expect(shard.state().books).toHaveLength(1);
    expect(shard.invariants()).toEqual([]);
  });

  const order = (state: State, i: number): State['orders'][number] => state.orders[i] as State['orders'][number];
  const bids = (state: State): State['books'][number]['bids'] => (state.books[0] as State['books'][number]).bids;
  const asks = (state: State): State['books'][number]['asks'] => (state.books[0] as State['books'][number]).asks;
  const level = (levels: State['books'][number]['bids'], i: number): State['books'][number]['bids'][number] => levels[i] as never;

  test.each<[string, (state: State) => void, RegExp]>([
    ['a crossed book', (state) => { level(asks(state), 0).priceTicks = 99; }, /crossed/],
    ['a level whose total is not that of its orders', (state) => { level(bids(state), 1).quantityLots++; }, /its orders show 12/],
    ['a level without orders', (state) => { level(bids(state), 0).orderIds = []; }, /without orders/],
    ['levels out of order', (state) => { bids(state).reverse(); }, /out of order/],
    ['a queue out of order', (state) => { level(bids(state), 1).orderIds.reverse(); }, /waits behind/],
    ['an order in the book twice', (state) => { level(bids(state), 0).orderIds.push(id(1)); }, /in the book twice/],
    ['an open order outside the book', (state) => { level(bids(state), 1).orderIds.pop(); }, /is open but not in the book/],
    ['a done order in the book', (state) => { level(asks(state), 0).orderIds.push(id(7)); }, /is cancelled but in the book/],
    ['an order at another price than its own', (state) => { order(state, 1).priceTicks = 97; }, /waits at/],
    ['an order of the other side', (state) => { order(state, 1).side = 'sell'; }, /waits at/],
    ['an order that is not held', (state) => { state.orders.splice(1, 1); }, /not held/],
    ['an order held twice', (state) => { state.orders.push(order(state, 1)); }, /held twice/],
    ['more filled than ordered', (state) => { order(state, 0).filledLots = 6; }, /6 of 5 lots/],
    ['a filled order with a rest', (state) => { order(state, 5).filledLots = 1; }, /is filled with 1 of 2/],
    ['an open order with fills', (state) => { order(state, 0).status = 'open'; }, /open and not partially_filled/],
    ['a part-filled order without', (state) => { order(state, 1).status = 'partially_filled'; }, /without a fill/],
    ['a rejected order that traded', (state) => { Object.assign(order(state, 6), { status: 'rejected' }); }, /rejected and traded/],
    ['a cancelled order without a reason', (state) => { order(state, 7).reason = null; }, /reason none/],
    ['value without lots', (state) => { order(state, 1).notional = '98'; }, /0 lots filled for 98/],
    ['lots without a last fill', (state) => { order(state, 0).fillSequence = 0; }, /the last at sequence 0/],
    ['a trade past a limit', (state) => { order(state, 6).priceTicks = 100; }, /past its limit/],
    ['a sequence of the future', (state) => { order(state, 1).sequence = 99; }, /at shard sequence/],
    ['an update before the creation', (state) => { order(state, 1).updatedUs = 1; }, /before it was created/],
    ['an open order that is not listed', (state) => { state.openOrders[0]?.orderIds.shift(); }, /not listed as open/],
    ['an order listed for another client', (state) => { (state.openOrders[0] as { clientId: string }).clientId = 'x'; }, /no such order/],
    ['an order listed twice', (state) => { state.openOrders[0]?.orderIds.push(id(0)); }, /listed as open twice/],
    ['an order that its name does not find', (state) => { state.clientOrderIds = []; }, /not found by its client order id/],
    ['a name that finds another order', (state) => { (state.clientOrderIds[0] as { orderId: string }).orderId = id(1); }, /not named so/],
    ['a key past the log', (state) => { (state.idempotency[0] as { sequence: number }).sequence = 99; }, /past the log/],
  ])('notice %s', (_, corrupt, problem) => {
    const state = structuredClone(sample().shard.state()) as State;
    corrupt(state);
    expect(invariantProblems(state, null).join('\n')).toMatch(problem);
  });
});

describe('rules of a log', () => {
  function problemsOf(log: readonly LogEntry[]): string[] {
    const audit = new LogAudit();
    return log.flatMap((entry) => audit.add(entry));
  }

  type Entry = Mutable<LogEntry>;
  const fill = (entry: Entry | undefined): Entry['fills'][number] => entry?.fills[0] as Entry['fills'][number];
  const own = (entry: Entry | undefined): Entry['orders'][number] => entry?.orders[0] as Entry['orders'][number];

  const change = (entry: Entry | undefined): { previousFill: number } => entry?.events.find((event) => event.type === 'order') as { previousFill: number };

  test('find nothing wrong with a sound one', () => {
    const { log } = sample();
    expect(log).toHaveLength(10);
    expect(log.filter((entry) => entry.fills.length > 0)).toHaveLength(2);
    expect(problemsOf(log)).toEqual([]);
  });

  // Entry 6 sells two lots to the first order; entry 7 buys from the fourth; entry 8 amends the fifth; entry 10 cancels.
  test.each<[string, (log: Entry[]) => void, RegExp]>([
    ['a missing entry', (log) => { log.splice(1, 1); }, /entry 3: follows 1/],
    ['an entry twice', (log) => { log.push(log[9] as Entry); }, /entry 10: follows 10/],
    ['time that goes back', (log) => { (log[4] as Entry).timeUs = 1; }, /earlier/],
    ['a gap in trade ids', (log) => { fill(log[6]).tradeId = 3; }, /trade 3 where 2 follows/],
    ['a trade of nothing', (log) => { fill(log[5]).quantityLots = 0; }, /of 0 lots/],
    ["a trade at another price than the maker's", (log) => { fill(log[5]).priceTicks = 98; }, /asked for 99, traded at 98/],
    ["a trade past the taker's limit", (log) => { own(log[5]).priceTicks = 100; }, /past the taker's limit 100/],
    ['a maker on the same side', (log) => { fill(log[5]).maker.side = 'sell'; }, /no counterpart/],
    ['a maker that was not open', (log) => { fill(log[5]).maker.orderId = id(7); }, /was not open/],
    ['a maker that does not count the lots', (log) => { fill(log[5]).maker.filledLots = 1; }, /does not count the trade's lots/],
    ['a maker that does not count the value', (log) => { fill(log[5]).maker.notional = '197'; }, /does not count the trade's value/],
    ['a maker whose fills are not linked', (log) => { fill(log[5]).makerPreviousFill = 1; }, /does not point at its fills/],
    ['a maker that lost its place', (log) => { fill(log[5]).maker.priority = 6; }, /lost its place/],
    ['a taker whose lots are not its trades', (log) => { own(log[5]).filledLots = 1; }, /its trades say 2/],
    ['a taker whose value is not its trades', (log) => { own(log[5]).notional = '199'; }, /its trades say 198/],
    ['an order placed twice', (log) => { own(log[1]).orderId = id(0); }, /placed again/],
    ['a cancel of an unknown order', (log) => { own(log[9]).orderId = '0190ffff-0000-7000-8000-000000000000'; }, /unknown/],
    ['an order without its entry’s number', (log) => { own(log[3]).sequence = 3; }, /does not carry/],
    ['an amend whose fills are not linked', (log) => { change(log[7]).previousFill = 3; }, /does not point at its fills/],
    ['a level told wrong', (log) => { (log[0] as Entry).levels = [{ ...(log[0] as Entry).levels[0], quantityLots: 6 } as never]; }, /told as 6/],
    ['a level not told', (log) => { (log[9] as Entry).levels = []; }, /is not told/],
    ['an untouched level told wrong', (log) => { (log[9] as Entry).levels.push({ type: 'level', instrument: 'BTC-USD', side: 'buy', priceTicks: 1, quantityLots: 1 }); }, /told as 1/],
    ['fills without a taker', (log) => { (log[5] as Entry).orders = []; }, /has no taker/],
    ['a refusal that changes the book', (log) => { (log[9] as Entry).kind = 'refuse'; }, /is a refuse and changes the book/],
  ])('notice %s', (_, corrupt, problem) => {
    const log = structuredClone(sample().log) as Entry[];
    corrupt(log);
    expect(problemsOf(log as LogEntry[]).join('\n')).toMatch(problem);
  });

  // Of one account: entry 3 takes, cancels the first two lots and cuts the next order.
  test.each<[string, (entry: Entry) => void, RegExp]>([
    ['nothing in a sound one', () => undefined, /^$/],
    ['a trade with an own order', (entry) => { (entry.orders[0] as Entry['orders'][number]).traits = { stp: 1 }; entry.fills = [{ ...fill(sample().log[5] as Entry) }]; }, /the taker's own/],
    ['another account\'s order that goes', (entry) => { (entry.orders[0] as Entry['orders'][number]).clientId = 'x'; }, /may not trade with/],
    ['an own order that goes for another reason', (entry) => { (entry.orders[1] as Entry['orders'][number]).reason = 'requested'; }, /neither cancelled nor cut/],
    ['an own order that grows', (entry) => { (entry.orders[2] as Entry['orders'][number]).quantityLots = 9; }, /neither cancelled nor cut/],
    ['an own order that moves', (entry) => { (entry.orders[2] as Entry['orders'][number]).priority = 3; }, /lost its place/],
  ])('notice %s (self-trade prevention)', (_, corrupt, problem) => {
    const shard = new ReferenceShard({ ...TEST_LIMITS, funds: 'off' });
    const log = [
      placeCommand('sell', 101, 2, { orderId: id(0) }), placeCommand('sell', 102, 5, { orderId: id(1) }),
      placeCommand('buy', 102, 4, { orderId: id(2), traits: { stp: STP_CODE.decrement } }),
    ].map((command, i) => {
      const result = shard.apply(command, { timeUs: 1_000_000 + i, second: 1 });
      return structuredClone(result.outcome === 'logged' ? result.entry : null) as Entry;
    });
    corrupt(log[2] as Entry);
    expect(problemsOf(log as LogEntry[]).join('\n')).toMatch(problem);
  });
});
