import type { AccountChannel, InstrumentChannel } from '../../../src/domain/channels';
import { formatPrice, formatQuantity, type Instrument } from '../../../src/domain/instruments';
import type { Checked, EndReason, Farewell, Opened, Request, StreamDialect, StreamEncoder, StreamSession, Told } from '../../../src/stream/dialect';
import type { LevelStep } from '../../../src/stream/level-merge';
import type { News, Notice, Reference, Unreadable } from '../../../src/stream/news';
import { positionAt, type StreamPosition } from '../../../src/stream/stream-position';
import { isSamePair, type Subscription } from '../../../src/stream/subscriptions';
import { lineOfOrder, marketOf, wordOf, type Markets } from './words';

/**
 * How the plain dialect tells what happens, as unlike the venue's own stream as may be: words instead of JSON, markets without
 * a dash, requests that are numbered and answered by number, no word for tickers, no heartbeats.
 *
 * - `+7 deals:BTCUSD book:BTCUSD/5 from 17` is answered `ok 7`, `-8 deals:BTCUSD` `ok 8`, `?9` `ok 9 at <sequence>`
 * - `deal BTCUSD 50.00x1.00000000 n<trade id> at <sequence>`
 * - `order ref=… market=BTCUSD way=bid limit=50.00 state=open size=1.00000000 done=0.00000000 at <sequence>`
 * - `purse ann at <sequence> | USD <units>/<held units> …`, with `all` ahead of it where it is of every asset
 * - `deed ann BTCUSD bid 50.00x1.00000000 n<trade id> cost <units> at <sequence>`
 * - `full BTCUSD at <sequence> sum <checksum> | 50.00x1.00000000 … | …`, `step BTCUSD <previous>><sequence> sum <checksum> | … | …`
 */
const CHANNEL_OF: Readonly<Record<string, InstrumentChannel>> = { deals: 'trades', book: 'orderbook', orders: 'orders', ticks: 'ticker' };
const ACCOUNT_CHANNEL_OF: Readonly<Record<string, AccountChannel>> = { purse: 'balances', deeds: 'fills' };
const CLOSE_NORMAL = 1000;

/** What it has said so far: each thing once, however many listen. */
export class TapeEncoder implements StreamEncoder {
  readonly said: string[] = [];

  tell(news: News): Told | null {
    const text = textOf(news);
    if (text === null) return null;
    this.said.push(text);
    return { type: 'line', text };
  }

  formatPosition({ epoch, sequence, count, bookSequence }: StreamPosition): string {
    return [epoch, sequence, count, bookSequence].join('/');
  }

  farewell(reason: EndReason): Farewell {
    return { code: CLOSE_NORMAL, reason: `bye ${reason}`, told: { type: 'line', text: 'bye' } };
  }
}

function textOf(news: News): string | null {
  if (news.kind === 'notice') return textOfNotice(news.notice, news.sequence);
  if (news.kind === 'delta') {
    const { feed: { instrument }, previousSequence, sequence, bids, asks } = news.delta;
    const steps = (side: readonly LevelStep[]): string => sideOf(side.map(({ priceTicks, after }) => [priceTicks, after]), instrument);
    return `step ${marketOf(instrument)} ${previousSequence}>${sequence} sum ${news.checksum} | ${steps(bids)} | ${steps(asks)}`;
  }
  if (news.kind === 'balances') {
    const purse = news.balances.map(({ asset, total, held }) => `${asset} ${total}/${held}`).join(' ');
    return `${news.isWhole ? 'all ' : ''}purse ${news.account} at ${news.sequence} | ${purse}`;
  }
  const { instrument, sequence } = news;
  switch (news.kind) {
    case 'trade': {
      const { priceTicks, quantityLots, tradeId } = news.trade;
      return `deal ${marketOf(instrument)} ${sideOf([[priceTicks, quantityLots]], instrument)} n${tradeId} at ${sequence}`;
    }
    case 'order': return `order ${lineOfOrder(news.order, instrument)} at ${sequence}`;
    case 'fill': {
      const { priceTicks, quantityLots, tradeId, side, fee } = news.fill;
      const deal = sideOf([[priceTicks, quantityLots]], instrument);
      return `deed ${news.account} ${marketOf(instrument)} ${side === 'buy' ? 'bid' : 'ask'} ${deal} n${tradeId} cost ${fee} at ${sequence}`;
    }
    case 'snapshot': return `full ${marketOf(instrument)} at ${sequence} sum ${news.checksum} | ${sideOf(news.bids, instrument)} | ${sideOf(news.asks, instrument)}`;
    default: return null;
  }
}

