-- Trades what it can at its limit or better, at once; what is left goes.
kinds.define(KIND.limit_ioc, { may_rest = false, plan = kinds.at_limit, left_reason = REASON.ioc_remainder })
