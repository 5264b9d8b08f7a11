// The order of test files in a checkout that has no times of an earlier run, where jest would go by their sizes: the longest
// first, those that compute beside those that wait, so that no worker is left alone with one at the end.
const { default: Sequencer } = require('@jest/test-sequencer');

const LONGEST = [
  'e2e/conformance', 'chaos/campaign', 'model/part-1', 'recovery/rebuild', 'model/part-2', 'audit/planted-faults',
  'engine/conformance', 'stream/slow-clients', 'recovery/outages', 'http/hostile', 'recovery/stopped-venue', 'http/refusals',
  'e2e/up', 'e2e/workers', 'e2e/shutdown', 'persistence/interrupted', 'stream/resume', 'stream/outage',
  'http/order-entry', 'e2e/logs', 'client/commands', 'client/stream',
];

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const rankOf = ({ path }) => {
      const rank = LONGEST.findIndex((name) => path.replaceAll('\\', '/').endsWith(`/tests/${name}.test.ts`));
      return rank < 0 ? LONGEST.length : rank;
    };
    return [...super.sort(tests)].sort((a, b) => rankOf(a) - rankOf(b));
  }
};
