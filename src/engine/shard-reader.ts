import { decodeStoredRules, isPlain, type InstrumentRules } from '../domain/instrument-rules';
import { decodeLogEntry, epochOfPayload, type LogEntry } from '../domain/log-entry';
import type { Control } from '../domain/controls';
import type { Order, Trade } from '../domain/order';
import type { Direction } from '../domain/order-type';
import { COMPACT_ID_LENGTH, expandId } from '../domain/order-id';
import { parseClientOrderName } from './commands/client-order-name';
import { sampleOfMember, type BandSample, type BandSamples } from '../domain/price-band';
import { LOG_FIELD, entriesOf, shardKeys, type ShardKeys, type StreamElement } from './keys';
import { decodeRecentTrade } from './recent-trade';
import { bookPlace, decodeStoredOrder } from './record';
import type { RedisConnection } from './redis-connection';
import { storedControls } from './stored-controls';
import { checkHidden } from './stored-hidden';
import { storedMoney, type StoredMoney } from './stored-money';
import { storedReleased, type StoredReleased } from './stored-released';
import { trailOfName } from './stored-trails';
import { storedWaiting, type StoredWaiting } from './stored-waiting';

/** A price level as Redis holds it; orders in queue order. */
export interface StoredLevel {
  readonly priceTicks: number;
  readonly quantityLots: number;
  readonly orderIds: readonly string[];
}

/** Everything a shard holds in Redis, every key of it but those of what is good once. Lists stand in a fixed order, so equal shards are equal. */
export interface StoredShard {
  readonly state: {
    readonly sequence: number;
    readonly tradeIds: readonly { readonly instrument: string; readonly tradeId: number }[];
    readonly catalogue: readonly InstrumentRules[];
    readonly bands: readonly BandSamples[];
    readonly waiting: readonly StoredWaiting[];
    readonly released: readonly StoredReleased[];
    readonly books: readonly { readonly instrument: string; readonly bids: readonly StoredLevel[]; readonly asks: readonly StoredLevel[] }[];
    readonly orders: readonly Order[];
    readonly openOrders: readonly { readonly clientId: string; readonly orderIds: readonly string[] }[];
    readonly clientOrderIds: readonly { readonly clientId: string; readonly clientOrderId: string; readonly orderId: string }[];
    readonly controls: readonly Control[];
    readonly idempotency: readonly { readonly digest: string; readonly sequence: number; readonly second: number }[];
  } & StoredMoney;
  readonly meta: Readonly<Record<string, string>>;
  readonly log: readonly LogEntry[];
  /** The log's payloads as they stand in it, by sequence. */
  readonly payloads: ReadonlyMap<number, string>;
  /** Recent trades by instrument, newest first. */
  readonly trades: ReadonlyMap<string, readonly Trade[]>;
  /** Keys that no part of the shard explains, and values in a form that the engine never writes. */
  readonly problems: readonly string[];
}

type Attempt = <T>(what: string, read: () => T) => T | null;

const META_FIELD = /^(state|epoch|version|seq|time_us|persisted|fault|funds|fees|breach|due_us|due_after|held|kills|rules|opening|hidden|waiting|trailing|reached|suspended|released|trade_id:.+)$/;
/** What is good once and was used: it goes by itself, at any time. */
const ONCE = /^once:[0-9]+$/;
const TIMEOUT_MS = 30_000;
const PAGE = 2_000;

const TYPE = {
  meta: 'hash', orders: 'hash', client_order_ids: 'hash', idem: 'hash', accounts: 'hash', instruments: 'hash', catalogue: 'hash', fee_groups: 'hash', transfers: 'hash',
  timers: 'zset', due: 'zset', killed: 'hash', lease: 'hash', references: 'hash', log: 'stream', book: 'zset', depth: 'hash', hidden: 'hash', open: 'zset', trades: 'list', band: 'zset',
  stops: 'zset', trails: 'zset', trail: 'zset', reached: 'list', released: 'list',
} as const;
type Kind = keyof typeof TYPE;
const KINDS = Object.keys(TYPE) as Kind[];

