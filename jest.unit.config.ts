import type { Config } from 'jest';
import all from './jest.config';

/** What needs no server, for `npm run check`. */
const { globalSetup: _setup, globalTeardown: _teardown, moduleNameMapper, ...rest } = all;
// Made by the set-up.
const { '^redis$': _bundled, ...mapped } = moduleNameMapper as Record<string, string>;

const config: Config = { ...rest, moduleNameMapper: mapped, roots: ['<rootDir>/tests/unit'], cacheDirectory: '<rootDir>/node_modules/.cache/openfill/jest' };

export default config;
