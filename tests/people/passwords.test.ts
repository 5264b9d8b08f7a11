import { Refusal } from '../../src/domain/refusal';
import { Passwords } from '../../src/people/passwords';

const WAITING_MAX = 10;

/** Whose turn it is, where more passwords come than can be hashed. */
describe('passwords that wait', () => {
  let passwords: Passwords;

  beforeEach(() => {
    passwords = new Passwords(1, WAITING_MAX);
  });
  afterEach(() => passwords.close());

  const refused = async (work: Promise<unknown>): Promise<string> => {
    const outcome = await work.then(() => 'done', (error: unknown) => error);
    return outcome instanceof Refusal ? outcome.code : String(outcome);
  };

  it('of one name are a quarter of all where it is known from there, else half', async () => {
    const known = Array.from({ length: 4 }, () => refused(passwords.hash('a password of ann', 'known', 'Ann')));
    const other = refused(passwords.hash('a password of bob', 'known', 'bob'));
    const strangers = Array.from({ length: 8 }, () => refused(passwords.hash('a password', 'stranger', 'carl')));
    const dora = refused(passwords.hash('a password', 'stranger', 'dora'));
    expect(await Promise.all(known)).toEqual(['done', 'done', 'done', 'hashing_busy']);
    expect(await other).toBe('done');
    expect(await Promise.all(strangers)).toEqual([...Array.from({ length: 5 }, () => 'done'), ...Array.from({ length: 3 }, () => 'hashing_busy')]);
    expect(await dora).toBe('done');
    // Their places are free again.
    expect(await refused(passwords.hash('a password of ann', 'known', 'ann'))).toBe('done');
  });

  it('keep a stranger from its turn no longer than a few of those who are known', async () => {
    const turns: string[] = [];
    const hash = async (standing: 'known' | 'stranger', name: string): Promise<void> => {
      await passwords.hash('a password', standing, name);
      turns.push(standing);
    };
    await Promise.all([...Array.from({ length: 9 }, (_, i) => hash('known', `known-${i}`)), hash('stranger', 'carl')]);
    expect(turns.indexOf('stranger')).toBeLessThan(6);
    expect(turns).toHaveLength(10);
  });

  it('are refused when it closes', async () => {
    const waiting = [refused(passwords.hash('a password', 'known', 'ann')), refused(passwords.hash('a password', 'stranger', 'bob'))];
    passwords.close();
    expect(await Promise.all(waiting)).toEqual(['shutting_down', 'shutting_down']);
    expect(await refused(passwords.hash('a password', 'known', 'ann'))).toBe('shutting_down');
  });
});
