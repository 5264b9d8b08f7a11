import { assetsOf, scaleOf, type MoneyScale } from '../../../src/domain/assets';
import type { EntryEvent, Fill, LoggedCommand, RawLogEntry } from '../../../src/domain/entry';
import { parseInstruments, type Instrument } from '../../../src/domain/instruments';
import { FEES, ISSUANCE, type Account, type FeeRate, type Transfer, type TransferEnd } from '../../../src/domain/money';
import { isOpen, KIND_CODE, remainingLots, type Order, type OrderFees, type Side } from '../../../src/domain/order';
import { newOrderId } from '../../../src/domain/order-id';
import { NO_TRAITS } from '../../../src/domain/order-traits';
import type { Random } from '../../../src/seeded-random';
import { entryText } from './entry-text';

/** A posting as the model makes it, going forward. */
export interface ModelEvent {
  readonly eventId: string;
  readonly asset: string;
  readonly amount: bigint;
  readonly kind: string;
  readonly totalAfter: bigint;
  readonly orderId: string | null;
  readonly tradeId: number | null;
  readonly transferId: string | null;
  readonly counterparty: string | null;
  readonly timeUs: number;
}

export interface ModelPosition {
  net: bigint; cost: bigint; realized: bigint; fees: bigint; boughtLots: bigint; boughtCost: bigint; soldLots: bigint; soldProceeds: bigint;
  openedUs: number | null; updatedUs: number; sequence: number;
}

interface ModelBalance { total: bigint; held: bigint }

/** What a step of the model may be, each as often as its weight says. */
export interface Weights {
  readonly place: number; readonly cancel: number; readonly amend: number; readonly massCancel: number; readonly refuse: number;
  readonly transfer: number; readonly end: number; readonly account: number; readonly feeGroup: number;
}

const WEIGHTS: Weights = { place: 50, cancel: 15, amend: 10, massCancel: 2, refuse: 3, transfer: 12, end: 6, account: 2, feeGroup: 1 };

export interface VenueOptions {
  readonly accounts: readonly string[];
  readonly weights?: Weights;
  /** Out of 100 places, how many trade where there is anybody to trade with. */
  readonly tradingShare?: number;
  readonly priceTicks?: (random: Random) => number;
  readonly quantityLots?: (random: Random) => number;
  readonly startUs?: number;
  readonly stepUs?: (random: Random) => number;
  readonly funds?: 'paper' | 'off';
  /** Where the log and each instrument's trades had come to before. */
  readonly sequence?: number;
  readonly tradeId?: number;
}

const INSTRUMENTS = parseInstruments([
  { instrument: 'BTC-USD', base: 'BTC', quote: 'USD', tick_size: '0.01', lot_size: '0.00000001' },
  { instrument: 'ETH-USD', base: 'ETH', quote: 'USD', tick_size: '0.05', lot_size: '0.00002' },
  { instrument: 'ETH-BTC', base: 'ETH', quote: 'BTC', tick_size: '0.00001', lot_size: '0.001' },
]);

const opposite = (side: Side): Side => (side === 'buy' ? 'sell' : 'buy');
const ceilMillionth = (units: bigint): bigint => (units >= 0n ? (units + 999_999n) / 1_000_000n : units / 1_000_000n);
const isAt = (account: string): boolean => account.startsWith('@');

/**
 * A venue's money by plain sums, which tells what it does as entries of a log. Orders trade with anybody of the other side: who comes
 * first is not its business, nor is cover.
 */
