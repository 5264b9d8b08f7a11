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
    money.settle(await run<HeldBalance & Row>(BALANCES_OF, [texts(untold.map((one) => one.account)), texts(untold.map((one) => one.asset))]));
  }
  await upsertAccounts(run, [...accounts.values()]);
  const groups = [...feeGroups.values()];
  if (groups.length > 0) {
    await run(UPSERT_FEE_GROUPS, [
      texts(groups.map(({ group }) => group.group)),
      texts(groups.map(({ group }) => JSON.stringify(group.rates.map(({ instrument, makerRate, takerRate }) => ({ instrument, maker: makerRate, taker: takerRate }))))),
      numbers(groups.map(({ sequence }) => sequence)),
    ]);
  }
  await writeTransfers(run, money);
  await writeFills(run, money);
  const { balances } = money;
  if (balances.length > 0) {
    await run(UPSERT_BALANCES, [
      texts(balances.map((b) => b.account)), texts(balances.map((b) => b.asset)), numbers(balances.map((b) => b.total)),
      numbers(balances.map((b) => b.held)), numbers(balances.map((b) => b.sequence)), numbers(balances.map((b) => b.postings)),
    ]);
  }
  const posted = [...money.postings];
  if (posted.length > 0) {
    await run(INSERT_SNAPSHOTS, [
      end.lastSequence, end.lastTimeUs, snapshotEvery, texts(posted.map(([account]) => account)), numbers(posted.map(([, count]) => count)),
    ]);
  }
}

/** Runs a statement whose first value is the shard. */
type Run = <T extends Row>(query: NamedQuery, values: unknown[]) => Promise<T[]>;

/** @param made each with the log sequence of its last change */
export async function upsertAccounts(run: Run, made: readonly { readonly account: Account; readonly sequence: number }[]): Promise<void> {
  if (made.length === 0) return;
  await run(UPSERT_ACCOUNTS, [
    texts(made.map(({ account }) => account.account)), texts(made.map(({ account }) => account.name)), words(made.map(({ account }) => account.status)),
    words(made.map(({ account }) => account.credit)), texts(made.map(({ account }) => account.feeGroup)),
    numbers(made.map(({ account }) => account.createdUs)), numbers(made.map(({ sequence }) => sequence)),
  ]);
}

async function writeTransfers(run: Run, { transfers }: MoneyBatch): Promise<void> {
  if (transfers.length === 0) return;
  await run(UPSERT_TRANSFERS, [
    numbers(transfers.map((t) => t.sequence)), numbers(transfers.map((t) => t.ordinal)), words(transfers.map((t) => t.transferId)),
    words(transfers.map((t) => t.kind)), words(transfers.map((t) => t.status)), texts(transfers.map((t) => t.from)), texts(transfers.map((t) => t.to)),
    texts(transfers.map((t) => t.asset)), numbers(transfers.map((t) => t.amount)), numbers(transfers.map((t) => t.settledAmount)),
    texts(transfers.map((t) => t.reference)), texts(transfers.map((t) => t.note)), numbers(transfers.map((t) => t.expiresUs)),
    words(transfers.map((t) => t.reverses)), numbers(transfers.map((t) => t.createdUs)), numbers(transfers.map((t) => t.endedSequence)),
    numbers(transfers.map((t) => t.endedUs)), numbers(transfers.map((t) => t.fromAfter)), numbers(transfers.map((t) => t.toAfter)),
  ]);
}

/** Fills, and the positions that they make. */
async function writeFills(run: Run, money: MoneyBatch): Promise<void> {
  const { fills, positionKeys } = money;
  if (fills.length === 0) return;
  await run(INSERT_FILLS, [
    numbers(fills.map((f) => f.sequence)), numbers(fills.map((f) => f.executedUs)), numbers(fills.map((f) => f.tradeId)),
    numbers(fills.map((f) => f.priceTicks)), numbers(fills.map((f) => f.quantityLots)), numbers(fills.map((f) => f.fill)),
    numbers(fills.map((f) => f.feeRate)), words(fills.map((f) => f.orderId)), words(fills.map((f) => f.instrument)),
    texts(fills.map((f) => f.account)), words(fills.map((f) => f.side)), words(fills.map((f) => f.role)), numbers(fills.map((f) => f.baseUnits)),
    numbers(fills.map((f) => f.value)), numbers(fills.map((f) => f.fee)), numbers(fills.map((f) => f.baseAfter)),
    numbers(fills.map((f) => f.quoteAfter)), numbers(fills.map((f) => f.feesAfter)),
  ]);
  const before = await run<PositionRow>(POSITIONS_OF, [texts(positionKeys.map((one) => one.account)), words(positionKeys.map((one) => one.instrument))]);
  const positions: readonly RecordedPosition[] = money.positions(before.map(positionOfRow));
  await run(UPSERT_POSITIONS, [
    texts(positions.map((p) => p.account)), words(positions.map((p) => p.instrument)), numbers(positions.map((p) => p.netLots)),
    numbers(positions.map((p) => p.cost)), numbers(positions.map((p) => p.realized)), numbers(positions.map((p) => p.fees)),
    numbers(positions.map((p) => p.boughtLots)), numbers(positions.map((p) => p.boughtCost)), numbers(positions.map((p) => p.soldLots)),
    numbers(positions.map((p) => p.soldProceeds)), numbers(positions.map((p) => p.openedUs)), numbers(positions.map((p) => p.updatedUs)),
    numbers(positions.map((p) => p.sequence)),
  ]);
}
