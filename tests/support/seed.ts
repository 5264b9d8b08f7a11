import { randomInt } from 'node:crypto';

/** The seed of a test's random choices, printed so that a failure can be repeated: TEST_SEED=<seed>. */
export function testSeed(name: string): number {
  const seed = Number(process.env.TEST_SEED ?? randomInt(2 ** 31));
  process.stderr.write(`${name}: TEST_SEED=${seed}\n`);
  return seed;
}
