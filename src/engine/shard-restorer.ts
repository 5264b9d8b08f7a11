import { COMPACT_ID_LENGTH, compactId } from '../domain/order-id';
import { SHARD_LAYOUT_VERSION } from '../domain/layouts';
import { decodeStoredRules, encodeRules, isPlain, scaleOfRules, type InstrumentRules } from '../domain/instrument-rules';
import { decodeTransfer } from '../domain/log-entry-wire';
import { FUNDS_CODE, type AccountState, type FeeGroup, type Funds, type Transfer } from '../domain/money';
import { compareControls, LEASE_REBUILT_US, type Control } from '../domain/controls';
import { displayedLots, hiddenLots } from '../domain/iceberg';
import { expiryUs, type Order, type Trade } from '../domain/order';
import { waitsForFirst } from '../domain/order-list';
import { directionOf, type Direction } from '../domain/order-type';
import { bandMember, sampleOfMember, type BandSample } from '../domain/price-band';
import { nearestOf, trailingTicks, trailOf } from '../domain/trailing';
import { decodeAccountRecord, encodeAccountRecord } from './account-record';
import { encodeRates } from './commands/fee-group';
import { escapeText } from './commands/text';
import { clientOrderName } from './commands/client-order-name';
import { shardKeys, type ShardKeys } from './keys';
import { encodeRecentTrade } from './recent-trade';
import { bookMember, bookScore, decodeStoredOrder, DUE_KILL, DUE_LEASE, DUE_ORDER, DUE_SWITCH, dueMember, encodeStoredOrder } from './record';
import type { RedisConnection } from './redis-connection';
import { switchMember, switchOf } from './stored-controls';
import { encodeScale } from './scale';
import { decodeFeeGroup } from './shard-reads';
import { addHidden, type HiddenLots } from './stored-hidden';
import { trailName, trailOfName, trailsOf } from './stored-trails';
import { waitingScore } from './stored-waiting';
import { encodeStoredTransfer } from './transfer-record';

/** Redis may take a while for a page while it rewrites its append-only file. */
const TIMEOUT_MS = 60_000;
const SCAN_COUNT = 1_000;
const RELEASED_PAGE = 1_000;
const VERIFY_PAGE = 1_000;

/** Entries that have reached orders of an instrument. */
interface InstrumentReaches {
  readonly instrument: string;
  readonly reaches: readonly { readonly sequence: number; readonly firstTicks: number; readonly lastTicks: number }[];
}

export interface RestoredCounters {
  readonly epoch: string;
  readonly sequence: number;
  readonly timeUs: number;
  /** Last trade id of each instrument. */
  readonly tradeIds: ReadonlyMap<string, number>;
  readonly funds: Funds;
}

/** Orders of an instrument that trail, from one direction by one measure: groups of those that have seen the same best price (0 for none). */
export interface RestoredTrail {
  /** As `trailName` has it. */
  readonly name: string;
  readonly groups: readonly {
    readonly bestTicks: number;
    readonly orders: readonly { readonly since: number; readonly priority: number; readonly member: string; readonly distance: number }[];
  }[];
}

/** What the rebuilt book holds that it must not, or the other way round. */
export class RestoreError extends Error {}

/**
 * Writes a shard's structures from records read elsewhere. The shard takes no commands meanwhile: its state
 * is `recovering`, and only `open` lets them in again.
 */
export class ShardRestorer {
  private readonly keys: ShardKeys;
  /** What the icebergs hide that were added. */
  private readonly hidden: HiddenLots = new Map();

  constructor(private readonly redis: RedisConnection, private readonly shard: string) {
    this.keys = shardKeys(shard);
  }

  private send(...command: string[]): Promise<unknown> {
    return this.redis.send(command, TIMEOUT_MS);
  }

  async nowS(): Promise<number> {
    const [second] = (await this.send('TIME')) as [string, string];
    return Number(second);
  }