/** What stands behind a kind of key's name, null for nothing. */
const alone = (owner: string | null): boolean => owner === null;
const owned = (owner: string | null): boolean => owner !== null && owner !== '';
const ofDirection = (owner: string | null): boolean => owner !== null && /.:(rising|falling)$/.test(owner);
const ofSide = (owner: string | null): boolean => owner !== null && /.:(bids|asks)$/.test(owner);
const OWNER: Readonly<Record<Kind, (owner: string | null) => boolean>> = {
  meta: alone, orders: alone, client_order_ids: alone, idem: alone, accounts: alone, instruments: alone, catalogue: alone, fee_groups: alone, transfers: alone,
  timers: alone, due: alone, killed: alone, lease: owned, references: alone, log: alone, book: ofSide, depth: ofSide, hidden: ofSide, open: owned, trades: owned, band: owned,
  stops: ofDirection, trails: (owner) => owner !== null && trailOfName(owner) !== null, trail: (owner) => owner !== null && storeOf(owner) !== null, reached: owned, released: owned,
};

/** A group's store: the trail's name and its own. */
const storeOf = (owner: string): { readonly name: string; readonly store: string } | null => {
  const [, name = '', store = ''] = /^(.+):(\d+)$/.exec(owner) ?? [];
  return trailOfName(name) === null ? null : { name, store };
};

const compareText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

/**
 * Reads a whole shard, page by page. What it gives is one moment only when nothing writes meanwhile: the
 * caller sees to that (a copy, or a venue at rest).
 */
export class ShardReader {
  private readonly keys: ShardKeys;
  private readonly tag: string;

  constructor(private readonly redis: RedisConnection, shard: string) {
    this.keys = shardKeys(shard);
    this.tag = `{${shard}}:`;
  }

  private send(...command: string[]): Promise<unknown> {
    return this.redis.send(command, TIMEOUT_MS);
  }

