// The order of test files in a checkout that has no times of an earlier run, where jest would go by their sizes: the longest
// first, those that compute beside those that wait, so that no worker is left alone with one at the end.
const { default: Sequencer } = require('@jest/test-sequencer');

const LONGEST = [
  'docs/venue', 'e2e/conformance', 'chaos/campaign', 'recovery/rebuild', 'model/part-1', 'e2e/up-start', 'upgrade/later-versions',
  'audit/planted-faults', 'model/part-2', 'servers/embedded-postgres', 'persistence/dead-letters', 'http/refusals', 'persistence/settings',
  'recovery/outages', 'recovery/stopped-venue', 'engine/conformance', 'engine/outage', 'stream/slow-clients', 'http/hostile', 'e2e/up',
  'e2e/workers', 'browser/elsewhere', 'browser/login', 'people/oidc', 'e2e/shutdown', 'http/browsers', 'http/document-readers', 'persistence/interrupted', 'persistence/pgbouncer',
  'http/clock-steps', 'stream/dialects', 'stream/resume', 'stream/outage', 'http/order-entry', 'e2e/logs', 'client/commands', 'client/stream',
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