  /** Closes the shard to commands and drops everything it holds of the book. */
  async clear(counters: RestoredCounters): Promise<void> {
    // The state first: from here on no command gets in, whatever happens to this process.
    await this.send('HSET', this.keys.meta, 'state', 'recovering');
    this.hidden.clear();
    let cursor = '0';
    do {
      const [next, names] = (await this.send('SCAN', cursor, 'MATCH', `{${this.shard}}:*`, 'COUNT', String(SCAN_COUNT))) as [string, string[]];
      // Signatures that were used stay so.
      const doomed = names.filter((name) => name !== this.keys.meta && !name.startsWith(this.keys.oncePrefix));
      if (doomed.length > 0) await this.send('UNLINK', ...doomed);
      cursor = next;
    } while (cursor !== '0');
    await this.send('DEL', this.keys.meta);
    await this.send(
      'HSET', this.keys.meta, 'state', 'recovering', 'epoch', counters.epoch, 'version', String(SHARD_LAYOUT_VERSION), 'funds', String(FUNDS_CODE[counters.funds]),
      'seq', String(counters.sequence),
      'persisted', String(counters.sequence), 'time_us', String(counters.timeUs),
      ...[...counters.tradeIds].flatMap(([instrument, tradeId]) => [`trade_id:${instrument}`, String(tradeId)]),
    );
  }

  /** Adds instruments that were made or changed, with their scales. */
  async addCatalogue(instruments: readonly InstrumentRules[]): Promise<void> {
    if (instruments.length === 0) return;
    await this.send('HSET', this.keys.catalogue, ...instruments.flatMap((rules) => [rules.instrument, encodeRules(rules)]));
    await this.send('HSET', this.keys.instruments, ...instruments.flatMap((rules) => [rules.instrument, encodeScale(scaleOfRules(rules))]));
    await this.send('HSET', this.keys.meta, 'rules', String(instruments.filter((rules) => !isPlain(rules)).length));
    // A call auction goes on where it was.
    for (const { instrument, openingTicks } of instruments) {
      if (openingTicks > 0) await this.send('HSET', this.keys.meta, 'opening', instrument);
    }
  }

  /** Those instruments as they are written, by name. @throws RestoreError where orders would not look for their rules */
  async writtenCatalogue(): Promise<InstrumentRules[]> {
    const written: InstrumentRules[] = [];
    for await (const page of this.fieldsOf(this.keys.catalogue)) written.push(...page.map(([name, stored]) => decodeStoredRules(name, stored)));
    const ruled = written.filter((rules) => !isPlain(rules)).length;
    const told = Number(await this.send('HGET', this.keys.meta, 'rules') ?? 0);
    const opening = await this.send('HGET', this.keys.meta, 'opening') as string | null;
    const wanted = written.filter(({ openingTicks }) => openingTicks > 0).map(({ instrument }) => instrument);
    if (wanted.join() !== (opening ?? '')) throw new RestoreError(`the call auction of ${opening ?? 'nothing'} is to go on, and that of ${wanted.join() || 'nothing'} has begun to end`);
    if (told !== ruled) throw new RestoreError(`orders are told to look for the rules of ${told} instruments, ${ruled} have some`);
    return written.sort((a, b) => (a.instrument < b.instrument ? -1 : 1));
  }

