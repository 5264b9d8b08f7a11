import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A bare server in a process of its own, as the service has one. */
export interface FloorServer {
  readonly port: number;
  stop(): Promise<void>;
}

export async function startFloor(name: 'http' | 'websocket', ...args: string[]): Promise<FloorServer> {
  const child = fork(join(__dirname, 'floors', `${name}.js`), args);
  const exited = once(child, 'exit');
  const [address] = (await Promise.race([once(child, 'message'), exited.then(() => { throw new Error(`the bare ${name} server ended`); })])) as [{ port: number }];
  return {
    port: address.port,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
