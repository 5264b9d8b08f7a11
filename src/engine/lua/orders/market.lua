-- Trades what it can at any price, at once; what is left goes.
kinds.define(KIND.market, { may_rest = false, plan = kinds.at_any, left_reason = REASON.no_liquidity })
