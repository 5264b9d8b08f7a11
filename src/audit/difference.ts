/**
 * The first place where two values of plain data differ, as `path: expected … , got …`; null where they
 * are equal.
 */
export function firstDifference(expected: unknown, actual: unknown, path = ''): string | null {
  if (Object.is(expected, actual)) return null;
  if (typeof expected !== 'object' || typeof actual !== 'object' || expected === null || actual === null) {
    return `${path}: expected ${show(expected)}, got ${show(actual)}`;
  }
  if (Array.isArray(expected) || Array.isArray(actual)) {
    if (!Array.isArray(expected) || !Array.isArray(actual)) return `${path}: expected ${show(expected)}, got ${show(actual)}`;
    const shared = Math.min(expected.length, actual.length);
    for (let i = 0; i < shared; i++) {
      const difference = firstDifference(expected[i], actual[i], `${path}[${i}]`);
      if (difference !== null) return difference;
    }
    if (expected.length === actual.length) return null;
    return `${path}: expected ${expected.length} items, got ${actual.length}; first beyond is ${show(expected[shared] ?? actual[shared])}`;
  }
  const [a, b] = [expected as Record<string, unknown>, actual as Record<string, unknown>];
  for (const key in a) {
    const difference = firstDifference(a[key], b[key], `${path}.${key}`);
    if (difference !== null) return difference;
  }
  for (const key in b) {
    if (!(key in a)) return `${path}.${key}: expected nothing, got ${show(b[key])}`;
  }
  return null;
}

const SHOWN_MAX = 300;

function show(value: unknown): string {
  const text = JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part)) ?? String(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}
