import type { Config } from 'jest';

const config: Config = {
  testEnvironment: 'node',
  roots: ['<rootDir>/tests'],
  testMatch: ['**/*.test.ts'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'commonjs' },
      sourceMaps: 'inline',
    }],
    '^.+\\.js$': ['@swc/jest', { jsc: { target: 'es2022' }, module: { type: 'commonjs' } }],
  },
  // Packages that are ECMAScript modules only.
  transformIgnorePatterns: ['/node_modules/(?!(jose|openid-client|oauth4webapi)/)'],
  moduleNameMapper: { '^#openfill-(client|contract)$': '<rootDir>/packages/$1/src/index.ts' },
  // dist has the same module names; nothing in tests loads it except by starting a process.
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/packages/[^/]+/dist', '<rootDir>/data'],
  testSequencer: '<rootDir>/tests/support/longest-first.cjs',
  globalSetup: '<rootDir>/tests/support/global-setup.ts',
  globalTeardown: '<rootDir>/tests/support/global-teardown.ts',
  // Made for two cores: most tests wait for servers, so that a third worker fills what two leave idle. No test goes by the clock.
  maxWorkers: 3,
  // Servers are started and killed in there, and a machine may be busy with other things.
  testTimeout: 60_000,
  errorOnDeprecated: true,
};

export default config;
