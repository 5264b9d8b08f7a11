-- Trades in full at its limit or better, at once, or not at all.
kinds.define(KIND.limit_fok, {
  may_rest = false,
  plan = function(shard, limits, book, side, price, lots, guard)
    local left, makers, limited = kinds.at_limit(shard, limits, book, side, price, lots, guard)
    -- What it loses to orders of its own it has not traded.
    if left > 0 or (guard and guard.cut > 0) then return lots, nil, false, STATUS.rejected, REASON.fok_not_fillable end
    return left, makers, limited
  end,
})
