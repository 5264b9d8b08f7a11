// Limit orders, market orders and cancels at a constant arrival rate (an open model: a slow venue is not given less to do).
//
//   RATE       commands a second (2000)
//   DURATION   how long (60s)
//   WARM_UP_S  seconds in which the rate rises before that, whose latency does not count: a venue that has just been started
//              compiles its code first, and connections are opened (5)
//   P95_MS, P99_MS   latency in milliseconds that the run fails above (15, 40)
//   and those of lib/orders.js
import { anyCommand, enter, NO_FAILURE, steadily, TREND_STATS, usersFor } from './lib/orders.js';
import { SETUP_TIMEOUT } from './lib/people.js';
import { number, text } from './lib/settings.js';

const RATE = number('RATE', 2000);
const WARM_UP_S = number('WARM_UP_S', 5);
const P95_MS = number('P95_MS', 15);
const P99_MS = number('P99_MS', 40);

const latency = [`p(95)<${P95_MS}`, `p(99)<${P99_MS}`];

export const setup = enter;

export const options = {
  setupTimeout: SETUP_TIMEOUT,
  scenarios: {
    ...(WARM_UP_S === 0 ? {} : {
      warm_up: {
        executor: 'ramping-arrival-rate', startRate: 1, timeUnit: '1s', stages: [{ duration: `${WARM_UP_S}s`, target: RATE }], ...usersFor(RATE),
      },
    }),
    orders: steadily(RATE, text('DURATION', '60s'), WARM_UP_S),
  },
  thresholds: {
    ...NO_FAILURE,
    'http_req_duration{scenario:orders}': latency,
    'http_req_duration{scenario:orders,name:place}': latency,
    'http_req_duration{scenario:orders,name:cancel}': latency,
  },
  summaryTrendStats: TREND_STATS,
};

export default anyCommand;