  /** Adds open orders to the book, or to those that wait for a price, and to their clients' listings. */
  async addOrders(orders: readonly Order[]): Promise<void> {
    if (orders.length === 0) return;
    const records: string[] = [];
    const clientOrderIds: string[] = [];
    const members = new Map<string, string[]>();
    const depths = new Map<string, Map<number, number>>();
    const open = new Map<string, string[]>();
    const dues: string[] = [];
    for (const order of orders) {
      const id = compactId(order.orderId);
      records.push(id, encodeStoredOrder(order));
      if (waitsForFirst(order)) {
        // It stands nowhere but in its record until the first of its list is filled.
      } else if (order.status === 'pending' && trailOf(order.traits) !== null) {
        // Where it stands other trades tell (`addTrails`).
      } else if (order.status === 'pending') {
        getOrAdd(members, this.keys.stops(order.instrument, directionOf(order)), () => []).push(waitingScore(directionOf(order), order.traits.triggerPrice as number), bookMember(order));
      } else {
        const side = order.side === 'buy' ? 'bids' : 'asks';
        getOrAdd(members, this.keys.book(order.instrument, side), () => []).push(bookScore(order), bookMember(order));
        const depth = getOrAdd(depths, this.keys.depth(order.instrument, side), () => new Map<number, number>());
        const price = order.priceTicks ?? 0;
        depth.set(price, (depth.get(price) ?? 0) + displayedLots(order));
      }
      const client = escapeText(order.clientId);
      getOrAdd(open, this.keys.open(client), () => []).push(String(order.placedSequence), id);
      const expires = expiryUs(order);
      if (expires !== null) dues.push(String(expires), dueMember(order));
      if (order.clientOrderId !== null) clientOrderIds.push(clientOrderName(order.clientId, order.clientOrderId), id);
    }
    const commands: Promise<unknown>[] = [this.send('HSET', this.keys.orders, ...records)];
    if (clientOrderIds.length > 0) commands.push(this.send('HSET', this.keys.clientOrderIds, ...clientOrderIds));
    if (dues.length > 0) commands.push(this.send('ZADD', this.keys.due, ...dues));
    for (const [key, values] of members) commands.push(this.send('ZADD', key, ...values));
    for (const [key, values] of open) commands.push(this.send('ZADD', key, ...values));
    for (const [key, levels] of depths) {
      // A level may go on over pages; HINCRBY is exact in the store.
      for (const [price, lots] of levels) commands.push(this.send('HINCRBY', key, String(price), String(lots)));
    }
    if (orders.some(({ traits }) => traits.shown !== undefined)) commands.push(this.send('HSET', this.keys.meta, 'hidden', '1'), ...this.addHidden(orders));
    await Promise.all(commands);
  }

  /** Adds all orders that trail, of which `addOrders` has the records: the nearest of each group waits for its price. */
  async addTrails(trails: readonly RestoredTrail[]): Promise<void> {
    for (const { name, groups } of trails) {
      const trail = trailOfName(name);
      if (trail === null) throw new RestoreError(`${name} is no trail`);
      const { instrument, direction, measure } = trail;
      for (const { bestTicks, orders } of groups) {
        const first = orders.reduce((least, { since }) => Math.min(least, since), Number.MAX_SAFE_INTEGER);
        await this.send('ZADD', this.keys.trails(name), String(first), `${bestTicks},${first}`);
        for (let at = 0; at < orders.length; at += VERIFY_PAGE) {
          await this.send('ZADD', this.keys.trail(name, String(first)), ...orders.slice(at, at + VERIFY_PAGE).flatMap(({ distance, member }) => [String(distance), member]));
        }
        const head = nearestOf(direction, orders.map((order) => ({ order, ticks: trailingTicks(direction, { measure, distance: order.distance }, bestTicks) })));
        if (head !== null) await this.send('ZADD', this.keys.stops(instrument, direction), waitingScore(direction, head.ticks as number), head.order.member);
      }
    }
    if (trails.length > 0) await this.send('HSET', this.keys.meta, 'trailing', `;${trails.map(({ name }) => name).join(';')};`);
  }

