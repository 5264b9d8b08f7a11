import { setTimeout as sleep } from 'node:timers/promises';
import { LocalBook, OpenfillClient, isDone, type Instrument, type Operation, type Order, type OrderQueues, type StreamMessage, type Trade } from '#openfill-client';
import { EARLIER_CLIENT, amendOf, cancelOf, isRequested, isStopped, placeOf, restOf, unitsOf, wayOf, withLimit, type Name } from './operations';
import { readLines, type Head, type QueuesLine } from './recording';

/**
 * Plays a recording into another venue: each order that came into a book, was amended or cancelled, in the order of the log, and the call
 * auctions of instruments. Orders are named by the ids that they had (`client_order_id`), so that nothing has to be waited for. One that waits
 * for a price, or for another order, comes once it goes.
 */

const OPERATIONS_IN_BATCH = 400;
const LEVELS = 5_000;
const DIFFERENCES_SHOWN = 5;
const AUCTION_LOOK_MS = 20;

type Queues = Pick<QueuesLine, 'queues' | 'last_price'>;

/** A trade in words, by which what was recorded and what is played are compared. */
function tradeText(instrument: string, side: string, { quantity, price }: { readonly quantity: string; readonly price: string }, taker: string, maker: string): string {
  return `${instrument} ${side} ${quantity} at ${price}, ${taker} took from ${maker}`;
}

/** What a recording is about, from a first reading. */
interface Outline {
  readonly head: Head;
  readonly queues: ReadonlyMap<string, Queues>;
  /** Those whose orders were gathered for a call auction when it began. */
  readonly gathering: ReadonlySet<string>;
  /** Those that have an auction in it. */
  readonly auctioned: ReadonlySet<string>;
  /** Up to where it can be played. */
  readonly end: number;
  /** Why it cannot be played further, null when it can. */
  readonly hole: string | null;
}

export interface PlayReport {
  readonly commands: number;
  readonly trades: number;
  /** What came out otherwise, in words; empty when all is the same. */
  readonly differences: string[];
}

/** A recording that cannot be played. */
export class RecordingError extends Error {}

/** Whether an instrument's orders are gathered from a state on, null where that leaves them as they were. */
function gathersIn(state: string): boolean | null {
  if (state === 'auction') return true;
  return state === 'open' || state === 'post_only' ? false : null;
}

/**
 * Orders of both sides in the order in which they came to wait, as far as queues tell: an id begins with its time, and who stands behind
 * another one at a price came later. In an auction it decides who is the maker.
 */
function byAge(bids: OrderQueues['bids'], asks: OrderQueues['asks']): { side: 'buy' | 'sell'; price: string; quantity: string; orderId: string; age: string }[] {
  const aged = ([['buy', bids], ['sell', asks]] as const).flatMap(([side, orders]) => {
    let ahead = { price: '', age: '' };
    return orders.map(([price, quantity, orderId]) => {
      ahead = { price, age: ahead.price === price && ahead.age > orderId ? ahead.age : orderId };
      return { side, price, quantity, orderId, age: ahead.age };
    });
  });
  return aged.sort((a, b) => (a.age < b.age ? -1 : a.age > b.age ? 1 : 0));
}

function isCrossed({ bids: [bid], asks: [ask] }: OrderQueues): boolean {
  return bid !== undefined && ask !== undefined && unitsOf(bid[0]) >= unitsOf(ask[0]);
}

/** How an instrument was at a time. */
interface ToldState {
  readonly instrument: string;
  readonly sequence: number;
  readonly state: string;
}

function gatheringOf(instruments: readonly Instrument[], queues: ReadonlyMap<string, Queues>, told: readonly ToldState[]): Set<string> {
  const gathers = ({ instrument, state }: Instrument): boolean => {
    const from = queues.get(instrument)?.queues;
    if (from === undefined) return false;
    const before = told.filter((one) => one.instrument === instrument && one.sequence <= from.sequence).map((one) => one.state);
    return isCrossed(from) || ([state, ...before].map(gathersIn).findLast((known) => known !== null) ?? false);
  };
  return new Set(instruments.filter(gathers).map(({ instrument }) => instrument));
}

