import type { StatementLine } from './money-history';

/** A UTC day of all accounts, settled from the record. Amounts are whole units as decimal text. */

/** The entries of a day: behind one sequence and up to another. */
export interface DayBounds {
  /** UTC, as YYYY-MM-DD. */
  readonly day: string;
  readonly fromSequence: number;
  readonly toSequence: number;
}

/** What a day was to one balance. At the venue's own accounts everything has the sign that it has there: deposits take from @issuance. */
export interface AccountLine extends StatementLine {
  readonly account: string;
}

/** What a day's trades in an instrument come to for an account. */
export interface Net {
  readonly account: string;
  readonly instrument: string;
  readonly netLots: string;
  /** Units of the quote asset that came in, below zero where more went out; fees are apart. */
  readonly netValue: string;
  readonly fees: string;
}

export interface SettledDay extends DayBounds {
  readonly assets: readonly AccountLine[];
  readonly nets: readonly Net[];
  /** Balances whose closing is not what the movements make of the opening, or what the record's balance says. */
  readonly mismatches: number;
}

/** What the movements make of the opening. */
export function closingOf({ opening, deposits, withdrawals, transfersIn, transfersOut, bought, sold, fees }: Omit<StatementLine, 'asset' | 'closing'>): bigint {
  return BigInt(opening) + BigInt(deposits) - BigInt(withdrawals) + BigInt(transfersIn) - BigInt(transfersOut) + BigInt(bought) - BigInt(sold) - BigInt(fees);
}

/** A line without whatever else it comes with. */
export function lineOf({ asset, opening, deposits, withdrawals, transfersIn, transfersOut, bought, sold, fees, closing }: StatementLine): StatementLine {
  return { asset, opening, deposits, withdrawals, transfersIn, transfersOut, bought, sold, fees, closing };
}

/** Lines of the same asset added up, by asset. */
export function totalsOf(lines: readonly StatementLine[]): StatementLine[] {
  const totals = new Map<string, StatementLine>();
  for (const line of lines) {
    const before = totals.get(line.asset);
    if (before === undefined) {
      totals.set(line.asset, lineOf(line));
      continue;
    }
    const plus = (name: Exclude<keyof StatementLine, 'asset'>): string => String(BigInt(before[name]) + BigInt(line[name]));
    totals.set(line.asset, {
      asset: line.asset, opening: plus('opening'), deposits: plus('deposits'), withdrawals: plus('withdrawals'), transfersIn: plus('transfersIn'),
      transfersOut: plus('transfersOut'), bought: plus('bought'), sold: plus('sold'), fees: plus('fees'), closing: plus('closing'),
    });
  }
  return [...totals.values()].sort((a, b) => (a.asset < b.asset ? -1 : 1));
}
