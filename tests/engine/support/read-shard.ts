import { decodeStoredRules } from '../../../src/domain/instrument-rules';
import { decodeLogEntry, type LogEntry } from '../../../src/domain/log-entry';
import type { Order, Trade } from '../../../src/domain/order';
import type { Direction } from '../../../src/domain/order-type';
import { COMPACT_ID_LENGTH, expandId } from '../../../src/domain/order-id';
import { LOG_FIELD, entriesOf, shardKeys, type StreamElement } from '../../../src/engine/keys';
import { parseClientOrderName } from '../../../src/engine/commands/client-order-name';
import { decodeRecentTrade } from '../../../src/engine/recent-trade';
import { decodeStoredOrder } from '../../../src/engine/record';
import { storedControls } from '../../../src/engine/stored-controls';
import { checkHidden } from '../../../src/engine/stored-hidden';
import { storedMoney } from '../../../src/engine/stored-money';
import { storedReleased } from '../../../src/engine/stored-released';
import { storedWaiting } from '../../../src/engine/stored-waiting';
import { sampleOfMember, type BandSamples } from '../../../src/domain/price-band';
import type { RedisConnection } from '../../../src/engine/redis-connection';
import { compareText, type BookState, type LevelState, type ShardState } from '../../../src/reference/state';

/**
 * A shard as Redis holds it, every key of it, in the reference book's comparable form. This is the only
 * place where tests know how the engine lays out its keys.
 */
export interface LiveShard {
  readonly state: ShardState;
  readonly meta: Readonly<Record<string, string>>;
  readonly log: readonly LogEntry[];
  /** Recent trades by instrument, newest first. */
  readonly trades: ReadonlyMap<string, readonly Trade[]>;
  /** Keys that no part of the shard explains, and values in a form that the engine never writes. */
  readonly problems: readonly string[];
}

type Reply = string[];

/** Everything below a tag at one moment: name and content of each key, the log from a given sequence on. */
const READ_ALL = `
local tag, found = KEYS[1], {}
local readers = {
  hash = function(key) return redis.call('HGETALL', key) end,
  zset = function(key) return redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') end,
  set = function(key) return { tostring(redis.call('PTTL', key)) } end,
  list = function(key) return redis.call('LRANGE', key, 0, -1) end,
  stream = function(key) return redis.call('XRANGE', key, ARGV[1], '+') end,
}
for _, key in ipairs(redis.call('KEYS', tag .. '*')) do
  local kind = redis.call('TYPE', key).ok
  found[#found + 1] = { string.sub(key, #tag + 1), kind, readers[kind] and readers[kind](key) or {} }
end
return found
`;

/** Type of each key of a shard, by its name behind the tag up to the first colon. */
const KEY_TYPES: Record<string, string> = {
  meta: 'hash', orders: 'hash', client_order_ids: 'hash', idem: 'hash', depth: 'hash', hidden: 'hash',
  accounts: 'hash', instruments: 'hash', catalogue: 'hash', fee_groups: 'hash', transfers: 'hash', timers: 'zset', references: 'hash', due: 'zset', killed: 'hash', lease: 'hash',
  log: 'stream', book: 'zset', open: 'zset', trades: 'list', once: 'set', stops: 'zset', trails: 'zset', trail: 'zset', reached: 'list', released: 'list', band: 'zset',
};

