import { existsSync, readFileSync, readdirSync } from 'node:fs';

/** How much CPU processes have used, from /proc; where there is none, nothing is told. */

const TICKS_PER_SECOND = 100;

interface Stat {
  readonly parent: number;
  readonly seconds: number;
}

function statOf(pid: number): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is a name in brackets, which may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { parent: Number(fields[1]), seconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND };
  } catch {
    return null;
  }
}

/** Seconds of CPU of a process and all that it started and that still run; null where it cannot be told. */
export function cpuSeconds(root: number): number | null {
  if (!existsSync('/proc/self/stat')) return null;
  const stats = new Map<number, Stat>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const stat = Number.isInteger(pid) ? statOf(pid) : null;
    if (stat !== null) stats.set(pid, stat);
  }
  const isBelow = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined && at > 0; at = stats.get(at)?.parent) {
      if (at === root) return true;
    }
    return false;
  };
  let sum = 0;
  for (const [pid, { seconds }] of stats) {
    if (isBelow(pid)) sum += seconds;
  }
  return sum;
}

/** CPU by process over a stretch of time. */
export class CpuWatch {
  private readonly before: ReadonlyMap<string, number | null>;

  constructor(private readonly processes: ReadonlyMap<string, number>) {
    this.before = this.now();
  }

  /** The generator is this process: the others are its children, and counted for themselves. */
  private now(): Map<string, number | null> {
    const { user, system } = process.cpuUsage();
    return new Map([...[...this.processes].map(([name, pid]): [string, number | null] => [name, cpuSeconds(pid)]), ['load generator', (user + system) / 1e6]]);
  }

  /** Microseconds of CPU that each process spent on one of `count`. */
  microsecondsPer(count: number): [name: string, us: number | null][] {
    return [...this.now()].map(([name, after]) => {
      const before = this.before.get(name) ?? null;
      return [name, after === null || before === null ? null : ((after - before) / count) * 1e6];
    });
  }
}
