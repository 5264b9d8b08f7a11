import { setTimeout as sleep } from 'node:timers/promises';
import type { Line } from './line';

const POLL_MS = 400;

interface Overview {
  readonly assets: readonly { readonly asset: string; readonly sum: string }[];
  readonly findings: readonly unknown[];
}

/** Keeps looking at what the venue's own audit of balances has found. */
export class MoneyWatch {
  private readonly found = new Set<string>();
  private isStopping = false;

  /** @param line of whoever may look at all of it */
  constructor(private readonly line: Line) {
    void this.run();
  }

  /** @returns every finding that was told meanwhile */
  stop(): readonly string[] {
    this.isStopping = true;
    return [...this.found];
  }

  private async run(): Promise<void> {
    while (!this.isStopping) {
      const overview = await call(this.line, 'GET', '/money') as Overview | null;
      for (const finding of overview?.findings ?? []) this.found.add(JSON.stringify(finding));
      await sleep(POLL_MS);
    }
  }
}

/** @returns what a venue at rest says of its own money that must not be */
export async function moneyProblems(line: Line, accounts: readonly string[]): Promise<string[]> {
  const overview = await call(line, 'GET', '/money') as Overview | null;
  if (overview === null) return ['the venue does not tell of its money'];
  const problems = overview.findings.map((finding) => `the running audit has found ${JSON.stringify(finding)}`);
  for (const { asset, sum } of overview.assets) if (sum !== '0') problems.push(`${asset} adds up to ${sum}`);
  for (const account of accounts) {
    const report = await call(line, 'POST', `/accounts/${encodeURIComponent(account)}/rebuild`) as { readonly ok: boolean } | null;
    // One that nobody ever sent anything to is not there.
    if (report !== null && !report.ok) problems.push(`account ${account} is not what its events come to: ${JSON.stringify(report)}`);
  }
  return problems;
}

/** @returns null for what is no 200 */
async function call(line: Line, method: string, path: string): Promise<unknown> {
  const answered = await line.send(method, path, undefined, null);
  return answered?.status === 200 ? answered.body : null;
}