  async read(): Promise<StoredShard> {
    const problems: string[] = [];
    /** Reads one item; one in a form that the engine never writes is told of and left out. */
    const attempt = <T>(what: string, read: () => T): T | null => {
      try {
        return read();
      } catch (error) {
        problems.push(`${what} cannot be read: ${(error as Error).message}`);
        return null;
      }
    };
    const has = (kind: Kind): boolean => (names.get(kind) as string[]).length > 0;
    const names = new Map<Kind, string[]>(KINDS.map((kind) => [kind, []]));
    for (const key of await this.keyNames()) {
      const name = key.slice(this.tag.length);
      if (ONCE.test(name)) continue;
      const colon = name.indexOf(':');
      const kind = (colon < 0 ? name : name.slice(0, colon)) as Kind;
      const owner = colon < 0 ? null : name.slice(colon + 1);
      if (!(kind in OWNER && OWNER[kind](owner))) problems.push(`key ${key} belongs to nothing`);
      else if ((await this.send('TYPE', key)) !== TYPE[kind]) problems.push(`key ${key} is no ${TYPE[kind]}`);
      else names.get(kind)?.push(owner ?? '');
    }
    const meta = has('meta') ? Object.fromEntries(pairs((await this.send('HGETALL', this.keys.meta)) as string[])) : {};
    for (const field of Object.keys(meta)) {
      if (!META_FIELD.test(field)) problems.push(`key ${this.keys.meta} has a field ${field}, which belongs to nothing`);
    }
    const orders: Order[] = [];
    if (has('orders')) for await (const [id, record] of this.hash(this.keys.orders)) {
      const order = attempt(`order ${expandId(id)}: its record ${record}`, () => decodeStoredOrder(record, id));
      if (order === null) continue;
      orders.push(order);
    }
    const byId = new Map(orders.map((order) => [order.orderId, order]));
    const clientOrderIds: { clientId: string; clientOrderId: string; orderId: string }[] = [];
    if (has('client_order_ids')) for await (const [name, id] of this.hash(this.keys.clientOrderIds)) {
      const named = attempt(`client order id ${name}`, () => ({ ...parseClientOrderName(name), orderId: expandId(id) }));
      if (named !== null) clientOrderIds.push(named);
    }
    const idempotency: { digest: string; sequence: number; second: number }[] = [];
    if (has('idem')) for await (const [digest, stored] of this.hash(this.keys.idempotency)) {
      if (!/^\d+,\d+$/.test(stored)) problems.push(`idempotency key ${digest} holds ${stored}`);
      const [sequence, second] = stored.split(',');
      idempotency.push({ digest, sequence: Number(sequence), second: Number(second) });
    }
    const money = await this.readMoney(has, problems);
    const catalogue: InstrumentRules[] = [];
    if (has('catalogue')) for await (const [instrument, stored] of this.hash(this.keys.catalogue)) {
      const rules = attempt(`instrument ${instrument}: its rules ${stored}`, () => decodeStoredRules(instrument, stored));
      if (rules !== null) catalogue.push(rules);
    }
    const ruled = catalogue.filter((rules) => !isPlain(rules)).length;
    if (Number(meta.rules ?? 0) !== ruled) problems.push(`orders are told to look for the rules of ${meta.rules ?? 0} instruments, ${ruled} have some`);
    const openings = catalogue.filter(({ openingTicks }) => openingTicks > 0).map(({ instrument }) => instrument);
    if (openings.join() !== (meta.opening ?? '')) problems.push(`the call auction of ${meta.opening ?? 'nothing'} is to go on, that of ${openings.join() || 'nothing'} has begun to end`);
    const hidden = new Map<string, [string, string][]>();
    for (const side of names.get('hidden') as string[]) {
      const levels: [string, string][] = [];
      for await (const level of this.hash(`${this.tag}hidden:${side}`)) levels.push(level);
      hidden.set(side, levels);
    }
    checkHidden(hidden, orders, meta.hidden !== undefined, problems);
    const dues: [string, string][] = [];
    if (has('due')) for await (const pair of this.ranks(this.keys.due)) dues.push(pair);
    const killed: [string, string][] = [];
    if (has('killed')) for await (const pair of this.hash(this.keys.killed)) killed.push(pair);
    const leases = new Map<string, [string, string][]>();
    for (const lease of names.get('lease') as string[]) {
      const clients: [string, string][] = [];
      for await (const pair of this.hash(this.keys.lease(lease))) clients.push(pair);
      leases.set(lease, clients);
    }
    const controls = storedControls({ dues, killed, leases }, orders, meta, problems);
    const openOrders: { clientId: string; orderIds: string[] }[] = [];
    for (const client of names.get('open') as string[]) {
      const clientId = attempt(`client ${client}`, () => unescapeText(client));
      if (clientId !== null) openOrders.push({ clientId, orderIds: await this.readOpen(client, byId, problems) });
    }
    const trades = new Map<string, Trade[]>();
    for (const instrument of names.get('trades') as string[]) trades.set(instrument, await this.readTrades(instrument, attempt));
    const bands: BandSamples[] = [];
    for (const instrument of [...names.get('band') as string[]].sort(compareText)) bands.push({ instrument, samples: await this.readBand(instrument, attempt) });
    const instruments = new Set([...names.get('book') as string[], ...names.get('depth') as string[]].map((name) => name.slice(0, name.lastIndexOf(':'))));
    const books: { instrument: string; bids: StoredLevel[]; asks: StoredLevel[] }[] = [];
    for (const instrument of [...instruments].sort(compareText)) {
      books.push({
        instrument,
        bids: await this.readSide(instrument, 'bids', byId, names, problems),
        asks: await this.readSide(instrument, 'asks', byId, names, problems),
      });
    }
    return {
      state: {
        sequence: Number(meta.seq),
        tradeIds: Object.entries(meta)
          .filter(([field]) => field.startsWith('trade_id:'))
          .map(([field, tradeId]) => ({ instrument: field.slice('trade_id:'.length), tradeId: Number(tradeId) }))
          .sort((a, b) => compareText(a.instrument, b.instrument)),
        catalogue: catalogue.sort((a, b) => compareText(a.instrument, b.instrument)),
        bands,
        books,
        waiting: await this.readWaiting(names, meta, byId, problems),
        released: storedReleased(await this.readReleased(names.get('released') as string[]), meta, byId, problems),
        orders: orders.sort((a, b) => compareText(a.orderId, b.orderId)),
        openOrders: openOrders.sort((a, b) => compareText(a.clientId, b.clientId)),
        clientOrderIds: clientOrderIds.sort((a, b) => compareText(a.clientId, b.clientId) || compareText(a.clientOrderId, b.clientOrderId)),
        idempotency: idempotency.sort((a, b) => compareText(a.digest, b.digest)),
        controls,
        ...money,
      },
      meta,
      ...(has('log') ? await this.readLog(meta.epoch, attempt, problems) : { log: [], payloads: new Map() }),
      trades,
      problems,
    };
  }

