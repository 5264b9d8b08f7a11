import { AMOUNT_MAX } from '../../src/domain/amounts';
import type { EngineCommand } from '../../src/domain/commands';
import type { LogEntry } from '../../src/domain/log-entry';
import { STP_CODE } from '../../src/domain/order-traits';
import { ReferenceShard } from '../../src/reference/shard';
import { amendCommand, cancelCommand, fillsOf, orderOf, placeCommand, refusalOf, type PlaceOptions } from '../engine/support/desk';
import { TEST_LIMITS } from '../engine/support/test-shard';

/** What icebergs are held to, by the reference book; that the engine does the same is the model test's to say. */
class Bench {
  readonly shard = new ReferenceShard({ ...TEST_LIMITS, funds: 'off' });
  private turn = 0;

  submit(command: EngineCommand): LogEntry {
    const result = this.shard.apply(command, { timeUs: ++this.turn, second: 1 });
    expect(this.shard.invariants()).toEqual([]);
    if (result.outcome !== 'logged') throw new Error(`expected an entry, got ${JSON.stringify(result)}`);
    return result.entry;
  }

  refused(command: EngineCommand): string {
    return refusalOf(this.shard.apply(command, { timeUs: ++this.turn, second: 1 })).code;
  }

  /** An order that waits. @returns its id */
  rest(lots: number, display?: number, options: PlaceOptions = {}): string {
    return orderOf(this.submit(placeCommand('sell', 100, lots, { ...options, ...(display === undefined ? {} : { traits: { display } }) }))).orderId;
  }

  buy(lots: number, options: PlaceOptions = {}): [lots: number, maker: string][] {
    return fillsOf(this.submit(placeCommand('buy', 100, lots, { kind: 'limit_ioc', ...options }))).map(([, traded, maker]) => [traded, maker]);
  }

  /** Lots that the level shows, and who waits there, in their order. */
  asks(): [lots: number, orderIds: readonly string[]] {
    const [level] = this.shard.state().books[0]?.asks ?? [];
    return [level?.quantityLots ?? 0, level?.orderIds ?? []];
  }

  order(orderId: string): { remaining: number; shown: number | undefined; status: string } {
    const order = this.shard.order(orderId);
    if (order === null) throw new Error(`there is no order ${orderId}`);
    return { remaining: order.quantityLots - order.filledLots, shown: order.traits.shown, status: order.status };
  }
}

