import { get, type ClientRequest, type IncomingMessage } from 'node:http';
import type { StreamMessage } from './stream-client';

export interface StreamEvent {
  readonly type: string;
  readonly message: StreamMessage;
  /** The last event id once this event is here. */
  readonly id: string;
}

/** Server-sent events as a browser reads them (HTML, 9.2): the last event id is kept even where no event came with it. */
export class EventClient {
  readonly events: StreamEvent[] = [];
  /** Every id that came, with an event or without one. */
  readonly ids: string[] = [];
  lastEventId = '';
  status = 0;
  headers: IncomingMessage['headers'] = {};
  isEnded = false;
  response: IncomingMessage | null = null;
  private request: ClientRequest | null = null;

  /** @param query with its question mark */
  static async open(url: string, query = '', lastEventId = ''): Promise<EventClient> {
    const client = new EventClient();
    client.lastEventId = lastEventId;
    await new Promise<void>((resolve, reject) => {
      client.request = get(`${url}/public/stream${query}`, { agent: false, headers: lastEventId === '' ? {} : { 'Last-Event-ID': lastEventId } }, (response) => {
        client.response = response;
        client.status = response.statusCode ?? 0;
        client.headers = response.headers;
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          const blocks = (text + chunk).split('\n\n');
          text = blocks.pop() as string;
          for (const block of blocks) client.take(block);
        });
        response.on('close', () => { client.isEnded = true; });
        response.on('error', () => undefined);
        resolve();
      });
      client.request.on('error', (error) => {
        client.isEnded = true;
        reject(error);
      });
    });
    return client;
  }

  private take(block: string): void {
    const fields = new Map(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
    const id = fields.get('id');
    if (id !== undefined) {
      this.lastEventId = id;
      this.ids.push(id);
    }
    const data = fields.get('data');
    if (data !== undefined) this.events.push({ type: fields.get('event') ?? '', message: JSON.parse(data) as StreamMessage, id: this.lastEventId });
  }

  /** Cuts the connection, wherever it is. */
  cut(): void {
    this.request?.destroy();
  }
}
