import { NumberText, type AmountInput } from '../domain/amounts';
import { INSTRUMENT_NAME } from '../domain/instruments';
import { isUuid } from '../domain/order-id';
import {
  CLIENT_ID_LENGTH_MAX, CLIENT_ORDER_ID_LENGTH_MAX, IDEMPOTENCY_KEY_LENGTH_MAX, INSTRUMENT_DEFAULT,
  type Operation, type PlaceBody,
} from './shapes';

/**
 * The schemas' verdict on what is plainly right, in half a microsecond where joi takes ten to twenty: more than all
 * else that the service does for an order. The rules are the schemas' (schemas.ts): each function here gives either
 * exactly what its schema would, or null for "ask the schema", which decides and finds the words for what is wrong.
 * A test holds the two against each other over random bodies.
 *
 * Bodies come from JSON: no field is undefined, no object has a prototype of its own making.
 */

type Fields = Readonly<Record<string, unknown>>;

/** Printable ASCII. Other scripts are the schema's to judge. */
const PLAIN_TEXT = /^[ -~]+$/;

function isPlainText(value: unknown, lengthMax: number): value is string {
  return typeof value === 'string' && value.length <= lengthMax && PLAIN_TEXT.test(value);
}

function isTextOrAbsent(value: unknown, lengthMax: number): value is string | undefined {
  return value === undefined || isPlainText(value, lengthMax);
}

function isAmount(value: unknown): value is AmountInput {
  return typeof value === 'string' || typeof value === 'number' || value instanceof NumberText;
}

function isAmountOrAbsent(value: unknown): value is AmountInput | undefined {
  return value === undefined || isAmount(value);
}

function hasOnly(fields: Fields, known: ReadonlySet<string>): boolean {
  for (const name in fields) {
    if (!known.has(name)) return false;
  }
  return true;
}

const PLACE_FIELDS = new Set([
  'client_id', 'instrument', 'side', 'type', 'price', 'quantity', 'time_in_force', 'post_only', 'client_order_id',
  'idempotency_key', 'ack',
]);
const PLACE_OPERATION_FIELDS = new Set([...PLACE_FIELDS, 'op']);
const CANCEL_FIELDS = new Set(['op', 'order_id', 'client_id', 'client_order_id', 'idempotency_key']);
const AMEND_FIELDS = new Set([...CANCEL_FIELDS, 'price', 'quantity', 'remaining_quantity']);

/**
 * Checked field by field, the body itself is what the schema would make of it, with the defaults filled in.
 * @param known names that may stand in the body
 */
function quickPlaceFields(body: Fields, known: ReadonlySet<string>): PlaceBody | null {
  if (!hasOnly(body, known)) return null;
  const { side, type, price, post_only = false, ack } = body;
  const { instrument = INSTRUMENT_DEFAULT, time_in_force = type === 'market' ? 'ioc' : 'gtc' } = body;
  if (!isPlainText(body.client_id, CLIENT_ID_LENGTH_MAX)) return null;
  if (typeof instrument !== 'string' || !INSTRUMENT_NAME.test(instrument)) return null;
  if (side !== 'buy' && side !== 'sell') return null;
  if (!isAmount(body.quantity)) return null;
  if (type === 'limit') {
    if (!isAmount(price)) return null;
    if (time_in_force !== 'gtc' && time_in_force !== 'ioc' && time_in_force !== 'fok') return null;
    if (post_only !== false && (post_only !== true || time_in_force !== 'gtc')) return null;
  } else if (type !== 'market' || price !== undefined || time_in_force !== 'ioc' || post_only !== false) {
    return null;
  }
  if (!isTextOrAbsent(body.client_order_id, CLIENT_ORDER_ID_LENGTH_MAX)) return null;
  if (!isTextOrAbsent(body.idempotency_key, IDEMPOTENCY_KEY_LENGTH_MAX)) return null;
  if (ack !== undefined && ack !== 'redis' && ack !== 'postgres') return null;
  return { ...body, instrument, time_in_force, post_only } as unknown as PlaceBody;
}

/** @returns what PLACE makes of the body, or null where only the schema can tell */
export function quickPlace(body: object): PlaceBody | null {
  return quickPlaceFields(body as Fields, PLACE_FIELDS);
}

/** Whether the order that a cancel or amend means is named: by id, or by client and client_order_id. */
function namesOrder({ order_id, client_id, client_order_id }: Fields): boolean {
  if (!isTextOrAbsent(client_id, CLIENT_ID_LENGTH_MAX)) return false;
  if (order_id === undefined) return client_id !== undefined && isPlainText(client_order_id, CLIENT_ORDER_ID_LENGTH_MAX);
  return client_order_id === undefined && typeof order_id === 'string' && isUuid(order_id);
}

function isPlainChange(fields: Fields, known: ReadonlySet<string>): boolean {
  return hasOnly(fields, known) && namesOrder(fields) && isTextOrAbsent(fields.idempotency_key, IDEMPOTENCY_KEY_LENGTH_MAX);
}

function hasPlainAmounts({ price, quantity, remaining_quantity }: Fields): boolean {
  if (!isAmountOrAbsent(price) || !isAmountOrAbsent(quantity) || !isAmountOrAbsent(remaining_quantity)) return false;
  if (quantity !== undefined && remaining_quantity !== undefined) return false;
  return price !== undefined || quantity !== undefined || remaining_quantity !== undefined;
}

/** UUIDs are told in lower case. */
function withPlainId(fields: Fields): Fields {
  return typeof fields.order_id === 'string' ? { ...fields, order_id: fields.order_id.toLowerCase() } : fields;
}

/** @returns what the operation's schema makes of it, or null where only the schema can tell */
export function quickOperation(operation: object): Operation | null {
  const fields = operation as Fields;
  switch (fields.op) {
    case 'place':
      return quickPlaceFields(fields, PLACE_OPERATION_FIELDS) as Operation | null;
    case 'cancel':
      return isPlainChange(fields, CANCEL_FIELDS) ? withPlainId(fields) as unknown as Operation : null;
    case 'amend':
      return isPlainChange(fields, AMEND_FIELDS) && hasPlainAmounts(fields) ? withPlainId(fields) as unknown as Operation : null;
    default:
      return null;
  }
}
