import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 400;
const TIMEOUT_MS = 3_000;
const REBUILD_TIMEOUT_MS = 30_000;

interface Overview {
  readonly assets: readonly { readonly asset: string; readonly sum: string }[];
  readonly findings: readonly unknown[];
}

/** Keeps looking at what the venue's own audit of balances has found. */
export class MoneyWatch {
  private readonly found = new Set<string>();
  private isStopping = false;

  constructor(private readonly url: string) {
    void this.run();
  }

  /** @returns every finding that was told meanwhile */
  stop(): readonly string[] {
    this.isStopping = true;
    return [...this.found];
  }

  private async run(): Promise<void> {
    while (!this.isStopping) {
      const overview = await call(this.url, 'GET', '/money', TIMEOUT_MS) as Overview | null;
      for (const finding of overview?.findings ?? []) this.found.add(JSON.stringify(finding));
      await sleep(POLL_MS);
    }
  }
}

/** @returns what a venue at rest says of its own money that must not be */
export async function moneyProblems(url: string, accounts: readonly string[]): Promise<string[]> {
  const overview = await call(url, 'GET', '/money', REBUILD_TIMEOUT_MS) as Overview | null;
  if (overview === null) return ['the venue does not tell of its money'];
  const problems = overview.findings.map((finding) => `the running audit has found ${JSON.stringify(finding)}`);
  for (const { asset, sum } of overview.assets) if (sum !== '0') problems.push(`${asset} adds up to ${sum}`);
  for (const account of accounts) {
    const report = await call(url, 'POST', `/accounts/${encodeURIComponent(account)}/rebuild`, REBUILD_TIMEOUT_MS) as { readonly ok: boolean } | null;
    // One that nobody ever sent anything to is not there.
    if (report !== null && !report.ok) problems.push(`account ${account} is not what its events come to: ${JSON.stringify(report)}`);
  }
  return problems;
}

/** @returns null for what is no 200 */
async function call(url: string, method: string, path: string, timeoutMs: number): Promise<unknown> {
  try {
    const response = await fetch(`${url}${path}`, { method, signal: AbortSignal.timeout(timeoutMs) });
    const body: unknown = await response.json();
    return response.status === 200 ? body : null;
  } catch {
    return null;
  }
}
