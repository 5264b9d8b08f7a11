-- Trades in full at its limit or better, at once, or not at all.
kinds.define(KIND.limit_fok, {
  may_rest = false,
  plan = function(shard, limits, book, side, price, lots, guard)
    local left, makers, limited = kinds.at_limit(shard, limits, book, side, price, lots, guard)
    -- What it loses to orders of its own it has not traded.
    if left == 0 and not (guard and guard.cut > 0) then return left, makers, limited end
    if limited == REASON.price_band then
      -- Only where it would trade if nothing bounded it is it the band that keeps it from that.
      local free_guard = guard and prevention.anew(guard)
      if matching.plan(shard, limits, book, side, price, lots, free_guard, true) == 0 and not (guard and free_guard.cut > 0) then
        return lots, nil, limited, STATUS.rejected, limited
      end
    end
    return lots, nil, false, STATUS.rejected, REASON.fok_not_fillable
  end,
})
