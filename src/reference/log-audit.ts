import type { BalanceChange, EntryKind, EntryEvent, Fill, LevelChange, LogEntry, OrderChange } from '../domain/entry';
import { displayedLots, traitsAtEnd } from '../domain/iceberg';
import { boundOf, isOpenToTrade, type InstrumentRules } from '../domain/instrument-rules';
import { chargedUnits, expiryUs, isOpen, isResting, remainingLots, type Order } from '../domain/order';
import { encodeTraits, isOwnAccount } from '../domain/order-traits';
import { hasBand } from '../domain/price-band';
import { checkAuction } from './auction-audit';
import { Bands, isBeyond } from './bands';
import { ListAudit } from './list-audit';
import { TriggerAudit } from './trigger-audit';

/** Version of the first entries that tell where an order was placed, and of every order's fill before. */
const ORDERS_TOLD_FROM = 3;

/** What somebody asks of orders: the venue itself ends some in whatever state. */
const ASKED_OF_ORDERS: ReadonlySet<EntryKind> = new Set(['place', 'cancel', 'amend', 'mass_cancel']);

/** What the venue does ahead of everything else. */
const UNASKED: ReadonlySet<EntryKind> = new Set(['due', 'auction']);

/** What takes: it may be stopped by a price band. */
const TAKING: ReadonlySet<EntryKind> = new Set(['place', 'amend', 'trigger', 'list']);

/** What entries that change nothing may show. */
const SHOWN: Readonly<Partial<Record<EntryKind, ReadonlySet<EntryEvent['type']>>>> = {
  refuse: new Set(['shown', 'transfer', 'shortfall', 'instrument']),
  keep: new Set(['shown']),
};

/**
 * Follows a shard's log from its first entry and checks that each entry follows from those before it:
 * sequence, time and trade ids without gaps, every lot traded accounted for on both sides, each
 * level's new total equal to what its orders show there, every fee told in its order, and balances of
 * each asset that add up to nothing. It knows no matching rule, so it judges the reference book's log
 * as well as the engine's.
 */
export class LogAudit {
  private sequence = 0;
  private timeUs = 0;
  private readonly tradeIds = new Map<string, number>();
  /** Numbers of the refills in the entry so far. */
  private readonly refills = new Set<number>();
  private readonly orders = new Map<string, Order>();
  private readonly triggers = new TriggerAudit();
  private readonly lists = new ListAudit();
  private readonly levels = new Map<string, bigint>();
  /** As the log has told them. */
  private readonly instruments = new Map<string, InstrumentRules>();
  /** What their price bands go by. */
  private readonly bands = new Bands();
  /** Totals by account and asset, and by asset their sums. */
  private readonly totals = new Map<string, bigint>();
  private readonly sums = new Map<string, bigint>();

  /** @returns what is wrong with the entry, one sentence each */
  add(entry: LogEntry): string[] {
    const problems: string[] = [];
    const wrong = (what: string): void => void problems.push(`entry ${entry.sequence}: ${what}`);
    if (entry.sequence !== this.sequence + 1) wrong(`follows ${this.sequence}`);
    if (entry.timeUs < this.timeUs) wrong('is earlier than the one before');
    this.sequence = entry.sequence;
    this.timeUs = entry.timeUs;
    this.refills.clear();

    const touched = new Set<string>();
    const auctioned = entry.command?.op === 'auction' ? this.instruments.get(entry.command.instrument) : undefined;
    const behind = this.checkInstruments(entry, wrong);
    const before = this.ordersBefore(entry);
    this.checkFills(entry, touched, wrong);
    if (entry.kind === 'auction') checkAuction(entry, this.orders, auctioned, wrong, (order) => this.replace(order, touched));
    for (const check of behind) check();
    const told = entry.events.filter((event): event is OrderChange => event.type === 'order');
    // Those that an auction has traded are checked already.
    const changes = entry.kind === 'auction' ? told.filter(({ order }) => order.reason === 'linked') : told;
    const shown = SHOWN[entry.kind];
    const isOpenNow = (instrument: string): boolean => isOpenToTrade(this.instruments.get(instrument) ?? { state: 'open', openingTicks: 0 });
    if (shown === undefined) {
      // Behind the commanded order of one that takes stand those of its own that it met (K-20), and those that went with others of their lists.
      const isTaking = TAKING.has(entry.kind);
      for (const [i, change] of changes.entries()) {
        if (change.order.reason === 'linked') this.lists.checkLinked(entry, this.orders.get(change.order.orderId), change.order, wrong);
        else if (isTaking && i > 0 && !this.lists.isPlaced(entry, change.order)) this.checkPrevented(entry, change, wrong);
        else this.checkOwnOrder(entry, change, wrong);
        this.triggers.check(entry, this.orders.get(change.order.orderId), change.order, wrong);
      }
      for (const { order } of changes) this.replace(order, touched);
      const after = new Map([...entry.fills.map(({ maker }) => maker), ...told.map(({ order }) => order)].map((order) => [order.orderId, order]));
      this.lists.check(entry, after, (orderId) => (before.has(orderId) ? before.get(orderId) : this.orders.get(orderId)), isOpenNow, wrong);
    } else {
      for (const { type } of entry.events) {
        if (!shown.has(type)) wrong(`is a ${entry.kind} and changes the book or its money: ${type}`);
      }
    }
    this.triggers.note(entry, isOpenNow);
    this.checkLevels(entry.levels, touched, wrong);
    this.checkBalances(entry.balances, wrong);
    return problems;
  }

