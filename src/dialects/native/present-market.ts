import { formatAmount, formatNotional } from '../../domain/amounts';
import { formatRate } from '../../domain/assets';
import type { AuctionView } from '../../domain/auction';
import type { Candle } from '../../domain/candle';
import { instrumentOfRules, valueStepOf, type InstrumentRules, type InstrumentState } from '../../domain/instrument-rules';
import type { Instrument } from '../../domain/instruments';
import { formatTimeUs, type Side, type Trade } from '../../domain/order';
import type { ListedInstrument } from '../../market/market-reader';

/** Candles and tickers as clients see them. */

export interface CandleView {
  start: string; open: string; high: string; low: string; close: string; volume: string; trades: number;
}

export function presentCandle(candle: Candle, instrument: Instrument): CandleView {
  return {
    start: formatTimeUs(candle.startS * 1e6),
    open: formatAmount(candle.openTicks, instrument.tick),
    high: formatAmount(candle.highTicks, instrument.tick),
    low: formatAmount(candle.lowTicks, instrument.tick),
    close: formatAmount(candle.closeTicks, instrument.tick),
    volume: formatAmount(candle.volumeLots, instrument.lot),
    trades: candle.trades,
  };
}

export interface TickerView {
  /** The last trade ever; null before the first. */
  last: string | null; last_quantity: string | null; last_trade_id: number | null; last_executed_at: string | null;
  bid: string | null; bid_quantity: string | null; ask: string | null; ask_quantity: string | null;
  /** Of the last 24 hours; null where nothing was traded in them. */
  open: string | null; high: string | null; low: string | null; change: string | null; change_percent: string | null;
  volume: string; quote_volume: string; trades: number;
}

type Level = readonly [priceTicks: number, quantityLots: number];

/** @param day the trades of the last 24 hours in one, null without any */
export function presentTicker(last: Trade | null, bid: Level | undefined, ask: Level | undefined, day: Candle | null, instrument: Instrument): TickerView {
  const { tick, lot } = instrument;
  const price = (ticks: number | undefined): string | null => (ticks === undefined ? null : formatAmount(ticks, tick));
  const quantity = (lots: number | undefined): string | null => (lots === undefined ? null : formatAmount(lots, lot));
  return {
    last: price(last?.priceTicks),
    last_quantity: quantity(last?.quantityLots),
    last_trade_id: last?.tradeId ?? null,
    last_executed_at: last === null ? null : formatTimeUs(last.executedUs),
    bid: price(bid?.[0]),
    bid_quantity: quantity(bid?.[1]),
    ask: price(ask?.[0]),
    ask_quantity: quantity(ask?.[1]),
    open: price(day?.openTicks),
    high: price(day?.highTicks),
    low: price(day?.lowTicks),
    change: day === null ? null : signed(day.closeTicks - day.openTicks, (ticks) => formatAmount(ticks, tick)),
    change_percent: day === null ? null : changePercent(day.openTicks, day.closeTicks),
    volume: formatAmount(day?.volumeLots ?? 0n, lot),
    quote_volume: formatNotional(day?.notional ?? 0n, tick, lot),
    trades: day?.trades ?? 0,
  };
}

function signed(value: number, format: (size: number) => string): string {
  return value < 0 ? `-${format(-value)}` : format(value);
}

/** With two decimals, halves away from zero; what rounds to nothing has no sign. */
export function changePercent(openTicks: number, closeTicks: number): string {
  const open = BigInt(openTicks);
  const size = BigInt(Math.abs(closeTicks - openTicks));
  const hundredths = (size * 20_000n + open) / (2n * open);
  const digits = hundredths.toString().padStart(3, '0');
  const text = `${digits.slice(0, -2)}.${digits.slice(-2)}`;
  return closeTicks < openTicks && hundredths > 0n ? `-${text}` : text;
}

/** An instrument's rules as clients see them. */
export interface RulesView {
  instrument: string; base: string; quote: string; tick_size: string; lot_size: string;
  price_min: string; price_max: string; quantity_min: string; quantity_max: string;
  /** Null where there is none. */
  min_value: string | null; price_band: string | null; band_window_s: number | null; max_slippage: string | null; state: InstrumentState;
}

export function presentRules(rules: InstrumentRules): RulesView {
  const instrument = instrumentOfRules(rules);
  const { tick, lot } = instrument;
  return {
    instrument: rules.instrument, base: rules.base, quote: rules.quote, tick_size: rules.tickSize, lot_size: rules.lotSize,
    price_min: formatAmount(rules.priceTicksMin, tick), price_max: formatAmount(rules.priceTicksMax, tick),
    quantity_min: formatAmount(rules.quantityLotsMin, lot), quantity_max: formatAmount(rules.quantityLotsMax, lot),
    min_value: rules.minValue === 0 ? null : formatAmount(rules.minValue, valueStepOf(instrument)),
    price_band: rules.priceBand === 0 ? null : formatRate(rules.priceBand), band_window_s: rules.bandWindowS === 0 ? null : rules.bandWindowS,
    max_slippage: rules.maxSlippage === 0 ? null : formatRate(rules.maxSlippage), state: rules.state,
  };
}

export interface AuctionFieldsView {
  state: InstrumentState;
  /** Null where nothing would trade. */
  price: string | null; quantity: string | null; left_over: string | null; left_over_side: Side | null;
  last_price: string | null;
}

export function presentAuction({ rules, lastTicks, crossing }: Pick<AuctionView, 'rules' | 'lastTicks' | 'crossing'>, { tick, lot }: Instrument): AuctionFieldsView {
  return {
    state: rules?.state ?? 'open', price: crossing === null ? null : formatAmount(crossing.priceTicks, tick),
    quantity: crossing === null ? null : formatAmount(crossing.lots, lot), left_over: crossing === null ? null : formatAmount(crossing.leftLots, lot),
    left_over_side: crossing?.leftSide ?? null, last_price: lastTicks === null ? null : formatAmount(lastTicks, tick),
  };
}

export interface InstrumentView extends Omit<RulesView, 'state'> {
  /** Where the venue as a whole takes no orders, how that is. */
  state: string; fees: { maker: string; taker: string } | null;
}

export function presentInstrument({ rules, shardState, fees }: ListedInstrument): InstrumentView {
  const view = presentRules(rules);
  return {
    ...view, state: shardState === 'open' ? view.state : shardState,
    fees: fees === null ? null : { maker: formatRate(fees.makerRate), taker: formatRate(fees.takerRate) },
  };
}
