import type { MoneyScale } from '../../../src/domain/assets';
import { tradesOf, type LogEntry } from '../../../src/domain/log-entry';
import { FEES, ISSUANCE } from '../../../src/domain/money';

/** What one account gets of an asset, or gives; an entry's postings of an asset add up to nothing. */
export interface Posting {
  readonly account: string;
  readonly asset: string;
  readonly units: bigint;
}

/** What an entry moves, from its trades and transfers alone: its balances are not looked at. */
export function postingsOf(entry: LogEntry, scales: ReadonlyMap<string, MoneyScale>): Posting[] {
  const postings: Posting[] = [];
  const move = (from: string, to: string, asset: string, units: bigint): void => {
    postings.push({ account: from, asset, units: -units }, { account: to, asset, units });
  };
  const { command } = entry;
  if (entry.kind === 'account' && command?.op === 'account') {
    for (const { asset, amount } of command.deposits) move(ISSUANCE, command.account, asset, BigInt(amount));
  }
  for (const event of entry.events) {
    if (entry.kind === 'refuse' || event.type !== 'transfer') continue;
    const { from, to, asset, settledAmount } = event.transfer;
    move(from, to, asset, BigInt(settledAmount));
  }
  const isMoneyKept = command !== null && 'funds' in command && command.funds !== 'off';
  for (const trade of isMoneyKept ? tradesOf(entry) : []) {
    const { base, quote, lotUnits, valueUnits } = scales.get(trade.instrument) as MoneyScale;
    const [buyer, seller] = trade.takerSide === 'buy' ? [trade.takerClientId, trade.makerClientId] : [trade.makerClientId, trade.takerClientId];
    move(buyer, seller, quote, BigInt(trade.priceTicks) * BigInt(trade.quantityLots) * valueUnits);
    move(seller, buyer, base, BigInt(trade.quantityLots) * lotUnits);
    move(trade.makerClientId, FEES, quote, BigInt(trade.makerFee));
    move(trade.takerClientId, FEES, quote, BigInt(trade.takerFee));
  }
  return postings.filter(({ units }) => units !== 0n);
}

/** Follows a log from its first entry: what every account has must be what its postings add up to. */
export class PostingsAudit {
  private readonly totals = new Map<string, bigint>();

  constructor(private readonly scales: ReadonlyMap<string, MoneyScale>) {}

  /** @returns what is wrong with what the entry tells of balances, one sentence each */
  add(entry: LogEntry): string[] {
    const key = (account: string, asset: string): string => JSON.stringify([account, asset]);
    const changed = new Set<string>();
    for (const { account, asset, units } of postingsOf(entry, this.scales)) {
      this.totals.set(key(account, asset), (this.totals.get(key(account, asset)) ?? 0n) + units);
      changed.add(key(account, asset));
    }
    const problems: string[] = [];
    for (const { account, asset, total } of entry.balances) {
      const expected = this.totals.get(key(account, asset)) ?? 0n;
      if (BigInt(total) !== expected) problems.push(`entry ${entry.sequence}: ${account} is told to have ${total} of ${asset}, its postings say ${expected}`);
      changed.delete(key(account, asset));
    }
    // What one posting gives another may take again.
    const told = new Set(entry.balances.map(({ account, asset }) => key(account, asset)));
    for (const missing of changed) {
      const sum = postingsOf(entry, this.scales).reduce((all, { account, asset, units }) => (key(account, asset) === missing ? all + units : all), 0n);
      if (sum !== 0n && !told.has(missing)) problems.push(`entry ${entry.sequence}: the balance ${missing} changed and is not told`);
    }
    return problems;
  }
}
