import { audit } from '../audit/support';
import { decodeLogEntry } from '../../src/domain/log-entry';
import { Service } from './support/service';

const STOPS = 10_000;
/** Stops that wait for the same price: of these who came first goes first. */
const AT_A_PRICE = 4;
const BATCH = 500;
const TOP = 50_000;
const SELLERS = 16;

interface PlacedStop {
  readonly orderId: string;
  readonly price: number;
}

describe('a market that falls through 10,000 stops', () => {
  let service: Service;

  beforeAll(async () => {
    service = await Service.open({ environment: { BATCH_OPERATIONS_MAX: String(BATCH) } });
  });
  afterAll(() => service.close());

  async function place(orders: readonly object[]): Promise<string[]> {
    const ids: string[] = [];
    for (let at = 0; at < orders.length; at += BATCH) {
      const { body } = await service.client.batch(orders.slice(at, at + BATCH).map((order) => ({ op: 'place', instrument: 'BTC-USD', ...order })));
      for (const { status, body: order } of body.results) {
        if (status !== 201) throw new Error(JSON.stringify(order));
        ids.push((order as { readonly order_id: string }).order_id);
      }
    }
    return ids;
  }

  it('has them go in order, nearest first and then by age, with book and money right', async () => {
    const prices = STOPS / AT_A_PRICE;
    // A price lower than the last stop's: there it ends.
    await place(Array.from({ length: prices + 2 }, (_, i) => ({ client_id: 'bidder', side: 'buy', type: 'limit', price: TOP - i, quantity: AT_A_PRICE })));
    await place([{ client_id: 'first', side: 'sell', type: 'market', quantity: AT_A_PRICE - 1 }]);
    // Each price's stops stand among the others': they come in turns.
    const wanted = Array.from({ length: STOPS }, (_, i) => TOP - 1 - i * 7 % prices);
    const ids = await place(wanted.map((price, i) => ({ client_id: `seller-${i % SELLERS}`, side: 'sell', type: 'stop', stop_price: price, quantity: 1 })));
    const stops = wanted.map((price, i): PlacedStop => ({ orderId: ids[i] as string, price }));
    await place([{ client_id: 'first', side: 'sell', type: 'market', quantity: 2 }]);

    await service.persisted();
    const journal = await service.venue.database.query<{ payload: string }>('SELECT payload FROM journal ORDER BY sequence');
    const gone = journal.map(({ payload }) => decodeLogEntry(payload)).flatMap(({ command }) => (command?.op === 'trigger' ? [command.orderId] : []));
    // Sorting keeps those of a price as they came.
    expect(gone).toEqual([...stops].sort((a, b) => b.price - a.price).map(({ orderId }) => orderId));
    const { body: pending } = await service.client.call('GET', '/orders?client_id=seller-0&status=open');
    expect(pending).toMatchObject({ orders: [] });
    // The whole of it once more, through the reference book: orders, book and every unit of money.
    expect(await audit(service.venue)).toEqual([]);
  }, 180_000);
});
