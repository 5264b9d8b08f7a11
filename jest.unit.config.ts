import type { Config } from 'jest';
import all from './jest.config';

/** What needs no server, for `npm run check`. */
const { globalSetup: _setup, globalTeardown: _teardown, ...rest } = all;

const config: Config = { ...rest, roots: ['<rootDir>/tests/unit'], cacheDirectory: '<rootDir>/node_modules/.cache/openfill/jest' };

export default config;
