import { runCommand } from '../audit/support';
import { PASSWORD, PeopleVenue } from '../people/support/people-venue';
import { callOnce } from '../support/client';
import { until } from '../support/until';
import { Venue } from '../support/venue';

let venue: Venue;
beforeAll(async () => { venue = await Venue.open({ environment: { FAULT_INJECTION: 'true' } }); });
afterAll(() => venue.close());

const PEOPLE = ['a token is given', 'a call with the token is answered, and one without is not'];
const MONEY = [
  'an account opens with 10000', 'its balance is 10000, all of it available', '50 deposits of 1, each by its reference, one of them told twice', 'its balance is 10050',
  'its events, added up anew, come to the same', 'and left its balance as it was', 'of two holds of 7000 at once exactly one is taken',
];

/** @returns the exit code, what was not ok by step, and the last line */
async function smoke(environment: Record<string, string>): Promise<{ code: number | null; others: Record<string, string>; end: string | undefined }> {
  const app = await venue.start(environment);
  try {
    // It takes over from the one before it.
    await until('its writer is at work', async () => (await callOnce<{ writer: { active: boolean } }>(app.url, 'GET', '/readyz')).body.writer.active);
    const { code, stdout, stderr } = await runCommand('smoke', {}, ['--url', app.url]);
    expect(stderr).toBe('');
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(20);
    const others = lines.slice(0, -1).flatMap((line, i) => {
      const [, verdict, number, told] = /^(ok|FAIL|skip) +(\d+) {2}(.+)$/.exec(line) as unknown as [string, string, string, string];
      expect(Number(number)).toBe(i + 1);
      const [name] = told.split(': ') as [string];
      return verdict === 'ok' ? [] : [[name, verdict] as const];
    });
    return { code, others: Object.fromEntries(others), end: lines.at(-1) };
  } finally {
    await app.stop();
  }
}

const skipped = (...names: string[]): Record<string, string> => Object.fromEntries(names.map((name) => [name, 'skip']));

it('walks through a venue that asks for cover, and leaves no order open', async () => {
  expect(await smoke({ FUNDS: 'required' })).toEqual({ code: 0, others: skipped(...PEOPLE), end: '17 passed, 0 failed, 2 skipped' });
  expect(await venue.redis.command('HLEN', `{${venue.shard}}:open_orders`)).toBe(0);
});

it('skips by name what a venue without cover, money or injected failures does not have', async () => {
  expect(await smoke({ FUNDS: 'paper' })).toMatchObject({ code: 0, others: skipped('of two holds of 7000 at once exactly one is taken', ...PEOPLE) });
  expect(await smoke({ FUNDS: 'off', FAULT_INJECTION: 'false' })).toEqual({
    code: 0, others: skipped(...MONEY, 'an order that fails at process_fills leaves everything as it was', ...PEOPLE), end: '9 passed, 0 failed, 10 skipped',
  });
});

it('fails where a venue does not do what it is for', async () => {
  const app = await venue.start({ FUNDS: 'required' });
  expect(await runCommand('freeze', venue.environment())).toMatchObject({ code: 0 });
  const { code, stdout } = await runCommand('smoke', {}, ['--url', app.url]);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^FAIL +6 {2}an account opens with 10000: no instrument is open to orders$/m);
  expect(stdout).toMatch(/^\d+ passed, [1-9]\d* failed, \d+ skipped$/m);
});

it('asks nothing else where nobody is there', async () => {
  const { code, stdout } = await runCommand('smoke', {}, ['--url', 'http://127.0.0.1:1']);
  expect(code).toBe(1);
  expect(stdout).toContain('0 passed, 1 failed, 18 skipped');
});

it('shows all nineteen at a venue whose callers say who they are', async () => {
  const people = await PeopleVenue.open({ FUNDS: 'required', FAULT_INJECTION: 'true' });
  try {
    await people.withRoles('root', ['admin']);
    const { code, stdout, stderr } = await runCommand('smoke', { SMOKE_PASSWORD: PASSWORD }, ['--url', people.url, '--user', 'root']);
    expect([stderr, stdout.split('\n').filter((line) => line !== '' && !line.startsWith('ok'))]).toEqual(['', ['19 passed, 0 failed, 0 skipped']]);
    expect(code).toBe(0);
    const nobody = await runCommand('smoke', {}, ['--url', people.url]);
    expect([nobody.code, /(17|18|19) passed/.test(nobody.stdout)]).toEqual([1, false]);
  } finally {
    await people.close();
  }
});
