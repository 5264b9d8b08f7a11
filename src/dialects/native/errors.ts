import type { AssetTable } from '../../domain/asset-table';
import type { InstrumentTable } from '../../domain/instrument-table';
import type { InstrumentRules } from '../../domain/instrument-rules';
import type { FieldFault, Refusal, RefusalFacts, RequestField } from '../../domain/refusal';
import type { Transfer } from '../../domain/money';
import { RESULT_CODES, type ResultCode } from '../../domain/result-code';
import type { Answer } from '../../http/answer';
import { RequestRefusal, headersOf, headersOfLimit, type FieldError } from '../../http/request-refusal';
import { REPLAYED, presentOrderWithTrades, presentStaleness } from './present';
import { presentOrderList } from './present-lists';
import { presentRules } from './present-market';
import { presentShortfall, presentTransfer, presentWithdrawal } from './present-money';
import { problemBody, type ProblemBody } from './problem';

/** The dialect's name of each field. */
const FIELD_NAMES = {
  op: 'op', instrument: 'instrument', side: 'side', type: 'type', timeInForce: 'time_in_force', postOnly: 'post_only', selfTradePrevention: 'self_trade_prevention', price: 'price',
  quantity: 'quantity', remainingQuantity: 'remaining_quantity', displayQuantity: 'display_quantity', stopPrice: 'stop_price',
  trailingOffset: 'trailing_offset', trailingPercent: 'trailing_percent', quoteQuantity: 'quote_quantity', maxSlippage: 'max_slippage',
  orders: 'orders', orderId: 'order_id',
  clientOrderId: 'client_order_id', cursor: 'cursor',
  accountId: 'account_id', name: 'name', status: 'status', credit: 'credit', feeGroup: 'fee_group', deposits: 'deposits', asset: 'asset',
  amount: 'amount', reference: 'reference', destination: 'destination', from: 'from', to: 'to', note: 'note', pending: 'pending',
  timeoutS: 'timeout_s', transferId: 'transfer_id', rates: 'rates', maker: 'maker', taker: 'taker', before: 'before', date: 'date',
  username: 'username', password: 'password', newPassword: 'new_password', scopes: 'scopes', accounts: 'accounts', ipAllow: 'ip_allow', expiresAt: 'expires_at',
  publicKey: 'public_key', base: 'base', quote: 'quote', tickSize: 'tick_size', lotSize: 'lot_size', state: 'state', priceMin: 'price_min', priceMax: 'price_max',
  quantityMin: 'quantity_min', quantityMax: 'quantity_max', minValue: 'min_value', priceBand: 'price_band', bandWindowS: 'band_window_s',
  limitPrice: 'limit_price', durationS: 'duration_s', slices: 'slices',
} as const satisfies Record<RequestField, string>;

const CONTENT_TYPE = { 'Content-Type': 'application/problem+json' } as const;

function nameOf(field: FieldFault['field']): string {
  return typeof field === 'string' ? FIELD_NAMES[field] : `${FIELD_NAMES[field.list]}.${field.index}.${FIELD_NAMES[field.field]}`;
}

/** A sentence for this case, and members of the problem beside the standard ones. */
interface Told {
  readonly detail: string;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** Refusals as problem documents (RFC 9457), with the HTTP status of their code. */
export class ProblemDocuments {
  constructor(private readonly instruments: InstrumentTable, private readonly assets: AssetTable) {}

  /** @param requestId the `instance` of a problem */
  answerOf(refusal: Refusal, requestId: string): Answer {
    const { code, replayed } = refusal;
    const { limit } = refusal.facts;
    const headers = refusal instanceof RequestRefusal ? refusal.headers : { ...headersOf(code), ...(limit !== undefined && headersOfLimit(limit)) };
    return {
      status: RESULT_CODES[code].status, body: this.bodyOf(refusal, requestId), headers: { ...CONTENT_TYPE, ...headers, ...(replayed && REPLAYED) },
    };
  }

