import Joi from 'joi';
import { NumberText } from '../domain/amounts';
import { INTERVALS, type Interval } from '../domain/candle';
import { INSTRUMENT_NAME } from '../domain/instruments';
import { isUuid } from '../domain/order-id';
import { invalid, type FieldError } from './problem';
import { quickOperation, quickPlace } from './quick-check';
import {
  CLIENT_ID_LENGTH_MAX, CLIENT_ORDER_ID_LENGTH_MAX, IDEMPOTENCY_KEY_LENGTH_MAX, INSTRUMENT_DEFAULT,
  type AmendBody, type CancelBody, type Operation, type PlaceBody,
} from './shapes';

/** Shapes of what clients send. Amounts are only looked at as to their type here; domain/amounts reads them. */

/** How much a call gets where it does not say. */
export const ORDERBOOK_LEVELS_DEFAULT = 20;
export const TRADES_LIMIT_DEFAULT = 50;
export const ORDERS_LIMIT_DEFAULT = 100;
export const CANDLES_LIMIT_DEFAULT = 500;
export const CANDLES_INTERVAL_DEFAULT: Interval = '1m';

/** Neither control characters nor lone surrogates nor unassigned code points. */
export const PRINTABLE = /^[^\p{C}]+$/u;

/** Text of 1 to `max` characters, counted as code points as JSON Schema does. */
const printable = (max: number): Joi.StringSchema =>
  Joi.string().custom((value: string, helpers) => {
    const isLonger = value.length > max && (value.length > 2 * max || Array.from(value).length > max);
    return isLonger || !PRINTABLE.test(value) ? helpers.error('printable', { max }) : value;
  }).messages({ printable: '{{#label}} must be 1 to {{#max}} printable characters' });

const amount = Joi.any().custom((value: unknown, helpers) => {
  if (typeof value === 'string' || typeof value === 'number' || value instanceof NumberText) return value;
  return helpers.error('amount.type');
}).messages({ 'amount.type': '{{#label}} must be a number or a decimal string' });

const orderId = Joi.string().custom((value: string, helpers) =>
  isUuid(value) ? value.toLowerCase() : helpers.error('uuid'),
).messages({ uuid: '{{#label}} must be a UUID' });

const instrument = Joi.string().pattern(INSTRUMENT_NAME)
  .messages({ 'string.pattern.base': '{{#label}} must be the name of an instrument' });
const clientId = printable(CLIENT_ID_LENGTH_MAX);
const clientOrderId = printable(CLIENT_ORDER_ID_LENGTH_MAX);
const idempotencyKey = printable(IDEMPOTENCY_KEY_LENGTH_MAX);
const ack = Joi.string().valid('redis', 'postgres');

const PLACE_FIELDS = {
  client_id: clientId.required(),
  instrument: instrument.default(INSTRUMENT_DEFAULT),
  side: Joi.string().valid('buy', 'sell').required(),
  type: Joi.string().valid('limit', 'market').required(),
  price: amount.when('type', { is: 'market', then: Joi.forbidden(), otherwise: Joi.required() }),
  quantity: amount.required(),
  time_in_force: Joi.string().when('type', {
    is: 'market', then: Joi.valid('ioc').default('ioc'), otherwise: Joi.valid('gtc', 'ioc', 'fok').default('gtc'),
  }),
  post_only: Joi.boolean().strict().default(false).when('type', { is: 'market', then: Joi.valid(false) })
    .when('time_in_force', { is: 'gtc', otherwise: Joi.valid(false) }),
  client_order_id: clientOrderId,
  idempotency_key: idempotencyKey,
  ack,
};

const AMEND_FIELDS = {
  price: amount,
  quantity: amount,
  remaining_quantity: amount,
  idempotency_key: idempotencyKey,
};

const REFERENCE_FIELDS = {
  order_id: orderId,
  client_id: clientId,
  client_order_id: clientOrderId,
};

function amendRules<T>(schema: Joi.ObjectSchema<T>): Joi.ObjectSchema<T> {
  return schema.or('price', 'quantity', 'remaining_quantity').nand('quantity', 'remaining_quantity');
}

function referenceRules<T>(schema: Joi.ObjectSchema<T>): Joi.ObjectSchema<T> {
  return schema.xor('order_id', 'client_order_id').with('client_order_id', 'client_id');
}

