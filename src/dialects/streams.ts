import type { Upgrade } from '../http/dialect';
import type { StreamDialect } from '../stream/dialect';
import type { StreamServer } from '../stream/stream-server';

/** The stream, as a dialect hands its connections over. */
export type Streams = Pick<StreamServer, 'refusal' | 'upgrade' | 'acceptEvents'>;

/** The upgrade to a path on which the stream speaks a dialect. */
export function streamUpgrade(streams: Streams, dialect: StreamDialect): Upgrade {
  return (request, socket, head, query, { principal, address }) => {
    const refusal = streams.refusal(address);
    const who = { principal };
    if (refusal === null) streams.upgrade(request, socket, head, address, dialect.open(query, who, { address, path: request.url ?? '' }), who);
    return refusal;
  };
}
