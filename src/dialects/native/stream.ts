import type { AssetTable } from '../../domain/asset-table';
import type { InstrumentTable } from '../../domain/instrument-table';
import type { Checked, Opened, Request, StreamDialect, StreamEncoder, StreamSession } from '../../stream/dialect';
import type { Gate } from '../../people/gate';
import type { Peer, Who } from '../../stream/following';
import type { StreamLimits } from './check/stream-schemas';
import { NativeStreamRequests } from './stream-requests';
import { nativeStreamEncoder } from './stream-texts';

/** One connection. It remembers how deep the books are that it asked for on connecting. */
class NativeStreamSession implements StreamSession {
  constructor(
    private readonly requests: NativeStreamRequests, readonly encoder: StreamEncoder, private readonly depth: number | null, private readonly who: Who,
    private readonly peer: Peer,
  ) {}

  read(text: string | null): Checked<Request> {
    return this.requests.read(text, this.depth, this.who, this.peer);
  }
}

/** The venue's own dialect of the stream. */
export class NativeStreamDialect implements StreamDialect {
  private readonly requests: NativeStreamRequests;
  private readonly encoder: StreamEncoder;

  /** @param keepsMoney whether there are accounts to follow; @param gate null where nobody is asked who they are */
  constructor(instruments: InstrumentTable, assets: AssetTable, limits: StreamLimits, keepsMoney: boolean, gate: Gate | null) {
    this.encoder = nativeStreamEncoder(assets);
    this.requests = new NativeStreamRequests(instruments, limits, keepsMoney, gate);
  }

  open(query: URLSearchParams, who: Who, peer: Peer, lastEventId = ''): Opened {
    // A browser repeats the address of its first connection, and says beside it how far it has come since.
    const asked = new URLSearchParams(query);
    if (lastEventId !== '') asked.set('since', lastEventId);
    const start = this.requests.readQuery(asked, who);
    return { session: new NativeStreamSession(this.requests, this.encoder, 'value' in start ? start.value.depth : null, who, peer), start };
  }
}
