import Joi from 'joi';
import { InstrumentName, ONLY_TO_SUBSCRIBE, StreamRequest, StreamSince, StreamWish, type Kind, type Limits, type ObjectOf } from '#openfill-contract';
import type { StreamPosition } from '../../../stream/stream-position';
import { judgeOf } from './judge';
import { NO_LIMITS } from './schemas';

/** What a client wishes to follow, checked. */
export type Wish = Omit<ObjectOf<typeof StreamWish, never>, 'since'> & { readonly since?: StreamPosition };
/** A client's message, checked. */
export type Asked = Wish & Pick<ObjectOf<typeof StreamRequest, never>, 'op'>;

export interface StreamSchemas {
  readonly wish: Joi.ObjectSchema<Wish>;
  readonly asked: Joi.ObjectSchema<Asked>;
}

/** Bounds of what a client may wish. */
export type StreamLimits = Pick<Limits, 'orderbookLevelsMax' | 'streamAccountsMax'>;

/**
 * The contract's descriptions of what clients of the stream send, with what only the service knows.
 * @param names of the instruments that are traded
 * @param positionOf null for what is no place in the stream
 */
export function streamSchemas(names: readonly string[], { orderbookLevelsMax, streamAccountsMax }: StreamLimits, positionOf: (since: unknown) => StreamPosition | null): StreamSchemas {
  const since = Joi.any().custom((value: unknown, helpers) => positionOf(value) ?? helpers.error('since'))
    .messages({ since: '{{#label}} must be a sequence or the id of an event' });
  const own = new Map<Kind, Joi.Schema>([[InstrumentName, Joi.string().valid(...names)], [StreamSince, since]]);
  const limits = { ...NO_LIMITS, orderbookLevelsMax, streamAccountsMax };
  const asked = judgeOf(StreamRequest, limits, own).when(Joi.object({ op: Joi.invalid('subscribe') }).unknown(), {
    then: Joi.object(Object.fromEntries(ONLY_TO_SUBSCRIBE.map((name) => [name, Joi.forbidden()]))),
  });
  return {
    wish: judgeOf(StreamWish, limits, own) as unknown as Joi.ObjectSchema<Wish>, asked: asked as unknown as Joi.ObjectSchema<Asked>,
  };
}