export const PLACE = Joi.object<PlaceBody>(PLACE_FIELDS);
export const CANCEL = Joi.object<CancelBody>({ client_id: clientId, idempotency_key: idempotencyKey });
export const AMEND = amendRules(Joi.object<AmendBody>({ client_id: clientId, ...AMEND_FIELDS }));

const OPERATIONS = {
  place: Joi.object({ op: Joi.valid('place'), ...PLACE_FIELDS }),
  cancel: referenceRules(Joi.object({ op: Joi.valid('cancel'), idempotency_key: idempotencyKey, ...REFERENCE_FIELDS })),
  amend: referenceRules(amendRules(Joi.object({ op: Joi.valid('amend'), ...AMEND_FIELDS, ...REFERENCE_FIELDS }))),
} as const;

/** The batch itself; its operations are checked one by one, so that one bad operation leaves the others alone. */
export function batchSchema(operationsMax: number): Joi.ObjectSchema<{ operations: unknown[] }> {
  return Joi.object<{ operations: unknown[] }>({
    operations: Joi.any().required().custom((value: unknown, helpers) =>
      Array.isArray(value) && value.length >= 1 && value.length <= operationsMax ? value : helpers.error('operations', { max: operationsMax }),
    ).messages({ operations: '{{#label}} must be an array of 1 to {{#max}} operations' }),
  });
}

const WHOLE_NUMBER = /^[1-9][0-9]{0,15}$/;

/** A query parameter: plain digits, nothing that a number parser would forgive. */
const wholeNumber = (max: number): Joi.StringSchema =>
  Joi.string().custom((value: string, helpers) => {
    const number = WHOLE_NUMBER.test(value) ? Number(value) : Infinity;
    return number <= max ? number : helpers.error('whole', { max });
  }).messages({ whole: '{{#label}} must be a whole number from 1 to {{#max}}', 'string.empty': '{{#label}} must not be empty' });

const limit = (max: number, fallback: number): Joi.StringSchema => wholeNumber(max).default(Math.min(fallback, max));

/** A moment in UTC: a date, or a date and time with seconds and up to six decimals. */
export const MOMENT = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?Z)?$/;

/** @returns microseconds since 1970, null for what is no moment from then on */
export function momentUs(text: string): number | null {
  const match = MOMENT.exec(text);
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number((part as string | undefined) ?? 0)) as [number, number, number, number, number, number];
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  const whole = new Date(ms);
  // A day or an hour that there is not would be taken for another one.
  const isReal = whole.getUTCFullYear() === year && whole.getUTCMonth() === month - 1 && whole.getUTCDate() === day
    && whole.getUTCHours() === hour && whole.getUTCMinutes() === minute && whole.getUTCSeconds() === second;
  if (!isReal || ms < 0) return null;
  return ms * 1_000 + Number(((match[7]) ?? '').padEnd(6, '0'));
}

const moment = Joi.string().custom((value: string, helpers) => momentUs(value) ?? helpers.error('moment'))
  .messages({ moment: '{{#label}} must be a time in UTC such as 2026-11-21T09:00:00Z, or a date', 'string.empty': '{{#label}} must not be empty' });

export interface CandlesQuery {
  readonly instrument: string;
  readonly interval: Interval;
  /** In µs, as `end`. */
  readonly start?: number;
  readonly end?: number;
  readonly limit: number;
  readonly fill?: 'previous';
}

export function candlesSchema(limitMax: number): Joi.ObjectSchema<CandlesQuery> {
  return Joi.object<CandlesQuery>({
    instrument: instrument.default(INSTRUMENT_DEFAULT),
    interval: Joi.string().valid(...INTERVALS).default(CANDLES_INTERVAL_DEFAULT),
    start: moment,
    end: moment,
    limit: limit(limitMax, CANDLES_LIMIT_DEFAULT),
    fill: Joi.string().valid('previous'),
  });
}

