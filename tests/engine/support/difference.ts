/** Whether two values of plain data are equal. Written out because comparing is most of what the model tests do. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) {
      if (!isEqual(a[i], b[i])) return false;
    }
    return true;
  }
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  for (const key in left) {
    if (!isEqual(left[key], right[key])) return false;
  }
  for (const key in right) {
    if (!(key in left)) return false;
  }
  return true;
}

/** The first place where two values of plain data differ, as `path: expected … , got …`; null where they are equal. */
export function firstDifference(expected: unknown, actual: unknown, path: string): string | null {
  if (isEqual(expected, actual)) return null;
  const [a, b] = [expected, actual];
  if (Array.isArray(a) && Array.isArray(b)) {
    const shared = Math.min(a.length, b.length);
    for (let i = 0; i < shared; i++) {
      const difference = firstDifference(a[i], b[i], `${path}[${i}]`);
      if (difference !== null) return difference;
    }
    return `${path}: expected ${a.length} items, got ${b.length}; first beyond is ${show(a[shared] ?? b[shared])}`;
  }
  if (isRecord(a) && isRecord(b)) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      const difference = firstDifference(a[key], b[key], `${path}.${key}`);
      if (difference !== null) return difference;
    }
  }
  return `${path}: expected ${show(expected)}, got ${show(actual)}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
