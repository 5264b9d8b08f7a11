import type { Context } from '../../domain/context';
import { INSTRUMENT_NAME } from '../../domain/instruments';
import { Refusal } from '../../domain/refusal';
import type { Answer } from '../../http/answer';
import type { MarketReader } from '../../market/market-reader';
import type { InstrumentOutcome, Instruments, RulesRequest } from '../../trading/instruments';
import { CHANGE_INSTRUMENT, OPEN_INSTRUMENT } from './check/instrument-schemas';
import { checkBody } from './check/schemas';
import { keyOf } from './parse';
import { REPLAYED } from './present';
import { presentInstrument } from './present-market';

/** The calls that make and change what is traded. All throw refusals. */
export class NativeInstruments {
  constructor(private readonly instruments: Instruments, private readonly market: MarketReader) {}

  /** POST /instruments */
  async open(context: Context, body: unknown, headerKey: string | undefined): Promise<Answer> {
    const checked = checkBody(OPEN_INSTRUMENT, body);
    const { instrument, base, quote, tick_size: tickSize, lot_size: lotSize } = checked;
    return this.answered(context, 201, await this.instruments.open(context, { instrument, base, quote, tickSize, lotSize, ...rulesOf(checked, headerKey) }));
  }

  /** PATCH /instruments/{instrument} */
  async change(context: Context, instrument: string, body: unknown, headerKey: string | undefined): Promise<Answer> {
    if (!INSTRUMENT_NAME.test(instrument)) throw new Refusal('instrument_not_found');
    const checked = checkBody(CHANGE_INSTRUMENT, body);
    return this.answered(context, 200, await this.instruments.change(context, { instrument, ...rulesOf(checked, headerKey) }));
  }

  private async answered(context: Context, status: number, { rules, replayed }: InstrumentOutcome): Promise<Answer> {
    const [listed] = await this.market.withVenue(context, [rules]);
    if (listed === undefined) throw new Error(`there is nothing to tell of instrument ${rules.instrument}`);
    return { status, body: presentInstrument(listed), ...(replayed ? { headers: REPLAYED } : {}) };
  }
}

interface Checked {
  readonly state?: RulesRequest['state']; readonly price_min?: RulesRequest['priceMin']; readonly price_max?: RulesRequest['priceMax'];
  readonly quantity_min?: RulesRequest['quantityMin']; readonly quantity_max?: RulesRequest['quantityMax']; readonly min_value?: RulesRequest['minValue'];
  readonly price_band?: RulesRequest['priceBand']; readonly band_window_s?: number; readonly max_slippage?: RulesRequest['maxSlippage'];
  readonly idempotency_key?: string;
}

function rulesOf(body: Checked, headerKey: string | undefined): RulesRequest {
  return {
    state: body.state, priceMin: body.price_min, priceMax: body.price_max, quantityMin: body.quantity_min, quantityMax: body.quantity_max,
    minValue: body.min_value, priceBand: body.price_band, bandWindowS: body.band_window_s, maxSlippage: body.max_slippage, key: keyOf(body.idempotency_key, headerKey),
  };
}