  /**
   * What is bound for ever stays; nothing trades but where all is open, and nothing happens where all is halted.
   * @returns what is to be checked behind the entry's trades
   */
  private checkInstruments(entry: LogEntry, wrong: (what: string) => void): (() => void)[] {
    const behind: (() => void)[] = [];
    for (const event of entry.events) {
      if (event.type !== 'instrument') continue;
      const { rules } = event;
      const before = this.instruments.get(rules.instrument);
      if (before !== undefined && JSON.stringify(boundOf(before)) !== JSON.stringify(boundOf(rules))) wrong(`instrument ${rules.instrument} has another tick, lot or asset`);
      if (entry.kind === 'instrument') this.checkChanged(before, rules, wrong);
      else if (entry.kind === 'auction') behind.push(() => this.checkOpened(before, rules, wrong));
      else if (TAKING.has(entry.kind)) behind.push(() => this.checkHalted(entry, before, rules, wrong));
      else if (before === undefined || JSON.stringify(before) !== JSON.stringify(rules)) wrong(`instrument ${rules.instrument} is shown otherwise than it is`);
    }
    if (this.instruments.size === 0) return behind;
    if (!UNASKED.has(entry.kind)) {
      for (const { instrument, openingTicks } of this.instruments.values()) {
        const isBegun = entry.kind === 'instrument' && entry.events.some((event) => event.type === 'instrument' && event.rules.instrument === instrument);
        if (openingTicks > 0 && !isBegun) wrong(`comes between the pages of the call auction of ${instrument}`);
      }
    }
    for (const { maker, tradeId } of entry.fills) {
      const state = this.instruments.get(maker.instrument)?.state ?? 'open';
      if (state !== 'open' && entry.kind !== 'auction') wrong(`trade ${tradeId} of ${maker.instrument}, which is ${state}`);
    }
    for (const event of entry.events) {
      if (event.type === 'order' && ASKED_OF_ORDERS.has(entry.kind) && this.instruments.get(event.order.instrument)?.state === 'halted') wrong(`order ${event.order.orderId} changes while ${event.order.instrument} is halted`);
    }
    return behind;
  }

  /** A reference begins with the last trade as its band is set, or its instrument opened; without a band there is none. */
  private checkChanged(before: InstrumentRules | undefined, rules: InstrumentRules, wrong: (what: string) => void): void {
    const { instrument, bandFrom } = rules;
    const isOther = before?.priceBand !== rules.priceBand || before.bandWindowS !== rules.bandWindowS;
    if (!hasBand(rules)) this.bands.drop(instrument);
    else if (isOther || bandFrom !== before.bandFrom) this.bands.anchor(instrument);
    const last = hasBand(rules) ? this.bands.lastTrade(instrument)?.tradeId ?? 0 : 0;
    if (bandFrom !== last && (isOther || !hasBand(rules) || bandFrom !== before.bandFrom)) wrong(`the reference price of ${instrument} begins with trade ${bandFrom}, the last is ${last}`);
    this.instruments.set(instrument, rules);
  }

  /** The end of a call auction changes nothing else. */
  private checkOpened(before: InstrumentRules | undefined, rules: InstrumentRules, wrong: (what: string) => void): void {
    const bandFrom = hasBand(before) ? this.bands.anchor(rules.instrument) : 0;
    if (before === undefined || JSON.stringify({ ...before, openingTicks: 0, bandFrom }) !== JSON.stringify(rules)) wrong(`the auction of ${rules.instrument} makes it ${JSON.stringify(rules)}`);
    this.instruments.set(rules.instrument, rules);
  }

