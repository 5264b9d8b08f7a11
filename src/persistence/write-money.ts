import type pg from 'pg';
import type { Account } from '../domain/money';
import { numbers, texts, words } from './columns';
import type { NamedQuery, Row } from './database';
import type { HeldBalance, MoneyBatch, RecordedPosition } from './money-batch';
import { positionOfRow, type PositionRow } from './position-row';
import {
  BALANCES_OF, INSERT_FILLS, INSERT_SNAPSHOTS, POSITIONS_OF, UPSERT_ACCOUNTS, UPSERT_BALANCES, UPSERT_FEE_GROUPS, UPSERT_POSITIONS, UPSERT_TRANSFERS,
} from './queries/write-money';

/** Of which entry a batch is the end. */
export interface BatchEnd {
  readonly lastSequence: number;
  readonly lastTimeUs: number;
}

/**
 * Writes what a batch does to money: accounts, balances, fills, transfers, positions, groups of fees and snapshots of accounts. The
 * transaction is the caller's, and nobody else writes the shard's record meanwhile.
 * @param snapshotEvery postings of an account between two snapshots of it
 */
export async function writeMoneyRows(session: pg.Client, shard: string, money: MoneyBatch, end: BatchEnd, snapshotEvery: number): Promise<void> {
  const run = async <T extends Row>(query: NamedQuery, values: unknown[]): Promise<T[]> =>
    (await session.query<T>({ ...query, values: [shard, ...values] })).rows;
  const { untold, accounts, feeGroups } = money;
  if (untold.length > 0) {
    money.settle(await run<HeldBalance & Row>(BALANCES_OF, [texts(untold, (one) => one.account), texts(untold, (one) => one.asset)]));
  }
  await upsertAccounts(run, [...accounts.values()]);
  const groups = [...feeGroups.values()];
  if (groups.length > 0) {
    await run(UPSERT_FEE_GROUPS, [
      texts(groups, ({ group }) => group.group),
      texts(groups, ({ group }) => JSON.stringify(group.rates.map(({ instrument, makerRate, takerRate }) => ({ instrument, maker: makerRate, taker: takerRate })))),
      numbers(groups, ({ sequence }) => sequence),
    ]);
  }
  await writeTransfers(run, money);
  await writeFills(run, money);
  const { balances } = money;
  if (balances.length > 0) {
    await run(UPSERT_BALANCES, [
      texts(balances, (b) => b.account), texts(balances, (b) => b.asset), numbers(balances, (b) => b.change),
      numbers(balances, (b) => b.held), numbers(balances, (b) => b.sequence), numbers(balances, (b) => b.postings),
    ]);
  }
  const posted = [...money.postings];
  if (posted.length > 0) {
    await run(INSERT_SNAPSHOTS, [
      end.lastSequence, end.lastTimeUs, snapshotEvery, texts(posted, ([account]) => account), numbers(posted, ([, count]) => count),
    ]);
  }
}

/** Runs a statement whose first value is the shard. */
type Run = <T extends Row>(query: NamedQuery, values: unknown[]) => Promise<T[]>;

/** @param made each with the log sequence of its last change */
export async function upsertAccounts(run: Run, made: readonly { readonly account: Account; readonly sequence: number }[]): Promise<void> {
  if (made.length === 0) return;
  await run(UPSERT_ACCOUNTS, [
    texts(made, ({ account }) => account.account), texts(made, ({ account }) => account.name), words(made, ({ account }) => account.status),
    words(made, ({ account }) => account.credit), texts(made, ({ account }) => account.feeGroup),
    numbers(made, ({ account }) => account.createdUs), numbers(made, ({ sequence }) => sequence),
  ]);
}

async function writeTransfers(run: Run, { transfers }: MoneyBatch): Promise<void> {
  if (transfers.length === 0) return;
  await run(UPSERT_TRANSFERS, [
    numbers(transfers, (t) => t.sequence), numbers(transfers, (t) => t.ordinal), words(transfers, (t) => t.transferId),
    words(transfers, (t) => t.kind), words(transfers, (t) => t.status), texts(transfers, (t) => t.from), texts(transfers, (t) => t.to),
    texts(transfers, (t) => t.asset), numbers(transfers, (t) => t.amount), numbers(transfers, (t) => t.settledAmount),
    texts(transfers, (t) => t.reference), texts(transfers, (t) => t.note), numbers(transfers, (t) => t.expiresUs),
    words(transfers, (t) => t.reverses), numbers(transfers, (t) => t.createdUs), numbers(transfers, (t) => t.endedSequence),
    numbers(transfers, (t) => t.endedUs), numbers(transfers, (t) => t.fromAfter), numbers(transfers, (t) => t.toAfter),
  ]);
}

/** Fills, and the positions that they make. */
async function writeFills(run: Run, money: MoneyBatch): Promise<void> {
  const { fills, positionKeys } = money;
  if (fills.length === 0) return;
  await run(INSERT_FILLS, [
    numbers(fills, (f) => f.sequence), numbers(fills, (f) => f.executedUs), numbers(fills, (f) => f.tradeId),
    numbers(fills, (f) => f.priceTicks), numbers(fills, (f) => f.quantityLots), numbers(fills, (f) => f.fill),
    numbers(fills, (f) => f.feeRate), words(fills, (f) => f.orderId), words(fills, (f) => f.instrument),
    texts(fills, (f) => f.account), words(fills, (f) => f.side), words(fills, (f) => f.role), numbers(fills, (f) => f.baseUnits),
    numbers(fills, (f) => f.value), numbers(fills, (f) => f.fee), numbers(fills, (f) => f.baseAfter),
    numbers(fills, (f) => f.quoteAfter), numbers(fills, (f) => f.feesAfter),
  ]);
  const before = await run<PositionRow>(POSITIONS_OF, [texts(positionKeys, (one) => one.account), words(positionKeys, (one) => one.instrument)]);
  const positions: readonly RecordedPosition[] = money.positions(before.map(positionOfRow));
  await run(UPSERT_POSITIONS, [
    texts(positions, (p) => p.account), words(positions, (p) => p.instrument), numbers(positions, ({ position }) => position.netLots),
    numbers(positions, ({ position }) => position.cost), numbers(positions, ({ position }) => position.realized), numbers(positions, ({ position }) => position.fees),
    numbers(positions, ({ position }) => position.boughtLots), numbers(positions, ({ position }) => position.boughtCost), numbers(positions, ({ position }) => position.soldLots),
    numbers(positions, ({ position }) => position.soldProceeds), numbers(positions, ({ position }) => position.openedUs), numbers(positions, ({ position }) => position.updatedUs),
    numbers(positions, ({ position }) => position.sequence),
  ]);
}