  /** Writes which instruments orders wait in, and the entries that have reached some of them: who goes ahead of all else, and who once an instrument trades. */
  async addReached(waiting: readonly string[], reached: InstrumentReaches | null, suspended: readonly InstrumentReaches[]): Promise<void> {
    if (waiting.length > 0) await this.send('HSET', this.keys.meta, 'waiting', `;${waiting.join(';')};`);
    const told: string[] = [];
    for (const { instrument, reaches } of [...(reached === null ? [] : [reached]), ...suspended]) {
      const ticks = reaches.flatMap(({ firstTicks, lastTicks }) => [firstTicks, lastTicks]);
      await this.send('RPUSH', this.keys.reached(instrument), ...reaches.map(({ sequence, firstTicks, lastTicks }) => `${sequence},${firstTicks},${lastTicks}`));
      told.push(`${instrument}=${ticks.reduce((a, b) => Math.min(a, b))},${ticks.reduce((a, b) => Math.max(a, b))}`);
    }
    const active = reached === null ? undefined : told.shift();
    if (active !== undefined) await this.send('HSET', this.keys.meta, 'reached', active);
    if (told.length > 0) await this.send('HSET', this.keys.meta, 'suspended', `;${told.join(';')};`);
  }

  /** Writes orders that go next because of their lists, oldest first. @param isActive whether they go ahead of all else */
  async addReleased(instrument: string, released: readonly { readonly orderId: string; readonly cause: number }[], isActive: boolean): Promise<void> {
    for (let start = 0; start < released.length; start += RELEASED_PAGE) {
      await this.send('RPUSH', this.keys.released(instrument), ...released.slice(start, start + RELEASED_PAGE).map(({ orderId, cause }) => `${cause},${compactId(orderId)}`));
    }
    if (isActive) await this.send('HSET', this.keys.meta, 'released', instrument);
  }

  /** Reads orders back by their ids. @throws RestoreError for one that is not there */
  async *ordersById(orderIds: readonly string[]): AsyncGenerator<Order[]> {
    for (let start = 0; start < orderIds.length; start += VERIFY_PAGE) {
      const ids = orderIds.slice(start, start + VERIFY_PAGE).map(compactId);
      const records = (await this.send('HMGET', this.keys.orders, ...ids)) as (string | null)[];
      yield records.map((record, i) => {
        if (record === null) throw new RestoreError(`order ${orderIds[start + i] as string} has no record`);
        return decodeStoredOrder(record, ids[i] as string);
      });
    }
  }

  /**
   * Reads orders that wait for a price back, the nearest first.
   * @throws RestoreError naming what does not fit
   */
  async *pendingOrders(instrument: string, direction: Direction): AsyncGenerator<Order[]> {
    yield* this.standingOrders(instrument, direction);
    for (const { name } of trailsOf(instrument).filter((trail) => trail.direction === direction)) {
      const groups = (await this.send('ZRANGE', this.keys.trails(name), '0', '-1')) as string[];
      for (const group of groups) yield* this.trailingOrders(name, group.slice(group.indexOf(',') + 1));
    }
  }

  private async *trailingOrders(name: string, store: string): AsyncGenerator<Order[]> {
    for (let start = 0; ; start += VERIFY_PAGE) {
      const page = (await this.send('ZRANGE', this.keys.trail(name, store), String(start), String(start + VERIFY_PAGE - 1), 'WITHSCORES')) as string[];
      if (page.length === 0) return;
      yield await this.waitingPage(name, page, (order) => {
        const trail = trailOf(order.traits);
        return trail === null ? null : [trailName(order.instrument, directionOf(order), trail.measure), String(trail.distance)];
      });
    }
  }

  /** Records of a page of members and scores. @param placeOf where an order waits and its score there, null for nowhere */
  private async waitingPage(where: string, page: readonly string[], placeOf: (order: Order, score: string) => readonly [where: string, score: string] | null): Promise<Order[]> {
    const ids: string[] = [];
    for (let i = 0; i < page.length; i += 2) ids.push((page[i] as string).slice(-COMPACT_ID_LENGTH));
    const records = (await this.send('HMGET', this.keys.orders, ...ids)) as (string | null)[];
    return records.map((record, i) => {
      if (record === null) throw new RestoreError(`${where}: order ${ids[i]} waits for a price but has no record`);
      const order = decodeStoredOrder(record, ids[i] as string);
      const [member, score] = [page[2 * i], page[2 * i + 1] as string];
      const place = placeOf(order, score);
      if (bookMember(order) !== member || place?.[0] !== where || place[1] !== score) {
        throw new RestoreError(`${where}: order ${order.orderId} waits at another place than its record tells`);
      }
      return order;
    });
  }

