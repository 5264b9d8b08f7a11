import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataDirInUseError, lockDataDir, writeIdentity } from '../../src/servers/data-dir-lock';
import { identityOf, ownIdentity } from '../../src/servers/process-table';
import { temporaryDirectory } from '../support/servers';

describe('the lock of a data directory', () => {
  const directory = temporaryDirectory('lock');
  const file = join(directory.path, 'up.lock');
  afterAll(() => directory.remove());

  it('is held by one, and free again after release', () => {
    const lock = lockDataDir(directory.path);
    expect(() => lockDataDir(directory.path)).toThrow(DataDirInUseError);
    expect(() => lockDataDir(directory.path)).toThrow(`in use by process ${process.pid}`);
    lock.release();
    lockDataDir(directory.path).release();
    expect(readdirSync(directory.path)).toEqual([]);
  });

  it.each([
    ['a process that is dead', async () => {
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
      await once(child, 'spawn');
      const identity = identityOf(child.pid ?? 0);
      child.kill('SIGKILL');
      await once(child, 'exit');
      return JSON.stringify(identity);
    }],
    ['an earlier process whose number another one has now', () => Promise.resolve(JSON.stringify({ ...ownIdentity(), started: 'long ago' }))],
    ['nobody that can be read', () => Promise.resolve('half a li')],
  ])('is taken from %s', async (_, content) => {
    writeFileSync(file, await content());
    const lock = lockDataDir(directory.path);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(ownIdentity());
    lock.release();
    expect(readdirSync(directory.path)).toEqual([]);
  });

  it('is not released by who does not hold it', () => {
    const lock = lockDataDir(directory.path);
    const other = { pid: 1, started: 'other' };
    writeIdentity(file, other);
    lock.release();
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(other);
  });
});