export class MoneyVenue {
  readonly instruments: readonly Instrument[] = INSTRUMENTS;
  readonly decimals: ReadonlyMap<string, number> = new Map(assetsOf(INSTRUMENTS, new Map()).map(({ asset, decimals }) => [asset, decimals]));
  readonly scales: ReadonlyMap<string, MoneyScale> = new Map(INSTRUMENTS.map((one) => [one.instrument, scaleOf(one, this.decimals)]));
  readonly raws: RawLogEntry[] = [];
  readonly balances = new Map<string, Map<string, ModelBalance>>();
  readonly accounts = new Map<string, Account>();
  readonly orders = new Map<string, Order>();
  readonly transfers = new Map<string, Transfer>();
  readonly rates = new Map<string, readonly FeeRate[]>();
  /** By account, oldest first. */
  readonly events = new Map<string, ModelEvent[]>();
  /** By account and instrument. */
  readonly positions = new Map<string, ModelPosition>();
  sequence: number;
  timeUs: number;
  epoch = 'epoch---';
  private readonly tradeIds = new Map<string, number>();
  private readonly open: string[] = [];
  private readonly openAt = new Map<string, number>();
  private references = 0;
  private touched = new Map<string, { account: string; asset: string; before: ModelBalance }>();
  private made: Account[] = [];
  funds: 'paper' | 'off';

  constructor(private readonly random: Random, private readonly options: VenueOptions) {
    this.timeUs = options.startUs ?? 1_750_000_000_000_000;
    this.funds = options.funds ?? 'paper';
    this.sequence = options.sequence ?? 0;
  }

  /** One command. */
  step(): void {
    const weights = Object.entries(this.options.weights ?? WEIGHTS) as [keyof Weights, number][];
    let at = this.random.below(weights.reduce((sum, [, weight]) => sum + weight, 0));
    const [chosen] = weights.find(([, weight]) => (at -= weight) < 0) as [keyof Weights, number];
    const open = this.open.length > 0;
    switch (chosen) {
      case 'place': this.place(); break;
      case 'cancel': if (open) this.cancel([this.pickOpen()], 'cancel'); else this.place(); break;
      case 'massCancel': if (open) this.cancel(this.openOf((this.orders.get(this.pickOpen()) as Order).clientId).slice(0, 5), 'mass_cancel'); else this.place(); break;
      case 'amend': if (open) this.amend(); else this.place(); break;
      case 'refuse': this.refuse(); break;
      case 'transfer': this.transfer(); break;
      case 'end': this.endTransfer(); break;
      case 'account': this.account(); break;
      case 'feeGroup': this.feeGroup(); break;
    }
  }

  balance(account: string, asset: string): ModelBalance {
    let assets = this.balances.get(account);
    if (assets === undefined) this.balances.set(account, assets = new Map<string, ModelBalance>());
    let balance = assets.get(asset);
    if (balance === undefined) assets.set(asset, balance = { total: 0n, held: 0n });
    return balance;
  }

  position(account: string, instrument: string): ModelPosition {
    const key = `${account}\u0000${instrument}`;
    let position = this.positions.get(key);
    if (position === undefined) {
      this.positions.set(key, position = {
        net: 0n, cost: 0n, realized: 0n, fees: 0n, boughtLots: 0n, boughtCost: 0n, soldLots: 0n, soldProceeds: 0n, openedUs: null, updatedUs: 0, sequence: 0,
      });
    }
    return position;
  }

  private get name(): string {
    return this.random.pick(this.options.accounts);
  }

  private pickOpen(): string {
    return this.random.pick(this.open);
  }

  private openOf(account: string): string[] {
    return this.open.filter((id) => this.orders.get(id)?.clientId === account);
  }

  private begin(): void {
    this.sequence++;
    this.timeUs += this.options.stepUs?.(this.random) ?? this.random.below(3_000_000);
    this.touched = new Map();
    this.made = [];
  }

  private touch(account: string, asset: string): ModelBalance {
    const balance = this.balance(account, asset);
    const key = `${account}\u0000${asset}`;
    if (!this.touched.has(key)) this.touched.set(key, { account, asset, before: { ...balance } });
    return balance;
  }

  private ensure(account: string): void {
    if (isAt(account) || this.accounts.has(account)) return;
    const made: Account = { account, name: null, status: 'active', credit: 'venue', feeGroup: 'default', createdUs: this.timeUs };
    this.accounts.set(account, made);
    this.made.push(made);
  }

