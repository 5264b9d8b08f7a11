// A stream with known answers played through a venue of its own, with receivers of mixed speed: fast ones keep the book and
// check every chain and checksum, slow ones read a little at a time, stalled ones do not read at all.
//
//   npm run build
//   node load-test/receivers.mjs [receivers] [stream: normal, static or flash-crash] [messages]
//
// Settings of the service, such as STREAM_FLUSH_MS=20, are taken from the environment. Exit code 1 when something was not as promised.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const require = createRequire(import.meta.url);
const WebSocket = require('ws');
const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const { startTemporaryVenue } = require(join(ROOT, 'dist', 'servers', 'temporary-venue.js'));
const { parseMessages } = require(join(ROOT, 'dist', 'conformance', 'messages.js'));
const { play } = require(join(ROOT, 'dist', 'conformance', 'play.js'));
const { VenueClient } = require(join(ROOT, 'dist', 'conformance', 'venue-client.js'));
const { OpenfillClient } = require(join(ROOT, 'packages', 'client', 'dist', 'index.js'));

const receivers = Number(process.argv[2] ?? 100);
const name = process.argv[3] ?? 'normal';
const INSTRUMENT = 'BENCH-USD';
const STREAM = { channels: ['orderbook', 'trades'], instruments: [INSTRUMENT] };
const SLOW_BATCH = 200;
const SLOW_PAUSE_MS = 200;
const SETTLE_MS = 120_000;

const files = join(ROOT, 'tests', 'conformance');
const expected = JSON.parse(readFileSync(join(files, `${name}.expected.json`), 'utf8'));
const all = parseMessages(gunzipSync(readFileSync(join(files, `${name}.messages.csv.gz`))).toString('utf8'));
const messages = all.slice(0, Number(process.argv[4] ?? all.length));

const directory = mkdtempSync(join(tmpdir(), 'openfill-receivers-'));
const instrumentsFile = join(directory, 'instruments.json');
writeFileSync(instrumentsFile, JSON.stringify([{ instrument: INSTRUMENT, base: 'BENCH', quote: 'USD', tick_size: '1', lot_size: '1' }]));
const environment = Object.fromEntries(Object.entries(process.env).filter(([key]) => key.startsWith('STREAM_')));
const venue = await startTemporaryVenue({ ...environment, INSTRUMENTS_FILE: instrumentsFile });