function sideOf(levels: readonly (readonly [number, number])[], instrument: Instrument): string {
  return levels.map(([price, lots]) => `${formatPrice(instrument, price)}x${formatQuantity(instrument, lots)}`).join(' ');
}

function textOfNotice(notice: Notice, sequence: number): string | null {
  switch (notice.is) {
    case 'subscribed': return `ok ${notice.reference ?? 'begun'}`;
    case 'authenticated': return null;
    case 'pong': return `ok ${notice.reference} at ${sequence}`;
    case 'refused': return `no ${notice.refusal.reference ?? '-'} ${wordOf(notice.refusal.code)}`;
    case 'resync': return `again ${notice.reason}`;
    case 'resumed': return `went on from ${notice.since}`;
    case 'shutdown': return 'closing';
    case 'heartbeat': return null;
  }
}

export class TapeDialect implements StreamDialect {
  constructor(private readonly markets: Markets, private readonly encoder: TapeEncoder) {}

  /** `?on=deals:BTCUSD+book:BTCUSD`; nothing without it. */
  open(query: URLSearchParams): Opened {
    const asked = query.get('on');
    const checked = asked === null ? { wanted: [], since: undefined } : this.wishOf(asked.split(' '), null);
    const session: StreamSession = { encoder: this.encoder, read: (text) => this.read(text) };
    return { session, start: 'error' in checked ? checked : { value: { ...checked, isNamed: asked !== null } } };
  }

  private read(text: string | null): Checked<Request> {
    const [, sign, number, rest] = /^([+?-])(\d+)(?: (.*))?$/.exec(text ?? '') ?? [];
    if (sign === undefined) return unreadable('what?', null);
    const reference = Number(number);
    if (sign === '?') return { value: { op: 'ping', reference } };
    const wish = this.wishOf((rest ?? '').split(' '), reference);
    if ('error' in wish) return wish;
    if (sign === '+') return { value: { op: 'subscribe', reference, ...wish } };
    return { value: { op: 'unsubscribe', reference, isMeant: (one) => wish.wanted.some((other) => isSamePair(one, other)) } };
  }

  private wishOf(words: readonly string[], reference: Reference): { wanted: Subscription[]; since: StreamPosition | undefined } | { error: Unreadable } {
    const from = words.indexOf('from');
    const wanted: Subscription[] = [];
    for (const word of from < 0 ? words : words.slice(0, from)) {
      const [, channelName = '', name = '', depth] = /^(\w+):(\w+)(?:\/(\d+))?$/.exec(word) ?? [];
      const ofAccount = ACCOUNT_CHANNEL_OF[channelName];
      if (ofAccount !== undefined) {
        wanted.push({ channel: ofAccount, account: name });
        continue;
      }
      const [channel, instrument] = [CHANNEL_OF[channelName], this.markets.find(name)];
      if (channel === undefined || instrument === undefined) return unreadable(`no ${word}`, reference);
      wanted.push({ channel, instrument, depth: depth === undefined ? null : Number(depth), owner: null });
    }
    return { wanted, since: from < 0 ? undefined : positionAt(Number(words[from + 1])) };
  }
}

function unreadable(message: string, reference: Reference): { error: Unreadable } {
  return { error: { code: 'validation_failed', message, reference } };
}
