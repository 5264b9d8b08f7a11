import { LIQUIDITY as NAUTILUS_LIQUIDITY } from './nautilus-trader/liquidity';
import { MATCHING as NAUTILUS_MATCHING } from './nautilus-trader/matching';
import { MATCHING as NODEJS_MATCHING } from './nodejs-order-book/matching';
import type { Peer } from './support/case';

export const PEERS: readonly Peer[] = [
  { project: 'fasenderos/nodejs-order-book', cases: NODEJS_MATCHING },
  { project: 'nautechsystems/nautilus_trader', cases: [...NAUTILUS_MATCHING, ...NAUTILUS_LIQUIDITY] },
];
