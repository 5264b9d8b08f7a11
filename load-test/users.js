// The classic script: a number of users who come, work and leave. Each places, looks, sometimes cancels, and thinks in
// between. (A closed model: users of a slow venue ask for less. The open models are in the other scripts.)
//
//   USERS             how many at once (100)
//   RAMP, DURATION    how long they take to come, and to leave; how long all are there (15s, 60s)
//   THINK_S           longest pause between two steps, in seconds (0.5)
//   P95_MS            latency in milliseconds that the run fails above (100)
//   and those of lib/orders.js
import { sleep } from 'k6';
import { actAs, cancel, enter, lookAtBook, NO_FAILURE, place, TREND_STATS } from './lib/orders.js';
import { SETUP_TIMEOUT } from './lib/people.js';
import { number, text } from './lib/settings.js';

const USERS = number('USERS', 100);
const RAMP = text('RAMP', '15s');
const DURATION = text('DURATION', '60s');
const THINK_S = number('THINK_S', 0.5);
const P95_MS = number('P95_MS', 100);

export const setup = enter;

export const options = {
  setupTimeout: SETUP_TIMEOUT,
  scenarios: {
    users: {
      executor: 'ramping-vus', startVUs: 0,
      stages: [{ duration: RAMP, target: USERS }, { duration: DURATION, target: USERS }, { duration: RAMP, target: 0 }],
    },
  },
  thresholds: {
    checks: NO_FAILURE.checks,
    http_req_failed: NO_FAILURE.http_req_failed,
    http_req_duration: [`p(95)<${P95_MS}`],
  },
  summaryTrendStats: TREND_STATS,
};

const think = () => sleep(Math.random() * THINK_S);

export default function (users) {
  actAs(users);
  lookAtBook();
  think();
  place();
  think();
  cancel();
  think();
}
