import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { until } from '../../support/until';
import { identityOf } from '../../../src/servers/process-table';

/** A process that has ended and whose parent never asks for its end, as below a container's `sleep infinity`. */
export async function makeZombie(): Promise<{ readonly pid: number; remove(): Promise<void> }> {
  const parent = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 600'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [text] = await once(parent.stdout, 'data') as [Buffer];
  const pid = Number(text.toString());
  await until('it is dead', () => identityOf(pid) === null);
  // To whoever asks by a signal alone it lives.
  process.kill(pid, 0);
  return {
    pid,
    remove: async () => {
      parent.kill('SIGKILL');
      await once(parent, 'exit');
    },
  };
}
