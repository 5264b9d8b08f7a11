import type { Logger } from 'pino';
import type { AuctionView } from '../domain/auction';
import { LookLoop } from '../look-loop';
import type { InstrumentTable } from '../domain/instrument-table';
import type { Market } from '../market/market';
import type { FedStream } from './market-channels';
import type { AuctionNews } from './news';

/** The stream as the source of the channel sees it. */
export interface AuctionStream extends FedStream {
  isFollowed(channel: 'auction', instrument: string): boolean;
}

const EVERY_MS = 100;
/** A look at a large book takes its time of Redis: this many times as long passes ahead of the next one. */
const REST = 20;

/** What is known of an instrument's auction, and how far the market was when it was read. */
interface Known {
  readonly view: AuctionView;
  readonly marketSequence: number;
  /** When it may be read again. */
  readonly againMs: number;
}

/**
 * Feeds the channel `auction`: looks ten times a second at what the auctions would come to that somebody follows, since it takes whole books, and
 * what icebergs hide, which only Redis knows.
 */
export class AuctionChannel {
  private readonly known = new Map<string, Known>();
  private readonly loop: LookLoop;

  /** @param read what an auction would come to @param stateOf of an instrument, as the log has told it */
  constructor(
    private readonly instruments: InstrumentTable, private readonly stream: AuctionStream, private readonly market: Market,
    private readonly read: (instrument: string) => Promise<AuctionView>, private readonly stateOf: (instrument: string) => string, logger: Logger,
  ) {
    stream.feed('auction', (name) => this.newsOf(name));
    this.loop = new LookLoop(EVERY_MS, () => this.look(), (error) => logger.debug({ err: error }, 'auctions could not be looked at'));
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async look(): Promise<void> {
    await Promise.all(this.instruments.all.map(({ instrument }) => this.lookAt(instrument)));
  }

  private async lookAt(name: string): Promise<void> {
    const known = this.known.get(name);
    if (!this.stream.isFollowed('auction', name)) {
      // Whoever begins to follow it is told how it is by then.
      if (known !== undefined) this.known.delete(name);
      return;
    }
    const state = this.stateOf(name);
    const marketSequence = this.market.sequence;
    // Outside of an auction all there is to tell is that it is none.
    const isSame = known !== undefined && (known.view.rules?.state ?? 'open') === state && (state !== 'auction' || known.marketSequence === marketSequence);
    if (isSame || (known !== undefined && performance.now() < known.againMs)) return;
    const began = performance.now();
    const view = await this.read(name);
    const now = performance.now();
    this.known.set(name, { view, marketSequence, againMs: now + REST * (now - began) });
    if (known === undefined || contentOf(known.view) !== contentOf(view)) this.stream.publish('auction', name, () => this.newsOf(name));
  }

  private newsOf(name: string): AuctionNews[] {
    const known = this.known.get(name);
    if (known === undefined) return [];
    return [{ kind: 'auction', instrument: this.instruments.of(name), sequence: this.market.sequence, timeUs: this.market.timeUs, auction: known.view }];
  }
}

/** What a message says, to know it again by. */
function contentOf({ rules, lastTicks, crossing }: AuctionView): string {
  return [rules?.state, lastTicks, crossing?.priceTicks, crossing?.lots, crossing?.leftLots, crossing?.leftSide].join();
}