async function outlineOf(file: string): Promise<Outline> {
  let head: Head | null = null;
  const queues = new Map<string, Queues>();
  const told: ToldState[] = [];
  let last = 0;
  let end: number | null = null;
  let hole: string | null = null;
  for await (const line of readLines(file)) {
    if ('recording' in line) head = line;
    else if ('queues' in line) queues.set(line.queues.instrument, line);
    else if ('ended_at' in line) end = line.sequence;
    else if (line.message.type === 'resync') {
      hole ??= `at sequence ${last} the venue had to skip something (${line.message.data.reason}): what came behind it is left out`;
      end ??= last;
    } else if (line.message.type === 'trade' || line.message.type === 'order') last = Math.max(last, line.message.sequence);
    else if (line.message.type === 'instrument') told.push({ instrument: line.message.instrument, sequence: line.message.sequence, state: line.message.data.state });
    if (hole !== null) break;
  }
  if (head === null) throw new RecordingError('the file is no recording');
  for (const channel of ['orders', 'trades'] as const) {
    if (!head.channels.includes(channel)) throw new RecordingError(`the recording has no ${channel}, so that there is nothing to play`);
  }
  if (queues.size < head.instruments.length) throw new RecordingError('the recording ended before it had begun');
  // A recorder that was killed says nothing of its end: the last entry may be there in part.
  if (end === null) hole = `it has no end: its recorder was killed; it is played up to sequence ${last - 1}`;
  const gathering = gatheringOf(head.instruments, queues, told);
  const auctioned = new Set([...gathering, ...told.filter(({ state }) => gathersIn(state) === true).map(({ instrument }) => instrument)]);
  return { head, queues, gathering, auctioned, end: end ?? last - 1, hole };
}

/** What an order traded in an entry. */
interface Taken {
  readonly quantities: string[];
  lastPrice: string;
}

/** Everything of one entry of the log. */
interface Entry {
  readonly sequence: number;
  readonly instrument: string;
  readonly receivedMs: number;
  readonly orders: Order[];
  /** Orders that a trade of the entry found in the book: they are not what the command was about. */
  readonly makers: Set<string>;
  /** By the order that took. */
  readonly taken: Map<string, Taken>;
  /** State that the instrument is in from here on, null where the entry does not say. */
  state: string | null;
}

function newEntry({ sequence, instrument }: { readonly sequence: number; readonly instrument: string }, receivedAt: string): Entry {
  return { sequence, instrument, receivedMs: Date.parse(receivedAt), orders: [], makers: new Set(), taken: new Map(), state: null };
}

/** What an instrument does with its orders: it trades; it gathers them for a call auction; that is being carried out. */
type Trading = 'open' | 'gathers' | 'opening';

/** Operations of an entry, ahead of what becomes of its instrument and behind it. */
interface Played {
  readonly before: readonly Operation[];
  readonly after: readonly Operation[];
}

class Player {
  private readonly known = new Set<string>();
  private readonly earlier = new Set<string>();
  private readonly trading = new Map<string, Trading>();
  /** By the id in this venue, the id in the recording. */
  private readonly recordedIds = new Map<string, string>();
  private readonly expected: string[] = [];
  private played: string[] = [];
  private readonly books = new Map<string, LocalBook>();
  private waiting: Operation[] = [];
  private readonly refused: string[] = [];
  private commands = 0;
  private firstReceivedMs = 0;
  private startedMs = 0;

  constructor(private readonly client: OpenfillClient, private readonly outline: Outline, private readonly speed: number) {}