  private post(account: string, index: number, asset: string, amount: bigint, kind: string, more: Partial<ModelEvent> = {}): void {
    const balance = this.touch(account, asset);
    balance.total += amount;
    let events = this.events.get(account);
    if (events === undefined) this.events.set(account, events = []);
    events.push({
      eventId: `${this.sequence}:${index}`, asset, amount, kind, totalAfter: balance.total, orderId: null, tradeId: null, transferId: null, counterparty: null,
      timeUs: this.timeUs, ...more,
    });
  }

  private log(kind: string, command: LoggedCommand, events: readonly EntryEvent[], code = 0): void {
    const told: EntryEvent[] = [...events];
    if (this.funds !== 'off' && kind !== 'refuse') {
      for (const account of this.made) if (!told.some((event) => event.type === 'account' && event.account.account === account.account)) told.push({ type: 'account', account });
      for (const { account, asset, before } of this.touched.values()) {
        const { total, held } = this.balance(account, asset);
        const isUnchanged = total === before.total && held === before.held;
        // What did not change may be told or not.
        if (isUnchanged && this.random.below(2) === 0) continue;
        told.push({ type: 'balance', account, asset, total: String(total), held: String(held) });
      }
    }
    const idempotency = this.random.below(3) === 0 ? `digest-${String(this.sequence).padStart(15, '0')}` : '';
    const payload = entryText({ kind, sequence: this.sequence, timeUs: this.timeUs, command, code, events: told, idempotency, epoch: this.epoch });
    this.raws.push({ sequence: this.sequence, payload });
  }

  private scale(order: Order): MoneyScale {
    return this.scales.get(order.instrument) as MoneyScale;
  }

  /** What an open order holds, by A-30. */
  hold(order: Order): { asset: string; amount: bigint } {
    const { base, quote, lotUnits, valueUnits } = this.scale(order);
    const lots = BigInt(isOpen(order) ? remainingLots(order) : 0);
    if (order.side === 'sell') return { asset: base, amount: lots * lotUnits };
    const value = BigInt(order.priceTicks ?? 0) * lots * valueUnits;
    const { makerRate = 0, takerRate = 0, units = '0', millionths = 0 } = order.fees ?? {};
    const charged = BigInt(units) * 1_000_000n + BigInt(millionths);
    const rate = BigInt(Math.max(makerRate, takerRate, 0));
    if (lots === 0n) return { asset: quote, amount: 0n };
    return { asset: quote, amount: value + ceilMillionth(charged + value * rate) - ceilMillionth(charged) };
  }

  private put(before: Order | null, after: Order): void {
    this.orders.set(after.orderId, after);
    const [old, now] = [before === null ? null : this.hold(before), this.hold(after)];
    if (this.funds !== 'off') this.touch(after.clientId, now.asset).held += now.amount - (old?.amount ?? 0n);
    const at = this.openAt.get(after.orderId);
    if (isOpen(after) && at === undefined) this.openAt.set(after.orderId, this.open.push(after.orderId) - 1);
    if (isOpen(after) || at === undefined) return;
    const last = this.open.pop() as string;
    this.openAt.delete(after.orderId);
    if (last === after.orderId) return;
    this.open[at] = last;
    this.openAt.set(last, at);
  }

  private feesFor(account: string, instrument: string): OrderFees | null {
    const rowOf = (group: string): FeeRate | undefined => {
      const rates = this.rates.get(group) ?? [];
      return rates.find((rate) => rate.instrument === instrument) ?? rates.find((rate) => rate.instrument === null);
    };
    const row = rowOf(this.accounts.get(account)?.feeGroup ?? 'default') ?? rowOf('default');
    if (row === undefined || (row.makerRate === 0 && row.takerRate === 0) || this.funds === 'off') return null;
    return { makerRate: row.makerRate, takerRate: row.takerRate, units: '0', millionths: 0 };
  }

  private charge(fees: OrderFees | null, value: bigint, rate: number): { fees: OrderFees | null; fee: bigint } {
    if (fees === null) return { fees, fee: 0n };
    const before = BigInt(fees.units) * 1_000_000n + BigInt(fees.millionths);
    const after = before + value * BigInt(rate);
    const millionths = ((after % 1_000_000n) + 1_000_000n) % 1_000_000n;
    return {
      fees: { ...fees, units: String((after - millionths) / 1_000_000n), millionths: Number(millionths) }, fee: ceilMillionth(after) - ceilMillionth(before),
    };
  }