export function querySchemas(limits: { levelsMax: number; tradesMax: number; ordersMax: number }) {
  return {
    orderbook: Joi.object<{ instrument: string; levels: number; level: '1' | '2' | '3' }>({
      instrument: instrument.default(INSTRUMENT_DEFAULT),
      levels: limit(limits.levelsMax, ORDERBOOK_LEVELS_DEFAULT),
      level: Joi.string().valid('1', '2', '3').default('2'),
    }),
    trades: Joi.object<{ instrument: string; limit: number; before?: number }>({
      instrument: instrument.default(INSTRUMENT_DEFAULT),
      limit: limit(limits.tradesMax, TRADES_LIMIT_DEFAULT),
      before: wholeNumber(Number.MAX_SAFE_INTEGER),
    }),
    orders: Joi.object<{ client_id: string; status: 'open' | 'all'; instrument?: string; limit: number; cursor?: number }>({
      client_id: clientId.required(),
      status: Joi.string().valid('open', 'all').default('open'),
      instrument,
      limit: limit(limits.ordersMax, ORDERS_LIMIT_DEFAULT),
      cursor: wholeNumber(Number.MAX_SAFE_INTEGER),
    }),
    ticker: Joi.object<{ instrument: string }>({ instrument: instrument.default(INSTRUMENT_DEFAULT) }),
    massCancel: Joi.object<{ client_id: string; instrument?: string }>({ client_id: clientId.required(), instrument }),
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

function fieldErrors(error: Joi.ValidationError): FieldError[] {
  return error.details.slice(0, FIELD_ERRORS_MAX).map((detail) => {
    const field = detail.path.length > 0 ? detail.path.join('.') : (detail.context?.label ?? 'body');
    const message = detail.message.startsWith(`${field} `) ? detail.message.slice(field.length + 1) : detail.message;
    return {
      field: field === 'value' ? 'body' : field.slice(0, FIELD_NAME_SHOWN_MAX),
      message: message.replace(/^"?value"? /, ''),
    };
  });
}

function check<T>(schema: Joi.ObjectSchema<T>, value: object, where: string): T {
  if (Object.keys(value).length > FIELDS_MAX) throw invalid([{ field: where, message: `has more than ${FIELDS_MAX} fields` }]);
  const result = schema.validate(value, OPTIONS);
  if (result.error) throw invalid(fieldErrors(result.error));
  return result.value;
}

/** A number that came as NumberText is an object to JavaScript only. */
function isJsonObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberText);
}

/** @throws Problem `validation_failed` naming each wrong field */
export function checkBody<T>(schema: Joi.ObjectSchema<T>, body: unknown): T {
  if (!isJsonObject(body)) throw invalid([{ field: 'body', message: 'must be a JSON object' }]);
  return check(schema, body, 'body');
}

/** @throws Problem `validation_failed` naming each wrong parameter */
export function checkQuery<T>(schema: Joi.ObjectSchema<T>, query: Readonly<Record<string, unknown>>): T {
  return check(schema, query, 'query');
}

/** @throws Problem `validation_failed` naming each wrong field */
export function checkPlace(body: unknown): PlaceBody {
  return (isJsonObject(body) ? quickPlace(body) : null) ?? checkBody(PLACE, body);
}

const NO_QUERY = Joi.object({});

/**
 * For calls without parameters: one that is ignored may be a limit that its sender relies on.
 * @throws Problem `validation_failed` naming each parameter
 */
export function checkNoQuery(query: Readonly<Record<string, unknown>>): void {
  if (Object.keys(query).length > 0) checkQuery(NO_QUERY, query);
}

/** @throws Problem `validation_failed` */
export function checkOperation(operation: unknown): Operation {
  return (isJsonObject(operation) ? quickOperation(operation) : null) ?? checkOperationBySchema(operation);
}

/** @throws Problem `validation_failed` */
export function checkOperationBySchema(operation: unknown): Operation {
  if (!isJsonObject(operation)) throw invalid([{ field: 'op', message: 'must be one of place, cancel, amend, in a JSON object' }]);
  const op = (operation as { op?: unknown }).op;
  if (op !== 'place' && op !== 'cancel' && op !== 'amend') {
    throw invalid([{ field: 'op', message: 'must be one of place, cancel, amend' }]);
  }
  return check(OPERATIONS[op] as Joi.ObjectSchema<Operation>, operation, 'operation');
}

/** @throws Problem `validation_failed` */
export function checkIdempotencyKey(key: string): string {
  const result = idempotencyKey.validate(key, OPTIONS);
  if (result.error) throw invalid([{ field: 'Idempotency-Key', message: `must be 1 to ${IDEMPOTENCY_KEY_LENGTH_MAX} printable characters` }]);
  return key;
}