/** @param logFrom log sequence from which on entries are read */
export async function readShard(redis: RedisConnection, shard: string, logFrom = 1): Promise<LiveShard> {
  const tag = `{${shard}}:`;
  const keys = shardKeys(shard);
  const problems: string[] = [];
  const content = new Map<string, Reply>();
  const found = (await redis.send(['EVAL', READ_ALL, '1', tag, String(logFrom)], 10_000)) as [string, string, Reply][];
  for (const [name, type, reply] of found) {
    if (KEY_TYPES[name.split(':', 1)[0] as string] !== type) problems.push(`key ${name}, a ${type}, belongs to nothing`);
    else content.set(name, reply);
  }
  const take = (key: string): Reply => {
    const name = key.slice(tag.length);
    const reply = content.get(name) ?? [];
    content.delete(name);
    return reply;
  };

  const meta = Object.fromEntries(pairs(take(keys.meta)));
  const orders = pairs(take(keys.orders)).map(([id, stored]) => decodeStoredOrder(stored, id));
  const byId = new Map(orders.map((order) => [order.orderId, order]));
  const log = (take(keys.log) as unknown as StreamElement[]).flatMap((element) => readElement(element, problems))
    .filter((entry) => entry.sequence >= logFrom);
  const clientOrderIds = pairs(take(keys.clientOrderIds)).map(([name, id]) => ({ ...parseClientOrderName(name), orderId: expandId(id) }));
  const idempotency = pairs(take(keys.idempotency)).map(([digest, stored]) => {
    const [sequence, second] = stored.split(',');
    return { digest, sequence: Number(sequence), second: Number(second) };
  });
  const openOrders: { clientId: string; orderIds: string[] }[] = [];
  const trades = new Map<string, Trade[]>();
  const instruments = new Set<string>();
  const stops = new Map<string, Record<Direction, [string, string][]>>();
  const trails = new Map<string, { groups: [string, string][]; stores: Map<string, [string, string][]> }>();
  const trailNamed = (name: string): { groups: [string, string][]; stores: Map<string, [string, string][]> } => {
    const known = trails.get(name) ?? { groups: [], stores: new Map<string, [string, string][]>() };
    trails.set(name, known);
    return known;
  };
  const reached = new Map<string, string[]>();
  const hidden = new Map<string, [string, string][]>();
  const bands: BandSamples[] = [];
  const released = new Map<string, string[]>();
  for (const name of content.keys()) {
    const [kind, rest] = [name.slice(0, name.indexOf(':')), name.slice(name.indexOf(':') + 1)];
    if (kind === 'open') openOrders.push({ clientId: unescape(rest), orderIds: readOpen(name, take(tag + name), byId, problems) });
    else if (kind === 'once' && Number(content.get(name)?.[0]) < 0) problems.push(`key ${name} stays for ever`);
    else if (kind === 'once') take(tag + name);
    else if (kind === 'hidden') hidden.set(rest, pairs(take(tag + name)));
    else if (kind === 'trades') trades.set(rest, take(tag + name).map((row) => decodeRecentTrade(rest, row)));
    else if (kind === 'reached') reached.set(rest, take(tag + name));
    else if (kind === 'released') released.set(rest, take(tag + name));
    else if (kind === 'trails') trailNamed(rest).groups.push(...pairs(take(tag + name)));
    else if (kind === 'trail') trailNamed(rest.slice(0, rest.lastIndexOf(':'))).stores.set(rest.slice(rest.lastIndexOf(':') + 1), pairs(take(tag + name)));
    else if (kind === 'stops') {
      const [instrument, direction] = [rest.slice(0, rest.lastIndexOf(':')), rest.slice(rest.lastIndexOf(':') + 1) as Direction];
      stops.set(instrument, { ...(stops.get(instrument) ?? { rising: [], falling: [] }), [direction]: pairs(take(tag + name)) });
    } else if (kind === 'band') bands.push({ instrument: rest, samples: pairs(take(tag + name)).map(([member, second]) => sampleOfMember(member, second)) });
    else if (kind === 'book' || kind === 'depth') instruments.add(rest.slice(0, rest.lastIndexOf(':')));
  }
  const books = [...instruments].sort(compareText).map((instrument): BookState => ({
    instrument,
    bids: readSide(instrument, -1, take(keys.book(instrument, 'bids')), take(keys.depth(instrument, 'bids')), byId, problems),
    asks: readSide(instrument, 1, take(keys.book(instrument, 'asks')), take(keys.depth(instrument, 'asks')), byId, problems),
  }));
  const money = storedMoney({
    accounts: pairs(take(keys.accounts)), feeGroups: pairs(take(keys.feeGroups)), transfers: pairs(take(keys.transfers)), timers: pairs(take(keys.timers)),
    references: pairs(take(keys.references)),
  }, problems);
  take(keys.instruments);
  const leases = new Map([...content.keys()].filter((name) => name.startsWith('lease:')).map((name) => [name.slice('lease:'.length), pairs(take(tag + name))]));
  const catalogue = pairs(take(keys.catalogue)).map(([instrument, stored]) => decodeStoredRules(instrument, stored));
  const controls = storedControls({ dues: pairs(take(keys.due)), killed: pairs(take(keys.killed)), leases }, orders, meta, problems);
  checkHidden(hidden, orders, meta.hidden !== undefined, problems);
  const opening = catalogue.find(({ openingTicks }) => openingTicks > 0)?.instrument;
  if (meta.opening !== opening) problems.push(`the call auction of ${meta.opening ?? 'nothing'} is to go on, that of ${opening ?? 'nothing'} has begun to end`);
  for (const name of content.keys()) problems.push(`key ${name} belongs to nothing`);

  const tradeIds = Object.entries(meta)
    .filter(([field]) => field.startsWith('trade_id:'))
    .map(([field, tradeId]) => ({ instrument: field.slice('trade_id:'.length), tradeId: Number(tradeId) }));
  return {
    state: {
      sequence: Number(meta.seq),
      tradeIds: tradeIds.sort((a, b) => compareText(a.instrument, b.instrument)),
      catalogue: catalogue.sort((a, b) => compareText(a.instrument, b.instrument)),
      bands: bands.sort((a, b) => compareText(a.instrument, b.instrument)),
      books,
      waiting: storedWaiting({ stops, trails, reached }, meta, byId, problems),
      released: storedReleased(released, meta, byId, problems),
      orders: orders.sort((a, b) => compareText(a.orderId, b.orderId)),
      openOrders: openOrders.sort((a, b) => compareText(a.clientId, b.clientId)),
      clientOrderIds: clientOrderIds.sort(
        (a, b) => compareText(a.clientId, b.clientId) || compareText(a.clientOrderId, b.clientOrderId),
      ),
      idempotency: idempotency.sort((a, b) => compareText(a.digest, b.digest)),
      controls,
      ...money,
    },
    meta,
    log,
    trades,
    problems,
  };
}