  /** Those whose price is their own; those that trail only lead their groups here. */
  private async *standingOrders(instrument: string, direction: Direction): AsyncGenerator<Order[]> {
    const key = this.keys.stops(instrument, direction);
    for (let start = 0; ; start += VERIFY_PAGE) {
      const page = (await this.send('ZRANGE', key, String(start), String(start + VERIFY_PAGE - 1), 'WITHSCORES')) as string[];
      if (page.length === 0) return;
      const where = `${instrument} ${direction}`;
      const orders = await this.waitingPage(where, page, (order, score) => {
        const { triggerPrice } = order.traits;
        return [`${order.instrument} ${directionOf(order)}`, triggerPrice === undefined ? score : waitingScore(directionOf(order), triggerPrice)];
      });
      yield orders.filter((order) => trailOf(order.traits) === null);
    }
  }

  /** Levels of icebergs as they are with these. */
  private addHidden(orders: readonly Order[]): Promise<unknown>[] {
    addHidden(this.hidden, orders);
    const touched = new Map<string, Set<string>>();
    for (const order of orders) {
      if (hiddenLots(order) > 0) getOrAdd(touched, `${order.instrument}:${order.side === 'buy' ? 'bids' : 'asks'}`, () => new Set()).add(String(order.priceTicks));
    }
    return [...touched].map(([side, prices]) => {
      const cut = side.lastIndexOf(':');
      const key = this.keys.hidden(side.slice(0, cut), side.slice(cut + 1) as 'bids' | 'asks');
      return this.send('HSET', key, ...[...prices].flatMap((price) => [price, String(this.hidden.get(side)?.get(price))]));
    });
  }

  /** Adds accounts with what they have. @param timeUs when the venue's own are said to begin */
  async addAccounts(accounts: readonly AccountState[], timeUs: number): Promise<void> {
    if (accounts.length === 0) return;
    await this.send('HSET', this.keys.accounts, ...accounts.flatMap((account) => [escapeText(account.account), encodeAccountRecord(account, timeUs)]));
  }

  /** All accounts as they are written. */
  async *accountStates(): AsyncGenerator<AccountState[]> {
    for await (const page of this.fieldsOf(this.keys.accounts)) yield page.map(([name, record]) => decodeAccountRecord(JSON.parse(`"${name}"`) as string, record));
  }

  /** Fields of a hash with their values, each once: a scan may come by one again. */
  private async *fieldsOf(key: string): AsyncGenerator<[field: string, value: string][]> {
    const seen = new Set<string>();
    let cursor = '0';
    do {
      const [next, reply] = (await this.send('HSCAN', key, cursor, 'COUNT', String(SCAN_COUNT))) as [string, string[]];
      const page: [string, string][] = [];
      for (let i = 0; i + 1 < reply.length; i += 2) {
        const field = reply[i] as string;
        if (seen.has(field)) continue;
        seen.add(field);
        page.push([field, reply[i + 1] as string]);
      }
      yield page;
      cursor = next;
    } while (cursor !== '0');
  }

  async addFeeGroups(groups: readonly FeeGroup[]): Promise<void> {
    if (groups.length === 0) return;
    await this.send('HSET', this.keys.feeGroups, ...groups.flatMap(({ group, rates }) => [group, encodeRates(rates)]));
    await this.send('HSET', this.keys.meta, 'fees', '1');
  }

  /** Adds pending transfers, with their timers. */
  async addTransfers(transfers: readonly Transfer[]): Promise<void> {
    if (transfers.length === 0) return;
    await this.send('HSET', this.keys.transfers, ...transfers.flatMap((transfer) => [compactId(transfer.transferId), encodeStoredTransfer(transfer)]));
    const timed = transfers.filter(({ expiresUs }) => expiresUs !== null);
    if (timed.length > 0) await this.send('ZADD', this.keys.timers, ...timed.flatMap(({ expiresUs, transferId }) => [String(expiresUs), compactId(transferId)]));
  }

