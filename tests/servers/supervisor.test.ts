import { setTimeout as sleep } from 'node:timers/promises';
import type { ChildExit } from '../../src/servers/child';
import { Supervisor, type Running } from '../../src/servers/supervisor';
import { until } from '../support/until';

/** A program that ends when it is told to. */
class Fake implements Running {
  private end: (exit: ChildExit) => void = () => undefined;
  readonly exited = new Promise<ChildExit>((resolve) => { this.end = resolve; });
  stops = 0;

  constructor(readonly pid: number) {}

  die(): void {
    this.end({ code: null, signal: 'SIGKILL' });
  }

  stop(): Promise<void> {
    this.stops += 1;
    this.end({ code: 0, signal: null });
    return Promise.resolve();
  }
}

const silent = { warn: () => undefined, info: () => undefined };

describe('a supervisor', () => {
  it('starts again what died, also when the first try fails, and stops the one that runs', async () => {
    const started: Fake[] = [new Fake(1)];
    let fail = true;
    const said: string[] = [];
    const log = { warn: (_: object, message: string) => said.push(message), info: (_: object, message: string) => said.push(message) };
    const supervisor = new Supervisor('redis', started[0] as Fake, () => {
      if (fail) {
        fail = false;
        return Promise.reject(new Error('port taken'));
      }
      const next = new Fake(started.length + 1);
      started.push(next);
      return Promise.resolve(next);
    }, log);
    started[0]?.die();
    await until('it runs again', () => supervisor.pid === 2);
    expect(said).toEqual(['redis died, starting it again', 'redis did not start, trying again', 'redis runs again']);
    await supervisor.stop();
    expect(started.length).toBe(2);
    expect(started[1]?.stops).toBeGreaterThan(0);
  });

  it('starts nothing after a stop, not even what it was about to', async () => {
    let starts = 0;
    const first = new Fake(1);
    const supervisor = new Supervisor('redis', first, () => {
      starts += 1;
      return Promise.resolve(new Fake(2));
    }, silent);
    first.die();
    await sleep(20);
    await supervisor.stop();
    await sleep(400);
    expect(starts).toBe(0);
  });
});
