import type { InstrumentTable } from '../../domain/instrument-table';
import type { Refusal, RequestField } from '../../domain/refusal';
import { RESULT_CODES, type ResultCode } from '../../domain/result-code';
import type { Answer } from '../../http/answer';
import { RequestRefusal, headersOf, type FieldError } from '../../http/request-refusal';
import { presentOrderWithTrades, presentStaleness } from './present';
import { problemBody, type ProblemBody } from './problem';

/** The dialect's name of each field. */
const FIELD_NAMES = {
  op: 'op', instrument: 'instrument', side: 'side', type: 'type', timeInForce: 'time_in_force', postOnly: 'post_only', price: 'price',
  quantity: 'quantity', remainingQuantity: 'remaining_quantity', orderId: 'order_id', clientOrderId: 'client_order_id', cursor: 'cursor',
} as const satisfies Record<RequestField, string>;

const CONTENT_TYPE = { 'Content-Type': 'application/problem+json' } as const;
const REPLAYED = { 'Idempotency-Replayed': 'true' } as const;

/** Refusals as problem documents (RFC 9457), with the HTTP status of their code. */
export class ProblemDocuments {
  constructor(private readonly instruments: InstrumentTable) {}

  /** @param requestId the `instance` of a problem */
  answerOf(refusal: Refusal, requestId: string): Answer {
    const { code, replayed } = refusal;
    const headers = refusal instanceof RequestRefusal ? refusal.headers : headersOf(code);
    return {
      status: RESULT_CODES[code].status, body: this.bodyOf(refusal, requestId), headers: { ...CONTENT_TYPE, ...headers, ...(replayed && REPLAYED) },
    };
  }

  bodyOf(refusal: Refusal, requestId: string): ProblemBody {
    if (refusal instanceof RequestRefusal) return problemBody(refusal.code, refusal.message, requestId, { errors: refusal.errors });
    const { code, facts: { fields, order, cancelled, instrument } } = refusal;
    if (fields !== undefined) {
      const errors = fields.map(({ field, message }): FieldError => ({ field: FIELD_NAMES[field], message }));
      return problemBody(code, detailOfFields(code, errors), requestId, { errors });
    }
    if (order !== undefined) {
      const view = presentOrderWithTrades(order.order, order.trades, this.instruments.of(order.order.instrument));
      const extensions = { order: order.stale === null ? view : Object.assign(view, presentStaleness(order.stale)) };
      return problemBody(code, `The order is ${order.order.status} already.`, requestId, { extensions });
    }
    const detail = instrument === undefined ? refusal.message : `There is no instrument ${instrument}.`;
    return problemBody(code, detail, requestId, cancelled === undefined ? {} : { extensions: { cancelled } });
  }
}

function detailOfFields(code: ResultCode, errors: readonly FieldError[]): string {
  if (code === 'idempotency_key_reused') return `The key was used for a request with another ${errors.map(({ field }) => field).join(', ')}.`;
  const first = errors[0];
  return first === undefined ? RESULT_CODES[code].title : `${first.field} ${first.message}`;
}
