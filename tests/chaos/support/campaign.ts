import { runCommand } from '../../audit/support';

export const CAMPAIGN_TIMEOUT_MS = 400_000;
const SEED = 1;
/** The first round of faults is always whole: this makes it the only one. */
const MINUTES = '0.01';
export const FAULTS = 18;
export const FAULTS_OF_PEOPLE = 5;

export function numberIn(table: ReadonlyMap<string, string>, row: string): number {
  return Number.parseInt(table.get(row) ?? '', 10);
}

/** A campaign of one round of faults, judged. @returns its report by row */
export async function campaign(args: readonly string[], faults: number): Promise<ReadonlyMap<string, string>> {
  const { code, stdout, stderr } = await runCommand('chaos', {}, ['--seed', String(SEED), '--minutes', MINUTES, ...args]);
  const table = new Map(stdout.split('\n').map((line) => [line.slice(0, 44).trim(), line.slice(45)]));
  // A failure shows what was judged.
  const told = `${stdout}\n${stderr}`;
  for (const row of ['lost', 'doubled', 'unexplained', 'rule of money broken', 'rights of people broken', 'books of clients wrong', 'audit failures']) if (table.get(row) !== '0') throw new Error(told);
  expect([code, told]).toEqual([0, told]);
  expect(stderr.match(/whole again within/g)).toHaveLength(faults);
  expect(table.get('kills')).toMatch(/: api [1-9]\d*, writer [1-9]\d*, redis [1-9]\d*, postgres [1-9]\d*$/);
  expect(numberIn(table, 'commands')).toBeGreaterThan(500);
  expect(numberIn(table, 'acknowledged')).toBeGreaterThan(500);
  expect(numberIn(table, 'resolved by retry')).toBeGreaterThan(0);
  expect(numberIn(table, 'unclear at first')).toBe(numberIn(table, 'resolved by retry'));
  expect(numberIn(table, 'about money')).toBeGreaterThan(100);
  expect(table.get('about money')).toMatch(/; refused for want of it [1-9]\d*$/);
  expect(numberIn(table, 'algos')).toBeGreaterThan(10);
  expect(numberIn(table, 'order lists')).toBeGreaterThan(20);
  expect(table.get('order lists')).toMatch(/, triggers [1-9]\d*$/);
  expect(numberIn(table, 'pages of call auctions')).toBeGreaterThan(0);
  expect(numberIn(table, 'books from the stream')).toBeGreaterThan(100);
  expect(table.get('turned away for certain')).toMatch(/^\d+, [1-9]\d* by a full backlog$/);
  return table;
}