  /** An order whose next trade would be outside of its instrument's price band has that gather orders for a call auction; nothing else changes. */
  private checkHalted(entry: LogEntry, before: InstrumentRules | undefined, rules: InstrumentRules, wrong: (what: string) => void): void {
    const { instrument } = rules;
    if (before?.state !== 'open' || JSON.stringify({ ...before, state: 'auction' }) !== JSON.stringify(rules)) wrong(`instrument ${instrument} is halted as ${JSON.stringify(rules)}`);
    const [taker] = entry.orders;
    if (taker?.instrument !== instrument) wrong(`instrument ${instrument} is halted by an order of another`);
    if (this.bands.limitsOf(instrument, before, entry.timeUs) === null) wrong(`instrument ${instrument} is halted without a reference price`);
    else if (taker !== undefined && !isOpen(taker) && taker.reason !== 'price_band') wrong(`instrument ${instrument} is halted by an order that is ${taker.status}`);
    this.instruments.set(instrument, rules);
  }

  /** Orders of which an entry tells, as they were ahead of it. */
  private ordersBefore(entry: LogEntry): ReadonlyMap<string, Order | undefined> {
    return new Map([...entry.fills.map(({ maker }) => maker), ...entry.orders].map(({ orderId }) => [orderId, this.orders.get(orderId)]));
  }

  private checkFills(entry: LogEntry, touched: Set<string>, wrong: (what: string) => void): void {
    for (const fill of entry.fills) {
      const taker = entry.orders[fill.taker];
      if (taker === undefined) {
        wrong(`trade ${fill.tradeId} has no taker among the entry's orders`);
        continue;
      }
      const tradeId = (this.tradeIds.get(taker.instrument) ?? 0) + 1;
      if (fill.tradeId !== tradeId) wrong(`trade ${fill.tradeId} where ${tradeId} follows`);
      this.tradeIds.set(taker.instrument, fill.tradeId);
      if (fill.quantityLots < 1) wrong(`trade ${fill.tradeId} of ${fill.quantityLots} lots`);
      if (entry.kind === 'auction') continue;
      this.checkMaker(entry, taker, fill, wrong);
      const band = this.bands.limitsOf(taker.instrument, this.instruments.get(taker.instrument), entry.timeUs);
      if (isBeyond(band, fill.priceTicks)) wrong(`trade ${fill.tradeId} at ${fill.priceTicks} is outside of the price band of ${taker.instrument}`);
      this.replace(fill.maker, touched);
    }
    // A reference is that of before the entry's first trade.
    for (const { maker: { instrument }, tradeId, priceTicks } of entry.fills) this.bands.note(instrument, this.instruments.get(instrument), tradeId, priceTicks, entry.timeUs);
  }

  private checkMaker(entry: LogEntry, taker: Order, fill: Fill, wrong: (what: string) => void): void {
    const { maker } = fill;
    const before = this.orders.get(maker.orderId);
    const name = `trade ${fill.tradeId}: maker ${maker.orderId}`;
    if (before === undefined || !isResting(before)) {
      wrong(`${name} was not open`);
      return;
    }
    if (isOverAt(before, entry)) wrong(`${name} was over by then`);
    if (taker.traits.stp !== undefined && isOwnAccount(taker, maker.clientId)) wrong(`${name} is the taker's own, which it may not trade with`);
    if (maker.side === taker.side || maker.instrument !== taker.instrument) wrong(`${name} is no counterpart`);
    if (fill.priceTicks !== before.priceTicks) wrong(`${name} asked for ${before.priceTicks}, traded at ${fill.priceTicks}`);
    if (taker.priceTicks !== null && (taker.side === 'buy' ? fill.priceTicks > taker.priceTicks : fill.priceTicks < taker.priceTicks)) {
      wrong(`${name} is past the taker's limit ${taker.priceTicks}`);
    }
    if (maker.filledLots !== before.filledLots + fill.quantityLots) wrong(`${name} does not count the trade's lots`);
    if (BigInt(maker.notional) !== BigInt(before.notional) + valueOf(fill)) wrong(`${name} does not count the trade's value`);
    if (fill.makerPreviousFill !== before.fillSequence || maker.fillSequence !== entry.sequence) wrong(`${name} does not point at its fills`);
    if (chargedUnits(maker.fees) - chargedUnits(before.fees) !== BigInt(fill.makerFee)) wrong(`${name} does not count the trade's fee`);
    if (maker.quantityLots !== before.quantityLots || maker.traits.display !== before.traits.display) wrong(`${name} was changed by a trade`);
    if (fill.quantityLots > displayedLots(before)) wrong(`${name} traded ${fill.quantityLots} lots, it showed ${displayedLots(before)}`);
    const newest = Math.max(0, ...this.refills);
    this.checkShown(entry.sequence, before, maker, (what) => wrong(`${name} ${what}`));
    if (maker.priority === entry.sequence && maker.priority !== before.priority && (maker.traits.refill ?? 0) <= newest) wrong(`${name} is refilled ahead of one that came before`);
  }

