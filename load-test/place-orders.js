// Limit orders, market orders and cancels at a constant arrival rate (an open model: a slow venue is not given less to do).
//
//   RATE       commands a second (2000)
//   DURATION   how long (60s)
//   P95_MS, P99_MS   latency in milliseconds that the run fails above (15, 40)
//   and those of lib/orders.js
import { anyCommand, NO_FAILURE, TREND_STATS, usersFor } from './lib/orders.js';
import { number, text } from './lib/settings.js';

const RATE = number('RATE', 2000);
const P95_MS = number('P95_MS', 15);
const P99_MS = number('P99_MS', 40);

export const options = {
  scenarios: {
    orders: { executor: 'constant-arrival-rate', rate: RATE, timeUnit: '1s', duration: text('DURATION', '60s'), ...usersFor(RATE) },
  },
  thresholds: {
    ...NO_FAILURE,
    http_req_duration: [`p(95)<${P95_MS}`, `p(99)<${P99_MS}`],
    'http_req_duration{name:place}': [`p(95)<${P95_MS}`, `p(99)<${P99_MS}`],
    'http_req_duration{name:cancel}': [`p(95)<${P95_MS}`, `p(99)<${P99_MS}`],
  },
  summaryTrendStats: TREND_STATS,
};

export default anyCommand;
