import { UnavailableError } from '../domain/unavailable';
import type { BalanceAudit, MoneyEngine, MoneyRecord } from '../money/ports';
import type { ShardConnection } from '../shard/connection';
import type { OrderHistory } from '../trading/ports';

/** What of money a shard does not tell: each read of it is refused. */

const untold = (code: 'engine_unavailable' | 'history_unavailable') => (): Promise<never> => (
  Promise.reject(new UnavailableError(code, 'the shard does not tell this'))
);

export function moneyEngineOf(engine: ShardConnection['engine']): MoneyEngine {
  const refuse = untold('engine_unavailable');
  return {
    submit: (command) => engine.submit(command),
    submitAll: (commands) => engine.submitAll(commands),
    position: () => engine.position(),
    get known() { return engine.known; },
    readAccount: refuse,
    readTransfer: refuse,
    readFeeGroups: refuse,
  };
}

export function moneyRecordOf(history: ShardConnection['history']): MoneyRecord {
  const refuse = untold('history_unavailable');
  return {
    journalEntry: (sequence, second) => history.journalEntry(sequence, second),
    accounts: refuse,
    events: refuse,
    snapshots: refuse,
    eventSums: refuse,
    transfer: refuse,
    transfers: refuse,
    fills: refuse,
    positions: refuse,
    statement: refuse,
    settlement: refuse,
    totals: refuse,
  };
}

export const NO_FINDINGS: BalanceAudit = { findings: () => Promise.resolve([]) };

/** The record of orders, which does not tell whose they were that traded, nor what they were charged. */
export function orderHistoryOf(history: ShardConnection['history']): OrderHistory {
  return {
    order: (orderId) => history.order(orderId),
    ordersOfClient: (...page) => history.ordersOfClient(...page),
    tradesOfOrder: async (orderId) => (await history.tradesOfOrder(orderId)).map((trade) => ({
      ...trade, makerClientId: '', takerClientId: '', makerFee: '0', takerFee: '0',
    })),
    journalEntry: (sequence, second) => history.journalEntry(sequence, second),
  };
}