  /** Accounts, rates and transfers; what is kept beside them has to say the same. */
  private async readMoney(has: (kind: Kind) => boolean, problems: string[]): Promise<StoredMoney> {
    const hash = async (kind: Kind, key: string): Promise<[string, string][]> => {
      const pairsOf: [string, string][] = [];
      if (has(kind)) for await (const pair of this.hash(key)) pairsOf.push(pair);
      return pairsOf;
    };
    const timers: [string, string][] = [];
    if (has('timers')) for await (const pair of this.ranks(this.keys.timers)) timers.push(pair);
    return storedMoney({
      accounts: await hash('accounts', this.keys.accounts), feeGroups: await hash('fee_groups', this.keys.feeGroups),
      transfers: await hash('transfers', this.keys.transfers), timers, references: await hash('references', this.keys.references),
    }, problems);
  }

  private async readWaiting(
    names: ReadonlyMap<Kind, readonly string[]>, meta: Readonly<Record<string, string>>, orders: ReadonlyMap<string, Order>, problems: string[],
  ): Promise<StoredWaiting[]> {
    const stops = new Map<string, Record<Direction, [string, string][]>>();
    for (const name of names.get('stops') ?? []) {
      const [instrument, direction] = [name.slice(0, name.lastIndexOf(':')), name.slice(name.lastIndexOf(':') + 1) as Direction];
      const both = stops.get(instrument) ?? { rising: [], falling: [] };
      for await (const pair of this.ranks(this.keys.stops(instrument, direction))) both[direction].push(pair);
      stops.set(instrument, both);
    }
    const trails = new Map<string, { groups: [string, string][]; stores: Map<string, [string, string][]> }>();
    const trailOf = (name: string): { groups: [string, string][]; stores: Map<string, [string, string][]> } => {
      const known = trails.get(name) ?? { groups: [], stores: new Map<string, [string, string][]>() };
      trails.set(name, known);
      return known;
    };
    for (const name of names.get('trails') ?? []) for await (const pair of this.ranks(this.keys.trails(name))) trailOf(name).groups.push(pair);
    for (const owner of names.get('trail') ?? []) {
      const { name, store } = storeOf(owner) as { name: string; store: string };
      const members: [string, string][] = [];
      for await (const pair of this.ranks(this.keys.trail(name, store))) members.push(pair);
      trailOf(name).stores.set(store, members);
    }
    const reached = new Map<string, string[]>();
    for (const instrument of names.get('reached') ?? []) {
      reached.set(instrument, (await this.send('LRANGE', this.keys.reached(instrument), '0', '-1')) as string[]);
    }
    return storedWaiting({ stops, trails, reached }, meta, orders, problems);
  }

  private async keyNames(): Promise<Set<string>> {
    const found = new Set<string>();
    let cursor = '0';
    do {
      const [next, names] = (await this.send('SCAN', cursor, 'MATCH', `${this.tag}*`, 'COUNT', String(PAGE))) as [string, string[]];
      for (const name of names) found.add(name);
      cursor = next;
    } while (cursor !== '0');
    return found;
  }

  /** Fields of a hash, each once. */
  private async *hash(key: string): AsyncGenerator<[string, string]> {
    const seen = new Set<string>();
    let cursor = '0';
    do {
      const [next, reply] = (await this.send('HSCAN', key, cursor, 'COUNT', String(PAGE))) as [string, string[]];
      for (const [field, value] of pairs(reply)) {
        if (seen.has(field)) continue;
        seen.add(field);
        yield [field, value];
      }
      cursor = next;
    } while (cursor !== '0');
  }

  /** Members of a sorted set with their scores, by rank. */
  private async *ranks(key: string): AsyncGenerator<[member: string, score: string]> {
    for (let start = 0; ; start += PAGE) {
      const page = pairs((await this.send('ZRANGE', key, String(start), String(start + PAGE - 1), 'WITHSCORES')) as string[]);
      yield* page;
      if (page.length < PAGE) return;
    }
  }

  private async readLog(epoch: string | undefined, attempt: Attempt, problems: string[]): Promise<Pick<StoredShard, 'log' | 'payloads'>> {
    const log: LogEntry[] = [];
    const payloads = new Map<number, string>();
    let start = '-';
    for (;;) {
      const page = (await this.send('XRANGE', this.keys.log, start, '+', 'COUNT', String(PAGE))) as StreamElement[];
      for (const element of page) {
        const [id, fields] = element;
        if (fields.length < 2 || fields.length % 2 !== 0 || fields.some((field, i) => i % 2 === 0 && field !== LOG_FIELD)) {
          problems.push(`log element ${id} has fields ${fields.join(' ')}`);
        }
        for (const { sequence, payload } of entriesOf(element)) {
          const entry = attempt(`log entry ${sequence}`, () => decodeLogEntry(payload));
          if (entry === null) continue;
          if (sequence !== entry.sequence) problems.push(`log entry ${entry.sequence} stands where entry ${sequence} belongs`);
          if (epochOfPayload(payload) !== epoch) {
            problems.push(`log entry ${sequence} is of epoch ${epochOfPayload(payload)}, the shard lives in ${epoch ?? 'none'}`);
          }
          log.push(entry);
          payloads.set(entry.sequence, payload);
        }
      }
      const last = page[page.length - 1];
      if (last === undefined || page.length < PAGE) return { log, payloads };
      start = `(${last[0]}`;
    }
  }

