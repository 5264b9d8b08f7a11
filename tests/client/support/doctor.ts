import type { AddressInfo } from 'node:net';
import WebSocket, { WebSocketServer } from 'ws';

/** Stands between a stream and the venue, and changes what the venue says. */
export class Doctor {
  /** @returns what is passed on, null for nothing */
  change: (message: { type: string; instrument: string | null; sequence: number; data: Record<string, unknown> }) => unknown = (message) => message;
  connections = 0;

  private constructor(private readonly server: WebSocketServer) {}

  static async open(venueUrl: string): Promise<Doctor> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await new Promise((resolve) => server.once('listening', resolve));
    const doctor = new Doctor(server);
    server.on('connection', (client, request) => {
      doctor.connections++;
      const venue = new WebSocket(`${venueUrl.replace('http', 'ws')}${request.url ?? ''}`);
      const early: string[] = [];
      client.on('message', (data: Buffer) => {
        if (venue.readyState === WebSocket.OPEN) venue.send(data.toString('utf8'));
        else early.push(data.toString('utf8'));
      });
      venue.on('open', () => early.forEach((text) => venue.send(text)));
      venue.on('message', (data: Buffer) => {
        const changed = doctor.change(JSON.parse(data.toString('utf8')) as never);
        if (changed !== null) client.send(JSON.stringify(changed));
      });
      venue.on('error', () => client.terminate());
      client.on('error', () => venue.terminate());
      venue.on('close', () => client.terminate());
      client.on('close', () => venue.terminate());
    });
    return doctor;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Breaks every connection. */
  cut(): void {
    for (const client of this.server.clients) client.terminate();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
