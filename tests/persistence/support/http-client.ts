import { Agent, request, type IncomingHttpHeaders } from 'node:http';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The JSON body; undefined for an empty one. */
  readonly body: unknown;
}

/** JSON over kept-alive connections. `close` ends them. */
export class HttpClient {
  private readonly agent: Agent;

  /** @param url of the service, asked anew for each call: a service that was started again has another port */
  constructor(private readonly url: () => string, connectionsMax = 64) {
    this.agent = new Agent({ keepAlive: true, maxSockets: connectionsMax });
  }

  /** @throws Error when the connection ended before the answer did */
  call(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const sent = request(`${this.url()}${path}`, {
        method,
        agent: this.agent,
        headers: { ...(text === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }), ...headers },
      }, (response) => {
        let received = '';
        response.setEncoding('utf8').on('data', (chunk: string) => { received += chunk; });
        response.on('error', reject);
        response.on('end', () => resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: received === '' || !String(response.headers['content-type']).includes('json') ? received : JSON.parse(received) as unknown,
        }));
      });
      sent.on('error', reject);
      sent.end(text);
    });
  }

  get(path: string): Promise<HttpAnswer> {
    return this.call('GET', path);
  }

  post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<HttpAnswer> {
    return this.call('POST', path, body, headers);
  }

  close(): void {
    this.agent.destroy();
  }
}
