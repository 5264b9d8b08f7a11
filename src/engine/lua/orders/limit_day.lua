-- Trades what it can at its limit or better; what is left waits until the day of the venue ends: at the next midnight UTC.
local DAY_US = 86400000000
kinds.define(KIND.limit_day, {
  may_rest = true, plan = kinds.at_limit,
  expires = function(shard) return (floor(shard.time_us / DAY_US) + 1) * DAY_US end,
})
