// The usual mix for a long time: does anything grow? Latency is told for each third of the run, and the venue's own
// metrics are looked at meanwhile.
//
//   RATE         commands a second (1000)
//   DURATION_S   how long, in seconds (1800)
//   P95_MS, P99_MS   latency in milliseconds that each third fails above (15, 40)
//   LAG_S        seconds that Postgres may be behind (1)
//   MEMORY_MB    resident memory of the service in megabytes that the run fails above (600)
//   and those of lib/orders.js
import exec from 'k6/execution';
import { Trend } from 'k6/metrics';
import { anyCommand, enter, NO_FAILURE, read, steadily, TREND_STATS } from './lib/orders.js';
import { SETUP_TIMEOUT } from './lib/people.js';
import { number } from './lib/settings.js';

const RATE = number('RATE', 1000);
const DURATION_S = number('DURATION_S', 1800);
const P95_MS = number('P95_MS', 15);
const P99_MS = number('P99_MS', 40);
const LAG_S = number('LAG_S', 1);
const MEMORY_MB = number('MEMORY_MB', 600);
const THIRDS = ['first', 'middle', 'last'];
const LOOK_EACH_S = 10;

const lag = new Trend('venue_writer_lag_seconds');
const memory = new Trend('venue_memory_mb');
const latency = [`p(95)<${P95_MS}`, `p(99)<${P99_MS}`];

export const setup = enter;

export const options = {
  setupTimeout: SETUP_TIMEOUT,
  scenarios: {
    orders: steadily(RATE, `${DURATION_S}s`),
    watch: { executor: 'constant-arrival-rate', exec: 'watch', rate: 1, timeUnit: `${LOOK_EACH_S}s`, duration: `${DURATION_S}s`, preAllocatedVUs: 1 },
  },
  thresholds: {
    ...NO_FAILURE,
    ...Object.fromEntries(THIRDS.map((third) => [`http_req_duration{third:${third}}`, latency])),
    venue_writer_lag_seconds: [`max<${LAG_S}`],
    venue_memory_mb: [`max<${MEMORY_MB}`],
  },
  summaryTrendStats: TREND_STATS,
};

export default function (users) {
  const share = exec.instance.currentTestRunDuration / (DURATION_S * 1000);
  exec.vu.metrics.tags.third = THIRDS[Math.min(THIRDS.length - 1, Math.floor(share * THIRDS.length))];
  anyCommand(users);
}

/** The value of a metric without labels. */
function metric(page, name) {
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(page)[1]);
}

export function watch() {
  const response = read('/metrics', 'metrics');
  if (response === null) return;
  lag.add(metric(response.body, 'writer_lag_seconds'));
  memory.add(metric(response.body, 'process_resident_memory_bytes') / 1e6);
}
