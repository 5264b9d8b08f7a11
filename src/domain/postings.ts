import type { MoneyScale } from './assets';
import type { LogEntry } from './entry';
import { FEES, ISSUANCE } from './money';
import { scaleOfRules } from './instrument-rules';
import type { Order } from './order';

/**
 * What an entry moves, account by account. Postings are derived from what the entry tells, and stored nowhere: fills and
 * transfers are.
 */

export type PostingKind = 'deposited' | 'withdrew' | 'transferred_in' | 'transferred_out' | 'traded' | 'fee' | 'rebate';

export interface Posting {
  /** Names it within its entry. */
  readonly index: number;
  readonly account: string;
  readonly asset: string;
  /** Units, below zero for what goes. */
  readonly amount: bigint;
  readonly kind: PostingKind;
}

/** Numbers that the k-th trade of an entry takes, from POSTINGS_OF_TRADE × k on. */
export const POSTINGS_OF_TRADE = 8;
/** Where the postings of a side stand among them: the base asset, the quote asset, the fee; and the fee's at @fees. */
export const MAKER_POSTINGS = { base: 0, quote: 1, fee: 2, fees: 6 } as const;
export const TAKER_POSTINGS = { base: 3, quote: 4, fee: 5, fees: 7 } as const;

/** Scales of the venue's instruments, those that are in the records only any more among them. */
export type MoneyScales = ReadonlyMap<string, MoneyScale>;

/** @throws Error for an instrument without a scale */
export function scaleIn(scales: MoneyScales, instrument: string): MoneyScale {
  const scale = scales.get(instrument);
  if (scale === undefined) throw new Error(`instrument ${instrument} has no money scale`);
  return scale;
}

/** Takes the scale of an instrument that an entry makes: what it trades from then on is told by that. */
export function learnScale(scales: Map<string, MoneyScale>, { kind, events }: Pick<LogEntry, 'kind' | 'events'>): void {
  if (kind !== 'instrument') return;
  for (const event of events) if (event.type === 'instrument') scales.set(event.rules.instrument, scaleOfRules(event.rules));
}

/**
 * Whether an entry changes what accounts have, what they are, what moves between them or what they are charged, or what there
 * is to trade, and how. The record can leave out no such entry.
 */
export function isMoneyEntry(entry: LogEntry): boolean {
  if (entry.kind === 'refuse') return false;
  return entry.balances.length > 0 || entry.events.some(({ type }) => type === 'account' || type === 'transfer' || type === 'fee_group' || type === 'instrument');
}

const feeKind = (fee: bigint): PostingKind => (fee < 0n ? 'rebate' : 'fee');

/** @returns in the order of their numbers; none of an entry that was logged while no money was kept */
export function postingsOf(entry: LogEntry, scales: MoneyScales): Posting[] {
  const postings: Posting[] = [];
  if (entry.kind === 'refuse') return postings;
  // Whoever rests holds something: a trade tells a balance wherever money is kept.
  const fills = entry.balances.length === 0 ? [] : entry.fills;
  fills.forEach((fill, k) => {
    const taker = entry.orders[fill.taker];
    if (taker === undefined) throw new Error(`entry ${entry.sequence}: trade ${fill.tradeId} has no taker`);
    const { base, quote, lotUnits, valueUnits } = scaleIn(scales, taker.instrument);
    const lots = BigInt(fill.quantityLots);
    const [units, value] = [lots * lotUnits, BigInt(fill.priceTicks) * lots * valueUnits];
    const [makerFee, takerFee] = [BigInt(fill.makerFee), BigInt(fill.takerFee)];
    const first = POSTINGS_OF_TRADE * k;
    const addSide = ({ clientId: account, side }: Order, fee: bigint, at: typeof MAKER_POSTINGS | typeof TAKER_POSTINGS): void => {
      const isBuy = side === 'buy';
      postings.push(
        { index: first + at.base, account, asset: base, amount: isBuy ? units : -units, kind: 'traded' },
        { index: first + at.quote, account, asset: quote, amount: isBuy ? -value : value, kind: 'traded' },
      );
      if (fee !== 0n) postings.push({ index: first + at.fee, account, asset: quote, amount: -fee, kind: feeKind(fee) });
    };
    addSide(fill.maker, makerFee, MAKER_POSTINGS);
    addSide(taker, takerFee, TAKER_POSTINGS);
    if (makerFee !== 0n) postings.push({ index: first + MAKER_POSTINGS.fees, account: FEES, asset: quote, amount: makerFee, kind: feeKind(makerFee) });
    if (takerFee !== 0n) postings.push({ index: first + TAKER_POSTINGS.fees, account: FEES, asset: quote, amount: takerFee, kind: feeKind(takerFee) });
  });
  const { command } = entry;
  if (command?.op === 'account' && command.opens) {
    command.deposits.forEach(({ asset, amount }, j) => {
      const units = BigInt(amount);
      postings.push(
        { index: 2 * j, account: ISSUANCE, asset, amount: -units, kind: 'deposited' },
        { index: 2 * j + 1, account: command.account, asset, amount: units, kind: 'deposited' },
      );
    });
  }
  for (const event of entry.events) {
    if (event.type !== 'transfer' || event.transfer.status !== 'posted') continue;
    const { kind, from, to, asset, settledAmount } = event.transfer;
    const units = BigInt(settledAmount);
    const [out, into] = TRANSFER_POSTINGS[kind];
    postings.push({ index: 0, account: from, asset, amount: -units, kind: out }, { index: 1, account: to, asset, amount: units, kind: into });
  }
  return postings;
}

/** What a transfer of each kind is to the account that it comes from, and to the one that it goes to. */
export const TRANSFER_POSTINGS = {
  deposit: ['deposited', 'deposited'],
  withdrawal: ['withdrew', 'withdrew'],
  transfer: ['transferred_out', 'transferred_in'],
  reversal: ['transferred_out', 'transferred_in'],
} as const satisfies Readonly<Record<string, readonly [PostingKind, PostingKind]>>;
