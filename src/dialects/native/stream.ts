import type { AssetTable } from '../../domain/asset-table';
import type { Instrument } from '../../domain/instruments';
import type { Checked, Opened, Request, StreamDialect, StreamEncoder, StreamSession } from '../../stream/dialect';
import type { StreamLimits } from './check/stream-schemas';
import { NativeStreamRequests } from './stream-requests';
import { nativeStreamEncoder } from './stream-texts';

/** One connection. It remembers how deep the books are that it asked for on connecting. */
class NativeStreamSession implements StreamSession {
  constructor(private readonly requests: NativeStreamRequests, readonly encoder: StreamEncoder, private readonly depth: number | null) {}

  read(text: string | null): Checked<Request> {
    return this.requests.read(text, this.depth);
  }
}

/** The venue's own dialect of the stream. */
export class NativeStreamDialect implements StreamDialect {
  private readonly requests: NativeStreamRequests;
  private readonly encoder: StreamEncoder;

  /** @param keepsMoney whether there are accounts to follow */
  constructor(instruments: readonly Instrument[], assets: AssetTable, limits: StreamLimits, keepsMoney: boolean) {
    this.encoder = nativeStreamEncoder(assets);
    this.requests = new NativeStreamRequests(instruments, limits, keepsMoney);
  }

  open(query: URLSearchParams, lastEventId = ''): Opened {
    // A browser repeats the address of its first connection, and says beside it how far it has come since.
    const asked = new URLSearchParams(query);
    if (lastEventId !== '') asked.set('since', lastEventId);
    const start = this.requests.readQuery(asked);
    return { session: new NativeStreamSession(this.requests, this.encoder, 'value' in start ? start.value.depth : null), start };
  }
}