  /** The orders that were open when recording began, in queue order. */
  async restore(): Promise<void> {
    for (const { queues, last_price: lastPrice } of this.outline.queues.values()) {
      const { instrument } = queues;
      if (this.outline.auctioned.has(instrument) && typeof lastPrice === 'string') await this.restoreLastPrice(instrument, lastPrice);
      if (this.outline.gathering.has(instrument)) await this.gather(instrument);
      await this.restoreQueues(queues);
    }
    await this.flush();
    this.played = [];
    this.startedMs = Date.now();
  }

  private async restoreQueues({ instrument, bids, asks }: OrderQueues): Promise<void> {
    for (const { side, price, quantity, orderId } of byAge(bids, asks)) {
      this.known.add(orderId);
      this.earlier.add(orderId);
      await this.add({ op: 'place', client_id: EARLIER_CLIENT, client_order_id: orderId, instrument, side, type: 'limit', price, quantity });
    }
  }

  /** An auction may go by the price of the last trade ahead of it. */
  private async restoreLastPrice(instrument: string, price: string): Promise<void> {
    const quantity = this.outline.head.instruments.find((one) => one.instrument === instrument)?.lot_size;
    if (quantity === undefined) throw new RecordingError(`the recording does not say what ${instrument} is`);
    const common = { op: 'place', client_id: EARLIER_CLIENT, instrument, type: 'limit', price, quantity, self_trade_prevention: 'none' } as const;
    await this.add({ ...common, side: 'sell' });
    await this.add({ ...common, side: 'buy' });
  }

  private async gather(instrument: string): Promise<void> {
    await this.flush();
    await this.client.changeInstrument(instrument, { state: 'auction' });
    this.trading.set(instrument, 'gathers');
  }

  async play(file: string): Promise<void> {
    let entry = null as Entry | null;
    for await (const line of readLines(file)) {
      if (!('message' in line)) continue;
      const { message, received_at: receivedAt } = line;
      if (message.type === 'resync') break;
      if (message.sequence > this.outline.end) continue;
      this.keepBook(message);
      if (message.type !== 'trade' && message.type !== 'order' && message.type !== 'instrument') continue;
      if (message.sequence <= (this.outline.queues.get(message.instrument)?.queues.sequence ?? Infinity)) continue;
      if (entry?.sequence !== message.sequence) {
        if (entry !== null) await this.carryOut(entry);
        entry = newEntry(message, receivedAt);
      }
      this.note(entry, message);
    }
    if (entry !== null) await this.carryOut(entry);
    await this.flush();
  }

  private note(entry: Entry, message: Extract<StreamMessage, { type: 'trade' | 'order' | 'instrument' }>): void {
    if (message.type === 'order') {
      entry.orders.push(message.data);
    } else if (message.type === 'instrument') {
      entry.state = message.data.state;
    } else {
      const { maker_order_id: maker, taker_order_id: taker, price, quantity, taker_side: side } = message.data;
      entry.makers.add(maker);
      const taken = entry.taken.get(taker) ?? { quantities: [], lastPrice: price };
      taken.quantities.push(quantity);
      taken.lastPrice = price;
      entry.taken.set(taker, taken);
      this.expected.push(tradeText(message.instrument, side, message.data, taker, maker));
    }
  }

  private keepBook(message: StreamMessage): void {
    if (message.type !== 'orderbook_snapshot' && message.type !== 'orderbook_delta') return;
    const book = this.books.get(message.instrument) ?? new LocalBook(message.instrument);
    this.books.set(message.instrument, book);
    if (message.type === 'orderbook_snapshot') book.load(message);
    // Behind a break it may begin before where the book stands.
    else book.apply(message, true);
  }

  private async carryOut(entry: Entry): Promise<void> {
    // Trades of an auction are the venue's own.
    const isAuction = this.tradingOf(entry.instrument) !== 'open' && entry.taken.size > 0;
    const { before, after } = isAuction ? { before: [], after: [] } : this.operationsOf(entry);
    if (before.length === 0 && after.length === 0 && entry.state === null) return;
    await this.waitFor(entry.receivedMs);
    for (const operation of before) await this.add(operation);
    if (entry.state !== null) await this.follow(entry.instrument, entry.state);
    for (const operation of after) await this.add(operation);
  }

