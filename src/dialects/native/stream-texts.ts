import { formatAmount } from '../../domain/amounts';
import type { AssetTable } from '../../domain/asset-table';
import type { Channel } from '../../domain/channels';
import type { Instrument } from '../../domain/instruments';
import { formatTimeUs } from '../../domain/order';
import type { EndReason, Farewell, StreamEncoder, Told } from '../../stream/dialect';
import type { FeedDelta } from '../../stream/feed-delta';
import type { LevelStep } from '../../stream/level-merge';
import type { DeltaNews, MarketNews, News, Notice, Refusal } from '../../stream/news';
import { isOfAccount, type Subscription } from '../../stream/subscriptions';
import { CLOSE_SESSION_ENDED } from './authentication';
import { presentOrder, presentTrade } from './present';
import { presentAuction, presentCandle, presentRules, presentTicker } from './present-market';
import { presentBalance, presentFill } from './present-money';
import { formatPosition } from './stream-position';

/** What the stream says, as the contract has it. */

/** WebSocket close codes (RFC 6455, 7.4.1). */
const CLOSE_GOING_AWAY = 1001;
const CLOSE_POLICY = 1008;
const CLOSE_CODES: Partial<Record<EndReason, number>> = {
  shutdown: CLOSE_GOING_AWAY, session_ended: CLOSE_SESSION_ENDED, token_expired: CLOSE_SESSION_ENDED, user_suspended: CLOSE_SESSION_ENDED, invalid_api_key: CLOSE_SESSION_ENDED,
};

function viewLevels(levels: readonly (readonly [number, number])[], instrument: Instrument): [price: string, quantity: string][] {
  return levels.map(([ticks, lots]) => [formatAmount(ticks, instrument.tick), formatAmount(lots, instrument.lot)]);
}

/** JSON of levels: amounts are digits and a point. */
function textOfSteps(steps: readonly LevelStep[], { tick, lot }: Instrument): string {
  let text = '[';
  for (const { priceTicks, after } of steps) {
    text += `${text === '[' ? '' : ','}["${formatAmount(priceTicks, tick)}","${after === 0 ? '0' : formatAmount(after, lot)}"]`;
  }
  return `${text}]`;
}

/**
 * The message that a busy book sends most: its text is joined, in less than half the time that JSON.stringify takes. Nothing in it
 * needs to be escaped, an instrument's name included.
 */
function textOfDelta(delta: FeedDelta, checksum: number): string {
  const { instrument } = delta.feed;
  return `{"type":"orderbook_delta","instrument":"${instrument.instrument}","sequence":${delta.sequence},`
    + `"timestamp":"${formatTimeUs(delta.timeUs)}","data":{"first_sequence":${delta.firstSequence},`
    + `"previous_sequence":${delta.previousSequence},"bids":${textOfSteps(delta.bids, instrument)},`
    + `"asks":${textOfSteps(delta.asks, instrument)},"checksum":${checksum}}}`;
}

function tellDelta({ delta, checksum }: DeltaNews): Told {
  return { type: 'orderbook_delta', text: textOfDelta(delta, checksum) };
}

function told(type: string, instrument: string | null, sequence: number, timeUs: number, data: unknown): Told {
  return { type, text: JSON.stringify({ type, instrument, sequence, timestamp: formatTimeUs(timeUs), data }) };
}

function tellMarket(news: MarketNews, assets: AssetTable): Told {
  const { sequence, timeUs } = news;
  if (news.kind === 'balances') {
    return told(news.isWhole ? 'balances_snapshot' : 'balances', null, sequence, timeUs, {
      account_id: news.account, balances: news.balances.map((balance) => presentBalance(balance, assets)),
    });
  }
  const { instrument } = news;
  const tell = (type: string, data: unknown): Told => told(type, instrument.instrument, sequence, timeUs, data);
  switch (news.kind) {
    case 'trade': return tell('trade', presentTrade(news.trade, instrument));
    case 'order': return tell('order', presentOrder(news.order, instrument, assets));
    case 'snapshot': return tell('orderbook_snapshot', {
      bids: viewLevels(news.bids, instrument), asks: viewLevels(news.asks, instrument), checksum: news.checksum,
    });
    case 'fill': return tell('fill', { account_id: news.account, ...presentFill(news.fill, instrument, assets) });
    case 'instrument': return tell('instrument', presentRules(news.rules));
    case 'auction': return tell('auction', presentAuction(news.auction, instrument));
    case 'ticker': return tell('ticker', presentTicker(news.last, news.bid, news.ask, news.day, instrument));
    case 'candle': return tell('candle', { interval: news.interval, ...presentCandle(news.candle, instrument), closed: news.isClosed });
  }
}

/** Type and data of a message about the connection. */
function viewNotice(notice: Notice): [type: string, data: Readonly<Record<string, unknown>>] {
  switch (notice.is) {
    case 'subscribed': return ['subscribed', { subscriptions: viewSubscriptions(notice.subscriptions) }];
    case 'pong': return ['pong', {}];
    case 'authenticated': return ['authenticated', { username: notice.username, account_id: notice.account }];
    case 'refused': return ['error', { code: notice.refusal.code, message: messageOf(notice.refusal) }];
    case 'resync': return ['resync', { reason: notice.reason }];
    case 'resumed': return ['resumed', { since: notice.since }];
    case 'heartbeat': return ['heartbeat', {}];
    case 'shutdown': return ['shutdown', { reason: 'the service is shutting down' }];
  }
}

function messageOf(refusal: Refusal): string {
  switch (refusal.code) {
    case 'subscription_limit': return `at most ${refusal.subscriptionsMax} subscriptions, one for each channel of each instrument or account`;
    case 'rate_limited': return `at most ${refusal.messagesPerSecond} messages a second`;
    default: return refusal.message;
  }
}

interface SubscriptionView {
  readonly channel: Channel;
  readonly instruments?: string[];
  readonly accounts?: string[];
  readonly depth?: number;
}

/** Subscriptions as a client is told of them: the instruments or accounts of each channel, books of another depth apart. */
function viewSubscriptions(subscriptions: readonly Subscription[]): SubscriptionView[] {
  const views = new Map<string, SubscriptionView>();
  for (const subscription of subscriptions) {
    const { channel } = subscription;
    const key = isOfAccount(subscription) ? channel : `${channel}/${subscription.depth ?? ''}/${subscription.owner ?? ''}`;
    const view = views.get(key);
    if (isOfAccount(subscription)) {
      if (view === undefined) views.set(key, { channel, accounts: [subscription.account] });
      else view.accounts?.push(subscription.account);
    } else {
      const { instrument: { instrument }, depth, owner } = subscription;
      if (view === undefined) views.set(key, { channel, instruments: [instrument], ...(owner === null ? {} : { accounts: [owner] }), ...(depth === null ? {} : { depth }) });
      else view.instruments?.push(instrument);
    }
  }
  return [...views.values()];
}

/** The venue's own messages: `{ type, instrument, sequence, timestamp, data }`. */
export const nativeStreamEncoder = (assets: AssetTable): StreamEncoder => ({
  tell(news: News): Told {
    if (news.kind === 'delta') return tellDelta(news);
    if (news.kind !== 'notice') return tellMarket(news, assets);
    const [type, data] = viewNotice(news.notice);
    return told(type, null, news.sequence, news.timeUs, { ...data, epoch: news.epoch });
  },

  formatPosition,

  farewell(reason: EndReason): Farewell {
    return {
      code: CLOSE_CODES[reason] ?? CLOSE_POLICY, reason, told: { type: 'close', text: JSON.stringify({ reason }) },
    };
  },
});