  bodyOf(refusal: Refusal, requestId: string): ProblemBody {
    if (refusal instanceof RequestRefusal) return problemBody(refusal.code, refusal.message, requestId, { errors: refusal.errors });
    const { code, facts } = refusal;
    if (facts.fields !== undefined) {
      const errors = facts.fields.map(({ field, message }): FieldError => ({ field: nameOf(field), message }));
      return problemBody(code, detailOfFields(code, errors), requestId, { errors });
    }
    const { detail, extensions } = this.told(code, facts) ?? { detail: refusal.message };
    return problemBody(code, detail, requestId, extensions === undefined ? {} : { extensions });
  }

  /** @returns null where there is nothing to say beside the code's own sentence */
  private told(code: ResultCode, { order, list, cancelled, instrument, rules, asset, shortfall, transfer, reversedBy, step, limit, detail }: RefusalFacts): Told | null {
    if (order !== undefined) {
      const view = presentOrderWithTrades(order.order, order.trades, this.instruments.of(order.order.instrument), this.assets);
      return {
        detail: `The order is ${order.order.status} already.`,
        extensions: { order: order.stale === null ? view : Object.assign(view, presentStaleness(order.stale)) },
      };
    }
    if (list !== undefined) return { detail: 'The orders of the list are all done already.', extensions: { list: presentOrderList(list, this.instruments, this.assets) } };
    if (shortfall !== undefined) {
      const { asset: short, needed, available } = presentShortfall(shortfall, this.assets);
      return { detail: `${needed} ${short} are needed, ${available} are available.`, extensions: { asset: short, needed, available } };
    }
    if (rules !== undefined) return toldOfRules(code, rules, cancelled);
    if (transfer !== undefined) return this.resolved(code, transfer, reversedBy);
    if (step !== undefined) return { detail: `The order was made to fail at ${step}: nothing has changed.`, extensions: { step } };
    if (limit !== undefined) return { detail: detail ?? RESULT_CODES[code].title, extensions: { class: limit.class, retry_after_ms: Math.ceil(limit.retryMs) } };
    if (cancelled !== undefined) return { detail: detail ?? RESULT_CODES[code].title, extensions: { cancelled } };
    if (asset !== undefined) return { detail: `There is no asset ${asset}.` };
    if (instrument === undefined) return null;
    return code === 'instrument_not_found' ? { detail: `There is no instrument ${instrument}.` } : { detail: RESULT_CODES[code].title, extensions: { instrument } };
  }

  private resolved(code: ResultCode, transfer: Transfer, reversedBy: string | undefined): Told {
    if (code === 'withdrawal_resolved') {
      const view = presentWithdrawal(transfer, this.assets);
      return { detail: `The withdrawal is ${view.status}.`, extensions: { withdrawal: view } };
    }
    const view = presentTransfer(transfer, this.assets);
    if (reversedBy === undefined) return { detail: `The transfer is ${view.status}.`, extensions: { transfer: view } };
    return { detail: `The transfer is reversed already, by ${reversedBy}.`, extensions: { transfer: { ...view, reversed_by: reversedBy } } };
  }
}

/** What an instrument does not allow: its state, or what of its limits. */
function toldOfRules(code: ResultCode, rules: InstrumentRules, cancelled: readonly string[] | undefined): Told {
  const view = presentRules(rules);
  const { instrument, state, min_value: leastValue } = view;
  const more = cancelled === undefined ? {} : { cancelled };
  switch (code) {
    case 'value_below_minimum':
      return { detail: `Price × quantity has to be ${leastValue ?? '0'} at least.`, extensions: { instrument, min_value: leastValue, ...more } };
    case 'outside_instrument_limits': {
      const { price_min: low, price_max: high, quantity_min: least, quantity_max: most } = view;
      return {
        detail: `Price has to be from ${low} to ${high}, quantity from ${least} to ${most}.`,
        extensions: { instrument, price_min: low, price_max: high, quantity_min: least, quantity_max: most, ...more },
      };
    }
    default: return { detail: `${instrument} is ${state}.`, extensions: { instrument, state, ...more } };
  }
}

function detailOfFields(code: ResultCode, errors: readonly FieldError[]): string {
  const names = errors.map(({ field }) => field).join(', ');
  if (code === 'idempotency_key_reused') return `The key was used for a request with another ${names}.`;
  if (code === 'reference_reused') return `The reference was used for a deposit with another ${names}.`;
  const first = errors[0];
  return first === undefined ? RESULT_CODES[code].title : `${first.field} ${first.message}`;
}
