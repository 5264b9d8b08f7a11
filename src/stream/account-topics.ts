import type { Logger } from 'pino';
import type { AccountChannel } from '../domain/channels';
import type { LogEntry } from '../domain/log-entry';
import type { AccountState } from '../domain/money';
import type { Market } from '../market/market';
import { AccountTopic } from './audience';
import { BalanceFeed } from './balance-feed';
import { isOfAccount, type Subscription } from './subscriptions';

/** Accounts as they are at one moment, null for one that there is not. It rejects while they cannot be read. */
export type ReadAccounts = (names: readonly string[]) => Promise<{
  readonly sequence: number; readonly timeUs: number; readonly accounts: readonly (AccountState | null)[];
}>;

type FollowedMarket = Pick<Market, 'epoch' | 'sequence' | 'waitFor'>;

/** Accounts in one read. */
const READ_MAX = 100;
/** Longest wait for the log to be told up to what was read. */
const TOLD_WAIT_MS = 2_000;

/** The accounts that somebody follows, or is about to. */
export class AccountTopics {
  private readonly feeds = new Map<string, BalanceFeed>();
  private readonly fills = new Map<string, AccountTopic>();
  /** Counts how often all was forgotten. */
  private life = 0;
  private read: ReadAccounts | null = null;
  private market: FollowedMarket | null = null;

  constructor(private readonly logger: Logger) {}

  attach(market: FollowedMarket, read: ReadAccounts): void {
    this.market = market;
    this.read = read;
  }

  /** Whether nobody follows any account. */
  get isEmpty(): boolean {
    return this.feeds.size + this.fills.size === 0;
  }

  of(channel: AccountChannel, account: string): AccountTopic {
    return channel === 'balances' ? this.feed(account) : this.fillsOf(account);
  }

  private feed(account: string): BalanceFeed {
    let feed = this.feeds.get(account);
    if (feed === undefined) this.feeds.set(account, feed = new BalanceFeed(account, () => this.drop(account)));
    return feed;
  }

  private drop(account: string): void {
    const feed = this.feeds.get(account);
    if (feed !== undefined && feed.groups.size === 0 && feed.holders === 0) this.feeds.delete(account);
  }

  private fillsOf(account: string): AccountTopic {
    let topic = this.fills.get(account);
    if (topic === undefined) this.fills.set(account, topic = new AccountTopic('fills', account, () => this.fills.delete(account)));
    return topic;
  }

  /** Where somebody follows it. */
  followed(channel: AccountChannel, account: string): AccountTopic | undefined {
    const topic = channel === 'balances' ? this.feeds.get(account) : this.fills.get(account);
    return topic === undefined || topic.groups.size === 0 ? undefined : topic;
  }

  /** What an entry says accounts have. */
  note({ balances, sequence, timeUs }: LogEntry): void {
    if (this.feeds.size === 0) return;
    for (const balance of balances) this.feeds.get(balance.account)?.note(balance, sequence, timeUs);
  }

  /** The market was read anew: what came between was not told. */
  forget(): void {
    this.life++;
    for (const feed of this.feeds.values()) feed.forget();
  }

  /** Whether all that is to be shown of them at first is known. */
  areKnown(subscriptions: readonly Subscription[]): boolean {
    return subscriptions.every((one) => !isOfAccount(one) || one.channel !== 'balances' || this.feeds.get(one.account)?.isKnown === true);
  }

  /** Keeps what is known of accounts until `release`, though nobody follows them yet. */
  hold(subscriptions: readonly Subscription[]): readonly BalanceFeed[] {
    const held = subscriptions.flatMap((one) => (isOfAccount(one) && one.channel === 'balances' ? [this.feed(one.account)] : []));
    for (const feed of held) feed.holders++;
    return held;
  }

  release(held: readonly BalanceFeed[]): void {
    for (const feed of held) {
      feed.holders--;
      this.drop(feed.account);
    }
  }

  /** Reads those of which nothing is known. Some may be unknown afterwards: then they could not be read, or all was forgotten meanwhile. */
  async load(held: readonly BalanceFeed[]): Promise<void> {
    const unread = held.filter((feed) => !feed.isKnown && feed.reading === null);
    for (let i = 0; i < unread.length; i += READ_MAX) {
      const page = unread.slice(i, i + READ_MAX);
      const reading = this.readPage(page).finally(() => {
        for (const feed of page) feed.reading = null;
      });
      for (const feed of page) feed.reading = reading;
    }
    await Promise.all(held.flatMap((feed) => feed.reading ?? []));
  }

  private async readPage(feeds: readonly BalanceFeed[]): Promise<void> {
    const { read, market, life } = this;
    if (read === null || market === null) return;
    const since = market.sequence;
    for (const feed of feeds) feed.readBegins();
    try {
      const { sequence, timeUs, accounts } = await read(feeds.map(({ account }) => account));
      // What is older than the market when the read began is of another life of the shard.
      const isTold = sequence >= since && await market.waitFor({ epoch: market.epoch, sequence }, TOLD_WAIT_MS);
      if (isTold && this.life === life) {
        feeds.forEach((feed, i) => feed.load({ balances: accounts[i]?.balances ?? [], sequence, timeUs }));
        return;
      }
    } catch (error) {
      this.logger.debug({ err: error }, 'accounts could not be read');
    }
    for (const feed of feeds) feed.readFailed();
  }
}
