import { compactId, newOrderId } from '../../src/domain/order-id';
import { decodeLogEntry } from '../../src/domain/log-entry';

const [taker, maker] = [newOrderId(), newOrderId()];

/** The same entry in a version of the log. @param order puts the last two elements of an order in their order */
function entryOf(version: number, order: (id: string, createdUs: number) => readonly [unknown, unknown]): string {
  const text = (id: string, priority: number, createdUs: number): string =>
    [5, '"500"', 3, 0, 9, 1_000, 9, priority, 100, 5, 0, 0, '"BTC-USD"', '"ann"', '"mine"', ...order(compactId(id), createdUs).map((one) => JSON.stringify(one))].join(',');
  return `[${version},"place",9,1000,[[${text(taker, 9, 1_000)}]],[[1,100,5,0,[${text(maker, 4, 400)}]]],[["BTC-USD",1,100,0]],"",null,0,0,"epoch"]`;
}

describe('a log entry', () => {
  it('of the version before tells the same', () => {
    const now = decodeLogEntry(entryOf(2, (id, createdUs) => [createdUs, id]));
    expect(decodeLogEntry(entryOf(1, (id, createdUs) => [id, createdUs]))).toEqual({ ...now, version: 1 });
    expect(now.orders[0]).toMatchObject({ orderId: taker, createdUs: 1_000, clientOrderId: 'mine', notional: '500' });
    expect(now.fills[0]?.maker).toMatchObject({ orderId: maker, createdUs: 400, priority: 4 });
  });

  it('of an unknown version is refused', () => {
    for (const version of [0, 9]) expect(() => decodeLogEntry(entryOf(version, (id, createdUs) => [createdUs, id]))).toThrow(`unknown version ${version}`);
  });
});