  private tradingOf(instrument: string): Trading {
    return this.trading.get(instrument) ?? 'open';
  }

  private operationsOf(entry: Entry): Played {
    // Of what waits for a price, or for another order, nothing is in the venue before it goes.
    const orders = entry.orders.filter((order) => !entry.makers.has(order.order_id) && (this.known.has(order.order_id) || !(order.status === 'pending' || isRequested(order))));
    // Behind the order that a command was about stand others that went with it, or those of its own that it met: they make way first.
    const [commanded, ...others] = orders;
    if (commanded === undefined) return { before: [], after: [] };
    const making = others.filter(({ order_id: id }) => this.known.has(id)).map((order) => wayOf(order, this.nameOf(order)));
    const taken = entry.taken.get(commanded.order_id);
    const operations = this.operationsOfOrder(commanded, taken?.quantities ?? []);
    const halts = entry.state === 'auction' && this.tradingOf(entry.instrument) === 'open';
    if (!halts || isStopped(commanded)) return { before: [...making, ...operations], after: [] };
    if (taken === undefined) return { before: making, after: operations };
    // It took all that there was up to some price, and the rest of it waits at its own.
    const bounded = operations.map((operation) => withLimit(operation, taken.lastPrice));
    return { before: [...making, ...bounded], after: [restOf(commanded, this.nameOf(commanded))] };
  }

  private operationsOfOrder(order: Order, traded: readonly string[]): Operation[] {
    if (!this.known.has(order.order_id)) {
      this.known.add(order.order_id);
      return placeOf(order);
    }
    const name = this.nameOf(order);
    return isRequested(order) ? [cancelOf(name)] : amendOf(order, name, traded);
  }

  private nameOf({ order_id: id, client_id: client }: Order): Name {
    return { client_id: this.earlier.has(id) ? EARLIER_CLIENT : client, client_order_id: id };
  }

  private async follow(instrument: string, state: string): Promise<void> {
    const trading = this.tradingOf(instrument);
    // Told once more at the end.
    if (trading === 'opening') this.trading.set(instrument, 'open');
    else if (trading === 'open' && gathersIn(state) === true) await this.gather(instrument);
    else if (trading === 'gathers' && gathersIn(state) === false) await this.openAuction(instrument);
  }

  private async openAuction(instrument: string): Promise<void> {
    await this.flush();
    const before = (await this.client.trades({ instrument, limit: 1 })).trades[0]?.trade_id ?? 0;
    const isAny = (await this.client.auction(instrument)).price !== null;
    await this.client.changeInstrument(instrument, { state: 'open' });
    while ((await this.client.auction(instrument)).price !== null) await sleep(AUCTION_LOOK_MS);
    const trades: string[] = [];
    for await (const trade of this.client.everyTrade({ instrument })) {
      if (trade.trade_id <= before) break;
      trades.push(this.playedText(instrument, trade.taker_side, trade));
    }
    this.played.push(...trades.reverse());
    this.trading.set(instrument, isAny ? 'opening' : 'open');
  }

  private async waitFor(receivedMs: number): Promise<void> {
    if (this.firstReceivedMs === 0) this.firstReceivedMs = receivedMs;
    const dueMs = this.startedMs + (receivedMs - this.firstReceivedMs) / this.speed;
    if (dueMs <= Date.now()) return;
    await this.flush();
    await sleep(dueMs - Date.now());
  }

  private async add(operation: Operation): Promise<void> {
    this.waiting.push(operation);
    if (this.waiting.length >= OPERATIONS_IN_BATCH) await this.flush();
  }

