import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { unprivilegedAccount } from '../../src/servers/account';
import { endProcesses, findServers, identityOf, isAlive, ownIdentity, waitUntilGone } from '../../src/servers/process-table';
import { PrivateServer } from '../support/servers';
import { makeZombie } from './support/zombie';

const isRoot = process.getuid?.() === 0;

it('a process is known by its start as well as its number', () => {
  expect(isAlive(ownIdentity())).toBe(true);
  expect(isAlive({ pid: process.pid, started: 'another time' })).toBe(false);
});

it('a process that has ended is none, though nobody has asked for its end', async () => {
  const zombie = await makeZombie();
  try {
    expect(identityOf(zombie.pid)).toBeNull();
  } finally {
    await zombie.remove();
  }
});

it('what is ended is killed after its time, which is said while it lasts', async () => {
  const child = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); console.log("on"); setInterval(() => {}, 1000)']);
  await once(child.stdout, 'data');
  const identity = identityOf(child.pid ?? 0);
  if (identity === null) throw new Error('no child');
  const said: string[] = [];
  await endProcesses([identity], 'SIGTERM', 4_500, 'the program', { report: (message) => said.push(message) });
  expect(said).toEqual([`waiting for the program of an earlier run to end (process ${identity.pid}) (4 s)`]);
  expect(await waitUntilGone([identity], 0)).toBe(true);
});

it('the wait for an end obeys a signal', async () => {
  const stop = new AbortController();
  const waiting = endProcesses([ownIdentity()], 'SIGCONT', 60_000, 'this', { signal: stop.signal, report: () => undefined });
  stop.abort(new Error('stop asked'));
  await expect(waiting).rejects.toThrow('stop asked');
});

(isRoot ? it : it.skip)('root finds another account\'s server without the right to look into other accounts\' processes', async () => {
  const server = await PrivateServer.postgres();
  try {
    const directory = join(server.dataDir, 'postgres');
    const account = unprivilegedAccount(directory);
    // As in a container, whose root has not every right.
    const found = execFileSync('setpriv', ['--bounding-set', '-sys_ptrace', '--inh-caps', '-sys_ptrace', process.execPath, '-e', `
      const { findServers } = require(${JSON.stringify(join(__dirname, '..', '..', 'dist', 'servers', 'process-table.js'))});
      const pids = (account) => findServers(${JSON.stringify(directory)}, ['postgres'], account).map(({ pid }) => pid);
      console.log(JSON.stringify([pids(null), pids(${JSON.stringify(account)})]));
    `], { encoding: 'utf8' });
    const [alone, asAccount] = JSON.parse(found) as [number[], number[]];
    expect(alone).toEqual([]);
    expect(asAccount).toContain(server.pid);
    expect(asAccount).toEqual(expect.arrayContaining(findServers(directory, ['postgres']).map(({ pid }) => pid)));
  } finally {
    await server.remove();
  }
});