function pairs(reply: Reply): [string, string][] {
  const result: [string, string][] = [];
  for (let i = 0; i < reply.length; i += 2) result.push([reply[i] as string, reply[i + 1] as string]);
  return result;
}

/** Client texts stand in keys as they stand in records: JSON-escaped. */
function unescape(text: string): string {
  return JSON.parse(`"${text}"`) as string;
}

function readElement(element: StreamElement, problems: string[]): LogEntry[] {
  const [id, fields] = element;
  if (fields.length % 2 !== 0 || fields.some((field, i) => i % 2 === 0 && field !== LOG_FIELD)) {
    problems.push(`log element ${id} has fields ${fields.join(' ')}`);
  }
  return entriesOf(element).map(({ sequence, payload }) => {
    const entry = decodeLogEntry(payload);
    if (sequence !== entry.sequence) problems.push(`log entry ${entry.sequence} stands where entry ${sequence} belongs`);
    return entry;
  });
}

/** A client's open orders, by id; each must be listed under the sequence at which it was placed. */
function readOpen(name: string, reply: Reply, orders: ReadonlyMap<string, Order>, problems: string[]): string[] {
  return pairs(reply).map(([id, score]) => {
    const orderId = expandId(id);
    const placed = orders.get(orderId)?.placedSequence;
    if (score !== String(placed)) problems.push(`${name} lists ${orderId} with score ${score}, it was placed at ${placed ?? 'no time'}`);
    return orderId;
  }).sort(compareText);
}

/** Levels of one side, best first, from its sorted set (queue) and its hash (totals). */
function readSide(
  instrument: string, sign: 1 | -1, book: Reply, depth: Reply, orders: ReadonlyMap<string, Order>, problems: string[],
): LevelState[] {
  const totals = new Map(pairs(depth));
  const levels: { priceTicks: number; quantityLots: number; orderIds: string[] }[] = [];
  for (const [member, score] of pairs(book)) {
    const orderId = expandId(member.slice(-COMPACT_ID_LENGTH));
    const place = member.slice(0, -COMPACT_ID_LENGTH);
    const order = orders.get(orderId);
    const price = score.replace('-', '');
    if (sign * Number(score) !== Number(price)) problems.push(`${instrument}: order ${orderId} stands at score ${score}`);
    const told = order === undefined ? 'nothing' : `${String(order.priority).padStart(14, '0')}${order.traits.refill?.toString().padStart(6, '0') ?? ''}`;
    if (place !== told) problems.push(`${instrument}: order ${orderId} waits at place ${place}, its record tells ${told}`);
    let level = levels[levels.length - 1];
    if (level?.priceTicks !== Number(price)) {
      level = { priceTicks: Number(price), quantityLots: Number(totals.get(price) ?? -1), orderIds: [] };
      levels.push(level);
      totals.delete(price);
    }
    level.orderIds.push(orderId);
  }
  for (const [price, lots] of totals) problems.push(`${instrument}: ${lots} lots at ${price}, where no order waits`);
  return levels;
}
