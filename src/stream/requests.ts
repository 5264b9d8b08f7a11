import Joi from 'joi';
import { CHANNELS, type Channel } from '../domain/channels';
import type { Instrument } from '../domain/instruments';
import { parsePosition, positionAt, type Position } from './position';

/** Characters of an error's message that are told. */
const MESSAGE_LENGTH_MAX = 400;

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
  readonly message: string;
}

export type Checked<T> = { readonly value: T } | { readonly error: RequestError };

/** Query parameters of a stream. */
export const QUERY_PARAMETERS = ['channels', 'instruments', 'depth', 'since'] as const;

const SINCE_TEXT_MAX = 128;
const OPTIONS: Joi.ValidationOptions = { convert: false, errors: { wrap: { label: false } } };

function invalid(message: string): { readonly error: RequestError } {
  // A list of all instruments, or what the client itself sent, may be long.
  const shown = message.length > MESSAGE_LENGTH_MAX ? `${message.slice(0, MESSAGE_LENGTH_MAX)} …` : message;
  return { error: { code: 'validation_failed', message: shown } };
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
    if (typeof request === 'object' && request !== null && Object.hasOwn(request, '__proto__')) return invalid('__proto__ is not allowed');
    const checked = this.request.validate(request, OPTIONS);
    return checked.error ? invalid(checked.error.message) : { value: checked.value };
  }

  readQuery(query: URLSearchParams): Checked<Wish> {
    const given: Record<string, unknown> = {};
    for (const name of QUERY_PARAMETERS) {
      const [value, second] = query.getAll(name);
      if (second !== undefined) return invalid(`${name} must be given once`);
      if (value === undefined) continue;
      if (name === 'channels' || name === 'instruments') given[name] = value.split(',');
      else given[name] = name === 'depth' && /^[0-9]{1,9}$/.test(value) ? Number(value) : value;
    }
    const checked = this.wish.validate(given, OPTIONS);
    return checked.error ? invalid(checked.error.message) : { value: checked.value };
  }
}
