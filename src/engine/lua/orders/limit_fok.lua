-- Trades in full at its limit or better, at once, or not at all.
kinds.define(KIND.limit_fok, {
  may_rest = false,
  plan = function(shard, limits, book, side, price, lots)
    local left, makers, limited = kinds.at_limit(shard, limits, book, side, price, lots)
    if left > 0 then return lots, nil, false, STATUS.rejected, REASON.fok_not_fillable end
    return left, makers, limited
  end,
})
