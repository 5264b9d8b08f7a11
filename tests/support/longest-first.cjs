// The order of test files in a checkout that has no times of an earlier run, where jest would go by their sizes: the longest
// first, those that compute beside those that wait, so that no worker is left alone with one at the end.
const { default: Sequencer } = require('@jest/test-sequencer');

const LONGEST = [
  'docs/venue', 'chaos/campaign', 'e2e/conformance', 'http/document-readers', 'model/trails', 'model/planted-bugs', 'model/part-1', 'model/money-1', 'recovery/rebuild',
  'http/cascade', 'model/money-2', 'model/part-2', 'recovery/funds', 'e2e/up-start', 'audit/planted-faults', 'e2e/up', 'e2e/cascade-kills', 'recovery/auctions',
  'upgrade/later-versions', 'recording/record-and-replay', 'e2e/auction-kills', 'e2e/money-once', 'docs/people', 'model/cluster', 'cli/smoke', 'e2e/workers', 'http/money/races',
  'http/hostile', 'persistence/money-reads', 'recovery/waiting', 'recovery/outages', 'recovery/stopped-venue', 'audit/planted-money-faults', 'docs/reach', 'people/oidc',
  'stream/rebuild', 'client/people', 'http/refusals', 'browser/login', 'people/limits', 'http/browsers', 'persistence/settings', 'stream/slow-clients', 'persistence/interrupted',
  'persistence/money-record', 'e2e/certificates', 'peers/peers', 'e2e/shutdown', 'persistence/pgbouncer', 'duties/transfer-timer', 'stream/accounts', 'persistence/record',
  'stream/dialects', 'engine/outage', 'http/filled-candles', 'persistence/migrations', 'reference/money-model', 'engine/conformance', 'browser/elsewhere', 'stream/resume',
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
