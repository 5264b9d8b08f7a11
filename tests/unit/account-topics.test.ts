import pino from 'pino';
import type { LogEntry } from '../../src/domain/log-entry';
import type { AccountState, Balance } from '../../src/domain/money';
import { AccountTopics, type ReadAccounts } from '../../src/stream/account-topics';
import { Group } from '../../src/stream/audience';
import type { BalanceFeed } from '../../src/stream/balance-feed';
import type { StreamEncoder } from '../../src/stream/dialect';
import type { News } from '../../src/stream/news';
import type { AccountSubscription } from '../../src/stream/subscriptions';

type Answer = Awaited<ReturnType<ReadAccounts>>;

/** A market that stands where the test says. */
class TestMarket {
  epoch = 'life';
  sequence = 10;
  private reached: (() => void)[] = [];

  waitFor({ sequence }: { readonly sequence: number }): Promise<boolean> {
    if (this.sequence >= sequence) return Promise.resolve(true);
    return new Promise((resolve) => this.reached.push(() => resolve(true)));
  }

  go(sequence: number): void {
    this.sequence = sequence;
    for (const wake of this.reached.splice(0)) wake();
  }
}

class Desk {
  readonly market = new TestMarket();
  readonly topics = new AccountTopics(pino({ level: 'silent' }));
  readonly asked: (readonly string[])[] = [];
  private answers: ((answer: Answer | null) => void)[] = [];

  constructor() {
    this.topics.attach(this.market, (names) => {
      this.asked.push(names);
      return new Promise((resolve, reject) => this.answers.push((answer) => (answer === null ? reject(new Error('away')) : resolve(answer))));
    });
  }

  /** Answers the oldest read that waits; null for one that fails. */
  async answer(sequence: number | null, ...totals: (string | null)[]): Promise<void> {
    const accounts = totals.map((total): AccountState | null => (total === null ? null : { account: '', details: null, balances: [usd(total)] }));
    this.answers.shift()?.(sequence === null ? null : { sequence, timeUs: sequence * 10, accounts });
    await settled();
  }

  /** An entry of the log. */
  entry(sequence: number, account: string, total: string): void {
    this.topics.note({ sequence, timeUs: sequence * 10, balances: [{ type: 'balance', account, ...usd(total) }] } as unknown as LogEntry);
    this.market.go(sequence);
  }
}

const usd = (total: string): Balance => ({ asset: 'USD', total, held: '0' });
const of = (account: string): AccountSubscription => ({ channel: 'balances', account });
const settled = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

const shown: News[] = [];
const encoder = { tell: (news: News) => { shown.push(news); return null; } } as unknown as StreamEncoder;
/** What a follower is shown at first. */
function snapshotOf(feed: BalanceFeed | undefined): unknown {
  shown.length = 0;
  feed?.snapshot().told(encoder);
  const [news] = shown;
  return news?.kind === 'balances' ? { sequence: news.sequence, timeUs: news.timeUs, balances: news.balances } : null;
}

describe('accounts that somebody follows', () => {
  it('are read once for all that come meanwhile, and begin where the log has been told up to what was read', async () => {
    const desk = new Desk();
    const [first, second] = [desk.topics.hold([of('ann'), of('bob')]), desk.topics.hold([of('ann')])];
    const loads = [desk.topics.load(first), desk.topics.load(second)];
    expect(desk.asked).toEqual([['ann', 'bob']]);
    // One that the read has, one that it has not.
    desk.entry(11, 'ann', '1');
    desk.entry(12, 'ann', '2');
    await desk.answer(14, '3', null);
    expect(desk.topics.areKnown([of('ann')])).toBe(false);
    desk.entry(13, 'ann', '3');
    desk.entry(14, 'bob', '9');
    desk.entry(15, 'ann', '4');
    await Promise.all(loads);
    expect(desk.topics.areKnown([of('ann'), of('bob')])).toBe(true);
    expect(snapshotOf(first[0])).toEqual({ sequence: 15, timeUs: 150, balances: [usd('4')] });
    // At 14 bob was not there: that the entry of 14 says otherwise is in what was read.
    expect(snapshotOf(first[1])).toEqual({ sequence: 14, timeUs: 140, balances: [] });
    desk.entry(16, 'bob', '8');
    expect(snapshotOf(first[1])).toEqual({ sequence: 16, timeUs: 160, balances: [usd('8')] });
    expect(first[1]?.snapshot()).toBe(first[1]?.snapshot());
  });

  it('stay unknown while they cannot be read, or what was read is older than what was told', async () => {
    const desk = new Desk();
    const held = desk.topics.hold([of('ann')]);
    for (const sequence of [null, 9]) {
      const load = desk.topics.load(held);
      await desk.answer(sequence, '1');
      await load;
      expect(desk.topics.areKnown([of('ann')])).toBe(false);
    }
    const load = desk.topics.load(held);
    await desk.answer(10, '1');
    await load;
    expect(desk.topics.areKnown([of('ann')])).toBe(true);
  });

  it('are read anew where all was forgotten, also while a read was under way', async () => {
    const desk = new Desk();
    const held = desk.topics.hold([of('ann')]);
    const load = desk.topics.load(held);
    desk.topics.forget();
    desk.entry(11, 'ann', '5');
    await desk.answer(11, '5');
    await load;
    expect(desk.topics.areKnown([of('ann')])).toBe(false);
    const again = desk.topics.load(held);
    await desk.answer(12, '6');
    desk.market.go(12);
    await again;
    expect(snapshotOf(held[0])).toEqual({ sequence: 12, timeUs: 120, balances: [usd('6')] });
    desk.topics.forget();
    expect(desk.topics.areKnown([of('ann')])).toBe(false);
  });

  it('are read in pages, and known no longer than they are followed or held', async () => {
    const desk = new Desk();
    const many = Array.from({ length: 150 }, (_, i) => of(`account-${i}`));
    const held = desk.topics.hold(many);
    const load = desk.topics.load(held);
    await desk.answer(10, ...many.slice(0, 100).map(() => '1'));
    await desk.answer(10, ...many.slice(100).map(() => '1'));
    await load;
    expect(desk.asked.map(({ length }) => length)).toEqual([100, 50]);
    const [followed] = held as [BalanceFeed];
    const group = new Group('', [followed]);
    followed.groups.add(group);
    desk.topics.release(held);
    expect(desk.topics.areKnown([of('account-0')])).toBe(true);
    expect(desk.topics.areKnown([of('account-1')])).toBe(false);
    expect(desk.topics.followed('balances', 'account-0')).toBe(followed);
    followed.groups.delete(group);
    followed.left();
    expect(desk.topics.isEmpty).toBe(true);
    const fills = desk.topics.of('fills', 'ann');
    expect([desk.topics.isEmpty, desk.topics.followed('fills', 'ann')]).toEqual([false, undefined]);
    fills.left();
    expect(desk.topics.isEmpty).toBe(true);
  });
});
