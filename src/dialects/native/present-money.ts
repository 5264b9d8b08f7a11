import { formatAmount } from '../../domain/amounts';
import type { AssetTable } from '../../domain/asset-table';
import { formatRate } from '../../domain/assets';
import type { Instrument } from '../../domain/instruments';
import type { Balance, FeeGroup, Shortfall, Transfer, TransferStatus } from '../../domain/money';
import type {
  AccountEvent, AccountFill, AccountSnapshot, AuditFinding, Netting, StatementLine,
} from '../../domain/money-history';
import { formatTimeUs } from '../../domain/order';
import { formatDoubleTicks } from '../../domain/position-figures';
import type { ToldAccount } from '../../money/accounts';
import type { BalanceDifference } from '../../money/balances';
import type { AssetOverview } from '../../money/overview';
import type { MarkedPosition, PortfolioLine } from '../../money/positions';

/** Accounts and money as clients see them. */

export interface AccountView {
  account_id: string; name: string | null; status: string; credit: string; fee_group: string; created_at: string;
}

export function presentAccount({ account, credit }: ToldAccount): AccountView {
  return {
    account_id: account.account, name: account.name, status: account.status, credit, fee_group: account.feeGroup, created_at: formatTimeUs(account.createdUs),
  };
}

export interface BalanceView {
  asset: string; total: string; held: string; available: string;
}

export function presentBalance({ asset, total, held }: Balance, assets: AssetTable): BalanceView {
  return {
    asset, total: assets.format(asset, total), held: assets.format(asset, held), available: assets.format(asset, BigInt(total) - BigInt(held)),
  };
}

export function presentShortfall({ asset, needed, available }: Shortfall, assets: AssetTable): { asset: string; needed: string; available: string } {
  return { asset, needed: assets.format(asset, needed), available: assets.format(asset, available) };
}

export interface AccountEventView {
  event_id: string; sequence: number; kind: string; asset: string; amount: string; total_after: string;
  order_id?: string; trade_id?: number; transfer_id?: string; counterparty?: string; at: string;
}

export function presentEvent(event: AccountEvent, assets: AssetTable): AccountEventView {
  const { sequence, index, kind, asset, amount, totalAfter, orderId, tradeId, transferId, counterparty, atUs } = event;
  return {
    event_id: `${sequence}:${index}`, sequence, kind, asset, amount: assets.format(asset, amount), total_after: assets.format(asset, totalAfter),
    ...(orderId === null ? {} : { order_id: orderId }),
    ...(tradeId === null ? {} : { trade_id: tradeId }),
    ...(transferId === null ? {} : { transfer_id: transferId }),
    ...(counterparty === null ? {} : { counterparty }),
    at: formatTimeUs(atUs),
  };
}

export interface SnapshotView {
  sequence: number; totals: readonly { asset: string; total: string }[]; at: string;
}

export function presentSnapshot({ sequence, totals, atUs }: AccountSnapshot, assets: AssetTable): SnapshotView {
  return { sequence, totals: totals.map(({ asset, amount }) => ({ asset, total: assets.format(asset, amount) })), at: formatTimeUs(atUs) };
}

export interface DifferenceView {
  asset: string; live: string; from_snapshot: string; from_events: string;
}

export function presentDifference({ asset, live, fromSnapshot, fromEvents }: BalanceDifference, assets: AssetTable): DifferenceView {
  return { asset, live: assets.format(asset, live), from_snapshot: assets.format(asset, fromSnapshot), from_events: assets.format(asset, fromEvents) };
}

export interface DepositView {
  deposit_id: string; account_id: string; asset: string; amount: string; reference: string | null; status: 'credited'; sequence: number; at: string;
}

export function presentDeposit({ transferId, to, asset, amount, reference, sequence, createdUs }: Transfer, assets: AssetTable): DepositView {
  return {
    deposit_id: transferId, account_id: to, asset, amount: assets.format(asset, amount), reference, status: 'credited', sequence, at: formatTimeUs(createdUs),
  };
}

/** How a withdrawal's states are called. None of them has a time to end at. */
export const WITHDRAWAL_STATUS = {
  pending: 'requested', posted: 'completed', rejected: 'rejected', voided: 'cancelled', expired: 'expired',
} as const satisfies Record<TransferStatus, string>;

export interface WithdrawalView {
  withdrawal_id: string; account_id: string; asset: string; amount: string; destination: string | null; status: string; sequence: number; at: string;
}

export function presentWithdrawal({ transferId, from, asset, amount, note, status, sequence, createdUs }: Transfer, assets: AssetTable): WithdrawalView {
  return {
    withdrawal_id: transferId, account_id: from, asset, amount: assets.format(asset, amount), destination: note, status: WITHDRAWAL_STATUS[status],
    sequence, at: formatTimeUs(createdUs),
  };
}

export interface TransferView {
  transfer_id: string; from: string; to: string; asset: string; amount: string; settled_amount: string; status: string; note: string | null;
  reverses: string | null; reversed_by?: string; expires_at: string | null; sequence: number; at: string;
}

export function presentTransfer(transfer: Transfer, assets: AssetTable): TransferView {
  const { transferId, from, to, asset, amount, settledAmount, status, note, reverses, expiresUs, sequence, createdUs } = transfer;
  return {
    transfer_id: transferId, from, to, asset, amount: assets.format(asset, amount), settled_amount: assets.format(asset, settledAmount), status, note, reverses,
    expires_at: expiresUs === null ? null : formatTimeUs(expiresUs), sequence, at: formatTimeUs(createdUs),
  };
}