  /** Who trades or loses lots keeps its place until what it shows is used up; then it shows more of what is left, behind all others. */
  private checkShown(sequence: number, before: Order, after: Order, wrong: (what: string) => void): void {
    const { shown, refill } = after.traits;
    const left = displayedLots(before) - (remainingLots(before) - remainingLots(after));
    if (left > 0 || before.traits.shown === undefined || remainingLots(after) === 0) {
      if (after.priority !== before.priority || (isOpen(after) && refill !== before.traits.refill)) wrong('lost its place');
      if (isOpen(after) && displayedLots(after) !== left) wrong(`shows ${displayedLots(after)} lots, ${left} are left of what it showed`);
      return;
    }
    const most = Math.min(before.traits.display ?? 0, remainingLots(after));
    if (shown === undefined || shown < 1 || shown > most) wrong(`shows ${shown ?? 'nothing'} behind its refill, of ${most} at most`);
    if (after.priority !== sequence || refill === undefined || this.refills.has(refill)) wrong(`is refilled at place ${after.priority}, ${refill ?? 'none'}, which is no place of its own`);
    this.refills.add(refill ?? 0);
  }

  private checkOwnOrder(entry: LogEntry, { order, previousFill }: OrderChange, wrong: (what: string) => void): void {
    const before = this.orders.get(order.orderId);
    const name = `order ${order.orderId}`;
    if (this.lists.isPlaced(entry, order) === (before !== undefined)) wrong(`${name} is ${before === undefined ? 'unknown' : 'placed again'}`);
    if (before !== undefined && !isOpen(before)) wrong(`${name} was done already`);
    if (order.sequence !== entry.sequence || order.updatedUs !== entry.timeUs) wrong(`${name} does not carry the entry's number and time`);
    let lots = before?.filledLots ?? 0;
    let value = BigInt(before?.notional ?? '0');
    let charged = chargedUnits(before?.fees ?? null);
    for (const fill of entry.fills) {
      if (entry.orders[fill.taker] !== order) continue;
      lots += fill.quantityLots;
      value += valueOf(fill);
      charged += BigInt(fill.takerFee);
    }
    if (chargedUnits(order.fees) !== charged) wrong(`${name} was charged ${chargedUnits(order.fees)}, its trades say ${charged}`);
    if (order.filledLots !== lots) wrong(`${name} has ${order.filledLots} lots filled, its trades say ${lots}`);
    if (BigInt(order.notional) !== value) wrong(`${name} traded for ${order.notional}, its trades say ${value}`);
    // Before that only amends told.
    const tells = entry.version >= ORDERS_TOLD_FROM || entry.kind === 'amend';
    if (tells && previousFill !== (before?.fillSequence ?? 0)) wrong(`${name} does not point at its fills`);
    if ((order.reason === 'expired') !== isOverAt(order, entry) && (order.reason === 'expired' || isOpen(order))) wrong(`${name} is ${order.status} at ${entry.timeUs}, its time is over at ${expiryUs(order) ?? 'no time'}`);
    const placed = before?.placedSequence ?? entry.sequence;
    if (entry.version >= ORDERS_TOLD_FROM && order.placedSequence !== placed) wrong(`${name} was placed at ${placed}, it says ${order.placedSequence}`);
  }

