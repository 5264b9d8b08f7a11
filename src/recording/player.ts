import { setTimeout as sleep } from 'node:timers/promises';
import { LocalBook, OpenfillClient, isDone, type AmendOperation, type CancelOperation, type Operation, type Order, type OrderQueues, type PlaceOperation, type StreamMessage } from '#openfill-client';
import { readLines, type Head } from './recording';

/**
 * Plays a recording into another venue: each order that was placed, amended or cancelled, in the order of the log. Orders are
 * named by the ids that they had (`client_order_id`), so that nothing has to be waited for.
 */

const OPERATIONS_IN_BATCH = 400;
const LEVELS = 5_000;
const DIFFERENCES_SHOWN = 5;
/** Whose the orders are that were open before: the venue does not tell. */
const EARLIER_CLIENT = 'recording';
const REQUESTED = new Set(['requested', 'mass_cancel', 'expired', 'cancel_after', 'disconnected', 'killed']);

/** What a recording is about, from a first reading. */
interface Outline {
  readonly head: Head;
  readonly queues: ReadonlyMap<string, OrderQueues>;
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

async function outlineOf(file: string): Promise<Outline> {
  let head: Head | null = null;
  const queues = new Map<string, OrderQueues>();
  let last = 0;
  let end: number | null = null;
  let hole: string | null = null;
  for await (const line of readLines(file)) {
    if ('recording' in line) head = line;
    else if ('queues' in line) queues.set(line.queues.instrument, line.queues);
    else if ('ended_at' in line) end = line.sequence;
    else if (line.message.type === 'resync') {
      hole ??= `at sequence ${last} the venue had to skip something (${line.message.data.reason}): what came behind it is left out`;
      end ??= last;
    } else if (line.message.type === 'trade' || line.message.type === 'order') last = Math.max(last, line.message.sequence);
    if (hole !== null) break;
  }
  if (head === null) throw new RecordingError('the file is no recording');
  for (const channel of ['orders', 'trades'] as const) {
    if (!head.channels.includes(channel)) throw new RecordingError(`the recording has no ${channel}, so that there is nothing to play`);
  }
  if (queues.size < head.instruments.length) throw new RecordingError('the recording ended before it had begun');
  // A recorder that was killed says nothing of its end: the last entry may be there in part.
  if (end === null) hole = `it has no end: its recorder was killed; it is played up to sequence ${last - 1}`;
  return { head, queues, end: end ?? last - 1, hole };
}

/** Everything of one entry of the log. */
interface Entry {
  readonly sequence: number;
  readonly receivedMs: number;
  readonly orders: Order[];
  /** Orders that a trade of the entry found in the book: they are not what the command was about. */
  readonly makers: Set<string>;
  /** Lots traded are not needed, only how much the command itself took, by order. */
  readonly traded: Map<string, string[]>;
}

/** Adds decimals of equal scale without a float. */
function sum(decimals: readonly string[]): string {
  const scale = decimals[0]?.split('.')[1]?.length ?? 0;
  const total = decimals.reduce((all, text) => all + BigInt(text.replace('.', '')), 0n).toString().padStart(scale + 1, '0');
  return scale === 0 ? total : `${total.slice(0, -scale)}.${total.slice(-scale)}`;
}

function nameOf(order: Order, earlier: ReadonlySet<string>): { client_id: string; client_order_id: string } {
  return { client_id: earlier.has(order.order_id) ? EARLIER_CLIENT : order.client_id, client_order_id: order.order_id };
}

/** What a limit order asks for. */
interface Limit {
  readonly price: string;
  readonly time_in_force: Order['time_in_force'];
  readonly post_only: boolean;
  readonly display_quantity?: string;
}

/** What ended an order by its time is played as what happened to it then: here it rests until that comes. */
function limitOf({ price, time_in_force: lifetime, post_only, display_quantity: display }: Order): Limit {
  const rests = lifetime === 'gtd' || lifetime === 'day';
  return { price: price as string, time_in_force: rests ? 'gtc' : lifetime, post_only, ...(display === undefined ? {} : { display_quantity: display }) };
}

/** Why an order ended ahead of what it could have traded: it is played by what it did. */
const STOPPED = new Set(['self_trade', 'price_protection', 'budget_exhausted']);

const isStopped = ({ status_reason: reason }: Order): boolean => STOPPED.has(reason ?? '');

/** Nothing for an order that left no trace. */
function placesOf(order: Order): PlaceOperation[] {
  return isStopped(order) && /^[0.]*$/.test(order.filled_quantity) ? [] : [placeOf(order)];
}

function placeOf(order: Order): PlaceOperation {
  const quantity = isStopped(order) ? order.filled_quantity : order.quantity;
  // What became of its own orders that it met is played as what happened to them.
  const common = {
    op: 'place' as const, client_id: order.client_id, client_order_id: order.order_id, instrument: order.instrument, side: order.side,
    self_trade_prevention: 'none' as const,
  };
  // One that waits for a price meets them as it goes, by itself.
  const prevents = { self_trade_prevention: order.self_trade_prevention ?? 'none' };
  switch (order.type) {
    case 'market': return { ...common, type: 'market', quantity };
    case 'limit':
      if (isStopped(order)) return { ...common, type: 'limit', price: order.price as string, quantity, time_in_force: 'ioc' };
      return { ...common, type: 'limit', quantity, ...limitOf(order) };
    case 'stop':
    case 'take_profit': {
      const { quote_quantity: budget, max_slippage: slippage } = order;
      const size = budget === undefined ? { quantity } : { quote_quantity: budget };
      return { ...common, ...prevents, ...size, ...(slippage === undefined ? {} : { max_slippage: slippage }), type: order.type, stop_price: order.stop_price as string };
    }
    case 'trailing_stop': {
      const { quote_quantity: budget, max_slippage: slippage, trailing_offset: offset, trailing_percent: percent } = order;
      const distance = offset === undefined ? { trailing_percent: percent as string } : { trailing_offset: offset };
      const size = budget === undefined ? { quantity } : { quote_quantity: budget };
      return { ...common, ...prevents, ...size, ...(slippage === undefined ? {} : { max_slippage: slippage }), type: order.type, ...distance };
    }
    case 'stop_limit':
    case 'take_profit_limit': return { ...common, ...prevents, type: order.type, stop_price: order.stop_price as string, quantity, ...limitOf(order) };
    default: throw new Error(`order ${order.order_id} is of a type that is not known here: ${String(order.type satisfies never)}`);
  }
}

function waitsBy({ stop_price: stopPrice, trailing_offset: offset, trailing_percent: percent }: Order): Pick<AmendOperation, 'stop_price' | 'trailing_offset' | 'trailing_percent'> {
  if (offset !== undefined) return { trailing_offset: offset };
  return percent === undefined ? { stop_price: stopPrice as string } : { trailing_percent: percent };
}

function amendOfPending(order: Order, name: { client_id: string; client_order_id: string }): AmendOperation {
  return {
    op: 'amend', ...name, ...waitsBy(order), ...(order.price === null ? {} : { price: order.price }),
    ...(order.quote_quantity === undefined ? { remaining_quantity: order.remaining_quantity } : {}),
  };
}

class Player {
  private readonly known = new Set<string>();
  private readonly earlier = new Set<string>();
  /** Those that wait for a price in the recording. */
  private readonly pending = new Set<string>();
  /** By the id in this venue, the id in the recording. */
  private readonly recordedIds = new Map<string, string>();
  private readonly expected: string[] = [];
  private readonly played: string[] = [];
  private readonly books = new Map<string, LocalBook>();
  private waiting: Operation[] = [];
  private readonly refused: string[] = [];
  private commands = 0;
  private firstReceivedMs = 0;
  private startedMs = 0;