export interface FillView {
  trade_id: number; instrument: string; order_id: string; side: string; role: string; price: string; quantity: string; value: string;
  fee: string; fee_asset: string; fee_rate: string; sequence: number; executed_at: string;
}

export function presentFill(fill: AccountFill, instrument: Instrument, assets: AssetTable): FillView {
  const { quote, tick, lot } = instrument;
  const value = BigInt(fill.priceTicks) * BigInt(fill.quantityLots) * assets.scaleOf(instrument).valueUnits;
  return {
    trade_id: fill.tradeId, instrument: fill.instrument, order_id: fill.orderId, side: fill.side, role: fill.role,
    price: formatAmount(fill.priceTicks, tick), quantity: formatAmount(fill.quantityLots, lot), value: assets.format(quote, value),
    fee: assets.format(quote, fill.fee), fee_asset: quote, fee_rate: formatRate(fill.feeRate), sequence: fill.sequence, executed_at: formatTimeUs(fill.executedUs),
  };
}

export interface PositionView {
  instrument: string; net_quantity: string; average_price: string | null; cost: string; realized_pnl: string; unrealized_pnl: string | null;
  mark_price: string | null; fees: string; bought_quantity: string; sold_quantity: string; updated_at: string;
}

/** Lots of any size and sign. */
function formatLots(lots: string, { lot }: Instrument): string {
  return lots.startsWith('-') ? `-${formatAmount(BigInt(lots.slice(1)), lot)}` : formatAmount(BigInt(lots), lot);
}

export function presentPosition({ instrument, position, averagePrice, doubleTicks, unrealized }: MarkedPosition, assets: AssetTable): PositionView {
  const { quote } = instrument;
  return {
    instrument: position.instrument, net_quantity: formatLots(position.netLots, instrument), average_price: averagePrice,
    cost: assets.format(quote, position.cost), realized_pnl: assets.format(quote, position.realized),
    unrealized_pnl: unrealized === null ? null : assets.format(quote, unrealized),
    mark_price: doubleTicks === null ? null : formatDoubleTicks(doubleTicks, instrument), fees: assets.format(quote, position.fees),
    bought_quantity: formatLots(position.boughtLots, instrument), sold_quantity: formatLots(position.soldLots, instrument),
    updated_at: formatTimeUs(position.updatedUs),
  };
}

export interface PortfolioLineView {
  asset: string; total: string; available: string; position_value: string | null; unrealized_pnl: string | null; realized_pnl: string; fees: string;
  total_pnl: string | null;
}

export function presentPortfolioLine(line: PortfolioLine, assets: AssetTable): PortfolioLineView {
  const { asset, total, available, value, unrealized, realized, fees, totalPnl } = line;
  const orNull = (units: bigint | null): string | null => (units === null ? null : assets.format(asset, units));
  return {
    asset, total: assets.format(asset, total), available: assets.format(asset, available), position_value: orNull(value), unrealized_pnl: orNull(unrealized),
    realized_pnl: assets.format(asset, realized), fees: assets.format(asset, fees), total_pnl: orNull(totalPnl),
  };
}

export interface StatementLineView {
  asset: string; opening: string; deposits: string; withdrawals: string; transfers_in: string; transfers_out: string; bought: string; sold: string;
  fees: string; closing: string;
}

export function presentStatementLine(line: StatementLine, assets: AssetTable): StatementLineView {
  const { asset } = line;
  const format = (units: string): string => assets.format(asset, units);
  return {
    asset, opening: format(line.opening), deposits: format(line.deposits), withdrawals: format(line.withdrawals), transfers_in: format(line.transfersIn),
    transfers_out: format(line.transfersOut), bought: format(line.bought), sold: format(line.sold), fees: format(line.fees), closing: format(line.closing),
  };
}

export interface NettingView {
  instrument: string; net_quantity: string; net_money: string; money_asset: string; fees: string;
}

export function presentNetting({ netLots, netMoney, fees }: Netting, instrument: Instrument, assets: AssetTable): NettingView {
  const { quote } = instrument;
  return {
    instrument: instrument.instrument, net_quantity: formatLots(netLots, instrument), net_money: assets.format(quote, netMoney), money_asset: quote,
    fees: assets.format(quote, fees),
  };
}

export interface FeeGroupView {
  group: string; rates: readonly { instrument?: string; maker: string; taker: string }[];
}

export function presentFeeGroup({ group, rates }: FeeGroup): FeeGroupView {
  return {
    group, rates: rates.map(({ instrument, makerRate, takerRate }) => ({
      ...(instrument === null ? {} : { instrument }), maker: formatRate(makerRate), taker: formatRate(takerRate),
    })),
  };
}

export interface AssetOverviewView {
  asset: string; customers: string; issuance: string; fees: string; held: string; sum: string;
}

export function presentAssetOverview({ asset, customers, issuance, fees, held, sum }: AssetOverview, assets: AssetTable): AssetOverviewView {
  return {
    asset, customers: assets.format(asset, customers), issuance: assets.format(asset, issuance), fees: assets.format(asset, fees),
    // Nothing is wrong: a bare 0 is seen at once.
    held: assets.format(asset, held), sum: sum === 0n ? '0' : assets.format(asset, sum),
  };
}

export interface FindingView {
  account_id: string | null; asset: string; what: string; sequence: number;
}

export function presentFinding({ account, asset, what, sequence }: AuditFinding): FindingView {
  return { account_id: account, asset, what, sequence };
}
