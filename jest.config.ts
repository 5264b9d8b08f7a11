import type { Config } from 'jest';

/**
 * What code is made of. A test file has a world of its own, where each look at a name of everybody's costs a hundred times a local's;
 * handed to every module these are local ones. Not among them: timers, which a test replaces, and names that packages declare anew.
 */
const GLOBALS = [
  'Array', 'ArrayBuffer', 'BigInt', 'Boolean', 'DataView', 'Date', 'Error', 'JSON', 'Map', 'Math', 'Number', 'Object', 'Promise', 'Proxy', 'RangeError', 'Reflect',
  'RegExp', 'Set', 'String', 'Symbol', 'SyntaxError', 'TypeError', 'Uint8Array', 'WeakMap', 'WeakSet', 'parseInt', 'AbortController', 'AbortSignal', 'URLSearchParams',
];

const config: Config = {
  testEnvironment: 'node',
  roots: ['<rootDir>/tests'],
  testMatch: ['**/*.test.ts'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'commonjs' },
      sourceMaps: true,
    }],
    '^.+\\.js$': ['@swc/jest', { jsc: { target: 'es2022' }, module: { type: 'commonjs' } }],
  },
  // Packages that are ECMAScript modules only.
  transformIgnorePatterns: ['/node_modules/(?!(jose|openid-client|oauth4webapi)/)'],
  moduleNameMapper: {
    '^#openfill-(client|contract)$': '<rootDir>/packages/$1/src/index.ts',
    // Made by the set-up (tests/support/bundled-redis.ts).
    '^redis$': '<rootDir>/node_modules/.cache/openfill/bundled/redis.cjs',
  },
  // dist has the same module names; nothing in tests loads it except by starting a process.
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/packages/[^/]+/dist', '<rootDir>/data'],
  sandboxInjectedGlobals: GLOBALS,
  testSequencer: '<rootDir>/tests/support/longest-first.cjs',
  globalSetup: '<rootDir>/tests/support/global-setup.ts',
  globalTeardown: '<rootDir>/tests/support/global-teardown.ts',
  // Made for two cores: most tests wait for servers, so that a third worker fills what two leave idle. No test goes by the clock.
  maxWorkers: 3,
  // What a worker has loaded for each file stays with it: a new one begins before it is busy with that alone.
  workerIdleMemoryLimit: '900MB',
  // Servers are started and killed in there, and a machine may be busy with other things.
  testTimeout: 60_000,
  errorOnDeprecated: true,
};

export default config;