describe('an iceberg', () => {
  let bench: Bench;
  beforeEach(() => { bench = new Bench(); });

  test('shows a part, and is open with all of it', () => {
    const ice = bench.rest(10, 3);
    expect(bench.asks()).toEqual([3, [ice]]);
    expect(bench.order(ice)).toEqual({ remaining: 10, shown: 3, status: 'open' });
  });

  test('keeps its place while a part is traded, and goes to the back with the next', () => {
    const [ice, other] = [bench.rest(10, 3), bench.rest(4)];
    expect(bench.buy(2)).toEqual([[2, ice]]);
    expect(bench.asks()).toEqual([5, [ice, other]]);
    expect(bench.buy(1)).toEqual([[1, ice]]);
    expect(bench.asks()).toEqual([7, [other, ice]]);
  });

  test('trades its further parts behind everybody at the price, in the same sweep', () => {
    const [first, other, second] = [bench.rest(7, 3), bench.rest(4), bench.rest(5, 2)];
    expect(bench.buy(15)).toEqual([[3, first], [4, other], [2, second], [3, first], [2, second], [1, first]]);
    expect(bench.order(first).status).toBe('filled');
    expect(bench.asks()).toEqual([1, [second]]);
  });

  test('that trades part of a part that was shown in the sweep waits with the rest of that', () => {
    const [ice, other] = [bench.rest(9, 3), bench.rest(1)];
    expect(bench.buy(5)).toEqual([[3, ice], [1, other], [1, ice]]);
    expect(bench.order(ice)).toEqual({ remaining: 5, shown: 2, status: 'partially_filled' });
    expect(bench.asks()).toEqual([2, [ice]]);
  });

  test('several of them that are refilled in one sweep stand in the order of their refills, whatever their ids', () => {
    const later = bench.rest(4, 2, { orderId: '01900000-0000-7000-8000-0000000000ff' });
    const earlier = bench.rest(4, 2, { orderId: '01900000-0000-7000-8000-000000000001' });
    bench.buy(4);
    expect(bench.asks()).toEqual([4, [later, earlier]]);
    expect(bench.buy(4)).toEqual([[2, later], [2, earlier]]);
  });

  test('counts as a whole for a fill-or-kill order', () => {
    const ice = bench.rest(10, 1);
    expect(bench.buy(10, { kind: 'limit_fok' })).toEqual(Array.from({ length: 10 }, () => [1, ice]));
    expect(bench.asks()).toEqual([0, []]);
  });

  test('counts each of its parts in the bound on fills', () => {
    const few = new ReferenceShard({ ...TEST_LIMITS, fillsPerOrderMax: 3, funds: 'off' });
    few.apply(placeCommand('sell', 100, 10, { traits: { display: 2 } }), { timeUs: 1, second: 1 });
    const result = few.apply(placeCommand('buy', 100, 10), { timeUs: 2, second: 1 });
    expect(result.outcome === 'logged' && orderOf(result.entry)).toMatchObject({ status: 'cancelled', reason: 'fills_limit', filledLots: 6 });
  });

  test('that takes shows what is left of it only', () => {
    bench.submit(placeCommand('buy', 100, 4));
    const ice = bench.rest(10, 3);
    expect(bench.order(ice)).toEqual({ remaining: 6, shown: 3, status: 'partially_filled' });
    expect(bench.shard.state().books[0]?.bids).toEqual([]);
  });

  test('loses what it hides first where it becomes smaller, and its place where it becomes larger or moves', () => {
    const [ice, other] = [bench.rest(10, 3), bench.rest(1)];
    bench.submit(amendCommand(ice, { quantity: 4 }));
    expect(bench.asks()).toEqual([4, [ice, other]]);
    bench.submit(amendCommand(ice, { quantity: 2 }));
    expect(bench.asks()).toEqual([3, [ice, other]]);
    bench.submit(amendCommand(ice, { quantity: 12 }));
    expect(bench.asks()).toEqual([4, [other, ice]]);
    bench.submit(amendCommand(ice, { price: 101 }));
    bench.submit(amendCommand(ice, { price: 100 }));
    expect(bench.order(ice)).toEqual({ remaining: 12, shown: 3, status: 'open' });
  });

  test('is cancelled as a whole', () => {
    const ice = bench.rest(10, 3);
    bench.buy(4);
    bench.submit(cancelCommand(ice));
    expect(bench.order(ice)).toEqual({ remaining: 6, shown: undefined, status: 'cancelled' });
    expect(bench.asks()).toEqual([0, []]);
  });

  test('shows no more anew than keeps its level an exact integer', () => {
    const display = 2 ** 52;
    const ice = bench.rest(AMOUNT_MAX, display);
    bench.buy(display - 2);
    // The level shows 2 of it, and all that fits there besides.
    const other = bench.rest(AMOUNT_MAX - 2);
    expect(bench.buy(2)).toEqual([[2, ice]]);
    expect(bench.asks()).toEqual([AMOUNT_MAX, [other, ice]]);
    expect(bench.order(ice)).toMatchObject({ shown: 2 });
  });

  test('is of so many parts at most', () => {
    const parts = TEST_LIMITS.icebergPartsMax;
    expect(bench.refused(placeCommand('sell', 100, 2 * parts + 1, { traits: { display: 2 } }))).toBe('iceberg_parts_limit');
    const ice = bench.rest(2 * parts, 2);
    expect(bench.refused(amendCommand(ice, { quantity: 2 * parts + 1 }))).toBe('iceberg_parts_limit');
  });

  describe('of the taker itself', () => {
    const own = { client: 'me' };
    const taking = (mode: keyof typeof STP_CODE): PlaceOptions => ({ ...own, traits: { stp: STP_CODE[mode] } });

    test('goes as a whole where makers are cancelled', () => {
      const [ice, other] = [bench.rest(10, 2, own), bench.rest(5)];
      expect(bench.buy(4, taking('cancel_maker'))).toEqual([[4, other]]);
      expect(bench.order(ice)).toEqual({ remaining: 10, shown: undefined, status: 'cancelled' });
    });

    test('loses lots part by part, as it would trade', () => {
      const [ice, other] = [bench.rest(10, 2, own), bench.rest(5)];
      // 2 of its own, 5 of the other, 1 of what its own shows then: the taker has no more.
      expect(bench.buy(8, taking('decrement'))).toEqual([[5, other]]);
      expect(bench.order(ice)).toEqual({ remaining: 7, shown: 1, status: 'open' });
      expect(bench.asks()).toEqual([1, [ice]]);
    });

    test('goes with its last part, as it was', () => {
      const [ice, other] = [bench.rest(4, 2, own), bench.rest(5)];
      // 2 of its own, 5 of the other, the last 2 of its own: 1 of the taker is left.
      expect(bench.buy(10, taking('decrement'))).toEqual([[5, other]]);
      expect(bench.order(ice)).toEqual({ remaining: 4, shown: undefined, status: 'cancelled' });
      expect(bench.asks()).toEqual([0, []]);
    });

    test('stands with others that are refilled in the order of the refills', () => {
      const [mine, first, last] = [bench.rest(4, 1, own), bench.rest(4, 1), bench.rest(4, 1, own)];
      expect(bench.buy(3, taking('decrement'))).toEqual([[1, first]]);
      expect(bench.asks()).toEqual([3, [mine, first, last]]);
    });
  });
});
