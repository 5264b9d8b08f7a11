/** Sums up a V8 CPU profile: whose code the time went to. */

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
}

export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Microseconds of the monotonic clock. */
  readonly startTime: number;
  readonly samples: readonly number[];
  /** Microseconds between a sample and the one before it. */
  readonly timeDeltas: readonly number[];
}

export interface ProfileSummary {
  /** Microseconds in which something ran. */
  readonly busyUs: number;
  /** Own time by whose code it is, most first. */
  readonly groups: readonly (readonly [name: string, us: number])[];
  readonly functions: readonly (readonly [name: string, us: number])[];
}

/** A package's name, a folder of ours, a part of Node, or what V8 calls its own work. */
export function groupOf({ functionName, url }: ProfileNode['callFrame']): string {
  const packages = url.split('/node_modules/');
  if (packages.length > 1) {
    const [first = '', second = ''] = (packages.at(-1) as string).split('/');
    return first.startsWith('@') ? `${first}/${second}` : first;
  }
  const ours = /\/(?:dist|src)\/([a-z-]+)(?:\/|\.)/.exec(url)?.[1];
  if (ours !== undefined) return `src/${ours}`;
  if (url.startsWith('node:')) return url.replace(/^node:(?:internal\/)?([a-z0-9_]+).*$/i, 'node:$1').replace(/^node:_?(http).*$/, 'node:$1');
  if (functionName === '(program)') return 'native code and system calls';
  return functionName.startsWith('(') ? functionName.slice(1, -1) : 'native code and system calls';
}

function nameOf({ functionName, url, lineNumber }: ProfileNode['callFrame']): string {
  const file = url.split('/').slice(-2).join('/');
  return `${functionName === '' ? '(anonymous)' : functionName}${file === '' ? '' : ` ${file}:${lineNumber + 1}`}`;
}

function mostFirst(sums: ReadonlyMap<string, number>): [string, number][] {
  return [...sums].sort((a, b) => b[1] - a[1]);
}

/** @param fromUs, toUs the stretch that counts, of the monotonic clock */
export function summarise(profile: CpuProfile, fromUs = 0, toUs = Infinity): ProfileSummary {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const groups = new Map<string, number>();
  const functions = new Map<string, number>();
  let atUs = profile.startTime;
  let busyUs = 0;
  profile.samples.forEach((id, i) => {
    const us = profile.timeDeltas[i] ?? 0;
    atUs += us;
    const frame = frames.get(id);
    if (frame === undefined || atUs < fromUs || atUs > toUs || frame.functionName === '(idle)') return;
    busyUs += us;
    for (const [sums, name] of [[groups, groupOf(frame)], [functions, nameOf(frame)]] as const) sums.set(name, (sums.get(name) ?? 0) + us);
  });
  return { busyUs, groups: mostFirst(groups), functions: mostFirst(functions) };
}