  /** An order that its own account's taker met: it is cancelled, or has lost lots, and nothing else of it has changed. */
  private checkPrevented(entry: LogEntry, { order, previousFill }: OrderChange, wrong: (what: string) => void): void {
    const before = this.orders.get(order.orderId);
    const taker = entry.orders[0] as Order;
    const name = `order ${order.orderId}`;
    if (before === undefined || !isOpen(before)) {
      wrong(`${name} was not open`);
      return;
    }
    if (order.side === taker.side || order.instrument !== taker.instrument || !isOwnAccount(taker, order.clientId)) wrong(`${name} is none that ${taker.orderId} may not trade with`);
    if (order.sequence !== entry.sequence || order.updatedUs !== entry.timeUs) wrong(`${name} does not carry the entry's number and time`);
    const { sequence, updatedUs, quantityLots } = order;
    const isCut = quantityLots < before.quantityLots && quantityLots > before.filledLots;
    if (isCut) this.checkShown(entry.sequence, before, order, (what) => wrong(`${name} ${what}`));
    // What it shows then, and where, has been looked at.
    const { priority, traits } = order;
    if (encodeTraits(traitsAtEnd(traits)) !== encodeTraits(traitsAtEnd(before.traits))) wrong(`${name} asks for something else`);
    const after: Order = isCut
      ? { ...before, sequence, updatedUs, quantityLots, priority, traits }
      : { ...before, sequence, updatedUs, status: 'cancelled', reason: 'self_trade', traits: traitsAtEnd(before.traits) };
    if (!isSame(order, after)) wrong(`${name} is ${JSON.stringify(order)}, neither cancelled nor cut`);
    if (previousFill !== before.fillSequence) wrong(`${name} does not point at its fills`);
  }

  /** Each touched level's last word must be what its orders show; no other level may be spoken of. */
  private checkLevels(levels: readonly LevelChange[], touched: ReadonlySet<string>, wrong: (what: string) => void): void {
    const told = new Map<string, number>();
    for (const level of levels) told.set(levelKey(level.instrument, level.side, level.priceTicks), level.quantityLots);
    for (const [key, quantityLots] of told) {
      if (BigInt(quantityLots) !== (this.levels.get(key) ?? 0n)) wrong(`level ${key} is told as ${quantityLots}, its orders show ${this.levels.get(key) ?? 0n}`);
    }
    for (const key of touched) {
      if (!told.has(key)) wrong(`level ${key} changed and is not told`);
    }
  }

  /** What accounts have behind the entry, each told once, adds up to nothing in each asset. */
  private checkBalances(balances: readonly BalanceChange[], wrong: (what: string) => void): void {
    const told = new Set<string>();
    for (const { account, asset, total, held } of balances) {
      const key = JSON.stringify([account, asset]);
      if (told.has(key)) wrong(`balance of ${account} in ${asset} is told twice`);
      told.add(key);
      if (BigInt(held) < 0n) wrong(`balance of ${account} in ${asset} has ${held} held`);
      this.sums.set(asset, (this.sums.get(asset) ?? 0n) + BigInt(total) - (this.totals.get(key) ?? 0n));
      this.totals.set(key, BigInt(total));
    }
    for (const asset of new Set(balances.map((balance) => balance.asset))) {
      const sum = this.sums.get(asset) ?? 0n;
      if (sum !== 0n) wrong(`balances of ${asset} add up to ${sum} more than before`);
      // What one entry did wrong is not told of the next again.
      this.sums.set(asset, 0n);
    }
  }

  private replace(order: Order, touched: Set<string>): void {
    const before = this.orders.get(order.orderId);
    if (before !== undefined) this.weigh(before, -1n, touched);
    this.weigh(order, 1n, touched);
    // Entries of before version 3 do not tell where an order was placed.
    const placedSequence = order.placedSequence || (before?.placedSequence ?? 0);
    this.orders.set(order.orderId, placedSequence === order.placedSequence ? order : { ...order, placedSequence });
  }

  private weigh(order: Order, sign: 1n | -1n, touched: Set<string>): void {
    if (!isResting(order) || order.priceTicks === null) return;
    const key = levelKey(order.instrument, order.side, order.priceTicks);
    const total = (this.levels.get(key) ?? 0n) + sign * BigInt(displayedLots(order));
    if (total === 0n) this.levels.delete(key);
    else this.levels.set(key, total);
    touched.add(key);
  }
}

function isSame(a: Order, b: Order): boolean {
  return (Object.keys(a) as (keyof Order)[]).every((field) => JSON.stringify(a[field]) === JSON.stringify(b[field]));
}

/** Whether an order's time is over as an entry is made. */
function isOverAt(order: Order, { timeUs }: LogEntry): boolean {
  const over = expiryUs(order);
  return over !== null && over <= timeUs;
}

function valueOf(fill: Fill): bigint {
  return BigInt(fill.priceTicks) * BigInt(fill.quantityLots);
}

function levelKey(instrument: string, side: string, priceTicks: number): string {
  return `${instrument} ${side} ${priceTicks}`;
}
