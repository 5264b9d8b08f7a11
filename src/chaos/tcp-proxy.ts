import { createServer, connect, type Server, type Socket } from 'node:net';

const HOST = '127.0.0.1';

/** One direction of a connection, and the pieces of data that are held back in it. */
interface Way {
  readonly from: Socket;
  readonly to: Socket;
  waiting: number;
}

/** A TCP proxy between two parts of a venue, whose link can be made bad. */
export class TcpProxy {
  private readonly pairs = new Set<readonly [Socket, Socket]>();
  private delayMs = 0;
  /** The longest delay so far; a shorter one later would overtake it. */
  private slowestMs = 0;
  private silent = false;
  private refusing = false;

  private constructor(private readonly server: Server, readonly port: number, private targetPort: number) {}

  static async start(targetPort: number): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, HOST, resolve);
    });
    const { port } = server.address() as { port: number };
    const proxy = new TcpProxy(server, port, targetPort);
    server.on('connection', (socket) => proxy.accept(socket));
    return proxy;
  }

  private accept(client: Socket): void {
    if (this.refusing) {
      client.destroy();
      return;
    }
    const upstream = connect({ port: this.targetPort, host: HOST, allowHalfOpen: true });
    const pair = [client, upstream] as const;
    this.pairs.add(pair);
    const end = (): void => {
      this.pairs.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
      const way: Way = { from, to, waiting: 0 };
      from.setNoDelay(true);
      from.on('data', (data: Buffer) => this.forward(way, data));
      from.on('end', () => { if (!this.silent) to.end(); });
      from.on('error', end);
      from.on('close', end);
    }
  }

  private forward(way: Way, data: Buffer): void {
    // Held back for good, as by a peer that vanished without a word.
    if (this.silent) return;
    const { from, to } = way;
    const write = (): void => {
      if (to.writable && !to.write(data)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
    };
    // Equal timers fire in their order; once one waits, whatever follows waits as long, for TCP never reorders.
    if (this.delayMs === 0 && way.waiting === 0) {
      write();
      return;
    }
    way.waiting++;
    setTimeout(() => {
      way.waiting--;
      write();
    }, this.slowestMs);
  }

  /** Breaks every connection; new ones are taken at once. */
  cut(): void {
    for (const [client, upstream] of [...this.pairs]) {
      reset(client);
      reset(upstream);
    }
  }

  /** Every piece of data takes this much longer, both ways. */
  delay(ms: number): void {
    this.delayMs = ms;
    this.slowestMs = Math.max(this.slowestMs, ms);
  }

  /** Half-closed: connections stay, nothing passes. What was swallowed is lost, so `heal` breaks them. */
  swallow(): void {
    this.silent = true;
  }

  /** Connections break and no new one is taken. */
  refuse(): void {
    this.refusing = true;
    this.cut();
  }

  heal(): void {
    const wasSilent = this.silent;
    this.delayMs = 0;
    this.silent = false;
    this.refusing = false;
    if (wasSilent) this.cut();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => { this.server.close(() => resolve()); });
  }
}

/** A reset, but where one's own end is on its way: libuv refuses that, and Node then waits for the socket for ever when it exits. */
function reset(socket: Socket): void {
  if (socket.writableEnded || socket.connecting) socket.destroy();
  else socket.resetAndDestroy();
}