  constructor(private readonly client: OpenfillClient, private readonly outline: Outline, private readonly speed: number) {}

  /** The orders that were open when recording began, in queue order. */
  async restore(): Promise<void> {
    for (const { instrument, bids, asks } of this.outline.queues.values()) {
      for (const [side, orders] of [['buy', bids], ['sell', asks]] as const) {
        for (const [price, quantity, orderId] of orders) {
          this.known.add(orderId);
          this.earlier.add(orderId);
          await this.add({ op: 'place', client_id: EARLIER_CLIENT, client_order_id: orderId, instrument, side, type: 'limit', price, quantity });
        }
      }
    }
    await this.flush();
    this.startedMs = Date.now();
  }

  async play(file: string): Promise<void> {
    let entry = null as Entry | null;
    for await (const line of readLines(file)) {
      if (!('message' in line)) continue;
      const { message, received_at: receivedAt } = line;
      if (message.type === 'resync') break;
      if (message.sequence > this.outline.end) continue;
      this.keepBook(message);
      if (message.type !== 'trade' && message.type !== 'order') continue;
      if (message.sequence <= (this.outline.queues.get(message.instrument)?.sequence ?? Infinity)) continue;
      if (entry?.sequence !== message.sequence) {
        if (entry !== null) await this.carryOut(entry);
        entry = { sequence: message.sequence, receivedMs: Date.parse(receivedAt), orders: [], makers: new Set(), traded: new Map() };
      }
      if (message.type === 'order') {
        entry.orders.push(message.data);
      } else {
        const { maker_order_id: maker, taker_order_id: taker, price, quantity, taker_side: side } = message.data;
        entry.makers.add(maker);
        entry.traded.set(taker, [...entry.traded.get(taker) ?? [], quantity]);
        this.expected.push(`${message.instrument} ${side} ${quantity} at ${price}, ${taker} took from ${maker}`);
      }
    }
    if (entry !== null) await this.carryOut(entry);
    await this.flush();
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
    // Behind the order that a command was about stand others that went with it, or those of its own that it met: they make way first.
    const [commanded, ...others] = entry.orders.filter(({ order_id: id }) => !entry.makers.has(id));
    const goesByItself = commanded !== undefined && commanded.status !== 'pending' && this.pending.has(commanded.order_id) && !REQUESTED.has(commanded.status_reason ?? '');
    const making = goesByItself ? [] : others.map((order) => this.wayOf(order));
    const operations = [...making, ...(commanded === undefined ? [] : this.operationOf(commanded, entry))];
    if (operations.length === 0) return;
    await this.waitFor(entry.receivedMs);
    for (const operation of operations) await this.add(operation);
  }

