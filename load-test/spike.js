// A quiet venue, a sudden rush, and quiet again: what comes in the rush may wait, but all of it is answered, and afterwards
// the venue is as fast as before. The rush may be more than the machine can do.
//
//   RATE         commands a second before and after (500)
//   SPIKE_RATE   commands a second in the rush (5000)
//   QUIET_S, SPIKE_S   seconds of quiet before and after, and of the rush (20, 10)
//   P95_MS       latency in milliseconds that the quiet after the rush fails above (25)
//   and those of lib/orders.js
import { anyCommand, enter, steadily, TREND_STATS, usersFor } from './lib/orders.js';
import { SETUP_TIMEOUT } from './lib/people.js';
import { number } from './lib/settings.js';

const RATE = number('RATE', 500);
const SPIKE_RATE = number('SPIKE_RATE', 5000);
const QUIET_S = number('QUIET_S', 20);
const SPIKE_S = number('SPIKE_S', 10);
const P95_MS = number('P95_MS', 25);
/** What still waits when the rush ends belongs to it. */
const SETTLE_S = 5;

const quiet = (startS) => steadily(RATE, `${QUIET_S}s`, startS);

export const setup = enter;

export const options = {
  setupTimeout: SETUP_TIMEOUT,
  scenarios: {
    before: quiet(0),
    rush: {
      executor: 'ramping-arrival-rate', startTime: `${QUIET_S}s`, startRate: RATE, timeUnit: '1s', ...usersFor(SPIKE_RATE),
      stages: [{ duration: '1s', target: SPIKE_RATE }, { duration: `${SPIKE_S}s`, target: SPIKE_RATE }, { duration: '1s', target: RATE }],
    },
    after: quiet(QUIET_S + SPIKE_S + 2 + SETTLE_S),
  },
  thresholds: {
    checks: ['rate==1'],
    http_req_failed: ['rate==0'],
    'http_req_duration{scenario:before}': [`p(95)<${P95_MS}`],
    'http_req_duration{scenario:rush}': ['max<30000'],
    'http_req_duration{scenario:after}': [`p(95)<${P95_MS}`],
    'dropped_iterations{scenario:after}': ['count==0'],
  },
  summaryTrendStats: TREND_STATS,
};

export default anyCommand;
