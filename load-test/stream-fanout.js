// Receivers of the stream that look for gaps, while orders flow. k6 spends more on a message than the venue does: for the
// most that the venue can deliver, see `npm run bench -- --only fan-out`.
//
//   RECEIVERS    WebSocket connections (100)
//   RATE         commands a second meanwhile (100)
//   DURATION_S   how long, in seconds (30)
//   P95_MS       latency in milliseconds of the commands that the run fails above (50)
//   and those of lib/orders.js
import { check } from 'k6';
import { Counter } from 'k6/metrics';
import { WebSocket } from 'k6/websockets';
import { anyCommand, BASE_URL, enter, NO_FAILURE, steadily, TREND_STATS } from './lib/orders.js';
import { SETUP_TIMEOUT } from './lib/people.js';
import { number } from './lib/settings.js';

const RECEIVERS = number('RECEIVERS', 100);
const RATE = number('RATE', 100);
const DURATION_S = number('DURATION_S', 30);
const P95_MS = number('P95_MS', 50);
/** Receivers are there before the first order and stay until the last one has been told. */
const MARGIN_S = 3;
const COUNT_EACH_MS = 1000;

const received = new Counter('stream_messages');
const changes = new Counter('stream_book_changes');
const gaps = new Counter('stream_gaps');
const lost = new Counter('stream_connections_lost');

export const setup = enter;

export const options = {
  setupTimeout: SETUP_TIMEOUT,
  scenarios: {
    receivers: {
      executor: 'per-vu-iterations', exec: 'receive', vus: RECEIVERS, iterations: 1, maxDuration: `${DURATION_S + 4 * MARGIN_S}s`,
    },
    orders: steadily(RATE, `${DURATION_S}s`, MARGIN_S),
  },
  thresholds: {
    ...NO_FAILURE,
    stream_messages: [`count>${RECEIVERS * RATE * DURATION_S}`],
    stream_book_changes: ['count>0'],
    stream_gaps: ['count==0'],
    stream_connections_lost: ['count==0'],
    'http_req_duration{name:place}': [`p(95)<${P95_MS}`],
  },
  summaryTrendStats: TREND_STATS,
};

export default anyCommand;

/** One receiver: every book message must follow the one before it. */
export function receive() {
  const books = {};
  const counts = { messages: 0, changes: 0, gaps: 0 };
  let isDone = false;
  const socket = new WebSocket(`${BASE_URL.replace(/^http/, 'ws')}/stream`);
  const count = () => {
    received.add(counts.messages);
    changes.add(counts.changes);
    gaps.add(counts.gaps);
    Object.assign(counts, { messages: 0, changes: 0, gaps: 0 });
  };
  const counting = setInterval(count, COUNT_EACH_MS);
  socket.onopen = () => {
    setTimeout(() => {
      isDone = true;
      socket.close();
    }, (DURATION_S + 2 * MARGIN_S) * 1000);
  };
  socket.onmessage = ({ data }) => {
    counts.messages++;
    // Only book messages are a chain; the others need not be parsed.
    if (!data.startsWith('{"type":"orderbook')) return;
    const message = JSON.parse(data);
    if (message.type === 'orderbook_delta') {
      counts.changes++;
      if (message.data.previous_sequence !== books[message.instrument]) counts.gaps++;
    }
    books[message.instrument] = message.sequence;
  };
  socket.onclose = () => {
    clearInterval(counting);
    count();
    if (!isDone) lost.add(1);
    check(books, { 'a snapshot of each book came': (b) => Object.keys(b).length > 0 });
  };
}
