import type { Decimal, Fill, Position, Time } from './contract';
import { textOf, unitsOf } from './decimals';

/** What an account's trades of an instrument come to, as the venue tells it, without a price to hold it against. */
export type LocalPosition = Omit<Position, 'unrealized_pnl' | 'mark_price'>;

/** Digits that an average price has beyond those of a price. */
const AVERAGE_DECIMALS = 4;

/** Sums in whole numbers: quantities of the quantity's last digit, money of the quote asset's. */
interface Sums {
  readonly net: bigint;
  /** Of the open part, with the sign of `net`. */
  readonly cost: bigint;
  readonly realized: bigint;
  readonly fees: bigint;
  readonly bought: bigint;
  readonly sold: bigint;
}

const NOTHING: Sums = { net: 0n, cost: 0n, realized: 0n, fees: 0n, bought: 0n, sold: 0n };

/** Digits behind the point of an instrument's amounts: they never change. */
interface Scale {
  readonly quantity: number;
  readonly money: number;
  /** null as long as no price has been seen. */
  readonly price: number | null;
}

interface Kept {
  readonly scale: Scale;
  readonly sums: Sums;
  readonly updated: Time;
  /** The last fill, and the sums without it: a trade of the account with itself is two fills that leave each other as it was. */
  readonly last: { readonly fill: Fill; readonly before: Sums } | null;
}

const sizeOf = (value: bigint): bigint => (value < 0n ? -value : value);

/**
 * Adds a fill. A decrease by q of n takes trunc(cost × q ÷ n) of the cost with it, all of it where q = n; through zero is a
 * decrease to zero and an increase by the rest, at the fill's price.
 */
function add(sums: Sums, isBuy: boolean, quantity: bigint, value: bigint): Sums {
  let { net, cost, realized } = sums;
  let rest = quantity;
  if (net !== 0n && (net > 0n) !== isBuy) {
    const size = sizeOf(net);
    const closed = quantity < size ? quantity : size;
    const part = closed === size ? cost : (cost * closed) / size;
    const money = (value * closed) / quantity;
    net += isBuy ? closed : -closed;
    cost -= part;
    realized += (isBuy ? -money : money) - part;
    rest -= closed;
  }
  const money = (value * rest) / quantity;
  net += isBuy ? rest : -rest;
  cost += isBuy ? money : -money;
  return { ...sums, net, cost, realized };
}

/** Adds what a fill is beside its part in what is open. */
function counted(sums: Sums, isBuy: boolean, quantity: bigint, fee: bigint): Sums {
  return { ...sums, fees: sums.fees + fee, bought: sums.bought + (isBuy ? quantity : 0n), sold: sums.sold + (isBuy ? 0n : quantity) };
}

/** What an account's trades come to, kept from its fills, exactly. Each fill is added once, in order. */
export class LocalPositions {
  private readonly byInstrument = new Map<string, Kept>();

  /** @param positions what fills of before came to */
  constructor(positions: readonly LocalPosition[] = []) {
    for (const position of positions) this.byInstrument.set(position.instrument, keptOf(position));
  }

  /** By instrument: of all that the account has traded. */
  get all(): readonly LocalPosition[] {
    return [...this.byInstrument.keys()].sort().flatMap((instrument) => this.of(instrument) ?? []);
  }

  /** undefined for what the account never traded. */
  of(instrument: string): LocalPosition | undefined {
    const kept = this.byInstrument.get(instrument);
    return kept === undefined ? undefined : shown(instrument, kept);
  }

  add(fill: Fill): void {
    const [quantity, value, fee, price] = [unitsOf(fill.quantity), unitsOf(fill.value), unitsOf(fill.fee), unitsOf(fill.price)];
    const known = this.byInstrument.get(fill.instrument);
    const before = known?.sums ?? NOTHING;
    const isBuy = fill.side === 'buy';
    const other = known?.last ?? null;
    const isWithItself = other !== null && other.fill.trade_id === fill.trade_id;
    // The other side of the same trade: what is open stays as it was ahead of both.
    const open = isWithItself ? { ...before, net: other.before.net, cost: other.before.cost, realized: other.before.realized } : add(before, isBuy, quantity.units, value.units);
    this.byInstrument.set(fill.instrument, {
      scale: { quantity: quantity.decimals, money: value.decimals, price: price.decimals },
      sums: counted(open, isBuy, quantity.units, fee.units), updated: fill.executed_at, last: { fill, before },
    });
  }
}

function keptOf(position: LocalPosition): Kept {
  const [net, cost] = [unitsOf(position.net_quantity), unitsOf(position.cost)];
  return {
    scale: {
      quantity: net.decimals, money: cost.decimals, price: position.average_price === null ? null : unitsOf(position.average_price).decimals - AVERAGE_DECIMALS,
    },
    sums: {
      net: net.units, cost: cost.units, realized: unitsOf(position.realized_pnl).units, fees: unitsOf(position.fees).units,
      bought: unitsOf(position.bought_quantity).units, sold: unitsOf(position.sold_quantity).units,
    },
    updated: position.updated_at, last: null,
  };
}

/** Price at which the open part was entered on average, halves rounded up; null while nothing is open. */
function averageOf({ net, cost }: Sums, { quantity, money, price }: Scale): Decimal | null {
  if (net === 0n || price === null) return null;
  const decimals = price + AVERAGE_DECIMALS;
  const value = sizeOf(cost) * 10n ** BigInt(quantity + decimals);
  const divisor = sizeOf(net) * 10n ** BigInt(money);
  return textOf({ units: (2n * value + divisor) / (2n * divisor), decimals });
}

function shown(instrument: string, { scale, sums, updated }: Kept): LocalPosition {
  const quantity = (units: bigint): Decimal => textOf({ units, decimals: scale.quantity });
  const money = (units: bigint): Decimal => textOf({ units, decimals: scale.money });
  return {
    instrument, net_quantity: quantity(sums.net), average_price: averageOf(sums, scale), cost: money(sums.cost), realized_pnl: money(sums.realized),
    fees: money(sums.fees), bought_quantity: quantity(sums.bought), sold_quantity: quantity(sums.sold), updated_at: updated,
  };
}