  /** Trades an order with some of the other side. @returns the order behind it */
  private trade(taker: Order, makers: readonly Order[], fills: Fill[]): Order {
    let order = taker;
    const { base, quote, lotUnits, valueUnits } = this.scale(taker);
    makers.forEach((maker, k) => {
      const left = Math.min(remainingLots(order), remainingLots(maker));
      if (left === 0) return;
      const lots = k === makers.length - 1 ? left : 1 + this.random.below(left);
      const index = 8 * fills.length;
      const tradeId = (this.tradeIds.get(taker.instrument) ?? this.options.tradeId ?? 0) + 1;
      this.tradeIds.set(taker.instrument, tradeId);
      const priceTicks = maker.priceTicks as number;
      const notional = BigInt(priceTicks) * BigInt(lots);
      const [value, units] = [notional * valueUnits, BigInt(lots) * lotUnits];
      const filled = (one: Order, rate: number): { after: Order; fee: bigint } => {
        const { fees, fee } = this.charge(one.fees, value, rate);
        const isDone = remainingLots(one) === lots;
        const after: Order = {
          ...one, filledLots: one.filledLots + lots, notional: String(BigInt(one.notional) + notional), status: isDone ? 'filled' : 'partially_filled',
          sequence: this.sequence, updatedUs: this.timeUs, fillSequence: this.sequence, fees,
        };
        return { after, fee };
      };
      const made = filled(maker, maker.fees?.makerRate ?? 0);
      const took = filled(order, order.fees?.takerRate ?? 0);
      fills.push({
        type: 'trade', tradeId, priceTicks, quantityLots: lots, taker: 0, maker: made.after, makerPreviousFill: maker.fillSequence,
        makerFee: String(made.fee), takerFee: String(took.fee),
      });
      this.put(maker, made.after);
      if (this.funds !== 'off') {
        const sides = [[maker, made.fee, 0, 6], [order, took.fee, 3, 7]] as const;
        for (const [side, fee, at] of sides) {
          const more = { orderId: side.orderId, tradeId };
          const isBuy = side.side === 'buy';
          this.post(side.clientId, index + at, base, isBuy ? units : -units, 'traded', more);
          this.post(side.clientId, index + at + 1, quote, isBuy ? -value : value, 'traded', more);
          if (fee !== 0n) this.post(side.clientId, index + at + 2, quote, -fee, fee > 0n ? 'fee' : 'rebate', more);
        }
        for (const [side, fee, , at] of sides) {
          if (fee !== 0n) this.post(FEES, index + at, quote, fee, fee > 0n ? 'fee' : 'rebate', { orderId: side.orderId, tradeId });
        }
        this.trackPositions(maker, order, BigInt(lots), value, made.fee, took.fee);
      }
      order = took.after;
    });
    return order;
  }

  private trackPositions(maker: Order, taker: Order, lots: bigint, value: bigint, makerFee: bigint, takerFee: bigint): void {
    for (const [order, fee] of [[maker, makerFee], [taker, takerFee]] as const) {
      const position = this.position(order.clientId, order.instrument);
      const isBuy = order.side === 'buy';
      position.fees += fee;
      if (isBuy) [position.boughtLots, position.boughtCost] = [position.boughtLots + lots, position.boughtCost + value];
      else [position.soldLots, position.soldProceeds] = [position.soldLots + lots, position.soldProceeds + value];
      [position.updatedUs, position.sequence] = [this.timeUs, this.sequence];
      if (maker.clientId === taker.clientId) continue;
      // First what closes, then what opens, each on its own.
      const price = value / lots;
      const sign = isBuy ? 1n : -1n;
      const against = position.net * sign < 0n ? (position.net < 0n ? -position.net : position.net) : 0n;
      const closing = against < lots ? against : lots;
      if (closing > 0n) {
        const part = closing === against ? position.cost : (position.cost * closing) / against;
        position.cost -= part;
        position.realized += -sign * closing * price - part;
        position.net += sign * closing;
        if (position.net === 0n) position.openedUs = null;
      }
      const opening = lots - closing;
      if (opening > 0n) {
        position.openedUs ??= this.timeUs;
        position.net += sign * opening;
        position.cost += sign * opening * price;
      }
    }
  }