  private async flush(): Promise<void> {
    const operations = this.waiting.splice(0);
    if (operations.length === 0) return;
    const results = await this.client.batch(operations);
    this.commands += operations.length;
    results.forEach((result, i) => {
      if (!isDone(result)) {
        this.refused.push(`${JSON.stringify(operations[i])} was refused: ${result.body.code}`);
        return;
      }
      const { order_id: id, client_order_id: recorded, instrument, side, trades } = result.body;
      if (recorded !== null) this.recordedIds.set(id, recorded);
      // A cancelled order's trades are its history.
      if (operations[i]?.op === 'cancel') return;
      for (const trade of trades) this.played.push(this.playedText(instrument, side, trade));
    });
  }

  private playedText(instrument: string, side: string, trade: Pick<Trade, 'quantity' | 'price' | 'taker_order_id' | 'maker_order_id'>): string {
    return tradeText(instrument, side, trade, this.recorded(trade.taker_order_id), this.recorded(trade.maker_order_id));
  }

  private recorded(id: string): string {
    return this.recordedIds.get(id) ?? `${id}, which the recording does not know,`;
  }

  async report(): Promise<PlayReport> {
    const differences = this.outline.hole === null ? [] : [`the recording is not whole: ${this.outline.hole}`];
    for (const { queues: { instrument, truncated } } of this.outline.queues.values()) {
      if (truncated === true) differences.push(`${instrument}: when recording began, the book had more orders than the venue tells`);
    }
    differences.push(...this.refused.slice(0, DIFFERENCES_SHOWN), ...this.tradeDifferences());
    for (const book of this.books.values()) differences.push(...await this.bookDifferences(book));
    return { commands: this.commands, trades: this.played.length, differences };
  }

  private tradeDifferences(): string[] {
    const differences: string[] = [];
    if (this.played.length !== this.expected.length) differences.push(`${this.expected.length} trades recorded, ${this.played.length} played`);
    for (let i = 0; i < Math.max(this.played.length, this.expected.length) && differences.length < DIFFERENCES_SHOWN; i++) {
      if (this.played[i] !== this.expected[i]) differences.push(`trade ${i + 1}: recorded ${this.expected[i] ?? 'none'}; played ${this.played[i] ?? 'none'}`);
    }
    return differences;
  }

  private async bookDifferences(book: LocalBook): Promise<string[]> {
    const { bids, asks } = await this.client.orderbook({ instrument: book.instrument, levels: LEVELS });
    return ([['bids', book.bids(LEVELS), bids], ['asks', book.asks(LEVELS), asks]] as const).flatMap(([side, recorded, played]) => {
      const at = recorded.findIndex((level, i) => String(level) !== String(played[i]));
      if (at < 0 && recorded.length === played.length) return [];
      const index = at < 0 ? recorded.length : at;
      return [`${book.instrument} ${side}, level ${index + 1}: recorded ${String(recorded[index] ?? 'none')}; played ${String(played[index] ?? 'none')}`];
    });
  }
}

/** Instruments of a recording, as an instruments file has them. */
export async function instrumentsOf(file: string): Promise<Head['instruments']> {
  return (await outlineOf(file)).head.instruments;
}

/**
 * @param url a venue whose books are empty
 * @param speed how much faster than it was; Infinity does not wait
 * @throws RecordingError for a file or a venue that it cannot be played with
 */
export async function playRecording(file: string, url: string, speed: number): Promise<PlayReport> {
  const outline = await outlineOf(file);
  const client = new OpenfillClient(url);
  const there = new Map((await client.instruments()).map((one) => [one.instrument, one]));
  for (const { instrument, tick_size: tick, lot_size: lot } of outline.head.instruments) {
    const other = there.get(instrument);
    if (other?.tick_size !== tick || other.lot_size !== lot) throw new RecordingError(`the venue has no ${instrument} with a tick of ${tick} and a lot of ${lot}`);
    const { bids, asks } = await client.best({ instrument });
    if (bids.length + asks.length > 0) throw new RecordingError(`the book of ${instrument} is not empty: a recording needs one to itself`);
  }
  const player = new Player(client, outline, speed);
  await player.restore();
  await player.play(file);
  return player.report();
}
