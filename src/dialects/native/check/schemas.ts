import {
  AmendRequest, BatchRequest, CancelRequest, CandlesQuery as CandlesQueryShape, IDEMPOTENCY_KEY_LENGTH_MAX, IdempotencyKey, MassCancelQuery, OPERATIONS,
  OrderbookQuery, OrdersQuery, PlaceRequest, TickerQuery, TradesQuery, request, required, type Limits, type ObjectOf,
} from '#openfill-contract';
import type Joi from 'joi';
import { NumberText, type AmountInput } from '../../../domain/amounts';
import { RequestRefusal, invalid, type FieldError } from '../../../http/request-refusal';
import { judgeOf, queryJudgeOf } from './judge';
import { quickOperation, quickPlace } from './quick-check';
import type { Operation, PlaceBody } from './shapes';

/** The checks of what clients send, by the contract's descriptions of it. */

/** Of what has no limit that a setting decides. */
export const NO_LIMITS: Limits = {
  batchOperationsMax: 1, orderbookLevelsMax: 1, tradesLimitMax: 1, ordersLimitMax: 1, candlesLimitMax: 1, moneyLimitMax: 1, streamAccountsMax: 1, algoSlicesMax: 1,
  algoDurationMaxS: 1,
};

export const PLACE: Joi.ObjectSchema<PlaceBody> = judgeOf(PlaceRequest, NO_LIMITS);
export const CANCEL = judgeOf(CancelRequest, NO_LIMITS);
export const AMEND = judgeOf(AmendRequest, NO_LIMITS);

const OPERATION_SCHEMAS = {
  place: judgeOf(OPERATIONS.place, NO_LIMITS),
  cancel: judgeOf(OPERATIONS.cancel, NO_LIMITS),
  amend: judgeOf(OPERATIONS.amend, NO_LIMITS),
} as const;

/** The batch itself; its operations are checked one by one, so that one bad operation leaves the others alone. */
export function batchSchema(operationsMax: number): Joi.ObjectSchema<{ operations: unknown[] }> {
  return judgeOf(BatchRequest, { ...NO_LIMITS, batchOperationsMax: operationsMax }) as unknown as Joi.ObjectSchema<{ operations: unknown[] }>;
}

export type CandlesQuery = ObjectOf<typeof CandlesQueryShape, AmountInput>;

export function candlesSchema(limitMax: number): Joi.ObjectSchema<CandlesQuery> {
  return queryJudgeOf(CandlesQueryShape, { ...NO_LIMITS, candlesLimitMax: limitMax });
}

export function querySchemas({ levelsMax, tradesMax, ordersMax }: { levelsMax: number; tradesMax: number; ordersMax: number }) {
  const limits: Limits = { ...NO_LIMITS, orderbookLevelsMax: levelsMax, tradesLimitMax: tradesMax, ordersLimitMax: ordersMax };
  return {
    orderbook: queryJudgeOf(OrderbookQuery, limits),
    trades: queryJudgeOf(TradesQuery, limits),
    orders: queryJudgeOf(OrdersQuery, limits),
    ticker: queryJudgeOf(TickerQuery, limits),
    massCancel: queryJudgeOf(MassCancelQuery, limits),
  };
}

const OPTIONS: Joi.ValidationOptions = {
  abortEarly: false,
  convert: false,
  errors: { wrap: { label: false } },
};

/** Errors that one request is told of at most. */
const FIELD_ERRORS_MAX = 20;
/** Characters of a field's name that an error repeats. */
const FIELD_NAME_SHOWN_MAX = 64;
/** Fields that an object is looked at with; none of ours has as many. */
const FIELDS_MAX = 32;

/** Whether one of several fields has to be there, and what is wrong with one of them says so already. */
function isToldOfField({ type, path, context }: Joi.ValidationErrorItem, { details }: Joi.ValidationError): boolean {
  if (type !== 'object.missing') return false;
  const peers = (context as { readonly peers: readonly string[] }).peers.map((name) => [...path, name].join('.'));
  return details.some((other) => peers.includes(other.path.join('.')));
}

function fieldErrors(error: Joi.ValidationError): FieldError[] {
  // One word for each field: what is of another type is not one of the words asked for either.
  const first = error.details.filter(({ path }, i) => error.details.findIndex((other) => other.path.join('.') === path.join('.')) === i)
    .filter((detail) => !isToldOfField(detail, error));
  return first.slice(0, FIELD_ERRORS_MAX).map((detail) => {
    const field = detail.path.length > 0 ? detail.path.join('.') : (detail.context?.label ?? 'body');
    // The judge's own name of what stands in a list is another one: scopes[0].
    const named = [field, detail.context?.label].find((name) => name !== undefined && detail.message.startsWith(`${name} `));
    const message = named === undefined ? detail.message : detail.message.slice(named.length + 1);
    return {
      field: field === 'value' ? 'body' : field.slice(0, FIELD_NAME_SHOWN_MAX),
      message: message.replace(/^"?value"? /, ''),
    };
  });
}