  private makersFor(instrument: string, side: Side): Order[] {
    if (this.random.below(100) >= (this.options.tradingShare ?? 60)) return [];
    const others = this.open.map((id) => this.orders.get(id) as Order).filter((one) => one.instrument === instrument && one.side === opposite(side));
    const count = Math.min(others.length, 1 + this.random.below(4));
    return Array.from({ length: count }, () => others.splice(this.random.below(others.length), 1)[0] as Order);
  }

  place(account = this.name): void {
    this.begin();
    const { instrument } = this.random.pick(this.instruments);
    const side = this.random.pick(['buy', 'sell'] as const);
    const makers = this.makersFor(instrument, side);
    const prices = makers.map((maker) => maker.priceTicks as number);
    const priceTicks = Math.max(1, ...prices, this.options.priceTicks?.(this.random) ?? 1 + this.random.below(1_000_000));
    const quantityLots = this.options.quantityLots?.(this.random) ?? 1 + this.random.below(1_000);
    const orderId = newOrderId();
    const clientOrderId = this.random.below(4) === 0 ? `mine "${this.sequence}" \\ it's` : null;
    if (this.funds !== 'off') this.ensure(account);
    const fresh: Order = {
      orderId, clientOrderId, clientId: account, instrument, side, type: 'limit', timeInForce: 'gtc', postOnly: false, priceTicks, quantityLots, filledLots: 0,
      notional: '0', status: 'open', reason: null, sequence: this.sequence, updatedUs: this.timeUs, fillSequence: 0, priority: this.sequence,
      placedSequence: this.sequence, createdUs: this.timeUs, fees: this.feesFor(account, instrument), traits: NO_TRAITS,
    };
    const fills: Fill[] = [];
    const order = this.trade(fresh, makers, fills);
    this.put(null, order);
    this.log('place', {
      op: 'place', actor: null, funds: this.funds, fillsMax: 1_000, openOrdersMax: 1_000, instrument, side, kind: KIND_CODE.limit_gtc, priceTicks, quantityLots, traits: NO_TRAITS,
      orderId, clientId: account, clientOrderId,
    }, [...fills, { type: 'order', order, previousFill: 0 }, { type: 'level', instrument, side, priceTicks, quantityLots: 1 }]);
  }

  private amend(): void {
    this.begin();
    const before = this.orders.get(this.pickOpen()) as Order;
    const quantityLots = before.filledLots + 1 + this.random.below(1_000);
    const changed: Order = { ...before, quantityLots, sequence: this.sequence, updatedUs: this.timeUs, priority: this.sequence };
    const makers = this.random.below(3) === 0 ? this.makersFor(before.instrument, before.side).filter((maker) => maker.orderId !== before.orderId) : [];
    const priceTicks = Math.max(...makers.map((maker) => maker.priceTicks as number), (before.priceTicks as number) + this.random.below(10));
    const fills: Fill[] = [];
    const order = this.trade({ ...changed, priceTicks }, makers, fills);
    this.put(before, order);
    this.log('amend', {
      op: 'amend', actor: null, funds: this.funds, fillsMax: 1_000, order: { orderId: before.orderId },
      wanted: { priceTicks, quantityLots, remainingLots: null, stopTicks: null, trailingOffset: null, trailingPercent: null, quantityLotsMax: 1_000_000 },
    }, [...fills, { type: 'order', order, previousFill: before.fillSequence }]);
  }

