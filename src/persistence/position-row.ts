import type { Row } from './database';
import type { RecordedPosition } from './money-batch';

export interface PositionRow extends Row {
  account: string; instrument: string; net_lots: string; cost: string; realized: string; fees: string; bought_lots: string; bought_cost: string;
  sold_lots: string; sold_proceeds: string; opened_us: number | null; updated_us: number; sequence: number;
}

export function positionOfRow(row: PositionRow): RecordedPosition {
  return {
    account: row.account,
    instrument: row.instrument,
    position: {
      netLots: BigInt(row.net_lots), cost: BigInt(row.cost), realized: BigInt(row.realized), fees: BigInt(row.fees), boughtLots: BigInt(row.bought_lots),
      boughtCost: BigInt(row.bought_cost), soldLots: BigInt(row.sold_lots), soldProceeds: BigInt(row.sold_proceeds), openedUs: row.opened_us,
      updatedUs: row.updated_us, sequence: row.sequence,
    },
  };
}
