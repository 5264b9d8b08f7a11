-- Waits without trading; turned down where it would trade at once.
kinds.define(KIND.limit_post_only, {
  may_rest = true,
  plan = function(shard, limits, book, side, price, lots, guard)
    if not heads.would_match(shard, book, side, price) then return lots, nil, false end
    if guard then
      -- Orders that it may not trade with are in nobody's way but its own.
      local left, makers, limited = kinds.at_limit(shard, limits, book, side, price, lots, guard)
      if not makers and limited ~= REASON.price_band then return left, nil, limited end
    end
    return lots, nil, false, STATUS.rejected, REASON.post_only_would_match
  end,
})
