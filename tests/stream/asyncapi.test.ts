import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { HttpClient } from '../persistence/support/http-client';
import { until } from '../persistence/support/until';
import { Venue, type RunningApp } from '../support/venue';
import { StreamClient } from './support/stream-client';

interface AsyncapiDocument {
  readonly asyncapi: string;
  readonly channels: { readonly stream: { readonly messages: Readonly<Record<string, { readonly payload: object }>> } };
  readonly components: object;
}

describe('the AsyncAPI document', () => {
  let venue: Venue;
  let running: RunningApp;
  let http: HttpClient;

  beforeAll(async () => {
    venue = await Venue.open();
    running = await venue.start();
    http = new HttpClient(() => running.url);
  });
  afterAll(async () => {
    http.close();
    await venue.close();
  });

  test('describes every message that the stream sends', async () => {
    const document = (await http.call('GET', '/asyncapi.json')).body as AsyncapiDocument;
    expect(document.asyncapi).toBe('3.0.0');
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats(ajv);
    ajv.addSchema({ components: document.components }, 'document');
    const validators = new Map(Object.entries(document.channels.stream.messages).map(([type, { payload }]) => [
      type, ajv.compile(JSON.parse(JSON.stringify(payload).replaceAll('"#/components', '"document#/components')) as object),
    ]));

    const client = await StreamClient.open(running.url);
    client.send({ op: 'ping' });
    client.send({ op: 'nonsense' });
    await http.call('POST', '/orders', { client_id: 'ann', side: 'sell', type: 'limit', price: 10, quantity: 1 });
    await http.call('POST', '/orders', { client_id: 'bob', side: 'buy', type: 'market', quantity: 0.5 });
    const wanted = ['orderbook_snapshot', 'orderbook_delta', 'trade', 'order', 'pong', 'error', 'heartbeat'];
    await until('one message of each type', () => wanted.every((type) => client.messages.some((message) => message.type === type)));
    for (const message of client.messages) {
      const validate = validators.get(message.type);
      expect([message.type, validate?.(message), validate?.errors]).toEqual([message.type, true, null]);
    }
    // A description that takes anything would pass, too.
    expect(validators.get('trade')?.({ ...client.messages[0], type: 'trade' })).toBe(false);
    await client.close();
  });
});