  private operationOf(order: Order, entry: Entry): Operation[] {
    const wasPending = this.pending.delete(order.order_id);
    if (order.status === 'pending') this.pending.add(order.order_id);
    if (!this.known.has(order.order_id)) {
      this.known.add(order.order_id);
      return placesOf(order);
    }
    const name = nameOf(order, this.earlier);
    if (order.status === 'pending') return [amendOfPending(order, name)];
    if (REQUESTED.has(order.status_reason ?? '')) return [{ op: 'cancel', ...name } satisfies CancelOperation];
    // One whose price trades have reached goes by itself.
    if (wasPending || order.price === null) return [];
    // What was open after the amend, before it traded; what was filled earlier may not be known here.
    const traded = entry.traded.get(order.order_id) ?? [];
    if (isStopped(order)) {
      return traded.length === 0 ? [{ op: 'cancel', ...name }] : [{ op: 'amend', ...name, price: order.price, remaining_quantity: sum(traded) }];
    }
    const remaining = sum([order.status === 'cancelled' ? unfilledOf(order) : order.remaining_quantity, ...traded]);
    return [{ op: 'amend', ...name, price: order.price, remaining_quantity: remaining } satisfies AmendOperation];
  }

  /** What makes way for a command: it is cancelled, or loses what it no longer has. */
  private wayOf(order: Order): Operation {
    const name = nameOf(order, this.earlier);
    if (order.status !== 'open' && order.status !== 'partially_filled') return { op: 'cancel', ...name } satisfies CancelOperation;
    return { op: 'amend', ...name, remaining_quantity: order.remaining_quantity } satisfies AmendOperation;
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
      for (const { price, quantity, maker_order_id: maker, taker_order_id: taker } of trades) {
        this.played.push(`${instrument} ${side} ${quantity} at ${price}, ${this.recorded(taker)} took from ${this.recorded(maker)}`);
      }
    });
  }

  private recorded(id: string): string {
    return this.recordedIds.get(id) ?? `${id}, which the recording does not know,`;
  }

  async report(): Promise<PlayReport> {
    const differences = this.outline.hole === null ? [] : [`the recording is not whole: ${this.outline.hole}`];
    for (const { instrument, truncated } of this.outline.queues.values()) {
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

/** The open part that a cancelled order had. */
function unfilledOf(order: Order): string {
  const scale = order.quantity.split('.')[1]?.length ?? 0;
  const digits = (BigInt(order.quantity.replace('.', '')) - BigInt(order.filled_quantity.replace('.', ''))).toString().padStart(scale + 1, '0');
  return scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
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