  /**
   * All pending transfers as they are written.
   * @throws RestoreError where the timers do not say when those expire that do
   */
  async *writtenTransfers(): AsyncGenerator<Transfer[]> {
    let timed = 0;
    for await (const page of this.fieldsOf(this.keys.transfers)) {
      if (page.length === 0) continue;
      const due = (await this.send('ZMSCORE', this.keys.timers, ...page.map(([id]) => id))) as (string | null)[];
      yield page.map(([, stored], i) => {
        const transfer = decodeTransfer(JSON.parse(`[${stored}]`) as readonly unknown[]);
        const { transferId, expiresUs } = transfer;
        const dueUs = due[i] === null ? null : Number(due[i]);
        if (dueUs !== expiresUs) throw new RestoreError(`transfer ${transferId} is timed for ${dueUs ?? 'no time'}, it expires at ${expiresUs ?? 'none'}`);
        if (expiresUs !== null) timed++;
        return transfer;
      });
    }
    const timers = Number(await this.send('ZCARD', this.keys.timers));
    if (timers !== timed) throw new RestoreError(`there are ${timers} timers, and ${timed} transfers that expire`);
  }

  /** All groups of fees as they are written. @throws RestoreError where orders would not look for them */
  async writtenFeeGroups(): Promise<FeeGroup[]> {
    const groups: FeeGroup[] = [];
    for await (const page of this.fieldsOf(this.keys.feeGroups)) groups.push(...page.map(([group, stored]) => decodeFeeGroup(group, stored)));
    const hasFees = await this.send('HGET', this.keys.meta, 'fees') !== null;
    if (hasFees !== groups.length > 0) throw new RestoreError(`there are ${groups.length} groups of fees, and ${hasFees ? 'some are looked for' : 'nothing says so'}`);
    return groups;
  }

  /** Those of some references that are written, as they are. */
  async writtenReferences(digests: readonly string[]): Promise<{ readonly digest: string; readonly sequence: number; readonly second: number }[]> {
    if (digests.length === 0) return [];
    const stored = (await this.send('HMGET', this.keys.references, ...digests)) as (string | null)[];
    return stored.flatMap((text, i) => {
      if (text === null) return [];
      const [sequence, second] = text.split(',');
      return [{ digest: digests[i] as string, sequence: Number(sequence), second: Number(second) }];
    });
  }

  async writtenReferenceCount(): Promise<number> {
    return Number(await this.send('HLEN', this.keys.references));
  }

  /** Adds what has happened once for ever. */
  async addReferences(references: readonly { readonly digest: string; readonly sequence: number; readonly second: number }[]): Promise<void> {
    if (references.length === 0) return;
    await this.send('HSET', this.keys.references, ...references.flatMap(({ digest, sequence, second }) => [digest, `${sequence},${second}`]));
  }

  async addIdempotencyKeys(keys: readonly { readonly digest: string; readonly sequence: number; readonly second: number }[]): Promise<void> {
    if (keys.length === 0) return;
    await this.send('HSET', this.keys.idempotency, ...keys.flatMap(({ digest, sequence, second }) => [digest, `${sequence},${second}`]));
  }

  /** @param trades newest first */
  async addTrades(instrument: string, trades: readonly Trade[]): Promise<void> {
    if (trades.length === 0) return;
    await this.send('RPUSH', this.keys.trades(instrument), ...trades.map(encodeRecentTrade));
  }