const failures = [];
const expect = (isTrue, what) => { if (!isTrue) failures.push(what); };
const megabytes = (field) => Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${venue.service.pid}/status`, 'utf8'))?.[1]) / 1024);

/** A receiver on the client: it sees gaps, computes every checksum and counts the trades that it is told. */
function follow(isSlow) {
  const stream = new OpenfillClient(venue.url).stream({ ...STREAM, ...(isSlow && { queueMax: SLOW_BATCH }) });
  const receiver = { stream, book: null, lastTrade: 0, trades: 0, tradeGaps: 0, repairs: 0, resyncs: 0, breaks: 0, deltas: 0 };
  // A slow one's loop may still have messages before it.
  stream.on('book', (book) => { receiver.book = book; });
  stream.on('repair', () => { receiver.repairs++; });
  stream.on('disconnected', () => { receiver.breaks++; });
  stream.on('resync', () => { receiver.resyncs++; receiver.lastTrade = null; });
  stream.on('orderbook_delta', () => { receiver.deltas++; });
  stream.on('trade', ({ data }) => {
    receiver.trades++;
    if (receiver.lastTrade !== null && data.trade_id !== receiver.lastTrade + 1) receiver.tradeGaps++;
    receiver.lastTrade = data.trade_id;
  });
  if (isSlow) {
    void (async () => {
      let count = 0;
      for await (const _ of stream) if (++count % SLOW_BATCH === 0 && !receiver.isHurrying) await sleep(SLOW_PAUSE_MS);
    })();
  }
  return receiver;
}

/** A peer that opens a stream and then reads nothing. */
function stall() {
  const receiver = { isGone: false };
  const socket = new WebSocket(`${venue.url.replace('http', 'ws')}/stream?channels=orderbook,trades&instruments=${INSTRUMENT}`, { perMessageDeflate: false });
  socket.once('open', () => socket.pause());
  socket.on('error', () => undefined);
  receiver.end = () => socket.terminate();
  return receiver;
}

try {
  const slowCount = Math.floor(receivers / 5);
  const fast = Array.from({ length: receivers - 2 * slowCount }, () => follow(false));
  const slow = Array.from({ length: slowCount }, () => follow(true));
  const stalled = Array.from({ length: slowCount }, stall);
  await Promise.all([...fast, ...slow].map(({ stream }) => stream.reached()));
  const before = megabytes('VmRSS');
  const client = new VenueClient(venue.url);
  const [instrument] = await client.instruments();
  const { seconds } = await play(client, instrument, messages);
  const reference = new OpenfillClient(venue.url);
  const { sequence, bids, asks, checksum } = await reference.orderbook({ instrument: INSTRUMENT, levels: 5_000 });
  const [lastTrade] = (await reference.trades({ instrument: INSTRUMENT, limit: 1 })).trades;
  const trades = lastTrade?.trade_id ?? 0;
  for (const receiver of slow) receiver.isHurrying = true;
  await Promise.all([...fast, ...slow].map(({ stream }) => stream.reached(sequence, { signal: AbortSignal.timeout(SETTLE_MS) })));
  const told = await reference.metrics();
  const metric = (metricName) => Number(new RegExp(`^${metricName} (\\d+)`, 'm').exec(told)?.[1] ?? Number.NaN);

  if (messages.length === all.length) {
    const inSteps = (levels) => JSON.stringify(levels.slice(0, 10).map(([price, quantity]) => [Number(price), Number(quantity)]));
    expect(inSteps(bids) === JSON.stringify(expected.bids) && inSteps(asks) === JSON.stringify(expected.asks), 'the book is not the expected one');
    expect(trades === expected.trades, `${trades} trades instead of ${expected.trades}`);
  }
  const whole = JSON.stringify([bids, asks, checksum]);
  const hasBook = ({ book }) => book !== null && JSON.stringify([book.bids(), book.asks(), book.checksum]) === whole;
  fast.forEach((receiver, i) => {
    expect(hasBook(receiver), `fast ${i} has another book`);
    expect(receiver.repairs === 0, `fast ${i} saw ${receiver.repairs} gaps or wrong checksums`);
    if (receiver.resyncs === 0) expect(receiver.trades === trades && receiver.tradeGaps === 0, `fast ${i} was told ${receiver.trades} of ${trades} trades`);
  });
  slow.forEach((receiver, i) => {
    expect(hasBook(receiver), `slow ${i} has another book`);
    expect(receiver.tradeGaps === 0, `slow ${i} misses trades and was not told so`);
    expect(receiver.repairs === 0, `slow ${i} saw ${receiver.repairs} gaps or wrong checksums`);
  });
  const sum = (of, field) => of.reduce((total, receiver) => total + receiver[field], 0);
  console.log(`${messages.length} messages in ${seconds.toFixed(1)} s, ${trades} trades`);
  console.log(`${fast.length} fast: ${fast.filter(hasBook).length} with the expected book, ${sum(fast, 'repairs')} gaps or wrong checksums, ${sum(fast, 'resyncs')} resyncs, ${sum(fast, 'breaks')} breaks, ${Math.round(sum(fast, 'deltas') / fast.length)} book changes each`);
  console.log(`${slow.length} slow: ${slow.filter(hasBook).length} with the expected book, ${sum(slow, 'repairs')} gaps or wrong checksums, ${sum(slow, 'resyncs')} resyncs, ${sum(slow, 'breaks')} breaks, ${Math.round(sum(slow, 'deltas') / Math.max(1, slow.length))} book changes each`);

  // What a stalled peer is owed: nothing more than its buffer, and an end after STREAM_BEHIND_MS.
  const connections = () => reference.metrics().then((text) => Number(/^websocket_connections (\d+)/m.exec(text)?.[1]));
  const wanted = fast.length + slow.length;
  const gone = Date.now() + 30_000;
  while ((await connections()) > wanted && Date.now() < gone) await sleep(250);
  const left = (await connections()) - wanted;
  console.log(`${stalled.length} stalled: ${stalled.length - Math.max(0, left)} closed by the service`);
  expect(messages.length < all.length || left <= 0, `${left} stalled receivers were not closed`);
  console.log(`service: ${before} MB before, ${megabytes('VmHWM')} MB at most; dropped ${metric('stream_clients_dropped_total')}, resynced ${metric('stream_clients_resynced_total')}`);
  for (const failure of failures) console.log(`FAILED ${failure}`);
  process.exitCode = failures.length === 0 ? 0 : 1;
  for (const receiver of stalled) receiver.end();
  await Promise.all([...fast, ...slow].map(({ stream }) => stream.close()));
} finally {
  await venue.stop();
  rmSync(directory, { recursive: true, force: true });
}
