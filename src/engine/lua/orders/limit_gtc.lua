-- Trades what it can at its limit or better; what is left waits.
kinds.define(KIND.limit_gtc, { may_rest = true, plan = kinds.at_limit })