  private cancel(ids: readonly string[], kind: 'cancel' | 'mass_cancel'): void {
    this.begin();
    const events = ids.map((id): EntryEvent => {
      const before = this.orders.get(id) as Order;
      const order: Order = { ...before, status: 'cancelled', reason: kind === 'cancel' ? 'requested' : 'mass_cancel', sequence: this.sequence, updatedUs: this.timeUs };
      this.put(before, order);
      return { type: 'order', order, previousFill: before.fillSequence };
    });
    const [first] = ids as [string];
    const clientId = this.orders.get(first)?.clientId ?? '';
    this.log(kind, kind === 'cancel' ? { op: 'cancel', actor: null, order: { orderId: first } }
      : { op: 'mass_cancel', actor: null, clientId, instrument: null, after: 0, bound: this.sequence, pageSize: 5 }, events);
  }

  /** What it shows is no change, whatever it says. */
  private refuse(): void {
    this.begin();
    const orderId = newOrderId();
    const account = this.name;
    const events: EntryEvent[] = [{ type: 'shortfall', asset: 'USD', needed: '5', available: '3' }];
    const posted = [...this.transfers.values()].at(-1);
    if (posted !== undefined) events.push({ type: 'transfer', transfer: { ...posted, status: 'expired', settledAmount: '0' } });
    this.log('refuse', {
      op: 'place', actor: null, funds: this.funds, fillsMax: 1_000, openOrdersMax: 1_000, instrument: 'BTC-USD', side: 'buy', kind: KIND_CODE.limit_gtc,
      priceTicks: 1, quantityLots: 1, traits: NO_TRAITS, orderId, clientId: account, clientOrderId: null,
    }, events, 10);
  }

  private get asset(): string {
    return this.random.pick(['USD', 'BTC', 'ETH']);
  }

  private get amount(): bigint {
    const size = this.random.below(4);
    return BigInt(1 + this.random.below(1_000_000)) * 10n ** BigInt([0, 3, 9, 20][size] as number);
  }

  private transfer(): void {
    const reversible = [...this.transfers.values()].filter((one) => one.status === 'posted' && one.kind === 'transfer'
      && ![...this.transfers.values()].some((other) => other.reverses === one.transferId));
    const kinds = ['deposit', 'withdrawal', 'transfer', 'transfer', ...(reversible.length > 0 ? ['reversal'] : [])] as const;
    const kind = this.random.pick(kinds);
    const original = kind === 'reversal' ? this.random.pick(reversible) : null;
    const [from, to] = kind === 'deposit' ? [ISSUANCE, this.name] : kind === 'withdrawal' ? [this.name, ISSUANCE]
      : original !== null ? [original.to, original.from] : [this.name, this.name];
    const pending = kind === 'withdrawal' || (kind === 'transfer' && this.random.below(2) === 0);
    const reference = kind === 'deposit' && this.random.below(2) === 0 ? `ref "${++this.references}"` : null;
    this.makeTransfer({
      kind: kind as Transfer['kind'], from, to, asset: original?.asset ?? this.asset, amount: original === null ? this.amount : BigInt(original.settledAmount), pending, reference,
      timeoutUs: pending && this.random.below(2) === 0 ? 60_000_000 : null, reverses: original?.transferId ?? null,
    });
  }

  makeTransfer(wanted: {
    readonly kind: Transfer['kind']; readonly from: string; readonly to: string; readonly asset: string; readonly amount: bigint; readonly pending: boolean;
    readonly reference: string | null; readonly timeoutUs: number | null; readonly reverses: string | null;
  }): Transfer {
    this.begin();
    const { kind, from, to, asset, amount, pending, reference, timeoutUs, reverses } = wanted;
    const transferId = newOrderId();
    for (const account of [from, to]) this.ensure(account);
    const note = kind === 'deposit' ? null : `note 'of' "${this.sequence}" \\`;
    const transfer: Transfer = {
      transferId, kind, status: pending ? 'pending' : 'posted', from, to, asset, amount: String(amount), settledAmount: pending ? '0' : String(amount), reference, note,
      expiresUs: timeoutUs === null ? null : this.timeUs + timeoutUs, reverses, sequence: this.sequence, createdUs: this.timeUs,
    };
    if (pending) this.touch(from, asset).held += amount;
    else this.move(transfer);
    this.transfers.set(transferId, transfer);
    this.log('transfer', {
      op: 'transfer', actor: null, funds: this.funds, transferId, kind, pending, from, to, asset, amount: String(amount), reference, note, timeoutUs, reverses,
    }, [{ type: 'transfer', transfer }]);
    return transfer;
  }

