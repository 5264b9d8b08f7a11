import { CONTINGENCIES as NAUTILUS_CONTINGENCIES } from './nautilus-trader/contingency';
import { EXPIRY as NAUTILUS_EXPIRY } from './nautilus-trader/expiry';
import { ICEBERGS as NAUTILUS_ICEBERGS } from './nautilus-trader/iceberg';
import { LIQUIDITY as NAUTILUS_LIQUIDITY } from './nautilus-trader/liquidity';
import { MATCHING as NAUTILUS_MATCHING } from './nautilus-trader/matching';
import { STATES as NAUTILUS_STATES } from './nautilus-trader/states';
import { STOPS as NAUTILUS_STOPS } from './nautilus-trader/stop';
import { TRAILING as NAUTILUS_TRAILING } from './nautilus-trader/trailing';
import { MATCHING as NODEJS_MATCHING } from './nodejs-order-book/matching';
import { SELF_TRADE as NODEJS_SELF_TRADE } from './nodejs-order-book/self-trade';
import { OCO_CASES as NODEJS_OCO } from './nodejs-order-book/oco';
import { STOPS as NODEJS_STOPS } from './nodejs-order-book/stop';
import { QUOTED as NAUTILUS_QUOTED } from './nautilus-trader/quoted';
import type { Peer } from './support/case';

export const PEERS: readonly Peer[] = [
  { project: 'fasenderos/nodejs-order-book', cases: [...NODEJS_MATCHING, ...NODEJS_SELF_TRADE, ...NODEJS_STOPS, ...NODEJS_OCO] },
  { project: 'nautechsystems/nautilus_trader', cases: [...NAUTILUS_MATCHING, ...NAUTILUS_LIQUIDITY, ...NAUTILUS_QUOTED, ...NAUTILUS_ICEBERGS, ...NAUTILUS_EXPIRY, ...NAUTILUS_STOPS, ...NAUTILUS_TRAILING, ...NAUTILUS_STATES, ...NAUTILUS_CONTINGENCIES] },
];