function check<T>(schema: Joi.ObjectSchema<T>, value: object, where: string): T {
  if (Object.keys(value).length > FIELDS_MAX) throw invalid([{ field: where, message: `has more than ${FIELDS_MAX} fields` }]);
  const result = schema.validate(value, OPTIONS);
  if (result.error) throw namesNoOrder(result.error) ? new RequestRefusal('order_not_found') : invalid(fieldErrors(result.error));
  return result.value;
}

/** A number that came as NumberText is an object to JavaScript only. */
function isJsonObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberText);
}

/** @throws RequestRefusal `validation_failed` naming each wrong field */
export function checkBody<T>(schema: Joi.ObjectSchema<T>, body: unknown): T {
  if (!isJsonObject(body)) throw invalid([{ field: 'body', message: 'must be a JSON object' }]);
  return check(schema, body, 'body');
}

/**
 * What a body lists, thing by thing.
 * @param name of the list
 * @throws RequestRefusal `validation_failed` naming each wrong field
 */
export function checkListed<T>(schema: Joi.ObjectSchema<T>, items: readonly unknown[], name: string): T[] {
  const errors: FieldError[] = [];
  const checked = items.flatMap((item, index) => {
    const where = `${name}.${index}`;
    try {
      if (!isJsonObject(item)) throw invalid([{ field: where, message: 'must be a JSON object' }]);
      return [check(schema, item, where)];
    } catch (error) {
      if (!(error instanceof RequestRefusal)) throw error;
      errors.push(...(error.errors ?? []).map(({ field, message }) => ({ field: field === where || field === 'body' ? where : `${where}.${field}`, message })));
      return [];
    }
  });
  if (errors.length > 0) throw invalid(errors.slice(0, FIELD_ERRORS_MAX));
  return checked;
}

/** @throws RequestRefusal `validation_failed` naming each wrong parameter */
export function checkQuery<T>(schema: Joi.ObjectSchema<T>, query: Readonly<Record<string, unknown>>): T {
  return check(schema, query, 'query');
}

/** @throws RequestRefusal `validation_failed` naming each wrong field */
export function checkPlace(body: unknown): PlaceBody {
  return (isJsonObject(body) ? quickPlace(body) : null) ?? checkBody(PLACE, body);
}

const NO_QUERY = judgeOf(request(null, {}), NO_LIMITS);

/**
 * For calls without parameters: one that is ignored may be a limit that its sender relies on.
 * @throws RequestRefusal `validation_failed` naming each parameter
 */
export function checkNoQuery(query: Readonly<Record<string, unknown>>): void {
  if (Object.keys(query).length > 0) checkQuery(NO_QUERY, query);
}

/** @param others ops that the caller takes besides @throws RequestRefusal `validation_failed` */
export function checkOperation(operation: unknown, others: readonly string[] = []): Operation {
  return (isJsonObject(operation) ? quickOperation(operation) : null) ?? checkOperationBySchema(operation, others);
}

/** @throws RequestRefusal `validation_failed` */
export function checkOperationBySchema(operation: unknown, others: readonly string[] = []): Operation {
  const ops = [...Object.keys(OPERATION_SCHEMAS), ...others].join(', ');
  if (!isJsonObject(operation)) throw invalid([{ field: 'op', message: `must be one of ${ops}, in a JSON object` }]);
  const op = (operation as { op?: unknown }).op;
  if (op !== 'place' && op !== 'cancel' && op !== 'amend') {
    throw invalid([{ field: 'op', message: `must be one of ${ops}` }]);
  }
  return check(OPERATION_SCHEMAS[op] as Joi.ObjectSchema<Operation>, operation, 'operation');
}

/** Whether all that is wrong is an order's id that is none: in a path it names no order, and so it does here. */
function namesNoOrder({ details }: Joi.ValidationError): boolean {
  return details.every(({ type, path }) => type === 'uuid' && path.length === 1 && path[0] === 'order_id');
}

const KEY = judgeOf(request(null, { key: required(IdempotencyKey) }), NO_LIMITS);

/** @throws RequestRefusal `validation_failed` */
export function checkIdempotencyKey(key: string): string {
  const result = KEY.validate({ key }, OPTIONS);
  if (result.error) throw invalid([{ field: 'Idempotency-Key', message: `must be 1 to ${IDEMPOTENCY_KEY_LENGTH_MAX} printable characters` }]);
  return key;
}
