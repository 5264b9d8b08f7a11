import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * Stands between an engine and its Redis and misbehaves when told to, in the places where a network or
 * a dying server would.
 */
export class CutProxy {
  private readonly sockets = new Set<Socket>();
  private mode: 'pass' | 'lose requests' | 'lose replies' | 'hold replies' = 'pass';
  private held: (() => void)[] = [];
  private isRefusing = false;

  private constructor(private readonly server: Server, readonly url: string) {}

  static async open(redisUrl: string): Promise<CutProxy> {
    const { hostname, port } = new URL(redisUrl);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
    const proxy = new CutProxy(server, `redis://127.0.0.1:${address.port}`);
    server.on('connection', (client) => proxy.join(client, connect(Number(port), hostname)));
    return proxy;
  }

  /** The next request never reaches Redis: the connection breaks before it does. */
  loseRequests(): void {
    this.mode = 'lose requests';
  }

  /** The next request is carried out, but the connection breaks before the answer is back. */
  loseReplies(): void {
    this.mode = 'lose replies';
  }

  /** Answers are kept until `release`. */
  holdReplies(): void {
    this.mode = 'hold replies';
  }

  /** New connections are broken at once while `refusing`. */
  refuse(refusing: boolean): void {
    this.isRefusing = refusing;
    if (refusing) this.cut();
  }

  release(): void {
    this.mode = 'pass';
    for (const send of this.held.splice(0)) send();
  }

  private cut(): void {
    this.mode = 'pass';
    for (const socket of this.sockets) socket.destroy();
  }

  private join(client: Socket, redis: Socket): void {
    for (const [socket, other] of [[client, redis], [redis, client]] as const) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
    if (this.isRefusing) client.destroy();
    client.on('data', (data) => {
      if (this.mode === 'lose requests') this.cut();
      else redis.write(data);
    });
    redis.on('data', (data) => {
      if (this.mode === 'lose replies') this.cut();
      else if (this.mode === 'hold replies') this.held.push(() => client.write(data));
      else client.write(data);
    });
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}
