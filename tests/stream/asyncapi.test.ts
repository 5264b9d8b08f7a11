import { Client } from '../support/client';
import { until } from '../support/until';
import { MessageContract } from '../support/asyncapi';
import { Venue, type RunningApp } from '../support/venue';
import { StreamClient } from './support/stream-client';

describe('the AsyncAPI document', () => {
  let venue: Venue;
  let running: RunningApp;
  let http: Client;

  beforeAll(async () => {
    venue = await Venue.open();
    running = await venue.start();
    http = new Client(() => running.url);
  });
  afterAll(async () => {
    http.close();
    await venue.close();
  });

  test('describes every message that the stream sends', async () => {
    const contract = await MessageContract.of(running.url, 'stream');
    expect(contract.version).toBe('3.0.0');
    const client = await StreamClient.open(running.url);
    client.send({ op: 'ping' });
    client.send({ op: 'nonsense' });
    await http.call('POST', '/orders', { body: { client_id: 'ann', side: 'sell', type: 'limit', price: 10, quantity: 1 } });
    await http.call('POST', '/orders', { body: { client_id: 'bob', side: 'buy', type: 'market', quantity: 0.5 } });
    const wanted = ['orderbook_snapshot', 'orderbook_delta', 'trade', 'order', 'pong', 'error', 'heartbeat'];
    await until('one message of each type', () => wanted.every((type) => client.messages.some((message) => message.type === type)));
    expect(client.messages.flatMap((message) => contract.violations(message.type, message))).toEqual([]);
    // A description that takes anything would pass, too.
    expect(contract.violations('trade', { ...client.messages[0], type: 'trade' })).not.toEqual([]);
    await client.close();
  });
});
