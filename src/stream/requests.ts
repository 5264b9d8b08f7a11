import Joi from 'joi';
import { CHANNELS, type Channel } from '../domain/channels';
import type { Instrument } from '../domain/instruments';
import { parsePosition, positionAt, type Position } from './position';

/** Characters of an error's message that are told. */
const MESSAGE_LENGTH_MAX = 400;
const FIELD_LENGTH_MAX = 100;

/** What clients ask for, in the query or by message. */

export interface Wish {
  readonly channels?: readonly Channel[];
  readonly instruments?: readonly string[];
  readonly depth?: number;
  readonly since?: Position;
}

export interface Request extends Wish {
  readonly op: 'subscribe' | 'unsubscribe' | 'ping';
}

export interface RequestError {
  readonly code: 'malformed_json' | 'validation_failed' | 'subscription_limit' | 'rate_limited';
  /** What of the request it is about: the message begins with it. */
  readonly field?: string;
  readonly message: string;
}

export type Checked<T> = { readonly value: T } | { readonly error: RequestError };

/** Query parameters of a stream. */
const QUERY_PARAMETERS: readonly string[] = ['channels', 'instruments', 'depth', 'since'];

const SINCE_TEXT_MAX = 128;
const OPTIONS: Joi.ValidationOptions = { convert: false, errors: { wrap: { label: false } } };

function invalid(field: string, problem: string): { readonly error: RequestError } {
  const name = field.length > FIELD_LENGTH_MAX ? `${field.slice(0, FIELD_LENGTH_MAX)}…` : field;
  const message = `${name} ${problem}`;
  // A list of all instruments, or what the client itself sent, may be long.
  const shown = message.length > MESSAGE_LENGTH_MAX ? `${message.slice(0, MESSAGE_LENGTH_MAX)} …` : message;
  return { error: { code: 'validation_failed', field: name, message: shown } };
}

function checkedBy<T>(schema: Joi.ObjectSchema<T>, given: unknown): Checked<T> {
  const checked = schema.validate(given, OPTIONS);
  if (checked.error === undefined) return { value: checked.value };
  const { message } = checked.error;
  const field = checked.error.details[0]?.context?.label ?? '';
  return invalid(field, message.slice(field.length).trimStart());
}

export class Requests {
  private readonly wish: Joi.ObjectSchema<Wish>;
  private readonly request: Joi.ObjectSchema<Request>;

  constructor(instruments: readonly Instrument[], depthMax: number) {
    const since = Joi.any().custom((value: unknown, helpers) => {
      if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return positionAt(value);
      const position = typeof value === 'string' && value.length <= SINCE_TEXT_MAX ? parsePosition(value) : null;
      return position ?? helpers.error('since');
    }).messages({ since: '{{#label}} must be a sequence or the id of an event' });
    const fields = {
      channels: Joi.array().items(Joi.string().valid(...CHANNELS)).min(1).unique(),
      instruments: Joi.array().items(Joi.string().valid(...instruments.map(({ instrument }) => instrument))).min(1).unique(),
      depth: Joi.number().integer().min(1).max(depthMax),
      since,
    };
    this.wish = Joi.object<Wish>(fields);
    this.request = Joi.object<Request>({ op: Joi.string().valid('subscribe', 'unsubscribe', 'ping').required(), ...fields })
      .when(Joi.object({ op: Joi.invalid('subscribe') }).unknown(), { then: Joi.object({ depth: Joi.forbidden(), since: Joi.forbidden() }) });
  }

  /** @param text of a client's message */
  read(text: string): Checked<Request> {
    let request: unknown;
    try {
      request = JSON.parse(text);
    } catch {
      return { error: { code: 'malformed_json', message: 'a message must be a JSON object' } };
    }
    // Copied, it would be the object's prototype, and its fields would be taken for the request's own.
    if (typeof request === 'object' && request !== null && Object.hasOwn(request, '__proto__')) return invalid('__proto__', 'is not allowed');
    return checkedBy(this.request, request);
  }

  readQuery(query: URLSearchParams): Checked<Wish> {
    const given: Record<string, unknown> = {};
    for (const [name, value] of query) {
      if (!QUERY_PARAMETERS.includes(name)) return invalid(name === '' ? 'query' : name, 'is not allowed');
      if (name in given) return invalid(name, 'must be given once');
      if (name === 'channels' || name === 'instruments') given[name] = value.split(',');
      else given[name] = name === 'depth' && /^[0-9]{1,9}$/.test(value) ? Number(value) : value;
    }
    return checkedBy(this.wish, given);
  }
}