  /**
   * Reads the book back in queue order, checking that every structure tells the same of it.
   * @throws RestoreError naming what does not fit
   */
  async *bookOrders(instrument: string, side: 'bids' | 'asks'): AsyncGenerator<Order[]> {
    const book = this.keys.book(instrument, side);
    const where = `${instrument} ${side}`;
    let levelPrice: number | null = null;
    let levelLots = 0;
    const hidden: HiddenLots = new Map();
    const checkLevel = async (price: number | null, lots: number): Promise<void> => {
      if (price === null) return;
      const told = Number(await this.send('HGET', this.keys.depth(instrument, side), String(price)));
      if (told !== lots) throw new RestoreError(`${where}: level ${price} tells ${told} lots, its orders show ${lots}`);
    };
    const levelChecks: Promise<void>[] = [];
    const read = async (start: number): Promise<{ page: string[]; ids: string[]; records: (string | null)[] }> => {
      const page = (await this.send('ZRANGE', book, String(start), String(start + VERIFY_PAGE - 1), 'WITHSCORES')) as string[];
      const ids: string[] = [];
      for (let i = 0; i < page.length; i += 2) ids.push((page[i] as string).slice(-COMPACT_ID_LENGTH));
      return { page, ids, records: ids.length === 0 ? [] : (await this.send('HMGET', this.keys.orders, ...ids)) as (string | null)[] };
    };
    let reading = read(0);
    for (let start = VERIFY_PAGE; ; start += VERIFY_PAGE) {
      const { page, ids, records } = await reading;
      if (ids.length === 0) break;
      // The next page is read while this one is looked at.
      reading = read(start);
      reading.catch(() => undefined);
      const dues = ids.length === 0 ? [] : (await this.send('ZMSCORE', this.keys.due, ...ids.map((id) => `${DUE_ORDER}${id}`))) as (string | null)[];
      const orders = records.map((record, i) => {
        if (record === null) throw new RestoreError(`${where}: order ${ids[i]} is in the book but has no record`);
        const order = decodeStoredOrder(record, ids[i] as string);
        if (bookMember(order) !== page[2 * i] || bookScore(order) !== page[2 * i + 1]) {
          throw new RestoreError(`${where}: order ${order.orderId} stands at another place than its record tells`);
        }
        const dueUs = dues[i] ?? null;
        const expires = expiryUs(order);
        if ((dueUs === null ? null : Number(dueUs)) !== expires) throw new RestoreError(`${where}: order ${order.orderId} is due at ${dueUs ?? 'no time'}, its time is over at ${expires ?? 'none'}`);
        return order;
      });
      for (const order of orders) {
        if (order.priceTicks !== levelPrice) {
          levelChecks.push(checkLevel(levelPrice, levelLots));
          levelPrice = order.priceTicks;
          levelLots = 0;
        }
        levelLots += displayedLots(order);
      }
      addHidden(hidden, orders);
      await Promise.all(levelChecks.splice(0));
      yield orders;
    }
    await checkLevel(levelPrice, levelLots);
    await this.checkHidden(instrument, side, hidden.get(`${instrument}:${side}`) ?? new Map());
  }

  /** Adds what the reference price of an instrument's band comes from. */
  async addBand(instrument: string, samples: readonly BandSample[]): Promise<void> {
    if (samples.length > 0) await this.send('ZADD', this.keys.band(instrument), ...samples.flatMap((sample) => [String(sample.second), bandMember(sample)]));
  }

  /** That as it is written, oldest first. */
  async writtenBand(instrument: string): Promise<BandSample[]> {
    const found = await this.send('ZRANGE', this.keys.band(instrument), '0', '-1', 'WITHSCORES') as string[];
    return Array.from({ length: found.length / 2 }, (_, i) => sampleOfMember(found[2 * i] as string, found[2 * i + 1] as string));
  }

  private async checkHidden(instrument: string, side: 'bids' | 'asks', hidden: ReadonlyMap<string, bigint>): Promise<void> {
    const told = new Map<string, string>();
    for await (const page of this.fieldsOf(this.keys.hidden(instrument, side))) for (const [price, lots] of page) told.set(price, lots);
    for (const price of new Set([...told.keys(), ...hidden.keys()])) {
      const [lots, wanted] = [told.get(price) ?? '0', String(hidden.get(price) ?? 0n)];
      if (lots !== wanted) throw new RestoreError(`${instrument} ${side}: level ${price} counts ${lots} hidden lots, its icebergs hide ${wanted}`);
    }
  }

