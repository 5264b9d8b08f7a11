// k6: orders at a constant arrival rate, whatever the answers take (an open model: a slow venue is not given less to do).
// k6 run -e BASE_URL=http://127.0.0.1:3000 -e RATE=500 -e DURATION=30s load-test/orders.js
import http from 'k6/http';
import { check } from 'k6';

const BASE_URL = __ENV.BASE_URL || 'http://127.0.0.1:3000';
const RATE = Number(__ENV.RATE || 500);
const CLIENTS = 50;
const MID_TICKS = 5000000;
const SPREAD_TICKS = 500;

export const options = {
  scenarios: {
    orders: {
      executor: 'constant-arrival-rate',
      rate: RATE,
      timeUnit: '1s',
      duration: __ENV.DURATION || '30s',
      preAllocatedVUs: Math.max(20, Math.ceil(RATE / 10)),
      maxVUs: Math.max(100, RATE),
    },
  },
  thresholds: {
    checks: ['rate>0.999'],
    dropped_iterations: ['count<1'],
  },
  summaryTrendStats: ['avg', 'med', 'p(95)', 'p(99)', 'p(99.9)', 'max'],
};

/** Buys and sells around one price, so that about half of them meet. */
export default function () {
  const ticks = MID_TICKS + Math.floor((Math.random() * 2 - 1) * SPREAD_TICKS);
  const order = {
    client_id: `load-${__VU % CLIENTS}`,
    instrument: 'BTC-USD',
    side: Math.random() < 0.5 ? 'buy' : 'sell',
    type: 'limit',
    price: (ticks / 100).toFixed(2),
    quantity: (Math.ceil(Math.random() * 100) / 1000).toFixed(3),
    idempotency_key: `${__VU}-${__ITER}-${Date.now()}`,
  };
  const response = http.post(`${BASE_URL}/orders`, JSON.stringify(order), { headers: { 'Content-Type': 'application/json' } });
  check(response, { 'order is taken': (r) => r.status === 201 });
}
