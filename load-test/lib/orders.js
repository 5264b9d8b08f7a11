// What the scripts send to a venue, and what they make of its answers.
//
//   BASE_URL     the venue (http://127.0.0.1:3000)
//   INSTRUMENT   what is traded (BTC-USD)
//   CLIENTS      how many client ids the orders are of (50)
//   MID, SPREAD  where the limit prices lie: around MID, at most SPREAD away (50000, 5)
//   CANCELS      share of cancels among the commands (0.2)
//   MARKETS      share of market orders among the orders (0.1)
//   RETRIES      share of orders that are sent a second time with their key, as after a lost answer (0.01)
//   LOAD_USER, LOAD_PASSWORD   whom the load is from where callers say who they are, as lib/people.js tells
//   TELL         1 writes a line to the console for each acknowledged command; `npm run load` sets it and checks them
import http from 'k6/http';
import { check } from 'k6';
import { Counter } from 'k6/metrics';
import { gather, User } from './people.js';
import { number, text } from './settings.js';

export const BASE_URL = text('BASE_URL', 'http://127.0.0.1:3000').replace(/\/+$/, '');
const INSTRUMENT = text('INSTRUMENT', 'BTC-USD');
const CLIENTS = number('CLIENTS', 50);
const MID = number('MID', 50000);
const SPREAD = number('SPREAD', 5);
const CANCELS = number('CANCELS', 0.2);
const MARKETS = number('MARKETS', 0.1);
const RETRIES = number('RETRIES', 0.01);
const TELL = text('TELL', '') === '1';
/** A user cancels rather than places once it has so many orders that may be open: the book stays as deep as it is. */
const OPEN_MAX = 20;

const JSON_HEADERS = { 'Content-Type': 'application/json' };
const RUN = Date.now().toString(36);

/** Commands that the venue answered as carried out. `npm run load` looks for each of them in the record. */
export const acknowledged = new Counter('commands_acknowledged');

// A cancel may come after the fill: that is an answer, not a failure.
http.setResponseCallback(http.expectedStatuses(200, 201, 409));

/** What a VU placed and may still have in the book, oldest first. */
const mine = [];

/** Keys are of one run, one VU and one iteration: never used before, known before the answer. */
function newKey(what) {
  return `${RUN}-${__VU}-${__ITER}-${what}`;
}

/** Users that the set-up has gathered, null where nobody is asked who they are. */
export function enter() {
  return gather(BASE_URL, CLIENTS);
}

/** Whom this VU is, null for anybody. */
let user = null;

/** @param users what the set-up gave */
export function actAs(users) {
  if (user === null && users !== null) user = new User(BASE_URL, users[__VU % users.length]);
}

function clientOf() {
  return user === null ? `load-${__VU % CLIENTS}` : user.account;
}

function headersOf() {
  return user === null ? JSON_HEADERS : Object.assign({}, JSON_HEADERS, user.headers);
}

/** @returns sequence and id of the order that the answer tells */
function acknowledge(op, response, key) {
  const order = { id: response.json('order_id'), sequence: response.json('sequence'), status: response.json('status') };
  acknowledged.add(1);
  if (TELL) console.log(`acknowledged ${op} ${order.sequence} ${order.id} ${clientOf()} ${key}`);
  return order;
}

function randomOrder() {
  const side = Math.random() < 0.5 ? 'buy' : 'sell';
  const order = {
    client_id: clientOf(), instrument: INSTRUMENT, side, type: 'limit',
    quantity: (Math.ceil(Math.random() * 100) / 1000).toFixed(3), idempotency_key: newKey('place'),
  };
  if (Math.random() < MARKETS) return Object.assign(order, { type: 'market' });
  return Object.assign(order, { price: (MID + (Math.random() * 2 - 1) * SPREAD).toFixed(2) });
}

function post(order, name) {
  return http.post(`${BASE_URL}/orders`, JSON.stringify(order), { headers: headersOf(), tags: { name } });
}

/** Places an order around the middle; about half of them meet another. @returns the order's id, null when it was not taken */
export function place(order = randomOrder()) {
  const response = post(order, 'place');
  if (!check(response, { 'order is taken': (r) => r.status === 201 })) return null;
  const { id, status } = acknowledge('place', response, order.idempotency_key);
  if (status === 'open' || status === 'partially_filled') mine.push(id);
  if (Math.random() < RETRIES) {
    check(post(order, 'retry'), {
      'a retry gets the first answer': (r) => r.status === 201 && r.json('order_id') === id && r.headers['Idempotency-Replayed'] === 'true',
    });
  }
  return id;
}

/** Cancels any one of the orders that this VU may still have; nothing where it has none. */
export function cancel() {
  if (mine.length === 0) return;
  const [id] = mine.splice(Math.floor(Math.random() * mine.length), 1);
  const key = newKey('cancel');
  const response = http.del(`${BASE_URL}/orders/${id}?client_id=${clientOf()}&idempotency_key=${key}`, null, { headers: headersOf(), tags: { name: 'cancel' } });
  if (check(response, { 'cancel is answered': (r) => r.status === 200 || r.status === 409 }) && response.status === 200) {
    acknowledge('cancel', response, key);
  }
}

/** One command of the usual mix of limit orders, market orders and cancels. @param users what the set-up gave */
export function anyCommand(users) {
  actAs(users);
  const isCancel = mine.length > 0 && (mine.length >= OPEN_MAX || Math.random() < CANCELS);
  if (isCancel) cancel();
  else place();
}

/** Reads what the venue tells. @returns the answer, null where it is none */
export function read(path, name) {
  const response = http.get(`${BASE_URL}${path}`, { tags: { name } });
  return check(response, { [`${name} can be read`]: (r) => r.status === 200 }) ? response : null;
}

/** Looks at the book, as a person at a screen would. */
export function lookAtBook() {
  read(`/public/orderbook?instrument=${INSTRUMENT}&levels=20`, 'book');
}

/** Whether every VU that a rate needs is there from the start: one that is made late drops what was due. */
export function usersFor(rate) {
  return { preAllocatedVUs: Math.max(20, Math.ceil(rate / 10)), maxVUs: Math.max(100, Math.ceil(rate)) };
}

/** A scenario of so many commands a second. @param startS seconds before it begins */
export function steadily(rate, duration, startS = 0) {
  return { executor: 'constant-arrival-rate', rate, timeUnit: '1s', duration, startTime: `${startS}s`, ...usersFor(rate) };
}

/** Nothing fails and nothing is left out. */
export const NO_FAILURE = {
  checks: ['rate==1'],
  http_req_failed: ['rate==0'],
  dropped_iterations: ['count==0'],
};

export const TREND_STATS = ['avg', 'med', 'p(95)', 'p(99)', 'p(99.9)', 'max'];