  /** Ids of a client's open orders, by id. */
  private async readOpen(client: string, orders: ReadonlyMap<string, Order>, problems: string[]): Promise<string[]> {
    const ids: string[] = [];
    for await (const [id, score] of this.ranks(this.keys.open(client))) {
      const orderId = expandId(id);
      const placed = orders.get(orderId)?.placedSequence;
      if (placed !== undefined && score !== String(placed)) problems.push(`open:${client} lists ${orderId} as placed at ${score}, its record tells ${placed}`);
      ids.push(orderId);
    }
    return ids.sort(compareText);
  }

  private async readReleased(instruments: readonly string[]): Promise<Map<string, string[]>> {
    const rows = new Map<string, string[]>();
    for (const instrument of instruments) rows.set(instrument, (await this.send('LRANGE', this.keys.released(instrument), '0', '-1')) as string[]);
    return rows;
  }

  private async readBand(instrument: string, attempt: Attempt): Promise<BandSample[]> {
    const samples: BandSample[] = [];
    for await (const [member, second] of this.ranks(this.keys.band(instrument))) {
      const sample = attempt(`reference price of ${instrument}`, () => sampleOfMember(member, second));
      if (sample !== null) samples.push(sample);
    }
    return samples;
  }

  private async readTrades(instrument: string, attempt: Attempt): Promise<Trade[]> {
    const rows = (await this.send('LRANGE', this.keys.trades(instrument), '0', '-1')) as string[];
    const trades: Trade[] = [];
    for (const row of rows) {
      const trade = attempt(`recent trade ${row} of ${instrument}`, () => decodeRecentTrade(instrument, row));
      if (trade !== null) trades.push(trade);
    }
    return trades;
  }

  /** Levels of one side, best first, from its sorted set (queue) and its hash (totals). */
  private async readSide(
    instrument: string, side: 'bids' | 'asks', orders: ReadonlyMap<string, Order>, names: ReadonlyMap<Kind, readonly string[]>, problems: string[],
  ): Promise<StoredLevel[]> {
    const has = (kind: 'book' | 'depth'): boolean => names.get(kind)?.includes(`${instrument}:${side}`) === true;
    const totals = new Map<string, string>();
    if (has('depth')) for await (const [price, lots] of this.hash(this.keys.depth(instrument, side))) totals.set(price, lots);
    const levels: { priceTicks: number; quantityLots: number; orderIds: string[] }[] = [];
    if (has('book')) for await (const [member, score] of this.ranks(this.keys.book(instrument, side))) {
      const orderId = expandId(member.slice(-COMPACT_ID_LENGTH));
      const place = member.slice(0, -COMPACT_ID_LENGTH);
      const price = score.replace('-', '');
      if ((side === 'bids') !== score.startsWith('-')) problems.push(`${instrument} ${side}: order ${orderId} stands at score ${score}`);
      const order = orders.get(orderId);
      const told = order === undefined ? 'nothing' : bookPlace(order);
      if (place !== told) problems.push(`${instrument} ${side}: order ${orderId} waits at place ${place}, its record tells ${told}`);
      let level = levels[levels.length - 1];
      if (level?.priceTicks !== Number(price)) {
        level = { priceTicks: Number(price), quantityLots: Number(totals.get(price) ?? 0), orderIds: [] };
        levels.push(level);
        totals.delete(price);
      }
      level.orderIds.push(orderId);
    }
    for (const [price, lots] of totals) problems.push(`${instrument} ${side}: ${lots} lots at ${price}, where no order waits`);
    return levels;
  }
}

function pairs(reply: readonly string[]): [string, string][] {
  const result: [string, string][] = [];
  for (let i = 0; i < reply.length; i += 2) result.push([reply[i] as string, reply[i + 1] as string]);
  return result;
}

/** Client texts stand in keys as they stand in records: JSON-escaped. */
function unescapeText(text: string): string {
  return JSON.parse(`"${text}"`) as string;
}