  /** Behind the orders. @param timeUs when that is due which is left of what was begun @returns how many act by themselves */
  async addControls(controls: readonly Control[], timeUs: number): Promise<number> {
    let due = 0;
    for (const control of controls) {
      const { kind, account, atUs } = control;
      const name = escapeText(account);
      if (kind === 'cancel_after') {
        await this.send('ZADD', this.keys.due, String(atUs), switchMember(control));
        due++;
        continue;
      }
      if (kind === 'lease') {
        await this.send('HSET', this.keys.lease(control.detail), name, String(atUs));
        due += Number(await this.send('ZADD', this.keys.due, String((await this.nowS()) * 1e6 + LEASE_REBUILT_US), `${DUE_LEASE}${control.detail}`));
        continue;
      }
      await this.send('HSET', this.keys.killed, name, String(atUs));
      await this.send('HSET', this.keys.meta, 'kills', '1');
      if (await this.send('EXISTS', this.keys.open(name)) !== 1) continue;
      await this.send('ZADD', this.keys.due, String(timeUs), `${DUE_KILL}${name}`);
      due++;
    }
    return due;
  }

  /** As `compareControls` has them. */
  async writtenControls(): Promise<Control[]> {
    const controls: Control[] = [];
    for await (const page of this.fieldsOf(this.keys.killed)) {
      controls.push(...page.map(([name, since]) => ({ kind: 'kill' as const, account: JSON.parse(`"${name}"`) as string, detail: '', atUs: Number(since) })));
    }
    for await (const page of this.membersOf(this.keys.due, `${DUE_SWITCH}*`)) {
      controls.push(...page.map(([member, score]) => switchOf(member, score)).filter((control) => control !== null));
    }
    for await (const leases of this.membersOf(this.keys.due, `${DUE_LEASE}*`)) {
      for (const [member] of leases) {
        const lease = member.slice(DUE_LEASE.length);
        for await (const page of this.fieldsOf(this.keys.lease(lease))) {
          controls.push(...page.map(([name, since]) => ({ kind: 'lease' as const, account: JSON.parse(`"${name}"`) as string, detail: lease, atUs: Number(since) })));
        }
      }
    }
    return controls.sort(compareControls);
  }

  /** Members of a sorted set with their scores, each once. */
  private async *membersOf(key: string, pattern: string): AsyncGenerator<[member: string, score: string][]> {
    const seen = new Set<string>();
    let cursor = '0';
    do {
      const [next, reply] = (await this.send('ZSCAN', key, cursor, 'MATCH', pattern, 'COUNT', String(SCAN_COUNT))) as [string, string[]];
      const page: [string, string][] = [];
      for (let i = 0; i + 1 < reply.length; i += 2) {
        const member = reply[i] as string;
        if (seen.has(member)) continue;
        seen.add(member);
        page.push([member, reply[i + 1] as string]);
      }
      yield page;
      cursor = next;
    } while (cursor !== '0');
  }

  /**
   * Has the shard know when the first of what is due falls due: what fell due while it was away is done ahead of the first command.
   * @param count how many that end or act by themselves it was given
   * @throws RestoreError where others are due than were given
   */
  async timeDues(count: number): Promise<void> {
    const [due, first] = await Promise.all([this.send('ZCARD', this.keys.due), this.send('ZRANGE', this.keys.due, '0', '0', 'WITHSCORES')]) as [number, string[]];
    if (due !== count) throw new RestoreError(`${due} are due at a time of theirs, and ${count} were given that end or act by themselves`);
    const [, dueUs] = first;
    if (dueUs !== undefined) await this.send('HSET', this.keys.meta, 'due_us', dueUs);
  }

  /** Lets commands in, or leaves that to the operator who froze the shard. */
  async open(state: 'open' | 'frozen'): Promise<void> {
    await this.send('HSET', this.keys.meta, 'state', state);
  }
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