  private move({ kind, from, to, asset, settledAmount, transferId }: Transfer): void {
    const [out, into] = kind === 'deposit' ? ['deposited', 'deposited'] : kind === 'withdrawal' ? ['withdrew', 'withdrew'] : ['transferred_out', 'transferred_in'];
    this.post(from, 0, asset, -BigInt(settledAmount), out, { transferId, counterparty: to });
    this.post(to, 1, asset, BigInt(settledAmount), into, { transferId, counterparty: from });
  }

  private endTransfer(): void {
    const pending = [...this.transfers.values()].filter(({ status }) => status === 'pending');
    // One stays: a venue without would show nothing of those.
    if (pending.length < 2) this.transfer();
    else this.end(this.random.pick(pending), this.random.pick(['posted', 'posted', 'voided', 'rejected', 'expired'] as const));
  }

  end(transfer: Transfer, status: TransferEnd): void {
    this.begin();
    const { from, to, asset } = transfer;
    const all = BigInt(transfer.amount);
    const isPart = status === 'posted' && this.random.below(2) === 0;
    const settled = status !== 'posted' ? 0n : isPart ? 1n + all / 3n : all;
    const part = settled > all ? all : settled;
    const after: Transfer = { ...transfer, status, settledAmount: String(part) };
    this.touch(from, asset).held -= all;
    this.ensure(to);
    if (status === 'posted') this.move(after);
    this.transfers.set(after.transferId, after);
    this.log('transfer_end', {
      op: 'transfer_end', actor: null, funds: this.funds, transferId: after.transferId, status, amount: isPart ? String(part) : null,
    }, [{ type: 'transfer', transfer: after }]);
  }

  private account(): void {
    this.begin();
    const opens = this.random.below(2) === 0 || this.accounts.size === 0;
    const known = [...this.accounts.values()];
    const before = opens ? null : this.random.pick(known);
    const account = before?.account ?? `opened "${this.sequence}"`;
    const group = this.random.pick(['default', ...this.rates.keys()]);
    const credit = this.random.pick(['venue', 'none', 'unlimited'] as const);
    const after: Account = {
      account, name: `Name '${this.sequence}'`, status: this.random.pick(['active', 'suspended'] as const), credit, feeGroup: group,
      createdUs: before?.createdUs ?? this.timeUs,
    };
    const deposits = opens ? Array.from({ length: this.random.below(4) }, () => ({ asset: this.asset, amount: String(this.amount) })) : [];
    this.accounts.set(account, after);
    deposits.forEach(({ asset, amount }, j) => {
      this.post(ISSUANCE, 2 * j, asset, -BigInt(amount), 'deposited', { counterparty: account });
      this.post(account, 2 * j + 1, asset, BigInt(amount), 'deposited', { counterparty: ISSUANCE });
    });
    this.log('account', {
      op: 'account', actor: null, funds: this.funds, account, opens, name: after.name, status: after.status, credit, feeGroup: group, deposits,
    }, [{ type: 'account', account: after }]);
  }

  private feeGroup(): void {
    const group = this.random.pick(['default', 'gold']);
    const rate = (): Omit<FeeRate, 'instrument'> => {
      const takerRate = this.random.below(2_000);
      return { takerRate, makerRate: this.random.below(takerRate + 500) - Math.min(takerRate, 300) };
    };
    const rates: FeeRate[] = [{ instrument: null, ...rate() }];
    if (this.random.below(2) === 0) rates.push({ instrument: 'BTC-USD', ...rate() });
    this.setRates(group, rates);
  }

  setRates(group: string, rates: readonly FeeRate[]): void {
    this.begin();
    this.rates.set(group, rates);
    this.log('fee_group', { op: 'fee_group', actor: null, funds: this.funds, group, rates }, [{ type: 'fee_group', group, rates }]);
  }
}
